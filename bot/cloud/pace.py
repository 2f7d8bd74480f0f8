"""Never more calls in a second than the cloud allows."""

import threading
import time
from collections.abc import Callable

# The cloud counts 100 in any sliding second, per action and region;
# the rest is room for the network's jitter.
CALLS_A_SECOND = 92.0


class Pace:
    """Spaces calls evenly, per action and region, for all threads of this process."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        per_second: float = CALLS_A_SECOND,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._gap_s = 1 / per_second
        self._lock = threading.Lock()
        self._next_at: dict[tuple[str, str], float] = {}

    def wait(self, action: str, region: str) -> None:
        """Return when the call may be sent; callers are served in the order in which they came."""
        with self._lock:
            now = self._monotonic()
            slot = max(now, self._next_at.get((action, region), now))
            self._next_at[(action, region)] = slot + self._gap_s
        if slot > now:
            self._sleep(slot - now)

"""Never more calls in a second than the cloud allows, whatever the number of threads and replicas."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls may leave at once after a pause, and so many a second from then on.

    Together they are what the cloud allows in any sliding second, per action and region, less some room for
    late departures.
    """

    at_once: int
    a_second: float

    @property
    def gap_s(self) -> float:
        """Between two calls, in seconds."""
        return 1 / self.a_second


# In a second the cloud allows 100 deletions and 100 looks at tunnels, and 20 at routes. Deletions come by the
# thousand; looks come a few at a time, and somebody waits for them.
DELETES, LOOKS, ROUTES = Rate(2, 93.0), Rate(8, 85.0), Rate(4, 15.0)
_RATES = {
    "DeleteVpnConnection": DELETES,
    "DescribeVpnGatewayRoutes": ROUTES,
    "DescribeVpnGatewayCcnRoutes": ROUTES,
}
# Where calls queue up, so many slots are taken from the line at once: each time is a write to the database.
# Never those of more than TAKEN_FOR_S, for another replica may want them.
TAKEN_TOGETHER = 8
TAKEN_FOR_S = 0.1
TAKEN_FROM_AN_IDLE_LINE = 2
# A call that leaves much later than its slot would crowd the calls after it: it takes a new slot instead.
LATE_S = 0.03
PAUSE_S = 1.0


class Line(Protocol):
    """Where slots are taken: one line for everybody who shares the account."""

    def reserve(self, key: str, gap_s: float, spare_s: float) -> float:
        """Take the next free slot; returns in how many seconds it is, less than 0 for one of spare_s ago."""

    def pause(self, key: str, pause_s: float) -> None:
        """Let no slot begin for so many seconds."""


class Pace:
    """Holds each call until its slot."""

    def __init__(
        self,
        line: Line,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._line = line
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._slots: defaultdict[str, deque[float]] = defaultdict(deque)
        self._queueing: set[str] = set()

    def wait(self, action: str, region: str) -> None:
        """Return when the call may be sent."""
        late = True
        while late:
            slot = self._next_slot(action, f"{action} {region}")
            if (early_s := slot - self._monotonic()) > 0:
                self._sleep(early_s)
            late = self._monotonic() - slot > LATE_S

    def slow_down(self, action: str, region: str) -> None:
        """The cloud said that it was too much: everybody pauses."""
        with self._lock:
            self._slots.pop(f"{action} {region}", None)
        self._line.pause(f"{action} {region}", PAUSE_S)

    def _next_slot(self, action: str, key: str) -> float:
        """When the next call may leave, on the monotonic clock."""
        rate = _RATES.get(action, LOOKS)
        gap_s, spare_s = rate.gap_s, rate.at_once * rate.gap_s
        with self._lock:
            slots = self._slots[key]
            if not slots:
                most = TAKEN_TOGETHER if key in self._queueing else TAKEN_FROM_AN_IDLE_LINE
                count = max(1, min(most, round(TAKEN_FOR_S * rate.a_second)))
                first_in_s = self._line.reserve(key, count * gap_s, spare_s - gap_s)
                taken_at = self._monotonic()
                (self._queueing.add if first_in_s > 0 else self._queueing.discard)(key)
                slots.extend(taken_at + max(0.0, first_in_s + number * gap_s) for number in range(count))
            return slots.popleft()

"""Never more calls in a second than the cloud allows, whatever the number of threads and replicas."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Protocol

# The cloud counts 100 in any sliding second, per action and region; the rest is room for late departures.
CALLS_A_SECOND = 93.0
GAP_S = 1 / CALLS_A_SECOND
# Where calls queue up, so many slots are taken from the line at once: each time is a write to the database.
TAKEN_TOGETHER = 8
# On an idle line two may leave at once, as the last look before a deletion does; the third waits for both.
AT_ONCE = 2
# A call that leaves much later than its slot would crowd the calls after it: it takes a new slot instead.
LATE_S = 0.03
PAUSE_S = 1.0


class Line(Protocol):
    """Where slots are taken: one line for everybody who shares the account."""

    def reserve(self, key: str, gap_s: float) -> float:
        """Take the next free slot; returns in how many seconds it is."""

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
            slot = self._next_slot(f"{action} {region}")
            if (early_s := slot - self._monotonic()) > 0:
                self._sleep(early_s)
            late = self._monotonic() - slot > LATE_S

    def slow_down(self, action: str, region: str) -> None:
        """The cloud said that it was too much: everybody pauses."""
        with self._lock:
            self._slots.pop(f"{action} {region}", None)
        self._line.pause(f"{action} {region}", PAUSE_S)

    def _next_slot(self, key: str) -> float:
        """When the next call may leave, on the monotonic clock."""
        with self._lock:
            slots = self._slots[key]
            if not slots:
                count = TAKEN_TOGETHER if key in self._queueing else AT_ONCE
                first_in_s = self._line.reserve(key, count * GAP_S)
                taken_at = self._monotonic()
                (self._queueing.add if first_in_s else self._queueing.discard)(key)
                apart_s = GAP_S if first_in_s else 0.0
                slots.extend(taken_at + first_in_s + number * apart_s for number in range(count))
            return slots.popleft()

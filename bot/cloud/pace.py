"""Never more calls in a second than the cloud allows, whatever the number of threads and replicas."""

import time
from collections.abc import Callable
from typing import Protocol

# The cloud counts 100 in any sliding second, per action and region; the rest is room for late departures.
CALLS_A_SECOND = 93.0
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

    def wait(self, action: str, region: str) -> None:
        """Return when the call may be sent."""
        late = True
        while late:
            asked_at = self._monotonic()
            slot_in_s = self._line.reserve(f"{action} {region}", 1 / CALLS_A_SECOND)
            if slot_in_s:
                self._sleep(slot_in_s)
            late = self._monotonic() - asked_at - slot_in_s > LATE_S

    def slow_down(self, action: str, region: str) -> None:
        """The cloud said that it was too much: everybody pauses."""
        self._line.pause(f"{action} {region}", PAUSE_S)

"""Noticing that a clock was set, by the one that nobody sets."""

import logging
import math
import time
from collections.abc import Callable

SET_BY_S = 2.0
log = logging.getLogger(__name__)


class Watch:
    """Looks at each time that is told.

    set_ahead_at: the time right after the clock last leapt ahead. set_back: whether it was set back, or may
    have been while nobody looked; for whoever puts right what waits for a time that comes once more.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: tuple[float, float] | None = None
        self.set_ahead_at = -math.inf
        self.set_back = True

    def seen(self, now: float) -> float:
        """Give this time (epoch seconds) back, having compared it with the one before."""
        at = self._monotonic()
        then, then_at = self._last or (now, at)
        self._last = (now, at)
        leapt_s = (now - then) - (at - then_at)
        if abs(leapt_s) > SET_BY_S:
            log.warning("the clock was set by %+.0f s; what is due goes by it", leapt_s)
        if leapt_s > SET_BY_S:
            self.set_ahead_at = now
        if leapt_s < -SET_BY_S:
            self.set_back = True
        return now

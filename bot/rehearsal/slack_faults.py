"""What may go wrong with the local Slack's answers, queued per method; and its posting limit."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Self

from bot.rehearsal.gate import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong with one request."""

    word: str
    carried_out: bool = False
    status: int = 200
    error: str | None = None
    retry_after_s: int | None = None
    resets: bool = False
    delay_s: float = 0.0
    gate: Gate | None = None

    @classmethod
    def rate_limited(cls, retry_after_s: int = 1) -> Self:
        """HTTP 429 with Retry-After; not carried out."""
        return cls(word="429", status=429, error="ratelimited", retry_after_s=retry_after_s)

    @classmethod
    def reset_before(cls) -> Self:
        """Not carried out; the connection is reset (RST)."""
        return cls(word="reset before", resets=True)

    @classmethod
    def reset_after(cls) -> Self:
        """Carried out; then the connection is reset (RST) instead of an answer."""
        return cls(word="reset after", resets=True, carried_out=True)

    @classmethod
    def http(cls, status: int = 500) -> Self:
        """Not carried out; this HTTP status with a page that is not JSON."""
        return cls(word=f"HTTP {status}", status=status)

    @classmethod
    def slow(cls, delay_s: float) -> Self:
        """Carried out, after a pause of `delay_s`."""
        return cls(word=f"slow {delay_s} s", carried_out=True, delay_s=delay_s)

    @classmethod
    def refuse(cls, error: str) -> Self:
        """Not carried out; Slack answers this error code."""
        return cls(word=error, error=error)

    @classmethod
    def held(cls, gate: Gate, *, carried_out: bool) -> Self:
        """Waits at the gate: with its answer when carried out, otherwise with the whole request."""
        return cls(word="held", gate=gate, carried_out=carried_out)


class Faults:
    """The queues; safe from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._queued: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._gates: list[Gate] = []
        self._limit: tuple[float, float] | None = None
        self._spent: dict[str, tuple[float, float]] = {}

    def inject(self, method: str, *faults: Fault) -> None:
        """Queue faults for the next calls of a method."""
        with self._lock:
            self._queued[method].extend(faults)
            self._gates += [fault.gate for fault in faults if fault.gate]

    def take(self, method: str) -> Fault | None:
        """The fault that this call of the method meets, if any."""
        with self._lock:
            queue = self._queued[method]
            return queue.popleft() if queue else None

    def clear(self) -> None:
        """Forget what is queued, and open every gate."""
        with self._lock:
            self._queued.clear()
            gates, self._gates = self._gates, []
        for gate in gates:
            gate.release()

    def limit_posts(self, per_second: float, burst: float) -> None:
        """From now on a channel takes so many posts a second, and `burst` at once."""
        with self._lock:
            self._limit = (per_second, burst)
            self._spent.clear()

    def post(self, channel: str, now: Callable[[], float] = time.monotonic) -> Fault | None:
        """Count one post to the channel; the 429 that it meets if that is too many."""
        with self._lock:
            if self._limit is None:
                return None
            per_second, burst = self._limit
            at = now()
            level, since = self._spent.get(channel, (0.0, at))
            level = max(0.0, level - (at - since) * per_second)
            if level + 1 > burst:
                return Fault.rate_limited(math.ceil((level + 1 - burst) / per_second))
            self._spent[channel] = (level + 1, at)
            return None

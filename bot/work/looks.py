"""The last look around a card of several, shared by its tunnels, which are sent one after the other."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.domain.risk import Surroundings

# A look is taken anew after FRESH_S, beside what is being sent; after STALE_S, nothing is sent without it.
FRESH_S = 3.0
STALE_S = 5.0
MOST_CARDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What stood around tunnels, by their ids, and which were on their way out."""

    around: Mapping[str, Surroundings]
    leaving: frozenset[str]


@dataclass
class _Entry:
    """latest: a look, and when it ended; None before the first."""

    reading: threading.Lock = field(default_factory=threading.Lock)
    latest: tuple[Look, float] | None = None


class Looks:
    """The latest look at each card that is being sent. Safe from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def of(self, card_id: str, tunnel_id: str, read: Callable[[], Look]) -> Look:
        """A look at this card, with this tunnel in it, that ended five seconds ago at most.

        One thread at a time reads; the others go by the look before, while that is good enough.
        """
        entry = self._entry(card_id)
        while True:
            latest = entry.latest
            age_s = self._monotonic() - latest[1] if latest and tunnel_id in latest[0].around else STALE_S
            if latest and age_s < FRESH_S:
                return latest[0]
            if entry.reading.acquire(blocking=age_s >= STALE_S):
                try:
                    if entry.latest is latest:  # nobody has read it meanwhile
                        look = read()
                        entry.latest = (look, self._monotonic())
                        return look
                finally:
                    entry.reading.release()
            elif latest:
                return latest[0]

    def _entry(self, card_id: str) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(card_id, _Entry())
            self._entries.move_to_end(card_id)
            while len(self._entries) > MOST_CARDS:
                self._entries.popitem(last=False)
            return entry

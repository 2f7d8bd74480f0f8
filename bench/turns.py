"""Ours and its peer, one after the other, so that both meet the same noise."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turns(Generic[T]):
    """What each round found."""

    ours: tuple[T, ...]
    peer: tuple[T, ...]

    def medians(self, figure: Callable[[T], float]) -> tuple[float, float]:
        """The median of one figure over the rounds: ours, the peer's."""
        return statistics.median(map(figure, self.ours)), statistics.median(map(figure, self.peer))


def in_turns(ours: Callable[[], T], peer: Callable[[], T], rounds: int) -> Turns[T]:
    """Run both `rounds` times, alternating."""
    found = [(ours(), peer()) for _ in range(rounds)]
    return Turns(tuple(pair[0] for pair in found), tuple(pair[1] for pair in found))

"""What several replicas do to all of a card's deletions at once, on PostgreSQL: nobody blocks anybody."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import pytest

from bot.domain.model import Decision, State, Tunnel
from bot.errors import LeaseLost
from bot.ledger.database import Database
from tests.ledger.opened import ALLOWED, BEN, CHEN, RETRY_S, TUNNEL, Clock, Replica

SIZE = 300
ROUNDS = 5
TOGETHER_WITHIN_S = 10.0


@pytest.fixture
def replicas(postgres_url: str) -> Iterator[tuple[Replica, Replica]]:
    """Two processes' hands on one ledger."""
    with ExitStack() as stack:

        def opened(owner: str) -> Replica:
            database = Database(postgres_url, clock=time.time)
            stack.callback(database.close)
            return Replica.over(database, Clock(), owner)

        yield opened("first"), opened("second")


def tunnels(of_round: int) -> list[Tunnel]:
    return [replace(TUNNEL, tunnel_id=f"vpnx-{of_round * SIZE + number:08}") for number in range(SIZE)]


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each of them returned, or the exception that it raised."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        together.wait(TOGETHER_WITHIN_S)
        try:
            return call()
        except Exception as error:  # noqa: BLE001  # which one it was is what the tests look at
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_stop_while_a_large_card_is_cleared_stops_all_of_it(replicas: tuple[Replica, Replica]) -> None:
    """Whichever comes first: nothing is left to be sent, and whoever pressed isn't told of a database."""
    first, second = replicas
    for of_round in range(ROUNDS):
        card_id = first.show(*tunnels(of_round))
        assert first.decide(card_id).won
        held = first.take(State.CONFIRMED)
        clear, stop = partial(first.cards.clear, held), partial(second.ledger.stop, card_id, by=BEN)
        cleared, stopped = at_once(clear, stop)
        assert cleared is None or isinstance(cleared, LeaseLost)
        assert not isinstance(stopped, Exception)
        batch = first.ledger.batch(card_id, first=0)
        assert batch is not None
        assert batch.counts == {State.CANCELLED: SIZE}


def test_two_cards_of_the_same_tunnels_confirmed_at_once_have_one_winner(
    replicas: tuple[Replica, Replica],
) -> None:
    """Listed in opposite orders; the other click is told who was first."""
    first, second = replicas
    for of_round in range(ROUNDS):
        same = tunnels(of_round)
        cards = (first.show(*same), second.show(*reversed(same)))

        def confirm(replica: Replica, card_id: str, by: str) -> Callable[[], object]:
            return lambda: replica.ledger.decide(
                card_id, Decision.CONFIRM, by=by, rule=lambda _: ALLOWED, retry_for_s=RETRY_S
            )

        results = at_once(confirm(first, cards[0], BEN), confirm(second, cards[1], CHEN))
        won = [getattr(result, "won", result) for result in results]
        assert sorted(map(str, won)) == ["False", "True"]
        loser = results[won.index(False)]
        assert getattr(loser, "blocked_by", None) is not None

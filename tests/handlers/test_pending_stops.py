"""Presses on Stop that the ledger could not take: what becomes of them, without a bot around."""

import threading
from collections.abc import Callable, Iterator, Mapping
from queue import Queue
from typing import Any

import pytest

from bot.chat import notes
from bot.chat.blocks import Body
from bot.errors import LedgerUnavailable, LedgerUnclear
from handlers.pending_stops import PendingStops

WITHIN_S = 5.0
Told = Queue[tuple[str, str]]
Make = Callable[..., tuple[PendingStops, Told]]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes some that try often, and a queue of what is told: by which response_url, and what."""
    made: list[PendingStops] = []

    def some(**options: Any) -> tuple[PendingStops, Told]:
        told: Told = Queue()

        def tell(url: str, body: Mapping[str, Any]) -> None:
            told.put((url, body["text"]))

        made.append(PendingStops(tell, **{"try_every_s": 0.01, **options}))
        return made[-1], told

    yield some
    for one in made:
        one.stop()


def away() -> Body | None:
    raise LedgerUnavailable("away")


def test_it_is_written_once_the_ledger_answers_and_only_once(make: Make) -> None:
    """After failures of both kinds; the presser is told what it came to, and a later one works too."""
    stops, told = make()
    answers: list[Exception | None] = [LedgerUnavailable("away"), LedgerUnclear("lost"), None]

    def write() -> Body | None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer
        return notes.private("Stopped")

    assert stops.keep("d1", "U1", response_url="u1", write=write)
    assert told.get(timeout=WITHIN_S) == ("u1", "Stopped")
    assert answers == []
    answers.append(None)
    assert stops.keep("d1", "U1", response_url="u2", write=write)
    assert told.get(timeout=WITHIN_S) == ("u2", "Stopped")
    assert told.empty()


def test_what_was_given_up_is_told(make: Make) -> None:
    """After the time for it, and when the bot is stopped: look at the card, press again."""
    stops, told = make(keep_trying_s=0.05)
    assert stops.keep("d1", "U1", response_url="u1", write=away)
    url, sentence = told.get(timeout=WITHIN_S)
    assert url == "u1"
    assert "gave up on your Stop: its ledger can't be used. Look at the card." in sentence
    stops, told = make()
    assert stops.keep("d1", "U1", response_url="u1", write=away)
    stops.stop()
    assert "gave up on your Stop: vpn-bot is being stopped" in told.get(timeout=WITHIN_S)[1]
    assert not stops.keep("d2", "U1", response_url="u1", write=away)


def test_a_fault_in_one_leaves_the_others(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and its presser told."""
    stops, told = make()
    both = threading.Event()

    def broken() -> Body | None:
        if not both.wait(WITHIN_S):
            raise TimeoutError
        raise RuntimeError("ours")

    assert stops.keep("d1", "U1", response_url="u1", write=broken)
    assert stops.keep("d2", "U1", response_url="u2", write=lambda: notes.private("Stopped"))
    both.set()
    said = dict(told.get(timeout=WITHIN_S) for _ in range(2))
    assert "a mistake of its own" in said["u1"]
    assert said["u2"] == "Stopped"
    assert "a stop broke deletion=d1 user=U1" in caplog.text


def test_there_are_never_many(make: Make) -> None:
    """A press beyond the most is not kept; the same person pressing again on the same card adds none."""
    stops, told = make(most=2)
    assert stops.keep("d1", "U1", response_url="u1", write=away)
    assert stops.keep("d1", "U2", response_url="u2", write=away)
    assert not stops.keep("d1", "U3", response_url="u3", write=away)
    assert stops.keep("d1", "U2", response_url="u4", write=lambda: notes.private("Stopped"))
    assert told.get(timeout=WITHIN_S) == ("u4", "Stopped")

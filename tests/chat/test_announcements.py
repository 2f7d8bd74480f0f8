"""What is said of a card outside of its thread: to its requester alone, and in the announcement channel."""

from dataclasses import replace

import pytest

from bot.chat.announcements import announcement, elsewhere
from bot.chat.blocks import Body
from bot.chat.status import in_words
from bot.domain.explain import CodeKind, OwnCode
from bot.domain.model import State
from bot.domain.slack_codes import SLACK_CODES, Course
from bot.rehearsal.limits import objects
from tests.chat.hostile import batch_of
from tests.chat.test_cards import CONFIRMED

GONE = replace(CONFIRMED, state=State.GONE)
VOID = replace(CONFIRMED, state=State.VOID, code=OwnCode.CHANGED, code_kind=CodeKind.OWN)
REFUSED = replace(CONFIRMED, state=State.REFUSED, code="UnauthorizedOperation")


def words(body: Body) -> str:
    """All text of the blocks, with each channel as a #."""
    found = objects(body["blocks"])
    return "".join("#" if one.get("type") == "channel" else str(one.get("text", "")) for one in found)


@pytest.mark.parametrize("code", SLACK_CODES)
def test_an_outcome_that_is_told_elsewhere_asks_nobody_to_ask_again(code: str) -> None:
    """What was to be deleted is gone; only the channel is to be mended, where somebody can."""
    said = words(elsewhere(batch_of(GONE), code))
    assert "ask again" not in said.lower()
    mendable = SLACK_CODES[code].course is Course.MEND
    assert ("nothing more to do" in said) is mendable
    assert (SLACK_CODES[code].mend in said) is mendable


def test_of_what_is_not_gone_nobody_reads_that_there_is_nothing_more_to_do() -> None:
    """A refused or unknown deletion may need somebody."""
    said = words(elsewhere(batch_of(GONE, REFUSED), "is_archived"))
    assert "Unarchive the channel." in said
    assert "nothing more to do" not in said


def test_each_tunnel_of_a_batch_is_told_in_words() -> None:
    """As everywhere else, and not as the ledger's states."""
    said = words(elsewhere(replace(batch_of(GONE, VOID, REFUSED), rows=(VOID, REFUSED)), "is_archived"))
    assert in_words(VOID) in said
    assert in_words(REFUSED) in said
    for raw in ("  void", "  refused"):
        assert raw not in said


def test_the_place_of_the_thread_and_that_it_takes_nothing_are_one_sentence() -> None:
    """Nobody is sent to a thread that can't be told anything."""
    said = words(elsewhere(batch_of(GONE), "is_archived"))
    assert "The thread is in" not in said
    assert said.count("#") == 1
    announced = words(announcement(batch_of(GONE), None, "is_archived"))
    assert "The thread is in" not in announced
    assert "Its thread in # can't be told: The channel is archived." in announced
    assert "The thread is in #" in words(announcement(batch_of(GONE), None))

"""What is said in the thread, for whatever the cloud said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import replies
from bot.chat.blocks import Body
from bot.domain.explain import explain
from bot.domain.model import Deletion
from bot.rehearsal.limits import objects
from tests.chat.hostile import assert_fit, codes, deletions, durations, foreign
from tests.chat.test_cards import CONFIRMED, T0


def shown(body: Body) -> str:
    """All words of the reply, one after the other."""
    return "".join(found["text"] for found in objects(body["blocks"]) if isinstance(found.get("text"), str))


@given(
    deletion=deletions,
    code=codes,
    words=foreign,
    number=st.none() | foreign,
    state=st.none() | foreign,
    until=st.floats(0, 4_000_000_000),
    waited_s=durations,
)
def test_any_reply_is_one_that_slack_takes_and_that_pings_nobody(
    deletion: Deletion,
    code: str,
    words: str,
    number: str | None,
    state: str | None,
    until: float,
    waited_s: float,
) -> None:
    """Hostile codes, messages, RequestIds and states: shown as they are, never read as mark-up."""
    for body in (
        replies.waiting(deletion, code, until),
        replies.accepted(deletion, words),
        replies.seen_deleting(deletion),
        replies.sending_again(deletion, code, words),
        replies.gone(deletion, waited_s),
        replies.refused(deletion, code, words, number),
        replies.still_there(deletion, state, waited_s),
        replies.gave_up(deletion, code, state),
    ):
        assert_fit(body, deletion)
        assert deletion.tunnel_id in body["text"]


def test_a_refusal_shows_the_explanation_and_the_clouds_own_words() -> None:
    """Title, meaning, what to do, code, RequestId, message: enough to act on without looking anything up."""
    code, said = "UnauthorizedOperation", "you are not authorized <!channel>"
    body = replies.refused(CONFIRMED, code, said, "r-1")
    reason = explain(code)
    for part in (reason.title, reason.meaning, reason.next_step, code, "r-1", said):
        assert part in shown(body)
    assert body["text"] == f"vpnx-p0j11j28 was not deleted: {reason.title} ({code})."


@pytest.mark.parametrize("message", ["", "  ", "\n"])
def test_a_refusal_without_a_message_quotes_nothing(message: str) -> None:
    """No empty quote stands in the thread."""
    assert len(replies.refused(CONFIRMED, "ResourceInUse", message, None)["blocks"]) == 1


def test_waiting_says_why_until_when_and_that_nobody_need_act() -> None:
    """At 3 am the question is: must I do anything?"""
    body = replies.waiting(CONFIRMED, "ResourceInUse", T0)
    assert explain("ResourceInUse").title in body["text"]
    assert body["text"].endswith("Trying again until 22:13:20 UTC.")
    assert "You need not do anything." in shown(body)
    assert [found["timestamp"] for found in objects(body["blocks"]) if found.get("type") == "date"] == [T0]


def test_accepted_is_never_called_gone() -> None:
    """A RequestId means accepted; the reply says so in both its forms."""
    body = replies.accepted(CONFIRMED, "r-1")
    assert "r-1" in body["text"]
    assert "r-1" in shown(body)
    assert "isn't gone" in body["text"]
    assert "Accepted isn't gone" in shown(body)


@pytest.mark.parametrize(
    ("after_s", "sentence"),
    [(41.2, "vpnx-p0j11j28 is gone after 41 s."), (None, "vpnx-p0j11j28 is gone.")],
    ids=["timed", "not timed"],
)
def test_gone_says_after_how_long_where_that_is_known(after_s: float | None, sentence: str) -> None:
    """No made-up duration."""
    assert replies.gone(CONFIRMED, after_s)["text"] == sentence


@pytest.mark.parametrize(
    ("state", "seen"), [("DELETING", "DELETING"), (None, "not known"), ("", "not known")]
)
def test_still_there_names_the_state_and_the_time_waited(state: str | None, seen: str) -> None:
    """Never a bare time-out."""
    body = replies.still_there(CONFIRMED, state, 300)
    assert body["text"] == f"vpnx-p0j11j28 is still there after 300 s: state {seen}."


@pytest.mark.parametrize(
    ("state", "seen"),
    [("AVAILABLE", "last seen in state AVAILABLE"), (None, "and looking at it failed too")],
)
def test_giving_up_claims_neither_deleted_nor_not_deleted(state: str | None, seen: str) -> None:
    """What isn't known is said to be unknown, with what was last seen."""
    body = replies.gave_up(CONFIRMED, "NoClearAnswer", state)
    assert body["text"] == f"It isn't known whether vpnx-p0j11j28 was deleted; {seen}."
    assert "look at the tunnel in the console" in shown(body)

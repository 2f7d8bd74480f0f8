"""What is said in the thread, for whatever the cloud said."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import batch_thread as batch_replies
from bot.chat import looks, replies
from bot.chat.blocks import Body
from bot.domain.explain import explain, explain_look
from bot.domain.model import Batch, Deletion, State, Unreadable
from bot.rehearsal.limits import objects
from tests.chat.hostile import assert_fit, batch_of, batches, codes, deletions, durations, foreign
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
    look = Unreadable(why="", code=code, said=words, request_id=number)
    for body in (
        replies.waiting(deletion, code, until, words, look=True),
        replies.accepted(deletion, words),
        replies.seen_deleting(deletion),
        replies.sending_again(deletion, code, words),
        replies.gone(deletion, waited_s),
        replies.refused(deletion, code, words, number),
        looks.still_there(deletion, state or "", until, waited_s),
        looks.not_seen(deletion, look),
        looks.gave_up(deletion, code, None if state is None else (state, until), look),
        replies.set_aside(deletion),
    ):
        assert_fit(body, deletion)
        assert deletion.tunnel_id in body["text"]


@settings(max_examples=40)
@given(batch=batches, page=st.integers(0, 30))
def test_any_batchs_replies_are_ones_that_slack_takes(batch: Batch, page: int) -> None:
    """Progress, list and summary of up to 900 tunnels with hostile names, codes and RequestIds."""
    for body in (
        batch_replies.progress(batch),
        batch_replies.listing(batch, page),
        batch_replies.summary(batch, page),
    ):
        assert_fit(body, batch.lead)


def test_progress_shows_what_is_gone_and_counts_what_is_only_accepted_apart() -> None:
    """The bar is of what is gone; how long the rest takes nobody knows, so nothing is said of it."""
    states = (State.GONE, State.REFUSED, State.VERIFYING, State.DELETING)
    body = batch_replies.progress(batch_of(*(replace(CONFIRMED, state=state) for state in states)))
    assert body["text"] == "Of 4: 1 gone, 1 accepted, not gone yet, 1 not deleted, 1 still to do."
    assert "█████░░░░░░░░░░░░░░░  1 of 4 gone" in shown(body)
    assert "About" not in shown(body)


def test_where_nothing_was_deleted_there_is_no_bar() -> None:
    """A full one looked like success, and an empty one as if something were still to come."""
    body = batch_replies.progress(batch_of(*[replace(CONFIRMED, state=State.VOID)] * 3))
    assert shown(body) == "0 gone, 3 not deleted."
    still = batch_replies.progress(batch_of(*[replace(CONFIRMED, state=State.DELETING)] * 3))
    assert shown(still).startswith("░" * 20 + "  0 of 3 gone")


def test_the_summary_lists_every_tunnel_that_is_not_gone_with_its_code_and_request_id() -> None:
    """What failed is there to act on; what is gone is only counted."""
    failed = replace(CONFIRMED, state=State.REFUSED, code="UnauthorizedOperation", request_id="r-1")
    stopped = replace(CONFIRMED, state=State.CANCELLED, code="Stopped", tunnel_id="vpnx-stopped0")
    gone = replace(CONFIRMED, state=State.GONE)
    body = batch_replies.summary(replace(batch_of(failed, stopped, gone), rows=(failed, stopped)), 0)
    assert body["text"].startswith("1 of 3 VPN tunnels are gone.")
    cells = [[cell["text"] for cell in row] for row in body["blocks"][1]["rows"]][1:]
    assert cells == [
        [
            "vpnx-p0j11j28",
            "not deleted: a CAM policy does not allow this",
            "UnauthorizedOperation",
            "r-1",
        ],
        ["vpnx-stopped0", "stopped: left alone", "Stopped", "none"],
    ]


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


@pytest.mark.parametrize(("state", "seen"), [("DELETING", "DELETING"), ("", "not shown")])
def test_still_there_names_the_state_the_time_of_that_look_and_the_time_waited(state: str, seen: str) -> None:
    """Never a bare time-out."""
    body = looks.still_there(CONFIRMED, state, T0, 300)
    assert body["text"] == (f"vpnx-p0j11j28 is still there after 300 s: state {seen}, seen at 22:13:20 UTC.")


TOKEN = Unreadable(why="", code="AuthFailure.TokenFailure", said="<!channel> expired", request_id="r-look")
SENT = replace(CONFIRMED, state=State.VERIFYING, sent_at=T0, request_id="r-sent")


@pytest.mark.parametrize(
    ("deletion", "since", "before"),
    [
        (replace(SENT, last_seen="DELETING", last_seen_at=T0 + 60), "22:14:20 UTC", "in state DELETING"),
        (SENT, "22:13:20 UTC", "No look succeeded after the deletion was sent."),
    ],
    ids=["seen before", "never seen"],
)
def test_what_could_not_be_looked_at_is_not_known_to_be_there_or_gone(
    deletion: Deletion, since: str, before: str
) -> None:
    """Since when, why, what to do, what was seen last, and the RequestIds of both calls."""
    body = looks.not_seen(deletion, TOKEN)
    reason = explain_look(TOKEN.code)
    assert body["text"] == (
        "It isn't known whether vpnx-p0j11j28 is gone: it could not be looked at since "
        f"{since}: {reason.title} (AuthFailure.TokenFailure)."
    )
    for part in (reason.meaning, reason.next_step, before, TOKEN.code, "r-sent", "r-look", TOKEN.said):
        assert part in shown(body)
    assert "still there" not in shown(body)


@pytest.mark.parametrize(
    ("seen", "look", "ending"),
    [
        (("AVAILABLE", T0), None, "; last seen in state AVAILABLE at 22:13:20 UTC."),
        (None, TOKEN, "; looking at it failed: The bot's temporary credentials have run out."),
        (
            ("AVAILABLE", T0),
            TOKEN,
            (
                "; last seen in state AVAILABLE at 22:13:20 UTC; looking at it failed: The bot's temporary "
                "credentials have run out."
            ),
        ),
    ],
    ids=["seen", "never seen", "seen before"],
)
def test_giving_up_claims_neither_deleted_nor_not_deleted(
    seen: tuple[str, float] | None, look: Unreadable | None, ending: str
) -> None:
    """What isn't known is said to be unknown, with what was last seen, and why a look failed."""
    body = looks.gave_up(SENT, "NoClearAnswer", seen, look)
    assert body["text"] == f"It isn't known whether vpnx-p0j11j28 was deleted{ending}"
    assert "r-sent" in shown(body)
    assert ("r-look" in shown(body)) is (look is not None)
    assert "look at the tunnel in the console" in shown(body)

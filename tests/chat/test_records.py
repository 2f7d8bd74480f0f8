"""The history's table, the freezes and the announcements: within Slack's limits, safe, and true."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.announcements import announcement
from bot.chat.cards import card
from bot.chat.dialogs import not_it, nothing_done, typed_confirmation
from bot.chat.notes import private
from bot.chat.records import ROWS, freezes, frozen, history, placed, unfrozen
from bot.domain.explain import explain
from bot.domain.model import Batch, Deletion, Freeze, Proposal, State, Tier
from bot.rehearsal.limits import check_message, check_view, objects, pings_everyone
from tests.chat.hostile import batch_of, batches, deletions, foreign
from tests.chat.test_cards import CONFIRMED, PENDING
from tests.rules import ONE_CLICK

T0 = 1_700_000_000.0
FREEZE = Freeze(
    freeze_id="f1", scope="vpngw-7lcl5331", until=T0 + 60, reason="", by="U0ANA000001", channel_id="C0", at=T0
)
LINK = "https://northwind.slack.com/archives/C0NETOPS001/p1"


def fits(body: dict[str, object]) -> None:
    """Slack takes it, and nobody is pinged."""
    check_message(str(body["text"]), body.get("blocks"))
    assert not pings_everyone(str(body["text"]), body.get("blocks"))


def texts(body: dict[str, Any]) -> list[str]:
    """Every text of its blocks."""
    return [found["text"] for found in objects(body["blocks"]) if isinstance(found.get("text"), str)]


@settings(max_examples=40)
@given(rows=st.lists(deletions, max_size=3), times=st.sampled_from([1, 10]))
def test_any_history_is_a_table_that_slack_takes(rows: list[Deletion], times: int) -> None:
    """Hostile names, any state, none, or more than are shown."""
    body = history(rows * times)
    fits(body)
    table = [block for block in body.get("blocks", []) if block["type"] == "table"]
    assert [len(one["rows"]) for one in table] == ([1 + min(len(rows * times), ROWS)] if rows else [])


def test_the_history_says_who_what_and_how_it_ended() -> None:
    """Break-glass is marked."""
    gone = replace(CONFIRMED, state=State.GONE, request_id="r-1", break_glass="INC-42")
    words = repr(history([gone]))
    for part in ("vpnx-p0j11j28", "BREAK-GLASS INC-42: gone", "U0ANA000001", "U0BEN000001", "r-1"):
        assert part in words


@given(reason=foreign, count=st.integers(0, 30))
def test_freezes_are_listed_with_their_reasons_and_ping_nobody(reason: str, count: int) -> None:
    """Placed, listed, lifted, on a card."""
    freeze = replace(FREEZE, reason=reason)
    cards = [
        card(replace(batch, freeze=freeze), ONE_CLICK)
        for batch in (batch_of(PENDING), batch_of(PENDING, PENDING))
    ]
    for body in (
        freezes([freeze] * count),
        frozen(freeze),
        unfrozen([freeze], "U0BEN000001", [freeze] * count),
        placed(freeze, is_known=False),
        *cards,
    ):
        fits(body)
    assert all("this can't be confirmed" in repr(body) for body in cards)
    assert repr(freezes([freeze] * count)).count("vpngw-7lcl5331") == min(count, ROWS)


@settings(max_examples=60)
@given(batch=deletions.map(batch_of) | batches, link=st.none() | st.just(LINK))
def test_any_announcement_is_one_that_slack_takes_and_that_pings_nobody(
    batch: Batch, link: str | None
) -> None:
    """In whatever state the card is."""
    body = announcement(batch, link)
    fits(body)
    links = [found["url"] for found in objects(body["blocks"]) if found.get("type") == "link"]
    assert links == ([link] if link else [])


@pytest.mark.parametrize(
    ("deletion", "said"),
    [
        (PENDING, "asked, waiting for a decision"),
        (CONFIRMED, "confirmed"),
        (replace(CONFIRMED, state=State.VERIFYING), "being deleted, not gone yet"),
        (replace(CONFIRMED, state=State.VERIFYING, request_id="r-1"), "accepted, not gone yet"),
        (replace(CONFIRMED, state=State.GONE), "gone"),
        (replace(CONFIRMED, state=State.CANCELLED), "cancelled"),
        (replace(CONFIRMED, state=State.CANCELLED, code="Stopped"), "stopped before it was accepted"),
        (replace(PENDING, state=State.VOID), "not carried out: the card could not be posted"),
    ],
)
def test_an_announcement_says_how_it_stands(deletion: Deletion, said: str) -> None:
    """Accepted is never called gone."""
    assert f": {said}." in announcement(batch_of(deletion), None)["text"]


@pytest.mark.parametrize(
    ("deletion", "verb"),
    [
        (CONFIRMED, "Confirmed by "),
        (replace(CONFIRMED, state=State.GONE), "Confirmed by "),
        (replace(CONFIRMED, state=State.CANCELLED), "Cancelled by "),
        (replace(CONFIRMED, state=State.CANCELLED, code="Stopped"), "Confirmed by "),
        (PENDING, None),
    ],
    ids=["confirmed", "gone", "cancelled", "stopped after a confirm", "nobody has decided"],
)
def test_an_announcement_says_what_its_decider_did(deletion: Deletion, verb: str | None) -> None:
    """Nobody is said to have confirmed what they cancelled."""
    words = texts(announcement(batch_of(deletion), None))
    assert [word for word in words if word.endswith(" by ")] == ([verb] if verb else [])


def test_an_announcement_says_why_a_deletion_ended_so() -> None:
    """In words and with the code; while it is under way, the thread tells what it waits for."""
    code = "UnauthorizedOperation"
    why = f"{explain(code).title}.  "
    refused = announcement(batch_of(replace(CONFIRMED, state=State.REFUSED, code=code)), None)
    assert [word for word in texts(refused) if word in (why, code)] == [why, code]
    under_way = announcement(batch_of(replace(CONFIRMED, state=State.DELETING, code=code)), None)
    assert code not in texts(under_way)


@given(lead=deletions, gateways=st.lists(st.sampled_from(["vpngw-7lcl5331", "vpngw-ccn0q2w8"]), unique=True))
def test_any_dialog_is_one_that_slack_takes(lead: Deletion, gateways: list[str]) -> None:
    """Its field and its private word are the fixed ones."""
    view = typed_confirmation(Proposal(lead=lead, gateway_ids=tuple(gateways), freeze=None))
    check_view(view)
    (field,) = (block for block in view["blocks"] if block["type"] == "input")
    assert (field["block_id"], field["element"]["action_id"]) == ("tunnel_id", "value")
    assert (view["callback_id"], view["private_metadata"]) == ("typed_confirmation", lead.card_id)


def test_the_dialog_says_what_is_at_stake() -> None:
    """Not only the card does."""
    proposal = Proposal(lead=replace(PENDING, tier=Tier.HIGH), gateway_ids=("vpngw-7lcl5331",), freeze=None)
    words = repr(typed_confirmation(proposal))
    for part in (
        "This deletes vpnx-p0j11j28.",
        "The undo kit makes a new one",
        "guangzhou-to-hq",
        "moving to CCN",
        "High risk",
    ):
        assert part in words
    check_view(nothing_done(private("Too late.")["text"]))
    assert "vpnx-p0j11j28" in not_it("vpnx-p0j11j28")

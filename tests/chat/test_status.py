"""How it ended, in words: the same on the card, in the announcement and in the history, and true."""

from dataclasses import replace

import pytest

from bot.chat.announcements import announcement
from bot.chat.batches import card as batch_card
from bot.chat.cards import card
from bot.chat.records import history
from bot.chat.status import in_words, tally
from bot.domain.explain import CLOUD_CODES, OwnCode
from bot.domain.model import Deletion, Freeze, State, Tunnel
from bot.rehearsal.limits import objects
from tests.chat.hostile import batch_of
from tests.chat.test_cards import CONFIRMED, PENDING, TUNNEL, shown
from tests.rules import CAREFUL, ONE_CLICK

VOID = replace(CONFIRMED, state=State.VOID)
UNPOSTED = replace(PENDING, state=State.VOID)
ENDS: dict[str, tuple[Deletion, str]] = {
    "somebody else deleted it": (
        replace(VOID, code=OwnCode.ALREADY_GONE),
        "Not deleted by vpn-bot: vpnx-p0j11j28 no longer exists",
    ),
    "the cloud no longer finds it": (
        replace(CONFIRMED, state=State.REFUSED, code="ResourceNotFound"),
        "Not deleted by vpn-bot: the cloud no longer finds vpnx-p0j11j28",
    ),
    "changed": (
        replace(VOID, code=OwnCode.CHANGED),
        "vpnx-p0j11j28 was not deleted by vpn-bot: something changed since the card was made",
    ),
    "one change": (
        replace(VOID, code=OwnCode.CHANGED, message="it was renamed"),
        "vpnx-p0j11j28 was not deleted by vpn-bot: it was renamed",
    ),
    "many changes": (
        replace(VOID, code=OwnCode.CHANGED, message="it came up; it was renamed; its tags changed"),
        "vpnx-p0j11j28 was not deleted by vpn-bot: it came up; it was renamed; …",
    ),
    "somebody else is deleting it": (
        replace(VOID, code=OwnCode.BEING_DELETED),
        "Not deleted by vpn-bot: somebody else is deleting vpnx-p0j11j28 (DELETING)",
    ),
    "frozen": (
        replace(VOID, code=OwnCode.FROZEN),
        "vpnx-p0j11j28 was not deleted: deletions were frozen after Confirm",
    ),
    "no kit": (
        replace(VOID, code=OwnCode.NO_KIT),
        "vpnx-p0j11j28 was not deleted: the undo kit is not in the thread",
    ),
    "too late": (
        replace(VOID, code=OwnCode.TOO_LATE),
        "vpnx-p0j11j28 was not deleted: the time for sending it had passed",
    ),
    "the card was deleted in the abort window": (
        replace(VOID, code=OwnCode.CARD_GONE),
        "vpnx-p0j11j28 was not deleted: its card is gone, so nobody could press Stop",
    ),
    "a fault of ours": (
        replace(VOID, code=OwnCode.SET_ASIDE),
        "vpnx-p0j11j28 was not deleted: vpn-bot failed again and again",
    ),
    "the last look failed": (
        replace(VOID, code="AuthFailure.TokenFailure"),
        "vpnx-p0j11j28 was not deleted: the last look before sending failed",
    ),
    "no kit, nobody had decided": (
        replace(UNPOSTED, code=OwnCode.NO_KIT),
        "vpnx-p0j11j28 was not deleted: the undo kit could not be posted",
    ),
    "a card that stands there after all": (
        replace(UNPOSTED, code="not_in_channel"),
        "vpnx-p0j11j28 was not deleted: vpn-bot was not sure that this card is here",
    ),
    "a fault of ours, nobody had decided": (
        replace(UNPOSTED, code=OwnCode.SET_ASIDE),
        "vpnx-p0j11j28 was not deleted: vpn-bot failed again and again",
    ),
    "the card could not be changed": (
        replace(VOID, code="is_archived"),
        "vpnx-p0j11j28 was not deleted: the channel is archived, so Stop could not be offered",
    ),
    "never found": (
        replace(PENDING, state=State.REFUSED, code="ResourceNotFound"),
        "vpnx-p0j11j28 was not deleted: there is no such tunnel",
    ),
    "refused": (
        replace(CONFIRMED, state=State.REFUSED, code="UnauthorizedOperation"),
        "vpnx-p0j11j28 was not deleted: a CAM policy does not allow this",
    ),
}


def headline(deletion: Deletion, *more: Deletion) -> str:
    return str(card(batch_of(deletion, *more), ONE_CLICK)["blocks"][0]["text"]["text"])


@pytest.mark.parametrize(("deletion", "expected"), ENDS.values(), ids=ENDS)
def test_the_headline_says_what_happened(deletion: Deletion, expected: str) -> None:
    """In words, and not that something is void."""
    assert headline(deletion) == expected


@pytest.mark.parametrize("decided", [True, False], ids=["confirmed", "nobody decided"])
@pytest.mark.parametrize("state", [State.VOID, State.REFUSED, State.UNKNOWN])
@pytest.mark.parametrize("code", [*OwnCode, *CLOUD_CODES, "is_archived", "own_fault", "Some.NewCode"])
def test_any_code_makes_a_whole_sentence_everywhere(code: str, state: State, decided: bool) -> None:
    """None is cut, bare, or called void; one and the same reason stands in all places."""
    deletion = replace(CONFIRMED if decided else PENDING, state=state, code=code)
    words = in_words(deletion)
    said = [
        headline(deletion),
        headline(deletion, deletion),
        announcement(batch_of(deletion), None)["text"],
        announcement(batch_of(deletion, deletion), None)["text"],
    ]
    for sentence in said:
        assert "…" not in sentence
        assert "Void" not in sentence
        assert code not in sentence.split()
    reason = words.partition(": ")[2]
    assert words in repr(history([deletion])).replace("\\'", "'")
    if state is not State.UNKNOWN and "by vpn-bot" not in words:
        # A card that shows this stands there after all.
        assert reason in said[0] or reason.startswith("the card could not be posted")
        assert reason in said[2]


@pytest.mark.parametrize("end", ["one change", "many changes", "somebody else is deleting it"])
def test_the_announcement_says_what_changed(end: str) -> None:
    """In the words of the card's headline; of somebody who deletes it, it names the tunnel before."""
    deletion, said = ENDS[end]
    words = said.partition(": ")[2].replace("deleting vpnx-p0j11j28", "deleting it")
    assert f"vpnx-p0j11j28: not carried out: {words}" in announcement(batch_of(deletion), None)["text"]


def test_a_card_of_which_some_no_longer_exist_is_void_because_of_a_change() -> None:
    """Whichever of them comes first; only where none exists any more is that the reason."""
    gone, changed = replace(VOID, code=OwnCode.ALREADY_GONE), replace(VOID, code=OwnCode.CHANGED)
    for rows in ((gone, changed), (changed, gone)):
        body = batch_card(batch_of(*rows), ONE_CLICK)
        assert "2 VPN tunnels were not deleted by vpn-bot: something changed" in body["text"]
        assert [one["action_id"] for one in objects(body["blocks"]) if "action_id" in one] == ["fresh_card"]
    none = batch_card(batch_of(gone, gone), ONE_CLICK)
    assert "2 VPN tunnels were not deleted by vpn-bot: the tunnels no longer exist" in none["text"]
    assert not [one for one in objects(none["blocks"]) if "action_id" in one]


def test_a_tally_names_only_what_there_is_some_of() -> None:
    """“0 left” beside “left alone” said nothing."""
    ends = (State.GONE, State.VOID, State.REFUSED, State.CANCELLED, State.UNKNOWN)
    states = (*ends, State.VERIFYING, State.CONFIRMED)
    rows = [replace(CONFIRMED, state=state) for state in states]
    assert tally(batch_of(*rows)) == (
        "1 gone, 1 accepted, not gone yet, 2 not deleted, 1 not confirmed gone, 1 stopped, 1 still to do."
    )
    assert tally(batch_of(rows[0], rows[1])) == "1 gone, 1 not deleted."
    assert tally(batch_of(rows[0])) == "1 gone."


@pytest.mark.parametrize(
    ("tunnel", "said", "unsaid"),
    [
        (TUNNEL, "Deleting it cuts its traffic.", "It isn't known"),
        (replace(TUNNEL, net_status="UNAVAILABLE"), "Once deleted, it can only", "cuts"),
        (replace(TUNNEL, net_status=""), "if it does, deleting it cuts that", "cuts its traffic"),
        (None, "if it does, deleting it cuts that", "cuts its traffic"),
    ],
    ids=["up", "down", "not told", "not seen"],
)
def test_what_deleting_does_is_claimed_only_as_far_as_it_is_known(
    tunnel: Tunnel | None, said: str, unsaid: str
) -> None:
    """On the card of one and of many; and nothing is called beyond undoing where there is a kit."""
    asked = replace(PENDING, tunnel=tunnel)
    words = shown(asked, rules=CAREFUL)
    assert said in words
    assert unsaid not in words.replace("It isn't known whether it carries traffic.", "")
    for rules in (CAREFUL, ONE_CLICK):
        assert "undone" not in repr(card(batch_of(asked), rules))
    if said.startswith("Once"):
        assert "Once deleted, they can only" in shown(asked, asked)
    elif said.startswith("if"):
        assert "if they do, deleting them cuts that" in shown(asked, asked)


def test_a_frozen_card_offers_cancel_alone_and_labels_both_reasons() -> None:
    """Confirm is no choice while the freeze holds."""
    freeze = Freeze(
        freeze_id="f", scope="all", until=2e9, reason="audit", by="U0BEN000001", channel_id="C0", at=1e9
    )
    for batch in (batch_of(PENDING), batch_of(PENDING, PENDING)):
        blocks = card(replace(batch, freeze=freeze), ONE_CLICK)["blocks"]
        offered = [one["action_id"] for one in objects(blocks) if "action_id" in one]
        assert offered == ["cancel_deletion"]
        texts = [one["text"] for one in objects(blocks) if isinstance(one.get("text"), str)]
        for label, reason in (("freeze", "audit"), ("deletion", "moving to CCN")):
            assert texts[texts.index(f"Reason for the {label}") + 1] == reason


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([replace(CONFIRMED, state=State.GONE)], "1 ask, 1 tunnel gone."),
        ([replace(PENDING, card_id=f"c{n}") for n in range(19)], "19 asks, 0 tunnels gone."),
        (
            [replace(CONFIRMED, state=State.GONE)] * 3 + [replace(PENDING, card_id="c")],
            "2 asks, 3 tunnels gone.",
        ),
    ],
    ids=["one", "none gone", "several on one card"],
)
def test_the_history_counts_asks_and_what_is_gone(rows: list[Deletion], count: str) -> None:
    """What was asked for isn't called deleted."""
    assert history(rows)["text"] == count

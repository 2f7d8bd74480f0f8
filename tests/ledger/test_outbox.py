"""The outbox: what is to be said is said in order, once, by whoever lives, and again when it wasn't."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.chat import notes
from bot.chat.blocks import Body
from bot.domain.explain import CodeKind
from bot.domain.model import Decision, Deletion, Saying, State, Tier
from bot.errors import LeaseLost
from bot.ledger.cards import Cards
from bot.ledger.freezes import Freezes
from bot.ledger.outbox import LARGE, LARGE_CARD_EVERY_S, Outbox
from bot.ledger.retention import Retention
from bot.ledger.rows import PROGRESS, HeldPost, touch
from bot.ledger.tables import events, posts
from tests.ledger.opened import ANA, BEN, CHANNEL, LEASE_S, T0, TUNNEL, Replica, ask, show

OTHER = replace(TUNNEL, tunnel_id="vpnx-k2m4n6p8")
ELSEWHERE = "C0GENERAL01"


def uninvited(was: Deletion) -> Body:
    """What the requester is told where the bot isn't in the channel."""
    return notes.cannot_post(was, "not_in_channel")


def say(replica: Replica, card_id: str, *kinds: str) -> None:
    """Queue replies in the thread of a card that was confirmed."""
    held = replica.take(State.CONFIRMED)
    assert held.deletion.card_id == card_id
    says = [Saying(kind=kind, body={"text": kind}) for kind in kinds]
    replica.claims.advance(held, State.CONFIRMED, event="waiting", says=says, after_s=1_000_000)


def take(replica: Replica) -> HeldPost:
    """Claim the one post that is due."""
    (post,) = replica.outbox.claim(10)
    return post


def kinds(replica: Replica) -> list[str]:
    """Claim all that is due."""
    return [post.kind for post in replica.outbox.claim(10)]


@pytest.fixture
def card(first: Replica) -> str:
    """A confirmed card with two replies; nothing is said yet."""
    card_id = first.show()
    first.decide(card_id)
    say(first, card_id, "waiting", "accepted")
    return card_id


def test_the_card_comes_before_its_replies_and_these_in_their_order(first: Replica, card: str) -> None:
    """One at a time: none is taken before the one before it is said."""
    root = take(first)
    assert (root.kind, root.body, root.ts, root.thread_ts) == ("card", None, None, None)
    assert kinds(first) == []
    first.outbox.said(root, "1.1")
    for kind in ("waiting", "accepted"):
        reply = take(first)
        assert (reply.kind, reply.body, reply.thread_ts) == (kind, {"text": kind}, "1.1")
        assert kinds(first) == []
        first.outbox.said(reply, f"2.{kind}")
    assert kinds(first) == []
    assert [row["card_id"] for row in first.rows(posts)] == [card] * 3


def test_cards_do_not_wait_for_each_other(first: Replica) -> None:
    """The order is a card's own."""
    first.show()
    first.show(OTHER)
    assert kinds(first) == ["card", "card"]


def test_a_changed_card_is_shown_before_the_reply_that_came_with_it(first: Replica) -> None:
    """The buttons go first: the card is due again, and the reply waits for it."""
    card = first.show()
    first.outbox.said(take(first), "1.1")
    first.decide(card)
    say(first, card, "accepted")
    root = take(first)
    assert (root.kind, root.ts) == ("card", "1.1")
    first.outbox.said(root, "1.1")
    assert kinds(first) == ["accepted"]


def test_a_change_while_the_card_is_being_said_is_not_lost(first: Replica) -> None:
    """What was shown is older than what is wanted: it is due once more."""
    card = first.show()
    root = take(first)
    first.decide(card, Decision.CANCEL)
    first.outbox.said(root, "1.1")
    again = take(first)
    assert (again.kind, again.ts) == ("card", "1.1")
    first.outbox.said(again, "1.1")
    assert kinds(first) == []


def test_a_private_message_waits_for_nothing_and_holds_up_nothing(first: Replica) -> None:
    """It needs no thread; it carries the response_url until it is said, and not after."""
    first.ledger.ask(ask())
    held = first.take(State.ASKED)
    first.claims.advance(held, State.ASKED, event="look-up failed", tell={"text": "waiting"})
    first.show_held(first.take(State.ASKED), TUNNEL)
    assert kinds(first) == ["told look-up failed", "card"]
    first.clock.now += LEASE_S
    private, root = first.outbox.claim(2)
    first.outbox.later(private, 1_000, unclear=False)
    first.outbox.said(root, "1.1")
    assert private.response_url is not None
    first.clock.now += 1_000
    first.outbox.said(take(first), None)
    assert first.rows(posts)[0]["response_url"] is None


def test_taking_a_post_records_the_intent_to_say_it(first: Replica, second: Replica, card: str) -> None:
    """Whoever takes over from a dead process knows that the message may stand there already."""
    mine = take(first)
    assert (mine.unclear, mine.attempts) == (False, 1)
    assert second.outbox.claim(1) == []
    first.clock.now += LEASE_S
    theirs = take(second)
    assert (theirs.post_id, theirs.unclear, theirs.attempts) == (mine.post_id, True, 2)
    assert theirs.card_id == card


def test_a_change_of_a_card_that_stands_is_never_in_doubt(first: Replica, second: Replica) -> None:
    """An edit may be repeated freely, so nobody reads the channel for it."""
    card = first.show()
    first.outbox.said(take(first), "1.1")
    first.decide(card)
    take(first)
    first.clock.now += LEASE_S
    assert not take(second).unclear


@pytest.mark.parametrize("unclear", [True, False])
def test_what_was_put_off_is_due_again_in_time_with_its_doubt(
    first: Replica, card: str, unclear: bool
) -> None:
    """Not before, by nobody; whether it may have been said is kept."""
    first.outbox.later(take(first), 5, unclear=unclear)
    first.clock.now += 4.999
    assert kinds(first) == []
    first.clock.now += 0.001
    again = take(first)
    assert (again.card_id, again.kind, again.unclear, again.attempts) == (card, "card", unclear, 2)


def test_a_pause_holds_for_the_whole_channel_and_no_other(first: Replica) -> None:
    """Slack's 429 is about the channel, so nothing else runs into it there."""
    for tunnel in (TUNNEL, OTHER):
        first.show(tunnel)
    elsewhere = first.show(replace(TUNNEL, tunnel_id="vpnx-elsewher"), channel_id="C0ELSEWHERE")
    (post,) = first.outbox.claim(1)
    first.outbox.pause(post, 30, unclear=False)
    assert take(first).card_id == elsewhere
    first.clock.now += 29.999
    assert [one.channel_id for one in first.outbox.claim(10)] == ["C0ELSEWHERE"]
    first.clock.now += 0.001
    assert kinds(first) == ["card", "card"]


def test_a_pause_shortens_no_longer_one(first: Replica) -> None:
    """Two 429s: the later end counts."""
    first.show()
    first.show(OTHER)
    one, other = first.outbox.claim(2)
    first.outbox.pause(one, 60, unclear=False)
    first.outbox.pause(other, 5, unclear=False)
    first.clock.now += 5
    assert take(first).post_id == other.post_id


def test_what_can_never_be_said_is_dropped_and_the_rest_goes_on(first: Replica, card: str) -> None:
    """The audit trail keeps why."""
    first.outbox.said(take(first), "1.1")
    first.outbox.drop(take(first), "invalid_blocks")
    assert take(first).kind == "accepted"
    trail = first.rows(events)[-1]
    assert (trail["kind"], trail["deletion_id"], trail["detail"]) == (
        "not said",
        card,
        "waiting: invalid_blocks",
    )


WRITES: dict[str, Callable[[Outbox, HeldPost], None]] = {
    "said": lambda outbox, post: outbox.said(post, "9.9"),
    "later": lambda outbox, post: outbox.later(post, 5, unclear=True),
    "pause": lambda outbox, post: outbox.pause(post, 5, unclear=True),
    "drop": lambda outbox, post: outbox.drop(post, "x"),
}


@pytest.mark.parametrize("verb", WRITES)
def test_whoever_lost_the_post_writes_nothing(first: Replica, second: Replica, card: str, verb: str) -> None:
    """A process that was frozen can't undo what its successor did."""
    late = take(first)
    first.clock.now += LEASE_S
    second.outbox.said(take(second), "1.1")
    before = [first.rows(table) for table in (posts, events)]
    with pytest.raises(LeaseLost):
        WRITES[verb](first.outbox, late)
    assert [first.rows(table) for table in (posts, events)] == before
    assert take(first).card_id == card


def test_the_heartbeat_keeps_posts_too_and_the_way_out_gives_them_back(
    first: Replica, second: Replica, card: str
) -> None:
    """A slow post isn't said by another meanwhile."""
    assert take(first).card_id == card
    first.clock.now += LEASE_S * 0.9
    first.leases.renew()
    first.clock.now += LEASE_S * 0.9
    assert kinds(second) == []
    first.leases.give_back()
    assert kinds(second) == ["card"]


def test_what_is_drawn_often_is_said_no_more_often_than_it_may(first: Replica) -> None:
    """A batch's progress changes a hundred times a second; its message doesn't."""
    card = first.show(TUNNEL, OTHER)
    first.outbox.said(take(first), "1.1")
    first.decide(card)
    first.outbox.said(take(first), "1.1")
    progress = take(first)
    assert progress.kind == "progress"
    first.outbox.said(progress, "2.1", again_after_s=1.0)
    for held in first.claims.claim(2, [State.CONFIRMED]):
        first.claims.advance(held, State.VERIFYING, event="accepted")
    assert kinds(first) == []
    first.clock.now += 1.0
    assert kinds(first) == ["progress"]


@pytest.mark.parametrize(("tunnels", "every_s"), [(2, 1.0), (LARGE + 1, LARGE_CARD_EVERY_S)])
def test_the_card_of_many_follows_their_progress_and_is_drawn_no_more_often_than_it_may(
    first: Replica, tunnels: int, every_s: float
) -> None:
    """Each edit of the progress brings one of the card, unless that was drawn a moment ago."""
    card = first.show(*(replace(TUNNEL, tunnel_id=f"vpnx-{number:08}") for number in range(tunnels)))
    for _ in range(5):
        for held in first.outbox.claim(9):
            first.outbox.said(held, f"{held.post_id}.1")
    first.decide(card)
    drawn: list[float] = []
    for tenth in range(100):
        first.clock.now = T0 + 100 + tenth / 10
        with first.database.write() as tx:
            touch(tx, card, PROGRESS)
        for held in first.outbox.claim(9):
            first.outbox.said(
                held, f"{held.post_id}.1", again_after_s=1.0 if held.kind == "progress" else 0.0
            )
            if held.kind == "card":
                drawn.append(first.clock.now)
    followed = drawn[1:]  # the first one is the decision's
    assert len(followed) >= 10 / (every_s + 1) - 1
    assert all(later - sooner >= every_s - 0.01 for sooner, later in pairwise(followed))


def test_an_announcement_that_is_refused_is_told_even_where_the_card_has_ended(first: Replica) -> None:
    """A protected tunnel's card ends as it is shown; its requester can be told nevertheless."""
    cards = Cards(first.database, announce_channel="C0ANNOUNCE1")
    card_id = first.ledger.ask(ask())
    show(cards, first.take(State.ASKED), TUNNEL, tier=Tier.FORBIDDEN)
    (card,) = first.outbox.claim(1)
    first.outbox.said(card, "1.0")
    (announcement,) = first.outbox.claim(1)
    first.outbox.drop(announcement, "not_in_channel", tell={"text": "not announced"})
    (told,) = first.outbox.claim(1)
    assert (told.private_to, told.response_url) == (ANA, "https://hooks.slack.test/canary")
    assert first.now(card_id).response_url is None


def test_channels_do_not_wait_for_each_other(first: Replica) -> None:
    """A freeze is told in two, and one of them takes nothing just now."""
    Freezes(first.database).place(
        scope="all",
        until=T0 + 3_600,
        reason="migration",
        by=BEN,
        channel_id=CHANNEL,
        says=lambda _: {"text": "frozen"},
        announce_to=["C0SLOW00001", "C0ANNOUNCE1"],
    )
    slow, other = first.outbox.claim(2)
    assert (slow.channel_id, other.channel_id) == ("C0SLOW00001", "C0ANNOUNCE1")


def announced(replica: Replica, tier: Tier = Tier.LOW) -> str:
    """Queue a card, and its announcement in a channel of its own; returns the card's id."""
    card_id = replica.ledger.ask(ask())
    cards = Cards(replica.database, announce_channel=ELSEWHERE)
    show(cards, replica.take(State.ASKED), TUNNEL, tier=tier)
    return card_id


@pytest.mark.parametrize("tier", Tier)
def test_every_card_is_announced_whatever_its_tier(first: Replica, tier: Tier) -> None:
    """That of a protected tunnel too; after the card that it links to."""
    announced(first, tier)
    root = take(first)
    assert root.kind == "card"
    first.outbox.said(root, "1.1")
    post = take(first)
    assert (post.kind, post.channel_id, post.thread_ts) == ("announcement", ELSEWHERE, "1.1")


def test_an_announcement_that_has_to_wait_holds_nothing_up_in_the_thread(first: Replica) -> None:
    """It is in another channel, which may be slow, or closed to the bot."""
    card = announced(first)
    first.outbox.said(take(first), "1.1")
    first.outbox.later(take(first), 1_000_000, unclear=False)
    first.decide(card)
    first.outbox.said(take(first), "1.1")
    say(first, card, "accepted")
    assert kinds(first) == ["accepted"]


def test_what_could_not_be_shown_is_not_announced_and_is_forgotten_in_the_end(first: Replica) -> None:
    """Nothing of it is left to be said, so nothing keeps it in the ledger."""
    card = announced(first)
    root = take(first)
    first.ledger.void(
        card,
        code="not_in_channel",
        kind=CodeKind.SLACK,
        tell=uninvited,
    )
    first.outbox.drop(root, "not_in_channel")
    private = take(first)
    assert private.kind == "told void"
    first.outbox.said(private, None)
    first.clock.now += 1_000
    assert Retention(first.database, keep_s=900).remove_some(10) == 1

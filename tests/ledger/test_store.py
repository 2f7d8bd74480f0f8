"""The ledger as people use it: the first decisive click wins, and everybody learns what is true."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from freezegun import freeze_time

from bot.chat import notes
from bot.chat.blocks import Body
from bot.domain.explain import CodeKind, OwnCode
from bot.domain.model import Decision, Deletion, State
from bot.domain.policy import TYPED_CONFIRMATION, Verdict
from bot.errors import LeaseLost
from bot.ledger.cards import Cards
from bot.ledger.claims import Claims
from bot.ledger.database import Database
from bot.ledger.deciding import PACE_S, Decided
from bot.ledger.leases import Leases
from bot.ledger.migrations import migrate
from bot.ledger.store import Ledger
from bot.ledger.tables import deletions, events, posts
from tests.ledger.opened import ALLOWED, ANA, BEN, CHEN, RETRY_S, T0, TTL_S, TUNNEL, Replica, ask, show

OTHER = replace(TUNNEL, tunnel_id="vpnx-k2m4n6p8")


def uninvited(was: Deletion) -> Body:
    """What the requester is told where the bot isn't in the channel."""
    return notes.cannot_post(was, "not_in_channel")


def test_what_was_asked_for_is_on_disk_before_ask_returns(first: Replica, second: Replica) -> None:
    """Another process sees it, with all that was asked, and the audit trail has who did."""
    deletion = second.now(first.ledger.ask(ask()))
    assert (deletion.state, deletion.tunnel_id, deletion.wanted) == (
        State.ASKED,
        TUNNEL.tunnel_id,
        (TUNNEL.tunnel_id,),
    )
    assert (deletion.requester_id, deletion.reason, deletion.asked_at) == (ANA, "moving to CCN", T0)
    (event,) = second.rows(events)
    assert (event["kind"], event["actor"], event["deletion_id"]) == ("asked", ANA, deletion.deletion_id)


def test_every_ask_has_an_id_of_its_own(first: Replica) -> None:
    """Opaque, unguessable, never reused."""
    ids = {first.ledger.ask(ask()) for _ in range(50)}
    assert len(ids) == 50
    assert min(map(len, ids)) >= 16
    assert not any(TUNNEL.tunnel_id in deletion_id for deletion_id in ids)


@pytest.mark.parametrize("late", Decision)
@pytest.mark.parametrize("early", Decision)
def test_the_first_click_decides_and_the_second_learns_who_did(
    first: Replica, early: Decision, late: Decision
) -> None:
    """Whatever the two wanted; the audit trail has both."""
    card = first.show()
    won = first.decide(card, early, BEN)
    lost = first.decide(card, late, CHEN)
    state = State.CONFIRMED if early is Decision.CONFIRM else State.CANCELLED
    assert won.won
    assert not lost.won
    assert lost.deletion is not None
    assert (lost.deletion.state, lost.deletion.decided_by, lost.deletion.decided_at) == (state, BEN, T0)
    assert first.events()[-2:] == ["confirmed" if early is Decision.CONFIRM else "cancelled", "clicked"]


def test_of_many_clicks_at_once_through_two_processes_one_wins(first: Replica, second: Replica) -> None:
    """All others see the same winner."""
    card = first.show()
    people = [f"U0CLICKER{number:02}" for number in range(12)]

    def click(number: int) -> bool:
        replica = (first, second)[number % 2]
        return replica.decide(card, list(Decision)[number % 3 == 0], people[number]).won

    with ThreadPoolExecutor(len(people)) as threads:
        won = list(threads.map(click, range(len(people))))
    assert won.count(True) == 1
    assert first.now(card).decided_by == people[won.index(True)]
    assert first.events().count("clicked") == len(people)


def test_a_confirm_may_be_tried_for_so_long_and_a_cancel_is_the_end(first: Replica) -> None:
    """The deadline grows by the pace for every tunnel."""
    confirmed, cancelled = first.show(), first.show(OTHER)
    first.decide(confirmed)
    first.decide(cancelled, Decision.CANCEL)
    assert first.now(confirmed).retry_until == pytest.approx(T0 + RETRY_S + PACE_S)
    assert first.now(confirmed).ended_at is None
    assert first.now(cancelled).ended_at == T0
    assert first.now(cancelled).retry_until is None


@pytest.mark.parametrize(("after_s", "wins"), [(TTL_S - 0.001, True), (TTL_S, False), (TTL_S + 60, False)])
def test_an_expired_card_cannot_be_confirmed_although_nobody_has_closed_it_yet(
    first: Replica, after_s: float, wins: bool
) -> None:
    """To the moment; who clicks too late decides nothing."""
    card = first.show()
    first.clock.now += after_s
    assert first.decide(card).won is wins
    assert first.now(card).state is (State.CONFIRMED if wins else State.PENDING)


def test_the_expiry_goes_by_the_clock_on_the_wall(tmp_path: Path) -> None:
    """With time.time as its clock, as the bot has it."""
    with freeze_time("2026-11-22 20:00:00") as frozen:
        database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", clock=time.time)
        migrate(database)
        ledger, claims = Ledger(database), Claims(database, Leases(database, owner="only"))
        cards: list[str] = []
        for _ in range(2):
            cards.append(ledger.ask(ask(f"vpnx-0000000{len(cards)}")))
            (held,) = claims.claim(1, [State.ASKED])
            show(Cards(database), held, replace(TUNNEL, tunnel_id=held.deletion.tunnel_id))
        frozen.tick(TTL_S - 1)
        assert ledger.decide(
            cards[0], Decision.CONFIRM, by=BEN, rule=lambda _: ALLOWED, retry_for_s=RETRY_S
        ).won
        frozen.tick(1)
        assert not ledger.decide(
            cards[1], Decision.CONFIRM, by=BEN, rule=lambda _: ALLOWED, retry_for_s=RETRY_S
        ).won
        database.close()


def test_a_card_that_does_not_exist_or_is_not_shown_yet_cannot_be_decided_on(first: Replica) -> None:
    """Nothing is decided about what nobody has seen."""
    unseen = first.ledger.ask(ask())
    assert not first.decide(unseen).won
    assert first.now(unseen).state is State.ASKED
    unknown = first.decide("no-such-card")
    assert (unknown.won, unknown.deletion, unknown.blocked_by) == (False, None, None)


def test_a_card_is_decided_on_by_its_own_id_alone(first: Replica) -> None:
    """The ids of its other deletions stand in the undo kits, and open nothing."""
    card = first.show(TUNNEL, OTHER)
    (other,) = (row["deletion_id"] for row in first.rows(deletions) if row["deletion_id"] != card)
    assert first.ledger.proposal(other) is None
    assert first.decide(other) == Decided(won=False, deletion=None)
    assert {row["state"] for row in first.rows(deletions)} == {State.PENDING}


def test_a_tunnel_has_one_deletion_under_way(first: Replica) -> None:
    """A second card can't start it again, learns which one runs, and can once that one has ended."""
    one, other = first.show(), first.show()
    first.decide(one, by=BEN)
    blocked = first.decide(other, by=CHEN)
    assert not blocked.won
    assert blocked.blocked_by is not None
    assert (blocked.blocked_by.card_id, blocked.blocked_by.decided_by) == (one, BEN)
    assert first.now(other).state is State.PENDING
    assert first.events()[-2:] == ["clicked", "blocked"]
    first.claims.advance(first.take(State.CONFIRMED), State.REFUSED, event="refused")
    assert first.decide(other, by=CHEN).won


@pytest.mark.parametrize("state", [State.DELETING, State.VERIFYING])
def test_under_way_is_from_the_confirm_to_the_end(first: Replica, state: State) -> None:
    """Also while it is sent, and while the cloud works on it; a cancel is free at any time."""
    other = first.show()
    first.claims.advance(first.confirm(), state, event="sent")
    assert first.decide(other).blocked_by is not None
    assert first.decide(other, Decision.CANCEL).won


def test_the_same_id_in_another_region_is_another_tunnel(first: Replica) -> None:
    """Nobody waits for a stranger."""
    here, there = first.show(), first.show(region="ap-singapore")
    assert first.decide(here).won
    assert first.decide(there).won


def test_two_cards_of_one_tunnel_confirmed_at_once_start_one_deletion(
    first: Replica, second: Replica
) -> None:
    """Through two processes."""
    cards = [first.show() for _ in range(6)]
    with ThreadPoolExecutor(len(cards)) as threads:
        decided = list(threads.map(lambda n: (first, second)[n % 2].decide(cards[n]), range(len(cards))))
    assert sum(one.won for one in decided) == 1
    assert sum(one.blocked_by is not None for one in decided) == len(cards) - 1


def test_a_batch_with_one_tunnel_under_way_is_not_started_in_part(first: Replica) -> None:
    """One Confirm, one answer: all or none."""
    single, batch = first.show(), first.show(OTHER, TUNNEL)
    first.decide(single)
    blocked = first.decide(batch)
    assert blocked.blocked_by is not None
    assert blocked.blocked_by.card_id == single
    found = first.ledger.batch(batch, first=10)
    assert found is not None
    assert found.counts == {State.PENDING: 2}


def test_a_stop_keeps_what_was_not_sent_and_leaves_what_may_have_been(first: Replica) -> None:
    """A row whose earlier try is unclear isn't called stopped: it may be gone."""
    tunnels = [replace(TUNNEL, tunnel_id=f"vpnx-0000000{number}") for number in range(4)]
    card = first.show(*tunnels)
    first.clear(card)
    unclear, sent, *_ = first.claims.claim(4, [State.CONFIRMED])
    first.claims.advance(unclear, State.CONFIRMED, event="waiting", unclear=True)
    first.claims.send(sent)
    stopped = first.ledger.stop(card, by=CHEN)
    assert stopped is not None
    assert stopped.counts == {State.CANCELLED: 2, State.CONFIRMED: 1, State.DELETING: 1}
    found = first.ledger.batch(card, first=4)
    assert found is not None
    assert [row.code for row in found.rows if row.state is State.CANCELLED] == [OwnCode.STOPPED] * 2
    trail = first.rows(events)[-1]
    assert (trail["kind"], trail["actor"], trail["detail"]) == ("stopped", CHEN, "2 of 4 not sent")


def test_a_stopped_row_is_never_sent_by_the_worker_that_holds_it(first: Replica) -> None:
    """The stop won: the worker's own write before the call fails."""
    held = first.confirm()
    first.ledger.stop(held.deletion.card_id, by=CHEN)
    with pytest.raises(LeaseLost):
        first.claims.send(held)
    assert first.now(held.deletion.card_id).state is State.CANCELLED


def test_a_stop_of_an_unknown_card_is_nothing(first: Replica) -> None:
    """And leaves no trace."""
    assert first.ledger.stop("no-such-card", by=CHEN) is None
    assert first.events() == []


def test_a_card_that_cannot_be_posted_ends_its_deletion_and_tells_the_requester(first: Replica) -> None:
    """Nobody can confirm what nobody can see."""
    card = first.show()
    first.ledger.void(card, code="not_in_channel", kind=CodeKind.SLACK, tell=uninvited)
    deletion = first.now(card)
    assert (deletion.state, deletion.code, deletion.ended_at) == (State.VOID, "not_in_channel", T0)
    assert not first.decide(card).won
    told = first.rows(posts)[-1]
    assert (told["kind"], told["private_to"]) == ("told void", ANA)


def test_a_decided_card_is_not_voided(first: Replica) -> None:
    """The click was first; the deletion goes on."""
    card = first.show()
    first.decide(card)
    first.ledger.void(card, code="is_archived", kind=CodeKind.SLACK, tell=uninvited)
    assert first.now(card).state is State.CONFIRMED
    assert first.queued() == ["card"]


def test_whoever_is_given_the_dialog_was_not_refused(first: Replica) -> None:
    """The audit trail has the click; what they type there is the next one."""
    card = first.show()
    missing = Verdict(allowed=False, rule=TYPED_CONFIRMATION, sentence="Type it.")
    decided = first.ledger.decide(card, Decision.CONFIRM, by=BEN, rule=lambda _: missing, retry_for_s=RETRY_S)
    assert (decided.won, decided.refusal) == (False, missing)
    assert first.events()[-1] == "clicked"


def test_a_refusal_of_a_person_is_kept_with_its_rule(first: Replica) -> None:
    """Who, where, about what, by which rule."""
    first.ledger.refuse(actor=CHEN, channel_id="C0X", rule="not an operator", deletion_id="d")
    (event,) = first.rows(events)
    assert [event[name] for name in ("kind", "actor", "channel_id", "detail", "deletion_id", "at")] == [
        *("refused", CHEN, "C0X", "not an operator", "d", T0)
    ]


@pytest.mark.parametrize("end", ["cancelled", "stopped"])
def test_what_people_ended_keeps_no_response_url(first: Replica, end: str) -> None:
    """Whoever has it can write in Slack for half an hour."""
    card_id = first.show()
    if end == "cancelled":
        assert first.decide(card_id, Decision.CANCEL).won
    else:
        assert first.decide(card_id).won
        first.ledger.stop(card_id, by=CHEN)
    assert (first.now(card_id).state, first.now(card_id).response_url) == (State.CANCELLED, None)

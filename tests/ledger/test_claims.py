"""The ledger as workers use it: one holds a row, whoever lost it writes nothing, a dead one is succeeded."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from bot.domain.model import Decision, Deletion, Saying, Stake, State, Tier, Tunnel
from bot.errors import LeaseLost
from bot.ledger.cards import Shown
from bot.ledger.rows import Held, tunnel_from_text, tunnel_to_text
from bot.ledger.tables import deletions, events, posts
from tests.chat.hostile import tunnels
from tests.ledger.opened import LEASE_S, T0, TTL_S, TUNNEL, Replica, ask

SAID = Saying(kind="accepted", body={"text": "accepted"})


def batch(size: int) -> list[Tunnel]:
    return [replace(TUNNEL, tunnel_id=f"vpnx-{number:08}") for number in range(size)]


def everything(replica: Replica) -> list[object]:
    return [replica.rows(table) for table in (deletions, posts, events)]


def test_due_rows_are_taken_oldest_first_and_only_in_the_wanted_states(first: Replica) -> None:
    """No more than the limit; what waits for its time isn't due."""
    ids = []
    for number in range(4):
        ids.append(first.ledger.ask(ask(f"vpnx-0000000{number}")))
        first.clock.now += 1
    assert first.claims.claim(9, [State.CONFIRMED, State.PENDING]) == []
    taken = first.claims.claim(2, [State.ASKED])
    assert [held.deletion.deletion_id for held in taken] == ids[:2]
    for held in taken:
        first.claims.advance(held, State.ASKED, event="look-up failed", after_s=5)
    assert [held.deletion.deletion_id for held in first.claims.claim(9, [State.ASKED])] == ids[2:]
    first.clock.now += 5
    assert len(first.claims.claim(9, [State.ASKED])) == 4


def test_what_one_holds_no_other_takes_until_the_lease_is_over(first: Replica, second: Replica) -> None:
    """To the moment: a dead holder is succeeded after lease_s."""
    first.ledger.ask(ask())
    assert len(first.claims.claim(1, [State.ASKED])) == 1
    assert second.claims.claim(1, [State.ASKED]) == []
    first.clock.now += LEASE_S - 0.001
    assert second.claims.claim(1, [State.ASKED]) == []
    first.clock.now += 0.001
    assert len(second.claims.claim(1, [State.ASKED])) == 1


def test_many_claimers_at_once_take_every_row_once(first: Replica, second: Replica) -> None:
    """Through two processes, eight threads."""
    asked = {first.ledger.ask(ask(f"vpnx-{number:08}")) for number in range(40)}

    def claim_all(number: int) -> list[str]:
        taken: list[str] = []
        while more := (first, second)[number % 2].claims.claim(3, [State.ASKED]):
            taken += [held.deletion.deletion_id for held in more]
        return taken

    with ThreadPoolExecutor(8) as threads:
        taken = [one for some in threads.map(claim_all, range(8)) for one in some]
    assert len(taken) == len(asked)
    assert set(taken) == asked


def test_the_heartbeat_keeps_what_is_held(first: Replica, second: Replica) -> None:
    """A long step isn't taken over while its process lives."""
    first.ledger.ask(ask())
    held = first.take(State.ASKED)
    for _ in range(5):
        first.clock.now += LEASE_S * 0.9
        first.leases.renew()
        assert second.claims.claim(1, [State.ASKED]) == []
    first.show_held(held, TUNNEL)


def test_the_heartbeat_takes_nothing_back_that_another_holds(first: Replica, second: Replica) -> None:
    """Whoever wakes up late has lost it for good."""
    first.ledger.ask(ask())
    late = first.take(State.ASKED)
    first.clock.now += LEASE_S
    taken = second.take(State.ASKED)
    first.leases.renew()
    with pytest.raises(LeaseLost):
        first.show_held(late, TUNNEL)
    second.show_held(taken, TUNNEL)


def test_on_the_way_out_everything_is_given_back_at_once(first: Replica, second: Replica) -> None:
    """No successor waits for the lease."""
    first.ledger.ask(ask())
    first.take(State.ASKED)
    second.leases.give_back()
    assert second.claims.claim(1, [State.ASKED]) == []
    first.leases.give_back()
    assert len(second.claims.claim(1, [State.ASKED])) == 1


WRITES: dict[str, Callable[[Replica, Held], object]] = {
    "advance": lambda replica, held: replica.claims.advance(
        held, State.DELETING, event="sent", says=[SAID], tell={"text": "x"}
    ),
    "send": lambda replica, held: replica.claims.send(held),
    "show": lambda replica, held: replica.show_held(held, *batch(3)),
    "broke": lambda replica, held: replica.claims.broke(held, most=5, after_s=1, says=lambda _: [SAID]),
    "set aside": lambda replica, held: replica.claims.broke(held, most=1, after_s=1, says=lambda _: [SAID]),
}


@pytest.mark.parametrize("write", WRITES)
def test_whoever_lost_the_row_writes_nothing_at_all(first: Replica, second: Replica, write: str) -> None:
    """No state, no post, no event: LeaseLost, and the ledger is as it was."""
    late = first.confirm()
    first.clock.now += LEASE_S
    second.take(State.CONFIRMED)
    before = everything(first)
    with pytest.raises(LeaseLost):
        WRITES[write](first, late)
    assert everything(first) == before


@pytest.mark.parametrize("write", WRITES)
def test_a_row_that_left_its_state_meanwhile_is_not_written(first: Replica, write: str) -> None:
    """The fence alone doesn't do: a Stop changes the state under its holder."""
    held = first.confirm()
    first.ledger.stop(held.deletion.card_id, by="U0X")
    before = everything(first)
    with pytest.raises(LeaseLost):
        WRITES[write](first, held)
    assert everything(first) == before


def test_a_step_that_fails_half_way_leaves_no_half(first: Replica) -> None:
    """State, posts and event are one commit: a message that can't be kept keeps all of it back."""
    held = first.confirm()
    before = everything(first)
    with pytest.raises(TypeError):
        first.claims.advance(
            held, State.VERIFYING, event="accepted", says=[SAID, Saying(kind="odd", body={"no": object()})]
        )
    assert everything(first) == before
    first.claims.advance(held, State.VERIFYING, event="accepted", says=[SAID])
    assert first.now(held.deletion.card_id).state is State.VERIFYING
    assert first.queued() == ["card", "accepted"]
    assert first.events()[-1] == "accepted"


def test_a_kind_is_said_once_however_often_its_step_runs(first: Replica) -> None:
    """The first words stay."""
    held = first.confirm()
    for number in range(3):
        says = [Saying(kind="waiting", body={"text": f"try {number}"})]
        first.claims.advance(held, State.CONFIRMED, event="waiting", says=says)
        held = first.take(State.CONFIRMED)
    assert first.queued() == ["card", "waiting"]
    assert first.rows(posts)[1]["body"] == '{"text": "try 0"}'


def test_the_requester_is_told_as_long_as_there_is_a_way(first: Replica) -> None:
    """Privately, once a kind; after the end the way is forgotten."""
    first.ledger.ask(ask())
    held = first.take(State.ASKED)
    for _ in range(2):
        first.claims.advance(held, State.ASKED, event="look-up failed", tell={"text": "waiting"})
        held = first.take(State.ASKED)
    ended = first.claims.advance(held, State.REFUSED, event="turned down", tell={"text": "no"})
    assert first.queued() == ["told look-up failed", "told turned down"]
    assert ended.response_url is None


def test_the_time_of_sending_and_of_the_end_are_the_ledgers(first: Replica) -> None:
    """sent_at when DELETING begins and not when it goes on; ended_at at the end."""
    first.confirm()
    first.clock.now += LEASE_S
    held = first.take(State.CONFIRMED)
    sent = first.claims.send(held)
    assert isinstance(sent, Deletion)
    first.clock.now += 1
    held = replace(held, deletion=sent)
    again = first.claims.advance(held, State.DELETING, event="no clear answer")
    assert (sent.sent_at, again.sent_at, again.ended_at) == (T0 + LEASE_S, T0 + LEASE_S, None)
    gone = first.claims.advance(first.take(State.DELETING), State.GONE, event="gone")
    assert gone.ended_at == T0 + LEASE_S + 1


def test_a_step_that_goes_on_keeps_its_row(first: Replica, second: Replica) -> None:
    """The same holder, without a gap in which another could take it."""
    held = first.confirm()
    first.claims.send(held)
    assert second.claims.claim(1, [State.DELETING]) == []


def test_a_pending_card_is_due_when_it_expires(first: Replica) -> None:
    """Proactively: the worker closes it without a click."""
    card = first.show()
    first.clock.now += TTL_S - 0.001
    assert first.claims.claim(1, [State.PENDING]) == []
    first.clock.now += 0.001
    first.claims.expire(first.take(State.PENDING))
    assert first.now(card).state is State.EXPIRED
    assert first.events()[-1] == "expired"


@pytest.mark.parametrize("decision", Decision)
def test_an_expiry_that_meets_a_decision_changes_nothing(first: Replica, decision: Decision) -> None:
    """The click came first, although the worker held the card already."""
    card = first.show()
    first.clock.now += TTL_S
    held = first.take(State.PENDING)
    first.clock.now = T0
    first.decide(card, decision)
    before = everything(first)
    first.claims.expire(held)
    assert everything(first) == before


def test_of_an_expiry_and_a_click_at_once_one_wins(first: Replica, second: Replica) -> None:
    """Twenty cards, each at the last moment: confirmed or expired, never both, never neither."""
    cards = [first.show(tunnel) for tunnel in batch(20)]
    first.clock.now += TTL_S
    held = {one.deletion.card_id: one for one in first.claims.claim(20, [State.PENDING])}
    first.clock.now = T0 + TTL_S - 0.5

    def race(card: str) -> None:
        with ThreadPoolExecutor(2) as threads:
            threads.submit(first.claims.expire, held[card])
            threads.submit(second.decide, card)

    for card in cards:
        race(card)
        trail = [row["kind"] for row in first.rows(events) if row["deletion_id"] == card]
        state = first.now(card).state
        assert (state is State.CONFIRMED) == ("confirmed" in trail)
        assert (state is State.EXPIRED) == ("expired" in trail)
        assert len({"confirmed", "expired"} & set(trail)) == 1


def test_a_batch_is_one_card_with_a_row_for_each_tunnel(first: Replica) -> None:
    """In the order of their ids; the first one expires for all."""
    card = first.show(*batch(3))
    found = first.ledger.batch(card, first=10)
    assert found is not None
    assert [row.tunnel_id for row in found.rows] == [tunnel.tunnel_id for tunnel in batch(3)]
    assert {row.batch_size for row in found.rows} == {3}
    assert first.queued() == ["card"]
    first.clock.now += TTL_S
    first.claims.expire(first.take(State.PENDING))
    after = first.ledger.batch(card, first=10)
    assert after is not None
    assert after.counts == {State.EXPIRED: 3}


@pytest.mark.parametrize(("size", "lists"), [(20, 0), (21, 1), (50, 1), (51, 2), (1_000, 20)])
def test_over_twenty_tunnels_the_list_goes_to_the_thread(first: Replica, size: int, lists: int) -> None:
    """In as many messages as it takes, after the card."""
    first.show(*batch(size))
    assert first.queued() == ["card", *(f"list {page}" for page in range(lists))]


def test_every_page_of_the_undo_kits_goes_to_the_thread(first: Replica) -> None:
    """In their order."""
    first.ledger.ask(ask())
    stake = Stake(tier=Tier.LOW, reasons=())
    shown = [Shown(tunnel=tunnel, stake=stake, kit="{}") for tunnel in batch(3)]
    pages = [{"text": f"page {number}"} for number in range(3)]
    first.cards.show(first.take(State.ASKED), shown, ttl_s=TTL_S, kit_pages=lambda _: pages)
    said = [(row["kind"], json.loads(row["body"])) for row in first.rows(posts) if row["kind"] != "card"]
    assert said == [(f"kit {number}", page) for number, page in enumerate(pages)]


def test_the_last_tunnel_of_a_batch_brings_the_summary(first: Replica) -> None:
    """Once, after the last one has ended, however they ended."""
    card = first.show(*batch(3))
    first.clear(card)
    ends = (State.GONE, State.REFUSED, State.UNKNOWN)
    for held, end in zip(first.claims.claim(3, [State.CONFIRMED]), ends, strict=True):
        assert "summary 0" not in first.queued()
        first.claims.advance(held, end, event="end", says=[SAID])
    assert first.queued() == ["card", "progress", "summary 0"]


def test_a_row_that_breaks_its_step_is_tried_again_later_and_then_set_aside(first: Replica) -> None:
    """Five times, with pauses; then the thread says so and it blocks nothing any more. Nothing was sent."""
    held = first.confirm()
    for _ in range(4):
        first.claims.broke(held, most=5, after_s=1, says=lambda _: [SAID])
        assert first.claims.claim(1, [State.CONFIRMED]) == []
        first.clock.now += 1
        held = first.take(State.CONFIRMED)
    first.claims.broke(held, most=5, after_s=1, says=lambda _: [SAID])
    assert first.now(held.deletion.card_id).state is State.VOID
    assert first.queued() == ["card", "accepted"]


def test_what_breaks_after_it_was_sent_is_not_known(first: Replica) -> None:
    """The call may have been carried out."""
    held = first.confirm()
    sent = first.claims.send(held)
    assert isinstance(sent, Deletion)
    first.claims.broke(replace(held, deletion=sent), most=1, after_s=1, says=lambda _: [SAID])
    assert first.now(sent.card_id).state is State.UNKNOWN


def test_right_before_an_effect_a_process_knows_whether_it_still_holds_the_row(
    first: Replica, second: Replica
) -> None:
    """By its own monotonic clock and its last heartbeat: whoever was frozen has neither."""
    held = first.confirm()
    first.leases.check(held)
    frozen = replace(held, until=0.0)
    with pytest.raises(LeaseLost):
        first.leases.check(frozen)
    first.leases.renew()
    first.leases.check(frozen)
    first.clock.now += LEASE_S
    second.take(State.CONFIRMED)
    first.leases.renew()
    with pytest.raises(LeaseLost):
        first.leases.check(frozen)


@given(tunnel=tunnels)
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_tunnel_comes_out_of_the_ledger_as_it_went_in(first: Replica, tunnel: Tunnel) -> None:
    """Ten thousand characters, control characters, half a surrogate pair: none of it breaks a step."""
    assert tunnel_from_text(tunnel_to_text(tunnel)) == tunnel
    named = replace(tunnel, tunnel_id="vpnx-p0j11j28", gateway_id="vpngw-7lcl5331")
    assert first.now(first.show(named)).tunnel == named


def test_what_the_cloud_sent_is_kept_in_the_undo_kit_alone(first: Replica) -> None:
    """The kit's fields are listed; the row keeps nothing that nobody chose to keep."""
    wire = TUNNEL.wire.replace("}", ', "Novelty": "unforeseen"}')
    kept = first.now(first.show(replace(TUNNEL, wire=wire))).tunnel
    assert kept == replace(TUNNEL, wire="")
    assert "unforeseen" not in repr(everything(first))

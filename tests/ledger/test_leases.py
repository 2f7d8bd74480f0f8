"""Several replicas on one ledger, in real time: one holds a row, its successor waits, who is late fails."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain, count
from types import SimpleNamespace
from typing import Self, TypeVar

import pytest
from sqlalchemy import select, update

import bot.ledger.database
from bot.domain.model import Decision, Saying, State, Tunnel
from bot.errors import LeaseLost, LedgerUnavailable
from bot.ledger.cards import Cards
from bot.ledger.claims import Claims
from bot.ledger.database import Database
from bot.ledger.leases import Leases
from bot.ledger.migrations import migrate
from bot.ledger.outbox import Outbox
from bot.ledger.rows import Held
from bot.ledger.store import Ledger
from bot.ledger.tables import deletions, events, posts
from tests.ledger.opened import ALLOWED, ANA, BEN, CHEN, RETRY_S, TUNNEL, ask, show

T = TypeVar("T")
LEASE_S = 0.5
LATEST_S = 10.0
SAID = Saying(kind="accepted", body={"text": "accepted"})


def tunnel(tunnel_id: str) -> Tunnel:
    return replace(TUNNEL, tunnel_id=tunnel_id)


@dataclass(frozen=True)
class Replica:
    """One process's hands on the ledger, with a database of its own."""

    database: Database
    ledger: Ledger
    leases: Leases
    claims: Claims
    cards: Cards
    outbox: Outbox

    @classmethod
    def on(cls, url: str, owner: str) -> Self:
        database = Database(url, clock=time.time)
        leases = Leases(database, owner=owner, lease_s=LEASE_S)
        claims, outbox = Claims(database, leases), Outbox(database, leases)
        return cls(database, Ledger(database), leases, claims, Cards(database), outbox)

    def everything(self) -> list[object]:
        with self.database.read() as tx:
            return [tx.connection.execute(select(table)).all() for table in (deletions, posts, events)]

    def confirmed(self, tunnel_id: str = TUNNEL.tunnel_id) -> Held:
        """A card that is shown, confirmed, and held by this replica."""
        card_id = self.ledger.ask(ask(tunnel_id))
        (asked,) = self.claims.claim(1, [State.ASKED])
        show(self.cards, asked, tunnel(tunnel_id))
        assert self.ledger.decide(
            card_id, Decision.CONFIRM, by=BEN, rule=lambda _: ALLOWED, retry_for_s=RETRY_S
        ).won
        (held,) = self.claims.claim(1, [State.CONFIRMED])
        return held


@contextmanager
def replicas_on(url: str) -> Iterator[list[Replica]]:
    with ExitStack() as open_databases:
        made = [Replica.on(url, owner) for owner in ("first", "second", "third")]
        for replica in made:
            open_databases.callback(replica.database.close)
        migrate(made[0].database)
        yield made


@pytest.fixture
def replicas(database_url: str) -> Iterator[list[Replica]]:
    with replicas_on(database_url) as made:
        yield made


@pytest.fixture
def patient(replicas: list[Replica]) -> list[Replica]:
    """With leases that outlast a test on a busy machine."""
    for replica in replicas:
        replica.leases.lease_s = 10 * LATEST_S
    return replicas


@pytest.fixture
def first(replicas: list[Replica]) -> Replica:
    return replicas[0]


@pytest.fixture
def second(replicas: list[Replica]) -> Replica:
    return replicas[1]


def until(look: Callable[[], T]) -> T:
    """Ask again and again until there is something."""
    deadline = time.monotonic() + LATEST_S
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come true"
    return found


def test_a_dead_replica_is_succeeded_when_its_lease_is_over_and_not_before(
    first: Replica, second: Replica
) -> None:
    """The row comes with a higher fence; half a second of lease is half a second."""
    held = first.confirmed()
    began = time.monotonic()
    (taken,) = until(lambda: second.claims.claim(1, [State.CONFIRMED]))
    assert time.monotonic() - began > LEASE_S * 0.8
    assert taken.fence > held.fence
    assert taken.deletion.deletion_id == held.deletion.deletion_id


def test_who_lost_a_row_sends_nothing_and_writes_nothing(first: Replica, second: Replica) -> None:
    """It finds out before the effect, and the ledger refuses it after; nothing at all changes."""
    late = first.confirmed()
    (post,) = first.outbox.claim(1)
    until(lambda: second.claims.claim(1, [State.CONFIRMED]))
    until(lambda: second.outbox.claim(1))
    first.leases.renew()
    before = first.everything()
    writes: list[Callable[[], object]] = [
        lambda: first.leases.check(late),
        lambda: first.leases.check(post),
        lambda: first.claims.send(late),
        lambda: first.claims.advance(late, State.GONE, event="gone", says=[SAID]),
        lambda: first.claims.broke(late, most=1, after_s=1, says=lambda _: [SAID]),
        lambda: first.outbox.said(post, "1.0"),
        lambda: first.outbox.later(post, 1, unclear=True),
        lambda: first.outbox.pause(post, 1, unclear=True),
        lambda: first.outbox.drop(post, "why"),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert first.everything() == before


def test_a_heartbeat_keeps_a_row_for_as_long_as_its_step_runs(first: Replica, second: Replica) -> None:
    """For three leases; when the step is over and wrote nothing, the row comes free by itself."""
    held = first.confirmed()
    kept_until = time.monotonic() + 3 * LEASE_S
    while time.monotonic() < kept_until:
        first.leases.renew()
        first.leases.check(held)
        assert second.claims.claim(1, [State.CONFIRMED]) == []
    first.leases.end([held])

    def taken() -> list[Held]:
        first.leases.renew()
        return second.claims.claim(1, [State.CONFIRMED])

    assert until(taken)


def test_a_row_whose_claim_was_never_answered_comes_free(first: Replica, second: Replica) -> None:
    """The commit was carried out and its answer lost: nobody knows of it, and nobody keeps it alive."""
    held = first.confirmed()
    first.leases.end([held])
    with first.database.write() as tx:
        stuck = {"owner": "first", "lease_until": tx.now + LEASE_S, "fence": deletions.c.fence + 1}
        tx.connection.execute(update(deletions).values(**stuck))

    def taken() -> list[Held]:
        first.leases.renew()
        return second.claims.claim(1, [State.CONFIRMED])

    assert until(taken)


def test_who_renews_after_a_freeze_keeps_what_nobody_took(first: Replica) -> None:
    """Its lease ran out unnoticed; it asks for it back before it goes on."""
    held = first.confirmed()

    def frozen() -> bool:
        with suppress(LeaseLost):
            first.leases.check(held)
            return False
        return True

    assert until(frozen)
    first.leases.renew()
    first.leases.check(held)
    first.claims.send(held)


def test_what_is_given_back_is_taken_at_once(first: Replica, second: Replica) -> None:
    """A replica that leaves in peace makes nobody wait, and leaves others' rows alone."""
    given = first.confirmed("vpnx-00000001")
    kept = second.confirmed("vpnx-00000002")
    first.leases.give_back()
    (taken,) = second.claims.claim(9, [State.CONFIRMED])
    assert taken.deletion.deletion_id != kept.deletion.deletion_id
    with pytest.raises(LeaseLost):  # a step that hung until now sends nothing any more
        first.leases.check(given)


def test_many_claimers_at_once_never_get_the_same_row(patient: list[Replica]) -> None:
    """Six threads of three replicas take ninety deletions, three at a time: each is taken once."""
    asked = {patient[0].ledger.ask(ask(f"vpnx-{number:08}")) for number in range(90)}
    together = threading.Barrier(6)

    def claim_all(number: int) -> list[str]:
        together.wait(LATEST_S)
        claims, taken = patient[number % 3].claims, []
        while held := claims.claim(3, [State.ASKED]):
            taken += [one.deletion.deletion_id for one in held]
        return taken

    with ThreadPoolExecutor(6) as threads:
        taken = [one for some in threads.map(claim_all, range(6)) for one in some]
    # A claimer may see nothing free while others hold the last rows' locks; what it left is still due.
    taken += [one.deletion.deletion_id for one in patient[0].claims.claim(90, [State.ASKED])]
    assert sorted(taken) == sorted(asked)


def test_many_posters_at_once_never_get_the_same_post(patient: list[Replica]) -> None:
    """Likewise for what is to be said; a card's thread stays in its order."""
    for number in range(20):
        held = patient[0].confirmed(f"vpnx-{number:08}")
        says = [Saying(kind=kind, body={"text": kind}) for kind in ("accepted", "waiting")]
        patient[0].claims.advance(held, State.CONFIRMED, event="waiting", says=says, after_s=60)
    together = threading.Barrier(6)
    said: list[tuple[str, str]] = []

    def say_all(number: int) -> None:
        together.wait(LATEST_S)
        outbox = patient[number % 3].outbox
        deadline = time.monotonic() + LATEST_S
        while len(said) < 60 and time.monotonic() < deadline:
            for post in outbox.claim(2):
                said.append((post.card_id, post.kind))
                outbox.said(post, f"{post.post_id}.0")

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(say_all, range(6)))
    assert len(said) == len(set(said)) == 60
    for card_id in {card_id for card_id, _ in said}:
        assert [kind for card, kind in said if card == card_id] == ["card", "accepted", "waiting"]


def test_a_row_that_another_transaction_has_locked_is_skipped(postgres_url: str) -> None:
    """Nobody waits for a frozen replica's open transaction: the next row is taken instead."""
    with replicas_on(postgres_url) as (first, second, _):
        locked, free = (first.ledger.ask(ask(f"vpnx-0000000{number}")) for number in range(2))
        with first.database.write() as tx:
            row = select(deletions).where(deletions.c.deletion_id == locked)
            assert len(tx.connection.execute(row.with_for_update()).all()) == 1
            (held,) = second.claims.claim(9, [State.ASKED])
            assert held.deletion.deletion_id == free
        (held,) = second.claims.claim(9, [State.ASKED])
        assert held.deletion.deletion_id == locked


def test_who_froze_while_it_asked_for_the_time_does_not_go_by_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time would be ahead of everybody's, and every lease would look as if it had run out."""
    with replicas_on(postgres_url) as (living, frozen, _):
        living.leases.lease_s = 10 * LATEST_S
        living.confirmed()
        ticks = chain([100.0, 100.0 + 20 * LATEST_S], count(100.0 + 20 * LATEST_S))
        monkeypatch.setattr(bot.ledger.database, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
        with pytest.raises(LedgerUnavailable):
            frozen.claims.claim(1, [State.CONFIRMED])
        assert frozen.claims.claim(1, [State.CONFIRMED]) == []


def test_of_many_clicks_at_once_one_wins_and_all_learn_of_it(patient: list[Replica]) -> None:
    """Three replicas, two decisions, six people's clicks: one decision, and it never changes."""
    for number in range(10):
        first = patient[0]
        card_id = first.ledger.ask(ask(f"vpnx-{number:08}"))
        (asked,) = first.claims.claim(1, [State.ASKED])
        show(first.cards, asked, tunnel(f"vpnx-{number:08}"))
        together = threading.Barrier(6)

        def click(person: int, card_id: str = card_id, together: threading.Barrier = together) -> bool:
            together.wait(LATEST_S)
            decision = Decision.CONFIRM if person % 2 else Decision.CANCEL
            by = (ANA, BEN, CHEN)[person % 3]
            return (
                patient[person % 3]
                .ledger.decide(card_id, decision, by=by, rule=lambda _: ALLOWED, retry_for_s=RETRY_S)
                .won
            )

        with ThreadPoolExecutor(6) as people:
            won = list(people.map(click, range(6)))
        assert won.count(True) == 1
        winner = won.index(True)
        deletion = first.ledger.get(card_id)
        assert deletion is not None
        assert deletion.state is (State.CONFIRMED if winner % 2 else State.CANCELLED)
        assert deletion.decided_by == (ANA, BEN, CHEN)[winner % 3]
        first.ledger.stop(card_id, by=ANA)


def test_two_cards_of_one_tunnel_confirmed_at_once_start_one_deletion(patient: list[Replica]) -> None:
    """The second click is told what is under way."""
    cards = []
    for replica in patient:
        cards.append(replica.ledger.ask(ask()))
        (asked,) = replica.claims.claim(1, [State.ASKED])
        show(replica.cards, asked, TUNNEL)
    together = threading.Barrier(3)

    def confirm(number: int) -> tuple[bool, bool]:
        together.wait(LATEST_S)
        ledger = patient[number].ledger
        decided = ledger.decide(
            cards[number], Decision.CONFIRM, by=BEN, rule=lambda _: ALLOWED, retry_for_s=RETRY_S
        )
        return decided.won, decided.blocked_by is not None

    with ThreadPoolExecutor(3) as people:
        assert sorted(people.map(confirm, range(3))) == [(False, True), (False, True), (True, False)]


def test_a_batch_whose_last_deletions_end_at_once_has_one_summary(patient: list[Replica]) -> None:
    """Each of them sees the others still open until it has waited for them: somebody is the last."""
    tunnels = [f"vpnx-{number:08}" for number in range(6)]
    for _ in range(10):
        card_id = patient[0].ledger.ask(ask(*tunnels))
        (asked,) = patient[0].claims.claim(1, [State.ASKED])
        show(patient[0].cards, asked, *(tunnel(one) for one in tunnels))
        assert (
            patient[0]
            .ledger.decide(card_id, Decision.CONFIRM, by=BEN, rule=lambda _: ALLOWED, retry_for_s=RETRY_S)
            .won
        )
        patient[0].cards.clear(*patient[0].claims.claim(6, [State.CONFIRMED]))
        held = patient[0].claims.claim(6, [State.CONFIRMED])
        together = threading.Barrier(6)

        def end(number: int, held: list[Held] = held, together: threading.Barrier = together) -> None:
            together.wait(LATEST_S)
            patient[number % 3].claims.advance(held[number], State.REFUSED, event="refused")

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(end, range(6)))
        with patient[0].database.read() as tx:
            of_card = select(posts.c.kind).where(posts.c.card_id == card_id)
            kinds = [kind for (kind,) in tx.connection.execute(of_card)]
        assert sorted(kinds) == ["card", "progress", "summary 0"]

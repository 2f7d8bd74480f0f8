"""Freezes: they hold for their scope, end by themselves, and outlive whoever placed them."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from bot.domain.model import Decision, Freeze
from bot.domain.policy import Verdict
from bot.ledger.database import Database
from bot.ledger.freezes import DRAWN_CARDS, Freezes, over
from bot.ledger.migrations import migrate
from bot.ledger.retention import Retention
from bot.ledger.tables import events, freezes, posts
from tests.ledger.opened import BEN, RETRY_S, TUNNEL, Replica

HERE, THERE = "vpngw-7lcl5331", "vpngw-ccn0q2w8"
CHANNELS = ("C0NETOPS001", "C0GENERAL01")
OTHER = replace(TUNNEL, tunnel_id="vpnx-k2m4n6p8", gateway_id=THERE)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, clock=time.time)
    migrate(database)
    yield database
    database.close()


def place(database: Database, scope: str, for_s: float = 3600, reason: str = "migration") -> Freeze:
    placed, _ = Freezes(database).place(
        scope=scope,
        until=database.now() + for_s,
        reason=reason,
        by="U0ANA000001",
        channel_id=CHANNELS[0],
        says=lambda freeze: {"text": freeze.scope},
        announce_to=CHANNELS,
    )
    return placed


def lift(database: Database, scope: str) -> list[Freeze]:
    return Freezes(database).lift(
        scope=scope,
        by="U0BEN000001",
        channel_id=CHANNELS[0],
        says=lambda lifted, by, left: {"text": f"{len(lifted)} by {by}, {len(left)} left"},
        announce_to=CHANNELS,
    )[0]


def covers(database: Database, *gateway_ids: str) -> Freeze | None:
    with database.read() as tx:
        return over(tx, gateway_ids)


def let_pass(database: Database, seconds: float) -> None:
    """Both databases tell the time themselves, so the freezes are made older."""
    with database.write() as tx:
        tx.connection.execute(update(freezes).values(until=freezes.c.until - seconds))


def queued(database: Database) -> list[tuple[str, str]]:
    with database.read() as tx:
        rows = tx.connection.execute(posts.select().order_by(posts.c.post_id)).mappings()
        return [(row["channel_id"], row["body"]) for row in rows]


def test_a_freeze_covers_its_gateway_and_all_covers_every_one(database: Database) -> None:
    """Of several that cover a card, the one that holds longest is named."""
    here = place(database, HERE)
    assert covers(database, THERE, HERE) == here
    assert covers(database, THERE) is None
    everywhere = place(database, "all", for_s=7200)
    assert covers(database, THERE) == covers(database, HERE) == everywhere
    assert [freeze.scope for freeze in Freezes(database).active()] == [HERE, "all"]


def test_it_holds_until_its_end_to_the_moment(first: Replica) -> None:
    """Then the card can be confirmed."""
    freeze = place(first.database, HERE, for_s=60)
    first.clock.now = freeze.until - 0.001
    assert covers(first.database, HERE) == freeze
    first.clock.now = freeze.until
    assert covers(first.database, HERE) is None


def test_over_one_gateway_of_a_card_it_holds_over_the_card(first: Replica) -> None:
    """Whichever of the tunnels is there; who confirms is told, and everybody sees it."""
    card = first.show(TUNNEL, OTHER)
    freeze = place(first.database, THERE)
    decided = first.ledger.decide(
        card,
        Decision.CONFIRM,
        by=BEN,
        rule=lambda asked: Verdict(allowed=asked.freeze is None, rule="frozen", freeze=asked.freeze),
        retry_for_s=RETRY_S,
    )
    assert decided.refusal is not None
    assert decided.refusal.freeze == freeze
    proposal, batch = first.ledger.proposal(card), first.ledger.batch(card, first=9)
    assert proposal is not None
    assert batch is not None
    assert (proposal.gateway_ids, proposal.freeze, batch.freeze) == ((HERE, THERE), freeze, freeze)


def test_the_open_cards_that_it_is_about_are_drawn_anew_and_no_others(first: Replica) -> None:
    """When it is placed and when it is lifted; a card of several too, whichever of its tunnels is there."""
    decided, here, both = first.show(OTHER), first.show(), first.show(TUNNEL, OTHER)
    first.decide(decided, Decision.CANCEL)

    def drawn() -> list[str]:
        held = first.outbox.claim(20)
        for post in held:
            first.outbox.said(post, f"1.{post.post_id}")
        return [post.card_id for post in held if post.kind == "card"]

    drawn()
    place(first.database, THERE)
    assert drawn() == [both]
    lift(first.database, THERE)
    assert drawn() == [both]
    place(first.database, "all")
    assert drawn() == [here, both]


def test_when_it_runs_out_its_cards_are_drawn_anew_once(first: Replica) -> None:
    """All of them, however many: Confirm comes back to them. Nothing is done before, nor twice."""
    cards = [first.show(replace(TUNNEL, tunnel_id=f"vpnx-{number:08}")) for number in range(DRAWN_CARDS + 5)]
    elsewhere = first.show(OTHER)
    freeze = place(first.database, HERE, for_s=60)

    def due() -> set[str]:
        return {
            row["card_id"]
            for row in first.rows(posts)
            if row["kind"] == "card" and row["shown"] < row["wanted"]
        }

    def all_shown() -> None:
        with first.database.write() as tx:
            tx.connection.execute(update(posts).values(shown=posts.c.wanted))

    all_shown()
    run_out = Freezes(first.database).run_out
    first.clock.now = freeze.until - 0.001
    assert (run_out(), due()) == (0, set())
    first.clock.now = freeze.until
    assert (run_out(), due()) == (1, set(cards))
    assert elsewhere not in due()
    all_shown()
    assert (run_out(), due()) == (0, set())
    assert [row["detail"] for row in first.rows(events) if row["kind"] == "freeze ran out"] == [HERE]


def test_what_was_lifted_does_not_run_out_too(first: Replica) -> None:
    """It has ended once."""
    freeze = place(first.database, HERE, for_s=60)
    lift(first.database, HERE)
    first.clock.now = freeze.until + 1
    assert Freezes(first.database).run_out() == 0


def test_it_ends_by_itself_and_is_forgotten_in_the_end(database: Database) -> None:
    """Without anybody's doing."""
    place(database, HERE, for_s=60)
    let_pass(database, 61)
    assert (covers(database, HERE), Freezes(database).active()) == (None, [])
    assert lift(database, HERE) == []
    let_pass(database, 1_000)
    assert Retention(database, keep_s=900).remove_some(10) == 1


def test_it_outlives_its_process(database: Database, database_url: str) -> None:
    """It is a row."""
    frozen = place(database, "all")
    successor = Database(database_url, clock=time.time)
    assert Freezes(successor).active() == [frozen]
    successor.close()


def test_lifting_ends_every_freeze_of_exactly_that_scope(database: Database) -> None:
    """A freeze of a gateway stays when the one of all is lifted."""
    place(database, HERE)
    place(database, "all")
    place(database, "all", for_s=7200)
    assert [freeze.scope for freeze in lift(database, "all")] == ["all", "all"]
    assert [freeze.scope for freeze in Freezes(database).active()] == [HERE]


def test_placing_and_lifting_are_told_and_kept(database: Database) -> None:
    """In every channel once, as messages of their own; in the audit trail with who and where."""
    place(database, HERE)
    lift(database, HERE)
    said = [
        (channel, text)
        for text in (f'{{"text": "{HERE}"}}', '{"text": "1 by U0BEN000001, 0 left"}')
        for channel in CHANNELS
    ]
    assert queued(database) == said
    with database.read() as tx:
        rows = tx.connection.execute(events.select()).all()
    trail = [(row.kind, row.actor, row.channel_id) for row in rows]
    assert rows[0].detail.startswith(f"{HERE} until 2")
    assert rows[0].detail.endswith(": migration")
    assert trail == [
        ("frozen", "U0ANA000001", CHANNELS[0]),
        ("unfrozen", "U0BEN000001", CHANNELS[0]),
    ]

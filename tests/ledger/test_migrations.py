"""The schema is numbered: a ledger is brought to the newest version once, and older bots leave it alone."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, text

from bot.domain.model import Decision, State, Tier
from bot.domain.policy import Verdict
from bot.errors import BadSettings, BotError
from bot.ledger.database import Database
from bot.ledger.migrations import MIGRATIONS, migrate
from bot.ledger.store import Ledger
from bot.ledger.tables import metadata
from bot.rehearsal.stage import Stage
from tests.ledger import frozen

NEWEST = len(MIGRATIONS) + 1
AT_ONCE = 4
START_TIMEOUT_S = 30
CANNOT_START = 2
ROUNDS = 30
OLD_ROW = """
    INSERT INTO deletions (deletion_id, card_id, state, tunnel_id, region, reason, channel_id, requester_id,
                           asked_at, next_at, expires_at)
    VALUES ('old', 'old', 'pending', 'vpnx-p0j11j28', 'ap-guangzhou', '', 'C0NETOPS001', 'U0ANA000001',
            1, 2, 2e9)
"""


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url, clock=time.time)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.read() as tx:
        return [tuple(row) for row in tx.connection.execute(text(query))]


def versions(database: Database) -> list[object]:
    return [version for (version,) in rows(database, "SELECT version FROM schema_versions ORDER BY version")]


def schema(database: Database) -> dict[str, object]:
    """Each table's columns, key and indexes as they stand in the database; not the numbers. table."""

    def plain(found: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
        return {one["name"]: [str(value) for value in one.values()] for one in found}

    with database.read() as tx:
        look = inspect(tx.connection)
        return {
            table: (
                plain(look.get_columns(table)),
                look.get_pk_constraint(table)["constrained_columns"],
                plain({**index.pop("dialect_options", {}), **index} for index in look.get_indexes(table)),
            )
            for table in look.get_table_names()
            if table != "schema_versions"
        }


def make_version_1(database: Database) -> None:
    with database.write() as tx:
        for statement in frozen.version_1(tx.connection.dialect.name):
            tx.connection.execute(text(statement))


def add_note(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE deletions ADD COLUMN note TEXT"))


def fill_note(connection: Connection) -> None:
    connection.execute(text("UPDATE deletions SET note = 'kept'"))


def break_halfway(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE deletions ADD COLUMN half TEXT"))
    raise RuntimeError("halfway")


def test_an_empty_database_gets_every_table_and_the_newest_number(database: Database) -> None:
    """In one go; a second start changes nothing."""
    assert migrate(database) == NEWEST
    made = schema(database)
    assert set(made) == set(metadata.tables)
    assert migrate(database) == NEWEST
    assert (versions(database), schema(database)) == ([NEWEST], made)


def test_the_migrations_lead_from_the_first_version_to_the_tables_as_they_are_now(database: Database) -> None:
    """Whoever changes tables.py without a migration sees this one fail.

    While version 1 is unreleased, `python -m tests.ledger.frozen` is the other way out.
    """
    make_version_1(database)
    assert migrate(database) == NEWEST
    migrated = schema(database)
    with database.write() as tx:
        for table in [*migrated, "schema_versions"]:
            tx.connection.execute(text(f"DROP TABLE {table}"))
    migrate(database)
    assert migrated == schema(database)


def test_an_older_ledger_gets_each_later_migration_once_and_keeps_its_rows(database: Database) -> None:
    """In their order, from whatever version it has."""
    make_version_1(database)
    with database.write() as tx:
        tx.connection.execute(text(OLD_ROW))
    assert migrate(database, [add_note]) == 2
    assert migrate(database, [add_note, fill_note]) == 3
    assert migrate(database, [add_note, fill_note]) == 3
    assert versions(database) == [1, 2, 3]
    assert rows(database, "SELECT deletion_id, note FROM deletions") == [("old", "kept")]


def test_a_card_that_showed_no_stake_expires_with_the_upgrade(database: Database) -> None:
    """Nobody confirms what a card of version 1 didn't show; its row can be read nevertheless."""
    make_version_1(database)
    with database.write() as tx:
        tx.connection.execute(text(OLD_ROW))
    migrate(database)
    ledger = Ledger(database)
    old = ledger.get("old")
    assert old is not None
    assert (old.state, old.tier, old.stake, old.expires_at) == (State.PENDING, Tier.LOW, None, 0)
    verdict = Verdict(allowed=True, rule="anybody")
    decided = ledger.decide(
        "old", Decision.CONFIRM, by="U0BEN000001", rule=lambda _: verdict, retry_for_s=300
    )
    assert not decided.won


def test_a_migration_that_breaks_leaves_everything_as_it_was(database: Database) -> None:
    """All or nothing: the next start begins where this one began."""
    make_version_1(database)
    before = schema(database)
    with pytest.raises(RuntimeError, match="halfway"):
        migrate(database, [add_note, break_halfway])
    assert (versions(database), schema(database)) == ([1], before)
    assert migrate(database, [add_note, fill_note]) == 3


def migrate_each(urls: list[str], together: Barrier, said: "Queue[int | str]") -> None:
    """What one of several processes does; `together` lets them all begin at the same moment."""
    for url in urls:
        together.wait(START_TIMEOUT_S)
        with opened(url) as database:
            try:
                said.put(migrate(database))
            except BotError as error:
                said.put(str(error))


def test_replicas_that_start_at_once_migrate_once(database_url: str) -> None:
    """Four processes on an empty database, again and again on SQLite: one makes it, and all can use it."""
    urls = [database_url]
    if database_url.startswith("sqlite"):
        urls = [f"{database_url}-{number}" for number in range(ROUNDS)]
    fresh = get_context("spawn")
    together, said = fresh.Barrier(AT_ONCE), fresh.Queue()
    replicas = [fresh.Process(target=migrate_each, args=(urls, together, said)) for _ in range(AT_ONCE)]
    for replica in replicas:
        replica.start()
    answers = [said.get(timeout=START_TIMEOUT_S) for _ in range(AT_ONCE * len(urls))]
    for replica in replicas:
        replica.join(START_TIMEOUT_S)
    assert answers == [NEWEST] * len(answers)
    for url in urls:
        with opened(url) as database:
            assert versions(database) == [NEWEST]


def test_replicas_that_start_at_once_apply_each_migration_once(database_url: str) -> None:
    """Adding a column twice would fail, and so would a number twice."""
    with opened(database_url) as database:
        make_version_1(database)
    together = threading.Barrier(AT_ONCE)

    def start(_: int) -> int:
        with opened(database_url) as database:
            together.wait(START_TIMEOUT_S)
            return migrate(database, [add_note, fill_note])

    with ThreadPoolExecutor(AT_ONCE) as replicas:
        assert list(replicas.map(start, range(AT_ONCE))) == [3] * AT_ONCE
    with opened(database_url) as database:
        assert versions(database) == [1, 2, 3]


def test_an_older_bot_refuses_a_newer_ledger_and_changes_nothing(database: Database) -> None:
    """The sentence names both numbers and what to do."""
    migrate(database, [*MIGRATIONS, add_note])
    before = schema(database)
    with pytest.raises(BadSettings) as refusal:
        migrate(database)
    assert str(refusal.value) == (
        f"The ledger was written by a newer vpn-bot (schema {NEWEST + 1}; this one knows {NEWEST}). "
        "Upgrade this copy; nothing was changed."
    )
    assert (versions(database), schema(database)) == ([NEWEST + 1], before)


def test_vpn_bot_run_exits_2_and_says_why_on_a_newer_ledger(database_url: str) -> None:
    """As a process, as it is deployed."""
    with opened(database_url) as database:
        migrate(database, [*MIGRATIONS, add_note])
    with Stage(settings={"VPN_BOT_DATABASE_URL": database_url}) as stage:
        bot = stage.start_bot(wait=False)
        assert bot.wait(START_TIMEOUT_S) == CANNOT_START
        assert "vpn-bot can't start" in bot.log_text
        assert "written by a newer vpn-bot" in bot.log_text
        assert "Traceback" not in bot.log_text
        assert stage.slack.traffic == ()

"""SQLite as the ledger opens it: on disk at every commit, whole or not at all, and clear when it can't."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from bot.errors import BadSettings, LedgerUnavailable
from bot.ledger import database as database_module
from bot.ledger.database import Database
from bot.ledger.tables import events
from tests.ledger.opened import T0, Clock, Replica, ask

CANARY = "canary-password"


def _break(_done: object) -> None:
    raise ZeroDivisionError


def pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the whole file."""
    other = sqlite3.connect(path, isolation_level=None)
    # Under WAL, EXCLUSIVE keeps writers out; readers see what was there before.
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that wait 50 ms for a lock."""
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 50)


def test_every_connection_writes_ahead_and_syncs_every_commit(first: Replica) -> None:
    """WAL and synchronous=FULL (2), on the first connection and on each that is opened beside it."""
    with first.database.read() as one, first.database.read() as two, first.database.write() as three:
        connections = [tx.connection for tx in (one, two, three)]
        assert len({id(connection.connection.dbapi_connection) for connection in connections}) == 3
        for connection in connections:
            assert pragma(connection, "journal_mode") == "wal"
            assert pragma(connection, "synchronous") == 2
            assert 0 < int(str(pragma(connection, "busy_timeout"))) <= 2_000


def test_what_raises_half_way_is_not_written(first: Replica) -> None:
    """Whatever raises; the next transaction finds nothing of it and goes through."""
    with pytest.raises(ZeroDivisionError), first.database.write() as tx:
        _break(tx.connection.execute(events.insert().values(at=tx.now, kind="half")))
    assert first.events() == []
    first.ledger.ask(ask())
    assert first.events() == ["asked"]


def test_a_transaction_has_one_time_from_the_clock_that_was_passed_in(first: Replica) -> None:
    """Everything in it happens at once."""
    with first.database.write() as tx:
        first.clock.now += 5
        assert tx.now == T0
    with first.database.read() as later:
        assert later.now == T0 + 5


def test_two_processes_on_one_file_see_each_others_commits_and_nothing_sooner(
    first: Replica, second: Replica
) -> None:
    """A reader isn't kept waiting by a writer, and sees what was there before."""
    with first.database.write() as tx:
        tx.connection.execute(events.insert().values(at=tx.now, kind="seen"))
        assert second.events() == []
    assert second.events() == ["seen"]


def test_writers_of_two_processes_queue_and_all_get_through(first: Replica, second: Replica) -> None:
    """Eight threads, no “database is locked”."""

    def write(number: int) -> str:
        return (first, second)[number % 2].ledger.ask(ask())

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(write, range(80)))) == 80
    assert len(first.events()) == 80


def test_a_reader_is_not_kept_waiting_by_a_writer_of_the_same_process(first: Replica) -> None:
    """The lock between writers isn't the readers'."""
    with first.database.write(), ThreadPoolExecutor(1) as thread:
        assert thread.submit(first.events).result(5) == []


@pytest.mark.usefixtures("impatient")
def test_a_locked_file_is_unavailable_for_writing_and_heals_by_itself(path: Path, first: Replica) -> None:
    """Nothing was done while it was locked; after that everything works without a restart."""
    with locked(path):
        with pytest.raises(LedgerUnavailable, match="locked"):
            first.ledger.ask(ask())
        assert first.events() == []
    first.ledger.ask(ask())
    assert first.events() == ["asked"]


def test_a_full_disk_is_unavailable_and_leaves_the_ledger_whole(first: Replica) -> None:
    """The file may grow no more: what doesn't fit isn't written, what was there is."""
    first.ledger.ask(ask())
    with first.database.write() as tx:
        limit = f"PRAGMA max_page_count = {pragma(tx.connection, 'page_count')}"
        tx.connection.exec_driver_sql(limit)
    with pytest.raises(LedgerUnavailable, match="full"):
        first.ledger.refuse(actor="U0X", channel_id="C0X", rule="x" * 100_000)
    assert first.events() == ["asked"]
    with first.database.read() as tx:
        assert pragma(tx.connection, "integrity_check") == "ok"


@pytest.mark.parametrize("kind", ["a directory", "no database"])
def test_a_file_that_cannot_be_a_ledger_is_unavailable(tmp_path: Path, kind: str) -> None:
    """A sentence of ours, not a traceback of the driver's."""
    path = tmp_path / "ledger.sqlite3"
    if kind == "a directory":
        path.mkdir()
    else:
        path.write_text("this is no database, and much longer than a header. " * 40)
    with pytest.raises(LedgerUnavailable):
        Replica.open(path, Clock())


def test_a_ledger_without_its_tables_is_unavailable(tmp_path: Path) -> None:
    """As when somebody put an empty file in its place."""
    database = Database(f"sqlite:///{tmp_path / 'empty.sqlite3'}", clock=Clock())
    with pytest.raises(LedgerUnavailable, match="no such table"), database.read() as tx:
        tx.connection.execute(events.select())


def test_an_error_of_the_database_names_no_values(first: Replica) -> None:
    """The driver's own sentence; neither the statement nor what was to be written."""
    with pytest.raises(LedgerUnavailable) as caught, first.database.write() as tx:
        tx.connection.execute(text("INSERT INTO missing VALUES (:secret)"), {"secret": CANARY})
    assert CANARY not in str(caught.value)
    assert "INSERT" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_folders_of_the_file_are_made(tmp_path: Path) -> None:
    """A first start needs no preparation."""
    path = tmp_path / "new" / "state" / "ledger.sqlite3"
    Replica.open(path, Clock()).database.close()
    assert path.is_file()


@pytest.mark.parametrize(
    "url",
    [
        "ledger.sqlite3",
        f"mysql://user:{CANARY}@127.0.0.1/vpn",
        f"oracle://user:{CANARY}@127.0.0.1/vpn",
        f"sqlite+nodriver:///{CANARY}",
        f"postgresql+nodriver://user:{CANARY}@127.0.0.1/vpn",
        f"postgresql://user:{CANARY}@127.0.0.1:port/vpn",
        "",
        "sqlite://",
        "sqlite:///:memory:",
    ],
    ids=[
        *("no url", "mysql", "oracle", "sqlite driver", "postgres driver", "port", "empty"),
        *("no file", "memory"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_sentence_that_names_the_setting(url: str) -> None:
    """It says what to write instead, and holds nothing of a password."""
    with pytest.raises(BadSettings, match="VPN_BOT_DATABASE_URL") as caught:
        Database(url, clock=Clock())
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("kind", ["mysql", "oracle", "mssql+pyodbc", "nosuch"])
def test_another_database_is_said_to_be_none_that_is_supported(kind: str) -> None:
    """Whether its driver is installed, or known at all, makes no difference."""
    with pytest.raises(BadSettings, match="only these two are supported") as caught:
        Database(f"{kind}://user:{CANARY}@127.0.0.1/vpn", clock=Clock())
    assert "Error" not in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_a_sentence_that_names_the_setting(tmp_path: Path) -> None:
    """As when a file stands where the folder should."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSettings, match="VPN_BOT_DATABASE_URL"):
        Database(f"sqlite:///{tmp_path / 'file' / 'ledger.sqlite3'}", clock=Clock())


def test_what_goes_wrong_shows_no_values(path: Path) -> None:
    """A response_url, or somebody's reason, would end in the log."""
    database = Database(f"sqlite:///{path}", clock=Clock())
    with database.write() as tx:
        tx.connection.execute(text("CREATE TABLE once (word TEXT PRIMARY KEY)"))
        say = text("INSERT INTO once VALUES (:word)")
        tx.connection.execute(say, {"word": CANARY})
        with pytest.raises(IntegrityError) as caught:
            tx.connection.execute(say, {"word": CANARY})
    assert CANARY not in str(caught.value)
    database.close()

"""Opening the ledger's database, and one transaction at a time on it."""

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import BadSettings, LedgerUnavailable, LedgerUnclear
from bot.ledger.watch import Watch

if TYPE_CHECKING:
    from bot.ledger.postgres import Postgres

BUSY_TIMEOUT_MS = 2_000
WAL_RETRY_S = 0.01
BUSY_STEP_MS = 200  # it is set anew only when it has changed by so much
POOL_TIMEOUT_S = 1.0
# The server's time is asked for this often; in between the monotonic clock, which nobody sets, tells it.
ASK_TIME_EVERY_S = 5.0
TOLD_WITHIN_S = 1.0
_TURN = text("SELECT pg_advisory_xact_lock(:key)")
_TURN_KEY = 0x63617264  # any number that is no other lock's, and every replica's
_CONNECT = {"connect_timeout": 2, "tcp_user_timeout": 2_000}  # seconds, and ms
# What SQLite says of a COMMIT of which nothing can be on disk: its last page was never written.
_SURELY_NOT = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_READONLY", "SQLITE_IOERR_WRITE")


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction and the one time that everything in it happens at (epoch seconds)."""

    connection: Connection
    now: float


class Database:
    """SQLite (a file, WAL, synchronous=FULL) or PostgreSQL behind the same text.

    On SQLite the passed clock tells the time; on PostgreSQL the server's, so that replicas agree.
    Errors of the database become LedgerUnavailable: the transaction was rolled back, nothing was done. Where
    only the answer to COMMIT was lost, and a look can't tell either, it is LedgerUnclear.
    """

    def __init__(self, url: str, *, clock: Callable[[], float]) -> None:
        self._watch = Watch()
        self._clock: Callable[[], float] = lambda: self._watch.seen(clock())
        # When, by the monotonic clock, the server was asked for its time, and what it said.
        self._asked = (-math.inf, 0.0)
        self._engine = _engine(url)
        self._postgres = _postgres(self._engine)
        # SQLite has one writer; queueing here is fair, its own busy handler sleeps in growing steps.
        self._writing = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One atomic change: committed (and on disk) when the block ends, rolled back when it raises."""
        with _translated():
            if self._postgres:
                with self._engine.connect() as connection:
                    mark = self._postgres.begin(connection)
                    yield Transaction(connection, self._server_time(connection))
                    self._postgres.commit(connection, mark)
                return
            with self._turn() as left_ms, self._engine.connect() as connection:
                if connection.info.get("busy_ms", BUSY_TIMEOUT_MS) != left_ms:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout = {left_ms}")
                    connection.info["busy_ms"] = left_ms
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield Transaction(connection, self._clock())
                _commit_file(connection)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A look without a lock."""
        with _translated(), self._engine.connect() as connection:
            if self._postgres:
                self._postgres.begin_to_read(connection)
            yield Transaction(connection, self._server_time(connection) if self._postgres else self._clock())

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[int]:
        """One writer at a time; gives how many ms of its wait are left for writers of other processes."""
        began = time.monotonic()
        if not self._writing.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise LedgerUnavailable("other writes of this process don't come to an end")
        try:
            left_ms = BUSY_TIMEOUT_MS - (time.monotonic() - began) * 1000
            yield max(0, math.ceil(left_ms / BUSY_STEP_MS) * BUSY_STEP_MS)
        finally:
            self._writing.release()

    @property
    def set_ahead_at(self) -> float:
        """The time right after the clock was last seen to leap ahead; -inf where it never was."""
        return self._watch.set_ahead_at

    @property
    def set_back(self) -> bool:
        """Whether the clock was set back, or may have been before this process began to look."""
        return self._watch.set_back

    @set_back.setter
    def set_back(self, value: bool) -> None:
        self._watch.set_back = value

    def now(self) -> float:
        """The ledger's time without asking: as of the last transaction, and what has passed since."""
        if not self._postgres:
            return self._clock()
        asked_at, server_time = self._asked
        return server_time + time.monotonic() - asked_at

    def _server_time(self, connection: Connection) -> float:
        asked_at = time.monotonic()
        if asked_at - self._asked[0] > ASK_TIME_EVERY_S:
            asked = select(func.extract("epoch", func.clock_timestamp()))
            server_time = float(connection.execute(asked).scalar_one())
            # Whoever was frozen meanwhile would be ahead of the others, and take their rows from them.
            if time.monotonic() - asked_at > TOLD_WITHIN_S:
                raise LedgerUnavailable("the database took too long to tell the time")
            self._asked = (asked_at, self._watch.seen(server_time))
        return self.now()


def take_turn(tx: Transaction) -> None:
    """Wait until no other change that took a turn runs, in any replica; the turn ends with the transaction.

    For those that write many rows: two of them would wait for each other. On SQLite every change runs alone.
    """
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(_TURN, {"key": _TURN_KEY})


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as exc:
        raise LedgerUnavailable(_said(exc)) from None
    except PoolTimeout:
        raise LedgerUnavailable("every connection to the database is in use") from None


def _said(exc: DBAPIError) -> str:
    """The driver's text only: SQLAlchemy's own adds the statement and its values."""
    return f"{type(exc.orig).__name__}: {exc.orig}"


def _commit_file(connection: Connection) -> None:
    try:
        connection.commit()
    except DBAPIError as exc:
        # The last page may be there, and only its sync have failed: then the next process finds a commit.
        if getattr(exc.orig, "sqlite_errorname", "").startswith(_SURELY_NOT):
            raise
        raise LedgerUnclear(f"COMMIT failed ({_said(exc)})") from None


def _postgres(engine: Engine) -> "Postgres | None":
    if engine.dialect.name != "postgresql":
        return None
    from bot.ledger.postgres import Postgres  # its driver is an extra

    return Postgres(engine)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise BadSettings(
                "VPN_BOT_DATABASE_URL names neither SQLite nor PostgreSQL; only these two are supported. "
                "Write sqlite:////path/to/ledger.sqlite3, or postgresql://user@host/name."
            )
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite":
            _make_folder(parsed.database)
        is_postgres = parsed.get_backend_name() == "postgresql"
        # No pre-ping: it would cost every transaction a round trip (0.1 ms on loopback). The worker's polls
        # find a dead connection first, and then SQLAlchemy drops them all.
        options: dict[str, Any] = {}
        if is_postgres:
            # Transactions are begun and committed by hand, so the driver must not begin its own.
            options = {"isolation_level": "AUTOCOMMIT", "pool_timeout": POOL_TIMEOUT_S}
            options["connect_args"] = _CONNECT
        engine = create_engine(parsed, hide_parameters=True, **options)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, OSError, ValueError) as exc:
        raise BadSettings(
            "VPN_BOT_DATABASE_URL can't be used; write sqlite:////path/to/ledger.sqlite3, or "
            "postgresql://user@host/name with the extra “postgres” installed "
            f"({type(exc).__name__})."
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_folder(file: str | None) -> None:
    if file in (None, "", ":memory:"):
        raise ValueError("a ledger that no file keeps")
    Path(str(file)).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # Transactions are begun by hand (BEGIN IMMEDIATE), so the driver must not begin its own.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    _write_ahead(connection)
    # FULL: a commit is on disk before the ack, whatever happens to the machine's power.
    connection.execute("PRAGMA synchronous = FULL")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL.

    While another process does the same, this fails at once: SQLite's busy time-out doesn't count here.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(WAL_RETRY_S)
        else:
            return

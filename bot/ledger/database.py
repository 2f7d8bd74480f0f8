"""Opening the ledger's database, and one transaction at a time on it."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import BadSettings, LedgerUnavailable

BUSY_TIMEOUT_MS = 2_000
# A database that hangs must not take a listener past Slack's three seconds.
_POSTGRES_LIMITS = {
    "connect_timeout": 2,
    "tcp_user_timeout": 2_000,
    "options": "-c statement_timeout=2000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=5000",
}


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction and the one time that everything in it happens at (epoch seconds)."""

    connection: Connection
    now: float


class Database:
    """SQLite (a file, WAL, synchronous=FULL) or PostgreSQL behind the same text.

    On SQLite the passed clock tells the time; on PostgreSQL the server's, so that replicas agree.
    Errors of the database become LedgerUnavailable: the transaction was rolled back, nothing was done.
    """

    def __init__(self, url: str, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._engine = _engine(url)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        # SQLite has one writer; queueing here is fair, its own busy handler sleeps in growing steps.
        self._writing = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One atomic change: committed (and on disk) when the block ends, rolled back when it raises."""
        with _translated():
            if not self._is_sqlite:
                with self._engine.begin() as connection:
                    yield Transaction(connection, self._server_time(connection))
                return
            with self._writing, self._engine.connect() as connection:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield Transaction(connection, self._clock())
                connection.commit()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A look without a lock."""
        with _translated(), self._engine.connect() as connection:
            yield Transaction(connection, self._clock() if self._is_sqlite else self._server_time(connection))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @staticmethod
    def _server_time(connection: Connection) -> float:
        return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as exc:
        # The driver's text only: SQLAlchemy's own adds the statement and its values.
        raise LedgerUnavailable(f"{type(exc.orig).__name__}: {exc.orig}") from None


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        is_postgres = parsed.get_backend_name() == "postgresql"
        engine = create_engine(parsed, connect_args=_POSTGRES_LIMITS if is_postgres else {})
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, OSError) as exc:
        raise BadSettings(
            "VPN_BOT_DATABASE_URL can't be used; write sqlite:////path/to/ledger.sqlite3, or "
            "postgresql://user@host/name with the extra “postgres” installed "
            f"({type(exc).__name__})."
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    elif engine.dialect.name != "postgresql":
        raise BadSettings(
            "VPN_BOT_DATABASE_URL names neither SQLite nor PostgreSQL; only these two are supported."
        )
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # Transactions are begun by hand (BEGIN IMMEDIATE), so the driver must not begin its own.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit is on disk before the ack, whatever happens to the machine's power.
    connection.execute("PRAGMA synchronous = FULL")

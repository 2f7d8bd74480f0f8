"""PostgreSQL: time-outs that hold behind a pooling proxy too, and what became of a COMMIT without an answer.

A pooler in transaction mode, such as PgBouncer, gives each transaction any of its connections: what is set or
prepared on one is missing on the next, or meets somebody else. So nothing is kept on such a connection.
"""

import logging
import time
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from psycopg import Connection as Driver
from psycopg import Error, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import LedgerUnavailable, LedgerUnclear

# A database that hangs must not take a listener past Slack's three seconds.
_LIMITS = {"statement_timeout": 2_000, "lock_timeout": 2_000, "idle_in_transaction_session_timeout": 1_500}
# A pooler keeps what it can't pass on, for minutes: nothing but the own clock cuts that.
ANSWER_WITHIN_S = 2.4
PREPARE_AFTER = 5  # psycopg's own number
# When the last look at a lost COMMIT may begin, and end: with the time for connecting, below three seconds.
LOOK_BEFORE_S, LOOK_UNTIL_S = 0.8, 2.0
LOOK_AGAIN_S = 0.05
_POOLED, _SERVER = "pooled", "server"
# One message and one answer: statements before BEGIN belong to the transaction that it begins.
_BEGIN = b"SELECT txid_current(); BEGIN"
_LIMITED = "".join(f"; SET LOCAL {name} = {value}" for name, value in _LIMITS.items())
_BEGIN_LIMITED = _BEGIN + _LIMITED.encode()
_STATUS = text("SELECT txid_status(CAST(:txid AS bigint)), pg_postmaster_start_time()::text")
_NO_TRANSACTION = "25"  # the class of SQLSTATE
_ENDED = {"committed": True, "aborted": False}
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a transaction is known by later. began: on the monotonic clock; server: since when it runs."""

    txid: int
    server: str
    began: float


class _Connection(Driver[TupleRow]):
    """A connection that no statement waits on for longer than a listener can."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, timeout or ANSWER_WITHIN_S)
        except OperationalError:
            if self.info.transaction_status is TransactionStatus.ACTIVE:
                self.close()  # an answer that comes now would be taken for the next one's
            raise


class Postgres:
    """Transactions on an engine whose driver begins none of its own (AUTOCOMMIT)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        event.listen(engine, "do_connect", _connect)
        event.listen(engine, "connect", _prepare)

    def begin(self, connection: Connection) -> Mark:
        """Begin a transaction, in one round trip. Raises LedgerUnavailable."""
        began = time.monotonic()
        # By the driver itself: every write begins with this, and SQLAlchemy's way would cost it 0.1 ms more.
        driver = cast(Driver[TupleRow], connection.connection.dbapi_connection)
        try:
            found = driver.execute(_BEGIN_LIMITED if connection.info[_POOLED] else _BEGIN).fetchone()
        except Error as exc:
            connection.invalidate(exc)
            self._engine.dispose()  # the others are as old as this one
            raise LedgerUnavailable(f"{type(exc).__name__}: {exc}") from None
        assert found is not None  # noqa: S101  # it selects one row
        return Mark(txid=found[0], server=connection.info[_SERVER], began=began)

    def begin_to_read(self, connection: Connection) -> None:
        """Give what is read its time-outs; a direct connection has them, and needs no transaction."""
        if connection.info[_POOLED]:
            connection.exec_driver_sql(f"BEGIN READ ONLY{_LIMITED}")

    def commit(self, connection: Connection, mark: Mark) -> None:
        """Commit; where the answer is lost, look what became of it. Raises LedgerUnclear, DBAPIError."""
        try:
            connection.commit()
        except DBAPIError as exc:
            # The server answered: it was rolled back, now or, where it had waited for too long, before.
            if not exc.connection_invalidated or _had_ended(exc):
                raise
            found = self._was_committed(mark)
            if found is None:
                raise LedgerUnclear(f"no answer to COMMIT ({type(exc.orig).__name__}: {exc.orig})") from None
            if not found:
                raise
            log.warning("the answer to a COMMIT was lost; it took place")

    def _was_committed(self, mark: Mark) -> bool | None:
        """None where it can't be told in time."""
        while time.monotonic() < mark.began + LOOK_BEFORE_S:
            try:
                return self._look(mark)
            except (DBAPIError, PoolTimeout):
                time.sleep(LOOK_AGAIN_S)
        return None

    def _look(self, mark: Mark) -> bool | None:
        with self._engine.connect() as connection:
            self.begin_to_read(connection)
            while time.monotonic() < mark.began + LOOK_UNTIL_S:
                status, server = connection.execute(_STATUS, {"txid": mark.txid}).one()
                # Another server, a standby that took over, may have given the same number to another.
                if server != mark.server:
                    return None
                if status != "in progress":
                    return _ENDED.get(status)
                time.sleep(LOOK_AGAIN_S)
        return None


def _had_ended(exc: DBAPIError) -> bool:
    return (getattr(exc.orig, "sqlstate", None) or "").startswith(_NO_TRANSACTION)


def _connect(_dialect: object, _entry: object, args: Any, named: Any) -> _Connection:
    return _Connection.connect(*args, prepare_threshold=None, **named)


def _prepare(connection: Driver[TupleRow], entry: ConnectionPoolEntry) -> None:
    # A pooler makes up the number that a direct connection's server process has.
    answered = connection.execute("SELECT pg_backend_pid(), pg_postmaster_start_time()::text").fetchone()
    process, entry.info[_SERVER] = answered or (0, "")
    entry.info[_POOLED] = process != connection.info.backend_pid
    if not entry.info[_POOLED]:
        connection.execute("; ".join(f"SET {name} = {value}" for name, value in _LIMITS.items()).encode())
        connection.prepare_threshold = PREPARE_AFTER

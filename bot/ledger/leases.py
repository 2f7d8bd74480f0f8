"""Which rows this process holds, and for how long it may be sure of that."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Table, and_, select, tuple_, update

from bot.errors import LeaseLost
from bot.ledger.database import Database, Transaction
from bot.ledger.rows import Held, HeldPost, released
from bot.ledger.tables import deletions, posts

LEASE_S = 3.0
# Which row, and the fence that it was claimed with; deletions have text for an id, posts have numbers.
_Lease = tuple[str | int, int]


class Leases:
    """What this process works on, by its own monotonic clock: a frozen one finds that it holds nothing."""

    def __init__(
        self,
        database: Database,
        *,
        owner: str,
        lease_s: float = LEASE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self.owner = owner
        self.lease_s = lease_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._working: set[_Lease] = set()
        self._renewed: frozenset[_Lease] = frozenset()
        self._renewed_until = 0.0
        self._left = False

    def until(self) -> float:
        """When a lease ends that is taken now."""
        return self._monotonic() + self.lease_s

    def begin(self, held: Iterable[Held | HeldPost]) -> None:
        """These were claimed: keep their leases alive."""
        with self._lock:
            self._working |= {_lease(one) for one in held}

    def end(self, held: Iterable[Held | HeldPost]) -> None:
        """Their steps are over. What is still leased stays so only until its lease runs out."""
        with self._lock:
            self._working -= {_lease(one) for one in held}

    def renew(self) -> None:
        """The heartbeat: what this process works on, and still holds, stays its own for `lease_s` more.

        Nothing else of its owner's is renewed: a row whose claim or step the database failed has to come
        free, or nobody would ever take it again.
        """
        with self._lock:
            working = self._working.copy()
        if not working:
            return
        until = self.until()
        kept: set[_Lease] = set()
        with self._database.write() as tx:
            for table, key, kind in (
                (deletions, deletions.c.deletion_id, str),
                (posts, posts.c.post_id, int),
            ):
                lease = tuple_(key, table.c.fence)
                mine = and_(table.c.owner == self.owner, table.c.lease_until > 0)
                these = lease.in_([one for one in working if isinstance(one[0], kind)])
                # Whatever somebody else is writing just now is left to the next heartbeat.
                free = select(key).where(mine, these).with_for_update(skip_locked=True)
                extended = update(table).where(key.in_(free)).values(lease_until=tx.now + self.lease_s)
                kept |= {
                    (row[0], row[1]) for row in tx.connection.execute(extended.returning(key, table.c.fence))
                }
        with self._lock:
            self._renewed, self._renewed_until = frozenset(kept), until

    def check(self, held: Held | HeldPost) -> None:
        """Raise LeaseLost where this process can no longer be sure that the row is its own.

        Asked right before an effect that can't be taken back.
        """
        lease, now = _lease(held), self._monotonic()
        with self._lock:
            renewed = lease in self._renewed and now < self._renewed_until
        if self._left or (now >= held.until and not renewed):
            raise LeaseLost(str(lease[0]))

    def give_back(self) -> None:
        """On the way out: let others take at once what this process still holds. It holds nothing then."""
        self._left = True
        with self._database.write() as tx:
            for table in (deletions, posts):
                tx.connection.execute(update(table).where(table.c.owner == self.owner).values(**released()))


def _lease(held: Held | HeldPost) -> _Lease:
    return (held.post_id if isinstance(held, HeldPost) else held.deletion.deletion_id), held.fence


def take(tx: Transaction, table: Table, rows: Any, leases: Leases) -> None:
    """Lease these rows to this process."""
    lease = {"owner": leases.owner, "lease_until": tx.now + leases.lease_s, "fence": table.c.fence + 1}
    tx.connection.execute(update(table).where(rows).values(**lease))

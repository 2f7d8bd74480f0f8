"""When the next cloud call may be sent: one line for all replicas, kept in the ledger's database."""

from sqlalchemy import and_, case

from bot.ledger.database import Database
from bot.ledger.rows import upsert
from bot.ledger.tables import paces

MOST_WAITING = 1_000


class Slots:
    """Evenly spaced slots, per key; the database's clock counts. Raises LedgerUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, key: str, gap_s: float, spare_s: float = 0.0) -> float:
        """Take the next free slot; returns in how many seconds it is, 0 or less for now.

        spare_s: an idle line gives its slots from so long ago, so that some may be taken at once.
        """
        return self._push(key, gap_s - spare_s, gap_s) - gap_s

    def pause(self, key: str, pause_s: float) -> None:
        """Let no slot begin for so many seconds."""
        self._push(key, pause_s, 0.0)

    def _push(self, key: str, first_s: float, more_s: float) -> float:
        """Move the key's next slot: to now + first_s, or by more_s where that is later; returns when."""
        with self._database.write() as tx:
            idle_until = tx.now + first_s
            # A line that is longer was written before the clock was set back: it is empty.
            is_line = paces.c.next_at < tx.now + MOST_WAITING * max(first_s, more_s)
            line = upsert(tx.connection.dialect.name, paces).values(key=key, next_at=idle_until)
            later = paces.c.next_at + more_s
            line = line.on_conflict_do_update(
                index_elements=[paces.c.key],
                set_={"next_at": case((and_(later > idle_until, is_line), later), else_=idle_until)},
            )
            return float(tx.connection.execute(line.returning(paces.c.next_at)).scalar_one()) - tx.now

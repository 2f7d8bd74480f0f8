"""A write that proves the ledger can be written and leaves nothing behind."""

from bot.ledger.database import Database
from bot.ledger.tables import events


def prove_writable(database: Database) -> None:
    """Write a row and take it back, in one transaction: on disk it costs what a click costs.

    Raises LedgerUnavailable when a click couldn't be kept now either.
    """
    with database.write() as tx:
        added = tx.connection.execute(events.insert().values(at=tx.now, kind="probe"))
        (event_id,) = added.inserted_primary_key or (None,)
        tx.connection.execute(events.delete().where(events.c.event_id == event_id))

"""After the clock was set back: what waits for a time that comes once more is due now instead."""

import logging
from typing import Any

from sqlalchemy import ColumnElement, Table, func, or_, update

from bot.domain.model import IN_FLIGHT, State
from bot.ledger.database import Database, take_turn
from bot.ledger.leases import LEASE_S
from bot.ledger.tables import deletions, posts

# By a clock that nobody set, nothing began later than now, and what was tried waits no longer than this.
AHEAD_S = 6.0
LONGEST_S = 120.0
_Clause = ColumnElement[Any]
log = logging.getLogger(__name__)


def put_right(database: Database) -> None:
    """Make due what would wait for too long; where the clock was not seen to be set back, do nothing.

    The steps themselves see to what is too late by then. Raises LedgerUnavailable; then call it again.
    """
    if not database.set_back:
        return
    tables: tuple[tuple[Table, _Clause, _Clause, _Clause], ...] = (
        (
            deletions,
            deletions.c.state.in_([State.ASKED.value, *(state.value for state in IN_FLIGHT)]),
            func.coalesce(deletions.c.decided_at, deletions.c.asked_at),
            or_(deletions.c.attempts > 0, deletions.c.sent_at.is_not(None)),
        ),
        (posts, posts.c.shown < posts.c.wanted, posts.c.created_at, posts.c.attempts > 0),
    )
    with database.write() as tx:
        take_turn(tx)
        found = 0
        for table, working, began, tried in tables:
            waits = or_(began > tx.now + AHEAD_S, tried & (table.c.next_at > tx.now + LONGEST_S))
            due = update(table).where(working, table.c.next_at > tx.now, waits).values(next_at=tx.now)
            found += tx.connection.execute(due).rowcount
            held = update(table).where(table.c.lease_until > tx.now + LONGEST_S)
            tx.connection.execute(held.values(lease_until=tx.now + LEASE_S))
    database.set_back = False
    if found:
        log.warning("the clock was set back: %d rows that waited for the old time are due now", found)

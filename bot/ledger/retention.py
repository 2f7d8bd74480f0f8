"""Forgetting what ended long ago, in small pieces."""

from typing import Any

from sqlalchemy import ColumnElement, Table, alias, and_, delete, exists, or_, select

from bot.ledger.database import Database, Transaction
from bot.ledger.freezes import about
from bot.ledger.tables import deletions, events, freezes, kits, paces, posts


class Retention:
    """Keeps what ended for `keep_s` seconds. Safe with several replicas; raises LedgerUnavailable."""

    def __init__(self, database: Database, *, keep_s: float) -> None:
        self._database = database
        self._keep_s = keep_s

    def remove_some(self, most: int) -> int:
        """Remove up to `most` old rows of each kind, with what belongs to them; returns how many.

        The search takes no lock, so it holds nobody up however large the ledger is.
        """
        with self._database.read() as tx:
            old = {table: _find(tx, table, tx.now - self._keep_s, most) for table in _OLD}
        if not any(old.values()):
            return 0
        with self._database.write() as tx:
            removed = _remove(tx, deletions, old[deletions])
            tx.connection.execute(delete(events).where(events.c.deletion_id.in_(removed)))
            # A card's id is its first deletion's.
            tx.connection.execute(delete(posts).where(posts.c.card_id.in_(removed)))
            tx.connection.execute(delete(kits).where(kits.c.deletion_id.in_(removed)))
            thawed = _remove(tx, freezes, old[freezes])
            tx.connection.execute(delete(posts).where(posts.c.card_id.in_([about(one) for one in thawed])))
            others = [_remove(tx, table, old[table]) for table in (events, paces)]
            return len(removed) + len(thawed) + sum(map(len, others))


def _is_old_deletion(before: float) -> ColumnElement[bool]:
    """It ended before then, and so did its whole card; nothing about it is still to be said."""
    other = alias(deletions)
    later = or_(other.c.ended_at.is_(None), other.c.ended_at >= before)
    unfinished = exists().where(other.c.card_id == deletions.c.card_id, later)
    unsaid = exists().where(posts.c.card_id == deletions.c.card_id, posts.c.shown < posts.c.wanted)
    return and_(deletions.c.ended_at < before, ~unfinished, ~unsaid)


def _is_old_event(before: float) -> ColumnElement[bool]:
    """It happened before then and belongs to no deletion; the others go with theirs."""
    its_own = exists().where(deletions.c.deletion_id == events.c.deletion_id)
    return and_(events.c.at < before, ~its_own)


def _is_old_pace(before: float) -> ColumnElement[bool]:
    return paces.c.next_at < before


def _is_old_freeze(before: float) -> ColumnElement[bool]:
    return freezes.c.until < before


_OLD = {deletions: _is_old_deletion, events: _is_old_event, paces: _is_old_pace, freezes: _is_old_freeze}


def _find(tx: Transaction, table: Table, before: float, most: int) -> list[Any]:
    (key,) = table.primary_key
    return list(tx.connection.execute(select(key).where(_OLD[table](before)).limit(most)).scalars())


def _remove(tx: Transaction, table: Table, ids: list[Any]) -> list[Any]:
    """Remove these rows, but for those that another replica is removing; returns which."""
    (key,) = table.primary_key
    locked = select(key).where(key.in_(ids)).with_for_update(skip_locked=True)
    mine = list(tx.connection.execute(locked).scalars())
    tx.connection.execute(delete(table).where(key.in_(mine)))
    return mine

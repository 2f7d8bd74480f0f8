"""What happened: deletions, newest first, and the audit trail, oldest first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, func, or_, select

from bot.domain.model import Deletion
from bot.ledger.database import Database
from bot.ledger.rows import deletion_from
from bot.ledger.tables import deletions, events, kits

PIECE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """Which deletions: of a tunnel, a gateway; asked for, decided or stopped by a person; asked since
    (epoch s); or the one with an id of its own, of its card, or of the cloud's RequestId.
    """

    any_id: str | None = None
    tunnel_id: str | None = None
    gateway_id: str | None = None
    user_id: str | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the audit trail; `at` in epoch seconds."""

    event_id: int
    at: float
    kind: str
    deletion_id: str | None
    tunnel_id: str | None
    actor: str | None
    channel_id: str | None
    request_id: str | None
    detail: str | None


class History:
    """Reads only. All raise LedgerUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deletions(self, query: HistoryQuery, *, limit: int) -> list[Deletion]:
        """The latest that fit, newest first."""
        latest = select(deletions).where(*_fits(query)).order_by(deletions.c.asked_at.desc()).limit(limit)
        with self._database.read() as tx:
            return [deletion_from(row) for row in tx.connection.execute(latest).mappings()]

    def count(self, query: HistoryQuery) -> int:
        """How many fit."""
        with self._database.read() as tx:
            fits = select(func.count()).select_from(deletions).where(*_fits(query))
            return tx.connection.execute(fits).scalar_one()

    def events(self, query: HistoryQuery) -> Iterator[Event]:
        """The audit trail, oldest first, read in pieces: of everything, or of the deletions that fit."""
        fits = _fits(replace(query, user_id=None, since=None))
        conditions: list[ColumnElement[bool]] = []
        if fits:
            its_own, its_cards = (
                events.c.deletion_id.in_(select(one).where(*fits))
                for one in (deletions.c.deletion_id, deletions.c.card_id)
            )
            conditions.append(or_(its_own, and_(its_cards, events.c.tunnel_id.is_(None))))
        if query.user_id:
            conditions.append(events.c.actor == query.user_id)
        if query.since is not None:
            conditions.append(events.c.at >= query.since)
        last = 0
        while True:
            piece = and_(events.c.event_id > last, *conditions)
            page = select(events).where(piece).order_by(events.c.event_id).limit(PIECE)
            with self._database.read() as tx:
                rows = tx.connection.execute(page).mappings().all()
            if not rows:
                return
            last = rows[-1]["event_id"]
            yield from (Event(**row) for row in rows)

    def kit(self, which: str) -> str | None:
        """The text of a deletion's undo kit, or of a tunnel's latest; None where there is none."""
        its = or_(deletions.c.deletion_id == which, deletions.c.tunnel_id == which)
        joined = select(kits.c.kit).join(deletions, deletions.c.deletion_id == kits.c.deletion_id)
        latest = joined.where(its).order_by(deletions.c.asked_at.desc()).limit(1)
        with self._database.read() as tx:
            return tx.connection.execute(latest).scalar_one_or_none()


def _fits(query: HistoryQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.any_id:
        ids = (deletions.c.deletion_id, deletions.c.card_id, deletions.c.request_id)
        found.append(or_(*(one == query.any_id for one in ids)))
    if query.tunnel_id:
        found.append(deletions.c.tunnel_id == query.tunnel_id)
    if query.gateway_id:
        found.append(deletions.c.gateway_id == query.gateway_id)
    if query.user_id:
        who = (deletions.c.requester_id, deletions.c.decided_by, deletions.c.stopped_by)
        found.append(or_(*(one == query.user_id for one in who)))
    if query.since is not None:
        found.append(deletions.c.asked_at >= query.since)
    return found

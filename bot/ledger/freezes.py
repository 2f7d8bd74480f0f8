"""Freezes: while one holds, no card is confirmed on its gateway, or anywhere. They end by themselves."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import RowMapping, and_, bindparam, insert, select, true, update

from bot.domain.model import Freeze, State
from bot.ledger.database import Database, Transaction
from bot.ledger.rows import CARD, add_event, add_post_of, new_id
from bot.ledger.tables import deletions, freezes, posts

EVERYWHERE = "all"
FROZEN, UNFROZEN = "frozen", "unfrozen"
DRAWN_CARDS = 40
DRAWN_AT_ONCE = 500
Body = Mapping[str, object]


class Freezes:
    """Every method is one transaction, safe from any thread.

    All raise LedgerUnavailable, and those that write LedgerUnclear.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(
        self,
        *,
        scope: str,
        until: float,
        reason: str,
        by: str,
        channel_id: str,
        says: Callable[[Freeze], Body],
        announce_to: Sequence[str],
        response_url: str | None = None,
    ) -> tuple[Freeze, bool]:
        """Freeze a gateway, or "all", until then (epoch seconds), and tell these channels.

        Returns the freeze, and whether a card was ever about that gateway.
        response_url: where whoever asked is told that a channel can't be.
        """
        freeze_id = new_id()
        with self._database.write() as tx:
            freeze = Freeze(
                freeze_id=freeze_id,
                scope=scope,
                until=until,
                reason=reason,
                by=by,
                channel_id=channel_id,
                at=tx.now,
            )
            kept = {name: getattr(freeze, name) for name in Freeze.__dataclass_fields__}
            tx.connection.execute(insert(freezes).values(**kept))
            ends = datetime.fromtimestamp(until, UTC).isoformat(timespec="minutes")
            detail = f"{scope} until {ends}: {reason}"
            add_event(tx, "frozen", actor=by, channel_id=channel_id, detail=detail)
            _tell(tx, freeze_id, FROZEN, says(freeze), announce_to, response_url)
            _draw_open_cards(tx, scope, most=DRAWN_CARDS)
            met = select(deletions.c.card_id).where(deletions.c.gateway_id == scope).limit(1)
            return freeze, tx.connection.execute(met).first() is not None

    def lift(
        self,
        *,
        scope: str,
        by: str,
        channel_id: str,
        says: Callable[[Sequence[Freeze], str, Sequence[Freeze]], Body],
        announce_to: Sequence[str],
        response_url: str | None = None,
    ) -> tuple[list[Freeze], list[Freeze]]:
        """End every freeze of exactly this scope; returns those that held, and those that still do."""
        with self._database.write() as tx:
            lifted = _freezes(tx, freezes.c.scope == scope)
            ids = [one.freeze_id for one in lifted]
            ended = {"lifted_by": by, "lifted_at": tx.now}
            tx.connection.execute(update(freezes).where(freezes.c.freeze_id.in_(ids)).values(**ended))
            if lifted:
                add_event(tx, "unfrozen", actor=by, channel_id=channel_id, detail=scope)
                body = says(lifted, by, _freezes(tx))
                _tell(tx, ids[0], UNFROZEN, body, announce_to, response_url)
                _draw_open_cards(tx, scope, most=None)
            return lifted, _freezes(tx)

    def run_out(self) -> int:
        """Draw the cards over which a freeze has just run out: they can be confirmed again.

        Returns how many freezes that were; each is seen to once, by whichever replica comes first.
        """
        over_by_now = and_(freezes.c.lifted_at.is_(None), freezes.c.until <= bindparam("now"))
        with self._database.read() as tx:
            if (
                tx.connection.execute(select(freezes.c.freeze_id).where(over_by_now), {"now": tx.now}).first()
                is None
            ):
                return 0
        with self._database.write() as tx:
            ended = update(freezes).where(over_by_now).values(lifted_at=freezes.c.until)
            scopes = list(tx.connection.execute(ended.returning(freezes.c.scope), {"now": tx.now}).scalars())
            for scope in dict.fromkeys(scopes):
                add_event(tx, "freeze ran out", detail=scope)
                _draw_open_cards(tx, scope, most=None)
            return len(scopes)

    def active(self) -> list[Freeze]:
        """Those that hold now, the one that ends first before the others."""
        with self._database.read() as tx:
            return _freezes(tx)


def over(tx: Transaction, gateway_ids: Collection[str]) -> Freeze | None:
    """A freeze that holds over any of these gateways now, the longest; None where there is none."""
    found = _freezes(tx, freezes.c.scope.in_([EVERYWHERE, *gateway_ids]))
    return found[-1] if found else None


def _freezes(tx: Transaction, *where: object) -> list[Freeze]:
    holds = and_(freezes.c.until > tx.now, freezes.c.lifted_at.is_(None), *where)  # type: ignore[arg-type]  # clauses
    query = select(freezes).where(holds).order_by(freezes.c.until)
    return [_freeze(row) for row in tx.connection.execute(query).mappings()]


def _freeze(row: RowMapping) -> Freeze:
    return Freeze(**{name: row[name] for name in Freeze.__dataclass_fields__})


def _tell(
    tx: Transaction,
    freeze_id: str,
    kind: str,
    body: Body,
    channel_ids: Sequence[str],
    response_url: str | None,
) -> None:
    for channel_id in channel_ids:
        told = {"channel_id": channel_id, "response_url": response_url}
        add_post_of(tx, about(freeze_id), f"{kind} {channel_id}", body, **told)


def about(freeze_id: str) -> str:
    """What stands in a freeze's posts where others have their card's id."""
    return f"freeze {freeze_id}"


def _draw_open_cards(tx: Transaction, scope: str, *, most: int | None) -> None:
    """Cards that wait for a decision show what holds over them, the latest first.

    most: of what only tells of a freeze, as Slack takes few edits. A card that Confirm comes back to must be
    drawn, however many there are.
    """
    here = deletions.c.gateway_id == scope if scope != EVERYWHERE else true()
    waiting = select(deletions.c.card_id).where(deletions.c.state == State.PENDING.value, here)
    cards = select(posts.c.post_id).where(posts.c.kind == CARD, posts.c.card_id.in_(waiting))
    latest = cards.order_by(posts.c.post_id.desc()).limit(most).with_for_update()
    drawn = list(tx.connection.execute(latest).scalars())
    for start in range(0, len(drawn), DRAWN_AT_ONCE):
        these = posts.c.post_id.in_(drawn[start : start + DRAWN_AT_ONCE])
        tx.connection.execute(update(posts).where(these).values(wanted=posts.c.wanted + 1))

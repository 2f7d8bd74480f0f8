"""What becomes of a card's thread: gone with its card, closed for a while, open again."""

from sqlalchemy import ColumnElement, and_, select, update

from bot.ledger.database import Transaction
from bot.ledger.rows import ANNOUNCEMENT, CARD, ELSEWHERE, add_event, add_post, deletion_by_id
from bot.ledger.tables import posts


def drop_unsaid(tx: Transaction, card_id: str, *, but_card: bool = False) -> None:
    """What wasn't said of a card never is: its kits, its lists, its announcement, the card itself."""
    unsaid = and_(posts.c.card_id == card_id, posts.c.private_to.is_(None), posts.c.shown < posts.c.wanted)
    if but_card:
        unsaid = and_(unsaid, posts.c.kind != CARD)
    tx.connection.execute(update(posts).where(unsaid).values(shown=posts.c.wanted))


def lose_card(tx: Transaction, card_id: str, code: str) -> None:
    """Slack said that the card no longer exists; its thread is told nothing more, and its requester is."""
    gone = update(posts).where(_is_card(card_id), posts.c.root_gone.is_(False))
    if tx.connection.execute(gone.values(root_gone=True, closed_code=code)).rowcount:
        in_thread = and_(
            posts.c.card_id == card_id,
            posts.c.private_to.is_(None),
            posts.c.kind.not_in([CARD, ANNOUNCEMENT]),
            posts.c.shown < posts.c.wanted,
        )
        tx.connection.execute(update(posts).where(in_thread).values(shown=posts.c.wanted))
        _tell_elsewhere(tx, card_id, "card gone", code)


def close(tx: Transaction, card_id: str, code: str) -> None:
    """Slack takes nothing in the card's thread until somebody mends that; its requester learns the end."""
    closed = update(posts).where(_is_card(card_id), posts.c.closed_code.is_(None))
    if tx.connection.execute(closed.values(closed_code=code)).rowcount:
        _tell_elsewhere(tx, card_id, "thread closed", code)


def reopen(tx: Transaction, card_id: str) -> None:
    """The thread takes messages again: what ends is said there."""
    closed = and_(_is_card(card_id), posts.c.root_gone.is_(False))
    tx.connection.execute(update(posts).where(closed).values(closed_code=None))
    unsaid = and_(posts.c.card_id == card_id, posts.c.kind == ELSEWHERE, posts.c.shown == 0)
    tx.connection.execute(update(posts).where(unsaid).values(wanted=0))


def way_to_requester(tx: Transaction, card_id: str) -> str | None:
    """The response_url of the ask, which its card's post keeps when the deletion has ended."""
    return tx.connection.execute(select(posts.c.response_url).where(_is_card(card_id))).scalar_one_or_none()


def _tell_elsewhere(tx: Transaction, card_id: str, event: str, code: str) -> None:
    lead = deletion_by_id(tx, card_id)
    if lead is None:
        return
    way = {"private_to": lead.requester_id, "response_url": way_to_requester(tx, card_id)}
    add_post(tx, lead, ELSEWHERE, None, **way)
    again = and_(posts.c.card_id == card_id, posts.c.kind == ELSEWHERE)
    tx.connection.execute(update(posts).where(again).values(wanted=1))
    add_event(tx, event, deletion_id=card_id, channel_id=lead.channel_id, detail=code)


def _is_card(card_id: str) -> ColumnElement[bool]:
    return and_(posts.c.card_id == card_id, posts.c.kind == CARD)

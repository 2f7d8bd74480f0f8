"""What the last deletion of a batch brings with it."""

from sqlalchemy import func, select

from bot.domain.model import Deletion, State
from bot.ledger.database import Transaction
from bot.ledger.rows import CARD, add_post, touch
from bot.ledger.tables import deletions

SUMMARY = "summary"
SUMMARY_ROWS = 40
_ENDED = [state.value for state in State if state.ended]


def close_batch(tx: Transaction, deletion: Deletion) -> None:
    """When every deletion of the card has ended: a summary, in as many messages as it takes.

    The caller has touched the card's progress: of two that end at once, the second waits there for the first.
    """
    if deletion.batch_size == 1 or deletion.retry_until is None:  # one tunnel, or never confirmed
        return
    of_card = deletions.c.card_id == deletion.card_id
    still_open = select(deletions.c.deletion_id).where(of_card, deletions.c.state.not_in(_ENDED)).limit(1)
    if tx.connection.execute(still_open).first() is not None:
        return
    not_gone = select(func.count()).where(of_card, deletions.c.state != State.GONE.value)
    left = tx.connection.execute(not_gone).scalar_one()
    for page in range(max(1, -(-left // SUMMARY_ROWS))):
        add_post(tx, deletion, f"{SUMMARY} {page}", None)
    touch(tx, deletion.card_id, CARD)

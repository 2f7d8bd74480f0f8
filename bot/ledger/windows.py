"""The abort windows that are open: how long people could press Stop in each, and how one ends."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import and_, or_, select, update

from bot.domain.abort_window import AbortWindow
from bot.domain.model import Deletion, Saying, State
from bot.ledger.claims import write_held
from bot.ledger.database import Database, Transaction, take_turn
from bot.ledger.rows import CARD, Held, add_event, add_says, released, touch
from bot.ledger.tables import deletions, posts

# A count reaches back so far at most: whoever counts looks for open windows more often than that.
REACH_S = 3.0
# The thread's messages that name a new end of the window.
AGAIN = "window again"
_IN_WINDOW_OR_OVER = and_(
    deletions.c.state == State.CONFIRMED.value,
    deletions.c.window_s.is_not(None),
    deletions.c.cleared_at.is_(None),
    deletions.c.sent_at.is_(None),
)
_IN_WINDOW = and_(_IN_WINDOW_OR_OVER, deletions.c.window_over_at.is_(None))
_OPEN = (
    select(posts.c.card_id, posts.c.drawn_at, posts.c.stop_counted_at, deletions.c.window_s)
    .join(deletions, deletions.c.card_id == posts.c.card_id)
    .where(_IN_WINDOW, posts.c.kind == CARD)
    .distinct()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """Somebody could take a press on Stop, without a break, from `since` until `until`.

    Both by the process's own monotonic clock, which nobody sets.
    """

    since: float
    until: float


class NotDrawn(Enum):
    """Slack doesn't show the card as it is now: not yet, or, where it said that it can't, never."""

    YET = auto()
    EVER = auto()


class Windows:
    """Every method is safe from any thread and raises LedgerUnavailable; those with `held` LeaseLost too."""

    def __init__(self, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic

    def count(self, present: Present | None, *, at_least_s: float = 0.0) -> bool:
        """Add the time in which this process was there to every open window; whether there is one.

        at_least_s: what is less can wait, since somebody else has just counted.
        """
        with self._database.read() as tx:
            found = tx.connection.execute(_OPEN).mappings().all()
            until = -math.inf if present is None else self._epoch(tx, present.until)
        for row in found:
            seen_at = row["drawn_at"] if row["stop_counted_at"] is None else row["stop_counted_at"]
            if present is not None and seen_at is not None and until - seen_at > at_least_s:
                self._count(row["card_id"], row["window_s"], present)
        return bool(found)

    def _count(self, card_id: str, window_s: float, present: Present) -> None:
        """One window in each transaction: two that lock several posts could wait for each other."""
        with self._database.write() as tx:
            card = and_(posts.c.card_id == card_id, posts.c.kind == CARD)
            row = tx.connection.execute(select(posts).where(card).with_for_update()).mappings().one()
            if row["drawn_at"] is None:
                return
            was = _window(row, window_s)
            until = self._epoch(tx, present.until)
            # Before a leap of the clock nothing can be told by it.
            since = max(self._epoch(tx, present.since), until - REACH_S, self._database.set_ahead_at)
            now = was.count(since, until)
            if now != was:
                counted = {"stop_s": now.counted_s, "stop_counted_at": now.counted_at}
                tx.connection.execute(update(posts).where(card).values(**counted))

    def _epoch(self, tx: Transaction, at: float) -> float:
        """A time of the monotonic clock by the ledger's; too early, should this process stand still here."""
        return tx.now - (self._monotonic() - at)

    def of(self, deletion: Deletion) -> AbortWindow | NotDrawn:
        """How much of its window people have had; or that the card doesn't show it, or its end."""
        card = and_(posts.c.card_id == deletion.card_id, posts.c.kind == CARD)
        with self._database.read() as tx:
            row = tx.connection.execute(select(posts).where(card)).mappings().one()
        if row["drawn_at"] is None:
            return NotDrawn.YET if row["shown"] < row["wanted"] else NotDrawn.EVER
        return _window(row, deletion.window_s or 0.0)

    def refused_code(self, deletion: Deletion) -> str | None:
        """Why Slack did not change the card, last: its code; None where it did."""
        with self._database.read() as tx:
            card = and_(posts.c.card_id == deletion.card_id, posts.c.kind == CARD)
            code = tx.connection.execute(select(posts.c.refused_code).where(card)).scalar_one_or_none()
            return None if code is None else str(code)

    def is_card_gone(self, deletion: Deletion) -> bool:
        """Whether Slack has said that the card no longer exists, so that nobody can press Stop on it."""
        with self._database.read() as tx:
            card = and_(posts.c.card_id == deletion.card_id, posts.c.kind == CARD)
            return bool(tx.connection.execute(select(posts.c.root_gone).where(card)).scalar_one_or_none())

    def prolong(self, held: Held, missing_s: float, says: Callable[[float], Saying]) -> None:
        """People get what is missing of the window, from now on; card and thread say so.

        says: from when it ends (epoch seconds).
        """
        was = held.deletion
        with self._database.write() as tx:
            take_turn(tx)
            send_at = tx.now + missing_s
            write_held(tx, held, send_at=send_at, window_over_at=None, next_at=send_at, **released())
            shown = {"send_at": send_at, "window_over_at": None}
            tx.connection.execute(update(deletions).where(_unsent(was)).values(**shown))
            had_s = (was.window_s or 0.0) - missing_s
            card = and_(posts.c.card_id == was.card_id, posts.c.kind == CARD)
            tx.connection.execute(update(posts).where(card, posts.c.stop_s > had_s).values(stop_s=had_s))
            tx.connection.execute(update(posts).where(card).values(refused_code=None))
            touch(tx, was.card_id, CARD)
            add_says(tx, was, [says(send_at)])
            about = {"deletion_id": was.card_id, "channel_id": was.channel_id}
            add_event(tx, "abort window prolonged", detail=f"by {missing_s:.1f} s", **about)

    def end(self, held: Held, window: AbortWindow, *, after_s: float) -> None:
        """People had all of it: the card is to say so before anything is sent. after_s: then look again.

        Nothing ends where the window has begun again since it was read.
        """
        was = held.deletion
        with self._database.write() as tx:
            take_turn(tx)
            over = {"window_over_at": tx.now}
            write_held(tx, held, **over, next_at=tx.now + after_s, **released())
            tx.connection.execute(update(deletions).where(_unsent(was)).values(**over))
            card = and_(posts.c.card_id == was.card_id, posts.c.kind == CARD)
            as_read = update(posts).where(card, posts.c.drawn_at == window.drawn_at)
            if tx.connection.execute(as_read.values(drawn_at=None)).rowcount:
                touch(tx, was.card_id, CARD)
            else:
                tx.connection.execute(update(deletions).where(_unsent(was)).values(window_over_at=None))


def begin_again(tx: Transaction, card_id: str, code: str) -> None:
    """Slack doesn't change the card, so nobody knows since when Stop can't be pressed: all of it is to come.

    It begins when Slack shows the card anew; what names its end, and wasn't said, is no longer true.
    """
    mine = and_(deletions.c.card_id == card_id, _IN_WINDOW_OR_OVER)
    again = update(deletions).where(mine).values(window_over_at=None, send_at=None)
    if not tx.connection.execute(again).rowcount:
        return
    of_card = posts.c.card_id == card_id
    had = or_(posts.c.drawn_at.is_not(None), posts.c.stop_s > 0, posts.c.refused_code.is_(None))
    none = {"drawn_at": None, "stop_s": 0.0, "stop_counted_at": None}
    lost = update(posts).where(of_card, posts.c.kind == CARD, had).values(**none)
    if tx.connection.execute(lost).rowcount:
        add_event(tx, "abort window begins again", deletion_id=card_id, detail=code)
    untold = and_(of_card, posts.c.kind.like(f"{AGAIN} %"), posts.c.shown < posts.c.wanted)
    tx.connection.execute(update(posts).where(untold).values(shown=posts.c.wanted))


def _unsent(deletion: Deletion) -> Any:
    return and_(deletions.c.card_id == deletion.card_id, deletions.c.state == State.CONFIRMED.value)


def _window(row: Any, window_s: float) -> AbortWindow:
    return AbortWindow(
        window_s=window_s,
        drawn_at=row["drawn_at"],
        counted_s=row["stop_s"],
        counted_at=row["stop_counted_at"],
        refused_code=row["refused_code"],
    )

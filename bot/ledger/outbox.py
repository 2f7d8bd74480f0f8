"""What is to be said in Slack, kept beside the deletions so that a change and its message are one commit."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import RowMapping, alias, and_, bindparam, case, exists, or_, select, true, update

from bot.domain.model import State
from bot.errors import LeaseLost
from bot.ledger.database import Database, Transaction, take_turn
from bot.ledger.leases import Leases, take
from bot.ledger.rows import (
    ANNOUNCEMENT,
    CARD,
    ELSEWHERE,
    PROGRESS,
    HeldPost,
    add_event,
    add_private,
    deletion_by_id,
    lease_free,
    released,
)
from bot.ledger.tables import deletions, posts
from bot.ledger.threads import reopen
from bot.ledger.windows import begin_again

_EARLIER = alias(posts)
_ROOT = alias(posts)
_PROGRESS = alias(posts)
_BEFORE = exists().where(
    _EARLIER.c.card_id == posts.c.card_id,
    _EARLIER.c.channel_id == posts.c.channel_id,
    _EARLIER.c.post_id < posts.c.post_id,
    _EARLIER.c.private_to.is_(None),
    _EARLIER.c.kind != ANNOUNCEMENT,
    _EARLIER.c.shown < _EARLIER.c.wanted,
)
# An announcement is in a channel of its own: it only needs the card that it links to, and holds nobody up.
_HAS_TURN = or_(
    posts.c.private_to.is_not(None),
    and_(posts.c.kind == ANNOUNCEMENT, _ROOT.c.ts.is_not(None)),
    and_(posts.c.kind != ANNOUNCEMENT, ~_BEFORE),
)
_STILL_OPEN = exists().where(
    deletions.c.card_id == posts.c.card_id,
    deletions.c.state.not_in([state.value for state in State if state.ended]),
)
_IS_DUE = (
    posts.c.shown < posts.c.wanted,
    *lease_free(posts),
    or_(posts.c.kind != ELSEWHERE, ~_STILL_OPEN),
)
_ANY_DUE = select(posts.c.post_id).where(*_IS_DUE).limit(1)
_DUE = (
    select(
        posts,
        _ROOT.c.post_id.label("root_id"),
        _ROOT.c.ts.label("thread_ts"),
        _ROOT.c.root_gone.label("thread_gone"),
        _ROOT.c.closed_code.label("thread_closed"),
    )
    .select_from(posts.outerjoin(_ROOT, and_(_ROOT.c.card_id == posts.c.card_id, _ROOT.c.kind == CARD)))
    .where(*_IS_DUE, _HAS_TURN)
    .order_by(posts.c.post_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=posts)
)
NO_THREAD = "no thread"


# The card of many tunnels whose progress is being shown: it is drawn again and again.
_IS_FOLLOWED = and_(
    posts.c.kind == CARD,
    exists().where(
        _PROGRESS.c.card_id == posts.c.card_id, _PROGRESS.c.kind == PROGRESS, _PROGRESS.c.shown > 1
    ),
)
CARD_EVERY_S = 1.0
# Drawing a card of a thousand tunnels takes long enough to be felt by what else is done meanwhile.
LARGE, LARGE_CARD_EVERY_S = 20, 3.0


class Outbox:
    """Posts, from queued to said. Every method is one transaction and safe from any thread."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    def claim(self, limit: int) -> list[HeldPost]:
        """Take up to `limit` due posts; within a card in their order, one at a time.

        Taking one records the intent to say it: should this process die, its successor knows that the
        message may have been said.
        """
        until = self._leases.until()
        with self._database.read() as tx:
            if tx.connection.execute(_ANY_DUE, {"now": tx.now}).first() is None:
                return []
        with self._database.write() as tx:
            due = tx.connection.execute(_DUE, {"now": tx.now, "most": limit}).mappings().all()
            rows = [row for row in due if not _is_orphan(row)]
            _drop(tx, [row for row in due if _is_orphan(row)])
            if not rows:
                return []
            taken = posts.c.post_id.in_([row["post_id"] for row in rows])
            take(tx, posts, taken, self._leases)
            intent = {"attempts": posts.c.attempts + 1, "unclear": posts.c.ts.is_(None)}
            tx.connection.execute(update(posts).where(taken).values(**intent))
        held = [
            HeldPost(
                post_id=row["post_id"],
                card_id=row["card_id"],
                kind=row["kind"],
                channel_id=row["channel_id"],
                text=row["body"],
                ts=row["ts"],
                thread_ts=row["thread_ts"],
                private_to=row["private_to"],
                response_url=row["response_url"],
                unclear=bool(row["unclear"]),
                attempts=row["attempts"] + 1,
                created_at=row["created_at"],
                wanted=row["wanted"],
                fence=row["fence"] + 1,
                until=until,
                closed_code=row["thread_closed"],
            )
            for row in rows
        ]
        self._leases.begin(held)
        return held

    def said(self, post: HeldPost, ts: str | None, *, again_after_s: float = 0.0) -> None:
        """It stands in Slack, with this `ts` (None for a private message, which has none).

        again_after_s: how long a drawn post may not be drawn anew.
        """
        done = {"ts": ts, "shown": post.wanted, "unclear": False, "attempts": 0}
        if post.kind != CARD:  # the card keeps it: for what can't be said in its thread
            done["response_url"] = None
        with self._database.write() as tx:
            # What has changed while it was drawn isn't on it.
            is_new = and_(posts.c.wanted == post.wanted, posts.c.drawn_at.is_(None))
            drawn_at = case((is_new, tx.now), else_=posts.c.drawn_at)
            after_s = case((_IS_FOLLOWED, CARD_EVERY_S), else_=again_after_s)
            _write(tx, post, **done, drawn_at=drawn_at, next_at=tx.now + after_s, **released())
            if post.kind == PROGRESS and post.ts is not None:
                _follow(tx, post.card_id)
            about = {"deletion_id": post.card_id, "channel_id": post.channel_id}
            if post.private_to is not None:
                add_event(tx, "told", detail=post.kind, **about)
            elif post.ts is None and ts is not None:
                add_event(tx, "posted", detail=f"{post.kind} {ts}", **about)
            if (
                post.closed_code is not None
                and post.private_to is None
                and post.kind not in (CARD, ANNOUNCEMENT)
            ):
                reopen(tx, post.card_id)

    def later(self, post: HeldPost, after_s: float, *, unclear: bool) -> None:
        """It was not said; due again after so many seconds. unclear: it may have been said after all."""
        with self._database.write() as tx:
            _write(tx, post, next_at=tx.now + after_s, unclear=unclear, **released())

    def refused(self, post: HeldPost, code: str) -> None:
        """Slack doesn't change the card: of its abort window nothing counts that people had until now."""
        with self._database.write() as tx:
            take_turn(tx)
            begin_again(tx, post.card_id, code)
            _write(tx, post, refused_code=code)

    def pause(self, post: HeldPost, after_s: float, *, unclear: bool) -> None:
        """Slack asked for a pause: nothing is said in this channel for so many seconds."""
        with self._database.write() as tx:
            _write(tx, post, next_at=tx.now + after_s, unclear=unclear, **released())
            waiting = and_(
                posts.c.channel_id == post.channel_id,
                posts.c.shown < posts.c.wanted,
                posts.c.lease_until <= tx.now,
                posts.c.next_at < tx.now + after_s,
            )
            tx.connection.execute(update(posts).where(waiting).values(next_at=tx.now + after_s))

    def replace(self, post: HeldPost, body: Mapping[str, object]) -> None:
        """It can't be said, ever: this is said in its place."""
        with self._database.write() as tx:
            _write(tx, post, body=json.dumps(body), attempts=0, next_at=tx.now, **released())

    def whisper_instead(self, post: HeldPost, body: Mapping[str, object]) -> None:
        """It can't be said there: whoever caused it is told so, privately."""
        private = {"private_to": "who asked", "body": json.dumps(body), "attempts": 0}
        with self._database.write() as tx:
            _write(tx, post, **private, unclear=False, next_at=tx.now, **released())
            about = {"deletion_id": None, "channel_id": post.channel_id}
            add_event(tx, "not said", detail=post.kind, **about)

    def drop(self, post: HeldPost, why: str, *, tell: Mapping[str, object] | None = None) -> None:
        """It can't be said, ever; keep why in the audit trail. tell: the requester, once, privately."""
        with self._database.write() as tx:
            deletion = deletion_by_id(tx, post.card_id) if tell is not None else None
            if deletion is not None and tell is not None:
                way = post.response_url or deletion.response_url  # a protected card has ended by now
                add_private(tx, replace(deletion, response_url=way), f"{post.kind} {why}", tell)
            _write(tx, post, shown=post.wanted, unclear=False, response_url=None, **released())
            detail = f"{post.kind}: {why}"
            add_event(tx, "not said", deletion_id=post.card_id, channel_id=post.channel_id, detail=detail)


def _is_orphan(row: RowMapping) -> bool:
    """It belongs in the thread of a card that was never posted, or that is gone; a freeze has no card."""
    if row["private_to"] is not None or row["kind"] == ANNOUNCEMENT or row["root_id"] is None:
        return False
    return bool(row["thread_gone"]) or (row["kind"] != CARD and row["thread_ts"] is None)


def _drop(tx: Transaction, rows: Sequence[RowMapping]) -> None:
    never = posts.c.post_id.in_([row["post_id"] for row in rows])
    if rows:
        tx.connection.execute(update(posts).where(never).values(shown=posts.c.wanted))
    for row in rows:
        if row["kind"] == CARD:  # that is in the audit trail since the card has gone
            continue
        about = {"deletion_id": row["card_id"], "channel_id": row["channel_id"]}
        add_event(tx, "not said", detail=f"{row['kind']}: {NO_THREAD}", **about)


def _write(tx: Transaction, post: HeldPost, **values: object) -> None:
    still_mine = and_(posts.c.post_id == post.post_id, posts.c.fence == post.fence)
    if tx.connection.execute(update(posts).where(still_mine).values(**values)).rowcount != 1:
        raise LeaseLost(f"post {post.post_id}")


def _follow(tx: Transaction, card_id: str) -> None:
    """What has changed the progress has changed the card too, and so the card is drawn no more often."""
    size = select(deletions.c.batch_size).where(deletions.c.deletion_id == card_id)
    is_large = (tx.connection.execute(size).scalar_one_or_none() or 1) > LARGE
    rests_s = LARGE_CARD_EVERY_S - CARD_EVERY_S
    kinds = and_(posts.c.card_id == card_id, posts.c.kind.in_([CARD, ANNOUNCEMENT]))
    rested = posts.c.next_at <= tx.now - rests_s if is_large else true()
    tx.connection.execute(update(posts).where(kinds, rested).values(wanted=posts.c.wanted + 1))

"""The ledger as the worker uses it: claim, renew, write a step's result, give back."""

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, and_, bindparam, insert, select, tuple_, update

from bot.domain.explain import OwnCode
from bot.domain.model import Deletion, Saying, State, Tunnel
from bot.errors import LeaseLost
from bot.ledger.batches import close_batch
from bot.ledger.database import Database, Transaction
from bot.ledger.rows import (
    CARD,
    PROGRESS,
    Held,
    HeldPost,
    add_event,
    add_post,
    add_private,
    add_says,
    deletion_from,
    held_from,
    lease_free,
    released,
    touch,
    tunnel_to_text,
)
from bot.ledger.store import end_pending
from bot.ledger.tables import deletions, posts

LEASE_S = 3.0
LIST = "list"
LIST_ROWS = 50
SHOWN_ON_CARD = 20
_NEVER_BY_ITSELF = 1e12
# Which row, and the fence that it was claimed with; deletions have text for an id, posts have numbers.
_Lease = tuple[str | int, int]

_IS_DUE = (deletions.c.state.in_(bindparam("states", expanding=True)), *lease_free(deletions))
_ANY_DUE = select(deletions.c.deletion_id).where(*_IS_DUE).limit(1)
_DUE = (
    select(deletions.c.deletion_id)
    .where(*_IS_DUE)
    .order_by(deletions.c.next_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_LEASE: dict[str, Any] = {"owner": bindparam("me"), "lease_until": bindparam("until")}
_TAKE = (
    update(deletions)
    .where(deletions.c.deletion_id.in_(select(_DUE.c.deletion_id)))
    .values(fence=deletions.c.fence + 1, **_LEASE)
    .returning(*deletions.c)
)
_IF_STILL_MINE = (
    update(deletions)
    .where(
        deletions.c.deletion_id == bindparam("held_id"),
        deletions.c.fence == bindparam("held_fence"),
        deletions.c.state == bindparam("held_state"),
    )
    .returning(*deletions.c)
)


class Leases:
    """What this process works on, by its own monotonic clock: a frozen one finds that it holds nothing."""

    def __init__(
        self,
        database: Database,
        *,
        owner: str,
        lease_s: float = LEASE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self.owner = owner
        self.lease_s = lease_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._working: set[_Lease] = set()
        self._renewed: frozenset[_Lease] = frozenset()
        self._renewed_until = 0.0
        self._left = False

    def until(self) -> float:
        """When a lease ends that is taken now."""
        return self._monotonic() + self.lease_s

    def begin(self, held: Iterable[Held | HeldPost]) -> None:
        """These were claimed: keep their leases alive."""
        with self._lock:
            self._working |= {_lease(one) for one in held}

    def end(self, held: Iterable[Held | HeldPost]) -> None:
        """Their steps are over. What is still leased stays so only until its lease runs out."""
        with self._lock:
            self._working -= {_lease(one) for one in held}

    def renew(self) -> None:
        """The heartbeat: what this process works on, and still holds, stays its own for `lease_s` more.

        Nothing else of its owner's is renewed: a row whose claim or step the database failed has to come
        free, or nobody would ever take it again.
        """
        with self._lock:
            working = self._working.copy()
        if not working:
            return
        until = self.until()
        kept: set[_Lease] = set()
        with self._database.write() as tx:
            for table, key, kind in (
                (deletions, deletions.c.deletion_id, str),
                (posts, posts.c.post_id, int),
            ):
                lease = tuple_(key, table.c.fence)
                mine = and_(table.c.owner == self.owner, table.c.lease_until > 0)
                these = lease.in_([one for one in working if isinstance(one[0], kind)])
                extended = update(table).where(mine, these).values(lease_until=tx.now + self.lease_s)
                kept |= {
                    (row[0], row[1]) for row in tx.connection.execute(extended.returning(key, table.c.fence))
                }
        with self._lock:
            self._renewed, self._renewed_until = frozenset(kept), until

    def check(self, held: Held | HeldPost) -> None:
        """Raise LeaseLost where this process can no longer be sure that the row is its own.

        Asked right before an effect that can't be taken back.
        """
        lease, now = _lease(held), self._monotonic()
        with self._lock:
            renewed = lease in self._renewed and now < self._renewed_until
        if self._left or (now >= held.until and not renewed):
            raise LeaseLost(str(lease[0]))

    def give_back(self) -> None:
        """On the way out: let others take at once what this process still holds. It holds nothing then."""
        self._left = True
        with self._database.write() as tx:
            for table in (deletions, posts):
                tx.connection.execute(update(table).where(table.c.owner == self.owner).values(**released()))


class Claims:
    """Deletions that are due. Every write is fenced.

    It raises LeaseLost, having written nothing, when the row is no longer this worker's or has left the
    state that it was claimed in. All raise LedgerUnavailable.
    """

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    def claim(self, limit: int, states: Collection[State]) -> list[Held]:
        """Take up to `limit` due deletions in these states, oldest first."""
        until = self._leases.until()
        names = [state.value for state in states]
        # Most looks find nothing: a plain read keeps them out of the way of who has something to write.
        with self._database.read() as tx:
            if tx.connection.execute(_ANY_DUE, {"states": names, "now": tx.now}).first() is None:
                return []
        with self._database.write() as tx:
            lease = {"me": self._leases.owner, "until": tx.now + self._leases.lease_s}
            due = {"states": names, "now": tx.now, "most": limit}
            rows = tx.connection.execute(_TAKE, {**due, **lease}).mappings().all()
        held = [held_from(row, until=until) for row in sorted(rows, key=itemgetter("next_at"))]
        self._leases.begin(held)
        return held

    def show(self, held: Held, tunnels: Sequence[Tunnel], *, ttl_s: float) -> None:
        """The ask was looked up: one deletion for each tunnel, and the card that is to be decided on."""
        was = held.deletion
        with self._database.write() as tx:
            shown = {
                "state": State.PENDING.value,
                "batch_size": len(tunnels),
                "expires_at": tx.now + ttl_s,
                "waiting_code": None,
                "attempts": 0,
                **released(),
            }
            # The first one expires for all of them.
            _write(tx, held, **shown, **_seen(tunnels[0]), next_at=tx.now + ttl_s)
            if len(tunnels) > 1:
                asked = {
                    name: getattr(was, name)
                    for name in ("card_id", "region", "reason", "channel_id", "requester_id", "asked_at")
                }
                others = [
                    {
                        "deletion_id": secrets.token_urlsafe(12),
                        **asked,
                        **shown,
                        **_seen(tunnel),
                        "next_at": _NEVER_BY_ITSELF,
                    }
                    for tunnel in tunnels[1:]
                ]
                tx.connection.execute(insert(deletions), others)
            add_post(tx, was, CARD, None)
            if len(tunnels) > SHOWN_ON_CARD:
                for page in range(-(-len(tunnels) // LIST_ROWS)):
                    add_post(tx, was, f"{LIST} {page}", None)
            add_event(
                tx, "shown", deletion_id=was.deletion_id, channel_id=was.channel_id, detail=str(len(tunnels))
            )

    def expire(self, held: Held) -> None:
        """Nobody decided in time."""
        was = held.deletion
        with self._database.write() as tx:
            if end_pending(tx, was.card_id, State.EXPIRED):
                touch(tx, was.card_id, CARD)
                add_event(tx, "expired", deletion_id=was.card_id, channel_id=was.channel_id)

    def advance(
        self,
        held: Held,
        to: State,
        *,
        event: str | None,
        after_s: float | None = 0.0,
        says: Iterable[Saying] = (),
        tell: Mapping[str, object] | None = None,
        **changes: Any,
    ) -> Deletion:
        """Write a step's result: new state, what is to be said, the audit event; all or nothing.

        after_s: due again after so many seconds, and held no longer; None: this worker keeps holding it.
        says: for the thread of a card with one tunnel; a batch has its progress instead.
        tell: a private message to the requester.
        """
        was = held.deletion
        with self._database.write() as tx:
            deletion = _move(tx, held, to, after_s, changes)
            if was.state is State.ASKED:
                pass  # there is no card yet, so no thread either
            elif deletion.batch_size > 1:
                if to is not State.DELETING:
                    touch(tx, was.card_id, PROGRESS)
                if to.ended:
                    close_batch(tx, deletion)
            else:
                if to not in (was.state, State.DELETING):  # a card looks the same confirmed and deleting
                    touch(tx, was.card_id, CARD)
                add_says(tx, deletion, says)
            if tell is not None and event is not None:
                add_private(tx, was, event, tell)
            if event is not None:
                about = {"deletion_id": was.deletion_id, "channel_id": was.channel_id}
                add_event(tx, event, request_id=deletion.request_id, detail=deletion.code, **about)
            return deletion

    def broke(
        self, held: Held, *, most: int, after_s: float, says: Callable[[Deletion], Sequence[Saying]]
    ) -> None:
        """A step of ours broke: try again later, or set the row aside after `most` times."""
        with self._database.write() as tx:
            faults = tx.connection.execute(
                select(deletions.c.faults).where(deletions.c.deletion_id == held.deletion.deletion_id)
            ).scalar_one_or_none()
            if faults is not None and faults + 1 < most:
                _write(tx, held, faults=faults + 1, next_at=tx.now + after_s, **released())
                return
        said = says(held.deletion)
        self.advance(
            held,
            State.UNKNOWN,
            event="set aside",
            code=OwnCode.SET_ASIDE.value,
            says=said,
            tell=said[0].body if held.deletion.state is State.ASKED else None,
        )


def _lease(held: Held | HeldPost) -> _Lease:
    return (held.post_id if isinstance(held, HeldPost) else held.deletion.deletion_id), held.fence


def take(tx: Transaction, table: Table, rows: Any, leases: Leases) -> None:
    """Lease these rows to this process."""
    lease = {"owner": leases.owner, "lease_until": tx.now + leases.lease_s, "fence": table.c.fence + 1}
    tx.connection.execute(update(table).where(rows).values(**lease))


def _seen(tunnel: Tunnel) -> dict[str, Any]:
    return {
        "tunnel_id": tunnel.tunnel_id,
        "gateway_id": tunnel.gateway_id,
        "tunnel": tunnel_to_text(tunnel),
    }


def _write(tx: Transaction, held: Held, **values: Any) -> Deletion:
    was = held.deletion
    mine = {"held_id": was.deletion_id, "held_fence": held.fence, "held_state": was.state.value}
    row = tx.connection.execute(_IF_STILL_MINE, {**values, **mine}).mappings().first()
    if row is None:
        raise LeaseLost(was.deletion_id)
    return deletion_from(row)


def _move(
    tx: Transaction, held: Held, to: State, after_s: float | None, changes: Mapping[str, Any]
) -> Deletion:
    values: dict[str, Any] = {"state": to.value, **changes}
    if after_s is not None:
        values |= {"next_at": tx.now + after_s, **released()}
    if to is State.DELETING and to is not held.deletion.state:
        values["sent_at"] = tx.now
    if to.ended:
        values |= {"ended_at": tx.now, "response_url": None}
    return _write(tx, held, **values)

"""The ledger as the worker uses it: claim what is due, write a step's result."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.domain.explain import OwnCode
from bot.domain.model import Deletion, Freeze, Saying, State
from bot.errors import LeaseLost
from bot.ledger.batches import close_batch
from bot.ledger.codes import coded
from bot.ledger.database import Database, Transaction, take_turn
from bot.ledger.deciding import end_pending
from bot.ledger.freezes import over
from bot.ledger.leases import Leases
from bot.ledger.rows import (
    CARD,
    PROGRESS,
    Held,
    add_event,
    add_private,
    add_says,
    deletion_from,
    held_from,
    lease_free,
    released,
    touch,
)
from bot.ledger.tables import deletions

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
        oldest_first = sorted(rows, key=itemgetter("next_at"))
        held = [held_from(row, until=until, now=tx.now) for row in oldest_first]
        self._leases.begin(held)
        return held

    def expire(self, held: Held) -> None:
        """Nobody decided in time."""
        was = held.deletion
        with self._database.write() as tx:
            take_turn(tx)
            if end_pending(tx, was.card_id, State.EXPIRED):
                touch(tx, was.card_id, CARD)
                add_event(tx, "expired", deletion_id=was.card_id, channel_id=was.channel_id)

    def send(self, held: Held) -> Deletion | Freeze:
        """Write that DeleteVpnConnection is sent now; this worker keeps holding it.

        Where a freeze holds by now, it is returned instead, and nothing may be sent.
        """
        was = held.deletion
        with self._database.write() as tx:
            if (freeze := over(tx, [was.gateway_id or ""])) is not None:
                return freeze
            sent = {"state": State.DELETING.value, "sent_at": tx.now, "unclear": True, "request_id": None}
            if was.sent_at is None:
                sent["waiting_code"] = None  # what was waited for before the first try is there
            deletion = write_held(tx, held, **sent)
            add_event(tx, "sent", **_about(was), tunnel_id=was.tunnel_id, detail=was.code)
            return deletion

    def advance(
        self,
        held: Held,
        to: State,
        *,
        event: str | None,
        detail: str | None = None,
        after_s: float = 0.0,
        says: Iterable[Saying] = (),
        tell: Mapping[str, object] | None = None,
        event_request_id: str | None = None,
        **changes: Any,
    ) -> Deletion:
        """Write a step's result: new state, what is to be said, the audit event; all or nothing.

        after_s: due again after so many seconds, and held no longer.
        says: for the thread of a card with one tunnel; a batch has its progress instead.
        tell: a private message to the requester. detail: for the event, where it isn't the code.
        event_request_id: the cloud's for what the event says, where it isn't the deletion's.
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
                waits_for = changes.get("waiting_code", was.waiting_code)
                # A card looks the same confirmed and deleting.
                if to not in (was.state, State.DELETING) or waits_for != was.waiting_code:
                    touch(tx, was.card_id, CARD)
                add_says(tx, deletion, says)
            if tell is not None and event is not None:
                add_private(tx, was, event, tell)
            if event is not None:
                add_event(
                    tx,
                    event,
                    **_about(was),
                    # An ask stands for all its tunnels.
                    tunnel_id=None if was.state is State.ASKED else was.tunnel_id,
                    request_id=event_request_id or deletion.request_id,
                    detail=detail or deletion.code,
                )
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
                write_held(tx, held, faults=faults + 1, next_at=tx.now + after_s, **released())
                return
        said = says(held.deletion)
        self.advance(
            held,
            State.UNKNOWN if held.deletion.sent_at else State.VOID,
            event="set aside",
            code=OwnCode.SET_ASIDE.value,
            says=said,
            tell=said[0].body if held.deletion.state is State.ASKED else None,
        )


def write_held(tx: Transaction, held: Held, **values: Any) -> Deletion:
    """Write columns of a row that this worker holds; LeaseLost when it no longer does."""
    was = held.deletion
    mine = {"held_id": was.deletion_id, "held_fence": held.fence, "held_state": was.state.value}
    row = tx.connection.execute(_IF_STILL_MINE, {**values, **mine}).mappings().first()
    if row is None:
        raise LeaseLost(was.deletion_id)
    return deletion_from(row)


def _about(deletion: Deletion) -> dict[str, Any]:
    return {"deletion_id": deletion.deletion_id, "channel_id": deletion.channel_id}


def _move(tx: Transaction, held: Held, to: State, after_s: float, changes: Mapping[str, Any]) -> Deletion:
    if "code" in changes:
        changes = {**changes, **coded(changes["code"], changes.get("code_kind"))}
    values: dict[str, Any] = {"state": to.value, **changes, "next_at": tx.now + after_s, **released()}
    if to.ended:
        values |= {"ended_at": tx.now, "response_url": None}
    return write_held(tx, held, **values)

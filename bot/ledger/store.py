"""The ledger: one verb for each thing that happens to a deletion."""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.model import IN_FLIGHT, Ask, Decision, Deletion, Saying, State
from bot.errors import LeaseLost
from bot.ledger.database import Database, Transaction
from bot.ledger.rows import (
    CARD,
    Held,
    add_event,
    add_private,
    add_says,
    deletion_from,
    insert_once,
    lease_free,
    released,
    touch_card,
    tunnel_to_text,
)
from bot.ledger.tables import deletions, posts

LEASE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a click. won: this click decided; else `deletion` shows who or what was first.

    blocked_by: another deletion of the same tunnel that is under way, where that is why the click lost.
    """

    won: bool
    deletion: Deletion | None
    blocked_by: Deletion | None = None


class Ledger:
    """Deletions, from the ask to the end. Every method is one transaction and safe from any thread.

    owner: this process's name in leases, new with every start. All raise LedgerUnavailable when the
    database can't be reached; then nothing was done.
    """

    def __init__(self, database: Database, *, owner: str, lease_s: float = LEASE_S) -> None:
        self._database = database
        self.owner = owner
        self._lease_s = lease_s

    def ask(self, ask: Ask) -> str:
        """Put an ask on disk; returns the deletion's id."""
        deletion_id = secrets.token_urlsafe(12)
        with self._database.write() as tx:
            tx.connection.execute(
                deletions.insert().values(
                    deletion_id=deletion_id,
                    card_id=deletion_id,
                    state=State.ASKED.value,
                    asked_at=tx.now,
                    next_at=tx.now,
                    tunnel_id=ask.tunnel_id,
                    gateway_id=ask.gateway_id,
                    region=ask.region,
                    reason=ask.reason,
                    channel_id=ask.channel_id,
                    requester_id=ask.requester_id,
                    response_url=ask.response_url,
                )
            )
            add_event(tx, "asked", deletion_id=deletion_id, actor=ask.requester_id, channel_id=ask.channel_id)
        return deletion_id

    def decide(self, card_id: str, decision: Decision, *, by: str, retry_for_s: float) -> Decided:
        """Confirm or cancel a card: the first decisive click wins.

        retry_for_s: how long the deletion may be tried for after a confirm.
        """
        try:
            with self._database.write() as tx:
                return self._decide(tx, card_id, decision, by, retry_for_s)
        except IntegrityError:
            # The unique index: this tunnel has another deletion under way.
            with self._database.read() as tx:
                mine = _by_id(tx, card_id)
                return Decided(won=False, deletion=mine, blocked_by=mine and _in_flight_with(tx, mine))

    def _decide(
        self, tx: Transaction, card_id: str, decision: Decision, by: str, retry_for_s: float
    ) -> Decided:
        open_card = and_(
            deletions.c.card_id == card_id,
            deletions.c.state == State.PENDING.value,
            deletions.c.expires_at > tx.now,
        )
        confirm = decision is Decision.CONFIRM
        changed: dict[str, Any] = {
            "state": (State.CONFIRMED if confirm else State.CANCELLED).value,
            "decided_by": by,
            "decided_at": tx.now,
            "next_at": tx.now,
            "retry_until": tx.now + retry_for_s if confirm else None,
            "ended_at": None if confirm else tx.now,
            **released(),
        }
        won = tx.connection.execute(update(deletions).where(open_card).values(**changed)).rowcount > 0
        if won:
            touch_card(tx, card_id)
        deletion = _by_id(tx, card_id)
        if deletion is not None:
            kind = ("confirmed" if confirm else "cancelled") if won else "clicked late"
            add_event(tx, kind, deletion_id=card_id, actor=by, channel_id=deletion.channel_id)
        return Decided(won=won, deletion=deletion)

    def get(self, deletion_id: str) -> Deletion | None:
        """The deletion as it is now."""
        with self._database.read() as tx:
            return _by_id(tx, deletion_id)

    def refuse(self, *, actor: str, channel_id: str, rule: str, deletion_id: str | None = None) -> None:
        """Keep in the audit trail that somebody was not allowed to."""
        with self._database.write() as tx:
            add_event(
                tx, "not allowed", actor=actor, channel_id=channel_id, detail=rule, deletion_id=deletion_id
            )

    def claim(self, limit: int, states: Collection[State]) -> list[Held]:
        """Take up to `limit` due deletions in these states, oldest first, for `lease_s`."""
        with self._database.write() as tx:
            due = (
                select(deletions)
                .where(
                    deletions.c.state.in_([state.value for state in states]), lease_free(deletions, tx.now)
                )
                .order_by(deletions.c.next_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            rows = tx.connection.execute(due).mappings().all()
            if not rows:
                return []
            taken = deletions.c.deletion_id.in_([row["deletion_id"] for row in rows])
            tx.connection.execute(
                update(deletions)
                .where(taken)
                .values(owner=self.owner, lease_until=tx.now + self._lease_s, fence=deletions.c.fence + 1)
            )
            return [Held(deletion=deletion_from(row), fence=row["fence"] + 1) for row in rows]

    def renew(self) -> None:
        """The heartbeat: everything that this process holds stays its own for another `lease_s`."""
        with self._database.write() as tx:
            for table in (deletions, posts):
                mine = and_(table.c.owner == self.owner, table.c.lease_until > 0)
                tx.connection.execute(update(table).where(mine).values(lease_until=tx.now + self._lease_s))

    def give_back(self) -> None:
        """On the way out: let others take at once what this process still holds."""
        with self._database.write() as tx:
            for table in (deletions, posts):
                tx.connection.execute(update(table).where(table.c.owner == self.owner).values(**released()))

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
        tell: a private message to the requester. Raises LeaseLost, having written nothing, when the row
        is no longer this worker's or has left the state that it was claimed in.
        """
        was = held.deletion
        with self._database.write() as tx:
            values: dict[str, Any] = {"state": to.value, **changes}
            if "tunnel" in values:
                values["tunnel"] = tunnel_to_text(values["tunnel"])
            if after_s is not None:
                values |= {"next_at": tx.now + after_s, **released()}
            if to is State.DELETING and to is not was.state:
                values["sent_at"] = tx.now
            if to.ended:
                values |= {"ended_at": tx.now, "response_url": None}
            still_mine = and_(
                deletions.c.deletion_id == was.deletion_id,
                deletions.c.fence == held.fence,
                deletions.c.state == was.state.value,
            )
            if tx.connection.execute(update(deletions).where(still_mine).values(**values)).rowcount != 1:
                raise LeaseLost(was.deletion_id)
            deletion = _by_id(tx, was.deletion_id)
            if deletion is None:
                raise LeaseLost(was.deletion_id)
            if to is State.PENDING:
                card = {
                    "card_id": was.card_id,
                    "kind": CARD,
                    "channel_id": was.channel_id,
                    "created_at": tx.now,
                    "next_at": tx.now,
                }
                insert_once(tx, posts, card, ("card_id", "kind"))
            elif to not in (was.state, State.DELETING):  # a card looks the same confirmed and deleting
                touch_card(tx, was.card_id)
            add_says(tx, deletion, says)
            if tell is not None and was.response_url:
                add_private(
                    tx,
                    card_id=was.card_id,
                    kind=f"told {event}",
                    channel_id=was.channel_id,
                    user_id=was.requester_id,
                    response_url=was.response_url,
                    body=tell,
                )
            if event is not None:
                add_event(
                    tx,
                    event,
                    deletion_id=was.deletion_id,
                    channel_id=was.channel_id,
                    request_id=deletion.request_id,
                    detail=deletion.code,
                )
            return deletion

    def void(self, card_id: str, *, code: str, tell: Callable[[Deletion], Mapping[str, object]]) -> None:
        """The card can't be posted: end the deletion while it is pending, and tell the requester."""
        with self._database.write() as tx:
            open_card = and_(deletions.c.card_id == card_id, deletions.c.state == State.PENDING.value)
            was = _by_id(tx, card_id)
            ended = {"state": State.VOID.value, "code": code, "ended_at": tx.now, "response_url": None}
            voided = tx.connection.execute(update(deletions).where(open_card).values(**ended, **released()))
            if was is None or voided.rowcount == 0:
                return
            add_event(tx, "void", deletion_id=card_id, channel_id=was.channel_id, detail=code)
            if was.response_url:
                add_private(
                    tx,
                    card_id=card_id,
                    kind="told void",
                    channel_id=was.channel_id,
                    user_id=was.requester_id,
                    response_url=was.response_url,
                    body=tell(was),
                )


def _by_id(tx: Transaction, deletion_id: str) -> Deletion | None:
    query = select(deletions).where(deletions.c.deletion_id == deletion_id)
    row = tx.connection.execute(query).mappings().first()
    return None if row is None else deletion_from(row)


def _in_flight_with(tx: Transaction, deletion: Deletion) -> Deletion | None:
    query = select(deletions).where(
        deletions.c.tunnel_id == deletion.tunnel_id,
        deletions.c.region == deletion.region,
        deletions.c.state.in_([state.value for state in IN_FLIGHT]),
    )
    row = tx.connection.execute(query).mappings().first()
    return None if row is None else deletion_from(row)

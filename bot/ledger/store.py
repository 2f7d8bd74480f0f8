"""The ledger as people use it: ask, decide, stop, look."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, case, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.explain import OwnCode
from bot.domain.model import IN_FLIGHT, Ask, Batch, Decision, Deletion, Proposal, State, Tier
from bot.domain.policy import Verdict
from bot.ledger.batches import close_batch
from bot.ledger.database import Database, Transaction
from bot.ledger.freezes import over
from bot.ledger.rows import (
    ANNOUNCEMENT,
    CARD,
    PROGRESS,
    add_event,
    add_post,
    add_private,
    deletion_by_id,
    deletion_from,
    new_id,
    read_batch,
    released,
    touch,
)
from bot.ledger.tables import deletions, posts

# Trying again may take this much longer for each tunnel of a batch: the cloud takes 100 calls a second.
PACE_S = 1 / 90
# Should whoever clears a confirmed card be lost for good, another row of it takes that over.
CLEARED_BY_ANOTHER_AFTER_S = 60.0
Rule = Callable[[Proposal], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a click. won: this click decided; else `deletion` shows who or what was first.

    blocked_by: another deletion of the same tunnel that is under way, where that is why the click lost.
    refusal: the rule's word, where that is why. rule: which rule let it win.
    """

    won: bool
    deletion: Deletion | None
    blocked_by: Deletion | None = None
    refusal: Verdict | None = None
    rule: str = ""


class Ledger:
    """Deletions, from the ask to the end. Every method is one transaction and safe from any thread.

    All raise LedgerUnavailable when the database can't be reached; then nothing was done.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, ask: Ask) -> str:
        """Put an ask on disk; returns the deletion's id, which is its card's."""
        deletion_id = new_id()
        with self._database.write() as tx:
            tx.connection.execute(
                deletions.insert().values(
                    deletion_id=deletion_id,
                    card_id=deletion_id,
                    state=State.ASKED.value,
                    asked_at=tx.now,
                    next_at=tx.now,
                    tunnel_id=ask.tunnel_ids[0] if ask.tunnel_ids else "",
                    wanted=json.dumps(ask.tunnel_ids),
                    batch_size=max(1, len(ask.tunnel_ids)),
                    gateway_id=ask.gateway_id,
                    region=ask.region,
                    reason=ask.reason,
                    channel_id=ask.channel_id,
                    requester_id=ask.requester_id,
                    response_url=ask.response_url,
                    break_glass=ask.break_glass,
                )
            )
            add_event(
                tx,
                "asked",
                deletion_id=deletion_id,
                actor=ask.requester_id,
                channel_id=ask.channel_id,
                detail=f"break-glass {ask.break_glass}" if ask.break_glass else None,
            )
        return deletion_id

    def decide(
        self,
        card_id: str,
        decision: Decision,
        *,
        by: str,
        rule: Rule,
        retry_for_s: float,
        window_s: Callable[[Tier], float] = lambda _: 0.0,
    ) -> Decided:
        """Confirm or cancel a card, where the rule allows it: the first decisive click wins.

        retry_for_s: how long the deletion may be tried for after a confirm; window_s: how long it can be
        stopped before anything is sent.
        """
        try:
            with self._database.write() as tx:
                return _decide(tx, card_id, decision, by, rule, retry_for_s, window_s)
        except IntegrityError:
            # The unique index: a tunnel of this card has another deletion under way.
            with self._database.read() as tx:
                mine = deletion_by_id(tx, card_id)
                return Decided(won=False, deletion=mine, blocked_by=_in_flight_with(tx, card_id))

    def stop(
        self, card_id: str, *, by: str, says: Callable[[Batch], Mapping[str, object]] | None = None
    ) -> Batch | None:
        """Give up what was confirmed and surely not sent; returns the card's deletions as they are then.

        What had been sent goes on, but is never sent again.
        says: what the card's thread is told, where anything was stopped.
        """
        with self._database.write() as tx:
            unsent = and_(
                deletions.c.card_id == card_id,
                deletions.c.state == State.CONFIRMED.value,
                deletions.c.unclear.is_(False),
            )
            stopped = tx.connection.execute(
                update(deletions)
                .where(unsent)
                .values(
                    state=State.CANCELLED.value, code=OwnCode.STOPPED.value, ended_at=tx.now, **released()
                )
            ).rowcount
            under_way = and_(
                deletions.c.card_id == card_id,
                deletions.c.state.in_([state.value for state in IN_FLIGHT]),
            )
            tx.connection.execute(update(deletions).where(under_way).values(retry_until=tx.now))
            batch = read_batch(tx, card_id, first=0)
            if batch is not None and batch.lead.decided_at is not None:
                detail = f"{stopped} of {batch.size} not sent"
                channel_id = batch.lead.channel_id
                add_event(tx, "stopped", deletion_id=card_id, actor=by, channel_id=channel_id, detail=detail)
                if stopped:
                    # In the order in which the worker touches them: else two could wait for each other.
                    touch(tx, card_id, PROGRESS)
                    touch(tx, card_id, CARD)
                    if says is not None:
                        add_post(tx, batch.lead, "stopped", says(batch))
                    close_batch(tx, batch.lead)
            return batch

    def get(self, deletion_id: str) -> Deletion | None:
        """The deletion as it is now."""
        with self._database.read() as tx:
            return deletion_by_id(tx, deletion_id)

    def batch(self, card_id: str, *, first: int, skip: int = 0, not_gone: bool = False) -> Batch | None:
        """A card's deletions: counts of all, `first` rows after `skip` (not_gone: of those that aren't)."""
        with self._database.read() as tx:
            batch = read_batch(tx, card_id, first=first, skip=skip, not_gone=not_gone)
            if batch is None or batch.lead.state is not State.PENDING:
                return batch
            return replace(batch, freeze=_proposal(tx, batch.lead).freeze)

    def proposal(self, card_id: str) -> Proposal | None:
        """What a decision on this card would be about."""
        with self._database.read() as tx:
            lead = deletion_by_id(tx, card_id)
            return None if lead is None or lead.card_id != card_id else _proposal(tx, lead)

    def refuse(self, *, actor: str, channel_id: str, rule: str, deletion_id: str | None = None) -> None:
        """Keep in the audit trail that somebody was not allowed to."""
        with self._database.write() as tx:
            add_event(tx, "refused", actor=actor, channel_id=channel_id, detail=rule, deletion_id=deletion_id)

    def void(self, card_id: str, *, code: str, tell: Callable[[Deletion], Mapping[str, object]]) -> None:
        """The card can't be posted: end its deletions while they are pending, and tell the requester."""
        with self._database.write() as tx:
            was = deletion_by_id(tx, card_id)
            # What was never said isn't announced either.
            unsaid = and_(posts.c.card_id == card_id, posts.c.kind == ANNOUNCEMENT)
            tx.connection.execute(update(posts).where(unsaid).values(shown=posts.c.wanted))
            if was is not None and end_pending(tx, card_id, State.VOID, code=code):
                add_event(tx, "void", deletion_id=card_id, channel_id=was.channel_id, detail=code)
                add_private(tx, was, "void", tell(was))

    def lose_kit(self, card_id: str, *, tell: Callable[[Deletion], Mapping[str, object]]) -> None:
        """An undo kit can't be said: where nobody has decided yet, nobody can any more."""
        with self._database.write() as tx:
            was = deletion_by_id(tx, card_id)
            if was is not None and end_pending(tx, card_id, State.VOID, code=OwnCode.NO_KIT.value):
                touch(tx, card_id, CARD)
                about = {"deletion_id": card_id, "channel_id": was.channel_id}
                add_event(tx, "void", detail=OwnCode.NO_KIT, **about)
                add_private(tx, was, "void", tell(was))


def end_pending(tx: Transaction, card_id: str, to: State, **columns: Any) -> bool:
    """End all of a card's deletions, where nobody has decided on it."""
    pending = and_(deletions.c.card_id == card_id, deletions.c.state == State.PENDING.value)
    ended = {"state": to.value, "ended_at": tx.now, "response_url": None, **released(), **columns}
    return tx.connection.execute(update(deletions).where(pending).values(**ended)).rowcount > 0


def _proposal(tx: Transaction, lead: Deletion) -> Proposal:
    gateway_ids: Collection[str] = (lead.gateway_id or "",)
    if lead.batch_size > 1:
        of_card = deletions.c.card_id == lead.card_id
        found = tx.connection.execute(select(deletions.c.gateway_id).distinct().where(of_card))
        gateway_ids = [str(row[0] or "") for row in found]
    named = tuple(sorted(filter(None, gateway_ids)))
    return Proposal(lead=lead, gateway_ids=named, freeze=over(tx, named))


def _decide(
    tx: Transaction,
    card_id: str,
    decision: Decision,
    by: str,
    rule: Rule,
    retry_for_s: float,
    window_s: Callable[[Tier], float],
) -> Decided:
    lead = deletion_by_id(tx, card_id)
    if lead is None or lead.card_id != card_id:
        return Decided(won=False, deletion=None)
    about = {"deletion_id": card_id, "actor": by, "channel_id": lead.channel_id}
    add_event(tx, "clicked", detail=decision.value, **about)
    verdict = rule(_proposal(tx, lead))
    if not verdict.allowed:
        add_event(tx, "refused", detail=verdict.rule, **about)
        return Decided(won=False, deletion=lead, refusal=verdict)
    open_card = and_(
        deletions.c.card_id == card_id,
        deletions.c.state == State.PENDING.value,
        deletions.c.expires_at > tx.now,
    )
    confirm = decision is Decision.CONFIRM
    send_at = tx.now + window_s(lead.tier)
    changed: dict[str, Any] = {
        "state": (State.CONFIRMED if confirm else State.CANCELLED).value,
        "decided_by": by,
        "decided_at": tx.now,
        "send_at": send_at if confirm else None,
        "next_at": case(
            (deletions.c.deletion_id == card_id, send_at), else_=send_at + CLEARED_BY_ANOTHER_AFTER_S
        ),
        "retry_until": send_at + retry_for_s + deletions.c.batch_size * PACE_S if confirm else None,
        "ended_at": None if confirm else tx.now,
        **released(),
    }
    won = tx.connection.execute(update(deletions).where(open_card).values(**changed)).rowcount > 0
    decided = deletion_by_id(tx, card_id)
    if not won:
        return Decided(won=False, deletion=decided)
    add_event(tx, "confirmed" if confirm else "cancelled", detail=verdict.rule, **about)
    touch(tx, card_id, CARD)
    if confirm and lead.batch_size > 1:
        add_post(tx, lead, PROGRESS, None)
    return Decided(won=True, deletion=decided, rule=verdict.rule)


def _in_flight_with(tx: Transaction, card_id: str) -> Deletion | None:
    mine = select(deletions.c.tunnel_id, deletions.c.region).where(deletions.c.card_id == card_id).subquery()
    query = (
        select(deletions)
        .join(mine, and_(mine.c.tunnel_id == deletions.c.tunnel_id, mine.c.region == deletions.c.region))
        .where(deletions.c.state.in_([state.value for state in IN_FLIGHT]))
        .limit(1)
    )
    row = tx.connection.execute(query).mappings().first()
    return None if row is None else deletion_from(row)

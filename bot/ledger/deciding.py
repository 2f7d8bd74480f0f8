"""Deciding on a card: the first decisive click wins, under the rules as they are in that transaction."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, select, update

from bot.domain.model import IN_FLIGHT, Decision, Deletion, Proposal, State, Tier
from bot.domain.policy import TYPED_CONFIRMATION, Verdict
from bot.ledger.database import Transaction, take_turn
from bot.ledger.freezes import over
from bot.ledger.rows import (
    PROGRESS,
    add_event,
    add_post,
    begin_window,
    deletion_by_id,
    deletion_from,
    released,
)
from bot.ledger.tables import deletions

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


def proposal(tx: Transaction, lead: Deletion) -> Proposal:
    """What a decision on this card would be about."""
    gateway_ids: Collection[str] = (lead.gateway_id or "",)
    if lead.batch_size > 1:
        of_card = deletions.c.card_id == lead.card_id
        found = tx.connection.execute(select(deletions.c.gateway_id).distinct().where(of_card))
        gateway_ids = [str(row[0] or "") for row in found]
    named = tuple(sorted(filter(None, gateway_ids)))
    return Proposal(lead=lead, gateway_ids=named, freeze=over(tx, named))


def decide(
    tx: Transaction,
    card_id: str,
    decision: Decision,
    by: str,
    rule: Rule,
    retry_for_s: float,
    window_s: Callable[[Tier], float],
) -> Decided:
    """Confirm or cancel; IntegrityError where a tunnel of the card has another deletion under way."""
    lead = deletion_by_id(tx, card_id)
    if lead is None or lead.card_id != card_id:
        return Decided(won=False, deletion=None)
    if lead.batch_size > 1:  # a single row waits for nobody, and a click not for a round trip more
        take_turn(tx)
    about = {"deletion_id": card_id, "actor": by, "channel_id": lead.channel_id}
    add_event(tx, "clicked", detail=decision.value, **about)
    verdict = rule(proposal(tx, lead))
    if not verdict.allowed:
        if verdict.rule != TYPED_CONFIRMATION:  # then nobody was refused: the dialog opens
            add_event(tx, "refused", detail=verdict.rule, **about)
        return Decided(won=False, deletion=lead, refusal=verdict)
    open_card = and_(
        deletions.c.card_id == card_id,
        deletions.c.state == State.PENDING.value,
        deletions.c.expires_at > tx.now,
    )
    confirm = decision is Decision.CONFIRM
    abort_s = window_s(lead.tier) if confirm else 0.0
    send_at = tx.now + abort_s
    changed: dict[str, Any] = {
        "state": (State.CONFIRMED if confirm else State.CANCELLED).value,
        "decided_by": by,
        "decided_at": tx.now,
        "send_at": send_at if confirm else None,
        "window_s": abort_s or None,
        "next_at": case(
            (deletions.c.deletion_id == card_id, send_at), else_=send_at + CLEARED_BY_ANOTHER_AFTER_S
        ),
        "retry_until": send_at + retry_for_s + deletions.c.batch_size * PACE_S if confirm else None,
        **({} if confirm else {"ended_at": tx.now, "response_url": None}),
        **released(),
    }
    won = tx.connection.execute(update(deletions).where(open_card).values(**changed)).rowcount > 0
    decided = deletion_by_id(tx, card_id)
    if not won:
        return Decided(won=False, deletion=decided)
    add_event(tx, "confirmed" if confirm else "cancelled", detail=verdict.rule, **about)
    begin_window(tx, card_id)
    if confirm and lead.batch_size > 1:
        add_post(tx, lead, PROGRESS, None)
    return Decided(won=True, deletion=decided, rule=verdict.rule)


def end_pending(tx: Transaction, card_id: str, to: State, **columns: Any) -> bool:
    """End all of a card's deletions, where nobody has decided on it."""
    pending = and_(deletions.c.card_id == card_id, deletions.c.state == State.PENDING.value)
    ended = {"state": to.value, "ended_at": tx.now, "response_url": None, **released(), **columns}
    return tx.connection.execute(update(deletions).where(pending).values(**ended)).rowcount > 0


def blocked(tx: Transaction, card_id: str, by: str) -> Decided:
    """A click that decided nothing, since another deletion of the same tunnel is under way."""
    mine, other = deletion_by_id(tx, card_id), _in_flight_with(tx, card_id)
    if mine is not None:
        about = {"deletion_id": card_id, "actor": by, "channel_id": mine.channel_id}
        add_event(tx, "clicked", detail=Decision.CONFIRM, **about)
        add_event(tx, "blocked", detail=other.deletion_id if other else None, **about)
    return Decided(won=False, deletion=mine, blocked_by=other)


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

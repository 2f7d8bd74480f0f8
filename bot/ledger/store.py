"""The ledger as people use it: ask, decide, stop, look."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.explain import CodeKind, OwnCode
from bot.domain.model import IN_FLIGHT, Ask, Batch, Decision, Deletion, Proposal, State, Tier
from bot.errors import LedgerUnclear
from bot.ledger import deciding
from bot.ledger.batches import close_batch
from bot.ledger.codes import coded
from bot.ledger.database import Database, Transaction, take_turn
from bot.ledger.deciding import Decided, Rule
from bot.ledger.rows import (
    CARD,
    PROGRESS,
    add_event,
    add_post,
    add_private,
    deletion_by_id,
    new_id,
    read_batch,
    released,
    touch,
)
from bot.ledger.tables import deletions
from bot.ledger.threads import close, drop_unsaid, lose_card, way_to_requester

SHOWN_IDS = 20
log = logging.getLogger(__name__)


class Ledger:
    """Deletions, from the ask to the end. Every method is one transaction and safe from any thread.

    All raise LedgerUnavailable when the database can't be reached: then nothing was done; those that write
    raise LedgerUnclear when it may have been.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, ask: Ask) -> str:
        """Put an ask on disk; returns the deletion's id, which is its card's."""
        with self._database.write() as tx:
            return _add(tx, ask)

    def ask_again(self, ask: Ask, *, since: float) -> str | None:
        """Likewise; None, and nothing done, where a card of these, asked for since then, is open there."""
        is_open = and_(
            deletions.c.state.in_([State.ASKED.value, State.PENDING.value]),
            deletions.c.tunnel_id == ask.tunnel_ids[0],
            deletions.c.region == ask.region,
            deletions.c.channel_id == ask.channel_id,
            deletions.c.asked_at >= since,
        )
        with self._database.write() as tx:
            take_turn(tx)
            there = tx.connection.execute(select(deletions.c.card_id).where(is_open).limit(1)).first()
            return _add(tx, ask) if there is None else None

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
            return self._decided(
                lambda tx: deciding.decide(tx, card_id, decision, by, rule, retry_for_s, window_s)
            )
        except IntegrityError:
            # The unique index: a tunnel of this card has another deletion under way.
            return self._decided(lambda tx: deciding.blocked(tx, card_id, by))

    def _decided(self, decide: Callable[[Transaction], Decided]) -> Decided:
        """A click that decides nothing changes only the audit trail: a doubt about that leaves its answer."""
        decided = None
        try:
            with self._database.write() as tx:
                decided = decide(tx)
        except LedgerUnclear as error:
            if decided is None or decided.won:
                raise
            log.warning("a click may be missing in the audit trail: %s", error)
        return decided

    def stop(
        self, card_id: str, *, by: str, says: Callable[[Batch], Mapping[str, object]] | None = None
    ) -> Batch | None:
        """Give up what was confirmed and surely not sent; returns the card's deletions as they are then.

        What had been sent goes on, but is never sent again.
        says: what the card's thread is told, where anything was stopped.
        """
        with self._database.write() as tx:
            take_turn(tx)
            unsent = and_(
                deletions.c.card_id == card_id,
                deletions.c.state == State.CONFIRMED.value,
                deletions.c.unclear.is_(False),
            )
            stopped = tx.connection.execute(
                update(deletions)
                .where(unsent)
                .values(
                    state=State.CANCELLED.value,
                    **coded(OwnCode.STOPPED),
                    stopped_by=by,
                    ended_at=tx.now,
                    response_url=None,
                    **released(),
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
            return replace(batch, freeze=deciding.proposal(tx, batch.lead).freeze)

    def proposal(self, card_id: str) -> Proposal | None:
        """What a decision on this card would be about."""
        with self._database.read() as tx:
            lead = deletion_by_id(tx, card_id)
            return None if lead is None or lead.card_id != card_id else deciding.proposal(tx, lead)

    def refuse(self, *, actor: str, channel_id: str, rule: str, deletion_id: str | None = None) -> None:
        """Keep in the audit trail that somebody was not allowed to."""
        with self._database.write() as tx:
            add_event(tx, "refused", actor=actor, channel_id=channel_id, detail=rule, deletion_id=deletion_id)

    def void(
        self,
        card_id: str,
        *,
        code: str,
        kind: CodeKind,
        tell: Callable[[Deletion], Mapping[str, object]],
        keep_card: bool = False,
    ) -> bool:
        """The card can't be posted: end its deletions, say nothing more of it, and tell the requester.

        keep_card: it may stand there all the same, and then it is still to be changed.
        False, and nothing done, where somebody has decided: then it was posted, and nobody knows its ts.
        """
        with self._database.write() as tx:
            take_turn(tx)
            was = deletion_by_id(tx, card_id)
            if was is None or was.decided_by is not None:
                return False
            drop_unsaid(tx, card_id, but_card=keep_card)
            if deciding.end_pending(tx, card_id, State.VOID, **coded(code, kind)):
                add_event(tx, "void", deletion_id=card_id, channel_id=was.channel_id, detail=code)
            # A protected card has ended before it could be shown.
            add_private(tx, replace(was, response_url=way_to_requester(tx, card_id)), "void", tell(was))
            return True

    def card_is_gone(self, card_id: str, code: str) -> None:
        """Slack said, with this code, that the card no longer exists: `posts.root_gone` from now on.

        Its thread is told nothing more; its requester is told privately how it ended.
        """
        with self._database.write() as tx:
            take_turn(tx)
            lose_card(tx, card_id, code)

    def close_thread(self, card_id: str, code: str) -> None:
        """Slack takes nothing in the card's thread now, and somebody has to mend that: likewise."""
        with self._database.write() as tx:
            take_turn(tx)
            close(tx, card_id, code)

    def lose_kit(
        self, card_id: str, *, tell: Callable[[Deletion], Mapping[str, object]] | None = None
    ) -> None:
        """An undo kit can't be said: where nobody has decided yet, nobody can any more.

        tell: what the requester is told, where it isn't told with how the card ended.
        """
        with self._database.write() as tx:
            take_turn(tx)
            was = deletion_by_id(tx, card_id)
            if was is not None and deciding.end_pending(tx, card_id, State.VOID, **coded(OwnCode.NO_KIT)):
                touch(tx, card_id, CARD)
                about = {"deletion_id": card_id, "channel_id": was.channel_id}
                add_event(tx, "void", detail=OwnCode.NO_KIT, **about)
                if tell is not None:
                    add_private(tx, was, "void", tell(was))


def _add(tx: Transaction, ask: Ask) -> str:
    deletion_id = new_id()
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
    about = {"deletion_id": deletion_id, "actor": ask.requester_id, "channel_id": ask.channel_id}
    add_event(tx, "asked", detail=_in_words(ask), **about)
    return deletion_id


def _in_words(ask: Ask) -> str:
    """What was asked for, for the audit trail."""
    named = " ".join(ask.tunnel_ids[:SHOWN_IDS]) or f"all of {ask.gateway_id}"
    more = f" and {len(ask.tunnel_ids) - SHOWN_IDS} more" if len(ask.tunnel_ids) > SHOWN_IDS else ""
    glass = f", break-glass {ask.break_glass}" if ask.break_glass else ""
    return f"{named}{more} in {ask.region}{glass}"

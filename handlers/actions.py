"""The card's buttons: the first decisive click wins, whoever comes later is told privately who decided."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.chat import batch_thread, dialogs, notes, pieces
from bot.chat.blocks import Body
from bot.domain.model import Ask, Decision
from bot.domain.own_codes import NO_FRESH_CARD
from bot.domain.policy import TYPED_CONFIRMATION
from bot.errors import LedgerFailed, LedgerUnavailable, LedgerUnclear
from handlers.desk import (
    LOOK_AT_THE_CARD,
    LOOK_FOR_A_CARD,
    STOP_AGAIN,
    STOP_IS_KEPT,
    STOP_IS_UNCLEAR,
    TRY_AGAIN,
    Desk,
)
from handlers.payloads import Click

DECISIONS = {
    pieces.CONFIRM_ACTION: Decision.CONFIRM,
    pieces.CANCEL_ACTION: Decision.CANCEL,
}
MOST_ROWS = 1000
log = logging.getLogger(__name__)


Do = Callable[[Desk, Click], Body | None]


def register(app: App, desk: Desk) -> None:
    """Listen for the card's buttons."""
    for action_id, decision in DECISIONS.items():
        app.action(action_id)(_listener(desk, partial(_decide, decision)))
    app.action(pieces.STOP_ACTION)(_listener(desk, _stop))
    app.action(pieces.FRESH_ACTION)(_listener(desk, _ask_again))


def _listener(desk: Desk, do: Do) -> Callable[..., None]:
    """A click writes, is acked, and then the clicker is told privately what there is to tell."""

    def listener(ack: Ack, body: dict[str, Any]) -> None:
        click = Click.of(body)
        try:
            answer = do(desk, click)
        except LedgerUnavailable as error:
            log.warning("ledger unavailable for a click: %s", error)
            answer = notes.private(TRY_AGAIN)
        except LedgerUnclear as error:
            log.warning("ledger unclear for a click: %s", error)
            desk.wake()
            answer = notes.private(LOOK_FOR_A_CARD if do is _ask_again else LOOK_AT_THE_CARD)
        ack()
        if answer is not None:
            desk.aside.whisper(click.response_url, answer)

    return listener


def _decide(decision: Decision, desk: Desk, click: Click) -> Body | None:
    """Decide, or ask for what has to be typed first; returns the private answer where nothing was done."""
    person, card_id = click.person, click.card_id
    decided = desk.ledger.decide(
        card_id,
        decision,
        by=person.user_id,
        rule=desk.rule(person, click.channel_id, decision, typed=False),
        retry_for_s=desk.retry_for_s,
        window_s=desk.window,
    )
    if (refusal := decided.refusal) is not None:
        if refusal.rule == TYPED_CONFIRMATION:
            return _ask_for_the_word(desk, click)
        log.warning("not allowed user=%s deletion=%s rule=%s", person.user_id, card_id, refusal.rule)
        return notes.refusal(refusal)
    if not decided.won:
        return notes.too_late(decided.deletion, decided.blocked_by, person.user_id)
    desk.wake()
    log.info("%s deletion=%s user=%s rule=%s", decision.value, card_id, person.user_id, decided.rule)
    return None


def _ask_for_the_word(desk: Desk, click: Click) -> Body | None:
    """Slack takes a dialog within three seconds of the click only, so it isn't the worker's."""
    proposal = desk.ledger.proposal(click.card_id)
    if proposal is not None:
        desk.aside.open_view(
            click.trigger_id,
            dialogs.typed_confirmation(proposal),
            response_url=click.response_url,
            otherwise=notes.private("Slack didn't open the dialog. Press Confirm again; nothing was done."),
        )
    return None


def _stop(desk: Desk, click: Click) -> Body | None:
    """Give up what was not sent: anybody of this workspace may.

    There is no time to press again later, so a press that the ledger can't take is kept.
    """
    person, card_id = click.person, click.card_id
    verdict = desk.may_stop(person, click.channel_id, card_id)
    if not verdict.allowed:
        return notes.refusal(verdict)
    write = partial(_write_stop, desk, card_id, person.user_id)
    try:
        return write()
    except LedgerFailed as error:
        log.warning("ledger failed for a stop deletion=%s user=%s: %s", card_id, person.user_id, error)
        stops, is_unclear = desk.pending_stops, isinstance(error, LedgerUnclear)
    if not stops.keep(card_id, person.user_id, response_url=click.response_url, write=write):
        return notes.private(STOP_AGAIN)
    return notes.private(STOP_IS_UNCLEAR if is_unclear else STOP_IS_KEPT)


def _write_stop(desk: Desk, card_id: str, user_id: str) -> Body | None:
    """Stop it; returns what to tell whoever pressed. Twice does no harm. Raises LedgerFailed."""
    batch = desk.ledger.stop(card_id, by=user_id, says=lambda batch: batch_thread.stopped(batch, user_id))
    desk.wake()
    return notes.stopped(batch) if batch else None


def _ask_again(desk: Desk, click: Click) -> Body | None:
    """A fresh card for the same tunnels; whoever presses is the one who asks."""
    person, channel_id, card_id = click.person, click.channel_id, click.card_id
    batch = desk.ledger.batch(card_id, first=MOST_ROWS)
    if batch is None:
        return notes.too_late(None, None, person.user_id)
    gateway_ids = {row.gateway_id or "" for row in batch.rows}
    verdict = desk.may_ask(person, channel_id, gateway_ids, what="fresh card", card_id=card_id)
    if not verdict.allowed:
        return notes.refusal(verdict)
    still_there = tuple(row.tunnel_id for row in batch.rows if row.code not in NO_FRESH_CARD)
    if not still_there:
        return notes.private(
            "There is nothing left to delete: the card's tunnels are gone, or being deleted."
        )
    lead = batch.lead
    fresh_id = desk.ledger.ask_again(
        Ask(
            tunnel_ids=still_there,
            gateway_id=None,
            region=lead.region,
            reason=lead.reason,
            channel_id=channel_id,
            requester_id=person.user_id,
            response_url=click.response_url,
            # An incident is its requester's own word.
            break_glass=lead.break_glass if person.user_id == lead.requester_id else "",
        ),
        since=lead.ended_at or lead.asked_at,
    )
    if fresh_id is None:
        return notes.private(
            "A fresh card has been asked for already; it comes further down, or whoever asked is told why."
        )
    desk.wake()
    log.info("asked again deletion=%s after=%s user=%s", fresh_id, card_id, person.user_id)
    return None

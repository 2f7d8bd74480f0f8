"""Confirm, Cancel, Stop: the first decisive click wins, whoever comes later is told privately who decided."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.chat import batches, notes, pieces
from bot.chat.blocks import Body
from bot.domain.model import Decision
from bot.errors import LedgerUnavailable
from handlers.desk import TRY_AGAIN, Desk, person_who_clicked

DECISIONS = {
    pieces.CONFIRM_ACTION: Decision.CONFIRM,
    pieces.CANCEL_ACTION: Decision.CANCEL,
}
log = logging.getLogger(__name__)


Click = Callable[[Desk, Mapping[str, Any], str], Body | None]


def register(app: App, desk: Desk) -> None:
    """Listen for the card's buttons."""
    for action_id, decision in DECISIONS.items():
        app.action(action_id)(_listener(desk, partial(_decide, decision)))
    app.action(pieces.STOP_ACTION)(_listener(desk, _stop))


def _listener(desk: Desk, click: Click) -> Callable[..., None]:
    """A click writes, is acked, and then the clicker is told privately what there is to tell."""

    def listener(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        try:
            answer = click(desk, body, action["value"])
        except LedgerUnavailable as error:
            log.warning("ledger unavailable for a click: %s", error)
            answer = notes.private(TRY_AGAIN)
        ack()
        if answer is not None:
            desk.whisper(body["response_url"], answer)

    return listener


def _refusal(desk: Desk, body: Mapping[str, Any], card_id: str) -> Body | None:
    """Why this person may not click, or None when they may."""
    person, channel_id = person_who_clicked(body), body["container"]["channel_id"]
    verdict = desk.may_operate(person, channel_id, deletion_id=card_id)
    if verdict.allowed:
        return None
    log.warning("not allowed user=%s deletion=%s rule=%s", person.user_id, card_id, verdict.rule)
    return notes.private(verdict.sentence)


def _stop(desk: Desk, body: Mapping[str, Any], card_id: str) -> Body | None:
    """Give up what was not sent: operators may, and whoever asked."""
    user_id = person_who_clicked(body).user_id
    asked = desk.ledger.get(card_id)
    is_requester = asked is not None and asked.requester_id == user_id
    refusal = None if is_requester else _refusal(desk, body, card_id)
    if refusal is not None:
        return refusal
    batch = desk.ledger.stop(card_id, by=user_id, says=lambda batch: batches.stopped(batch, user_id))
    desk.wake()
    return notes.stopped(batch) if batch else None


def _decide(decision: Decision, desk: Desk, body: Mapping[str, Any], card_id: str) -> Body | None:
    """Decide; returns the private answer where the click did nothing."""
    refusal = _refusal(desk, body, card_id)
    if refusal is not None:
        return refusal
    user_id = person_who_clicked(body).user_id
    decided = desk.ledger.decide(card_id, decision, by=user_id, retry_for_s=desk.retry_for_s)
    if not decided.won:
        return notes.too_late(decided.deletion, decided.blocked_by)
    desk.wake()
    log.info("%s deletion=%s user=%s", decision.value, card_id, user_id)
    return None

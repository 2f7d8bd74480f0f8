"""Confirm and Cancel: the first decisive click wins, whoever comes later is told privately who decided."""

import logging
from typing import Any

from slack_bolt import Ack, App

from bot.chat import cards, notes
from bot.chat.blocks import Body
from bot.domain.model import Decision
from bot.errors import LedgerUnavailable
from handlers.desk import TRY_AGAIN, Desk, person_who_clicked

DECISIONS = {
    cards.CONFIRM_ACTION: Decision.CONFIRM,
    cards.CANCEL_ACTION: Decision.CANCEL,
}
log = logging.getLogger(__name__)


def register(app: App, desk: Desk) -> None:
    """Listen for the card's buttons."""
    for action_id, decision in DECISIONS.items():
        app.action(action_id)(_listener(desk, decision))


def _listener(desk: Desk, decision: Decision) -> Any:
    def decide(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
        try:
            answer = _decide(desk, decision, body, action["value"])
        except LedgerUnavailable as error:
            log.warning("ledger unavailable for a click: %s", error)
            answer = notes.private(TRY_AGAIN)
        ack()
        if answer is not None:
            desk.whisper(body["response_url"], answer)

    return decide


def _decide(desk: Desk, decision: Decision, body: dict[str, Any], card_id: str) -> Body | None:
    """Decide; returns the private answer where the click did nothing."""
    person, channel_id = person_who_clicked(body), body["container"]["channel_id"]
    verdict = desk.may_operate(person, channel_id, deletion_id=card_id)
    if not verdict.allowed:
        log.warning("not allowed user=%s deletion=%s rule=%s", person.user_id, card_id, verdict.rule)
        return notes.private(verdict.sentence)
    decided = desk.ledger.decide(card_id, decision, by=person.user_id, retry_for_s=desk.retry_for_s)
    if not decided.won:
        return notes.too_late(decided.deletion, decided.blocked_by)
    desk.wake()
    log.info("%s deletion=%s user=%s", decision.value, card_id, person.user_id)
    return None

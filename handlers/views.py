"""The typed confirmation: the right word decides, as a click would, under the same rules."""

import logging
from typing import Any

from slack_bolt import Ack, App

from bot.chat import dialogs, notes
from bot.chat.blocks import Body
from bot.domain.confirmation import is_typed, word_to_type
from bot.domain.model import Decision
from bot.errors import LedgerUnavailable, LedgerUnclear
from handlers.desk import LOOK_AT_THE_CARD, TRY_AGAIN, Desk
from handlers.payloads import Submission

log = logging.getLogger(__name__)


def register(app: App, desk: Desk) -> None:
    """Listen for the dialog's Delete button."""

    @app.view(dialogs.TYPED_VIEW)
    def typed(ack: Ack, body: dict[str, Any]) -> None:
        try:
            answer = _decide(desk, Submission.of(body))
        except LedgerUnavailable as error:
            log.warning("ledger unavailable for a dialog: %s", error)
            answer = {"response_action": "errors", "errors": {dialogs.TYPED_BLOCK: TRY_AGAIN}}
        except LedgerUnclear as error:
            log.warning("ledger unclear for a dialog: %s", error)
            desk.wake()
            answer = {"response_action": "update", "view": dialogs.not_known(LOOK_AT_THE_CARD)}
        ack(**answer)


def _decide(desk: Desk, submission: Submission) -> dict[str, Any]:
    """Confirm where the word is right; returns Slack's answer to the dialog: nothing closes it."""
    person, card_id = submission.person, submission.card_id
    proposal = desk.ledger.proposal(card_id)
    if proposal is None:
        return _instead(notes.too_late(None, None, person.user_id))
    word = word_to_type(proposal)
    channel_id = proposal.lead.channel_id
    if not is_typed(submission.entered, word):
        desk.refused(person, channel_id, "another word typed", card_id)
        return {"response_action": "errors", "errors": {dialogs.TYPED_BLOCK: dialogs.not_it(word)}}
    decided = desk.ledger.decide(
        card_id,
        Decision.CONFIRM,
        by=person.user_id,
        rule=desk.rule(person, channel_id, Decision.CONFIRM, typed=True),
        retry_for_s=desk.retry_for_s,
        window_s=desk.window,
    )
    if decided.refusal is not None:
        rule = decided.refusal.rule
        log.warning("not allowed user=%s deletion=%s rule=%s", person.user_id, card_id, rule)
        return _instead(notes.refusal(decided.refusal))
    if not decided.won:
        return _instead(notes.too_late(decided.deletion, decided.blocked_by, person.user_id))
    desk.wake()
    log.info("typed confirm deletion=%s user=%s rule=%s", card_id, person.user_id, decided.rule)
    return {}


def _instead(note: Body) -> dict[str, Any]:
    return {"response_action": "update", "view": dialogs.nothing_done(note["text"])}

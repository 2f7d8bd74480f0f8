"""What a person is told when a listener breaks: nobody knows then whether what they did was taken."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from slack_bolt import App, BoltResponse

from bot.chat import dialogs, notes
from handlers.desk import Desk

log = logging.getLogger(__name__)


def register(app: App, desk: Desk) -> None:
    """Take what no listener caught."""

    @app.error
    def explain(error: Exception, body: Mapping[str, Any]) -> BoltResponse:
        number = secrets.token_hex(4)
        log.error("fault %s", number, exc_info=error)
        look = "at the card" if body.get("type") else "whether a card comes, and at /vpn freezes"
        sentence = (
            f"vpn-bot made a mistake of its own (number {number}), so it isn't known whether this was "
            f"taken. Look {look}. Its log says more."
        )
        return BoltResponse(status=200, body=_answer(desk, body, sentence))


def _answer(desk: Desk, body: Mapping[str, Any], sentence: str) -> dict[str, Any] | str:
    """The ack's body. A command's is shown, a dialog's takes its place, a click's isn't looked at."""
    if body.get("type") == "view_submission":
        return {"response_action": "update", "view": dialogs.not_known(sentence)}
    note = {**notes.private(sentence), "response_type": "ephemeral"}
    if body.get("type"):
        if body.get("response_url"):
            desk.aside.whisper(body["response_url"], note)
        return ""
    return note

"""What Slack sends, from either connection: checked, then given to the listener that it is for."""

import logging
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse

from bot.chat import dialogs, notes
from bot.errors import BadPayload
from handlers.desk import Desk
from handlers.payloads import SUBMISSION, is_url, read

UNREADABLE = (
    "Slack sent this in a form that vpn-bot can't read, so nothing was done. Try it once more; if it stays "
    "so, whoever runs the bot finds the field in its log."
)
log = logging.getLogger(__name__)


def dispatch(app: App, desk: Desk, payload: object) -> BoltResponse:
    """Run the listener; its answer is the ack. A payload that can't be read is logged, acked, and no more."""
    try:
        body = read(payload).body
    except BadPayload as error:
        log.warning("a payload isn't as Slack documents it field=%s", error)
        return BoltResponse(status=200, body=_answer(desk, payload))
    # The signature, where there is one, has been checked; "socket_mode" means that nothing is left to parse.
    return app.dispatch(BoltRequest(mode="socket_mode", body=body))


def _answer(desk: Desk, payload: object) -> dict[str, Any] | str:
    """The ack's body: a sentence where the person would see it, and by the response_url of a click."""
    if not isinstance(payload, dict):
        return ""
    if payload.get("type") == SUBMISSION:
        return {"response_action": "update", "view": dialogs.nothing_done(UNREADABLE)}
    note = {**notes.private(UNREADABLE), "response_type": "ephemeral"}
    if "command" in payload:
        return note
    if is_url(payload.get("response_url")):
        desk.aside.whisper(payload["response_url"], note)
    return ""

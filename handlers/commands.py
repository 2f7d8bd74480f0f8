"""`/vpn …`: one row on disk, then the ack, which carries the private answer."""

import logging
from typing import Any

from slack_bolt import Ack, App

from bot.chat import notes
from bot.domain.command import HELP, HelpCommand, parse
from bot.domain.model import Ask
from bot.errors import BadCommand, LedgerUnavailable
from handlers.desk import TRY_AGAIN, Desk, person_who_typed

COMMAND = "/vpn"
log = logging.getLogger(__name__)


def register(app: App, desk: Desk) -> None:
    """Listen for the slash command."""

    @app.command(COMMAND)
    def vpn(ack: Ack, command: dict[str, Any]) -> None:
        try:
            answer = _answer(desk, command)
        except LedgerUnavailable as error:
            log.warning("ledger unavailable for a command: %s", error)
            answer = TRY_AGAIN
        ack(**notes.private(answer))


def _answer(desk: Desk, command: dict[str, Any]) -> str:
    """Do what was typed; returns the private answer."""
    person, channel_id = person_who_typed(command), command["channel_id"]
    try:
        asked = parse(_unescape(command.get("text") or ""))
    except BadCommand as error:
        return str(error)
    if isinstance(asked, HelpCommand):
        return HELP
    verdict = desk.may_operate(person, channel_id)
    if not verdict.allowed:
        log.warning("not allowed user=%s channel=%s rule=%s", person.user_id, channel_id, verdict.rule)
        return verdict.sentence
    if len(asked.tunnel_ids) > desk.max_batch:
        return str(notes.too_many(len(asked.tunnel_ids), desk.max_batch)["text"])
    region = asked.region or desk.default_region
    deletion_id = desk.ledger.ask(
        Ask(
            tunnel_ids=asked.tunnel_ids,
            gateway_id=asked.gateway_id,
            region=region,
            reason=asked.reason,
            channel_id=channel_id,
            requester_id=person.user_id,
            response_url=command["response_url"],
        )
    )
    desk.wake()
    log.info("asked deletion=%s tunnels=%d user=%s", deletion_id, len(asked.tunnel_ids), person.user_id)
    what = f"{len(asked.tunnel_ids)} tunnels" if len(asked.tunnel_ids) > 1 else "".join(asked.tunnel_ids)
    return (
        f"Looking up {what or f'all tunnels of {asked.gateway_id}'} in {region}; the card comes here. "
        "Nothing is deleted before somebody presses Confirm on it."
    )


def _unescape(text: str) -> str:
    """Slack escapes these three, and only these, in what people type."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

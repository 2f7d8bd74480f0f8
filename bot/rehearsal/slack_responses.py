"""response_url: up to five answers in half an hour to whoever typed or pressed, wherever the bot is."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.rehearsal.limits import ApiError
from bot.rehearsal.slack_web import said
from bot.rehearsal.workspace import Message, Workspace

USES = 5
LIFE_S = 30 * 60
_MESSAGE = frozenset({"text", "blocks", "metadata", "unfurl_links", "unfurl_media"})
_KNOWN = _MESSAGE | {"response_type", "replace_original", "delete_original"}


@dataclass(slots=True, kw_only=True)
class _Issued:
    reader: str
    channel: str
    original_ts: str | None
    at: float
    left: int = USES


class Responses:
    """The response_urls that were given out."""

    def __init__(self, workspace: Workspace, url: str) -> None:
        self._workspace = workspace
        self._url = url
        self._issued: dict[str, _Issued] = {}

    def issue(self, reader: str, channel: str, original: Message | None = None) -> str:
        """A response_url for one interaction; `original` is the message whose button was pressed."""
        token = uuid.uuid4().hex
        self._issued[token] = _Issued(
            reader=reader,
            channel=channel,
            original_ts=original.ts if original else None,
            at=self._workspace.clock(),
        )
        return f"{self._url}/actions/{token}"

    def answer(self, token: str, body: Mapping[str, Any]) -> None:
        """Do what one POST asks; ApiError expired_url, used_url, message_not_found and those of messages."""
        with self._workspace.changed:
            issued = self._issued.get(token)
            if issued is None or self._workspace.clock() - issued.at > LIFE_S:
                raise ApiError("expired_url")
            if issued.left == 0:
                raise ApiError("used_url")
            unknown = body.keys() - _KNOWN
            if unknown:
                raise ApiError("invalid_payload", f"unknown: {', '.join(sorted(unknown))}")
            self._carry_out(issued, body)
            issued.left -= 1

    def _carry_out(self, issued: _Issued, body: Mapping[str, Any]) -> None:
        if body.get("delete_original"):
            self._workspace.delete(self._original(issued))
            return
        if body.get("replace_original"):
            text, blocks, _ = said(body)
            self._workspace.edit(self._original(issued), text, blocks)
            return
        show_response(self._workspace, issued.reader, issued.channel, body)

    def _original(self, issued: _Issued) -> Message:
        if issued.original_ts is None:
            raise ApiError("message_not_found", "there is no original: a command was typed")
        return self._workspace.seen(issued.reader, issued.channel, issued.original_ts)


def show_response(workspace: Workspace, reader: str, channel: str, body: Mapping[str, Any]) -> None:
    """Show an ack's or a response_url's message: to one person, or in the channel if it says so; ApiError."""
    text, blocks, metadata = said(body)
    author = workspace.bot.user_id
    match body.get("response_type", "ephemeral"):
        case "ephemeral":
            workspace.show(channel=channel, reader=reader, author=author, text=text, blocks=blocks)
        case "in_channel":
            workspace.post(channel=channel, author=author, text=text, blocks=blocks, metadata=metadata)
        case other:
            raise ApiError("invalid_payload", f"response_type {other}")

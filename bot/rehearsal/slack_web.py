"""What the local Slack checks before it carries out a Web API call: scope, channel, thread, message."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.rehearsal.limits import ApiError, check_message
from bot.rehearsal.slack_channels import direct
from bot.rehearsal.slack_views import Views
from bot.rehearsal.workspace import Block, Channel, Message, Workspace

Args = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebApi:
    """What the methods work on; `socket_url` gives a fresh WebSocket address."""

    workspace: Workspace
    views: Views
    scopes: frozenset[str]
    url: str
    socket_url: Callable[[], str]

    def need(self, scope: str) -> None:
        """ApiError missing_scope unless the manifest declares it."""
        if scope not in self.scopes:
            raise ApiError("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def channel(self, args: Args) -> Channel:
        """The call's channel, by id only; ApiError channel_not_found, not_in_channel."""
        channel = self.workspace.channels.get(str(args["channel"]))
        inside = channel is not None and self.workspace.bot.user_id in channel.members
        if channel is None or (channel.kind != "public" and not inside):
            raise ApiError("channel_not_found")
        if not inside:
            raise ApiError("not_in_channel")
        return channel

    def writable(self, args: Args) -> Channel:
        """Likewise, to write there: a person's id stands for the direct message with them."""
        named = str(args["channel"])
        channel = direct(self.workspace, named) if named.startswith("U") else self.channel(args)
        if channel.archived:
            raise ApiError("is_archived")
        return channel

    def own_message(self, args: Args, refusal: str) -> Message:
        """The bot's own message at `ts`, to be changed; ApiError message_not_found, or the refusal."""
        channel = self.channel(args)
        message = self.workspace.message(channel.channel_id, str(args["ts"]))
        if message.author != self.workspace.bot.user_id:
            raise ApiError(refusal)
        if channel.archived:
            raise ApiError("is_inactive")
        return message

    def root(self, channel: Channel, thread_ts: Any) -> str | None:
        """The thread to reply in; None, as the real one has it, where its root has gone.

        ApiError thread_not_found for a reply to a reply, which is stricter than the original.
        """
        found = self._message(channel, thread_ts)
        if found is not None and found.thread_ts is not None:
            raise ApiError("thread_not_found", "thread_ts must be the ts of a thread's root")
        return found.ts if found else None

    def thread(self, channel: Channel, ts: Any) -> tuple[Message, ...]:
        """A thread, to be read; ApiError thread_not_found where there is no such root."""
        found = self._message(channel, ts)
        if found is None or found.thread_ts is not None:
            raise ApiError("thread_not_found")
        return self.workspace.thread(channel.channel_id, found.ts)

    def _message(self, channel: Channel, ts: Any) -> Message | None:
        return next((one for one in self.workspace.messages(channel.channel_id) if one.ts == ts), None)


def said(args: Args) -> tuple[str, tuple[Block, ...], dict[str, Any] | None]:
    """A message's text, blocks (each with a block_id) and metadata, checked; ApiError."""
    blocks, metadata = structured(args.get("blocks")), structured(args.get("metadata"))
    check_message(args.get("text"), blocks, metadata)
    return str(args["text"]), with_block_ids(blocks or ()), metadata


def with_block_ids(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks, with an id of Slack's making where the app gave none."""
    return tuple({"block_id": uuid.uuid4().hex[:5], **block} for block in blocks)


def structured(value: Any) -> Any:
    """JSON that a form carries as a string."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as why:
        raise ApiError("invalid_arguments", "not JSON") from why

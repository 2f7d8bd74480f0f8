"""What becomes of the local Slack's channels: archived, joined, left; and direct messages that begin."""

from dataclasses import replace
from typing import Any

from bot.rehearsal.limits import ApiError
from bot.rehearsal.workspace import Channel, Workspace


class Channels:
    """The channels of a workspace, by id or name; safe from any thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def archive(self, which: str, *, archived: bool = True) -> None:
        """From now on nobody writes or edits there; archived=False takes that back."""
        self._change(which, archived=archived)

    def invite(self, which: str, user_id: str) -> None:
        """Somebody, or the bot, joins."""
        self._change(which, members=self._workspace.channel(which).members | {user_id})

    def remove(self, which: str, user_id: str) -> None:
        """Somebody, or the bot, is put out."""
        self._change(which, members=self._workspace.channel(which).members - {user_id})

    def _change(self, which: str, **fields: Any) -> None:
        with self._workspace.changed:
            channel = self._workspace.channel(which)
            self._workspace.channels[channel.channel_id] = replace(channel, **fields)


def direct(workspace: Workspace, user_id: str) -> Channel:
    """The bot's direct message with somebody, begun where there is none; ApiError."""
    person = workspace.people.get(user_id)
    if person is None:
        raise ApiError("user_not_found")
    if person.is_bot:
        raise ApiError("cannot_dm_bot")
    if person.deleted:
        raise ApiError("user_disabled")
    members = frozenset({user_id, workspace.bot.user_id})
    with workspace.changed:
        for channel in workspace.channels.values():
            if channel.kind == "im" and channel.members == members:
                return channel
        begun = Channel(channel_id=f"D0{user_id[2:]}", name=person.name, members=members, kind="im")
        workspace.channels[begun.channel_id] = begun
        return begun

"""The workspace's people, played by a visitor of the page or by the script."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.rehearsal.northwind import SLACKBOT
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.slack_people import Ack, CannotAct
from bot.rehearsal.transcript import Transcript

COMMAND = "/vpn"


class Players:
    """Does in the local Slack what people do, and tells the transcript.

    It blocks until the bot has acked, at most three seconds; not from the local Slack's own thread.
    """

    def __init__(self, slack: LocalSlack, transcript: Transcript) -> None:
        self._slack = slack
        self._transcript = transcript

    def type(self, who: str, channel: str, text: str) -> None:
        """Send what stands in the composer; CannotAct, KeyError."""
        place = self._slack.workspace.channel(channel)
        person = self._slack.workspace.person(who)
        if person.user_id not in place.members:
            raise CannotAct(f"{person.name} isn't in #{place.name}")
        self._transcript.say(f"{person.name} types", f"{text}   (#{place.name})", fg="cyan")
        word, _, rest = text.strip().partition(" ")
        if word == COMMAND:
            self._slack.command(person.user_id, place.channel_id, rest)
        elif word == "/invite":
            self._invite(rest.strip().removeprefix("@"), place.channel_id)
        elif word.startswith("/"):
            self._slack.workspace.show(
                channel=place.channel_id,
                reader=person.user_id,
                author=SLACKBOT,
                text=f"{_escaped(word)} isn't a command here. Try {COMMAND} help.",
            )
        else:
            self._slack.workspace.post(
                channel=place.channel_id, author=person.user_id, text=_escaped(text.strip())
            )

    def _invite(self, name: str, channel_id: str) -> None:
        workspace = self._slack.workspace
        guest = workspace.person(name)
        with workspace.changed:
            channel = workspace.channels[channel_id]
            workspace.channels[channel_id] = replace(channel, members=channel.members | {guest.user_id})
            workspace.post(
                channel=channel_id, author=SLACKBOT, text=f"<@{guest.user_id}> was added to the channel."
            )

    def press(self, who: str, channel: str, ts: str, action_id: str, *, stale: bool = False) -> Ack:
        """Press a button, or (stale) one that was there a moment ago; NoSuchButton, CannotAct, ApiError."""
        workspace = self._slack.workspace
        person, place = workspace.person(who), workspace.channel(channel)
        buttons = workspace.seen(person.user_id, place.channel_id, ts).buttons
        labels = [button["text"]["text"] for button in buttons if button["action_id"] == action_id]
        self._transcript.say(f"{person.name} presses", (labels or [action_id])[0], fg="cyan")
        return self._slack.press(who, channel, ts, action_id, stale=stale)

    def submit(self, who: str, view_id: str, values: Mapping[str, Mapping[str, Any]]) -> Ack:
        """Submit a modal with values by block_id and action_id; NoSuchInput, CannotAct, KeyError."""
        person = self._slack.workspace.person(who)
        typed = [str(value) for fields in values.values() for value in fields.values()]
        self._transcript.say(f"{person.name} submits", ", ".join(typed), fg="cyan")
        return self._slack.submit(who, view_id, values)

    def close(self, who: str, view_id: str) -> None:
        """Close a modal; CannotAct, KeyError."""
        self._slack.close_view(who, view_id)


def _escaped(text: str) -> str:
    """What a person typed, as Slack stores it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

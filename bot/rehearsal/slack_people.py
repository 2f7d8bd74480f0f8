"""What people do: type a command, press a button, submit or close a modal; and what they see of it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.rehearsal.limits import ApiError
from bot.rehearsal.northwind import SLACKBOT
from bot.rehearsal.slack_composer import as_sent
from bot.rehearsal.slack_responses import Responses, show_response
from bot.rehearsal.slack_shapes import command_payload, press_payload, view_payload
from bot.rehearsal.slack_sockets import Delivery, Reply
from bot.rehearsal.slack_traffic import Traffic
from bot.rehearsal.slack_views import View, Views
from bot.rehearsal.workspace import Block, Channel, Message, Person, Workspace, buttons


class CannotAct(Exception):
    """Slack doesn't let them: they have left, are a bot, aren't in the channel, or it is archived."""


class NoSuchButton(Exception):
    """The message doesn't show that button to this person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A slash command that somebody is about to send."""

    user: str
    channel: str
    text: str
    command: str = "/vpn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """How the app answered, measured at the server: `ms` from sending the envelope to reading its ack.

    `response`: what the person saw of it at once (text, blocks; errors by block_id of a modal), None for
    nothing. `error`: operation_timeout, dispatch_failed, or why Slack could not use the app's answer.
    """

    acked: bool
    ms: float
    response: Mapping[str, Any] | None = None
    error: str | None = None


class People:
    """Everything here runs on the server's event loop."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        views: Views,
        responses: Responses,
        traffic: Traffic,
        delivery: Delivery,
    ) -> None:
        self._workspace = workspace
        self._views = views
        self._responses = responses
        self._traffic = traffic
        self._delivery = delivery

    async def burst(self, commands: Sequence[Typed], over_s: float) -> list[Ack]:
        """Send the commands evenly spread over `over_s` seconds, none waiting for another."""
        began = time.monotonic()

        async def at(index: int, typed: Typed) -> Ack:
            await asyncio.sleep(began + index * over_s / len(commands) - time.monotonic())
            return await self.command(typed)

        return list(await asyncio.gather(*(at(index, typed) for index, typed in enumerate(commands))))

    async def command(self, typed: Typed) -> Ack:
        """Send a slash command."""
        person, channel = self._acting(typed.user, typed.channel)
        payload = command_payload(
            person,
            channel,
            typed.command,
            as_sent(typed.text, person, self._workspace),
            response_url=self._responses.issue(person.user_id, channel.channel_id),
            trigger_id=self._views.trigger(person.user_id),
        )
        reply = await self._tell("slash_commands", "command", typed.command, payload)

        def show() -> Mapping[str, Any] | None:
            if not reply.payload:
                return None
            body = {"text": reply.payload} if isinstance(reply.payload, str) else reply.payload
            show_response(self._workspace, person.user_id, channel.channel_id, body)
            return dict(body)

        return self._seen(reply, person, channel.channel_id, typed.command, show)

    async def press(self, user: str, channel_name: str, ts: str, action_id: str, *, stale: bool) -> Ack:
        """Press a button; a stale press may be of one that an edit has taken away."""
        person, channel = self._acting(user, channel_name)
        message = self._workspace.seen(person.user_id, channel.channel_id, ts)
        payload = press_payload(
            person,
            message,
            _button(message, action_id, stale=stale),
            self._workspace,
            response_url=self._responses.issue(person.user_id, channel.channel_id, message),
            trigger_id=self._views.trigger(person.user_id),
        )
        reply = await self._tell("interactive", "block_actions", action_id, payload)
        return self._seen(reply, person, channel.channel_id, "The button", lambda: None)

    async def submit(self, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]]) -> Ack:
        """Fill in a modal and press its submit button."""
        person, view = self._before(user, view_id)
        payload = view_payload(
            "view_submission",
            person,
            view,
            self._workspace,
            view.state(values),
            self._views.trigger(person.user_id),
        )
        reply = await self._tell("interactive", "view_submission", _callback_id(view), payload)
        return self._seen(reply, person, None, "The form", lambda: self._conclude(view, reply.payload or {}))

    async def close_view(self, user: str, view_id: str) -> Ack | None:
        """Close a modal; None when the app hasn't asked to be told."""
        person, view = self._before(user, view_id)
        self._views.close(view)
        if not view.body.get("notify_on_close"):
            return None
        payload = view_payload("view_closed", person, view, self._workspace, {"values": {}}, None)
        reply = await self._tell("interactive", "view_closed", _callback_id(view), payload)
        return self._seen(reply, person, None, "The form", lambda: None)

    async def _tell(self, envelope: str, kind: str, name: str, payload: Mapping[str, Any]) -> Reply:
        reply = await self._delivery.deliver(envelope, payload)
        answer = reply.payload if reply.error is None else {"error": reply.error}
        self._traffic.record("in", kind, name, payload, answer=answer, ms=reply.ms)
        return reply

    def _seen(
        self,
        reply: Reply,
        person: Person,
        channel: str | None,
        what: str,
        show: Callable[[], Mapping[str, Any] | None],
    ) -> Ack:
        if reply.error is not None:
            text = f"{what} failed with the error “{reply.error}”"
            if channel is not None:
                self._workspace.show(channel=channel, reader=person.user_id, author=SLACKBOT, text=text)
            return Ack(acked=False, ms=reply.ms, response={"text": text}, error=reply.error)
        try:
            return Ack(acked=True, ms=reply.ms, response=show())
        except ApiError as refusal:
            return Ack(acked=True, ms=reply.ms, error=str(refusal))

    def _conclude(self, view: View, answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Do with a submitted view what the app's ack says."""
        match answer.get("response_action"):
            case "errors":
                return {"errors": self._views.refuse(view, answer.get("errors")).errors}
            case "update":
                self._views.update(view.view_id, None, answer.get("view"))
            case None | "clear":
                self._views.close(view)
            case other:
                raise ApiError("invalid_arguments", f"response_action {other}")
        return None

    def _acting(self, user: str, channel_name: str) -> tuple[Person, Channel]:
        person, channel = self._workspace.person(user), self._workspace.channel(channel_name)
        gone = person.deleted or person.is_bot or person.user_id not in channel.members
        if gone or channel.archived:
            raise CannotAct(f"{person.name} in #{channel.name}")
        return person, channel

    def _before(self, user: str, view_id: str) -> tuple[Person, View]:
        person, view = self._workspace.person(user), self._views.get(view_id)
        if view.reader != person.user_id:
            raise CannotAct(f"{person.name} doesn't see this view")
        return person, view


def _callback_id(view: View) -> str:
    return str(view.body.get("callback_id", ""))


def _button(message: Message, action_id: str, *, stale: bool) -> Block:
    versions = [message.buttons]
    if stale:
        versions += [buttons(edit.blocks) for edit in reversed(message.edits)]
    for button in (button for shown in versions for button in shown):
        if button["action_id"] == action_id:
            return button
    raise NoSuchButton(f"{action_id} in {message.ts}")

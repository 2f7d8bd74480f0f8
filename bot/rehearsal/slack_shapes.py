"""How the local Slack's things look on the wire (pure)."""

from collections.abc import Mapping
from typing import Any

from bot.rehearsal.slack_views import View
from bot.rehearsal.teams import Team
from bot.rehearsal.workspace import Channel, Ephemeral, Message, Person, Workspace

APP_ID = "A0VPNBOT001"
BOT_ID = "B0VPNBOT001"
# Slack still sends the verification token that signing secrets replaced.
_LEGACY = {"token": "legacy-verification-token", "api_app_id": APP_ID}


def wire_message(message: Message, workspace: Workspace, *, metadata: bool = False) -> dict[str, Any]:
    """A message as the Web API and interactive payloads show it."""
    by_bot = message.author == workspace.bot.user_id
    shown: dict[str, Any] = {
        "type": "message",
        "user": message.author,
        "ts": message.ts,
        "text": message.text,
        "team": workspace.team.team_id,
        **({"bot_id": BOT_ID, "app_id": APP_ID} if by_bot else {}),
        **({"blocks": list(message.blocks)} if message.blocks else {}),
        **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
    }
    if message.edits:
        shown["edited"] = {"user": message.author, "ts": f"{message.edits[-1].at:.6f}"}
    if metadata and message.metadata:
        shown["metadata"] = message.metadata
    replies = [one for one in workspace.messages(message.channel) if one.thread_ts == message.ts]
    if replies:
        shown |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "latest_reply": replies[-1].ts,
            "reply_users": sorted({one.author for one in replies}),
        }
    return shown


def wire_person(person: Person, workspace: Workspace) -> dict[str, Any]:
    """`user` of users.info; `enterprise_user` with everybody of an Enterprise Grid organization."""
    team = person.team
    same_grid = bool(team.enterprise_id) and team.enterprise_id == workspace.team.enterprise_id
    return {
        "id": person.user_id,
        "team_id": person.team.team_id,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": person.deleted,
        "is_bot": person.is_bot,
        "tz_offset": person.tz_offset,
        "profile": {"real_name": person.real_name, "display_name": person.name, "team": person.team.team_id},
        "is_stranger": person.team != workspace.team and not same_grid,
        **({"enterprise_user": _enterprise_user(person)} if team.enterprise_id else {}),
    }


def _enterprise_user(person: Person) -> dict[str, Any]:
    return {
        "id": person.user_id,
        "enterprise_id": person.team.enterprise_id,
        "enterprise_name": _org_name(person.team),
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "teams": [person.team.team_id, *(team.team_id for team in person.also_in)],
    }


def _org_name(team: Team) -> str:
    return f"{team.name} Group"


def wire_view(view: View, workspace: Workspace) -> dict[str, Any]:
    """A view as the Web API and view payloads show it."""
    return {
        "id": view.view_id,
        "team_id": workspace.team.team_id,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "hash": view.hash,
        "root_view_id": view.view_id,
        "previous_view_id": None,
        "callback_id": "",
        "external_id": "",
        "private_metadata": "",
        "close": None,
        "submit": None,
        "clear_on_close": False,
        "notify_on_close": False,
        "state": {"values": {}},
        **view.body,
    }


def _channel_name(channel: Channel) -> str:
    """What payloads call a channel: private ones keep their name to themselves."""
    return {"public": channel.name, "private": "privategroup", "im": "directmessage"}[channel.kind]


def command_payload(
    person: Person, channel: Channel, command: str, text: str, *, response_url: str, trigger_id: str
) -> dict[str, Any]:
    """A slash command's payload; `text` is already as Slack sends it."""
    grid, typed_in = person.team.enterprise_id, person.acts_from
    return {
        **_LEGACY,
        "team_id": typed_in if typed_in.startswith("T") else person.team.team_id,
        **({"enterprise_id": grid, "enterprise_name": _org_name(person.team)} if grid else {}),
        "team_domain": person.team.domain,
        "channel_id": channel.channel_id,
        "channel_name": _channel_name(channel),
        "user_id": person.user_id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def _acting(kind: str, person: Person, workspace: Workspace, trigger_id: str | None) -> dict[str, Any]:
    """`team` and `enterprise` are those of the app, whoever acts; `user` is who does."""
    home = workspace.team
    grid = {"enterprise_id": home.enterprise_id, "enterprise_name": _org_name(home)}
    return {
        **_LEGACY,
        "type": kind,
        "user": {
            "id": person.user_id,
            "username": person.name,
            "name": person.name,
            "team_id": person.acts_from or person.team.team_id,
        },
        "team": {"id": home.team_id, "domain": home.domain, **(grid if home.enterprise_id else {})},
        "enterprise": {"id": home.enterprise_id, "name": _org_name(home)} if home.enterprise_id else None,
        "is_enterprise_install": False,
        **({"trigger_id": trigger_id} if trigger_id else {}),
    }


def press_payload(
    person: Person,
    message: Message,
    button: Mapping[str, Any],
    workspace: Workspace,
    *,
    response_url: str,
    trigger_id: str,
) -> dict[str, Any]:
    """The block_actions payload of one pressed button."""
    channel = workspace.channels[message.channel]
    private = isinstance(message, Ephemeral)
    acted = {name: button[name] for name in ("action_id", "text", "value", "style", "type") if name in button}
    return {
        **_acting("block_actions", person, workspace, trigger_id),
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.channel_id,
            "is_ephemeral": private,
            **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        },
        "channel": {"id": channel.channel_id, "name": _channel_name(channel)},
        **({} if private else {"message": wire_message(message, workspace)}),
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [
            {**acted, "block_id": block_of(message, button), "action_ts": f"{workspace.clock():.6f}"}
        ],
    }


def block_of(message: Message, button: Mapping[str, Any]) -> str:
    """The block_id of the block that holds a button, now or before an edit."""
    versions = (message.blocks, *(edit.blocks for edit in message.edits))
    for block in (block for blocks in versions for block in blocks):
        held = [*block.get("elements", ()), *block.get("actions", ()), block.get("accessory")]
        if button in held:
            return str(block["block_id"])
    raise KeyError(button["action_id"])


def view_payload(
    kind: str,
    person: Person,
    view: View,
    workspace: Workspace,
    state: Mapping[str, Any],
    trigger_id: str | None,
) -> dict[str, Any]:
    """A view_submission or view_closed payload."""
    ended: dict[str, Any] = {"is_cleared": False} if kind == "view_closed" else {"response_urls": []}
    shown = {**wire_view(view, workspace), "state": dict(state)}
    return {**_acting(kind, person, workspace, trigger_id), "view": shown, **ended}

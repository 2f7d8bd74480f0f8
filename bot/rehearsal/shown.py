"""What a stage looks like to the page, as JSON: who is there, what was said, what went over the wire."""

from collections.abc import Iterable
from typing import Any

from bot.domain.explain import CLOUD_CODES
from bot.rehearsal import mishaps
from bot.rehearsal.slack_traffic import Exchange
from bot.rehearsal.slack_views import View
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_log import Call
from bot.rehearsal.vpc_seed import (
    DOWN_TUNNEL,
    FAR_REGION,
    FAR_TUNNEL,
    HOSTILE_TUNNEL,
    MAIN_GATEWAY,
    MAIN_TUNNEL,
    PROTECTED_TUNNEL,
    TUNNELS,
)
from bot.rehearsal.workspace import Ephemeral, Message, Person

MESSAGES_SHOWN = 200
EXAMPLES = (
    ("delete", f"/vpn delete {MAIN_GATEWAY} {MAIN_TUNNEL}"),
    ("low risk", f'/vpn delete {DOWN_TUNNEL} --reason "moved to SD-WAN"'),
    ("protected", f"/vpn delete {PROTECTED_TUNNEL}"),
    ("another region", f"/vpn delete {FAR_TUNNEL} --region {FAR_REGION}"),
    ("several", f"/vpn delete {MAIN_TUNNEL} {DOWN_TUNNEL} {HOSTILE_TUNNEL}"),
    ("all of a gateway", f"/vpn delete {MAIN_GATEWAY} --all"),
    ("break-glass", f'/vpn delete {MAIN_TUNNEL} --break-glass INC-42 --reason "nobody else is up"'),
    ("freeze", f"/vpn freeze {MAIN_GATEWAY} 2h migration under way"),
    ("unfreeze", f"/vpn unfreeze {MAIN_GATEWAY}"),
    ("freezes", "/vpn freezes"),
    ("history", "/vpn history since 7d"),
    ("hostile name", f"/vpn delete {HOSTILE_TUNNEL}"),
    ("typo", f"/vpn delete {MAIN_GATEWAY} vpnx-p0j11j2"),
    ("help", "/vpn help"),
)


def cast(stage: Stage) -> dict[str, Any]:
    """What stays as it is: people, user groups, examples, and what may go wrong."""
    workspace = stage.slack.workspace
    return {
        "workspace": workspace.team.name,
        "bot": workspace.bot.user_id,
        "people": {one.user_id: _person(stage, one) for one in workspace.people.values()},
        "groups": {group.group_id: group.name for group in workspace.groups.values()},
        "examples": [{"label": label, "text": text} for label, text in EXAMPLES],
        "mishaps": [
            *(
                {"target": action, "codes": CLOUD_CODES, "words": [*mishaps.CLOUD]}
                for action in mishaps.ACTIONS
            ),
            {"target": mishaps.POST, "codes": [], "words": [*mishaps.SLACK]},
            {"target": mishaps.SOMEBODY_ELSE, "codes": [], "words": [*mishaps.SOMEBODY]},
            {"target": mishaps.SOCKET_MODE, "codes": [], "words": [*mishaps.SOCKETS]},
        ],
    }


def _person(stage: Stage, person: Person) -> dict[str, Any]:
    return {
        "id": person.user_id,
        "name": person.name,
        "realName": person.real_name,
        "playable": not (person.is_bot or person.deleted),
        "isBot": person.is_bot,
        "note": _note(stage, person),
    }


def _note(stage: Stage, person: Person) -> str:
    """What the bot's settings let this person do, and why."""
    workspace, operators = stage.slack.workspace, stage.environment["VPN_BOT_OPERATORS"].split(",")
    if person.team != workspace.team:
        return f"guest from {person.team.name}"
    if person.user_id in operators:
        return "operator"
    for group in workspace.groups.values():
        if group.group_id in operators and person.user_id in group.members:
            return f"operator by @{group.name}"
    return "not an operator"


def scene(stage: Stage, *, caption: str, waiting: Iterable[mishaps.Mishap]) -> dict[str, Any]:
    """How everything stands now."""
    workspace = stage.slack.workspace
    with workspace.changed:
        channels = [
            {
                "id": channel.channel_id,
                "name": channel.name,
                "kind": channel.kind,
                "members": sorted(channel.members),
                "messages": [
                    _message(one) for one in workspace.messages(channel.channel_id)[-MESSAGES_SHOWN:]
                ],
            }
            for channel in workspace.channels.values()
        ]
        whispers = [_message(one) for one in workspace.ephemerals(None, None)[-MESSAGES_SHOWN:]]
        views = [_view(view) for person in workspace.people for view in stage.slack.views(person)]
    return {
        "channels": channels,
        "ephemerals": whispers,
        "views": views,
        "tunnels": _tunnels(stage),
        "waiting": [{"target": one.target, "what": one.what} for one in waiting],
        "bot": _bot(stage),
        "caption": caption,
    }


def _bot(stage: Stage) -> str:
    if not stage.bots or not stage.bots[-1].alive:
        return "stopped"
    return "connected" if stage.slack.sockets else "connecting"


def _message(message: Message) -> dict[str, Any]:
    return {
        "channel": message.channel,
        "ts": message.ts,
        "author": message.author,
        "text": message.text,
        "blocks": message.blocks,
        "thread": message.thread_ts,
        "reader": message.reader if isinstance(message, Ephemeral) else None,
    }


def _view(view: View) -> dict[str, Any]:
    return {
        "id": view.view_id,
        "reader": view.reader,
        "hash": view.hash,
        "body": view.body,
        "errors": view.errors,
    }


def _tunnels(stage: Stage) -> list[dict[str, Any]]:
    with stage.vpc.lock:
        stage.vpc.settle()
        there = dict(stage.vpc.tunnels)
        gateways = dict(stage.vpc.gateways)
    seeded = {fields["VpnConnectionId"]: (gateway, fields) for gateway, fields in TUNNELS}
    shown = []
    for tunnel_id in [*seeded, *(one for one in there if one not in seeded)]:
        gateway, fields = seeded.get(tunnel_id, ("", {}))
        now = there[tunnel_id].fields if tunnel_id in there else {"State": "gone", "NetStatus": ""}
        shown.append(
            {
                "id": tunnel_id,
                "name": now.get("VpnConnectionName", fields.get("VpnConnectionName")),
                "gateway": now.get("VpnGatewayId", gateway),
                "region": there[tunnel_id].region if tunnel_id in there else gateways[gateway].region,
                "state": now["State"],
                "up": now["NetStatus"] == "AVAILABLE",
                "restorable": tunnel_id in seeded and now["State"] != fields.get("State", "AVAILABLE"),
            }
        )
    return shown


def slack_entry(exchange: Exchange) -> dict[str, Any]:
    """One line of the inspector: an exchange with Slack, `out` as the bot sees it."""
    return {
        "at": exchange.at,
        "with": "slack",
        "direction": exchange.direction,
        "title": exchange.name,
        "kind": exchange.kind,
        "ms": exchange.ms,
        "answered": _slack_word(exchange),
        "parts": {"payload": exchange.payload, "answer": exchange.answer},
    }


def _slack_word(exchange: Exchange) -> str:
    answer = exchange.answer if isinstance(exchange.answer, dict) else {}
    if answer.get("error"):
        return str(answer["error"])
    if exchange.direction == "in":
        return "acked"
    return "no answer" if exchange.status is None else str(exchange.status)


def cloud_entry(call: Call) -> dict[str, Any]:
    """One line of the inspector: a signed request to the cloud."""
    return {
        "at": call.at,
        "with": "cloud",
        "direction": "out",
        "title": call.action,
        "kind": call.region,
        "ms": call.ms,
        "answered": call.code or ("no answer" if call.answer is None else "ok"),
        "parts": {
            "headers": call.headers,
            "body": call.body,
            "answer": call.answer,
            **({"went wrong": call.fault} if call.fault else {}),
        },
    }

"""The Web API methods that the bot uses: what each takes, which scope it needs, what it answers."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.rehearsal.limits import ApiError
from bot.rehearsal.slack_channels import direct
from bot.rehearsal.slack_shapes import BOT_ID, wire_message, wire_person, wire_view
from bot.rehearsal.slack_web import WebApi, said, structured
from bot.rehearsal.workspace import Message

Args = Mapping[str, Any]
Answer = dict[str, Any]
PAGE = 100
_ADDED_BY_BOLT = frozenset({"team_id"})
HISTORY_SCOPES = {"public": "channels:history", "private": "groups:history", "im": "im:history"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method: the arguments that it needs and may have, separated by spaces; others are an error here."""

    run: Callable[[WebApi, Args], Answer]
    scope: str | None = None
    takes: str = ""
    may: str = ""
    app_token: bool = False


def call(api: WebApi, name: str, args: Args) -> Answer:
    """Carry out one call whose token has been checked; ApiError."""
    method = METHODS[name]
    if method.scope:
        api.need(method.scope)
    required = set(method.takes.split())
    missing = required - {key for key, value in args.items() if value not in (None, "")}
    unknown = args.keys() - required - set(method.may.split()) - _ADDED_BY_BOLT
    if missing or unknown:
        why = [f"missing: {one}" for one in sorted(missing)] + [f"unknown: {one}" for one in sorted(unknown)]
        raise ApiError("invalid_arguments", "; ".join(why))
    # One call at a time sees and changes the workspace, as its answer says it did.
    with api.workspace.changed:
        return {"ok": True, **method.run(api, args)}


def _yes(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")


def _auth_test(api: WebApi, _args: Args) -> Answer:
    team, bot = api.workspace.team, api.workspace.bot
    return {
        "url": f"{api.url}/",
        "team": team.name,
        "team_id": team.enterprise_id if api.workspace.org_wide else team.team_id,
        "user": bot.name,
        "user_id": bot.user_id,
        "bot_id": BOT_ID,
        "is_enterprise_install": api.workspace.org_wide,
        **({"enterprise_id": team.enterprise_id} if team.enterprise_id else {}),
    }


def _connect(api: WebApi, _args: Args) -> Answer:
    return {"url": api.socket_url()}


def _post(api: WebApi, args: Args) -> Answer:
    """Where the thread's root is gone, the message stands in the channel itself, and Slack says nothing."""
    channel = api.writable(args)
    text, blocks, metadata = said(args)
    message = api.workspace.post(
        channel=channel.channel_id,
        author=api.workspace.bot.user_id,
        text=text,
        blocks=blocks,
        metadata=metadata,
        thread_ts=api.root(channel, args.get("thread_ts")),
    )
    shown = wire_message(message, api.workspace, metadata=True)
    return {"channel": channel.channel_id, "ts": message.ts, "message": shown}


def _update(api: WebApi, args: Args) -> Answer:
    """Blocks and metadata that the call leaves out stay; an empty array takes the blocks away."""
    message = api.own_message(args, "cant_update_message")
    text, blocks, metadata = said(args)
    kept = message.blocks if args.get("blocks") is None else blocks
    after = api.workspace.edit(
        message, text, kept, metadata=message.metadata if metadata is None else metadata
    )
    shown = wire_message(after, api.workspace, metadata=True)
    return {"channel": after.channel, "ts": after.ts, "text": text, "message": shown}


def _delete(api: WebApi, args: Args) -> Answer:
    message = api.own_message(args, "cant_delete_message")
    api.workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def _open_direct(api: WebApi, args: Args) -> Answer:
    return {"channel": {"id": direct(api.workspace, str(args["users"])).channel_id}}


def _post_ephemeral(api: WebApi, args: Args) -> Answer:
    channel = api.writable(args)
    text, blocks, _ = said(args)
    if args["user"] not in channel.members:
        raise ApiError("user_not_in_channel")
    shown = api.workspace.show(
        channel=channel.channel_id,
        reader=str(args["user"]),
        author=api.workspace.bot.user_id,
        text=text,
        blocks=blocks,
        thread_ts=api.root(channel, args.get("thread_ts")),
    )
    return {"message_ts": shown.ts}


def _permalink(api: WebApi, args: Args) -> Answer:
    message = api.workspace.message(api.channel(args).channel_id, str(args["message_ts"]))
    thread = f"?thread_ts={message.thread_ts}&cid={message.channel}" if message.thread_ts else ""
    link = f"{api.url}/archives/{message.channel}/p{message.ts.replace('.', '')}{thread}"
    return {"channel": message.channel, "permalink": link}


def _replies(api: WebApi, args: Args) -> Answer:
    channel = api.channel(args)
    api.need(HISTORY_SCOPES[channel.kind])
    return _page(api, args, api.thread(channel, args["ts"]))


def _history(api: WebApi, args: Args) -> Answer:
    channel = api.channel(args)
    api.need(HISTORY_SCOPES[channel.kind])
    roots = [one for one in api.workspace.messages(channel.channel_id) if one.thread_ts is None]
    return _page(api, args, roots[::-1])


def _page(api: WebApi, args: Args, messages: Sequence[Message]) -> Answer:
    """One page of messages; the cursor is the number of messages before it."""
    wanted = [one for one in messages if _within(one.ts, args)]
    try:
        start = int(base64.b64decode(str(args.get("cursor") or "MA=="), validate=True))
    except (binascii.Error, ValueError) as why:
        raise ApiError("invalid_cursor") from why
    limit = args.get("limit", PAGE)
    if not str(limit).isdecimal() or not 1 <= int(limit) <= 999:
        raise ApiError("invalid_limit")
    end = start + int(limit)
    more = end < len(wanted)
    metadata = _yes(args.get("include_all_metadata"))
    cursor = base64.b64encode(str(end).encode()).decode() if more else ""
    return {
        "messages": [wire_message(one, api.workspace, metadata=metadata) for one in wanted[start:end]],
        "has_more": more,
        "response_metadata": {"next_cursor": cursor},
    }


def _within(ts: str, args: Args) -> bool:
    oldest, latest = str(args.get("oldest") or "0"), str(args.get("latest") or "9" * 10)
    inside = float(oldest) < float(ts) < float(latest)
    return inside or (_yes(args.get("inclusive")) and ts in (oldest, latest))


def _group_members(api: WebApi, args: Args) -> Answer:
    group = api.workspace.groups.get(str(args["usergroup"]))
    if group is None:
        raise ApiError("no_such_subteam")
    return {"users": sorted(group.members)}


def _user(api: WebApi, args: Args) -> Answer:
    person = api.workspace.people.get(str(args["user"]))
    if person is None:
        raise ApiError("user_not_found")
    return {"user": wire_person(person, api.workspace)}


def _open_view(api: WebApi, args: Args) -> Answer:
    return {"view": wire_view(api.views.open(args["trigger_id"], structured(args["view"])), api.workspace)}


def _update_view(api: WebApi, args: Args) -> Answer:
    body = structured(args["view"])
    view = api.views.update(args.get("view_id"), args.get("external_id"), body, args.get("hash"))
    return {"view": wire_view(view, api.workspace)}


_READING = "cursor limit oldest latest inclusive include_all_metadata"
METHODS: Mapping[str, Method] = {
    "auth.test": Method(run=_auth_test),
    "apps.connections.open": Method(run=_connect, app_token=True),
    "chat.postMessage": Method(
        run=_post,
        scope="chat:write",
        takes="channel",
        may="text blocks metadata thread_ts reply_broadcast unfurl_links unfurl_media mrkdwn",
    ),
    "chat.update": Method(run=_update, scope="chat:write", takes="channel ts", may="text blocks metadata"),
    "chat.delete": Method(run=_delete, scope="chat:write", takes="channel ts"),
    "conversations.open": Method(run=_open_direct, scope="im:write", takes="users"),
    "chat.postEphemeral": Method(
        run=_post_ephemeral, scope="chat:write", takes="channel user", may="text blocks thread_ts"
    ),
    "chat.getPermalink": Method(run=_permalink, takes="channel message_ts"),
    "conversations.replies": Method(run=_replies, takes="channel ts", may=_READING),
    "conversations.history": Method(run=_history, takes="channel", may=_READING),
    "usergroups.users.list": Method(
        run=_group_members, scope="usergroups:read", takes="usergroup", may="include_disabled"
    ),
    "users.info": Method(run=_user, scope="users:read", takes="user", may="include_locale"),
    "views.open": Method(run=_open_view, takes="trigger_id view"),
    "views.update": Method(run=_update_view, takes="view", may="view_id external_id hash"),
}

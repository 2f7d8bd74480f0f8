"""The Web API's strictness, through the real client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.rehearsal.northwind import NETWORK_OPS, northwind
from bot.rehearsal.slack import LocalSlack, bot_scopes
from bot.rehearsal.slack_people import CannotAct
from tests.rehearsal.local_slack import (
    APP_TOKEN,
    BOT_TOKEN,
    SCOPES,
    SIGNING_SECRET,
    actions,
    button,
    client,
    local_slack,
)

METADATA = {"event_type": "vpn_bot", "event_payload": {"key": "d-1/card"}}


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with local_slack() as running:
        yield running


@pytest.fixture
def web(slack: LocalSlack) -> WebClient:
    return client(slack)


def say(web: WebClient, text: str = "x", **more: Any) -> str:
    return str(web.chat_postMessage(channel=NETWORK_OPS, text=text, **more)["ts"])


def refused(call: Any, **arguments: Any) -> dict[str, Any]:
    """Slack's answer to a call that it refuses."""
    with pytest.raises(SlackApiError) as refusal:
        call(**arguments)
    answer = refusal.value.response
    assert answer.status_code == 200
    return dict(answer.data)


def test_the_scopes_come_from_the_manifest() -> None:
    """The repository's own manifest.yml is what the local Slack grants."""
    assert "chat:write" in bot_scopes(Path(__file__).parents[2] / "manifest.yml")


def test_auth_test_names_the_bot_and_its_home(web: WebClient) -> None:
    """The bot learns its own id and its home team."""
    answer = web.auth_test()
    assert (answer["user_id"], answer["team_id"]) == ("U0VPNBOT001", "T0HOME00001")
    assert answer.headers["x-oauth-scopes"] == ",".join(sorted(SCOPES))


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        ("", "auth.test", "not_authed"),
        ("xoxb-other", "auth.test", "invalid_auth"),
        (APP_TOKEN, "auth.test", "not_allowed_token_type"),
        (BOT_TOKEN, "apps.connections.open", "not_allowed_token_type"),
        (BOT_TOKEN, "chat.shout", "unknown_method"),
    ],
    ids=["none", "unknown", "app token", "bot token", "unknown method"],
)
def test_each_method_takes_its_own_kind_of_token(
    slack: LocalSlack, token: str, method: str, error: str
) -> None:
    """Only the app token opens connections, only the bot token does the rest."""
    answer = requests.post(slack.api_url + method, headers={"Authorization": f"Bearer {token}"}, timeout=5)
    assert answer.json()["error"] == error


@pytest.mark.parametrize(
    ("method", "arguments", "scope"),
    [
        ("chat_postMessage", {"channel": NETWORK_OPS, "text": "x"}, "chat:write"),
        ("conversations_history", {"channel": NETWORK_OPS}, "channels:history"),
        ("usergroups_users_list", {"usergroup": "S0ONCALL001"}, "usergroups:read"),
        ("users_info", {"user": "U0ANA000001"}, "users:read"),
    ],
    ids=["post", "history", "groups", "users"],
)
def test_a_method_needs_its_scope(method: str, arguments: dict[str, str], scope: str) -> None:
    """What the manifest doesn't declare is missing_scope, with the scope's name."""
    with local_slack(scopes=frozenset({"commands"})) as slack:
        answer = refused(getattr(client(slack), method), **arguments)
    assert answer["error"] == "missing_scope"
    assert (answer["needed"], answer["provided"]) == (scope, "commands")


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0GENERAL01", "not_in_channel"),
        ("C0WARROOM01", "channel_not_found"),
        ("C0NOWHERE01", "channel_not_found"),
        ("#network-ops", "channel_not_found"),
    ],
    ids=["public", "private", "unknown", "by name"],
)
def test_the_bot_speaks_only_where_it_is(web: WebClient, channel: str, error: str) -> None:
    """A public channel is not_in_channel; of a private one the bot doesn't even learn that it exists."""
    assert refused(web.chat_postMessage, channel=channel, text="x")["error"] == error
    assert refused(web.conversations_history, channel=channel)["error"] == error


def test_a_message_can_be_read_back_with_its_metadata(slack: LocalSlack, web: WebClient) -> None:
    """Metadata is kept, and shown to whoever asks for it."""
    root = say(web, "root", metadata=METADATA)
    say(web, "reply", thread_ts=root)
    shown = web.conversations_replies(channel=NETWORK_OPS, ts=root, include_all_metadata=True)["messages"]
    assert [one["text"] for one in shown] == ["root", "reply"]
    assert shown[0]["metadata"] == METADATA
    assert shown[0]["reply_count"] == 1
    assert "metadata" not in web.conversations_replies(channel=NETWORK_OPS, ts=root)["messages"][0]
    assert [one.text for one in slack.thread("#network-ops", root)] == ["root", "reply"]


def test_replies_and_history_come_in_pages() -> None:
    """Every message comes once: threads oldest first, the channel's own messages newest first."""
    with local_slack() as slack:
        web = client(slack)
        root = say(web, "0")
        for number in range(1, 5):
            say(web, str(number), thread_ts=root)
        for number in range(5, 8):
            say(web, str(number))
        arguments: dict[str, Any] = {"channel": NETWORK_OPS, "limit": 2}
        replies = [
            m["text"] for page in web.conversations_replies(ts=root, **arguments) for m in page["messages"]
        ]
        history = [m["text"] for page in web.conversations_history(**arguments) for m in page["messages"]]
        assert replies == ["0", "1", "2", "3", "4"]
        assert history == ["7", "6", "5", "0"]
        assert (
            refused(web.conversations_history, channel=NETWORK_OPS, cursor="?")["error"] == "invalid_cursor"
        )
        newest = slack.messages("#network-ops")[-1].ts
        later: dict[str, Any] = {"channel": NETWORK_OPS, "oldest": newest}
        assert web.conversations_history(**later)["messages"] == []
        assert len(web.conversations_history(**later, inclusive=True)["messages"]) == 1


def test_an_update_keeps_what_it_leaves_out_and_remembers_what_was(slack: LocalSlack, web: WebClient) -> None:
    """Blocks and metadata stay unless the call says otherwise; the edits are kept in order."""
    ts = say(web, "Delete?", blocks=[actions(button("confirm_deletion"))], metadata=METADATA)
    web.chat_update(channel=NETWORK_OPS, ts=ts, text="Deleting")
    kept = slack.workspace.message(NETWORK_OPS, ts)
    assert [one["action_id"] for one in kept.buttons] == ["confirm_deletion"]
    web.chat_update(channel=NETWORK_OPS, ts=ts, text="Gone", blocks=[])
    gone = slack.workspace.message(NETWORK_OPS, ts)
    assert (gone.buttons, gone.metadata) == ((), METADATA)
    assert [edit.text for edit in gone.edits] == ["Delete?", "Deleting"]


def test_only_the_bots_own_messages_can_be_changed(slack: LocalSlack, web: WebClient) -> None:
    """Somebody else's message is cant_update_message, none at all message_not_found."""
    other = slack.workspace.post(channel=NETWORK_OPS, author="U0ANA000001", text="mine").ts
    change: dict[str, str] = {"channel": NETWORK_OPS, "text": "x"}
    assert refused(web.chat_update, ts=other, **change)["error"] == "cant_update_message"
    assert refused(web.chat_update, ts="1.000000", **change)["error"] == "message_not_found"


def test_a_thread_starts_at_its_root(web: WebClient) -> None:
    """A reply to a reply is refused, which is stricter than Slack; nor can such a thread be read."""
    root = say(web)
    reply = say(web, thread_ts=root)
    assert refused(say, web=web, thread_ts=reply)["error"] == "thread_not_found"
    for ts in ("1.000000", reply):
        answer = refused(web.conversations_replies, channel=NETWORK_OPS, ts=ts)
        assert answer["error"] == "thread_not_found"


def test_a_reply_to_a_message_that_was_deleted_stands_in_the_channel_itself(
    slack: LocalSlack, web: WebClient
) -> None:
    """Slack takes it without a word; only the answer lacks the thread_ts. It can be taken back."""
    root = say(web)
    slack.delete("#network-ops", root)
    message = web.chat_postMessage(channel=NETWORK_OPS, text="orphan", thread_ts=root)["message"]
    assert "thread_ts" not in message
    assert slack.workspace.message(NETWORK_OPS, message["ts"]).thread_ts is None
    assert refused(web.chat_update, channel=NETWORK_OPS, ts=root, text="x")["error"] == "message_not_found"
    web.chat_delete(channel=NETWORK_OPS, ts=message["ts"])
    assert "orphan" not in [one.text for one in slack.messages("#network-ops")]


def test_in_an_archived_channel_nothing_is_written_or_changed() -> None:
    """Post, reply and ephemeral are is_archived, an edit is_inactive; it can be read, and opened again."""
    with local_slack() as slack:
        web = client(slack)
        ts = say(web)
        slack.channels.archive("network-ops")
        for call, more in (
            (web.chat_postMessage, {}),
            (web.chat_postMessage, {"thread_ts": ts}),
            (web.chat_postEphemeral, {"user": "U0ANA000001"}),
        ):
            assert refused(call, channel=NETWORK_OPS, text="x", **more)["error"] == "is_archived"
        assert refused(web.chat_update, channel=NETWORK_OPS, ts=ts, text="x")["error"] == "is_inactive"
        with pytest.raises(CannotAct):
            slack.command("ana", "network-ops", "help")
        assert len(web.conversations_history(channel=NETWORK_OPS)["messages"]) == 1
        slack.channels.archive("network-ops", archived=False)
        say(web)


@pytest.mark.parametrize("opened", [False, True], ids=["by the person's id", "opened first"])
def test_a_direct_message_begins_with_the_first_that_is_said(opened: bool) -> None:
    """Posting to a person's id takes no more than chat:write, and the answer has the channel."""
    with local_slack(scopes=SCOPES | {"im:write"}) as slack:
        web = client(slack)
        to = web.conversations_open(users="U0CHEN00001")["channel"]["id"] if opened else "U0CHEN00001"
        answer = web.chat_postMessage(channel=to, text="only for you")
        channel = slack.workspace.channels[answer["channel"]]
        assert channel.kind == "im"
        assert channel.members == {"U0CHEN00001", "U0VPNBOT001"}
        assert web.chat_postMessage(channel="U0CHEN00001", text="again")["channel"] == channel.channel_id
        assert [one.text for one in slack.messages(channel.channel_id)] == ["only for you", "again"]


@pytest.mark.parametrize(
    ("user", "error"),
    [("U0FINN00001", "user_disabled"), ("U0DEPLOY001", "cannot_dm_bot"), ("U0NOBODY001", "user_not_found")],
)
def test_not_everybody_can_be_written_to(web: WebClient, user: str, error: str) -> None:
    """Deactivated people, bots, and people who aren't there."""
    assert refused(web.chat_postMessage, channel=user, text="x")["error"] == error


def test_text_is_required_and_limits_hold_in_every_method(web: WebClient) -> None:
    """Post, update and ephemeral check the same rules."""
    ts = say(web)
    blocks: Any = [actions(button("a"))]
    calls: list[tuple[Any, dict[str, str]]] = [
        (web.chat_postMessage, {}),
        (web.chat_update, {"ts": ts}),
        (web.chat_postEphemeral, {"user": "U0ANA000001"}),
    ]
    for call, more in calls:
        known: dict[str, Any] = {"channel": NETWORK_OPS, **more}
        with pytest.warns(UserWarning, match="text"):
            assert refused(call, blocks=blocks, **known)["error"] == "no_text"
        assert refused(call, text="x", blocks=[{"type": "nonsense"}], **known)["error"] == "invalid_blocks"
        assert refused(call, text="x", colour="red", **known)["error"] == "invalid_arguments"


def test_an_ephemeral_is_for_one_member_of_the_channel(slack: LocalSlack, web: WebClient) -> None:
    """Only the person sees it, and only where they are."""
    web.chat_postEphemeral(channel=NETWORK_OPS, user="U0DORA00001", text="for dora")
    assert [one.text for one in slack.ephemerals("dora")] == ["for dora"]
    assert slack.ephemerals("ben") == ()
    other = {"channel": "D0ANABOT001", "user": "U0DORA00001", "text": "x"}
    assert refused(web.chat_postEphemeral, **other)["error"] == "user_not_in_channel"


def test_forms_and_json_are_both_read(slack: LocalSlack) -> None:
    """Blocks in a form are JSON in a string."""
    form = {"channel": NETWORK_OPS, "text": "by form", "blocks": '[{"type": "divider"}]', "token": BOT_TOKEN}
    answer = requests.post(f"{slack.api_url}chat.postMessage", data=form, timeout=5).json()
    assert answer["ok"]
    assert answer["message"]["blocks"][0]["type"] == "divider"


def test_permalinks_and_groups_and_people(slack: LocalSlack, web: WebClient) -> None:
    """The small methods answer what Slack answers."""
    ts = say(web)
    link = web.chat_getPermalink(channel=NETWORK_OPS, message_ts=ts)["permalink"]
    assert link == f"{slack.url}/archives/{NETWORK_OPS}/p{ts.replace('.', '')}"
    assert web.usergroups_users_list(usergroup="S0ONCALL001")["users"] == ["U0BEN000001", "U0CHEN00001"]
    assert refused(web.usergroups_users_list, usergroup="S1")["error"] == "no_such_subteam"
    with local_slack(scopes=SCOPES | {"users:read"}) as other:
        guest = client(other).users_info(user="U0EVE000001")["user"]
    assert (guest["team_id"], guest["is_stranger"]) == ("T0PARTNER01", True)


def test_mass_pings_are_remembered(slack: LocalSlack, web: WebClient) -> None:
    """A test can say that nobody was ever shouted at."""
    before = slack.mass_pings
    assert before == ()
    say(web, "<!channel> gone")
    (ping,) = slack.mass_pings
    assert ping.text == "<!channel> gone"


def test_tokens_stand_in_no_recorded_exchange(slack: LocalSlack, web: WebClient) -> None:
    """The inspector shows payloads and answers, never a token."""
    say(web, f"oops {BOT_TOKEN} {APP_TOKEN} {SIGNING_SECRET}")
    recorded = repr(slack.traffic)
    assert slack.traffic[-1].payload["text"] == "oops ••• ••• •••"
    for secret in (BOT_TOKEN, APP_TOKEN, SIGNING_SECRET):
        assert secret not in recorded


def test_ts_always_grows_even_when_the_clock_stands() -> None:
    """No two messages share a ts, and their order is the order of reading."""
    workspace = northwind(clock=lambda: 1_700_000_000.0)
    stamps = [workspace.post(channel=NETWORK_OPS, author="U0ANA000001", text="x").ts for _ in range(3)]
    assert stamps == ["1700000000.000000", "1700000000.000001", "1700000000.000002"]
    assert [one.ts for one in workspace.messages(NETWORK_OPS)] == stamps


def test_whoever_subscribes_hears_every_change_in_order() -> None:
    """The feed tells of messages, their changes and the exchanges, until it is stopped."""
    with local_slack() as slack:
        heard: list[str] = []
        stop = slack.subscribe(lambda happening: heard.append(happening.kind))
        ts = say(client(slack))
        client(slack).chat_update(channel=NETWORK_OPS, ts=ts, text="y")
        slack.wait_for(lambda: len(heard) == 4)
        stop()
        say(client(slack))
    assert heard == ["message", "exchange", "update", "exchange"]

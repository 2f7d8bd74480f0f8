"""A local Slack with a real Bolt app on it, for tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler as BuiltinHandler
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler as WebSocketClientHandler
from slack_sdk import WebClient

from bot.rehearsal.slack import LocalSlack

BOT_TOKEN = "xoxb-1-canary-bot"
APP_TOKEN = "xapp-1-canary-app"
SIGNING_SECRET = "canary-signing-secret"
SCOPES = frozenset(
    {"commands", "chat:write", "channels:history", "groups:history", "im:history", "usergroups:read"}
)
HANDLERS: dict[str, Callable[..., Any]] = {
    # It notices a lost connection only at its own interval; the other one notices by itself.
    "builtin": partial(BuiltinHandler, ping_interval=0.5),
    "websocket_client": WebSocketClientHandler,
}


def local_slack(**wanted: Any) -> LocalSlack:
    """A local Slack with canary tokens."""
    known: dict[str, Any] = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "scopes": SCOPES}
    return LocalSlack(**{**known, "signing_secret": SIGNING_SECRET, **wanted})


def client(slack: LocalSlack, token: str = BOT_TOKEN) -> WebClient:
    """The real Web API client, that tries once."""
    return WebClient(token=token, base_url=slack.api_url, timeout=10, retry_handlers=[])


@contextmanager
def bolt(slack: LocalSlack, kind: str = "websocket_client") -> Iterator[App]:
    """A real Bolt app in Socket Mode; its listeners may be added once it is connected."""
    app = App(client=client(slack), process_before_response=True)
    handler = HANDLERS[kind](app, APP_TOKEN)
    before = slack.sockets
    handler.connect()
    try:
        slack.wait_connected(before + 1)
        yield app
    finally:
        if kind == "websocket_client":
            # From the server's side: its own close may leave its reader waiting for ten seconds.
            handler.client.auto_reconnect_enabled = False
            slack.drop_sockets()
        handler.close()


def button(action_id: str, value: str = "1", **more: Any) -> dict[str, Any]:
    """A button with a word on it."""
    return {
        "type": "button",
        "action_id": action_id,
        "value": value,
        "text": {"type": "plain_text", "text": action_id},
        **more,
    }


def actions(*buttons: dict[str, Any], block_id: str = "decide") -> dict[str, Any]:
    """A block of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}


def modal(**more: Any) -> dict[str, Any]:
    """A modal with one text input."""
    return {
        "type": "modal",
        "callback_id": "typed_confirmation",
        "title": {"type": "plain_text", "text": "Confirm"},
        "submit": {"type": "plain_text", "text": "Delete"},
        "blocks": [
            {
                "type": "input",
                "block_id": "tunnel_id",
                "label": {"type": "plain_text", "text": "Tunnel id"},
                "element": {"type": "plain_text_input", "action_id": "value"},
            }
        ],
        **more,
    }

"""A Socket Mode connection that is dead is left, and one that can't be had is explained."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from pydantic import SecretStr
from slack_bolt import App, BoltResponse
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bot.chat.connection import SocketMode
from bot.errors import BadSettings
from bot.rehearsal.server import LoopbackServer
from bot.rehearsal.slack import LocalSlack

WITHIN_S = 15.0
PING_INTERVAL_S = 0.2


class DeafSlack:
    """Opens Socket Mode connections and never reads a byte from them."""

    def __init__(self) -> None:
        self.second_came = threading.Event()
        self._came = 0
        app = Starlette(
            routes=[
                Route("/api/apps.connections.open", self._open, methods=["POST"]),
                WebSocketRoute("/link/", self._stay_deaf),
            ]
        )
        self.server = LoopbackServer(app)

    async def _open(self, _request: Request) -> JSONResponse:
        return JSONResponse({"ok": True, "url": self.server.url.replace("http", "ws", 1) + "/link/?ticket=1"})

    async def _stay_deaf(self, ws: WebSocket) -> None:
        cast("Any", ws.scope["state"]["transport"]).pause_reading()
        await ws.accept()
        self._came += 1
        if self._came > 1:
            self.second_came.set()
        await ws.receive()


def unheard(_payload: object) -> BoltResponse:
    """Acks whatever comes."""
    return BoltResponse(status=200)


@contextmanager
def socket_mode(api_url: str, app_token: str) -> Iterator[SocketMode]:
    """Our side of it, closed at the end."""
    client = WebClient("xoxb-1", base_url=api_url)
    quiet = logging.getLogger("tests.quiet")
    quiet.setLevel(logging.CRITICAL)
    app = App(client=client, logger=quiet, token_verification_enabled=False)
    connection = SocketMode(app, SecretStr(app_token), unheard, ping_interval_s=PING_INTERVAL_S)
    try:
        yield connection
    finally:
        connection.stop()


def test_a_connection_that_never_answers_a_ping_is_replaced() -> None:
    """Dead from the handshake on: never healthy, not even at first, and left for a new one."""
    slack = DeafSlack()
    with slack.server, socket_mode(f"{slack.server.url}/api/", "xapp-1") as connection:
        connection.start()
        assert (connection.heard().ok, "no ping" in connection.heard().reason) == (False, True)
        assert slack.second_came.wait(WITHIN_S)
        assert not connection.heard().ok


def test_an_app_token_that_slack_refuses_is_a_bad_setting() -> None:
    """The sentence names the setting and Slack's word, never the token."""
    with (
        LocalSlack(
            bot_token="xoxb-1", app_token="xapp-right", signing_secret="secret", scopes=frozenset()
        ) as slack,
        socket_mode(slack.api_url, "xapp-wrong") as connection,
    ):
        with pytest.raises(BadSettings, match=r"SLACK_APP_TOKEN \(.*auth.*\)") as raised:
            connection.start()
        assert "xapp-wrong" not in str(raised.value)
        assert not connection.heard().ok

"""How soon a Socket Mode client is back when its connection dies silently, and when it is reset.

Ours is the SDK's own client with our ping interval; its peers are the same client as the SDK sets it up, and
the SDK's other one, over websocket-client. Timed from the death to the first command that is acked again;
a client that isn't back by then is given up after a minute.
"""

import logging
import random
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from pydantic import SecretStr
from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode.base_handler import BaseSocketModeHandler
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler as Builtin
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler as OverWebsocketClient
from slack_sdk import WebClient

from bench.table import Row
from bot.chat.connection import SocketMode
from bot.rehearsal.northwind import ANA, NETWORK_OPS
from bot.rehearsal.slack import LocalSlack

BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-bench", "xapp-bench", "bench"
ROUNDS = 3
SDK_PING_INTERVAL_S = 10.0
GIVEN_UP_AFTER_S = 60.0
DEAD_TARGET_S, RESET_TARGET_S = 8.0, 3.0

Client = Callable[[App], SocketMode | BaseSocketModeHandler]
Death = Callable[[LocalSlack], None]


def run() -> list[Row]:
    """Medians over the rounds; everything goes on at once, since it does little but wait."""
    clients: tuple[Client, ...] = (_ours, _sdk, _over_websocket_client)
    plays = [(client, death) for client in clients for death in (_die, _reset)] * ROUNDS
    with ThreadPoolExecutor(len(plays)) as pool:
        deaf = list(zip(plays, pool.map(lambda play: _deaf_s(*play), plays), strict=True))

    def median(client: Client, death: Death) -> float:
        return statistics.median(deaf_s for play, deaf_s in deaf if play == (client, death))

    def row(what: str, death: Death, peer: Client, target_s: float) -> Row:
        ours = median(_ours, death)
        return Row(what, ours, median(peer, death), "s", f"≤ {target_s:g} s", ours <= target_s)

    return [
        row("dead connection → acked again (peer: SDK's default)", _die, _sdk, DEAD_TARGET_S),
        row("… (peer: websocket-client)", _die, _over_websocket_client, DEAD_TARGET_S),
        row("reset connection → acked again (peer: SDK's default)", _reset, _sdk, RESET_TARGET_S),
        row("… (peer: websocket-client)", _reset, _over_websocket_client, RESET_TARGET_S),
    ]


def _ours(app: App) -> SocketMode:
    def dispatch(payload: object) -> BoltResponse:
        return app.dispatch(BoltRequest(mode="socket_mode", body=cast("dict[str, Any]", payload)))

    client = SocketMode(app, SecretStr(APP_TOKEN), dispatch)
    client.start()
    return client


def _sdk(app: App) -> BaseSocketModeHandler:
    return _connected(Builtin(app, APP_TOKEN, ping_interval=SDK_PING_INTERVAL_S))


def _over_websocket_client(app: App) -> BaseSocketModeHandler:
    return _connected(OverWebsocketClient(app, APP_TOKEN, ping_interval=SDK_PING_INTERVAL_S))


def _connected(handler: BaseSocketModeHandler) -> BaseSocketModeHandler:
    handler.connect()  # type: ignore[no-untyped-call]  # Bolt's is untyped
    return handler


def _die(slack: LocalSlack) -> None:
    """Stand open but dead; wait until a new connection comes beside it."""
    before = slack.sockets
    slack.freeze_sockets()
    slack.wait_for(lambda: slack.sockets > before, GIVEN_UP_AFTER_S)


def _reset(slack: LocalSlack) -> None:
    slack.drop_sockets()
    slack.wait_connected(1, GIVEN_UP_AFTER_S)


def _deaf_s(client: Client, death: Death) -> float:
    quiet = logging.getLogger("bench.sockets")
    quiet.setLevel(logging.CRITICAL + 1)
    with LocalSlack(
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        signing_secret=SIGNING_SECRET,
        scopes=frozenset({"commands"}),
    ) as slack:
        app = App(client=WebClient(BOT_TOKEN, base_url=slack.api_url), logger=quiet)
        app.command("/vpn")(_answer)
        connection = client(app)
        slack.wait_connected()
        # Somewhere between two pings, and long enough for the first to have been answered.
        time.sleep(1 + random.uniform(0, SDK_PING_INTERVAL_S))  # noqa: S311  # no secret
        began = time.monotonic()
        try:
            death(slack)
            while not slack.command(ANA, NETWORK_OPS, "help").acked:
                pass
        except TimeoutError:
            return GIVEN_UP_AFTER_S
        finally:
            # In the background: the SDK's clients take their time to close a dead connection.
            stop = connection.stop if isinstance(connection, SocketMode) else connection.close
            threading.Thread(target=stop, daemon=True).start()
        return time.monotonic() - began


def _answer(ack: Ack) -> None:
    ack("Here.")

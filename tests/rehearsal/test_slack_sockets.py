"""Socket Mode as the real libraries use it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
import websocket
from slack_bolt import App
from slack_bolt.adapter.asgi import SlackRequestHandler
from starlette.types import ASGIApp

from bot.rehearsal.server import LoopbackServer
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.slack_people import Typed
from tests.rehearsal.local_slack import (
    APP_TOKEN,
    BOT_TOKEN,
    HANDLERS,
    SIGNING_SECRET,
    actions,
    bolt,
    button,
    client,
    local_slack,
)

BOTH = pytest.mark.parametrize("kind", HANDLERS)


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with local_slack() as running:
        yield running


def echo(app: Any, prefix: str = "") -> None:
    """Answer every /vpn with its own text."""
    app.command("/vpn")(lambda ack, command: ack(prefix + command["text"]))


def connect(slack: LocalSlack) -> websocket.WebSocket:
    """A bare WebSocket, past its hello."""
    url = client(slack).apps_connections_open(app_token=APP_TOKEN)["url"]
    ws = websocket.create_connection(url, timeout=5)
    assert '"hello"' in str(ws.recv())
    return ws


@BOTH
def test_a_command_reaches_the_bolt_app_and_its_ack_reaches_the_person(slack: LocalSlack, kind: str) -> None:
    """What an app passes to ack() is what the person, and only the person, sees."""
    with bolt(slack, kind) as app:
        echo(app)
        ack = slack.command("ana", "#network-ops", "help")
    assert ack.acked
    assert ack.error is None
    assert 0 < ack.ms < 3_000
    assert ack.response == {"text": "help"}
    assert [one.text for one in slack.ephemerals("ana", "#network-ops")] == ["help"]
    assert slack.ephemerals("ben") == ()
    assert slack.messages("#network-ops") == ()


@BOTH
def test_a_press_reaches_the_bolt_app_with_the_message_as_it_is_shown(slack: LocalSlack, kind: str) -> None:
    """A block_actions payload names the person, the channel, the message and the button's value."""
    heard: list[dict[str, Any]] = []
    with bolt(slack, kind) as app:

        @app.action("confirm_deletion")
        def confirm(ack: Any, body: dict[str, Any]) -> None:
            heard.append(body)
            ack()

        ts = app.client.chat_postMessage(
            channel="C0NETOPS001", text="Delete?", blocks=[actions(button("confirm_deletion", "d-1"))]
        )["ts"]
        ack = slack.press("ben", "#network-ops", ts, "confirm_deletion")
    assert ack.acked
    (body,) = heard
    assert body["user"]["id"] == "U0BEN000001"
    assert body["user"]["team_id"] == body["team"]["id"] == "T0HOME00001"
    assert body["channel"] == {"id": "C0NETOPS001", "name": "network-ops"}
    assert body["container"]["message_ts"] == body["message"]["ts"] == ts
    assert body["actions"][0]["value"] == "d-1"
    assert body["actions"][0]["block_id"] == "decide"


@BOTH
def test_a_connection_that_is_reset_is_made_again(slack: LocalSlack, kind: str) -> None:
    """After an RST the app comes back by itself and hears commands again."""
    with bolt(slack, kind) as app:
        echo(app)
        slack.drop_sockets()
        slack.wait_connected()
        assert slack.command("ana", "#network-ops", "again").response == {"text": "again"}


def test_the_app_comes_again_when_slack_asks_for_it(slack: LocalSlack) -> None:
    """On a disconnect envelope the app opens a new connection; the old one gets nothing more."""
    with bolt(slack) as app:
        echo(app)
        slack.refresh_sockets()
        # websocket-client's reader may sit on the old connection, closed by its own side, for ten seconds.
        slack.wait_connected(timeout_s=20)
        assert slack.command("ana", "#network-ops", "again").response == {"text": "again"}


def test_a_dead_connection_is_noticed_by_its_missing_pongs(slack: LocalSlack) -> None:
    """A frozen socket answers no ping: the client that watches for pongs opens another, which works."""
    with bolt(slack, "builtin") as app:
        echo(app)
        slack.freeze_sockets()
        slack.wait_connected(2)
        assert slack.command("ana", "#network-ops", "alive").response == {"text": "alive"}


def test_a_thawed_connection_delivers_late_and_the_late_ack_is_only_recorded(slack: LocalSlack) -> None:
    """The person has seen operation_timeout; an ack after three seconds changes nothing."""
    ws = connect(slack)
    slack.freeze_sockets()
    ack = slack.command("ana", "#network-ops", "help")
    assert (ack.acked, ack.error) == (False, "operation_timeout")
    assert 2_900 < ack.ms < 3_500
    assert "operation_timeout" in slack.ephemerals("ana")[0].text
    slack.thaw_sockets()
    envelope_id = str(ws.recv()).split('"envelope_id": "')[1].split('"')[0]
    ws.send(f'{{"envelope_id": "{envelope_id}", "payload": {{"text": "too late"}}}}')
    late = slack.wait_for(lambda: [one for one in slack.traffic if one.kind == "ack"])
    assert late[0].name == "late"
    assert len(slack.ephemerals("ana")) == 1
    ws.close()


def test_without_a_connection_the_person_sees_dispatch_failed(slack: LocalSlack) -> None:
    """Slack says so at once when no app is there."""
    ack = slack.command("ana", "#network-ops", "help")
    assert (ack.acked, ack.error) == (False, "dispatch_failed")
    assert ack.response == {"text": "/vpn failed with the error “dispatch_failed”"}
    assert slack.ephemerals("ana")[0].author == "USLACKBOT"


def test_each_envelope_goes_to_one_of_the_connections_in_turn(slack: LocalSlack) -> None:
    """Two apps on one token share the work; no command is seen twice."""
    with bolt(slack) as one, bolt(slack) as two:
        echo(one, "one ")
        echo(two, "two ")
        seen = [slack.command("ana", "#network-ops", "x").response for _ in range(4)]
    assert sorted(str(answer) for answer in seen) == ["{'text': 'one x'}"] * 2 + ["{'text': 'two x'}"] * 2


def test_an_eleventh_connection_is_turned_away(slack: LocalSlack) -> None:
    """Slack holds at most ten connections an app."""
    ten = [connect(slack) for _ in range(10)]
    url = client(slack).apps_connections_open(app_token=APP_TOKEN)["url"]
    eleventh = websocket.create_connection(url, timeout=5)
    assert "too_many_websockets" in str(eleventh.recv())
    assert slack.sockets == 10
    for ws in (*ten, eleventh):
        ws.close()


def test_a_socket_address_works_once(slack: LocalSlack) -> None:
    """The ticket in a WebSocket URL is for one connection."""
    url = client(slack).apps_connections_open(app_token=APP_TOKEN)["url"]
    first = websocket.create_connection(url, timeout=5)
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(url, timeout=5)
    first.close()


def test_a_burst_is_measured_at_the_server(slack: LocalSlack) -> None:
    """Two hundred commands within the time asked for all get their own ack."""
    with bolt(slack) as app:
        echo(app)
        typed = [Typed(user="ana", channel="#network-ops", text=str(number)) for number in range(200)]
        acks = slack.burst(typed, over_s=1.0)
    assert [ack.response for ack in acks] == [{"text": str(number)} for number in range(200)]
    assert sorted(ack.ms for ack in acks)[100] < 100


def test_commands_from_many_threads_do_not_wait_for_each_other(slack: LocalSlack) -> None:
    """Two people's commands are with the app at the same time."""
    both = threading.Barrier(2)
    with bolt(slack) as app:

        @app.command("/vpn")
        def meet(ack: Any) -> None:
            both.wait(2)
            ack("met")

        with ThreadPoolExecutor(2) as pool:
            acks = list(pool.map(lambda who: slack.command(who, "#network-ops", "x"), ("ana", "ben")))
    assert [ack.response for ack in acks] == [{"text": "met"}, {"text": "met"}]


def asgi(app: App) -> ASGIApp:
    """The Bolt app at its Request URL."""
    return cast("ASGIApp", SlackRequestHandler(app, path="/slack/events"))


def test_http_mode_sends_signed_requests_that_bolt_accepts() -> None:
    """With a Request URL a command arrives by HTTP, signed; the body of the answer is the ack."""
    with local_slack() as web:
        bolt_app = App(client=client(web), signing_secret=SIGNING_SECRET)
        echo(bolt_app)
        with (
            LoopbackServer(asgi(bolt_app)) as bot,
            local_slack(request_url=f"{bot.url}/slack/events") as slack,
        ):
            ack = slack.command("ana", "#network-ops", "by HTTP")
    assert ack.response == {"text": "by HTTP"}


def test_http_mode_with_another_secret_is_refused_by_bolt() -> None:
    """The signature is a real one: an app that holds another secret turns the request away."""
    bolt_app = App(token=BOT_TOKEN, signing_secret="another", token_verification_enabled=False)
    with LoopbackServer(asgi(bolt_app)) as bot, local_slack(request_url=f"{bot.url}/slack/events") as slack:
        ack = slack.command("ana", "#network-ops", "by HTTP")
    assert (ack.acked, ack.error) == (False, "dispatch_failed")

"""Slack ends or refuses Socket Mode connections: the bot pauses, says why, and is back by itself."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.rehearsal.slack_faults import Fault
from bot.rehearsal.stage import Stage
from tests.e2e.brisk_bot import FIRST_S, LONGEST_S, SETTLED_S
from tests.e2e.play import Play
from tests.e2e.visits import WITHIN_S, checks, wait_check, wait_ready

BRISK_BOT = Path(__file__).with_name("brisk_bot.py")
PATIENCE_S = 2.5
# Pauses of at least half of 0.3, 0.6, 1, 1 … seconds leave room for so many tries until then.
TRIES = 7
NOT_CONNECTED = "not connected to Slack: "


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """A bot in Socket Mode with its HTTP server and short pauses."""
    with Stage() as stage:
        stage.start_bot(command=[sys.executable, str(BRISK_BOT)], VPN_BOT_HTTP_PORT=str(stage.http_port))
        yield stage


@pytest.fixture(autouse=True)
def settled(stage: Stage) -> Iterator[None]:
    """Each test begins with a connection that has proved itself, and mends what it broke."""
    wait_ready(stage)
    time_settled = time.monotonic() + SETTLED_S
    stage.vpc.wait_for(lambda: time.monotonic() > time_settled and ready(stage), WITHIN_S)
    yield
    stage.slack.refuse_sockets(None)
    stage.slack.faults.clear()


def ready(stage: Stage) -> bool:
    """Whether Slack's check is green now."""
    return bool(checks(stage)["slack"]["ok"])


def watch(stage: Stage, seconds: float) -> list[tuple[bool, str]]:
    """What /readyz says of Slack, asked again and again for so long."""
    until = time.monotonic() + seconds
    said: list[tuple[bool, str]] = []

    def over() -> bool:
        check = checks(stage)["slack"]
        said.append((check["ok"], check["reason"]))
        return time.monotonic() > until

    stage.vpc.wait_for(over, seconds + WITHIN_S)
    return said


def warnings(stage: Stage, since: int) -> list[str]:
    """The log's lines about missing connections, from an offset on."""
    lines = stage.bots[0].log_text[since:].splitlines()
    return [line for line in lines if NOT_CONNECTED in line]


@pytest.mark.parametrize(
    ("reason", "advice"),
    [("too_many_websockets", "stop other copies"), ("link_disabled", "turn it on"), ("sunspots", "")],
)
def test_a_slack_that_ends_every_connection_is_asked_again_after_pauses(
    stage: Stage, reason: str, advice: str
) -> None:
    """Few connections, Slack's word in the log and in /readyz, never ready meanwhile, and back by itself."""
    logged, before = len(stage.bots[0].log_text), stage.slack.handshakes
    stage.slack.refuse_sockets(reason)
    stage.slack.drop_sockets()
    wait_check(stage, "slack", ok=False)
    said = watch(stage, PATIENCE_S)

    assert not any(ok for ok, _ in said)
    assert 2 <= stage.slack.handshakes - before <= TRIES
    assert f"Slack ended the connection ({reason}" in said[-1][1]
    assert advice in said[-1][1]
    assert any("the next try is in" in why for _, why in said)
    lines = warnings(stage, logged)
    assert 1 <= len(lines) <= TRIES
    assert all(" WARNING " in line and reason in line for line in lines)

    stage.slack.refuse_sockets(None)
    assert "ping" in wait_check(stage, "slack", ok=True)
    assert Play(stage).ask("help").acked


def test_the_reason_is_that_of_the_latest_failure(stage: Stage) -> None:
    """Slack ends a connection with a word; the next one is reset without any, before it has settled."""
    stage.slack.refuse_sockets("too_many_websockets")
    stage.slack.drop_sockets()
    stage.vpc.wait_for(lambda: "too_many_websockets" in checks(stage)["slack"]["reason"], WITHIN_S)
    stage.slack.refuse_sockets(None)
    stage.vpc.wait_for(lambda: "connected again" in checks(stage)["slack"]["reason"], WITHIN_S)
    stage.slack.drop_sockets()

    def reason() -> str:
        said = str(checks(stage)["slack"]["reason"])
        return "" if "connected again" in said else said

    assert "too_many_websockets" not in stage.slack.wait_for(reason, WITHIN_S)
    assert not any("too_many_websockets" in said for _, said in watch(stage, 2 * SETTLED_S))


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Fault.refuse("invalid_auth"), "invalid_auth"),
        (Fault.refuse("socket_mode_not_enabled"), "socket_mode_not_enabled"),
        (Fault.http(503), "unreadable"),
        (Fault.reset_before(), "can't be reached"),
    ],
    ids=["token-revoked", "socket-mode-off", "http-503", "reset"],
)
def test_a_slack_that_opens_no_connection_is_asked_again_after_pauses(
    stage: Stage, fault: Fault, word: str
) -> None:
    """apps.connections.open fails while the bot runs: the same pauses, the same words, the same way back."""
    logged = len(stage.bots[0].log_text)
    stage.slack.inject("apps.connections.open", *[fault] * 50)
    asked = sum(one.name == "apps.connections.open" for one in stage.slack.traffic)
    stage.slack.drop_sockets()
    wait_check(stage, "slack", ok=False)
    said = watch(stage, PATIENCE_S)

    assert not any(ok for ok, _ in said)
    assert word in said[-1][1]
    assert 2 <= len(warnings(stage, logged)) <= TRIES
    assert (
        asked <= sum(one.name == "apps.connections.open" for one in stage.slack.traffic) <= asked + TRIES + 1
    )

    stage.slack.faults.clear()
    wait_check(stage, "slack", ok=True)
    assert "Traceback" not in stage.bots[0].log_text


def test_slacks_retry_after_is_waited_for(stage: Stage) -> None:
    """A 429 with Retry-After is longer than our own pause, so it counts."""
    logged = len(stage.bots[0].log_text)
    stage.slack.inject("apps.connections.open", Fault.rate_limited(3))
    stage.slack.drop_sockets()
    stage.vpc.wait_for(lambda: bool(warnings(stage, logged)), WITHIN_S)
    began = time.monotonic()
    assert "ratelimited" in warnings(stage, logged)[0]
    wait_check(stage, "slack", ok=True)
    assert time.monotonic() - began > 3 - LONGEST_S + FIRST_S
    assert len(warnings(stage, logged)) == 1


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
def test_an_ordinary_renewal_is_made_at_once_and_without_a_warning(stage: Stage, reason: str) -> None:
    """Slack renews every connection after some hours: nothing is wrong, and no command is lost."""
    logged, before = len(stage.bots[0].log_text), stage.slack.handshakes
    began = time.monotonic()
    stage.slack.refresh_sockets(reason)
    stage.slack.wait_connected(1)
    assert time.monotonic() - began < FIRST_S / 2 + 1
    assert Play(stage).ask("help").acked
    wait_check(stage, "slack", ok=True)
    assert stage.slack.handshakes == before + 1
    assert " WARNING " not in stage.bots[0].log_text[logged:]


def test_renewals_without_end_are_paused_too(stage: Stage) -> None:
    """An ordinary reason that comes with every new connection isn't ordinary."""
    logged, before = len(stage.bots[0].log_text), stage.slack.handshakes
    stage.slack.refuse_sockets("refresh_requested")
    stage.slack.drop_sockets()
    watch(stage, PATIENCE_S)
    assert 2 <= stage.slack.handshakes - before <= TRIES + 1
    assert "end soon after they are made" in warnings(stage, logged)[-1]
    stage.slack.refuse_sockets(None)
    wait_check(stage, "slack", ok=True)

"""A replica that dies is succeeded within seconds; one that was frozen finds that it has been."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bot.rehearsal.stage import BotProcess, Stage
from tests.chaos.chaos import CUT
from tests.e2e.play import Card, Play

FREEZING_BOT = Path(__file__).with_name("freezing_bot.py")
DELETE, DESCRIBE = "DeleteVpnConnection", "DescribeVpnConnections"
TAKEN_OVER_WITHIN_S = 5.0
TIMEOUT_S = 30.0


@pytest.fixture
def play(postgres_url: str) -> Iterator[Play]:
    """A stage for several replicas."""
    with Stage(settings={"VPN_BOT_DATABASE_URL": postgres_url}) as stage:
        yield Play(stage)


def is_stopped(bot: BotProcess) -> bool:
    """Whether a process is frozen; it isn't asked, but the kernel is."""
    return os.waitid(os.P_PID, bot.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None


def everything(card: Card) -> tuple[list[str], int, str]:
    return card.replies, card.deletes, card.text


def finish(card: Card) -> tuple[list[str], int, str]:
    """Wait until the deletion has been said to the end; returns all there is to see of it."""
    card.wait_reply("is gone", TIMEOUT_S)
    card.wait_text("Gone after", TIMEOUT_S)
    assert card.count("is gone") == 1
    assert card.count("accepted the deletion") + card.count("No clear answer came, but") <= 1
    return everything(card)


def wake(play: Play, frozen: BotProcess) -> None:
    """Let it go on, and wait until it knows that it has lost what it held."""
    frozen.signal(signal.SIGCONT)
    play.stage.vpc.wait_for(lambda: "lease lost" in frozen.log_text, TIMEOUT_S)


def test_a_dead_replicas_work_is_taken_over_within_five_seconds(play: Play) -> None:
    """Killed while its DeleteVpnConnection was on the way: another one looks at the tunnel, and goes on."""
    first = play.stage.start_bot()
    card = play.new_card()
    with play.stage.vpc.hold(DELETE, carried_out=True) as gate:
        card.confirm()
        gate.wait_reached(TIMEOUT_S)
        play.stage.start_bot()
        looks = sum(call.action == DESCRIBE for call in play.stage.vpc.calls)
        first.kill()
        killed_at = time.time()
        play.stage.vpc.wait_for(
            lambda: sum(call.action == DESCRIBE for call in play.stage.vpc.calls) > looks, TIMEOUT_S
        )
        took_s = [call for call in play.stage.vpc.calls if call.action == DESCRIBE][looks].at - killed_at
    print(f"\nchaos: taken over after {took_s:.1f} s")  # noqa: T201  # a figure of `make chaos`
    assert took_s < TAKEN_OVER_WITHIN_S
    finish(card)
    assert card.deletes == 1


def test_a_replica_frozen_in_a_cloud_call_wakes_up_and_adds_nothing(play: Play) -> None:
    """Its answer came while it was frozen, and was somebody else's business by then."""
    frozen = play.stage.start_bot()
    card = play.new_card()
    with play.stage.vpc.hold(DELETE, carried_out=True) as gate:
        card.confirm()
        gate.wait_reached(TIMEOUT_S)
        frozen.signal(signal.SIGSTOP)
        play.stage.start_bot()
        seen = finish(card)
    wake(play, frozen)
    assert everything(card) == seen


def test_a_step_that_the_database_failed_is_taken_up_again(
    play: Play, postgres_server: str, postgres_url: str
) -> None:
    """By the only replica there is: its heartbeat doesn't keep for ever what nobody works on."""
    bot = play.stage.start_bot()
    card = play.new_card()
    name = postgres_url.rpartition("/")[2].encode()
    with play.stage.vpc.hold(DELETE, carried_out=True) as gate:
        card.confirm()
        gate.wait_reached(TIMEOUT_S)
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS false")
            connection.execute(CUT, {"database": name.decode()})
            gate.release()
            play.stage.vpc.wait_for(lambda: "ledger unavailable in a step" in bot.log_text, TIMEOUT_S)
            connection.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS true")
    finish(card)
    assert card.deletes == 1


@pytest.mark.parametrize("moment", ["delete", "reply"])
def test_a_replica_frozen_right_before_it_sends_wakes_up_and_sends_nothing(play: Play, moment: str) -> None:
    """It had looked at its lease already; it looks again, at the last moment."""
    frozen = play.stage.start_bot(command=[sys.executable, str(FREEZING_BOT), moment])
    card = play.new_card()
    card.confirm()
    play.stage.vpc.wait_for(lambda: is_stopped(frozen), TIMEOUT_S)
    play.stage.start_bot()
    seen = finish(card)
    wake(play, frozen)
    assert everything(card) == seen
    assert card.deletes == 1

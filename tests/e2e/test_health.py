"""/healthz and /readyz tell the truth, and SIGTERM ends the bot in time."""

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.rehearsal.stage import Stage
from tests.e2e.play import Play
from tests.e2e.visits import WITHIN_S, checks, query, visit, wait_check, wait_ready

STUCK_BOT = Path(__file__).with_name("stuck_bot.py")
STOP_WITHIN_S = 10.0
ANSWER_WITHIN_S = 3.0


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """A bot with its HTTP server, in Socket Mode."""
    with Stage() as stage:
        stage.start_bot(command=[sys.executable, str(STUCK_BOT)], VPN_BOT_HTTP_PORT=str(stage.http_port))
        wait_ready(stage)
        yield Play(stage)


def test_a_bot_that_works_is_alive_and_ready_and_says_why(play: Play) -> None:
    """Each check is true with a plain reason; no secret, path, host or software is named."""
    alive = visit(play.stage, "/healthz")
    ready = visit(play.stage, "/readyz")
    assert (alive.status_code, alive.text) == (200, "alive\n")
    assert set(ready.json()["checks"]) == {"slack", "ledger", "worker", "people"}
    assert all(check["ok"] is True and check["reason"] for check in ready.json()["checks"].values())
    said = ready.text + repr(ready.headers) + alive.text + repr(alive.headers)
    for secret in (play.stage.bot_token, play.stage.app_token, play.stage.secret_key, "sqlite", "waitress"):
        assert secret not in said


def test_a_start_with_nothing_wrong_warns_of_nothing(play: Play) -> None:
    """Whoever reads a warning can do something about it; Bolt's own about the token is none."""
    assert [line for line in play.stage.bots[0].log_text.splitlines() if " WARNING " in line] == []


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/healthz/", "GET", 404),
        ("/slack/events", "POST", 404),
        ("/healthz", "POST", 405),
        ("/readyz", "DELETE", 405),
    ],
)
def test_other_paths_and_methods_are_turned_away(play: Play, path: str, method: str, status: int) -> None:
    """404 for what isn't there, Slack's path in Socket Mode included; 405 for another method."""
    assert visit(play.stage, path, method).status_code == status


def test_a_dead_connection_to_slack_turns_readiness_red_until_a_new_one_stands(play: Play) -> None:
    """A frozen socket looks open; unanswered pings show it within 15 s, and the bot connects again."""
    wait_ready(play.stage)
    play.stage.slack.freeze_sockets()
    assert "ping" in wait_check(play.stage, "slack", ok=False)
    assert visit(play.stage, "/healthz").status_code == 200
    wait_check(play.stage, "slack", ok=True)
    assert play.ask("help").acked
    play.stage.slack.thaw_sockets()


def test_a_locked_ledger_turns_readiness_red_in_time_and_a_free_one_green(play: Play) -> None:
    """The check is a real write; /readyz answers within seconds although the write hangs."""
    wait_ready(play.stage)
    with closing(sqlite3.connect(play.stage.folder / "ledger.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "write" in wait_check(play.stage, "ledger", ok=False)
        began = time.monotonic()
        checks(play.stage)
        assert time.monotonic() - began < ANSWER_WITHIN_S
        assert visit(play.stage, "/healthz").status_code == 200
        other.execute("ROLLBACK")
    wait_ready(play.stage)


def test_the_ledger_check_leaves_nothing_behind(play: Play) -> None:
    """Readiness is asked every few seconds for years: it must not grow the ledger."""
    wait_check(play.stage, "ledger", ok=True)
    assert query(play.stage, "SELECT count(*) FROM events WHERE kind = 'probe'") == [(0,)]


def test_a_worker_that_hangs_turns_readiness_red_until_it_looks_for_work_again(play: Play) -> None:
    """A bot that acks and never deletes must not pass for ready."""
    wait_ready(play.stage)
    stuck = play.stage.folder / "stuck"
    stuck.touch()
    assert "worker" in wait_check(play.stage, "worker", ok=False)
    stuck.unlink()
    wait_check(play.stage, "worker", ok=True)


def test_a_second_bot_on_the_same_port_says_so_and_exits_with_2(play: Play) -> None:
    """The sentence names the settings and what to do."""
    second = play.stage.start_bot(wait=False, VPN_BOT_HTTP_PORT=str(play.stage.http_port))
    assert second.wait(WITHIN_S) == 2
    assert f"VPN_BOT_HTTP_PORT {play.stage.http_port}" in second.log_text
    assert "set another" in second.log_text
    assert "Traceback" not in second.log_text


def test_sigterm_ends_the_bot_in_time_while_a_cloud_call_hangs() -> None:
    """Exit 0 within ten seconds; what it held is free at once, and a successor tells the result once."""
    with Stage() as stage:
        play = Play(stage)
        bot = stage.start_bot()
        card = play.new_card()
        with stage.vpc.hold("DeleteVpnConnection", carried_out=True) as gate:
            card.confirm()
            gate.wait_reached(WITHIN_S)
            began = time.monotonic()
            assert bot.terminate() == 0
            assert time.monotonic() - began < STOP_WITHIN_S
            assert query(stage, "SELECT state, lease_until FROM deletions") == [("deleting", 0.0)]
            stage.start_bot()
            card.wait_reply("is gone")
        assert (card.deletes, card.count("is gone")) == (1, 1)
        assert "Traceback" not in bot.log_text

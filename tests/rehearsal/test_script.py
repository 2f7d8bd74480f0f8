"""`vpn-bot rehearse` as a visitor starts it: a process of its own, with its output in a pipe."""

import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from bot.cli import main
from bot.rehearsal.scenes import SCENES
from bot.rehearsal.vpc_fields import CANARY_PSK
from bot.rehearsal.vpc_seed import DOWN_TUNNEL, MAIN_TUNNEL

TIMEOUT_S = 60
SECRETS = re.compile(r"xoxb-[0-9a-f]|xapp-1-|AKID[0-9a-f]{4}|Signature=[0-9a-f]{8}|" + CANARY_PSK)


@contextmanager
def start(*options: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m bot rehearse …`; killed where a failing test leaves it."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "rehearse", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as rehearsal:
        try:
            yield rehearsal
        finally:
            rehearsal.kill()


def read_until(rehearsal: subprocess.Popen[str], pattern: str) -> tuple[str, re.Match[str]]:
    """Everything that it prints up to the first line that the pattern matches, and the match."""
    assert rehearsal.stdout is not None
    read = ""
    for line in rehearsal.stdout:
        read += line
        if found := re.search(pattern, line):
            return read, found
    pytest.fail(f"{pattern} never came:\n{read}")


def runs(pid: int) -> bool:
    """Whether there is such a process."""
    return Path(f"/proc/{pid}").exists()


def test_the_script_plays_every_scene_and_exits_with_zero() -> None:
    """A success, a refusal, a double click and a cancel come true, and the transcript tells each of them."""
    with start("--script") as rehearsal:
        said, complaints = rehearsal.communicate(timeout=TIMEOUT_S)
    assert rehearsal.returncode == 0, said + complaints
    assert f"All {len(SCENES)} scenes came true." in said
    assert f"/vpn delete vpngw-7lcl5331 {MAIN_TUNNEL}" in said
    assert f"{MAIN_TUNNEL} is gone after" in said
    assert "UnauthorizedOperation, RequestId" in said
    assert re.search(r"only to (ben|chen) +@(ben|chen) confirmed this before you", said)
    assert "no DeleteVpnConnection was sent" in said
    assert not SECRETS.search(said + complaints)
    assert complaints == ""


def test_a_step_that_does_not_happen_ends_the_script_with_one_and_a_sentence() -> None:
    """With the bot killed from outside no card can appear: the script says so at once instead of hanging."""
    with start("--script") as rehearsal:
        _, found = read_until(rehearsal, r"connected \(pid (\d+)\)")
        os.kill(int(found[1]), signal.SIGKILL)
        said, complaints = rehearsal.communicate(timeout=TIMEOUT_S)
    assert rehearsal.returncode == 1, said + complaints
    assert "this didn't happen, because the bot has stopped" in complaints
    assert "came true" not in said
    assert not SECRETS.search(said + complaints)


def test_without_its_extra_a_rehearsal_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command exists in every installation; where it can't run, one sentence says what to install."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "uvicorn" else found(name, *more)
    )
    result = CliRunner().invoke(main, ["rehearse"])
    assert result.exit_code == 2
    assert result.output == "The rehearsal needs uvicorn. To get it: pip install 'vpn-bot[rehearsal]'\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One whole rehearsal, whose wanted port was taken, ended by SIGTERM on the visitor's turn."""

    taken_port: int
    said: str
    page: str
    exit_code: int
    bot_pid: int
    bot_ran: bool


@pytest.fixture(scope="module")
def rehearsed() -> Rehearsed:
    """Plays it once for the tests that look at it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start("--port", str(port)) as rehearsal:
            said, address = read_until(rehearsal, r"page: +(http://127\.0\.0\.1:\d+)")
            page = requests.get(f"{address[1]}/", timeout=10).text
            more, found = read_until(rehearsal, r"connected \(pid (\d+)\)")
            rest, _ = read_until(rehearsal, "Your turn")
            bot_ran = runs(int(found[1]))
            rehearsal.send_signal(signal.SIGTERM)
            last, complaints = rehearsal.communicate(timeout=TIMEOUT_S)
    return Rehearsed(
        taken_port=port,
        said=said + more + rest + last + complaints,
        page=page,
        exit_code=rehearsal.returncode,
        bot_pid=int(found[1]),
        bot_ran=bot_ran,
    )


def test_a_rehearsal_plays_one_deletion_by_itself(rehearsed: Rehearsed) -> None:
    """Ana's command, Ben's press and the tunnel's end are in the terminal; no secret is."""
    assert re.search(rf"ana types +/vpn delete vpngw-7lcl5331 {DOWN_TUNNEL}", rehearsed.said)
    assert re.search(r"ben presses +Confirm", rehearsed.said)
    assert f"{DOWN_TUNNEL} is gone after" in rehearsed.said
    assert MAIN_TUNNEL not in rehearsed.said, "the documented example is left to the visitor"
    assert not SECRETS.search(rehearsed.said)


def test_a_rehearsal_stays_until_sigterm_and_takes_its_bot_with_it(rehearsed: Rehearsed) -> None:
    """The bot runs on through the visitor's turn; then the exit code is 0 and no child is left."""
    assert rehearsed.bot_ran
    assert rehearsed.exit_code == 0
    assert not runs(rehearsed.bot_pid)


def test_a_taken_port_is_replaced_and_that_is_said(rehearsed: Rehearsed) -> None:
    """The page comes up on another port, and the terminal says why."""
    assert f"Port {rehearsed.taken_port} is taken" in rehearsed.said
    assert "<title>vpn-bot rehearsal</title>" in rehearsed.page

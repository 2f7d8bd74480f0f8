"""`vpn-bot` as a process: what it says when it can't start, and how it ends."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.stage import INHERITED, Stage
from tests.rehearsal.local_slack import APP_TOKEN, BOT_TOKEN, local_slack

DEADLINE_S = 20


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with local_slack() as running:
        yield running


@pytest.fixture
def settings(slack: LocalSlack, tmp_path: Path) -> dict[str, str]:
    """Settings with which the bot would start."""
    return {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": slack.api_url,
        "TENCENTCLOUD_SECRET_ID": "AKIDcanary",
        "TENCENTCLOUD_SECRET_KEY": "canary-secret-key",
        "TENCENTCLOUD_REGION": "ap-guangzhou",
        "VPN_BOT_VPC_ENDPOINT": "http://127.0.0.1:9",
        "VPN_BOT_DATABASE_URL": f"sqlite:///{tmp_path / 'ledger.sqlite3'}",
        "VPN_BOT_HTTP_PORT": "0",
        "VPN_BOT_SECRETS_DIR": str(tmp_path / "none"),
    }


def vpn_bot(folder: Path, environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it to its end in an empty folder, with this environment and no more."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env={**inherited, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def cannot_start(folder: Path, environment: dict[str, str]) -> str:
    """What it says on standard error, having ended with 2 and no traceback."""
    ended = vpn_bot(folder, environment, "run")
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "vpn-bot can't start:" in ended.stderr
    assert ended.stdout == ""
    for secret in (BOT_TOKEN, APP_TOKEN, "canary-secret-key", "canary-password"):
        assert secret not in ended.stderr
    return ended.stderr


def test_without_settings_it_names_each_that_is_missing_and_ends(tmp_path: Path) -> None:
    """Exit code 2, a sentence a setting."""
    said = cannot_start(tmp_path, {"VPN_BOT_SECRETS_DIR": str(tmp_path)})
    for name in (
        "SLACK_BOT_TOKEN",
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        "TENCENTCLOUD_REGION",
    ):
        assert f"{name} is not set." in said


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-somebody-elses"}, ["SLACK_BOT_TOKEN", "invalid_auth"]),
        ({"SLACK_API_URL": "http://127.0.0.1:9/api/"}, ["SLACK_API_URL"]),
        ({"VPN_BOT_VPC_ENDPOINT": "http://vpc.tencentcloudapi.com"}, ["VPN_BOT_VPC_ENDPOINT", "https://"]),
        ({"VPN_BOT_DATABASE_URL": "mysql://u:canary-password@127.0.0.1/x"}, ["VPN_BOT_DATABASE_URL"]),
        ({"VPN_BOT_DATABASE_URL": "sqlite:////"}, ["unable to open database file"]),
        ({"VPN_BOT_OPERATORS": "ana"}, ["VPN_BOT_OPERATORS", "ana"]),
    ],
    ids=["token", "Slack away", "endpoint", "database kind", "database file", "operators"],
)
def test_what_cannot_work_is_said_at_the_start_in_a_sentence(
    tmp_path: Path, settings: dict[str, str], changed: dict[str, str], named: list[str]
) -> None:
    """The setting's name and why, never a secret, never a traceback."""
    said = cannot_start(tmp_path, settings | changed)
    for part in named:
        assert part in said


@pytest.mark.parametrize("wrong", [{}, {"VPN_BOT_OPERATORS": "ana"}], ids=["else right", "else wrong"])
def test_a_name_that_is_not_read_is_told_at_the_start(
    tmp_path: Path, settings: dict[str, str], wrong: dict[str, str]
) -> None:
    """With the setting that was meant, whether the bot can start or not."""
    terraform = {"TENCENTCLOUD_SECURITY_TOKEN": "canary-secret-key", "SLACK_API_URL": "http://127.0.0.1:9/"}
    (tmp_path / ".env").write_text("VPN_BOT_PROTECT=guangzhou to hq\n", "utf-8-sig")
    said = cannot_start(tmp_path, settings | terraform | wrong)
    assert said.count("not read TENCENTCLOUD_SECURITY_TOKEN. Did you mean TENCENTCLOUD_TOKEN?") == 1
    assert said.count("not read VPN_BOT_PROTECT. Did you mean VPN_BOT_PROTECTED?") == 1


def test_told_to_stop_it_ends_with_0_and_without_a_complaint() -> None:
    """SIGTERM, as a supervisor sends it."""
    with Stage() as stage:
        bot = stage.start_bot()
        assert bot.terminate() == 0
        assert "Traceback" not in bot.log_text
        assert " ERROR " not in bot.log_text


def test_told_to_stop_again_and_again_it_ends_all_the_same() -> None:
    """Ctrl-C reaches every process of a terminal, and a supervisor's SIGTERM may come in the same moment."""
    with Stage() as stage:
        bot = stage.start_bot()
        for _ in range(2_000):
            bot.signal(signal.SIGINT)
            bot.signal(signal.SIGTERM)
        assert bot.terminate() == 0


def test_help_and_version_need_no_settings() -> None:
    """And nothing of the bot is imported for them."""
    told = CliRunner().invoke(main, ["--help"])
    assert told.exit_code == 0
    assert "run" in told.output
    assert "rehearse" in told.output
    assert version("vpn-bot") in CliRunner().invoke(main, ["--version"]).output


def test_a_rehearsal_without_its_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of what is missing, and the command that installs it."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("uvicorn", "yaml") else found(name)
    )
    told = CliRunner().invoke(main, ["rehearse", "--script"])
    assert told.exit_code == 2
    assert "needs uvicorn, yaml" in told.output
    assert "pip install 'vpn-bot[rehearsal]'" in told.output

"""The whole rehearsal: a local Slack, a local VPC, and the real bot process between them."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.routing import BaseRoute

from bot.rehearsal.northwind import ANA, ON_CALL
from bot.rehearsal.slack import LocalSlack, bot_scopes
from bot.rehearsal.vpc import MAIN_REGION, LocalVpc

MANIFEST = Path(__file__).resolve().parents[2] / "manifest.yml"
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 15.0
_LISTENING_POLL_S = 0.05
# What a risky deletion takes by default, put aside: one click decides, and at once.
ONE_CLICK = {
    "VPN_BOT_TYPED_CONFIRMATION": "never",
    "VPN_BOT_SECOND_PERSON": "never",
    "VPN_BOT_ABORT_WINDOW_S": "0",
}
# The bot gets these from the machine and nothing else, so that no real token or proxy slips in.
INHERITED = ("PATH", "HOME", "LANG", "SYSTEMROOT", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BotProcess:
    """One `vpn-bot run`, as it would run anywhere, with its standard error in a file."""

    def __init__(self, environment: Mapping[str, str], folder: Path, command: Sequence[str] = ()) -> None:
        self.log = folder / f"bot-{secrets.token_hex(3)}.log"
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own bot, with arguments of our own
                command or [sys.executable, "-m", "bot", "run"],
                env={**inherited, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, where the process still runs."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and wait until it's dead."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        """SIGTERM; returns the exit code, or kills it and raises TimeoutExpired after 15 s."""
        self._process.terminate()
        try:
            return self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def wait(self, timeout_s: float) -> int:
        """Wait for it to end by itself; returns the exit code, or raises TimeoutExpired."""
        return self._process.wait(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def log_text(self) -> str:
        """Everything that it wrote so far."""
        return self.log.read_text("utf-8", "replace")


class Stage:
    """Starts a local Slack and a local VPC on entry, and bots on demand; ends what it started on exit.

    Every token is made up anew. Ana is an operator by her id, Ben and Chen by their user group.
    http: HTTP mode, with Slack's requests going to `http_port`; else Socket Mode, and `http_port` serves
    nothing but health, where `settings` name it. careful: a risky deletion takes what it takes by default;
    else one click decides, which most plays are about. slack_url: how bots reach Slack,
    where that isn't on loopback.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        slack_port: int = 0,
        routes: Sequence[BaseRoute] = (),
        delete_takes_s: float = 0.3,
        http: bool = False,
        careful: bool = False,
        slack_url: str | None = None,
    ) -> None:
        self.bot_token = f"xoxb-{secrets.token_hex(12)}"
        self.app_token = f"xapp-1-{secrets.token_hex(12)}"
        self.signing_secret = secrets.token_hex(16)
        self.secret_id, self.secret_key = f"AKID{secrets.token_hex(8)}", secrets.token_hex(16)
        self.http_port = free_port()
        self._http = http
        self._folder = tempfile.TemporaryDirectory(prefix="vpn-bot-rehearsal-")
        self.folder = Path(self._folder.name)
        self.slack = LocalSlack(
            bot_token=self.bot_token,
            app_token=self.app_token,
            signing_secret=self.signing_secret,
            scopes=bot_scopes(MANIFEST),
            port=slack_port,
            routes=routes,
            request_url=f"{self.url}/slack/events" if http else None,
            public_url=slack_url,
        )
        self.vpc = LocalVpc(
            secret_id=self.secret_id, secret_key=self.secret_key, delete_takes_s=delete_takes_s
        )
        self.bots: list[BotProcess] = []
        self._settings = {**({} if careful else ONE_CLICK), **(settings or {})}

    @property
    def url(self) -> str:
        """Where a bot's HTTP server is, where it has one."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a bot on this stage is told, by the names of README.md."""
        mode = (
            {"SLACK_SIGNING_SECRET": self.signing_secret, "VPN_BOT_HTTP_PORT": str(self.http_port)}
            if self._http
            else {"SLACK_APP_TOKEN": self.app_token, "VPN_BOT_HTTP_PORT": "0"}
        )
        return {
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_API_URL": self.slack.api_url,
            "TENCENTCLOUD_SECRET_ID": self.secret_id,
            "TENCENTCLOUD_SECRET_KEY": self.secret_key,
            "TENCENTCLOUD_REGION": MAIN_REGION,
            "VPN_BOT_VPC_ENDPOINT": self.vpc.url,
            "VPN_BOT_DATABASE_URL": f"sqlite:///{self.folder / 'ledger.sqlite3'}",
            "VPN_BOT_OPERATORS": f"{ANA},{ON_CALL}",
            **mode,
            **self._settings,
        }

    def start_bot(self, *, wait: bool = True, command: Sequence[str] = (), **settings: str) -> BotProcess:
        """Start one more bot; `settings` override the environment by name. Waits until Slack can reach it."""
        connected = self.slack.sockets
        bot = BotProcess({**self.environment, **settings}, self.folder, command)
        self.bots.append(bot)
        if wait:
            if self._http:
                self._wait_listening(bot)
            else:
                self.slack.wait_for(lambda: self.slack.sockets > connected or not bot.alive, START_TIMEOUT_S)
            if not bot.alive:
                raise RuntimeError(f"the bot did not start:\n{bot.log_text}")
        return bot

    def _wait_listening(self, bot: BotProcess) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while bot.alive:
            try:
                socket.create_connection(("127.0.0.1", self.http_port)).close()
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                with suppress(subprocess.TimeoutExpired):
                    bot.wait(_LISTENING_POLL_S)
            else:
                return

    def __enter__(self) -> Self:
        self.vpc.__enter__()
        self.slack.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bot in self.bots:
            if bot.alive:
                bot.kill()
        self.slack.__exit__(kind, error, trace)
        self.vpc.__exit__(kind, error, trace)
        self._folder.cleanup()

"""What happens on a stage, told line by line: who typed what, what the bot said, what went over the wire."""

import re
import shutil
import textwrap
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import click

from bot.domain.text import clean
from bot.rehearsal.slack_traffic import Exchange
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_log import Call
from bot.rehearsal.workspace import Ephemeral, Happening, Message, Workspace

T = TypeVar("T")
LINE_LIMIT = 700
WHO_WIDTH = 27
COLUMNS = 120  # where the output isn't a terminal
_POLL_S = 0.05
_MARKED = re.compile(r"<([@#!])([^>|]+)(?:\|([^>]*))?>|<([^>|]+)(?:\|([^>]*))?>")
# Calls that the bot makes by itself every minute would bury what people do.
_TOLD_METHODS = ("chat.", "views.", "response_url")


class StepMissing(Exception):
    """A step of the rehearsal didn't happen in time; the message is a sentence for whoever watches."""


class Transcript:
    """Collects lines from any thread; only the thread that waits (`until`, `follow`) prints them."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._began = time.monotonic()
        self._lines: SimpleQueue[str] = SimpleQueue()
        stage.slack.subscribe(self._slack)
        stage.vpc.subscribe(self._cloud)

    def say(self, who: str, what: str, **style: Any) -> None:
        """Add one line: who, what they did, and how it looks (click's styles)."""
        at = f"{time.monotonic() - self._began:5.1f} s  "
        text = clean(what, LINE_LIMIT)
        columns = shutil.get_terminal_size(fallback=(COLUMNS, 0)).columns
        room = max(40, columns - len(at) - WHO_WIDTH)
        first, *more = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
        indent = " " * (len(at) + WHO_WIDTH)
        whole = [f"{at}{click.style(f'{clean(who, 60):<{WHO_WIDTH}}', bold=True, **style)}"]
        whole[0] += click.style(first, **style)
        self._lines.put("\n".join([*whole, *(indent + click.style(line, **style) for line in more)]))

    def until(self, what: str, look: Callable[[], T | None], within_s: float) -> T:
        """Print until `look` gives something true, and return it; StepMissing names `what`."""
        deadline = time.monotonic() + within_s
        while not (seen := look()):
            if not self._stage.bots[-1].alive:
                self.drain()
                raise StepMissing(f"{what}: this didn't happen, because the bot has stopped.")
            if time.monotonic() > deadline:
                self.drain()
                raise StepMissing(f"{what}: this didn't happen within {within_s:g} s.")
            self._print_next(_POLL_S)
        self.drain()
        return seen

    def pause(self, for_s: float) -> None:
        """Print what comes for so long."""
        deadline = time.monotonic() + for_s
        while (left := deadline - time.monotonic()) > 0:
            self._print_next(left)

    def drain(self) -> None:
        """Print what has come so far."""
        while not self._lines.empty():
            self._print_next(0)

    def _print_next(self, wait_s: float) -> None:
        try:
            click.echo(self._lines.get(timeout=wait_s))
        except Empty:
            return

    def _slack(self, happening: Happening) -> None:
        match happening.item:
            case Exchange() as exchange:
                self._exchange(exchange)
            case Message() as message if message.author == self._stage.slack.workspace.bot.user_id:
                self._message(happening.kind, message)

    def _message(self, kind: str, message: Message) -> None:
        workspace = self._stage.slack.workspace
        where = f"#{workspace.channels[message.channel].name}"
        if isinstance(message, Ephemeral):
            where = f"only to {workspace.people[message.reader].name}"
        elif kind == "update":
            where = "card changed"
        elif message.thread_ts:
            where = "in the thread"
        shown = [f"[{button['text']['text']}]" for button in message.buttons]
        self.say(f"vpn-bot, {where}", " ".join([as_read(message.text, workspace), *shown]), fg="green")

    def _exchange(self, exchange: Exchange) -> None:
        if exchange.direction == "in":
            self.say("  Slack → vpn-bot", f"{exchange.name}: {_acked(exchange)}", dim=True)
        elif exchange.name.startswith(_TOLD_METHODS):
            self.say("  vpn-bot → Slack", f"{exchange.name}: {_answered(exchange)}", dim=True)

    def _cloud(self, call: Call) -> None:
        named = " ".join(f"{name}={value}" for name, value in call.body.items())
        self.say("  vpn-bot → Tencent Cloud", f"{call.action} {named}: {outcome(call)}", dim=True)


def outcome(call: Call) -> str:
    """What the caller of one cloud request got, in a few words."""
    if call.fault and call.answer is None:
        return f"no answer ({call.fault})"
    answer = (call.answer or {}).get("Response", {})
    number = f"RequestId {answer.get('RequestId', 'missing')}"
    return f"{call.code}, {number}" if call.code else f"{call.ms:.0f} ms, {number}"


def _acked(exchange: Exchange) -> str:
    failed = exchange.answer.get("error") if isinstance(exchange.answer, Mapping) else None
    return str(failed) if failed else f"acked in {exchange.ms:.0f} ms"


def _answered(exchange: Exchange) -> str:
    if exchange.status is None:
        return "connection reset"
    if isinstance(exchange.answer, Mapping) and not exchange.answer.get("ok"):
        return f"HTTP {exchange.status} {exchange.answer.get('error')}"
    return f"HTTP {exchange.status}"


def as_read(text: str, workspace: Workspace) -> str:
    """A message's mrkdwn as a person reads it: names for ids, no escapes."""

    def name(found: re.Match[str]) -> str:
        mark, target, shown, link, label = found.groups()
        if mark == "@" and target in workspace.people:
            return f"@{workspace.people[target].name}"
        if mark == "#" and target in workspace.channels:
            return f"#{workspace.channels[target].name}"
        return shown or label or link or f"{mark}{target}"

    return _MARKED.sub(name, text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

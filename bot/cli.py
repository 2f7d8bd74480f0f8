"""The command line: `vpn-bot run`, `vpn-bot history`, `vpn-bot undo-kit`, `vpn-bot rehearse`."""

import ctypes
import importlib.util
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

import click

from bot.errors import BotError

if TYPE_CHECKING:
    from bot.ledger.reading import Ledger

_M_ARENA_MAX = -8  # as malloc.h has it


@click.group()
@click.version_option(package_name="vpn-bot")
def main() -> None:
    """Delete Tencent Cloud VPN tunnels from Slack: confirmed, once, and told as it is."""


@main.command()
def run() -> None:
    """Connect to Slack and work until SIGTERM or Ctrl-C."""
    from bot.app import Bot  # imported here so that `--help` answers at once
    from bot.logs import configure
    from bot.settings import BOLT_READS, Settings, unread_settings

    _share_heaps()
    stopped = _told_to_stop()
    try:
        settings = Settings.load()
        configure(settings.vpn_bot_log_format)
        for sentence in unread_settings():
            logging.getLogger(__name__).warning(sentence)
        for name in BOLT_READS:
            os.environ.pop(name, None)
        Bot(settings).run_until(stopped)
    except BotError as error:
        click.echo(f"vpn-bot can't start:\n{error}", err=True)
        sys.exit(2)
    # Python would wait for threads whose call hangs; what they held has been given back.
    logging.shutdown()
    os._exit(0)


def _told_to_stop() -> threading.Event:
    """Set by SIGTERM or Ctrl-C, however many of them come at once.

    A handler may interrupt another one, so it only puts into a queue, which may be entered twice: an Event's
    lock may not, and the process would wait for itself.
    """
    stopped = threading.Event()
    told: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: told.put(number))

    def wait() -> None:
        told.get()
        stopped.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stopped


def _share_heaps() -> None:
    """Let all threads share two heaps: glibc makes one for each, which keeps the most that it ever held."""
    with suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


@main.command()
@click.argument("what", default="")
@click.option("--since", default="", help="How far back: 7d, 12h, or a day such as 2026-11-20 (UTC).")
@click.option("--events", is_flag=True, help="The audit trail, oldest first, instead of the deletions.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="How many deletions; the trail is whole.",
)
@click.option("--format", "form", default="table", type=click.Choice(["table", "json", "csv"]))
def history(what: str, since: str, events: bool, limit: int, form: str) -> None:
    """Show deletions, newest first.

    WHAT: the id of a tunnel, a gateway, a user (U…) or a deletion, or a RequestId; without it, all.
    """
    from bot import reports

    with _ledger() as ledger:
        query = reports.query(what, reports.since(since, ledger.now()))
        if events:
            trail = map(reports.event_record, ledger.history.events(query))
            click.echo(reports.written(trail, form, reports.EVENT_COLUMNS, reports.EVENT_NAMES))
        else:
            found = map(reports.deletion_record, ledger.history.deletions(query, limit=limit))
            click.echo(reports.written(found, form, reports.COLUMNS, reports.NAMES))


@main.command("undo-kit")
@click.argument("which")
def undo_kit(which: str) -> None:
    """Print what makes a deleted tunnel again: parameters, a tccli command, routes.

    WHICH: the tunnel's id, for its latest kit, or the deletion's, which its card's thread has.
    """
    from bot import reports
    from bot.domain.undo import from_text

    with _ledger() as ledger:
        # No id has capitals, and what no terminal can write is none.
        text = ledger.history.kit(which.strip().lower().encode(errors="replace").decode())
    if text is None:
        click.echo("There is no undo kit of such a tunnel or deletion. See vpn-bot history.", err=True)
        sys.exit(1)
    click.echo(reports.kit_text(from_text(text)))


@contextmanager
def _ledger() -> Iterator["Ledger"]:
    """The ledger that the settings name, to read; where that fails, a sentence and exit code 2."""
    from bot.ledger.reading import Ledger
    from bot.settings import LedgerSettings

    try:
        with Ledger(LedgerSettings.load().vpn_bot_database_url) as ledger:
            yield ledger
    except BotError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


@main.command()
@click.option(
    "--port", default=8017, show_default=True, type=click.IntRange(0, 65_535), help="The page's port."
)
@click.option("--script", is_flag=True, help="No page: play every scene, print what happens, exit 0 or 1.")
def rehearse(port: int, script: bool) -> None:
    """Run the whole bot on this machine, against a local Slack and a local Tencent VPC."""
    wanted = ("starlette", "uvicorn", "websockets", "yaml")
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    if missing:
        click.echo(
            f"The rehearsal needs {', '.join(missing)}. To get it: pip install 'vpn-bot[rehearsal]'",
            err=True,
        )
        sys.exit(2)
    from bot.rehearsal.show import play_script, rehearse  # only a rehearsal needs what it imports
    from bot.rehearsal.transcript import StepMissing

    try:
        play_script() if script else rehearse(port)
    except StepMissing as why:
        click.echo(f"\n{why}", err=True)
        sys.exit(1)

"""The command line: `vpn-bot run`, `vpn-bot rehearse`."""

import importlib.util
import logging
import os
import signal
import sys
import threading

import click

from bot.errors import BotError


@click.group()
@click.version_option(package_name="vpn-bot")
def main() -> None:
    """Delete Tencent Cloud VPN tunnels from Slack: confirmed, once, and told as it is."""


@main.command()
def run() -> None:
    """Connect to Slack and work until SIGTERM or Ctrl-C."""
    from bot.app import Bot  # imported here so that `--help` answers at once
    from bot.logs import configure
    from bot.settings import Settings

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        settings = Settings.load()
        configure(settings.vpn_bot_log_format)
        Bot(settings).run_until(stopped)
    except BotError as error:
        click.echo(f"vpn-bot can't start:\n{error}", err=True)
        sys.exit(2)
    # Python would wait for threads whose call hangs; what they held has been given back.
    logging.shutdown()
    os._exit(0)


@main.command()
@click.option(
    "--port", default=8017, show_default=True, type=click.IntRange(0, 65_535), help="The page's port."
)
@click.option("--script", is_flag=True, help="No page: play four scenes, print what happens, exit 0 or 1.")
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

"""The command line: `vpn-bot run`, `vpn-bot rehearse`."""

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

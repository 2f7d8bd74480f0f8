"""The rehearsal as a command: everything on loopback, one deletion by itself, then the visitor's turn."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import NoReturn

import click

from bot.rehearsal.players import Players
from bot.rehearsal.scenes import SCENES, deletion
from bot.rehearsal.script import Script
from bot.rehearsal.server import LoopbackServer
from bot.rehearsal.stage import Stage
from bot.rehearsal.transcript import StepMissing, Transcript
from bot.rehearsal.visitor import Visitor

PAUSE_S = 1.5
OPEN_WITHIN_S = 4.0
DELETE_TAKES_S = 2.0
# Everything as by default, but for a shorter wait.
QUICKER = {"VPN_BOT_ABORT_WINDOW_S": "3"}
_LOG_LINES = 15


def rehearse(port: int) -> None:
    """Start everything, play one deletion, and stay until Ctrl-C or SIGTERM; StepMissing."""
    with suppress(KeyboardInterrupt), _stoppable(), ExitStack() as open_things:
        stage = open_things.enter_context(
            Stage(delete_takes_s=DELETE_TAKES_S, careful=True, settings=QUICKER)
        )
        transcript = Transcript(stage)
        players = Players(stage.slack, transcript)
        visitor = Visitor(stage, players)
        page = open_things.enter_context(_serve(visitor, port))
        click.echo(f"\n  The rehearsal's page:  {click.style(page.url, bold=True, underline=True)}\n")
        click.echo(f"  (The abort window is {QUICKER['VPN_BOT_ABORT_WINDOW_S']} s here, instead of 10.)\n")
        if port not in (0, page.port):
            click.echo(f"  (Port {port} is taken, so it is on another one.)\n")
        _start_bot(stage, open_things)
        transcript.drain()
        script = Script(stage, players, transcript, pause_s=PAUSE_S, on_step=visitor.show_caption)
        click.echo("  One deletion plays by itself, in a moment or once the page is open.\n")
        visitor.opened.wait(OPEN_WITHIN_S)
        try:
            deletion(script)
        except StepMissing as missing:
            click.echo(f"\n  {missing}", err=True)
        visitor.show_caption("")
        click.echo(f"\n  Your turn: {page.url}   (Ctrl-C ends it)\n")
        while True:
            transcript.pause(60)


def play_script() -> None:
    """Play every scene and print the transcript; StepMissing where one doesn't come true."""
    with _stoppable(), ExitStack() as open_things:
        stage = open_things.enter_context(Stage(careful=True, settings=QUICKER))
        transcript = Transcript(stage)
        players = Players(stage.slack, transcript)
        _start_bot(stage, open_things)
        transcript.drain()
        try:
            for number, (title, play) in enumerate(SCENES, 1):
                click.echo(f"\n{number}. {click.style(title, bold=True)}")
                play(Script(stage, players, transcript), stage)
        except StepMissing as missing:
            log = "\n".join(stage.bots[-1].log_text.splitlines()[-_LOG_LINES:])
            raise StepMissing(f"{missing}\n\nThe end of the bot's log:\n{log}") from None
        click.echo(f"\nAll {len(SCENES)} scenes came true.")


def _start_bot(stage: Stage, open_things: ExitStack) -> None:
    try:
        bot = stage.start_bot()
    except (RuntimeError, TimeoutError) as error:
        raise StepMissing(f"The bot didn't connect to the local Slack.\n{error}") from None
    open_things.callback(_end_bots, stage)
    click.echo(
        f"  The bot is connected (pid {bot.pid}); local Slack {stage.slack.url}, cloud {stage.vpc.url}"
    )


def _end_bots(stage: Stage) -> None:
    for bot in stage.bots:
        if bot.alive:
            bot.terminate()


@contextmanager
def _serve(visitor: Visitor, port: int) -> Iterator[LoopbackServer]:
    """The page on this port, or on a free one where it is taken."""
    try:
        server = LoopbackServer(visitor.app(), port=port)
    except OSError:
        server = LoopbackServer(visitor.app())
    with server:
        try:
            yield server
        finally:
            visitor.close()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM end what is inside, tidily and once."""
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop(*_: object) -> NoReturn:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

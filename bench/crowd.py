"""People on a stage: many ask at once, and their cards are waited for."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bot.rehearsal.northwind import ANA, BEN, CHEN, NETWORK_OPS
from bot.rehearsal.slack_people import Ack, Typed
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc import MAIN_GATEWAY
from bot.rehearsal.workspace import Message

OPERATORS = (ANA, BEN, CHEN)
CONFIRM = "confirm_deletion"
OURS = ()  # a stage's own choice of command: the real bot
_TUNNEL = re.compile(r"vpnx-[0-9a-f]{8}")


def peer(script: str) -> tuple[str, ...]:
    """The command that runs a peer of this folder; -P keeps bench/click.py from being `import click`."""
    return (sys.executable, "-P", str(Path(__file__).with_name(script)))


def ask(stage: Stage, tunnel_ids: Sequence[str], over_s: float) -> list[Ack]:
    """The operators type `/vpn delete …` for each tunnel, evenly spread over `over_s` seconds."""
    return stage.slack.burst(
        [
            Typed(
                user=OPERATORS[index % len(OPERATORS)],
                channel=NETWORK_OPS,
                text=f"delete {MAIN_GATEWAY} {tunnel_id}",
            )
            for index, tunnel_id in enumerate(tunnel_ids)
        ],
        over_s,
    )


def cards(stage: Stage, count: int, timeout_s: float) -> dict[str, str]:
    """Wait for `count` messages with buttons; the ts of each card by its tunnel id, fewer when time is up."""

    def shown() -> list[Message]:
        return [message for message in stage.slack.messages(NETWORK_OPS) if message.buttons]

    with suppress(TimeoutError):  # the caller counts what came
        stage.slack.wait_for(lambda: len(shown()) >= count, timeout_s)
    return {found[0]: card.ts for card in shown() if (found := _TUNNEL.search(card.text))}

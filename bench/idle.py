"""How soon a bot is connected, and what it weighs then: idle, and when it has worked."""

# `make check` runs where psutil isn't installed.
# mypy: disable-error-code="import-untyped, import-not-found"

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from bench import crowd
from bench.table import NO_TARGET, Row
from bench.turns import in_turns
from bot.rehearsal.northwind import BEN, NETWORK_OPS
from bot.rehearsal.stage import BotProcess, Stage

ROUNDS, IDLE_S, DELETIONS = 3, 3.0, 50
TARGET_S, TARGET_MB = 0.9, 70.0
WITHIN_S = 15.0

Work = Callable[[Stage], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """`connected_s` is from the start of the process to its open socket; memory is resident, 10⁶ bytes."""

    connected_s: float
    idle_mb: float
    worked_mb: float


def run() -> list[Row]:
    """Medians over the rounds."""
    bolt = crowd.peer("peer_bolt.py")
    with tempfile.TemporaryDirectory() as compiled:
        for command in (crowd.OURS, bolt):  # an installed program is compiled before its first start
            with Stage() as stage:
                _start(stage, command, compiled)
        turns = in_turns(
            lambda: _live(crowd.OURS, compiled, _delete), lambda: _live(bolt, compiled, _echo), ROUNDS
        )
    connected, peer_connected = turns.medians(lambda life: life.connected_s)
    idle, peer_idle = turns.medians(lambda life: life.idle_mb)
    worked, peer_worked = turns.medians(lambda life: life.worked_mb)
    within, weight = f"≤ {TARGET_S:g} s", f"≤ {TARGET_MB:g} MB"
    return [
        Row("start → connected", connected, peer_connected, "s", within, connected <= TARGET_S),
        Row("memory, idle", idle, peer_idle, "MB", weight, idle <= TARGET_MB),
        Row(
            f"memory after {DELETIONS} deletions (peer: echoes)",
            worked,
            peer_worked,
            "MB",
            NO_TARGET,
            True,
        ),
    ]


def _live(command: Sequence[str], compiled: str, work: Work) -> _Life:
    with Stage() as stage:
        began = time.perf_counter()
        process = psutil.Process(_start(stage, command, compiled).pid)
        connected_s = time.perf_counter() - began
        time.sleep(IDLE_S)
        idle_mb = process.memory_info().rss / 1e6
        work(stage)
        return _Life(connected_s=connected_s, idle_mb=idle_mb, worked_mb=process.memory_info().rss / 1e6)


def _start(stage: Stage, command: Sequence[str], compiled: str) -> BotProcess:
    """Start it with byte code that an earlier start left in the folder `compiled`."""
    return stage.start_bot(command=command, PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=compiled)


def _delete(stage: Stage) -> None:
    tunnel_ids = stage.vpc.add_tunnels(DELETIONS)
    crowd.ask(stage, tunnel_ids, over_s=1)
    for card_ts in crowd.cards(stage, DELETIONS, WITHIN_S).values():
        stage.slack.press(BEN, NETWORK_OPS, card_ts, crowd.CONFIRM)
    stage.slack.wait_for(lambda: _told_gone(stage) == DELETIONS, WITHIN_S)


def _told_gone(stage: Stage) -> int:
    return sum(
        " is gone" in message.text for message in stage.slack.messages(NETWORK_OPS) if message.thread_ts
    )


def _echo(stage: Stage) -> None:
    crowd.ask(stage, stage.vpc.add_tunnels(DELETIONS), over_s=1)

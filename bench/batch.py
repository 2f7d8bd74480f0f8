"""A thousand tunnels on one card: how fast, how evenly, at what weight; with one replica and with three."""

# `make check` runs where psutil isn't installed.
# mypy: disable-error-code="import-untyped, import-not-found"

from contextlib import ExitStack

import psutil

from bench.table import Row
from bot.rehearsal.northwind import ANA, BEN, NETWORK_OPS
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_seed import CCN_GATEWAY
from bot.rehearsal.workspace import Message
from tests.postgres import find_initdb, postgres

TUNNELS = 999  # the gateway has one already
CARD_WITHIN_S, END_WITHIN_S = 30.0, 120.0
DELETE = "DeleteVpnConnection"
TARGET_PER_S, LIMIT_PER_S, TARGET_MB = 90.0, 100, 30.0


def run() -> list[Row]:
    """One replica on SQLite, and three on PostgreSQL where this machine has one."""
    rows = _play("1 replica", 1, {})
    initdb = find_initdb()
    if initdb is not None:
        with postgres(initdb) as url:
            rows += _play("3 replicas", 3, {"VPN_BOT_DATABASE_URL": url})
    return rows


def _play(who: str, replicas: int, settings: dict[str, str]) -> list[Row]:
    with ExitStack() as open_things:
        stage = open_things.enter_context(Stage(settings={"VPN_BOT_MAX_BATCH": "1000", **settings}))
        bots = [psutil.Process(stage.start_bot().pid) for _ in range(replicas)]
        stage.vpc.add_tunnels(TUNNELS, CCN_GATEWAY)
        before = [bot.memory_info().rss for bot in bots]
        stage.slack.command(ANA, NETWORK_OPS, f"delete {CCN_GATEWAY} --all")
        card = stage.slack.wait_for(lambda: _find(stage, "Delete 1000 VPN tunnels?"), CARD_WITHIN_S)
        assert card is not None
        stage.slack.press(BEN, NETWORK_OPS, card.ts, "confirm_deletion")
        stage.slack.wait_for(lambda: _find(stage, "1000 of 1000 VPN tunnels are gone"), END_WITHIN_S)
        grown_mb = max((bot.memory_info().rss - was) / 1e6 for bot, was in zip(bots, before, strict=True))
        sent = [call.at for call in stage.vpc.calls if call.action == DELETE]
        per_s = (len(sent) - 1) / (max(sent) - min(sent))
        peak = max(stage.vpc.peak(DELETE), stage.vpc.peak("DescribeVpnConnections"))
        progress = next(
            m for m in stage.slack.thread(NETWORK_OPS, card.ts) if "gone" in m.text and " of 1000: " in m.text
        )
        edits = _most_in_a_second([edit.at for edit in progress.edits])
        return [
            Row(
                f"1,000 tunnels, {who}: deletes",
                per_s,
                None,
                "/s",
                f"≥ {TARGET_PER_S:g}/s",
                per_s >= TARGET_PER_S,
            ),
            Row(f"… {who}: busiest sliding second", peak, None, "", f"≤ {LIMIT_PER_S}", peak <= LIMIT_PER_S),
            Row(
                f"… {who}: calls of DeleteVpnConnection",
                len(sent),
                None,
                "",
                "1000",
                len(sent) == TUNNELS + 1,
            ),
            Row(f"… {who}: progress edits, busiest second", edits, None, "", "≤ 1", edits <= 1),
            Row(
                f"… {who}: memory grown, the most of a replica",
                grown_mb,
                None,
                "MB",
                f"< {TARGET_MB:g} MB",
                grown_mb < TARGET_MB,
            ),
        ]


def _find(stage: Stage, text: str) -> Message | None:
    return next((m for m in stage.slack.messages(NETWORK_OPS) if text in m.text), None)


def _most_in_a_second(times: list[float]) -> int:
    return max((sum(start <= time < start + 0.95 for time in times) for start in times), default=0)

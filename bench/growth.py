"""Ten cards that wait for a click, or ten thousand: the same memory, the same ack."""

# `make check` runs where psutil isn't installed.
# mypy: disable-error-code="import-untyped, import-not-found"

import statistics
import time

import psutil

from bench import crowd
from bench.table import Row
from bot.domain.model import State
from bot.ledger.database import Database
from bot.ledger.migrations import migrate
from bot.ledger.tables import deletions, posts
from bot.rehearsal.northwind import ANA, NETWORK_OPS
from bot.rehearsal.stage import Stage

SIZES = (10, 100, 1_000, 10_000)
WARM_UP, COMMANDS, SETTLE_S = 20, 60, 2.0
TARGET_MB, TARGET_RATIO = 10.0, 1.5


def run() -> list[Row]:
    """The largest is compared with the smallest, which stands where a peer would."""
    found = [_play(size) for size in SIZES]
    least_mb, most_mb = found[0][1], found[-1][1]
    rows = [
        Row(
            f"ack p50 with {size:,} cards pending",
            ms,
            found[0][0],
            "ms",
            "same",
            ms <= TARGET_RATIO * found[0][0],
        )
        for size, (ms, _) in zip(SIZES, found, strict=True)
    ]
    grown = most_mb - least_mb
    target = f"± {TARGET_MB:g} MB"
    what = f"memory, {SIZES[-1]:,} cards pending beside {SIZES[0]}"
    return [*rows, Row(what, most_mb, least_mb, "MB", target, abs(grown) <= TARGET_MB)]


def _play(size: int) -> tuple[float, float]:
    with Stage() as stage:
        _fill(stage.environment["VPN_BOT_DATABASE_URL"], size)
        bot = psutil.Process(stage.start_bot().pid)
        crowd.ask(stage, stage.vpc.add_tunnels(WARM_UP), over_s=1)
        crowd.cards(stage, WARM_UP, 15)
        time.sleep(SETTLE_S)
        acks = [
            stage.slack.command(ANA, NETWORK_OPS, f"delete {t}").ms for t in stage.vpc.add_tunnels(COMMANDS)
        ]
        return statistics.median(acks), bot.memory_info().rss / 1e6


def _fill(url: str, size: int) -> None:
    """Cards that were posted and that nobody has decided on."""
    database = Database(url, clock=time.time)
    migrate(database)
    with database.write() as tx:
        tx.connection.execute(deletions.insert(), [_pending(number, tx.now) for number in range(size)])
        tx.connection.execute(posts.insert(), [_posted(number, tx.now) for number in range(size)])
    database.close()


def _pending(number: int, now: float) -> dict[str, object]:
    who = {"channel_id": NETWORK_OPS, "requester_id": ANA}
    when = {"asked_at": now, "expires_at": now + 900, "next_at": now + 900}
    what = {
        "tunnel_id": f"vpnx-{number:08}",
        "region": "ap-guangzhou",
        "reason": "",
        "state": State.PENDING.value,
    }
    return {"deletion_id": f"card-{number}", "card_id": f"card-{number}", **who, **when, **what}


def _posted(number: int, now: float) -> dict[str, object]:
    said = {"ts": f"{now - number:.6f}", "wanted": 1, "shown": 1}
    post = {"card_id": f"card-{number}", "kind": "card", "channel_id": NETWORK_OPS}
    return {**post, **said, "created_at": now, "next_at": now}

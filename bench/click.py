"""From the click on Confirm to DeleteVpnConnection's arrival at the cloud.

Ours has the decision and the intent on disk before it calls; the peer stores nothing.
"""

import statistics
import time
from collections.abc import Sequence

from bench import crowd
from bench.table import Row
from bench.turns import in_turns
from bot.rehearsal.northwind import BEN, NETWORK_OPS
from bot.rehearsal.stage import Stage

ROUNDS, CLICKS_A_ROUND = 3, 20
TARGET_MS = 15.0
WITHIN_S = 10.0


def run() -> list[Row]:
    """The median over the rounds of each round's median click."""
    naive = crowd.peer("peer_naive.py")
    turns = in_turns(lambda: _clicks_ms(crowd.OURS), lambda: _clicks_ms(naive), ROUNDS)
    ours, peer = turns.medians(statistics.median)
    target = f"≤ {TARGET_MS:g} ms"
    return [Row("click → DeleteVpnConnection, p50", ours, peer, "ms", target, ours <= TARGET_MS)]


def _clicks_ms(command: Sequence[str]) -> list[float]:
    with Stage() as stage:
        bot = stage.start_bot(command=command)
        tunnel_ids = stage.vpc.add_tunnels(CLICKS_A_ROUND)
        crowd.ask(stage, tunnel_ids, over_s=1)
        cards = crowd.cards(stage, CLICKS_A_ROUND, WITHIN_S)
        assert len(cards) == CLICKS_A_ROUND, f"only {len(cards)} cards came:\n{bot.log_text}"
        if command == crowd.OURS:  # nobody clicks before the undo kit is there, some milliseconds later
            stage.slack.wait_for(
                lambda: all(len(stage.slack.thread(NETWORK_OPS, ts)) > 1 for ts in cards.values()), WITHIN_S
            )
        return [_click_ms(stage, tunnel_id, cards[tunnel_id]) for tunnel_id in tunnel_ids]


def _click_ms(stage: Stage, tunnel_id: str, card_ts: str) -> float:
    """One click, and its answer in the thread, so that the next click is alone again."""
    before = len(stage.slack.thread(NETWORK_OPS, card_ts))
    clicked_at = time.time()
    stage.slack.press(BEN, NETWORK_OPS, card_ts, crowd.CONFIRM)
    stage.slack.wait_for(lambda: len(stage.slack.thread(NETWORK_OPS, card_ts)) > before, WITHIN_S)
    (call,) = stage.vpc.deletes(tunnel_id)
    return (call.at - clicked_at) * 1_000 - call.ms

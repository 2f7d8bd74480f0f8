"""A burst of commands: how soon each is acked, and whether everything that was acked gets its card.

Ours has the ask on disk before the ack and looks every tunnel up; the peer only echoes.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench import crowd
from bench.table import Row
from bench.turns import in_turns
from bot.rehearsal.stage import Stage

ROUNDS, WARM_UP, COMMANDS, OVER_S = 3, 20, 200, 2.0
CARDS_WITHIN_S = 10.0
CLOUD_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Burst:
    """Acks are timed at the local Slack, from sending the envelope to reading its ack.

    `busiest` counts the look-ups of the busiest second, the refused ones included.
    """

    p50_ms: float
    p99_ms: float
    acked: int
    cards: int
    busiest: int
    over_limit: int


def run() -> list[Row]:
    """Medians over the rounds; what must always hold is taken from the worst round."""
    bolt = crowd.peer("peer_bolt.py")
    turns = in_turns(
        lambda: _burst(crowd.OURS, with_cards=True), lambda: _burst(bolt, with_cards=False), ROUNDS
    )
    p50, peer_p50 = turns.medians(lambda burst: burst.p50_ms)
    p99, peer_p99 = turns.medians(lambda burst: burst.p99_ms)
    acked, peer_acked = (min(each.acked for each in bursts) for bursts in (turns.ours, turns.peer))
    cards = min(each.cards for each in turns.ours)
    busiest = max(each.busiest for each in turns.ours)
    over_limit = max(each.over_limit for each in turns.ours)
    burst = f"{COMMANDS} in {OVER_S:g} s"
    return [
        Row(f"ack p50, {burst}", p50, peer_p50, "ms", "≤ 0.5 × peer", p50 <= 0.5 * peer_p50),
        Row(f"ack p99, {burst}", p99, peer_p99, "ms", "< peer", p99 < peer_p99),
        Row("… of them acked", acked, peer_acked, "", f"{COMMANDS}", acked == COMMANDS),
        Row("… cards posted", cards, None, "", f"{COMMANDS}", cards == COMMANDS),
        Row("… look-ups, busiest second", busiest, None, "", f"≤ {CLOUD_LIMIT}", busiest <= CLOUD_LIMIT),
        Row("… RequestLimitExceeded", over_limit, None, "", "0", over_limit == 0),
    ]


def _burst(command: Sequence[str], *, with_cards: bool) -> _Burst:
    """One burst on a stage of its own, after a few commands that warm both programs up alike."""
    with Stage() as stage:
        stage.start_bot(command=command)
        first, burst = stage.vpc.add_tunnels(WARM_UP), stage.vpc.add_tunnels(COMMANDS)
        crowd.ask(stage, first, OVER_S)
        if with_cards:
            crowd.cards(stage, WARM_UP, CARDS_WITHIN_S)
        acks = crowd.ask(stage, burst, OVER_S)
        cards = crowd.cards(stage, WARM_UP + COMMANDS, CARDS_WITHIN_S) if with_cards else {}
        cuts = statistics.quantiles([ack.ms for ack in acks], n=100)
        return _Burst(
            p50_ms=cuts[49],
            p99_ms=cuts[98],
            acked=sum(ack.acked for ack in acks),
            cards=len(cards.keys() & set(burst)),
            busiest=stage.vpc.peak("DescribeVpnConnections"),
            over_limit=sum((call.code or "").startswith("RequestLimitExceeded") for call in stage.vpc.calls),
        )

"""kill -9 between any two steps: nothing confirmed is lost, done twice, or said twice."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bot.rehearsal.stage import Stage
from tests.e2e.play import CHANNEL, Card, Play

CRASHING_BOT = Path(__file__).with_name("crashing_bot.py")
AT_ONCE = 5
NEVER = 0
DEADLINE_S = 45
WITH_SUCCESSOR = 2


def play_with_a_crash(moment: int) -> tuple[Card, str]:
    """One deletion on a bot that dies at this moment; a fresh one takes its place and finishes."""
    with Stage() as stage:
        play = Play(stage)
        bot = stage.start_bot(command=[sys.executable, str(CRASHING_BOT), str(moment)])
        tunnel = stage.vpc.add_tunnel()
        play.ask(f"delete {tunnel}")

        card = None
        deadline = time.monotonic() + DEADLINE_S
        while not _finished(play, card):
            assert time.monotonic() < deadline, f"moment {moment}: stuck\n{stage.bots[-1].log_text[-2000:]}"
            if not bot.alive and len(stage.bots) == 1:
                stage.start_bot()
            assert len(stage.bots) == 1 or stage.bots[1].alive
            card = _find_card(play, tunnel)
            if card and card.message.buttons:
                card.confirm(stale=True)
        assert card is not None
        roots = [m for m in stage.slack.messages(CHANNEL) if m.thread_ts is None]
        assert len(roots) == 1, f"moment {moment}: {len(roots)} cards"
        assert card.count("is gone") == 1, f"moment {moment}: {card.replies}"
        assert card.count("accepted the deletion") + card.count("No clear answer came, but") <= 1, (
            f"{moment}: {card.replies}"
        )
        carried_out = [c for c in stage.vpc.deletes(tunnel) if "Error" not in (c.answer or {})["Response"]]
        assert len(carried_out) == 1, f"moment {moment}: deleted {len(carried_out)} times"
        assert card.message.buttons == ()
        play.assert_no_canary()
        return card, bot.log_text


def _find_card(play: Play, tunnel: str) -> Card | None:
    root = next((m for m in play.stage.slack.messages(CHANNEL) if m.thread_ts is None), None)
    return Card(play, tunnel, root.ts) if root else None


def _finished(play: Play, card: Card | None) -> bool:
    """Whether thread and card say the end; waits half a second for it."""
    try:
        return bool(play.wait(lambda: card and card.count("is gone") and "Gone after" in card.text, 0.5))
    except TimeoutError:
        return False


def test_a_kill_at_any_moment_leaves_one_result_and_loses_nothing() -> None:
    """Every commit and every request of one whole deletion, before and after, is a moment to die at."""
    _, log = play_with_a_crash(NEVER)
    moments = [line for line in log.splitlines() if line.startswith("moment ")]
    kinds = {line.split(" ", 2)[2] for line in moments}
    assert kinds == {
        f"{when} {what}" for when in ("before", "after") for what in ("commit", "cloud call", "Slack call")
    }
    with ThreadPoolExecutor(AT_ONCE) as plays:
        played = list(plays.map(play_with_a_crash, range(1, len(moments) + 1)))
    # Edits that come close together are one, so the last few moments aren't reached in every play.
    crashed = sum(len(card.play.stage.bots) == WITH_SUCCESSOR for card, _ in played)
    assert crashed >= len(moments) * 3 // 4

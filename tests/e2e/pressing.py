"""For how long people could press Stop on a card: it was there, and a bot that could take it connected."""

import signal
import time
from contextlib import suppress
from itertools import pairwise
from random import Random

from bot.rehearsal.stage import BotProcess
from bot.rehearsal.workspace import Happening, buttons
from tests.e2e.play import Card, Play

GONE_WITHIN_S = 60.0


class Pressing:
    """Notes when one bot (the stage's last) can be reached; kills and freezes it, and brings it back."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._marks: list[tuple[float, bool]] = [(time.time(), play.stage.slack.sockets > 0)]
        play.stage.slack.workspace.observe(self._seen)

    def _seen(self, happening: Happening) -> None:
        if happening.kind == "sockets":
            self.mark(up=happening.item > 0)

    def mark(self, *, up: bool) -> None:
        """From now on a press can be taken, or can't."""
        self._marks.append((time.time(), up))

    @property
    def _bot(self) -> BotProcess:
        return self._play.stage.bots[-1]

    def kill(self, for_s: float) -> None:
        """Kill it, and start another one so much later."""
        self.mark(up=False)
        self._bot.kill()
        self.let_pass(for_s)
        self._play.stage.start_bot(wait=False)

    def freeze(self, for_s: float) -> None:
        """Let it stand still for so long."""
        self.mark(up=False)
        self._bot.signal(signal.SIGSTOP)
        self.let_pass(for_s)
        self._bot.signal(signal.SIGCONT)
        self.mark(up=True)

    def let_pass(self, seconds: float) -> None:
        """Let things go on for so long: the moment of a kill is one on the clock."""
        with suppress(TimeoutError):
            self._play.wait(lambda: None, seconds)

    def disturb(self, random: Random, window_s: float) -> None:
        """Kill or freeze it for some time, shorter or longer than a window."""
        random.choice([self.kill, self.freeze])(random.uniform(0.2, window_s + 2))

    def time_to_press_s(self, card: Card) -> float:
        """From Stop's appearance to DeleteVpnConnection's arrival: seconds in which a bot was there."""
        (call,) = self._play.stage.vpc.deletes(card.tunnel_id)
        appeared_at = stop_appeared_at(card)
        marks = [*self._marks, (call.at, False)]
        return sum(
            max(0.0, min(until, call.at) - max(since, appeared_at))
            for (since, up), (until, _) in pairwise(marks)
            if up
        )


def stop_appeared_at(card: Card) -> float:
    """When Slack first showed Stop on the card."""
    edits = card.message.edits
    shown = [*(edit.blocks for edit in edits[1:]), card.message.blocks]
    return next(
        edit.at
        for edit, blocks in zip(edits, shown, strict=True)
        if any(button["action_id"] == "stop_deletion" for button in buttons(blocks))
    )


def wait_stop(card: Card) -> None:
    """Wait until Stop is on the card."""
    card.play.wait(lambda: any(button["action_id"] == "stop_deletion" for button in card.message.buttons))


def wait_gone(card: Card) -> None:
    """Wait until the deletion has been said to the end."""
    card.wait_reply("is gone", GONE_WITHIN_S)

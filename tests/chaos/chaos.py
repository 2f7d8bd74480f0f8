"""Deletions that go on while replicas are killed and frozen and connections are cut, at random moments."""

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from itertools import cycle, islice

from bot.ledger.leases import LEASE_S
from bot.rehearsal.slack_faults import Fault as SlackFault
from bot.rehearsal.slack_people import Typed
from bot.rehearsal.stage import BotProcess, Stage
from bot.rehearsal.vpc import Fault as CloudFault
from tests.e2e.play import CHANNEL, Card, Play

FROZEN_S = LEASE_S + 1.5
ROUND_S = 15.0
CONNECT_S = 5.0
SETTLE_S = 120.0
PRESS_AGAIN_S = 1.0
CLOUD_FAULTS = (
    CloudFault.reset_before(),
    CloudFault.reset_after(),
    CloudFault.html(502),
    CloudFault.html(502, carried_out=False),
    CloudFault.empty(),
    CloudFault.truncated(),
    CloudFault.cut_off(),
    CloudFault.unknown_after("InternalError"),
    CloudFault.refuse("RequestLimitExceeded"),
    CloudFault.slow(0.5),
)
SLACK_FAULTS = (
    SlackFault.reset_before(),
    SlackFault.reset_after(),
    SlackFault.http(503),
    SlackFault.rate_limited(1),
    SlackFault.slow(0.5),
)
# Ends every connection to a database but the one that says so.
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = %(database)s AND pid <> pg_backend_pid()
"""
SLACK_METHODS = ("chat.postMessage", "chat.update", "conversations.replies", "conversations.history")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is deleted, and how often a replica is killed meanwhile."""

    deletions: int
    kills: int
    replicas: int
    seed: int


@dataclass(slots=True, kw_only=True)
class Figures:
    """What was done to the bot. `seconds` is from the first Confirm until everything was said."""

    kills: int = 0
    freezes: int = 0
    cuts: int = 0
    faults: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return "  ".join(f"{field.name} {getattr(self, field.name):.3g}" for field in fields(self))


class Chaos:
    """Plays one plan on a stage. cut_database: cuts every connection of the bots to their database."""

    def __init__(self, stage: Stage, plan: Plan, cut_database: Callable[[], None] | None = None) -> None:
        self._stage = stage
        self._plan = plan
        self._cut_database = cut_database
        self._play = Play(stage)
        self._random = random.Random(plan.seed)  # noqa: S311  # mischief, not secrets
        self._frozen: list[tuple[float, BotProcess]] = []
        self._killed: list[BotProcess] = []
        self._traffic = 0
        self.figures = Figures()

    def run(self) -> list[Card]:
        """Show the cards in peace, confirm them while things go wrong, and wait for the end."""
        for _ in range(self._plan.replicas):
            self._stage.start_bot()
        cards = self._cards()
        stop_watching = (
            self._stage.vpc.subscribe(self._count),
            self._stage.slack.subscribe(self._count),
        )
        began = time.monotonic()
        try:
            self._make_trouble(cards)
            self._settle(cards)
        finally:
            for stop in stop_watching:
                stop()
            self._thaw(time.monotonic() + FROZEN_S)
        self.figures.seconds = time.monotonic() - began
        return cards

    def died_by_themselves(self) -> list[str]:
        """The ends of the logs of replicas that nobody killed, and that didn't just refuse to start."""
        return [
            bot.log_text[-3000:]
            for bot in self._stage.bots
            if not bot.alive and bot not in self._killed and "vpn-bot can't start" not in bot.log_text
        ]

    def _count(self, _: object) -> None:
        self._traffic += 1

    def _cards(self) -> list[Card]:
        tunnels = self._stage.vpc.add_tunnels(self._plan.deletions)
        asks = [Typed(user="ana", channel=CHANNEL, text=f"delete {tunnel}") for tunnel in tunnels]
        assert all(ack.acked for ack in self._stage.slack.burst(asks, over_s=self._plan.deletions / 30))

        def roots() -> dict[str, str]:
            shown = [message for message in self._stage.slack.messages(CHANNEL) if message.buttons]
            return {tunnel: m.ts for tunnel in tunnels for m in shown if tunnel in m.text}

        found = self._play.wait(lambda: shown if len(shown := roots()) == len(tunnels) else None, 60)
        return [Card(self._play, tunnel, ts) for tunnel, ts in found.items()]

    def _make_trouble(self, cards: list[Card]) -> None:
        """In each round some are confirmed and one replica is killed, and other things happen meanwhile."""
        plan = self._plan
        tricks = [self._drop_sockets, self._fault_cloud, self._fault_slack, self._freeze]
        tricks += [self._cut_all_databases] if self._cut_database else []
        self._random.shuffle(tricks)
        deck = cycle(tricks)
        per_round = plan.deletions // (plan.kills + 1)
        deadline = time.monotonic() + plan.kills * ROUND_S
        for number in range(plan.kills):
            assert time.monotonic() < deadline, f"round {number} began too late: {self.figures}"
            self._wait_connected()
            for card in cards[number * per_round :][:per_round]:
                card.confirm(stale=True)
            for trick in islice(deck, self._random.randint(1, 2)):
                self._wait_moment()
                trick()
            self._wait_moment()
            self._kill()
        # Those that are alive now have to get over it themselves: nobody succeeds them.
        self._wait_connected()
        for card in cards[plan.kills * per_round :]:
            card.confirm(stale=True)
        for trick in tricks:
            self._wait_moment()
            trick()

    def _wait_connected(self) -> None:
        """So that a kill meets a bot at work; a replica that refused to start is started again."""
        with suppress(TimeoutError):
            self._play.wait(lambda: self._stage.slack.sockets > 0, CONNECT_S)
        self._top_up()

    def _wait_moment(self) -> None:
        """Until a few more requests have been made, or nothing happens."""
        until = self._traffic + self._random.randint(1, 30)
        with suppress(TimeoutError):
            self._stage.vpc.wait_for(lambda: self._traffic >= until, 1)
        self._thaw(time.monotonic())

    def _kill(self) -> None:
        victim = self._random.choice(self._alive())
        self._killed.append(victim)
        victim.kill()
        self.figures.kills += 1
        self._top_up()

    def _alive(self) -> list[BotProcess]:
        self._top_up()
        return [bot for bot in self._stage.bots if bot.alive]

    def _top_up(self) -> None:
        """What a supervisor does: see to it that so many replicas run."""
        while sum(bot.alive for bot in self._stage.bots) < self._plan.replicas:
            self._stage.start_bot(wait=False)

    def _freeze(self) -> None:
        frozen = self._random.choice(self._alive())
        frozen.signal(signal.SIGSTOP)
        self._frozen.append((time.monotonic() + FROZEN_S, frozen))
        self.figures.freezes += 1

    def _thaw(self, now: float) -> None:
        for one in [one for one in self._frozen if one[0] <= now]:
            self._frozen.remove(one)
            one[1].signal(signal.SIGCONT)

    def _drop_sockets(self) -> None:
        self._stage.slack.drop_sockets()
        self.figures.cuts += 1

    def _cut_all_databases(self) -> None:
        assert self._cut_database is not None
        self._cut_database()
        self.figures.cuts += 1

    def _fault_cloud(self) -> None:
        action = self._random.choice(["DeleteVpnConnection", "DescribeVpnConnections"])
        self._stage.vpc.fault(action, self._random.choice(CLOUD_FAULTS))
        self.figures.faults += 1

    def _fault_slack(self) -> None:
        self._stage.slack.inject(
            self._random.choice(SLACK_METHODS),
            *self._random.choices(SLACK_FAULTS, k=self._random.randint(1, 3)),
        )
        self.figures.faults += 1

    def _settle(self, cards: list[Card]) -> None:
        """Leave the bots alone until everything is said; press again what no ack came for."""
        # Faults that are left would all meet the last message, and each doubles its pause.
        self._stage.slack.faults.clear()
        deadline = time.monotonic() + SETTLE_S
        while not all(map(finished, cards)) and time.monotonic() < deadline:
            self._thaw(time.monotonic())
            self._top_up()
            with suppress(TimeoutError):
                self._play.wait(lambda: all(map(finished, cards)), PRESS_AGAIN_S)
            for card in cards:
                if card.message.buttons:
                    card.confirm(stale=True)


def finished(card: Card) -> bool:
    """Whether thread and card both say that the tunnel is gone."""
    return card.count("is gone") > 0 and "Gone after" in card.text

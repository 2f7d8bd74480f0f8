"""A ledger in a file with a clock that the test moves, as one or several replicas see it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Table, select, update

from bot.domain.model import Ask, Decision, Deletion, Stake, State, Tier, Tunnel, Unreadable
from bot.domain.policy import Verdict
from bot.domain.risk import Surroundings, assess
from bot.domain.undo import kit_for, to_text
from bot.ledger.cards import Cards, Shown
from bot.ledger.claims import Claims
from bot.ledger.database import Database
from bot.ledger.deciding import Decided
from bot.ledger.leases import Leases
from bot.ledger.migrations import migrate
from bot.ledger.outbox import Outbox
from bot.ledger.rows import Held
from bot.ledger.store import Ledger
from bot.ledger.tables import deletions, events, posts

T0 = 1_700_000_000.0
TTL_S = 900.0
LEASE_S = 3.0
RETRY_S = 300.0
CHANNEL = "C0NETOPS001"
ANA, BEN, CHEN = "U0ANA000001", "U0BEN000001", "U0CHEN00001"
ALLOWED = Verdict(allowed=True, rule="anybody")
TUNNEL = Tunnel(
    tunnel_id="vpnx-p0j11j28",
    gateway_id="vpngw-7lcl5331",
    name="guangzhou-to-hq",
    wire=json.dumps(
        {
            "VpnGatewayId": "vpngw-7lcl5331",
            "CustomerGatewayId": "cgw-2wqq41m9",
            "VpnConnectionName": "guangzhou-to-hq",
        }
    ),
)


class Clock:
    """Epoch seconds that a test moves."""

    def __init__(self, now: float = T0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def ask(*tunnel_ids: str, channel_id: str = CHANNEL, region: str = "ap-guangzhou") -> Ask:
    """Ana's ask."""
    return Ask(
        tunnel_ids=tunnel_ids or (TUNNEL.tunnel_id,),
        gateway_id=None,
        region=region,
        reason="moving to CCN",
        channel_id=channel_id,
        requester_id=ANA,
        response_url="https://hooks.slack.test/canary",
    )


def show(cards: Cards, held: Held, *tunnels: Tunnel, tier: Tier = Tier.LOW) -> None:
    """Queue the card of an ask that is held; its undo kits stand nowhere."""
    shown = [
        Shown(
            tunnel=tunnel,
            stake=replace(_alone(tunnel), tier=tier),
            kit=to_text(kit_for(tunnel, (), held.deletion.region)) if tunnel.wire else "{}",
        )
        for tunnel in tunnels
    ]
    cards.show(held, shown, ttl_s=TTL_S, kit_pages=lambda _: [])


def _alone(tunnel: Tunnel) -> Stake:
    """What is at stake where no route and no other tunnel is."""
    nobody = Unreadable(why="not named")
    around = Surroundings(now=tunnel, routes=(), gateway_healthy=frozenset(), customer_healthy=nobody)
    return assess(tunnel, around, leaving=frozenset(), protected=())


@dataclass(frozen=True)
class Replica:
    """One process's hands on the ledger; `clock` is shared by all replicas on SQLite's machine."""

    clock: Clock
    database: Database
    ledger: Ledger
    leases: Leases
    claims: Claims
    cards: Cards
    outbox: Outbox

    @classmethod
    def open(cls, path: Path, clock: Clock, owner: str = "first") -> Self:
        """Open the file as one more process would."""
        return cls.over(Database(f"sqlite:///{path}", clock=clock), clock, owner)

    @classmethod
    def over(cls, database: Database, clock: Clock, owner: str) -> Self:
        """The same over any database."""
        migrate(database)
        leases = Leases(database, owner=owner, lease_s=LEASE_S)
        return cls(
            clock=clock,
            database=database,
            ledger=Ledger(database),
            leases=leases,
            claims=Claims(database, leases),
            cards=Cards(database),
            outbox=Outbox(database, leases),
        )

    def take(self, *states: State) -> Held:
        """Claim the one deletion that is due."""
        (held,) = self.claims.claim(10, states)
        return held

    def show(self, *tunnels: Tunnel, **asked: str) -> str:
        """Ask, look up, and queue the card; returns its id."""
        tunnels = tunnels or (TUNNEL,)
        card_id = self.ledger.ask(ask(*(tunnel.tunnel_id for tunnel in tunnels), **asked))
        self.show_held(self.take(State.ASKED), *tunnels)
        return card_id

    def show_held(self, held: Held, *tunnels: Tunnel, tier: Tier = Tier.LOW) -> None:
        """Queue the card of an ask that is held."""
        show(self.cards, held, *tunnels, tier=tier)

    def decide(self, card_id: str, decision: Decision = Decision.CONFIRM, by: str = BEN) -> Decided:
        """Click."""
        return self.ledger.decide(card_id, decision, by=by, rule=lambda _: ALLOWED, retry_for_s=RETRY_S)

    def skip_last_look(self) -> None:
        """Everything that is confirmed was looked at once more, and is as it was shown."""
        with self.database.write() as tx:
            tx.connection.execute(update(deletions).values(cleared_at=tx.now))

    def clear(self, card_id: str) -> None:
        """Confirm a card and look once more: all of its tunnels are due."""
        assert self.decide(card_id).won
        self.cards.clear(self.take(State.CONFIRMED))

    def confirm(self, *tunnels: Tunnel) -> Held:
        """A card that is shown, confirmed, and claimed."""
        assert self.decide(self.show(*tunnels)).won
        return self.take(State.CONFIRMED)

    def now(self, card_id: str) -> Deletion:
        """The deletion as it is."""
        deletion = self.ledger.get(card_id)
        assert deletion is not None
        return deletion

    def rows(self, table: Table) -> list[Mapping[str, Any]]:
        """All rows of a table, oldest first."""
        with self.database.read() as tx:
            return [dict(row) for row in tx.connection.execute(select(table)).mappings()]

    def events(self) -> list[str]:
        """The audit trail's kinds, oldest first."""
        return [row["kind"] for row in self.rows(events)]

    def queued(self) -> list[str]:
        """The kinds of all posts, said or not, in their order."""
        return [row["kind"] for row in self.rows(posts)]

"""One deletion on a ledger, with steps over it and a cloud that answers as a test wants."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.model import Deletion, State
from bot.ledger.tables import deletions, posts
from bot.work.steps import Steps
from bot.work.tries import Limits, Tries
from tests.ledger.opened import RETRY_S, T0, TTL_S, TUNNEL, Replica
from tests.work.cloud import Cloud
from tests.work.steps import steps_with

VERIFY_S = 120.0
OTHER = replace(TUNNEL, tunnel_id="vpnx-k2m4n6p8")


@dataclass
class Scene:
    """One deletion on a ledger, steps over it, and the cloud that they meet."""

    replica: Replica
    cloud: Cloud
    steps: Steps
    card_id: str = ""

    def confirmed(self, **columns: Any) -> "Scene":
        """Show and confirm the tunnel; `columns` are set as if earlier steps had written them."""
        self.card_id = self.replica.show()
        assert self.replica.decide(self.card_id).won
        self.replica.skip_last_look()
        if columns:
            with self.replica.database.write() as tx:
                tx.connection.execute(deletions.update().values(**columns))
        return self

    def act(self, *states: State) -> Deletion:
        """Run the step of what is due."""
        self.steps.act(self.replica.take(*states))
        return self.now

    def verify(self) -> Deletion:
        """Look whether it's gone."""
        self.steps.verify([self.replica.take(State.VERIFYING)])
        return self.now

    def at(self, seconds: float) -> "Scene":
        """Move to so many seconds after T0."""
        self.replica.clock.now = T0 + seconds
        return self

    @property
    def now(self) -> Deletion:
        return self.replica.now(self.card_id)

    @property
    def said(self) -> list[str]:
        """The kinds of what is said in the thread, without the card."""
        return [kind for kind in self.replica.queued() if kind != "card"]

    def text(self, kind: str) -> str:
        """The fallback text of a reply."""
        body = next(row["body"] for row in self.replica.rows(posts) if row["kind"] == kind)
        return str(json.loads(body)["text"])

    def body(self, kind: str) -> str:
        """All of a reply, as JSON."""
        return str(next(row["body"] for row in self.replica.rows(posts) if row["kind"] == kind))


def steps_over(
    replica: Replica,
    cloud: Cloud,
    jitter: float = 0.0,
    set_ahead_at: Callable[[], float] = lambda: -math.inf,
    *,
    connected: bool = True,
) -> Steps:
    """connected: to Slack, for as long as anybody asks."""
    limits = Limits(confirm_ttl_s=TTL_S, retry_for_s=RETRY_S, verify_timeout_s=VERIFY_S, max_batch=20)
    tries = Tries(limits, replica.clock, jitter=lambda: jitter, set_ahead_at=set_ahead_at)
    return steps_with(replica, cloud, tries, connected=connected)

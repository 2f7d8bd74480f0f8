"""The worker's steps over a test's ledger and cloud."""

import math
from functools import partial
from typing import cast

from bot.cloud.client import VpcClient
from bot.ledger.windows import Present, Windows
from bot.work.abort_window import Window
from bot.work.clear import Clearing
from bot.work.lookout import Lookout
from bot.work.prepare import Preparing
from bot.work.steps import Steps
from bot.work.tries import Tries
from tests.ledger.opened import ALLOWED, Replica
from tests.work.cloud import Cloud


def count(replica: Replica, *, connected: bool = True) -> None:
    """The heartbeat of whoever has been connected to Slack for the last seconds, or isn't at all."""
    windows = Windows(replica.database, monotonic=replica.clock)
    windows.count(Present(since=-math.inf, until=replica.clock()) if connected else None)


def steps_with(
    replica: Replica,
    cloud: Cloud,
    tries: Tries,
    *,
    protected: tuple[str, ...] = (),
    connected: bool = True,
) -> Steps:
    """Everybody may ask."""
    windows = Windows(replica.database, monotonic=replica.clock)
    beat = partial(count, replica, connected=connected)
    client = cast(VpcClient, cloud)
    lookout = Lookout(client, protected=protected)
    claims, cards = replica.claims, replica.cards
    return Steps(
        cloud=client,
        claims=claims,
        leases=replica.leases,
        preparing=Preparing(
            cloud=client,
            lookout=lookout,
            claims=claims,
            cards=cards,
            tries=tries,
            may_ask=lambda _deletion, _gateways: ALLOWED,
            nobody_left=lambda _deletion, _gateways: None,
        ),
        clearing=Clearing(
            lookout=lookout,
            claims=claims,
            cards=cards,
            tries=tries,
            window=Window(windows=windows, count=beat, claims=claims, tries=tries),
            monotonic=replica.clock,
        ),
        tries=tries,
    )

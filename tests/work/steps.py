"""The worker's steps over a test's ledger and cloud."""

from typing import cast

from bot.cloud.client import VpcClient
from bot.work.clear import Clearing
from bot.work.lookout import Lookout
from bot.work.prepare import Preparing
from bot.work.steps import Steps
from bot.work.tries import Tries
from tests.ledger.opened import ALLOWED, Replica
from tests.work.cloud import Cloud


def steps_with(replica: Replica, cloud: Cloud, tries: Tries, *, protected: tuple[str, ...] = ()) -> Steps:
    """Everybody may ask."""
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
        clearing=Clearing(lookout=lookout, claims=claims, cards=cards, tries=tries, monotonic=replica.clock),
        tries=tries,
    )

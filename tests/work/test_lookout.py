"""Looking around tunnels: each is told who stands beside it, however the lists were read."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import cast

import pytest

from bot.cloud.client import VpcClient
from bot.work.lookout import MOST_LISTS, Lookout
from tests.ledger.opened import TUNNEL
from tests.work.cloud import Cloud

REGION = "ap-guangzhou"
WHOLE_REGION = ""


@pytest.fixture
def cloud() -> Cloud:
    """A region of 24 tunnels: four on each of six gateways, and as many to each customer gateway.

    No two of them share both; a third is DOWN.
    """
    tunnels = [
        replace(
            TUNNEL,
            tunnel_id=f"vpnx-{number:08}",
            gateway_id=f"vpngw-{number % 6:08}",
            customer_gateway_id=f"cgw-{number // 4:08}",
            state="AVAILABLE",
            net_status="UNAVAILABLE" if number % 3 == 0 else "AVAILABLE",
        )
        for number in range(24)
    ]
    return Cloud(look={tunnel.tunnel_id: tunnel for tunnel in tunnels})


@pytest.fixture
def lookout(cloud: Cloud) -> Iterator[Lookout]:
    with closing(Lookout(cast(VpcClient, cloud), protected=())) as lookout:
        yield lookout


@pytest.mark.parametrize(("count", "lists"), [(1, 2), (3, 4), (5, 7), (24, 12)])
def test_each_is_told_the_healthy_ones_of_its_own_gateway_and_customer_gateway(
    cloud: Cloud, lookout: Lookout, count: int, lists: int
) -> None:
    """Whether these are read one by one or, being many, with all of the region in one list."""
    assert not isinstance(cloud.look, Exception)
    everybody = list(cloud.look.values())
    around = lookout.around(REGION, everybody[:count])
    assert (cloud.listed == [WHOLE_REGION]) == (lists > MOST_LISTS)
    assert len(cloud.listed) == (1 if lists > MOST_LISTS else lists)
    for tunnel in everybody[:count]:
        assert around[tunnel.tunnel_id].now == tunnel
        healthy = [one for one in everybody if one.healthy]
        assert around[tunnel.tunnel_id].gateway_healthy == frozenset(
            one.tunnel_id for one in healthy if one.gateway_id == tunnel.gateway_id
        )
        assert around[tunnel.tunnel_id].customer_healthy == frozenset(
            one.tunnel_id for one in healthy if one.customer_gateway_id == tunnel.customer_gateway_id
        )

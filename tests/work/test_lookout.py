"""Looking around tunnels: each is told who stands beside it, however the lists were read."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import cast

import pytest

from bot.cloud.client import VpcClient
from bot.domain.ccn import CcnRoute
from bot.domain.model import Unreadable
from bot.errors import Refused
from bot.work.lookout import MOST_LISTS, Lookout
from tests.ledger.opened import TUNNEL
from tests.work.cloud import Cloud

REGION = "ap-guangzhou"
WHOLE_REGION = ""
CCN = CcnRoute(destination="172.31.0.0/16", status="ENABLE")


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


@pytest.mark.parametrize("routes", [(CCN,), Refused("UnauthorizedOperation", "no", "r-1")])
def test_ccn_routes_are_read_where_the_cloud_shows_no_vpc_and_nowhere_else(
    cloud: Cloud, lookout: Lookout, routes: tuple[CcnRoute, ...] | Refused
) -> None:
    """Once for each gateway of a Cloud Connect Network; what can't be read is no empty list."""
    assert not isinstance(cloud.look, Exception)
    cloud.ccn_routes = routes
    everybody = list(cloud.look.values())
    in_vpc = [replace(one, vpc_id="vpc-1") for one in everybody if one.gateway_id != "vpngw-00000003"]
    on_ccn = [one for one in everybody if one.gateway_id == "vpngw-00000003"]
    around = lookout.around(REGION, [*in_vpc, *on_ccn])
    assert cloud.ccn_asked == ["vpngw-00000003"]
    assert {around[one.tunnel_id].ccn_routes for one in in_vpc} == {()}
    for one in on_ccn:
        found = around[one.tunnel_id].ccn_routes
        assert isinstance(found, Unreadable) if isinstance(routes, Refused) else found == routes

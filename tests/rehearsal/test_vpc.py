"""What the local VPC holds, and what its actions do to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.rehearsal.vpc import CANARY_PSK, MAIN_GATEWAY, MAIN_TUNNEL, LocalVpc
from bot.rehearsal.vpc_seed import (
    CCN_GATEWAY,
    CCN_TUNNEL,
    DELETING_TUNNEL,
    DOWN_TUNNEL,
    FAR_GATEWAY,
    FAR_TUNNEL,
    HOSTILE_TUNNEL,
    PENDING_TUNNEL,
)
from tests.rehearsal.vpc_caller import SECRET_ID, SECRET_KEY, TOKEN, Caller, Clock

LOOK, DELETE = "DescribeVpnConnections", "DeleteVpnConnection"
ROUTES = "DescribeVpnGatewayRoutes"
CCN_LIST = "DescribeVpnGatewayCcnRoutes"


@pytest.fixture(scope="module")
def clock() -> Clock:
    """One clock for caller and VPC."""
    return Clock()


@pytest.fixture(scope="module")
def vpc(clock: Clock) -> Iterator[LocalVpc]:
    """A local VPC for all tests here."""
    with LocalVpc(secret_id=SECRET_ID, secret_key=SECRET_KEY, token=TOKEN, clock=clock) as running:
        yield running


@pytest.fixture
def caller(vpc: LocalVpc, clock: Clock) -> Iterator[Caller]:
    """Signs as the VPC's account, in a second of its own; afterwards the tunnels are as they were."""
    clock.now += 2
    before = dict(vpc.tunnels)
    calling = Caller(vpc.url, clock)
    yield calling
    calling.close()
    vpc.tunnels = before


def pair(tunnel_id: str, gateway_id: str = MAIN_GATEWAY) -> dict[str, str]:
    """The parameters of a deletion."""
    return {"VpnGatewayId": gateway_id, "VpnConnectionId": tunnel_id}


def by(name: str, *values: str) -> dict[str, Any]:
    """A description by one filter."""
    return {"Filters": [{"Name": name, "Values": list(values)}]}


def found(answer: dict[str, Any]) -> set[str]:
    """The ids of the tunnels described."""
    return {tunnel["VpnConnectionId"] for tunnel in answer["VpnConnectionSet"]}


def test_the_world_has_the_tunnel_of_the_manual(caller: Caller) -> None:
    """The example of the documents is there, up, with its secret, and shaped like the original."""
    answer = caller.call(LOOK, {"VpnConnectionIds": [MAIN_TUNNEL]})
    (tunnel,) = answer["VpnConnectionSet"]
    assert answer["TotalCount"] == 1
    assert (tunnel["VpnGatewayId"], tunnel["State"], tunnel["NetStatus"]) == (
        MAIN_GATEWAY,
        "AVAILABLE",
        "AVAILABLE",
    )
    assert tunnel["PreShareKey"] == CANARY_PSK
    assert tunnel["BgpConfig"] is None
    assert (tunnel["DpdEnable"], tunnel["IPSECOptionsSpecification"]["IPSECSaLifetimeSeconds"]) == (
        "1",
        "14400",
    )


def test_the_world_has_tunnels_in_every_state(vpc: LocalVpc) -> None:
    """Up, down, being created, being deleted, hostile, on a CCN gateway, and far away."""
    assert vpc.describe(DOWN_TUNNEL)["NetStatus"] == "UNAVAILABLE"
    assert [vpc.state(tunnel) for tunnel in (DOWN_TUNNEL, PENDING_TUNNEL, DELETING_TUNNEL)] == [
        "AVAILABLE",
        "PENDING",
        "DELETING",
    ]
    assert vpc.describe(HOSTILE_TUNNEL)["VpnConnectionName"] == "<!channel> & <@U1>"
    assert vpc.describe(CCN_TUNNEL)["VpcId"] == ""
    assert vpc.tunnels[FAR_TUNNEL].region == "ap-singapore"


def test_a_region_shows_only_its_own(caller: Caller) -> None:
    """A tunnel of another region is not found, and not listed."""
    far = {"headers": {"X-TC-Region": "ap-singapore"}}
    assert caller.code(LOOK, {"VpnConnectionIds": [FAR_TUNNEL]}) == "ResourceNotFound"
    assert found(caller.call(LOOK, **far)) == {FAR_TUNNEL}
    assert caller.code(DELETE, pair(MAIN_TUNNEL), **far) == "ResourceNotFound"


def test_one_missing_id_fails_the_whole_look(caller: Caller) -> None:
    """Asked for several by id, the cloud answers all or none."""
    ids = {"VpnConnectionIds": [MAIN_TUNNEL, "vpnx-nosuch00"]}
    assert caller.code(LOOK, ids) == "ResourceNotFound"


@pytest.mark.parametrize(
    ("params", "tunnel_id"),
    [
        (by("vpn-connection-id", DOWN_TUNNEL, "vpnx-nosuch00"), DOWN_TUNNEL),
        (by("vpn-connection-name", "<!channel> & <@U1>"), HOSTILE_TUNNEL),
        (by("vpn-gateway-id", CCN_GATEWAY), CCN_TUNNEL),
        (by("vpc-id", ""), CCN_TUNNEL),
        ({**by("customer-gateway-id", "cgw-mgp33pll"), "Limit": 1}, DOWN_TUNNEL),
    ],
    ids=["by-id", "by-name", "by-gateway", "by-vpc", "by-customer-gateway"],
)
def test_filters_find_what_they_name(caller: Caller, params: dict[str, Any], tunnel_id: str) -> None:
    """A filter's values are alternatives; what fits none of them is not shown."""
    assert found(caller.call(LOOK, params)) == {tunnel_id}


def test_filters_narrow_each_other(caller: Caller) -> None:
    """Several filters must all fit."""
    both = (
        by("vpn-gateway-id", MAIN_GATEWAY)["Filters"] + by("customer-gateway-id", "cgw-mgp33pll")["Filters"]
    )
    assert found(caller.call(LOOK, {"Filters": both})) == {DOWN_TUNNEL}


def test_pages_cover_everything_once(vpc: LocalVpc, caller: Caller) -> None:
    """20 at a time unless told otherwise; Offset goes on where the last page ended."""
    ids = vpc.add_tunnels(30, FAR_GATEWAY)
    far = {"headers": {"X-TC-Region": "ap-singapore"}}
    first = caller.call(LOOK, **far)
    rest = caller.call(LOOK, {"Offset": 20, "Limit": 100}, **far)
    assert (first["TotalCount"], len(first["VpnConnectionSet"])) == (31, 20)
    assert found(first) | found(rest) == {FAR_TUNNEL, *ids}
    assert len(rest["VpnConnectionSet"]) == 11


def test_gateways_and_customer_gateways_are_described(caller: Caller) -> None:
    """By id or by filter, with their kind and address."""
    gateways = caller.call("DescribeVpnGateways", {"VpnGatewayIds": [CCN_GATEWAY]})["VpnGatewaySet"]
    assert [(gateway["Type"], gateway["VpcId"]) for gateway in gateways] == [("CCN", "")]
    assert caller.call("DescribeVpnGateways", by("type", "IPSEC"))["TotalCount"] == 2
    peers = caller.call("DescribeCustomerGateways", by("customer-gateway-name", "hq-datacentre"))
    assert [peer["IpAddress"] for peer in peers["CustomerGatewaySet"]] == ["198.51.100.20"]
    assert caller.code("DescribeVpnGateways", {"VpnGatewayIds": [FAR_GATEWAY]}) == "ResourceNotFound"


def test_routes_point_at_tunnels_until_they_are_gone(caller: Caller, clock: Clock) -> None:
    """A gateway's routes can be asked for by tunnel, and go with it."""
    asked = {"VpnGatewayId": CCN_GATEWAY, **by("InstanceId", CCN_TUNNEL)}
    assert [route["DestinationCidrBlock"] for route in caller.call(ROUTES, asked)["Routes"]] == [
        "172.31.0.0/16"
    ]
    assert caller.code(DELETE, pair(CCN_TUNNEL, CCN_GATEWAY)) is None
    clock.now += 1
    assert caller.call(ROUTES, asked)["TotalCount"] == 0
    assert caller.call(ROUTES, {"VpnGatewayId": CCN_GATEWAY})["TotalCount"] == 1


def test_ccn_routes_are_listed_for_gateways_of_a_ccn(vpc: LocalVpc, caller: Caller, clock: Clock) -> None:
    """Page by page; they name no tunnel, and stay when one goes."""
    everything = caller.call(CCN_LIST, {"VpnGatewayId": CCN_GATEWAY})
    assert everything["TotalCount"] == 2
    assert [sorted(route) for route in everything["RouteSet"]] == [
        ["DestinationCidrBlock", "RouteId", "Status"]
    ] * 2
    second = caller.call(CCN_LIST, {"VpnGatewayId": CCN_GATEWAY, "Offset": 1, "Limit": 1})
    assert (second["TotalCount"], second["RouteSet"]) == (2, everything["RouteSet"][1:])
    assert caller.code(CCN_LIST, {"VpnGatewayId": MAIN_GATEWAY}) == "UnsupportedOperation"
    tunnel_id = vpc.add_tunnel(CCN_GATEWAY)
    assert caller.code(DELETE, pair(tunnel_id, CCN_GATEWAY)) is None
    clock.now += 1
    assert caller.call(CCN_LIST, {"VpnGatewayId": CCN_GATEWAY})["TotalCount"] == 2


def test_the_newest_form_is_shown_and_the_old_one_can_be(vpc: LocalVpc, caller: Caller) -> None:
    """Each tunnel's algorithm by both of its names or by the old one; what is new is there or isn't."""
    tunnel_id = vpc.add_tunnel()
    asked = {"VpnConnectionIds": [tunnel_id]}
    (new,) = caller.call(LOOK, asked)["VpnConnectionSet"]
    (route, *_) = caller.call(ROUTES, {"VpnGatewayId": MAIN_GATEWAY})["Routes"]
    try:
        vpc.old_form = True
        (old,) = caller.call(LOOK, asked)["VpnConnectionSet"]
        (old_route, *_) = caller.call(ROUTES, {"VpnGatewayId": MAIN_GATEWAY})["Routes"]
    finally:
        vpc.old_form = False
    names = {"IntegrityAlgorith", "IntegrityAlgorithm"}
    ipsec = new["IPSECOptionsSpecification"]
    assert {ipsec[name] for name in names} == {"SHA-256"}
    assert names & old["IPSECOptionsSpecification"].keys() == {"IntegrityAlgorith"}
    assert new.keys() - old.keys() == {"BgpConfig", "HealthCheckConfig"}
    assert {"RouteId", "Type", "CreateTime", "UpdateTime"} <= route.keys()
    assert route.keys() - old_route.keys() == {"Description"}


def test_a_deletion_takes_its_time(vpc: LocalVpc, caller: Caller, clock: Clock) -> None:
    """Accepted at once, DELETING for 0.3 s, then gone; a repeat is refused for its state, then as unknown."""
    tunnel_id = vpc.add_tunnel()
    assert caller.code(DELETE, pair(tunnel_id)) is None
    assert vpc.describe(tunnel_id)["NetStatus"] == "UNAVAILABLE"
    clock.now += 0.25
    assert vpc.state(tunnel_id) == "DELETING"
    assert caller.code(DELETE, pair(tunnel_id)) == "UnsupportedOperation.DeleteVpnConnInvalidState"
    clock.now += 0.1
    assert not vpc.exists(tunnel_id)
    assert caller.code(LOOK, {"VpnConnectionIds": [tunnel_id]}) == "ResourceNotFound"
    assert caller.code(DELETE, pair(tunnel_id)) == "ResourceNotFound"
    assert [call.code for call in vpc.deletes(tunnel_id)] == [
        None,
        "UnsupportedOperation.DeleteVpnConnInvalidState",
        "ResourceNotFound",
    ]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        (pair(PENDING_TUNNEL), "UnsupportedOperation.DeleteVpnConnInvalidState"),
        (pair(DELETING_TUNNEL), "UnsupportedOperation.DeleteVpnConnInvalidState"),
        (pair(MAIN_TUNNEL, CCN_GATEWAY), "ResourceNotFound"),
        (pair(MAIN_TUNNEL, "vpngw-nosuch00"), "ResourceNotFound"),
        (pair("vpnx-nosuch00"), "ResourceNotFound"),
    ],
    ids=["pending", "deleting", "another-gateway", "unknown-gateway", "unknown-tunnel"],
)
def test_a_deletion_that_cannot_be_is_refused(
    vpc: LocalVpc, caller: Caller, params: dict[str, str], code: str
) -> None:
    """State and gateway must fit, and nothing changes when they don't."""
    before = dict(vpc.tunnels)
    assert caller.code(DELETE, params) == code
    assert vpc.tunnels == before


def test_a_tunnel_can_stick_in_deleting(vpc: LocalVpc, caller: Caller, clock: Clock) -> None:
    """A tunnel told to stick never goes, however long one waits."""
    tunnel_id = vpc.add_tunnel()
    vpc.stick(tunnel_id)
    assert caller.code(DELETE, pair(tunnel_id)) is None
    clock.now += 86_400
    assert vpc.state(tunnel_id) == "DELETING"


def test_a_state_can_be_set(vpc: LocalVpc, caller: Caller) -> None:
    """A test may change a tunnel under the caller's feet."""
    tunnel_id = vpc.add_tunnel(State="PENDING", VpnConnectionName="soon")
    assert caller.code(DELETE, pair(tunnel_id)) == "UnsupportedOperation.DeleteVpnConnInvalidState"
    vpc.set_state(tunnel_id, State="AVAILABLE", NetStatus="UNAVAILABLE")
    (tunnel,) = caller.call(LOOK, {"VpnConnectionIds": [tunnel_id]})["VpnConnectionSet"]
    assert (tunnel["VpnConnectionName"], tunnel["State"], tunnel["NetStatus"]) == (
        "soon",
        "AVAILABLE",
        "UNAVAILABLE",
    )


def test_a_hundred_ids_are_one_look(vpc: LocalVpc, caller: Caller) -> None:
    """The most ids of one call are answered on one page, if that was asked for."""
    ids = vpc.add_tunnels(100)
    answer = caller.call(LOOK, {"VpnConnectionIds": ids, "Limit": 100})
    assert found(answer) == set(ids)

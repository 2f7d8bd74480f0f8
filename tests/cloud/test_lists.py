"""Lists that take more than one call: a gateway's tunnels and routes."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from bot.cloud.client import OVERLAP, VpcClient
from bot.errors import OutcomeUnknown, Refused
from tests.cloud.vpc import REQUEST_ID, Call, Reply, StrictVpc, says, says_error

ASKED = {"region": "ap-guangzhou", "gateway_id": "vpngw-7lcl5331"}
TUNNELS = [{"VpnConnectionId": f"vpnx-{number}"} for number in range(250)]
ROUTES = [
    {"RouteId": f"vpnr-{number}", "DestinationCidrBlock": f"10.0.{number}.0/24", "InstanceId": "vpnx-1"}
    for number in range(250)
]

ListAll = Callable[[VpcClient], tuple[object, ...]]


def list_tunnels(client: VpcClient) -> tuple[object, ...]:
    """All tunnels of the gateway, by id."""
    return tuple(found.tunnel_id for found in client.list_tunnels(**ASKED))


def list_routes(client: VpcClient) -> tuple[object, ...]:
    """All routes of the gateway, by destination."""
    return tuple(found.destination for found in client.describe_vpn_gateway_routes(**ASKED))


def list_ccn_routes(client: VpcClient) -> tuple[object, ...]:
    """All routes of the gateway's Cloud Connect Network, by destination."""
    return tuple(found.destination for found in client.describe_vpn_gateway_ccn_routes(**ASKED))


LISTS = [
    pytest.param(list_tunnels, "VpnConnectionSet", TUNNELS, "VpnConnectionId", id="tunnels"),
    pytest.param(list_routes, "Routes", ROUTES, "DestinationCidrBlock", id="routes"),
    pytest.param(list_ccn_routes, "RouteSet", ROUTES, "DestinationCidrBlock", id="CCN routes"),
]


def pages(name: str, entries: list[dict[str, Any]], *, counted: bool = True) -> Reply:
    """Answer the page that is asked for; counted: with the figure for the whole, else null."""

    async def reply(call: Call) -> Response:
        offset, limit = call.fields["Offset"], call.fields["Limit"]
        assert isinstance(offset, int)
        assert isinstance(limit, int)
        total = len(entries) if counted else None
        page = {"TotalCount": total, name: entries[offset : offset + limit], "RequestId": REQUEST_ID}
        return JSONResponse({"Response": page})

    return reply


def page(name: str, entries: list[dict[str, Any]], total_count: int) -> Reply:
    """Answer this page, whatever is asked for."""
    return says({"Response": {"TotalCount": total_count, name: entries, "RequestId": REQUEST_ID}})


@pytest.mark.parametrize(("list_all", "name", "entries", "key"), LISTS)
@pytest.mark.parametrize(("number", "calls"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_list_is_read_to_its_end(
    client: VpcClient,
    vpc: StrictVpc,
    list_all: ListAll,
    name: str,
    entries: list[dict[str, Any]],
    key: str,
    number: int,
    calls: int,
) -> None:
    """A hundred to a call, some of which were on the page before; none lost, none twice, in their order."""
    vpc.otherwise = pages(name, entries[:number])
    assert list_all(client) == tuple(entry[key] for entry in entries[:number])
    assert [call.fields["Offset"] for call in vpc.calls] == [(100 - OVERLAP) * page for page in range(calls)]


@pytest.mark.parametrize(("list_all", "name", "entries", "key"), LISTS)
@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 180, 181, 250])
def test_a_list_without_a_figure_for_the_whole_is_read_to_its_end_too(
    client: VpcClient,
    vpc: StrictVpc,
    list_all: ListAll,
    name: str,
    entries: list[dict[str, Any]],
    key: str,
    number: int,
) -> None:
    """TotalCount may be null: a full page is then not the last one."""
    vpc.otherwise = pages(name, entries[:number], counted=False)
    assert list_all(client) == tuple(entry[key] for entry in entries[:number])


@pytest.mark.parametrize(
    ("list_all", "name", "action"),
    [
        (list_routes, "Routes", "DescribeVpnGatewayRoutes"),
        (list_ccn_routes, "RouteSet", "DescribeVpnGatewayCcnRoutes"),
    ],
)
def test_routes_are_asked_for_as_documented(
    client: VpcClient, vpc: StrictVpc, list_all: ListAll, name: str, action: str
) -> None:
    """By the gateway's id, and by pages."""
    vpc.otherwise = pages(name, [])
    list_all(client)
    (call,) = vpc.calls
    assert call.action == action
    assert call.fields == {"VpnGatewayId": "vpngw-7lcl5331", "Offset": 0, "Limit": 100}


@pytest.mark.parametrize(("list_all", "name", "entries", "key"), LISTS)
@pytest.mark.parametrize(
    "second",
    [
        pytest.param(slice(100, 150), id="too many have gone"),
        pytest.param(slice(99, 100), id="the rest is missing"),
        pytest.param(slice(0, 0), id="nothing comes"),
        pytest.param(slice(0, 100), id="the same comes again"),
    ],
)
def test_a_list_that_changes_while_it_is_read_is_unknown(
    client: VpcClient,
    vpc: StrictVpc,
    list_all: ListAll,
    name: str,
    entries: list[dict[str, Any]],
    key: str,
    second: slice,
) -> None:
    """Pages that don't fit together may hide one: that is no answer."""
    assert key in entries[0]
    vpc.replies += [page(name, entries[:100], 150), page(name, entries[second], 150)]
    with pytest.raises(OutcomeUnknown, match="changed"):
        list_all(client)


@pytest.mark.parametrize(("list_all", "name", "entries", "key"), LISTS)
@pytest.mark.parametrize("going", [1, 7, OVERLAP - 1])
def test_what_goes_while_a_list_is_read_hides_nothing(
    client: VpcClient,
    vpc: StrictVpc,
    list_all: ListAll,
    name: str,
    entries: list[dict[str, Any]],
    key: str,
    going: int,
) -> None:
    """A batch deletes from the very list that it looks at: all that follow move up."""
    left = list(entries)

    async def reply(call: Call) -> Response:
        answer = await pages(name, left)(call)
        del left[:going]
        return answer

    vpc.otherwise = reply
    listed = list_all(client)
    assert listed == tuple(entry[key] for entry in entries)


def test_routes_without_permission_are_a_refusal(client: VpcClient, vpc: StrictVpc) -> None:
    """The cloud's no is told as it is; it is not an empty list."""
    vpc.otherwise = says_error("UnauthorizedOperation")
    with pytest.raises(Refused, match="UnauthorizedOperation"):
        list_routes(client)

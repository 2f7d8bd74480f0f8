"""Lists that take more than one call: a gateway's tunnels."""

from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from bot.cloud.client import VpcClient
from bot.errors import OutcomeUnknown, Refused
from tests.cloud.vpc import REQUEST_ID, Call, Reply, StrictVpc, says, says_error

ASKED = {"region": "ap-guangzhou", "gateway_id": "vpngw-7lcl5331"}
TUNNELS = [{"VpnConnectionId": f"vpnx-{number}"} for number in range(250)]
NAME = "VpnConnectionSet"


def list_ids(client: VpcClient) -> list[str]:
    """The ids of all tunnels of the gateway."""
    return [found.tunnel_id for found in client.list_tunnels(**ASKED)]


def pages(name: str, entries: list[dict[str, Any]]) -> Reply:
    """Answer the page that is asked for."""

    async def reply(call: Call) -> Response:
        offset, limit = call.fields["Offset"], call.fields["Limit"]
        assert isinstance(offset, int)
        assert isinstance(limit, int)
        page = {"TotalCount": len(entries), name: entries[offset : offset + limit], "RequestId": REQUEST_ID}
        return JSONResponse({"Response": page})

    return reply


def page(name: str, entries: list[dict[str, Any]], total_count: int) -> Reply:
    """Answer this page, whatever is asked for."""
    return says({"Response": {"TotalCount": total_count, name: entries, "RequestId": REQUEST_ID}})


@pytest.mark.parametrize(("number", "calls"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_list_is_read_to_its_end(client: VpcClient, vpc: StrictVpc, number: int, calls: int) -> None:
    """A hundred to a call, none lost, none twice, in the cloud's order."""
    vpc.otherwise = pages(NAME, TUNNELS[:number])
    assert list_ids(client) == [entry["VpnConnectionId"] for entry in TUNNELS[:number]]
    assert [call.fields["Offset"] for call in vpc.calls] == [100 * page for page in range(calls)]


@pytest.mark.parametrize(
    ("second", "total_count"),
    [
        pytest.param(slice(99, 150), 150, id="one comes twice"),
        pytest.param(slice(100, 149), 149, id="the count changes"),
        pytest.param(slice(0, 0), 150, id="the rest is missing"),
    ],
)
def test_a_list_that_changes_while_it_is_read_is_unknown(
    client: VpcClient, vpc: StrictVpc, second: slice, total_count: int
) -> None:
    """Pages that don't fit together may hide one: that is no answer."""
    vpc.replies += [page(NAME, TUNNELS[:100], 150), page(NAME, TUNNELS[second], total_count)]
    with pytest.raises(OutcomeUnknown, match="changed"):
        list_ids(client)


def test_a_list_without_permission_is_a_refusal(client: VpcClient, vpc: StrictVpc) -> None:
    """The cloud's no is told as it is; it is not an empty list."""
    vpc.otherwise = says_error("UnauthorizedOperation")
    with pytest.raises(Refused, match="UnauthorizedOperation"):
        list_ids(client)

"""Looking many tunnels up together."""

import pytest

from bot.cloud.client import VpcClient
from bot.errors import OutcomeUnknown, Refused
from tests.cloud.vpc import StrictVpc, has, says, says_error

REGION = "ap-guangzhou"
IDS = [f"vpnx-{number:03}" for number in range(250)]


def test_any_number_is_looked_up_in_calls_of_a_hundred(client: VpcClient, vpc: StrictVpc) -> None:
    """250 ids are three calls; each tunnel comes back under its id."""
    vpc.otherwise = has(*IDS)
    found = client.look_up(region=REGION, tunnel_ids=IDS)
    assert list(found) == IDS
    assert all(found[tunnel_id].tunnel_id == tunnel_id for tunnel_id in IDS)
    assert len(vpc.calls) == 3


def test_ids_that_do_not_exist_are_absent(client: VpcClient, vpc: StrictVpc) -> None:
    """A cloud that leaves unknown ids out needs one call."""
    vpc.otherwise = has("vpnx-001", "vpnx-003")
    assert set(client.look_up(region=REGION, tunnel_ids=IDS[:5])) == {"vpnx-001", "vpnx-003"}
    assert len(vpc.calls) == 1


@pytest.mark.parametrize("code", ["ResourceNotFound", "ResourceNotFound.VpnConnection"])
def test_a_group_refused_for_a_missing_id_is_split(client: VpcClient, vpc: StrictVpc, code: str) -> None:
    """One missing id among a hundred hides none of the others, and costs some calls, not a hundred."""
    vpc.otherwise = has(*IDS[:41], *IDS[42:], refuses_missing=code)
    assert set(client.look_up(region=REGION, tunnel_ids=IDS[:100])) == {*IDS[:41], *IDS[42:100]}
    assert len(vpc.calls) <= 15


def test_where_most_are_gone_five_are_asked_for_at_a_time(client: VpcClient, vpc: StrictVpc) -> None:
    """By a filter, which lists those that are there and refuses nothing: a batch is verified in few calls."""
    vpc.otherwise = has(*IDS[40:43], refuses_missing="ResourceNotFound")
    found = client.look_up(region=REGION, tunnel_ids=IDS[:100], mostly_gone=True)
    assert list(found) == IDS[40:43]
    assert len(vpc.calls) == 1 + 100 / 5


def test_a_filter_that_is_refused_is_no_absence(client: VpcClient, vpc: StrictVpc) -> None:
    """Nor is one whose answer is unclear."""
    for error in ("UnauthorizedOperation", "InternalError"):
        vpc.replies += [says_error("ResourceNotFound"), says_error(error)]
        with pytest.raises((Refused, OutcomeUnknown), match=error):
            client.look_up(region=REGION, tunnel_ids=IDS[:9], mostly_gone=True)


def test_a_single_missing_id_is_absent(client: VpcClient, vpc: StrictVpc) -> None:
    """Refused as not found, or an empty set: both mean that the tunnel isn't there."""
    for vpc.otherwise in (has(refuses_missing="ResourceNotFound"), has()):
        assert client.look_up(region=REGION, tunnel_ids=["vpnx-001"]) == {}


def test_no_ids_are_no_call(client: VpcClient, vpc: StrictVpc) -> None:
    """Nothing asked, nothing sent."""
    assert client.look_up(region=REGION, tunnel_ids=[]) == {}
    assert vpc.calls == []


def test_an_id_asked_twice_is_looked_up_once(client: VpcClient, vpc: StrictVpc) -> None:
    """Two cards about one tunnel share a place in the call."""
    vpc.otherwise = has("vpnx-001")
    assert set(client.look_up(region=REGION, tunnel_ids=["vpnx-001", "vpnx-001"])) == {"vpnx-001"}
    assert vpc.calls[0].fields["VpnConnectionIds"] == ["vpnx-001"]


def test_a_tunnel_that_was_not_asked_for_is_left_out(client: VpcClient, vpc: StrictVpc) -> None:
    """Only what was asked for is answered, whatever the cloud adds."""
    extra = [{"VpnConnectionId": "vpnx-001"}, {"VpnConnectionId": "vpnx-999"}]
    vpc.otherwise = says({"Response": {"TotalCount": 2, "VpnConnectionSet": extra, "RequestId": "r"}})
    assert set(client.look_up(region=REGION, tunnel_ids=["vpnx-001"])) == {"vpnx-001"}


@pytest.mark.parametrize(
    "code", ["AuthFailure", "ResourceNotFoundElsewhere", "InvalidParameterValue.Malformed"]
)
def test_any_other_refusal_is_no_absence(client: VpcClient, vpc: StrictVpc, code: str) -> None:
    """A tunnel that may not be seen must not pass for one that is gone."""
    vpc.otherwise = says_error(code)
    with pytest.raises(Refused, match=code):
        client.look_up(region=REGION, tunnel_ids=IDS[:4])
    assert len(vpc.calls) == 1


def test_an_unclear_answer_is_no_absence(client: VpcClient, vpc: StrictVpc) -> None:
    """Without a clear answer for every group there is no answer at all."""
    vpc.replies += [has(*IDS), says_error("InternalError")]
    with pytest.raises(OutcomeUnknown):
        client.look_up(region=REGION, tunnel_ids=IDS[:150])

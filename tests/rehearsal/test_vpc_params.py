"""What the local VPC lets through as parameters, and what makes a new tunnel."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rehearsal.vpc import MAIN_GATEWAY, MAIN_TUNNEL, LocalVpc
from bot.rehearsal.vpc_actions import ACTIONS
from bot.rehearsal.vpc_faults import ApiError
from bot.rehearsal.vpc_seed import CCN_GATEWAY, FAR_GATEWAY
from bot.rehearsal.vpc_seed import SAFE_GATEWAY as OLD_GATEWAY
from tests.rehearsal.vpc_caller import SECRET_ID, SECRET_KEY, TOKEN, Caller, Clock

LOOK, DELETE, CREATE = "DescribeVpnConnections", "DeleteVpnConnection", "CreateVpnConnection"
ROUTES = "DescribeVpnGatewayRoutes"
CCN_LIST = "DescribeVpnGatewayCcnRoutes"
NEW_TUNNEL: dict[str, Any] = {
    "VpnGatewayId": MAIN_GATEWAY,
    "CustomerGatewayId": "cgw-2wqq41m9",
    "VpcId": "vpc-0a36uwkr",
    "VpnConnectionName": "made-again",
    "PreShareKey": "a-new-key",
}
TOO_MANY_IDS = [f"vpnx-{number:08d}" for number in range(101)]
TOO_MANY_FILTERS = [{"Name": "vpc-id", "Values": [str(number)]} for number in range(11)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


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


def test_a_tunnel_can_be_made_again(vpc: LocalVpc, caller: Caller) -> None:
    """Create takes what Describe showed, under Create's names and types, and gives a new id."""
    seen = vpc.describe(MAIN_TUNNEL)
    ipsec = seen["IPSECOptionsSpecification"]
    same = ("IKEOptionsSpecification", "NegotiationType", "DpdTimeout", "DpdAction", "EnableHealthCheck")
    made = caller.call(
        CREATE,
        {
            **NEW_TUNNEL,
            **{name: seen[name] for name in same},
            "IPSECOptionsSpecification": {**ipsec, "IPSECSaLifetimeSeconds": 14400},
            "SecurityPolicyDatabases": seen["SecurityPolicyDatabaseSet"],
            "Tags": seen["TagSet"],
            "DpdEnable": 1,
            "HealthCheckLocalIp": seen["HealthCheckLocalIp"],
            "HealthCheckConfig": {"ProbeType": "NQA", "ProbeInterval": 5000, "ProbeThreshold": 3},
            "RouteType": "Policy",
        },
    )["VpnConnection"]
    assert made["VpnConnectionId"] not in {MAIN_TUNNEL, ""}
    assert vpc.describe(made["VpnConnectionId"]) == made
    assert (made["State"], made["NetStatus"]) == ("AVAILABLE", "UNAVAILABLE")
    for name in ("SecurityPolicyDatabaseSet", "TagSet", "IKEOptionsSpecification"):
        assert made[name] == seen[name]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PreShareKey": None}, "MissingParameter"),
        ({"VpnConnectionName": "x" * 61}, "InvalidParameterValue"),
        ({"VpcId": None}, "MissingParameter"),
        ({"VpcId": ""}, "InvalidParameterValue"),
        ({"VpcId": "vpc-11111111"}, "InvalidParameterValue"),
        ({"VpnGatewayId": CCN_GATEWAY}, "InvalidParameterValue"),
        ({"VpnGatewayId": FAR_GATEWAY}, "ResourceNotFound"),
        ({"CustomerGatewayId": "cgw-l4rblw63"}, "ResourceNotFound"),
        ({"SecurityPolicyDatabaseSet": []}, "UnknownParameter"),
        ({"State": "AVAILABLE"}, "UnknownParameter"),
        ({"SecurityPolicyDatabases": [{"LocalCidrBlock": "10.0.0.0/16"}]}, "MissingParameter"),
        (
            {"SecurityPolicyDatabases": [{"LocalCidrBlock": "ten", "RemoteCidrBlock": ["10.0.0.0/8"]}]},
            "InvalidParameterValue.Malformed",
        ),
        ({"HealthCheckLocalIp": "169.254.0.0.1"}, "InvalidParameterValue.Malformed"),
        ({"DpdEnable": "1"}, "InvalidParameter"),
        ({"EnableHealthCheck": 1}, "InvalidParameter"),
        ({"BgpConfig": None, "RouteType": "Bgp"}, "MissingParameter"),
        ({"BgpConfig": {"TunnelCidr": "169.254.128.0/30", "LocalBgpAsn": "1"}}, "MissingParameter"),
        ({"IKEOptionsSpecification": {"IKESaLifetimeSeconds": "86400"}}, "InvalidParameter"),
        ({"RouteType": "Magic"}, "InvalidParameterValue"),
        ({"IPSECOptionsSpecification": {"IntegrityAlgorithm": "SHA-257"}}, "InvalidParameterValue"),
        ({"IPSECOptionsSpecification": {"Integrity": "SHA-256"}}, "UnknownParameter"),
        (
            {"IPSECOptionsSpecification": {"IntegrityAlgorith": "SHA1", "IntegrityAlgorithm": "MD5"}},
            "InvalidParameter.Coexist",
        ),
        (
            {
                "VpnGatewayId": OLD_GATEWAY,
                "IPSECOptionsSpecification": {"EncryptAlgorithm": "AES256GCM128"},
            },
            "InvalidParameterValue",
        ),
        ({"BgpConfig": {"TunnelCidr": "169.254.128.0/30", "LocalBgpAsn": "64551"}}, "MissingParameter"),
    ],
)
def test_a_new_tunnel_is_checked_in_every_part(
    vpc: LocalVpc, caller: Caller, change: dict[str, Any], code: str
) -> None:
    """What is missing, unknown, of a wrong type or value makes no tunnel."""
    before = set(vpc.tunnels)
    params = {name: value for name, value in (NEW_TUNNEL | change).items() if value is not None}
    assert caller.code(CREATE, params) == code
    assert set(vpc.tunnels) == before


@pytest.mark.parametrize("name", ["IntegrityAlgorith", "IntegrityAlgorithm"])
def test_either_name_of_the_algorithm_sets_it_and_without_both_it_is_sha1(caller: Caller, name: str) -> None:
    """One thing, shown by both names."""
    for options, shown in (({name: "SHA-512"}, "SHA-512"), ({}, "SHA1")):
        made = caller.call(CREATE, {**NEW_TUNNEL, "IPSECOptionsSpecification": options})["VpnConnection"]
        ipsec = made["IPSECOptionsSpecification"]
        assert (ipsec["IntegrityAlgorith"], ipsec["IntegrityAlgorithm"]) == (shown, shown)


@pytest.mark.parametrize(
    "change",
    [
        {"IPSECOptionsSpecification": {"IntegrityAlgorithm": "SHA-256"}},
        {"HealthCheckConfig": {"ProbeType": "NQA"}},
    ],
)
def test_in_its_old_form_the_api_does_not_know_what_is_new(
    vpc: LocalVpc, caller: Caller, change: dict[str, Any]
) -> None:
    """A kit for it may have no new name in it."""
    try:
        vpc.old_form = True
        assert caller.code(CREATE, NEW_TUNNEL | change) == "UnknownParameter"
    finally:
        vpc.old_form = False
    assert caller.code(CREATE, NEW_TUNNEL | change) is None


def test_a_ccn_tunnel_is_made_without_a_vpc(caller: Caller) -> None:
    """A CCN gateway has no VPC: the empty VpcId is the right one."""
    params = NEW_TUNNEL | {"VpnGatewayId": CCN_GATEWAY, "VpcId": ""}
    assert caller.call(CREATE, params)["VpnConnection"]["VpcId"] == ""


@pytest.mark.parametrize(
    ("action", "params", "code"),
    [
        (LOOK, {"VpnConnectionIds": [MAIN_TUNNEL], **by("vpc-id", "x")}, "InvalidParameter.Coexist"),
        (LOOK, {"VpnConnectionIds": TOO_MANY_IDS}, "InvalidParameterValue.LimitExceeded"),
        (LOOK, {"VpnConnectionIds": []}, "InvalidParameterValue.Empty"),
        (LOOK, {"VpnConnectionIds": [MAIN_TUNNEL] * 2}, "InvalidParameterValue.Duplicate"),
        (LOOK, {"VpnConnectionIds": MAIN_TUNNEL}, "InvalidParameter"),
        (LOOK, {"VpnConnectionIds": [7]}, "InvalidParameter"),
        (LOOK, {"VpnConnectionIds": ["vpnx-1"]}, "InvalidParameterValue.Malformed"),
        (LOOK, {"VpnConnectionIds": [MAIN_GATEWAY]}, "InvalidParameterValue.Malformed"),
        (LOOK, {"Limit": 0}, "InvalidParameterValue.Range"),
        (LOOK, {"Limit": 101}, "InvalidParameterValue.Range"),
        (LOOK, {"Limit": "20"}, "InvalidParameter"),
        (LOOK, {"Limit": True}, "InvalidParameter"),
        (LOOK, {"Offset": -1}, "InvalidParameterValue.Range"),
        (LOOK, {"Offset": None}, "InvalidParameter"),
        (LOOK, {"VpnConnectionId": MAIN_TUNNEL}, "UnknownParameter"),
        (LOOK, by("colour", "red"), "InvalidParameter.InvalidFilter"),
        (LOOK, by("vpc-id"), "InvalidParameterValue.Empty"),
        (LOOK, by("vpc-id", *"abcdef"), "InvalidParameterValue.LimitExceeded"),
        (LOOK, {"Filters": TOO_MANY_FILTERS}, "InvalidParameterValue.LimitExceeded"),
        (LOOK, {"Filters": [{"Name": "vpc-id"}]}, "MissingParameter"),
        (DELETE, {"VpnConnectionId": MAIN_TUNNEL}, "MissingParameter"),
        (DELETE, pair(MAIN_TUNNEL.upper()), "InvalidParameterValue.Malformed"),
        (DELETE, pair(f"{MAIN_TUNNEL}\n"), "InvalidParameterValue.Malformed"),
        (DELETE, pair(MAIN_GATEWAY, MAIN_TUNNEL), "InvalidParameterValue.Malformed"),
        (DELETE, {**pair(MAIN_TUNNEL), "DryRun": True}, "UnknownParameter"),
        (ROUTES, {}, "MissingParameter"),
        (CCN_LIST, {}, "MissingParameter"),
        (CCN_LIST, {"VpnGatewayId": "vpngw-nosuch00"}, "ResourceNotFound"),
        (CCN_LIST, {"VpnGatewayId": CCN_GATEWAY, "Limit": 101}, "InvalidParameterValue.Range"),
        (CCN_LIST, {"VpnGatewayId": CCN_GATEWAY, **by("InstanceId", MAIN_TUNNEL)}, "UnknownParameter"),
        (ROUTES, {"VpnGatewayId": "vpngw-nosuch00"}, "ResourceNotFound"),
    ],
)
def test_parameters_are_checked_without_mercy(
    caller: Caller, action: str, params: dict[str, Any], code: str
) -> None:
    """Each kind of wrong parameter has its code."""
    assert caller.code(action, params) == code


@given(data=st.data())
def test_no_parameter_brings_a_check_down(data: st.DataObject) -> None:
    """Whatever JSON stands where a parameter belongs, the check passes it or answers a parameter's code."""
    shape = ACTIONS[data.draw(st.sampled_from(sorted(ACTIONS)))].shape
    params = data.draw(JSON | st.dictionaries(st.sampled_from(sorted(shape.fields)), JSON))
    try:
        shape("", params)
    except ApiError as refused:
        kind = refused.answer["Error"]["Code"].split(".")[0]
    else:
        kind = None
    assert kind in {
        None,
        "InvalidParameter",
        "InvalidParameterValue",
        "MissingParameter",
        "UnknownParameter",
    }

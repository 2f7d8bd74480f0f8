"""What the local VPC counts and remembers."""

import json
from collections.abc import Iterator

import pytest

from bot.rehearsal.vpc import CANARY_PSK, MAIN_GATEWAY, MAIN_TUNNEL, Call, LocalVpc
from bot.rehearsal.vpc_seed import CCN_GATEWAY
from tests.rehearsal.vpc_caller import SECRET_ID, SECRET_KEY, TOKEN, Caller, Clock

LOOK, CREATE = "DescribeVpnConnections", "CreateVpnConnection"
NEW_TUNNEL = {
    "VpnGatewayId": MAIN_GATEWAY,
    "CustomerGatewayId": "cgw-2wqq41m9",
    "VpcId": "vpc-0a36uwkr",
    "VpnConnectionName": "made-again",
    "PreShareKey": CANARY_PSK,
}


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


def test_a_second_sees_at_most_a_hundred_requests(vpc: LocalVpc, caller: Caller, clock: Clock) -> None:
    """The limit slides, is kept for each action and region, and its peak is remembered."""
    action = "DescribeCustomerGateways"
    assert [caller.code(action) for _ in range(60)] == [None] * 60
    clock.now += 0.5
    assert [caller.code(action) for _ in range(42)] == [None] * 40 + ["RequestLimitExceeded"] * 2
    assert vpc.peak(action) == 102
    assert caller.code("DescribeVpnGateways") is None
    assert caller.code(action, headers={"X-TC-Region": "ap-singapore"}) is None
    clock.now += 0.5
    assert [caller.code(action) for _ in range(61)] == [None] * 60 + ["RequestLimitExceeded"]


@pytest.mark.parametrize("action", ["DescribeVpnGatewayRoutes", "DescribeVpnGatewayCcnRoutes"])
def test_of_routes_a_second_sees_at_most_twenty_lists(caller: Caller, action: str) -> None:
    """As the documents say; other actions have their hundred."""
    asked = {"VpnGatewayId": CCN_GATEWAY}
    assert [caller.code(action, asked) for _ in range(21)] == [None] * 20 + ["RequestLimitExceeded"]


def test_refused_signatures_do_not_count(vpc: LocalVpc, caller: Caller) -> None:
    """Only requests of the account use up its limit."""
    before = vpc.peak(CREATE)
    caller.code(CREATE, secret_key="other")
    assert vpc.peak(CREATE) == before


def test_calls_are_remembered_without_secrets(vpc: LocalVpc, caller: Caller, clock: Clock) -> None:
    """A call shows what was sent and answered, and neither credential nor key nor token."""
    caller.code(CREATE, NEW_TUNNEL)
    caller.code(LOOK, {"VpnConnectionIds": [MAIN_TUNNEL]})
    caller.code(LOOK, tampered={"Authorization": f"Basic {SECRET_ID}"})
    made, looked, refused = vpc.calls[-3:]
    assert (made.action, made.region, made.at, made.code) == (CREATE, "ap-guangzhou", clock.now, None)
    assert made.body["VpnConnectionName"] == "made-again"
    assert looked.answer is not None
    assert looked.answer["Response"]["VpnConnectionSet"][0]["VpnConnectionId"] == MAIN_TUNNEL
    assert looked.headers["authorization"].startswith("TC3-HMAC-SHA256 Credential=***/2023-")
    assert refused.code == "AuthFailure.InvalidAuthorization"
    for call in (made, looked, refused):
        shown = repr(call) + json.dumps([call.headers, call.body, call.answer])
        assert not [secret for secret in (SECRET_ID, SECRET_KEY, TOKEN, CANARY_PSK) if secret in shown]
        assert call.ms > 0


def test_whoever_subscribes_hears_of_each_call(vpc: LocalVpc, caller: Caller) -> None:
    """From the subscription on and until it ends."""
    heard: list[Call] = []
    end = vpc.subscribe(heard.append)
    caller.code(LOOK)
    end()
    caller.code(LOOK)
    assert heard == vpc.calls[-2:-1]


def test_waiting_ends_with_a_word(vpc: LocalVpc) -> None:
    """A wait for what never comes is a TimeoutError, not a hang."""
    vpc.wait_for(lambda: vpc.exists(MAIN_TUNNEL), timeout_s=0)
    with pytest.raises(TimeoutError):
        vpc.wait_for(lambda: not vpc.exists(MAIN_TUNNEL), timeout_s=0.01)

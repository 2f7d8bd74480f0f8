"""What answers mean, whatever their shape."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.cloud.answers import described, document, response
from bot.cloud.route_answers import ccn_routes, routes
from bot.domain.ccn import CcnRoute
from bot.domain.model import Route, SecurityPolicy, Tunnel
from bot.errors import CloudError, OutcomeUnknown, Refused
from bot.rehearsal.vpc_fields import tunnel_fields
from tests.cloud.leaks import everything_in
from tests.cloud.vpc import PRE_SHARE_KEY, REQUEST_ID, tunnel

FIELDS = st.sampled_from(
    [
        "Response",
        "Error",
        "Code",
        "Message",
        "RequestId",
        "TotalCount",
        "VpnConnectionSet",
        "PreShareKey",
        "VpnConnectionId",
        "SecurityPolicyDatabaseSet",
        "RemoteCidrBlock",
        "TagSet",
        "Key",
        "EnableHealthCheck",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1", "true", "vpnx-1"])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(), inner, max_size=6)
)
ENVELOPES = st.fixed_dictionaries(
    {"RequestId": st.just(REQUEST_ID) | JSON},
    optional={
        "Error": JSON | st.fixed_dictionaries({"Code": st.just("ResourceNotFound") | JSON, "Message": JSON}),
        "TotalCount": JSON,
        "VpnConnectionSet": JSON | st.lists(st.fixed_dictionaries({"VpnConnectionId": JSON, "TagSet": JSON})),
    },
).map(lambda fields: {"Response": fields})
STATUSES = st.sampled_from([200, 201, 204, 302, 400, 403, 404, 429, 500, 502, 503])

HIDDEN = "(hidden)"


def read(status: int, answer: object) -> Mapping[str, object]:
    """The answer's fields, or the error that it stands for."""
    return response(status, document(json.dumps(answer).encode()))


def success(**fields: object) -> dict[str, object]:
    """A successful answer with these fields."""
    return {"Response": {"RequestId": REQUEST_ID, **fields}}


@given(STATUSES, JSON | ENVELOPES)
def test_any_json_is_a_value_or_one_of_our_errors(status: int, answer: object) -> None:
    """No document crashes the parser, and a yes is only ever HTTP 200 with a RequestId and no Error."""
    with contextlib.suppress(CloudError):
        fields = read(status, answer)
        assert status == 200
        assert isinstance(answer, dict)
        assert "Error" not in answer["Response"]
        assert fields["RequestId"] == answer["Response"]["RequestId"] != ""
        assert all(found.tunnel_id for found in described(fields).tunnels)


@given(STATUSES, st.binary() | st.text().map(str.encode))
@example(200, b"[" * 100_000)
@example(200, b"1" * 5_000)
@example(200, b'\xef\xbb\xbf{"Response": {}}')
def test_any_bytes_are_read_as_json_or_as_nothing(status: int, body: bytes) -> None:
    """Bytes that aren't JSON, in any encoding and depth, are an unknown outcome and no crash."""
    with pytest.raises(OutcomeUnknown):
        response(status, document(body))


@pytest.mark.parametrize("status", [200, 400, 403, 404, 429])
def test_an_error_code_is_a_refusal(status: int) -> None:
    """HTTP 200 or 4xx with an error code is the cloud's no, with its message and RequestId."""
    error = {"Code": "UnsupportedOperation.InvalidState", "Message": "<busy>"}
    with pytest.raises(Refused) as refusal:
        read(status, success(Error=error))
    assert (refusal.value.code, refusal.value.message, refusal.value.request_id) == (
        "UnsupportedOperation.InvalidState",
        "<busy>",
        REQUEST_ID,
    )


def test_a_refusal_needs_no_more_than_its_code() -> None:
    """Without a readable message or RequestId, an error code is still a no."""
    with pytest.raises(Refused) as refusal:
        read(200, {"Response": {"Error": {"Code": "AuthFailure", "Message": None}, "RequestId": 7}})
    assert (refusal.value.code, refusal.value.message, refusal.value.request_id) == ("AuthFailure", "", None)


@pytest.mark.parametrize(
    "code", ["InternalError", "InternalError.ModuleError", "InternalServerError", "ServiceUnavailable"]
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_error_of_the_clouds_own_is_an_unknown_outcome(code: str, status: int) -> None:
    """When the cloud itself doesn't know, neither do we; its code and RequestId are kept."""
    with pytest.raises(OutcomeUnknown) as unknown:
        read(status, success(Error={"Code": code, "Message": "oops"}))
    assert (unknown.value.code, unknown.value.request_id) == (code, REQUEST_ID)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        pytest.param(200, None, id="null"),
        pytest.param(200, [], id="a list"),
        pytest.param(200, "RequestId", id="a string"),
        pytest.param(200, {}, id="no Response"),
        pytest.param(200, {"Response": None}, id="Response is null"),
        pytest.param(200, {"Response": []}, id="Response is a list"),
        pytest.param(200, {"RequestId": REQUEST_ID}, id="RequestId outside Response"),
        pytest.param(200, {"Response": {}}, id="no RequestId"),
        pytest.param(200, {"Response": {"RequestId": None}}, id="RequestId is null"),
        pytest.param(200, {"Response": {"RequestId": ""}}, id="RequestId is empty"),
        pytest.param(200, {"Response": {"RequestId": 12}}, id="RequestId is a number"),
        pytest.param(200, {"Response": {"RequestId": "a\nb"}}, id="RequestId with a line break"),
        pytest.param(200, success(Error=None), id="Error is null"),
        pytest.param(200, success(Error="no"), id="Error is a string"),
        pytest.param(200, success(Error={}), id="Error without Code"),
        pytest.param(200, success(Error={"Code": 17}), id="Code is a number"),
        pytest.param(200, success(Error={"Code": "a b"}), id="Code with a space"),
        pytest.param(204, success(), id="success with 204"),
        pytest.param(302, success(), id="success with 302"),
        pytest.param(302, success(Error={"Code": "AuthFailure"}), id="error code with 302"),
        pytest.param(404, success(), id="success with 404"),
        pytest.param(500, success(), id="success with 500"),
        pytest.param(502, success(Error={"Code": "AuthFailure"}), id="error code with 502"),
    ],
)
def test_neither_a_yes_nor_a_no_is_an_unknown_outcome(status: int, answer: object) -> None:
    """Nothing that is not clearly an answer of the API passes for a success or a refusal."""
    with pytest.raises(OutcomeUnknown):
        read(status, answer)


def test_a_tunnel_is_read_from_the_documented_fields() -> None:
    """Every documented field that a card shows arrives in the Tunnel."""
    answer = described(read(200, success(TotalCount=1, VpnConnectionSet=[tunnel("vpnx-p0j11j28")])))
    assert (answer.total_count, answer.request_id) == (1, REQUEST_ID)
    (found,) = answer.tunnels
    assert replace(found, wire="") == (
        Tunnel(
            tunnel_id="vpnx-p0j11j28",
            gateway_id="vpngw-7lcl5331",
            name="to the office",
            vpc_id="vpc-1",
            customer_gateway_id="cgw-1",
            state="AVAILABLE",
            net_status="UNAVAILABLE",
            health_check_enabled=True,
            health_check_status="AVAILABLE",
            route_type="STATIC",
            created_time="2023-11-14 10:00:00",
            policies=(
                SecurityPolicy(local_cidr="10.0.0.0/16", remote_cidrs=("172.16.0.0/24", "172.16.1.0/24")),
            ),
            tags=(("team", "network"),),
        )
    )


def test_all_that_the_cloud_showed_is_kept_but_its_keys() -> None:
    """The undo kit needs every field, new ones too, as it came; of what is named like a key, the name."""
    new = {"IKEOptionsSpecification": {"IKESaLifetimeSeconds": "86400"}, "BgpConfig": None, "New": [1, {}]}
    keys = {"preSharedKey": PRE_SHARE_KEY, "PSKs": [PRE_SHARE_KEY], "IKE": {"AuthKeys": PRE_SHARE_KEY}}
    shown = tunnel("vpnx-1") | new
    (found,) = described(read(200, success(VpnConnectionSet=[shown | keys]))).tunnels
    kept = json.loads(found.wire)
    hidden = {"PreShareKey": HIDDEN, "preSharedKey": HIDDEN, "PSKs": HIDDEN, "IKE": {"AuthKeys": HIDDEN}}
    assert kept == shown | hidden
    assert PRE_SHARE_KEY not in f"{found!r} {asdict(found)}"


def test_a_tunnel_nested_too_deep_to_be_written_is_read_without_its_wire() -> None:
    """Nonsense in a field that nobody needs costs the undo kit, not the look at the tunnel."""
    deep: object = []
    for _ in range(100_000):
        deep = [deep]
    fields = {"RequestId": REQUEST_ID, "VpnConnectionSet": [{"VpnConnectionId": "vpnx-1", "Deep": deep}]}
    (found,) = described(fields).tunnels
    assert (found.tunnel_id, found.wire) == ("vpnx-1", "")


def test_odd_types_are_read_leniently() -> None:
    """Numbers as strings, strings as numbers, nulls, a lone string for a list and new fields do no harm."""
    entry = {
        "VpnConnectionId": "vpnx-1",
        "VpnConnectionName": 42,
        "VpcId": None,
        "EnableHealthCheck": "1",
        "SecurityPolicyDatabaseSet": [{"LocalCidrBlock": None, "RemoteCidrBlock": "10.0.0.0/8"}, "odd"],
        "TagSet": None,
        "Novelty": {"PreShareKey": PRE_SHARE_KEY},
    }
    answer = described(read(200, success(TotalCount="1", VpnConnectionSet=[entry])))
    policy = SecurityPolicy(local_cidr="", remote_cidrs=("10.0.0.0/8",))
    expected = Tunnel(
        tunnel_id="vpnx-1",
        gateway_id="",
        name="42",
        health_check_enabled=True,
        policies=(policy,),
        odd=("TagSet", "SecurityPolicyDatabaseSet", "HealthCheckStatus"),
    )
    assert answer.total_count == 1
    assert [replace(found, wire="") for found in answer.tunnels] == [expected]


ODD: dict[str, list[object]] = {
    "TagSet": ["x", ["vpn-bot:protect"], [{"TagKey": "a"}], [{"key": "a"}], None],
    "SecurityPolicyDatabaseSet": [
        *(None, "10.0.0.0/8", [{}], ["10.0.0.0/8"]),
        [{"LocalCidrBlock": "10.0.0.0/8", "RemoteCidrBlock": []}],
    ],
    "BgpConfig": ["rubbish", []],
    "EnableHealthCheck": ["maybe", 2, []],
    "HealthCheckStatus": [None, "", {}],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ODD.items() for value in values]
)
def test_what_is_not_shown_as_documented_is_named(name: str, value: object) -> None:
    """It may hide what is at stake, so it counts as risk."""
    usual = tunnel_fields("vpnx-1", {"VpnGatewayId": "vpngw-1", "VpcId": "", "PublicIpAddress": ""})
    assert tunnel_in(usual).odd == ()
    assert tunnel_in({**usual, name: value}).odd == (name,)


def test_a_tunnel_that_goes_by_routes_needs_no_policies() -> None:
    """The cloud may leave them out."""
    gateway = {"VpnGatewayId": "vpngw-1", "VpcId": "", "PublicIpAddress": ""}
    for kind in ("STATIC", "StaticRoute", "Bgp"):
        fields = tunnel_fields("vpnx-1", gateway, RouteType=kind, SecurityPolicyDatabaseSet=None)
        assert tunnel_in(fields).odd == ()


def tunnel_in(fields: dict[str, Any]) -> Tunnel:
    (tunnel,) = described(read(200, success(TotalCount=1, VpnConnectionSet=[fields]))).tunnels
    return tunnel


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"TotalCount": 0, "VpnConnectionSet": []}, id="empty list"),
        pytest.param({"TotalCount": "0", "VpnConnectionSet": None}, id="null and a count of zero"),
        pytest.param({"VpnConnectionSet": []}, id="empty list without a count"),
    ],
)
def test_an_empty_set_is_no_tunnel(fields: dict[str, object]) -> None:
    """The cloud says plainly that there is nothing."""
    assert described(read(200, success(**fields))).tunnels == ()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="no list"),
        pytest.param({"VpnConnectionSet": None}, id="null without a count"),
        pytest.param({"TotalCount": 1, "VpnConnectionSet": None}, id="null and a count of one"),
        pytest.param({"TotalCount": 0, "VpnConnectionSet": {}}, id="an object"),
        pytest.param({"TotalCount": 1, "VpnConnectionSet": []}, id="fewer than counted"),
        pytest.param({"TotalCount": 1, "VpnConnectionSet": [None]}, id="a null entry"),
        pytest.param({"TotalCount": 1, "VpnConnectionSet": [{"VpnConnectionId": None}]}, id="a null id"),
        pytest.param({"TotalCount": 1, "VpnConnectionSet": [{"State": "AVAILABLE"}]}, id="no id"),
    ],
)
def test_a_set_that_cannot_be_read_is_not_an_empty_one(fields: dict[str, object]) -> None:
    """A tunnel must not pass for gone because the list of tunnels was incomplete or odd."""
    with pytest.raises(OutcomeUnknown) as unknown:
        described(read(200, success(**fields)))
    assert unknown.value.request_id == REQUEST_ID


def test_the_pre_share_key_ends_at_the_parser() -> None:
    """What the parser gives holds no PreShareKey, at any depth and in any error."""
    entry = tunnel("vpnx-1") | {"Nested": [{"PreShareKey": PRE_SHARE_KEY}], "VpnConnectionId": None}
    parsed = document(json.dumps(success(VpnConnectionSet=[entry])).encode())
    assert "VpnConnectionSet" in repr(parsed)
    assert PRE_SHARE_KEY not in repr(parsed)
    with pytest.raises(OutcomeUnknown) as unknown:
        described(response(200, parsed))
    assert PRE_SHARE_KEY not in everything_in(unknown.value)


@pytest.mark.parametrize("name", ["PreShareKeyV2", "PreShareKeyInfo", "SharedKeyText", "KeyMaterial", "psk"])
def test_whatever_is_named_like_a_key_ends_there_too(name: str) -> None:
    """What the cloud may add one day; a tag's Key is no key."""
    fields = {name: {"Value": PRE_SHARE_KEY}, "TagSet": [{"Key": "env", "Value": "prod"}]}
    assert document(json.dumps(fields).encode()) == {**fields, name: HIDDEN}
    assert document(json.dumps({name: None}).encode()) == {name: None}


ROUTE = {
    "DestinationCidrBlock": "172.16.0.0/16",
    "InstanceType": "VPNCONN",
    "InstanceId": "vpnx-1",
    "Priority": "100",
    "Status": "ENABLE",
    "RouteId": "vpnr-1",
    "Type": "Static",
    "Description": "to the office",
}


def test_a_route_is_read_leniently() -> None:
    """Numbers come as strings or not at all, fields are missing or new; without ids they are kept apart."""
    bare = {"DestinationCidrBlock": "10.0.0.0/8", "InstanceId": "ccn-1", "New": {}}
    again = bare | {"InstanceId": "ccn-2"}
    page = routes(read(200, success(TotalCount="3", Routes=[ROUTE, bare, again])))
    first, second, third = page.items.values()
    assert first == Route(
        destination="172.16.0.0/16",
        instance_type="VPNCONN",
        instance_id="vpnx-1",
        priority=100,
        status="ENABLE",
        kind="Static",
        description="to the office",
    )
    assert (second.instance_id, second.priority, second.status) == ("ccn-1", None, "")
    assert (second.kind, second.description) == ("", "")
    assert third == replace(second, instance_id="ccn-2")
    assert (page.total_count, page.request_id) == (3, REQUEST_ID)


@pytest.mark.parametrize(
    ("shown", "unknown", "odd"),
    [
        ({"NextHub": "zz", "Zap": {"a": 1}}, ("NextHub",), ("Zap",)),
        ({"Zap": [], "NextHub": None, "Other": ""}, (), ()),
        ({"Zap": False}, ("Zap",), ()),
        ({"Priority": "high", "Description": {"text": "x"}}, (), ("Description", "Priority")),
        ({"CreateTime": "2024-03-05 10:12:40", "UpdateTime": {}}, (), ()),
    ],
)
def test_what_of_a_route_is_not_read_is_named(
    shown: dict[str, object], unknown: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    """A route that is made again by hand would lack it."""
    (route,) = routes(read(200, success(TotalCount=1, Routes=[ROUTE | shown]))).items.values()
    assert (route.unknown, route.odd) == (unknown, odd)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="no list"),
        pytest.param({"Routes": None, "TotalCount": 1}, id="null and a count of one"),
        pytest.param({"Routes": {}}, id="an object"),
        pytest.param({"Routes": [ROUTE, None]}, id="a null route"),
        pytest.param({"Routes": [ROUTE | {"InstanceId": None}]}, id="no next hop"),
        pytest.param({"Routes": [ROUTE | {"DestinationCidrBlock": ""}]}, id="no destination"),
    ],
)
def test_routes_that_cannot_be_read_are_not_no_routes(fields: dict[str, object]) -> None:
    """A route must not be overlooked because its list was odd."""
    with pytest.raises(OutcomeUnknown) as unknown:
        routes(read(200, success(**fields)))
    assert unknown.value.request_id == REQUEST_ID


CCN_ROUTE = {"RouteId": "vpnr-1", "DestinationCidrBlock": "172.31.0.0/16", "Status": "ENABLE"}


def test_a_route_of_a_ccn_is_read_leniently() -> None:
    """Its id may be missing, and fields may be new; without ids they are kept apart."""
    bare = {"DestinationCidrBlock": "10.0.0.0/8", "New": {}}
    page = ccn_routes(read(200, success(TotalCount="2", RouteSet=[CCN_ROUTE, bare])))
    assert [*page.items.values()] == [
        CcnRoute(destination="172.31.0.0/16", status="ENABLE"),
        CcnRoute(destination="10.0.0.0/8", status=""),
    ]
    assert (page.total_count, page.request_id) == (2, REQUEST_ID)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="no list"),
        pytest.param({"RouteSet": None, "TotalCount": 1}, id="null and a count of one"),
        pytest.param({"RouteSet": {}}, id="an object"),
        pytest.param({"RouteSet": [CCN_ROUTE, None]}, id="a null route"),
        pytest.param({"RouteSet": [{"RouteId": "vpnr-1", "Status": "ENABLE"}]}, id="no destination, as once"),
    ],
)
def test_ccn_routes_that_cannot_be_read_are_not_no_routes(fields: dict[str, object]) -> None:
    """As with the gateway's own."""
    with pytest.raises(OutcomeUnknown) as unknown:
        ccn_routes(read(200, success(**fields)))
    assert unknown.value.request_id == REQUEST_ID


@given(JSON)
def test_any_list_of_routes_is_a_value_or_an_unknown_outcome(entries: object) -> None:
    """No document crashes the parser."""
    with contextlib.suppress(OutcomeUnknown):
        page = routes(read(200, success(Routes=entries)))
        assert all(route.instance_id for route in page.items.values())

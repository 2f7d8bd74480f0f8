"""The undo kit: what is handed on, what never is, and a command that a shell reads as it was meant."""

import json
import shlex
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.ccn import CcnRoute
from bot.domain.model import Route, Tunnel, Unreadable
from bot.domain.text import clean
from bot.domain.undo import (
    PSK,
    UndoKit,
    as_command,
    as_json,
    ccn_route_text,
    changed,
    from_text,
    kit_for,
    route_text,
    to_text,
)
from bot.errors import NoUndoKit
from tests.chat.hostile import foreign

WIRE: dict[str, Any] = {
    "VpnConnectionId": "vpnx-p0j11j28",
    "VpnGatewayId": "vpngw-7lcl5331",
    "CustomerGatewayId": "cgw-2wqq41m9",
    "VpnConnectionName": "guangzhou-to-hq",
    "VpcId": "vpc-0a36uwkr",
    "State": "AVAILABLE",
    "CreatedTime": "2024-03-05 10:02:17",
}
ROUTE = Route(
    destination="172.16.0.0/16",
    instance_type="VPNCONN",
    instance_id="vpnx-p0j11j28",
    priority=0,
    status="ENABLE",
)


def tunnel(**fields: Any) -> Tunnel:
    wire = {name: value for name, value in {**WIRE, **fields}.items() if value is not ...}
    return Tunnel(tunnel_id="vpnx-p0j11j28", gateway_id="vpngw-7lcl5331", wire=json.dumps(wire))


def kit(**fields: Any) -> UndoKit:
    return kit_for(tunnel(**fields), (ROUTE,), "ap-guangzhou")


@pytest.mark.parametrize(
    ("field", "value", "name", "taken"),
    [
        ("SecurityPolicyDatabaseSet", [{"LocalCidrBlock": "10.0.0.0/8", "RemoteCidrBlock": "1.0.0.0/8"}],
         "SecurityPolicyDatabases", [{"LocalCidrBlock": "10.0.0.0/8", "RemoteCidrBlock": ["1.0.0.0/8"]}]),
        ("TagSet", [{"Key": "env", "Value": ""}], "Tags", [{"Key": "env", "Value": ""}]),
        ("TagSet", [], "Tags", None),
        ("DpdEnable", "1", "DpdEnable", 1),
        ("DpdTimeout", 30, "DpdTimeout", "30"),
        ("VpcId", "", "VpcId", None),
        ("BgpConfig", None, "BgpConfig", None),
        ("BgpConfig", {"TunnelCidr": "169.254.128.0/30", "LocalBgpAsn": "64551"}, "BgpConfig",
         {"TunnelCidr": "169.254.128.0/30"}),
        ("IPSECOptionsSpecification", {"IPSECSaLifetimeSeconds": "14400", "IntegrityAlgorithm": "MD5"},
         "IPSECOptionsSpecification", {"IPSECSaLifetimeSeconds": 14400, "IntegrityAlgorithm": "MD5"}),
        ("IPSECOptionsSpecification", {"IntegrityAlgorith": None, "IntegrityAlgorithm": "SHA-512"},
         "IPSECOptionsSpecification", {"IntegrityAlgorithm": "SHA-512"}),
        ("IPSECOptionsSpecification", {"IntegrityAlgorith": "SHA-512"},
         "IPSECOptionsSpecification", {"IntegrityAlgorith": "SHA-512"}),
        ("IPSECOptionsSpecification", {"IntegrityAlgorith": "MD5", "IntegrityAlgorithm": "MD5"},
         "IPSECOptionsSpecification", {"IntegrityAlgorith": "MD5", "IntegrityAlgorithm": "MD5"}),
        ("IPSECOptionsSpecification", {"EncryptAlgorithm": "AES256GCM128", "IntegrityAlgorithm": ""},
         "IPSECOptionsSpecification", {"EncryptAlgorithm": "AES256GCM128"}),
        ("DpdAction", "clear", "DpdAction", "clear"),
        ("DpdAction", "restart", "DpdAction", "restart"),
        ("IKEOptionsSpecification", {"IKEVersion": "IKEV2", "Novelty": None, "Other": ""},
         "IKEOptionsSpecification", {"IKEVersion": "IKEV2"}),
        ("State", "AVAILABLE", "State", None),
        ("VpnProto", "IPSEC", "VpnProto", None),
        ("Novelty", "unforeseen", "Novelty", None),
        ("Novelty", {}, "Novelty", None),
        ("HealthCheckLocalIp", "169.254.128.10", "HealthCheckLocalIp", None),
        ("EnableHealthCheck", False, "EnableHealthCheck", None),
    ],
)  # fmt: skip
def test_each_field_is_handed_on_as_create_takes_it(field: str, value: Any, name: str, taken: Any) -> None:
    """Renamed, numbers as numbers, and nothing that CreateVpnConnection doesn't know."""
    assert kit(**{field: value}).parameters.get(name) == taken


NESTED: dict[str, dict[str, Any]] = {
    "IKEOptionsSpecification": {
        "PropoEncryAlgorithm": "AES-CBC-256",
        "PropoAuthenAlgorithm": "SHA-256",
        "ExchangeMode": "AGGRESSIVE",
        "LocalIdentity": "FQDN",
        "RemoteIdentity": "FQDN",
        "LocalAddress": "203.0.113.10",
        "RemoteAddress": "198.51.100.20",
        "LocalFqdnName": "guangzhou.example",
        "RemoteFqdnName": "hq.example",
        "DhGroupName": "GROUP14",
        "IKESaLifetimeSeconds": 86400,
        "IKEVersion": "IKEV2",
    },
    "IPSECOptionsSpecification": {
        "EncryptAlgorithm": "AES-CBC-256",
        "IntegrityAlgorith": "SHA-256",
        "IntegrityAlgorithm": "SHA-256",
        "IPSECSaLifetimeSeconds": 14400,
        "PfsDhGroup": "DH-GROUP14",
        "IPSECSaLifetimeTraffic": 4096000000,
    },
    "HealthCheckConfig": {
        "ProbeType": "NQA",
        "ProbeInterval": 5000,
        "ProbeThreshold": 3,
        "ProbeTimeout": 150,
    },
    "BgpConfig": {
        "TunnelCidr": "169.254.128.0/30",
        "LocalBgpIp": "169.254.128.1",
        "RemoteBgpIp": "169.254.128.2",
    },
}
PLAIN: dict[str, Any] = {
    "RouteType": "Bgp",
    "NegotiationType": "flowTrigger",
    "EnableHealthCheck": True,
    "HealthCheckLocalIp": "169.254.128.10",
    "HealthCheckRemoteIp": "169.254.128.11",
    "DpdEnable": 1,
    "DpdTimeout": "30",
    "DpdAction": "restart",
}


def test_nothing_that_create_takes_is_lost_on_the_way_into_the_kit() -> None:
    """Each setting of a tunnel that has them all."""
    made = kit(**PLAIN, **NESTED).parameters
    assert {name: made.get(name) for name in {**PLAIN, **NESTED}} == {**PLAIN, **NESTED}


@pytest.mark.parametrize("name", ["VpnGatewayId", "CustomerGatewayId", "VpnConnectionName"])
@pytest.mark.parametrize("value", [..., None, "", {"odd": 1}, True])
def test_without_what_create_needs_there_is_no_kit(name: str, value: Any) -> None:
    """The sentence says what is missing."""
    with pytest.raises(NoUndoKit, match=name):
        kit(**{name: value})


@pytest.mark.parametrize("wire", ["", "null", "[]", "{"])
def test_a_tunnel_that_cannot_be_read_has_no_kit(wire: str) -> None:
    """Nothing is made up."""
    with pytest.raises(NoUndoKit, match="can't be read"):
        kit_for(replace(tunnel(), wire=wire), (), "ap-guangzhou")


def test_only_routes_that_point_at_the_tunnel_are_in_it() -> None:
    """And where they could not be read, it says so."""
    other = replace(ROUTE, instance_id="vpnx-k2m4n6p8")
    assert kit_for(tunnel(), (ROUTE, other), "ap-guangzhou").routes == (ROUTE,)
    assert kit_for(tunnel(), Unreadable(why="No permission"), "ap-guangzhou").routes_unread == "No permission"


def test_the_key_is_a_placeholder_whatever_the_cloud_shows() -> None:
    """It is never handed on."""
    made = kit(PreShareKey="canary")
    assert made.parameters["PreShareKey"] == PSK
    assert "canary" not in to_text(made) + as_json(made) + as_command(made)


@given(name=foreign.filter(bool), tag=foreign)
def test_the_command_reads_back_as_the_parameters(name: str, tag: str) -> None:
    """Whatever names and tags hold, and without a character that a terminal would hide or obey."""
    made = kit(VpnConnectionName=name.encode(errors="replace").decode(), TagSet=[{"Key": "k", "Value": tag}])
    command = as_command(made)
    assert command.isprintable()
    assert from_text(to_text(made)) == made
    if "$(printf" not in command:  # shlex substitutes nothing; shells do, below
        assert _parameters(shlex.split(command)) == json.loads(json.dumps(made.parameters))


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize(
    "name",
    [
        *("-rf", "$(reboot)", "it's `x`", "a\u202eb", "tab\there", "\x1b[31mred", "名前\\'", "100%\x1bd"),
        "$'\\x41'\x1b[31m'; exit 7 #",
        '\x1b$(exit 7)`exit 7`"',
        "two\nlines\\0101",
    ],
)
def test_a_shell_hands_on_exactly_these_words(shell: str, name: str) -> None:
    """Whichever shell it is pasted into, asked to print what it was given."""
    made = kit(VpnConnectionName=name)
    command = as_command(made)
    assert command.isprintable()
    printed = subprocess.run(
        [shell, "-c", f"printf '%s\\0' {command}"],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    ).stdout.decode()
    assert _parameters(printed.split("\0")[:-1]) == json.loads(json.dumps(made.parameters))


@pytest.mark.parametrize("region", ["ap-guangzhou", "ap-singapore"])
def test_the_command_makes_it_again_in_its_own_region(region: str) -> None:
    """Whatever tccli is set to."""
    words = shlex.split(as_command(kit_for(tunnel(), (), region)))
    assert words[:5] == ["tccli", "vpc", "CreateVpnConnection", "--region", region]


def _parameters(words: list[str]) -> dict[str, Any]:
    assert words[:5] == ["tccli", "vpc", "CreateVpnConnection", "--region", "ap-guangzhou"]
    found: dict[str, Any] = {}
    rest = iter(words[5:])
    for option in rest:
        name, joined, value = option.removeprefix("--").partition("=")
        text = value if joined else next(rest)
        found[name] = json.loads(text) if name in ("Tags", "DpdEnable") else text
    return found


def test_what_differs_between_two_kits_is_named() -> None:
    """Routes too; in whatever order they come."""
    before = kit(DpdTimeout="30")
    assert changed(before, kit(DpdTimeout="30")) == ()
    assert changed(before, kit(DpdTimeout="60", Novelty=1)) == ("DpdTimeout", "Novelty")
    assert changed(kit(Novelty=1), kit(Novelty=2)) == changed(kit(Novelty=1), kit()) == ()
    assert changed(before, replace(before, routes=())) == ("routes",)
    turned = replace(before, routes=(replace(ROUTE, destination="10.0.0.0/8"), ROUTE))
    assert changed(turned, replace(turned, routes=turned.routes[::-1])) == ()
    cidrs = [
        {"LocalCidrBlock": f"10.{n}.0.0/16", "RemoteCidrBlock": ["1.0.0.0/8", "2.0.0.0/8"]} for n in range(2)
    ]
    other = [{**one, "RemoteCidrBlock": ["2.0.0.0/8", "1.0.0.0/8"]} for one in reversed(cidrs)]
    in_order, turned = (kit(SecurityPolicyDatabaseSet=one) for one in (cidrs, other))
    assert changed(in_order, turned) == ()


@given(st.text() | st.just(json.dumps({"region": "x"})) | st.just("[]"))
def test_a_damaged_kit_is_a_value_error(text: str) -> None:
    """Never a kit that is half one."""
    with pytest.raises(ValueError, match="damaged"):
        from_text(text)


def test_a_route_is_told_with_its_priority_also_where_that_is_zero() -> None:
    """Zero is one, and none is none."""
    assert route_text(ROUTE) == f"{ROUTE.destination}, ENABLE, priority 0"
    assert route_text(replace(ROUTE, priority=None)) == f"{ROUTE.destination}, ENABLE"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (
            "SecurityPolicyDatabaseSet.0.LocalCidrBlock",
            [{"LocalCidrBlock": {"v4": "10.0.0.0/8"}, "RemoteCidrBlock": ["1.0.0.0/8"]}],
        ),
        ("SecurityPolicyDatabaseSet.0", [7]),
        ("TagSet.1.Key", [{"Key": "a"}, {"Key": ["env"], "Value": "prod"}]),
        ("IKEOptionsSpecification", "IKEV2"),
        ("IKEOptionsSpecification.IKEVersion", {"IKEVersion": {"major": 2}}),
        ("EnableHealthCheck", "perhaps"),
        ("DpdEnable", 1.5),
        ("BgpConfig", [True]),
    ],
)
def test_what_cannot_be_handed_on_whole_is_no_kit(field: str, value: object) -> None:
    """A kit without it would make another tunnel, and nobody would notice."""
    with pytest.raises(NoUndoKit, match=f"vpnx-p0j11j28 the cloud shows {field} in a form that isn't known"):
        kit(**{field.partition(".")[0]: value})


@pytest.mark.parametrize(
    ("ipsec", "said"),
    [
        (
            {"IntegrityAlgorith": "SHA1", "IntegrityAlgorithm": "SHA-256"},
            (
                "IPSECOptionsSpecification.IntegrityAlgorith as SHA1 and "
                "IPSECOptionsSpecification.IntegrityAlgorithm as SHA-256, which disagree"
            ),
        ),
        (
            {"EncryptAlgorithm": "AES-CBC-128", "IntegrityAlgorith": None},
            "no IPSECOptionsSpecification.IntegrityAlgorithm",
        ),
    ],
    ids=["two values", "none"],
)
def test_where_the_integrity_algorithm_is_not_known_there_is_no_kit(ipsec: object, said: str) -> None:
    """Else a tunnel that is made again would get SHA1, or whichever of the two the API reads."""
    with pytest.raises(NoUndoKit, match=f"^Of vpnx-p0j11j28 the cloud shows {said}.$"):
        kit(IPSECOptionsSpecification=ipsec)


JSON_VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(min_size=1),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text(min_size=1), inner, min_size=1, max_size=3)
    ),
)
LISTED: dict[str, Any] = {
    "SecurityPolicyDatabaseSet": [
        {"LocalCidrBlock": "10.0.0.0/16", "RemoteCidrBlock": ["172.16.0.0/16"]},
        {"LocalCidrBlock": "10.1.0.0/16", "RemoteCidrBlock": ["172.16.0.0/16"]},
    ],
    "TagSet": [{"Key": "env", "Value": "prod"}],
}
PLACES: tuple[tuple[str | int, ...], ...] = (
    *((name,) for name in NESTED),
    *((name, number) for name, found in LISTED.items() for number in range(len(found))),
)


@given(
    place=st.sampled_from(PLACES),
    name=st.sampled_from(["Novelty", "KeyExchange", "PskType", "integrityalgorithm"]) | foreign.filter(bool),
    value=JSON_VALUES,
    beneath=st.lists(st.sampled_from(["A", "B"]), max_size=3),
)
def test_any_nested_field_that_is_not_known_is_no_kit_and_is_named(
    place: tuple[str | int, ...], name: str, value: object, beneath: list[str]
) -> None:
    """Whatever it is called, whatever it holds, and however deep: what it sets would be lost."""
    whole = json.loads(json.dumps({**PLAIN, **NESTED, **LISTED}))
    assert kit(**whole).unknown == ()
    for part in beneath:
        value = {part: value}
    inside = whole
    for step in place:
        inside = inside[step]
    assume(name not in inside and name not in ("LocalBgpAsn", "RemoteBgpAsn", "Value", "Key"))
    inside[name] = value
    with pytest.raises(NoUndoKit) as refused:
        kit(**whole)
    path = clean(".".join(map(str, (*place, name))), 160)
    assert str(refused.value).startswith(
        f"Of vpnx-p0j11j28 the cloud shows {path}, a field that this version"
    )


@given(value=JSON_VALUES)
def test_of_the_tunnel_itself_a_new_object_is_no_kit_and_a_new_word_is_told(value: object) -> None:
    """An object is a setting; a word may say how it runs, and the kit tells that it isn't in it."""
    if isinstance(value, dict | list):
        with pytest.raises(NoUndoKit, match="the cloud shows Novelty, a field that this version"):
            kit(Novelty=value)
    else:
        made = kit(Novelty=value)
        assert made.unknown == ("Novelty",)
        assert "Novelty" not in as_json(made) + as_command(made)
        assert from_text(to_text(made)) == made


def test_a_changed_algorithm_is_a_change_and_its_other_name_is_none() -> None:
    """The cloud may answer in its old form and in its new one, side by side."""
    shown = [
        kit(IPSECOptionsSpecification=dict.fromkeys(names, algorithm))
        for algorithm in ("SHA-256", "SHA1")
        for names in (
            ("IntegrityAlgorith",),
            ("IntegrityAlgorithm",),
            ("IntegrityAlgorith", "IntegrityAlgorithm"),
        )
    ]
    for one in shown:
        algorithm = {*one.parameters["IPSECOptionsSpecification"].values()}  # type: ignore[attr-defined]  # a dict
        for other in shown:
            same = algorithm == {*other.parameters["IPSECOptionsSpecification"].values()}  # type: ignore[attr-defined]  # likewise
            assert changed(one, other) == (() if same else ("IPSECOptionsSpecification.IntegrityAlgorithm",))


def test_routes_keep_what_is_written_on_them_and_their_type() -> None:
    """A route that is made again by hand needs both; either is a setting that may change."""
    described = replace(ROUTE, kind="Static", description="to the <office>\u202e")
    made = kit_for(tunnel(), (described,), "ap-guangzhou")
    assert from_text(to_text(made)).routes == (described,)
    assert route_text(described) == "172.16.0.0/16, ENABLE, priority 0, type Static, “to the <office>”"
    for other in (replace(described, kind="BGP"), replace(described, description="")):
        assert changed(made, replace(made, routes=(other,))) == ("routes",)


def test_of_a_route_an_object_is_no_kit_and_a_new_word_is_told() -> None:
    """As of the tunnel itself; routes that lead elsewhere don't matter."""
    new = replace(ROUTE, unknown=("NextHub",))
    made = kit_for(tunnel(Novelty=1), (new,), "ap-guangzhou")
    assert made.unknown == ("Novelty", "Routes.NextHub")
    assert from_text(to_text(made)) == made
    assert changed(kit(Novelty=1), made) == ("Routes.NextHub",)
    # Once it was sent the routes are those of the kit: what was said of them holds.
    assert changed(made, kit_for(tunnel(Novelty=1), from_text(to_text(made)).routes, "ap-guangzhou")) == ()
    odd = replace(ROUTE, odd=("Zap",))
    with pytest.raises(NoUndoKit, match=r"vpnx-p0j11j28 the cloud shows Routes\.Zap of the route to 172\.16"):
        kit_for(tunnel(), (ROUTE, odd), "ap-guangzhou")
    assert kit_for(tunnel(), (replace(odd, instance_id="vpnx-k2m4n6p8"),), "ap-guangzhou").unknown == ()


CCN = CcnRoute(destination="172.31.0.0/16", status="ENABLE")


def test_the_ccn_routes_of_its_gateway_are_in_it_where_there_can_be_any() -> None:
    """Where they could not be read, it says so; a gateway of a VPC has none."""
    of_ccn = tunnel(VpcId="")
    read = kit_for(of_ccn, (), "ap-guangzhou", ccn_routes=(CCN,))
    unread = kit_for(of_ccn, (), "ap-guangzhou", ccn_routes=Unreadable(why="No permission"))
    assert (read.ccn_routes, read.ccn_routes_unread) == ((CCN,), "")
    assert (unread.ccn_routes, unread.ccn_routes_unread) == ((), "No permission")
    assert kit_for(replace(of_ccn, vpc_id="vpc-1"), (), "ap-guangzhou").ccn_routes is None
    assert from_text(to_text(read)) == read
    assert changed(read, replace(read, ccn_routes=(replace(CCN, status="DISABLE"),))) == ("CCN routes",)
    assert ccn_route_text(CCN) == "172.31.0.0/16, ENABLE"

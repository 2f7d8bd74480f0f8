"""The undo kit: what is handed on, what never is, and a command that a shell reads as it was meant."""

import json
import shlex
import subprocess
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.model import Route, Tunnel, Unreadable
from bot.domain.undo import (
    PSK,
    UndoKit,
    as_command,
    as_json,
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
        ("IPSECOptionsSpecification", {"IPSECSaLifetimeSeconds": "14400"}, "IPSECOptionsSpecification",
         {"IPSECSaLifetimeSeconds": 14400}),
        ("State", "AVAILABLE", "State", None),
        ("VpnProto", "IPSEC", "VpnProto", None),
        ("Novelty", {"deep": 1}, "Novelty", None),
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
    """It is never handed on, nor anything nested that is named like one."""
    made = kit(PreShareKey="canary", IKEOptionsSpecification={"IKEVersion": "IKEV2", "PreShareKey": "canary"})
    assert made.parameters["PreShareKey"] == PSK
    assert "canary" not in to_text(made) + as_json(made) + as_command(made)


@settings(deadline=None)
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
    assert changed(before, kit(DpdTimeout="60", Novelty=1)) == ("DpdTimeout",)
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
            "SecurityPolicyDatabaseSet",
            [{"LocalCidrBlock": {"v4": "10.0.0.0/8"}, "RemoteCidrBlock": ["1.0.0.0/8"]}],
        ),
        ("SecurityPolicyDatabaseSet", [7]),
        ("TagSet", [{"Key": ["env"], "Value": "prod"}]),
        ("IKEOptionsSpecification", "IKEV2"),
        ("EnableHealthCheck", "perhaps"),
        ("DpdEnable", 1.5),
        ("BgpConfig", [True]),
    ],
)
def test_what_cannot_be_handed_on_whole_is_no_kit(field: str, value: object) -> None:
    """A kit without it would make another tunnel, and nobody would notice."""
    with pytest.raises(NoUndoKit, match=f"showed the {field} of vpnx-p0j11j28 in a form that isn't known"):
        kit(**{field: value})

"""The proof of the undo kit: fed to CreateVpnConnection, it makes the same tunnel again."""

import json
import secrets
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.cloud.answers import described
from bot.cloud.client import VpcClient
from bot.cloud.credentials import Credentials
from bot.domain.undo import PSK, as_json, kit_for
from bot.rehearsal.vpc import MAIN_GATEWAY, MAIN_REGION, LocalVpc
from bot.rehearsal.vpc_actions import ACTIONS
from bot.rehearsal.vpc_fields import CANARY_PSK
from bot.rehearsal.vpc_seed import CCN_TUNNEL, DOWN_TUNNEL, HOSTILE_TUNNEL, MAIN_TUNNEL
from bot.rehearsal.vpc_world import World
from tests.rehearsal.vpc_caller import Caller

# What a new tunnel can't share with the old one, and what CreateVpnConnection doesn't take.
ITS_OWN = {
    "VpnConnectionId",
    "CreatedTime",
    "State",
    "NetStatus",
    "HealthCheckStatus",
    "VpnProto",
    "EncryptProto",
}
NEW_KEY = "a-key-that-its-owner-supplied"
IPSEC = {
    "EncryptAlgorithm": "AES-CBC-192",
    "PfsDhGroup": "DH-GROUP5",
    "IPSECSaLifetimeSeconds": 7200,
    "IPSECSaLifetimeTraffic": 4096000,
}
ODD: tuple[dict[str, Any], ...] = (
    {"EnableHealthCheck": False, "HealthCheckLocalIp": "", "HealthCheckRemoteIp": ""},
    {"DpdEnable": "0", "TagSet": []},
    {"VpnConnectionName": "-rf $(reboot) 'x' <!channel>"},
    {"SecurityPolicyDatabaseSet": [{"LocalCidrBlock": "10.9.0.0/16", "RemoteCidrBlock": ["172.31.0.0/16"]}]},
    {"DpdEnable": 1, "DpdAction": "clear"},
    {"IPSECOptionsSpecification": {**IPSEC, "IntegrityAlgorith": "MD5"}},
    {"IPSECOptionsSpecification": {**IPSEC, "IntegrityAlgorith": None, "IntegrityAlgorithm": "SHA-384"}},
)
OLD_NAME, NAME = "IntegrityAlgorith", "IntegrityAlgorithm"


def same(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have to be alike, as the API means them: numbers by value, nothing for empty.

    Of the integrity algorithm's two names the API may show either, or both.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {name: plain(one) for name, one in value.items() if not name.endswith("BgpAsn")}
            if OLD_NAME in kept:
                kept[NAME] = kept.get(NAME) or kept.pop(OLD_NAME)
                kept.pop(OLD_NAME, None)
            return {name: one for name, one in kept.items() if one not in ("", None)}
        if isinstance(value, list):
            return [plain(one) for one in value]
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    kept = {name: plain(value) for name, value in fields.items() if name not in ITS_OWN}
    if not kept.get("EnableHealthCheck"):
        kept = {name: value for name, value in kept.items() if "HealthCheck" not in name}
    return {name: value for name, value in kept.items() if value not in ("", None, [])}


# The old form shows no BGP, without which a tunnel of that kind can't be made.
EVERY = (MAIN_TUNNEL, DOWN_TUNNEL, HOSTILE_TUNNEL, *range(len(ODD)))


@pytest.mark.parametrize(
    ("tunnel_id", "old_form"),
    [*((one, False) for one in (CCN_TUNNEL, *EVERY)), *((one, True) for one in EVERY)],
)
def test_the_kit_makes_the_same_tunnel_again(tunnel_id: str | int, old_form: bool) -> None:
    """Through the signed API, field by field, but for what only the cloud can give; in both of its forms."""
    secret_id, secret_key = "AKIDundo", secrets.token_hex(16)
    with LocalVpc(secret_id=secret_id, secret_key=secret_key) as vpc:
        vpc.old_form = old_form
        if isinstance(tunnel_id, int):
            tunnel_id = vpc.add_tunnel(**ODD[tunnel_id])
        credentials = Credentials(secret_id=secret_id, secret_key=SecretStr(secret_key), token=None)
        client = VpcClient(vpc.url, credentials)
        caller = Caller(vpc.url, token=None)
        try:
            before = vpc.shown(vpc.describe(tunnel_id))
            tunnel = client.look_up(region=MAIN_REGION, tunnel_ids=[tunnel_id])[tunnel_id]
            routes = client.describe_vpn_gateway_routes(region=MAIN_REGION, gateway_id=tunnel.gateway_id)
            kit = kit_for(tunnel, routes, MAIN_REGION)
            assert CANARY_PSK not in as_json(kit)
            client.delete_vpn_connection(
                region=MAIN_REGION, gateway_id=tunnel.gateway_id, tunnel_id=tunnel_id
            )
            parameters = json.loads(as_json(kit).replace(PSK, NEW_KEY))
            made = caller.call("CreateVpnConnection", parameters, secret_id=secret_id, secret_key=secret_key)
            after = vpc.shown(vpc.describe(made["VpnConnection"]["VpnConnectionId"]))
        finally:
            caller.close()
            client.close()
    assert after.pop("PreShareKey") == NEW_KEY
    assert before.pop("PreShareKey") == CANARY_PSK
    assert same(after) == same(before)
    assert {route.instance_id for route in kit.routes} <= {tunnel_id}
    assert bool(kit.routes) is (tunnel_id in (MAIN_TUNNEL, CCN_TUNNEL))
    if tunnel_id == MAIN_TUNNEL:
        assert [(route.kind, route.description) for route in kit.routes] == [
            ("Static", "" if old_form else "to the <office>"),
            ("Static", ""),
        ]


def _some(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


CIPHERS = st.sampled_from(["3DES-CBC", "AES-CBC-128", "AES-CBC-256", "SM4", "AES256GCM128"])
HASHES = st.sampled_from(["MD5", "SHA1", "SHA-256", "SHA-384", "SHA-512", "SM3"])
ADDRESSES = st.sampled_from(["203.0.113.7", "198.51.100.9"])
CIDRS = st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.7.0/24"])
SETTINGS = _some(
    {
        "IKEOptionsSpecification": _some(
            {
                "IKEVersion": st.sampled_from(["IKEV1", "IKEV2"]),
                "PropoEncryAlgorithm": CIPHERS,
                "PropoAuthenAlgorithm": st.sampled_from(["MD5", "SHA", "SHA-256", "SHA-512"]),
                "ExchangeMode": st.sampled_from(["MAIN", "AGGRESSIVE"]),
                "DhGroupName": st.sampled_from(["GROUP2", "GROUP14", "GROUP24"]),
                "LocalIdentity": st.sampled_from(["ADDRESS", "FQDN"]),
                "LocalAddress": ADDRESSES,
                "LocalFqdnName": st.just("here.example"),
                "RemoteIdentity": st.sampled_from(["ADDRESS", "FQDN"]),
                "RemoteAddress": ADDRESSES,
                "RemoteFqdnName": st.just("there.example"),
                "IKESaLifetimeSeconds": st.integers(60, 604_800),
            }
        ),
        "IPSECOptionsSpecification": _some(
            {
                "EncryptAlgorithm": CIPHERS | st.just("NULL"),
                "IntegrityAlgorithm": HASHES,
                "PfsDhGroup": st.sampled_from(["NULL", "DH-GROUP2", "DH-GROUP20"]),
                "IPSECSaLifetimeSeconds": st.integers(180, 604_800),
                "IPSECSaLifetimeTraffic": st.integers(2_560, 4_294_967_295),
            }
        ),
        "SecurityPolicyDatabases": st.lists(
            st.fixed_dictionaries(
                {"LocalCidrBlock": CIDRS, "RemoteCidrBlock": st.lists(CIDRS, min_size=1, unique=True)}
            ),
            min_size=1,
            unique_by=lambda policy: json.dumps(policy, sort_keys=True),
        ),
        "Tags": st.just([{"Key": "env", "Value": ""}, {"Key": "team", "Value": "网络"}]),
        "RouteType": st.sampled_from(["STATIC", "StaticRoute", "Policy"]),
        "NegotiationType": st.sampled_from(["active", "passive", "flowTrigger"]),
        "EnableHealthCheck": st.booleans(),
        "HealthCheckLocalIp": ADDRESSES,
        "HealthCheckRemoteIp": ADDRESSES,
        "HealthCheckConfig": _some(
            {
                "ProbeType": st.just("NQA"),
                "ProbeInterval": st.integers(1_000, 5_000),
                "ProbeThreshold": st.integers(3, 8),
                "ProbeTimeout": st.integers(10, 5_000),
            }
        ),
        "DpdEnable": st.integers(0, 1),
        "DpdTimeout": st.integers(1, 99_999).map(str),
        "DpdAction": st.sampled_from(["clear", "restart"]),
    }
)
NEEDED = {
    "VpnGatewayId": MAIN_GATEWAY,
    "CustomerGatewayId": "cgw-2wqq41m9",
    "VpcId": "vpc-0a36uwkr",
    "VpnConnectionName": "made-again",
    "PreShareKey": NEW_KEY,
}


@given(wanted=SETTINGS, old_name_is_null=st.booleans())
def test_any_tunnel_that_can_be_made_is_made_again(wanted: dict[str, Any], old_name_is_null: bool) -> None:
    """Whatever was set, and with the API's own default where nothing was."""
    world = World(clock=lambda: 0.0, delete_takes_s=0.0)
    create = ACTIONS["CreateVpnConnection"]

    def made(parameters: dict[str, Any]) -> dict[str, Any]:
        create.shape("", parameters)
        fields: dict[str, Any] = create.run(world, MAIN_REGION, parameters)["VpnConnection"]
        return fields

    before = made({**NEEDED, **wanted})
    shown = json.loads(json.dumps(before))
    if old_name_is_null:
        shown["IPSECOptionsSpecification"][OLD_NAME] = None
    (tunnel,) = described({"RequestId": "r-1", "VpnConnectionSet": [shown]}).tunnels
    after = made({**kit_for(tunnel, (), MAIN_REGION).parameters})
    assert (after.pop("PreShareKey"), before.pop("PreShareKey")) == (PSK, NEW_KEY)
    assert same(after) == same(before)

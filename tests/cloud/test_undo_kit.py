"""The proof of the undo kit: fed to CreateVpnConnection, it makes the same tunnel again."""

import json
import secrets
from typing import Any

import pytest
from pydantic import SecretStr

from bot.cloud.client import VpcClient
from bot.cloud.credentials import Credentials
from bot.domain.undo import PSK, as_json, kit_for
from bot.rehearsal.vpc import MAIN_REGION, LocalVpc
from bot.rehearsal.vpc_seed import CANARY_PSK, CCN_TUNNEL, DOWN_TUNNEL, HOSTILE_TUNNEL, MAIN_TUNNEL
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
ODD: tuple[dict[str, Any], ...] = (
    {"EnableHealthCheck": False, "HealthCheckLocalIp": "", "HealthCheckRemoteIp": ""},
    {"DpdEnable": "0", "TagSet": []},
    {"VpnConnectionName": "-rf $(reboot) 'x' <!channel>"},
    {"SecurityPolicyDatabaseSet": [{"LocalCidrBlock": "10.9.0.0/16", "RemoteCidrBlock": ["172.31.0.0/16"]}]},
)


def same(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have to be alike, as the API means them: numbers by value, nothing for empty."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {name: plain(one) for name, one in value.items() if not name.endswith("BgpAsn")}
            return {name: one for name, one in kept.items() if one not in ("", None)}
        if isinstance(value, list):
            return [plain(one) for one in value]
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    kept = {name: plain(value) for name, value in fields.items() if name not in ITS_OWN}
    if not kept.get("EnableHealthCheck"):
        kept = {name: value for name, value in kept.items() if "HealthCheck" not in name}
    return {name: value for name, value in kept.items() if value not in ("", None, [])}


@pytest.mark.parametrize(
    "tunnel_id", [MAIN_TUNNEL, DOWN_TUNNEL, CCN_TUNNEL, HOSTILE_TUNNEL, *range(len(ODD))]
)
def test_the_kit_makes_the_same_tunnel_again(tunnel_id: str | int) -> None:
    """Through the signed API, field by field, but for what only the cloud can give."""
    secret_id, secret_key = "AKIDundo", secrets.token_hex(16)
    with LocalVpc(secret_id=secret_id, secret_key=secret_key) as vpc:
        if isinstance(tunnel_id, int):
            tunnel_id = vpc.add_tunnel(**ODD[tunnel_id])
        credentials = Credentials(secret_id=secret_id, secret_key=SecretStr(secret_key), token=None)
        client = VpcClient(vpc.url, credentials)
        caller = Caller(vpc.url, token=None)
        try:
            before = vpc.describe(tunnel_id)
            tunnel = client.look_up(region=MAIN_REGION, tunnel_ids=[tunnel_id])[tunnel_id]
            routes = client.describe_vpn_gateway_routes(region=MAIN_REGION, gateway_id=tunnel.gateway_id)
            kit = kit_for(tunnel, routes, MAIN_REGION)
            assert CANARY_PSK not in as_json(kit)
            client.delete_vpn_connection(
                region=MAIN_REGION, gateway_id=tunnel.gateway_id, tunnel_id=tunnel_id
            )
            parameters = json.loads(as_json(kit).replace(PSK, NEW_KEY))
            made = caller.call("CreateVpnConnection", parameters, secret_id=secret_id, secret_key=secret_key)
            after = vpc.describe(made["VpnConnection"]["VpnConnectionId"])
        finally:
            caller.close()
            client.close()
    assert after.pop("PreShareKey") == NEW_KEY
    assert before.pop("PreShareKey") == CANARY_PSK
    assert same(after) == same(before)
    assert {route.instance_id for route in kit.routes} <= {tunnel_id}
    assert bool(kit.routes) is (tunnel_id in (MAIN_TUNNEL, CCN_TUNNEL))

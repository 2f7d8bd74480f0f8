"""CreateVpnConnection: what it takes, and the tunnel that it makes. Source: VPC 2017-03-12."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.rehearsal import vpc_params as p
from bot.rehearsal.vpc_faults import ApiError
from bot.rehearsal.vpc_world import World

_GCM = ("AES128GCM128", "AES192GCM128", "AES256GCM128")
_CIPHERS = ("3DES-CBC", "AES-CBC-128", "AES-CBC-192", "AES-CBC-256", "DES-CBC", "SM4", *_GCM)
_LONGER_HASHES = ("SHA-256", "SHA-384", "SHA-512", "SM3")
_HASHES = ("MD5", "SHA1", *_LONGER_HASHES)
_GROUPS = (1, 2, 5, 14, 15, 16, 19, 20, 21, 24)
# What the API takes since 2024, by the object that it stands in.
_SINCE_2024 = {"": ("BgpConfig", "HealthCheckConfig"), "IPSECOptionsSpecification": ("IntegrityAlgorithm",)}


def create_tunnel(world: World, region: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Make the tunnel; whatever isn't given gets the API's own default, and nothing else."""
    gateway = world.find(world.gateways, region, params["VpnGatewayId"])
    customer_gateway = world.find(world.customer_gateways, region, params["CustomerGatewayId"])
    _check(world, gateway, params)
    fields = {**_DEFAULTS, **params}
    fields["SecurityPolicyDatabaseSet"] = fields.pop("SecurityPolicyDatabases", [])
    fields["TagSet"] = fields.pop("Tags", [])
    ends = {"LocalAddress": gateway["PublicIpAddress"], "RemoteAddress": customer_gateway["IpAddress"]}
    fields["IKEOptionsSpecification"] = {**_IKE, **ends, **params.get("IKEOptionsSpecification", {})}
    fields["IPSECOptionsSpecification"] = {**_IPSEC, **_integrity(params), **_ipsec(params)}
    if fields["EnableHealthCheck"]:
        fields = {**fields, "HealthCheckConfig": {**_PROBE, **(fields["HealthCheckConfig"] or {})}}
        fields["HealthCheckStatus"] = "UNAVAILABLE"
    created = datetime.fromtimestamp(world.clock(), UTC).strftime("%Y-%m-%d %H:%M:%S")
    tunnel_id = world.add_tunnel(
        fields.pop("VpnGatewayId"), CreatedTime=created, NetStatus="UNAVAILABLE", **fields
    )
    return {"VpnConnection": world.shown(world.tunnels[tunnel_id].fields)}


def _check(world: World, gateway: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """What depends on the world, or on two parameters together."""
    if world.old_form:
        for path, names in _SINCE_2024.items():
            for name in names:
                if name in (params.get(path, {}) if path else params):
                    raise p.unknown(path, name)
    if gateway["VpcId"] and "VpcId" not in params:
        raise p.missing("VpcId")
    if params.get("VpcId", "") != gateway["VpcId"]:
        raise p.invalid("VpcId", "is not the gateway's")
    if params.get("RouteType") == "Bgp" and "BgpConfig" not in params:
        raise p.missing("BgpConfig")
    if len(set(_integrity(params).values())) > 1:
        raise ApiError("InvalidParameter.Coexist", "Two names for one algorithm, and two algorithms.")
    ciphers = (
        _ipsec(params).get("EncryptAlgorithm"),
        params.get("IKEOptionsSpecification", {}).get("PropoEncryAlgorithm"),
    )
    if gateway["Version"] != "4.0" and {*ciphers} & {*_GCM}:
        raise p.invalid("EncryptAlgorithm", "needs a gateway of version 4.0")


def _ipsec(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in params.get("IPSECOptionsSpecification", {}).items()
        if name not in _INTEGRITY
    }


def _integrity(params: Mapping[str, Any]) -> dict[str, Any]:
    """The algorithm under both of its names, whichever was given."""
    given = params.get("IPSECOptionsSpecification", {})
    known = {name: given[name] for name in _INTEGRITY if name in given}
    return {**dict.fromkeys(_INTEGRITY, next(iter(known.values()), "SHA1")), **known}


_INTEGRITY = ("IntegrityAlgorith", "IntegrityAlgorithm")
_IKE = {
    "IKEVersion": "IKEV1",
    "PropoEncryAlgorithm": "3DES-CBC",
    "PropoAuthenAlgorithm": "SHA",
    "ExchangeMode": "MAIN",
    "DhGroupName": "GROUP1",
    "LocalIdentity": "ADDRESS",
    "RemoteIdentity": "ADDRESS",
    "IKESaLifetimeSeconds": 86_400,
}
_IPSEC = {
    "EncryptAlgorithm": "AES-CBC-128",
    "PfsDhGroup": "NULL",
    "IPSECSaLifetimeSeconds": 14_400,
    "IPSECSaLifetimeTraffic": 4_096_000_000,
}
_PROBE = {"ProbeType": "NQA", "ProbeInterval": 5_000, "ProbeThreshold": 3, "ProbeTimeout": 150}
_DEFAULTS: Mapping[str, Any] = {
    "RouteType": "STATIC",
    "NegotiationType": "active",
    "DpdEnable": 0,
    "DpdTimeout": "30",
    "DpdAction": "restart",
    "EnableHealthCheck": False,
    "HealthCheckLocalIp": "",
    "HealthCheckRemoteIp": "",
    "HealthCheckStatus": "",
    "HealthCheckConfig": None,
    "BgpConfig": None,
}
NEW_TUNNEL = p.Shape(
    {
        "VpnGatewayId": p.identifier("vpngw"),
        "CustomerGatewayId": p.identifier("cgw"),
        "VpnConnectionName": p.matching(r".{1,60}"),
        "PreShareKey": p.matching(r".{1,128}"),
        "VpcId": p.matching(r"|vpc-[0-9a-z]{8}", ".Malformed"),
        "SecurityPolicyDatabases": p.listing(
            p.Shape(
                {"LocalCidrBlock": p.cidr, "RemoteCidrBlock": p.listing(p.cidr, 50)},
                required=("LocalCidrBlock", "RemoteCidrBlock"),
            ),
            50,
        ),
        "Tags": p.listing(p.Shape({"Key": p.matching(r".{1,127}"), "Value": p.text}, required=("Key",)), 10),
        "IKEOptionsSpecification": p.Shape(
            {
                "IKEVersion": p.one_of("IKEV1", "IKEV2"),
                "PropoEncryAlgorithm": p.one_of(*_CIPHERS),
                "PropoAuthenAlgorithm": p.one_of("MD5", "SHA", *_LONGER_HASHES),
                "ExchangeMode": p.one_of("AGGRESSIVE", "MAIN"),
                "DhGroupName": p.one_of(*(f"GROUP{group}" for group in _GROUPS)),
                "LocalIdentity": p.one_of("ADDRESS", "FQDN"),
                "LocalAddress": p.address,
                "LocalFqdnName": p.text,
                "RemoteIdentity": p.one_of("ADDRESS", "FQDN"),
                "RemoteAddress": p.address,
                "RemoteFqdnName": p.text,
                "IKESaLifetimeSeconds": p.integer(60, 604_800),
            }
        ),
        "IPSECOptionsSpecification": p.Shape(
            {
                "EncryptAlgorithm": p.one_of(*_CIPHERS, "NULL"),
                "IntegrityAlgorith": p.one_of(*_HASHES),
                "IntegrityAlgorithm": p.one_of(*_HASHES),
                "PfsDhGroup": p.one_of("NULL", *(f"DH-GROUP{group}" for group in _GROUPS)),
                "IPSECSaLifetimeSeconds": p.integer(180, 604_800),
                "IPSECSaLifetimeTraffic": p.integer(2_560, 4_294_967_295),
            }
        ),
        "RouteType": p.one_of("STATIC", "StaticRoute", "Policy", "Bgp"),
        "NegotiationType": p.one_of("active", "passive", "flowTrigger"),
        "EnableHealthCheck": p.boolean,
        "HealthCheckLocalIp": p.address,
        "HealthCheckRemoteIp": p.address,
        "HealthCheckConfig": p.Shape(
            {
                "ProbeType": p.one_of("NQA"),
                "ProbeInterval": p.integer(1_000, 5_000),
                "ProbeThreshold": p.integer(3, 8),
                "ProbeTimeout": p.integer(10, 5_000),
            }
        ),
        "DpdEnable": p.integer(0, 1),
        "DpdTimeout": p.matching(r"[0-9]{1,5}"),
        "DpdAction": p.one_of("clear", "restart"),
        "BgpConfig": p.Shape(
            {"TunnelCidr": p.cidr, "LocalBgpIp": p.address, "RemoteBgpIp": p.address},
            required=("TunnelCidr", "LocalBgpIp", "RemoteBgpIp"),
        ),
    },
    required=("VpnGatewayId", "CustomerGatewayId", "VpnConnectionName", "PreShareKey"),
)

"""What stands in the local VPC at the start: wire fields as the API shows them.

Some numbers travel as strings, some fields are null, and one tunnel's name and tag are hostile.
"""

from typing import Any

CANARY_PSK = "canary-psk-Zq81vTn4-never-show-this"
MAIN_REGION = "ap-guangzhou"
MAIN_GATEWAY = "vpngw-7lcl5331"
MAIN_TUNNEL = "vpnx-p0j11j28"
DOWN_TUNNEL = "vpnx-d0wn4f22"
PENDING_TUNNEL = "vpnx-pend1ng0"
DELETING_TUNNEL = "vpnx-de1et1ng"
HOSTILE_TUNNEL = "vpnx-h0st11e5"
CCN_GATEWAY = "vpngw-ccn0q2w8"
CCN_TUNNEL = "vpnx-ccn8x2k1"
SAFE_GATEWAY = "vpngw-5afe0pay"
PROTECTED_TUNNEL = "vpnx-pr0t3ct5"
FAR_REGION = "ap-singapore"
FAR_GATEWAY = "vpngw-5sgpx0a1"
FAR_TUNNEL = "vpnx-sgp7k3m9"

Fields = dict[str, Any]


def tunnel_fields(tunnel_id: str, gateway: Fields, **overrides: Any) -> Fields:
    """A tunnel of this gateway, AVAILABLE and up, with `overrides` in place of the usual fields."""
    return {
        "VpnConnectionId": tunnel_id,
        "VpnConnectionName": f"tunnel-{tunnel_id.removeprefix('vpnx-')}",
        "VpcId": gateway["VpcId"],
        "VpnGatewayId": gateway["VpnGatewayId"],
        "CustomerGatewayId": "cgw-2wqq41m9",
        "PreShareKey": CANARY_PSK,
        "VpnProto": "IPSEC",
        "EncryptProto": "IKE",
        "RouteType": "Policy",
        "NegotiationType": "active",
        "CreatedTime": "2024-03-05 10:02:17",
        "State": "AVAILABLE",
        "NetStatus": "AVAILABLE",
        "SecurityPolicyDatabaseSet": [
            {"LocalCidrBlock": "10.0.0.0/16", "RemoteCidrBlock": ["172.16.0.0/16", "172.17.0.0/16"]},
            {"LocalCidrBlock": "10.1.0.0/16", "RemoteCidrBlock": ["172.16.0.0/16"]},
        ],
        "IKEOptionsSpecification": {
            "IKEVersion": "IKEV2",
            "PropoEncryAlgorithm": "AES-CBC-256",
            "PropoAuthenAlgorithm": "SHA-256",
            "ExchangeMode": "MAIN",
            "DhGroupName": "GROUP14",
            "LocalIdentity": "ADDRESS",
            "LocalAddress": gateway["PublicIpAddress"],
            "RemoteIdentity": "ADDRESS",
            "RemoteAddress": "198.51.100.20",
            "IKESaLifetimeSeconds": 86400,
        },
        "IPSECOptionsSpecification": {
            "EncryptAlgorithm": "AES-CBC-256",
            "IntegrityAlgorith": "SHA-256",
            "PfsDhGroup": "DH-GROUP14",
            "IPSECSaLifetimeSeconds": "14400",
            "IPSECSaLifetimeTraffic": 4096000000,
        },
        "EnableHealthCheck": True,
        "HealthCheckLocalIp": "169.254.128.10",
        "HealthCheckRemoteIp": "169.254.128.11",
        "HealthCheckStatus": "AVAILABLE",
        "HealthCheckConfig": {
            "ProbeType": "NQA",
            "ProbeInterval": 5000,
            "ProbeThreshold": 3,
            "ProbeTimeout": "150",
        },
        "DpdEnable": "1",
        "DpdTimeout": "30",
        "DpdAction": "restart",
        "TagSet": [{"Key": "env", "Value": "prod"}, {"Key": "team", "Value": "network"}],
        "BgpConfig": None,
        **overrides,
    }


def _gateway(gateway_id: str, name: str, **overrides: Any) -> Fields:
    return {
        "VpnGatewayId": gateway_id,
        "VpnGatewayName": name,
        "VpcId": "vpc-0a36uwkr",
        "Type": "IPSEC",
        "State": "AVAILABLE",
        "PublicIpAddress": "203.0.113.10",
        "InstanceChargeType": "POSTPAID_BY_HOUR",
        "InternetMaxBandwidthOut": "100",
        "CreatedTime": "2024-03-05 09:12:44",
        "Zone": "ap-guangzhou-2",
        "NetworkInstanceId": "",
        "BgpAsn": 64551,
        "TagSet": [],
        **overrides,
    }


def _customer_gateway(customer_gateway_id: str, name: str, ip_address: str) -> Fields:
    return {
        "CustomerGatewayId": customer_gateway_id,
        "CustomerGatewayName": name,
        "IpAddress": ip_address,
        "CreatedTime": "2024-03-05 09:20:31",
        "BgpAsn": "65530",
        "TagSet": [],
    }


def _tunnel(tunnel_id: str, name: str, **overrides: Any) -> Fields:
    return {"VpnConnectionId": tunnel_id, "VpnConnectionName": name, **overrides}


def _route(destination: str, instance_id: str, **overrides: Any) -> Fields:
    return {
        "DestinationCidrBlock": destination,
        "InstanceType": "VPNCONN",
        "InstanceId": instance_id,
        "Priority": 0,
        "Status": "ENABLE",
        "RouteId": f"vpnr-{destination.split('/')[0].replace('.', ''):0>8}",
        "Type": "Static",
        **overrides,
    }


GATEWAYS = (
    (MAIN_REGION, _gateway(MAIN_GATEWAY, "guangzhou-prod")),
    (
        MAIN_REGION,
        _gateway(
            CCN_GATEWAY,
            "ccn-backbone",
            Type="CCN",
            VpcId="",
            NetworkInstanceId="ccn-gree226l",
            PublicIpAddress="203.0.113.11",
        ),
    ),
    (MAIN_REGION, _gateway(SAFE_GATEWAY, "payments", PublicIpAddress="203.0.113.13")),
    (
        FAR_REGION,
        _gateway(
            FAR_GATEWAY,
            "singapore-edge",
            VpcId="vpc-9f8s7d6a",
            Zone="ap-singapore-1",
            PublicIpAddress="203.0.113.12",
        ),
    ),
)
CUSTOMER_GATEWAYS = (
    (MAIN_REGION, _customer_gateway("cgw-2wqq41m9", "hq-datacentre", "198.51.100.20")),
    (MAIN_REGION, _customer_gateway("cgw-mgp33pll", "branch-office", "198.51.100.21")),
    (FAR_REGION, _customer_gateway("cgw-l4rblw63", "singapore-partner", "198.51.100.22")),
)
TUNNELS = (
    (MAIN_GATEWAY, _tunnel(MAIN_TUNNEL, "guangzhou-to-hq")),
    (
        MAIN_GATEWAY,
        _tunnel(
            DOWN_TUNNEL,
            "branch-backup",
            CustomerGatewayId="cgw-mgp33pll",
            NetStatus="UNAVAILABLE",
            HealthCheckStatus="UNAVAILABLE",
            SecurityPolicyDatabaseSet=[
                {"LocalCidrBlock": "10.0.0.0/16", "RemoteCidrBlock": ["172.20.0.0/16"]}
            ],
        ),
    ),
    (MAIN_GATEWAY, _tunnel(PENDING_TUNNEL, "being-created", State="PENDING", NetStatus="UNAVAILABLE")),
    (MAIN_GATEWAY, _tunnel(DELETING_TUNNEL, "being-deleted", State="DELETING", NetStatus="UNAVAILABLE")),
    (
        MAIN_GATEWAY,
        _tunnel(
            HOSTILE_TUNNEL,
            "<!channel> & <@U1>",
            TagSet=[{"Key": "*owner*", "Value": "<https://example.com|click> `me` :fire:"}],
        ),
    ),
    (
        CCN_GATEWAY,
        _tunnel(
            CCN_TUNNEL,
            "backbone-bgp",
            CustomerGatewayId="cgw-mgp33pll",
            RouteType="Bgp",
            SecurityPolicyDatabaseSet=[],
            BgpConfig={
                "TunnelCidr": "169.254.128.0/30",
                "LocalBgpIp": "169.254.128.1",
                "RemoteBgpIp": "169.254.128.2",
                "LocalBgpAsn": "64551",
                "RemoteBgpAsn": "65530",
            },
        ),
    ),
    (
        SAFE_GATEWAY,
        _tunnel(
            PROTECTED_TUNNEL,
            "payments-to-bank",
            CustomerGatewayId="cgw-mgp33pll",
            TagSet=[{"Key": "vpn-bot:protect", "Value": "true"}],
        ),
    ),
    (FAR_GATEWAY, _tunnel(FAR_TUNNEL, "singapore-partner", CustomerGatewayId="cgw-l4rblw63")),
)
ROUTES = {
    MAIN_GATEWAY: (
        _route("172.16.0.0/16", MAIN_TUNNEL),
        _route("172.17.0.0/16", MAIN_TUNNEL, Priority="100"),
        _route("172.20.0.0/16", PENDING_TUNNEL, Status="DISABLE"),
    ),
    CCN_GATEWAY: (
        _route("172.31.0.0/16", CCN_TUNNEL, Type="BGP"),
        _route("10.8.0.0/16", "ccn-gree226l", InstanceType="CCN", Type="CCN"),
    ),
}

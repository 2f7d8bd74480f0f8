"""What stands in the local VPC at the start; one tunnel's name and tag are hostile."""

from typing import Any

from bot.rehearsal.vpc_fields import (
    Fields,
    ccn_route_fields,
    customer_gateway_fields,
    gateway_fields,
    route_fields,
)

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


def _tunnel(tunnel_id: str, name: str, **overrides: Any) -> Fields:
    return {"VpnConnectionId": tunnel_id, "VpnConnectionName": name, **overrides}


GATEWAYS = (
    (MAIN_REGION, gateway_fields(MAIN_GATEWAY, "guangzhou-prod")),
    (
        MAIN_REGION,
        gateway_fields(
            CCN_GATEWAY,
            "ccn-backbone",
            Type="CCN",
            VpcId="",
            NetworkInstanceId="ccn-gree226l",
            PublicIpAddress="203.0.113.11",
        ),
    ),
    (MAIN_REGION, gateway_fields(SAFE_GATEWAY, "payments", PublicIpAddress="203.0.113.13", Version="3.0")),
    (
        FAR_REGION,
        gateway_fields(
            FAR_GATEWAY,
            "singapore-edge",
            VpcId="vpc-9f8s7d6a",
            Zone="ap-singapore-1",
            PublicIpAddress="203.0.113.12",
        ),
    ),
)
CUSTOMER_GATEWAYS = (
    (MAIN_REGION, customer_gateway_fields("cgw-2wqq41m9", "hq-datacentre", "198.51.100.20")),
    (MAIN_REGION, customer_gateway_fields("cgw-mgp33pll", "branch-office", "198.51.100.21")),
    (FAR_REGION, customer_gateway_fields("cgw-l4rblw63", "singapore-partner", "198.51.100.22")),
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
            IPSECOptionsSpecification={
                "EncryptAlgorithm": "AES-CBC-128",
                "IntegrityAlgorith": None,
                "IntegrityAlgorithm": "SHA-512",
                "PfsDhGroup": "NULL",
                "IPSECSaLifetimeSeconds": 3600,
                "IPSECSaLifetimeTraffic": 1843200,
            },
            DpdAction="clear",
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
        route_fields("172.16.0.0/16", MAIN_TUNNEL, Description="to the <office>"),
        route_fields("172.17.0.0/16", MAIN_TUNNEL, Priority="100"),
        route_fields("172.20.0.0/16", PENDING_TUNNEL, Status="DISABLE"),
    ),
    CCN_GATEWAY: (
        route_fields("172.31.0.0/16", CCN_TUNNEL, Type="BGP"),
        route_fields("10.8.0.0/16", "ccn-gree226l", InstanceType="CCN", Type="CCN"),
    ),
}
# What a Cloud Connect Network sends to its gateway; through which tunnel it goes on, the API doesn't show.
CCN_ROUTES: dict[str, tuple[Fields, ...]] = {
    CCN_GATEWAY: (
        ccn_route_fields("172.31.0.0/16"),
        ccn_route_fields("192.168.40.0/24", "DISABLE"),
    ),
}

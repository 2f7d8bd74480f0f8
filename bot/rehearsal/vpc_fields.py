"""The wire fields of what stands in the local VPC, as the newest API shows them.

Some numbers travel as strings and some fields are null, as they do from the cloud.
"""

from typing import Any

CANARY_PSK = "canary-psk-Zq81vTn4-never-show-this"

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
            "IntegrityAlgorithm": "SHA-256",
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


def gateway_fields(gateway_id: str, name: str, **overrides: Any) -> Fields:
    """A gateway, of a VPC unless `overrides` say otherwise."""
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
        "Version": "4.0",
        "RestrictState": "NORMAL",
        "BgpAsn": 64551,
        "TagSet": [],
        **overrides,
    }


def customer_gateway_fields(customer_gateway_id: str, name: str, ip_address: str) -> Fields:
    """The other end of tunnels."""
    return {
        "CustomerGatewayId": customer_gateway_id,
        "CustomerGatewayName": name,
        "IpAddress": ip_address,
        "CreatedTime": "2024-03-05 09:20:31",
        "BgpAsn": "65530",
        "TagSet": [],
    }


def route_fields(destination: str, instance_id: str, **overrides: Any) -> Fields:
    """A gateway's route to this next hop, a tunnel unless `overrides` say otherwise."""
    return {
        "DestinationCidrBlock": destination,
        "InstanceType": "VPNCONN",
        "InstanceId": instance_id,
        "Priority": 0,
        "Status": "ENABLE",
        "RouteId": f"vpnr-{destination.split('/')[0].replace('.', ''):0>8}",
        "Type": "Static",
        "CreateTime": "2024-03-05 10:12:40",
        "UpdateTime": "2024-03-05 10:12:40",
        "Description": "",
        **overrides,
    }


def ccn_route_fields(destination: str, status: str = "ENABLE") -> Fields:
    """A route by which a Cloud Connect Network reaches a gateway; it names no tunnel."""
    route_id = f"vpnr-{destination.split('/')[0].replace('.', ''):c>8}"
    return {"RouteId": route_id, "Status": status, "DestinationCidrBlock": destination}


def in_old_form(fields: Fields) -> Fields:
    """A tunnel or a route as the API showed it before 2024: without what it has shown since."""
    kept = {name: value for name, value in fields.items() if name not in _NEW_FIELDS}
    if isinstance(ipsec := kept.get("IPSECOptionsSpecification"), dict):
        algorithm = ipsec.get("IntegrityAlgorith") or ipsec.get("IntegrityAlgorithm")
        older = {name: value for name, value in ipsec.items() if name != "IntegrityAlgorithm"}
        kept["IPSECOptionsSpecification"] = {**older, "IntegrityAlgorith": algorithm}
    return kept


_NEW_FIELDS = frozenset({"BgpConfig", "HealthCheckConfig", "Description"})

"""The actions that the local VPC knows: what each takes and what each does to the world."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.rehearsal import vpc_params as p
from bot.rehearsal.vpc_faults import ApiError
from bot.rehearsal.vpc_world import Resource, World

Params = Mapping[str, Any]
Answer = dict[str, Any]

TUNNEL_FILTERS = {
    "vpc-id": "VpcId",
    "vpn-gateway-id": "VpnGatewayId",
    "customer-gateway-id": "CustomerGatewayId",
    "vpn-connection-name": "VpnConnectionName",
    "vpn-connection-id": "VpnConnectionId",
}
GATEWAY_FILTERS = {
    "vpc-id": "VpcId",
    "vpn-gateway-id": "VpnGatewayId",
    "vpn-gateway-name": "VpnGatewayName",
    "type": "Type",
    "public-ip-address": "PublicIpAddress",
    "zone": "Zone",
}
CUSTOMER_GATEWAY_FILTERS = {
    "customer-gateway-id": "CustomerGatewayId",
    "customer-gateway-name": "CustomerGatewayName",
    "ip-address": "IpAddress",
}
ROUTE_FILTERS = {
    "DestinationCidr": "DestinationCidrBlock",
    "InstanceId": "InstanceId",
    "InstanceType": "InstanceType",
}


@dataclass(frozen=True, slots=True)
class Action:
    """One action: the shape of its parameters, and what it does once they fit (may raise ApiError)."""

    shape: p.Shape
    run: Callable[[World, str, Params], Answer]


def _describe_tunnels(world: World, region: str, params: Params) -> Answer:
    found = _select(world.tunnels, region, params, "VpnConnectionIds", TUNNEL_FILTERS)
    return _page(found, params, "VpnConnectionSet")


def _describe_gateways(world: World, region: str, params: Params) -> Answer:
    found = _select(world.gateways, region, params, "VpnGatewayIds", GATEWAY_FILTERS)
    return _page(found, params, "VpnGatewaySet")


def _describe_customer_gateways(world: World, region: str, params: Params) -> Answer:
    found = _select(world.customer_gateways, region, params, "CustomerGatewayIds", CUSTOMER_GATEWAY_FILTERS)
    return _page(found, params, "CustomerGatewaySet")


def _describe_routes(world: World, region: str, params: Params) -> Answer:
    gateway = _find(world.gateways, region, params["VpnGatewayId"])
    routes = [
        route
        for route in world.routes.get(gateway["VpnGatewayId"], ())
        if route["InstanceType"] != "VPNCONN" or route["InstanceId"] in world.tunnels
    ]
    return _page(_filtered(routes, params, ROUTE_FILTERS), params, "Routes")


def _delete_tunnel(world: World, region: str, params: Params) -> Answer:
    tunnel = _find(world.tunnels, region, params["VpnConnectionId"])
    gateway = _find(world.gateways, region, params["VpnGatewayId"])
    if tunnel["VpnGatewayId"] != gateway["VpnGatewayId"]:
        raise _not_found(f"{tunnel['VpnConnectionId']} on {gateway['VpnGatewayId']}")
    if tunnel["State"] in {"PENDING", "DELETING"}:
        raise ApiError(
            "UnsupportedOperation.DeleteVpnConnInvalidState", f"The tunnel is in state {tunnel['State']}."
        )
    world.start_deletion(tunnel["VpnConnectionId"])
    return {}


def _create_tunnel(world: World, region: str, params: Params) -> Answer:
    gateway = _find(world.gateways, region, params["VpnGatewayId"])
    _find(world.customer_gateways, region, params["CustomerGatewayId"])
    if gateway["VpcId"] and "VpcId" not in params:
        raise p.missing("VpcId")
    if params.get("VpcId", "") != gateway["VpcId"]:
        raise p.invalid("VpcId", "is not the gateway's")
    if params.get("RouteType") == "Bgp" and "BgpConfig" not in params:
        raise p.missing("BgpConfig")
    fields = {"RouteType": "STATIC", "DpdEnable": 0, "EnableHealthCheck": False, **params}
    fields["SecurityPolicyDatabaseSet"] = fields.pop("SecurityPolicyDatabases", [])
    fields["TagSet"] = fields.pop("Tags", [])
    created = datetime.fromtimestamp(world.clock(), UTC).strftime("%Y-%m-%d %H:%M:%S")
    tunnel_id = world.add_tunnel(
        fields.pop("VpnGatewayId"), CreatedTime=created, NetStatus="UNAVAILABLE", **fields
    )
    return {"VpnConnection": world.tunnels[tunnel_id].fields}


def _find(resources: Mapping[str, Resource], region: str, resource_id: str) -> dict[str, Any]:
    found = resources.get(resource_id)
    if found is None or found.region != region:
        raise _not_found(resource_id)
    return found.fields


def _not_found(what: str) -> ApiError:
    return ApiError("ResourceNotFound", f"The resource {what} does not exist.")


def _select(
    resources: Mapping[str, Resource],
    region: str,
    params: Params,
    ids_parameter: str,
    names: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The resources asked for by id (one missing id fails them all) or by filter, in this region."""
    if ids_parameter in params:
        if "Filters" in params:
            raise ApiError("InvalidParameter.Coexist", f"Give either {ids_parameter} or Filters, not both.")
        return [_find(resources, region, resource_id) for resource_id in params[ids_parameter]]
    here = (resource.fields for resource in resources.values() if resource.region == region)
    return _filtered(here, params, names)


def _filtered(
    rows: Iterable[dict[str, Any]], params: Params, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    wanted = [(names[one["Name"]], one["Values"]) for one in params.get("Filters", ())]
    return [row for row in rows if all(row[field] in values for field, values in wanted)]


def _page(rows: list[dict[str, Any]], params: Params, name: str) -> Answer:
    start = params.get("Offset", 0)
    return {"TotalCount": len(rows), name: rows[start : start + params.get("Limit", 20)]}


_PAGE: dict[str, p.Check] = {"Offset": p.integer(0, 10**9), "Limit": p.integer(1, 100)}
_NEW_TUNNEL = p.Shape(
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
                "PropoEncryAlgorithm": p.text,
                "PropoAuthenAlgorithm": p.text,
                "ExchangeMode": p.one_of("AGGRESSIVE", "MAIN"),
                "DhGroupName": p.text,
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
                "EncryptAlgorithm": p.text,
                "IntegrityAlgorith": p.text,
                "PfsDhGroup": p.text,
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

ACTIONS = {
    "DescribeVpnConnections": Action(
        p.Shape({"VpnConnectionIds": p.ids("vpnx"), "Filters": p.filters(*TUNNEL_FILTERS), **_PAGE}),
        _describe_tunnels,
    ),
    "DescribeVpnGateways": Action(
        p.Shape({"VpnGatewayIds": p.ids("vpngw"), "Filters": p.filters(*GATEWAY_FILTERS), **_PAGE}),
        _describe_gateways,
    ),
    "DescribeCustomerGateways": Action(
        p.Shape(
            {"CustomerGatewayIds": p.ids("cgw"), "Filters": p.filters(*CUSTOMER_GATEWAY_FILTERS), **_PAGE}
        ),
        _describe_customer_gateways,
    ),
    "DescribeVpnGatewayRoutes": Action(
        p.Shape(
            {"VpnGatewayId": p.identifier("vpngw"), "Filters": p.filters(*ROUTE_FILTERS), **_PAGE},
            required=("VpnGatewayId",),
        ),
        _describe_routes,
    ),
    "DeleteVpnConnection": Action(
        p.Shape(
            {"VpnGatewayId": p.identifier("vpngw"), "VpnConnectionId": p.identifier("vpnx")},
            required=("VpnGatewayId", "VpnConnectionId"),
        ),
        _delete_tunnel,
    ),
    "CreateVpnConnection": Action(_NEW_TUNNEL, _create_tunnel),
}

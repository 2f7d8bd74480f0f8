"""The actions that the local VPC knows: what each takes and what each does to the world."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.rehearsal import vpc_params as p
from bot.rehearsal.vpc_faults import ApiError
from bot.rehearsal.vpc_new_tunnel import NEW_TUNNEL, create_tunnel
from bot.rehearsal.vpc_world import Resource, World, not_found

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
    if world.forbidden.intersection(params.get("VpnConnectionIds", ())):
        raise ApiError("UnauthorizedOperation", "You are not authorized to perform this operation.")
    found = _select(world, world.tunnels, region, params, "VpnConnectionIds", TUNNEL_FILTERS)
    return _page([world.shown(tunnel) for tunnel in found], params, "VpnConnectionSet")


def _describe_gateways(world: World, region: str, params: Params) -> Answer:
    found = _select(world, world.gateways, region, params, "VpnGatewayIds", GATEWAY_FILTERS)
    return _page(found, params, "VpnGatewaySet")


def _describe_customer_gateways(world: World, region: str, params: Params) -> Answer:
    found = _select(
        world, world.customer_gateways, region, params, "CustomerGatewayIds", CUSTOMER_GATEWAY_FILTERS
    )
    return _page(found, params, "CustomerGatewaySet")


def _describe_routes(world: World, region: str, params: Params) -> Answer:
    gateway = world.find(world.gateways, region, params["VpnGatewayId"])
    routes = [
        route
        for route in world.routes.get(gateway["VpnGatewayId"], ())
        if route["InstanceType"] != "VPNCONN" or route["InstanceId"] in world.tunnels
    ]
    found = _filtered(routes, params, ROUTE_FILTERS)
    return _page([world.shown(route) for route in found], params, "Routes")


def _describe_ccn_routes(world: World, region: str, params: Params) -> Answer:
    """Documented for gateways of a Cloud Connect Network; what others get is our guess."""
    gateway = world.find(world.gateways, region, params["VpnGatewayId"])
    if gateway["Type"] not in {"CCN", "SSL_CCN"}:
        raise ApiError("UnsupportedOperation", f"{gateway['VpnGatewayId']} is no gateway of a CCN.")
    return _page(list(world.ccn_routes.get(gateway["VpnGatewayId"], ())), params, "RouteSet")


def _delete_tunnel(world: World, region: str, params: Params) -> Answer:
    tunnel = world.find(world.tunnels, region, params["VpnConnectionId"])
    gateway = world.find(world.gateways, region, params["VpnGatewayId"])
    if tunnel["VpnGatewayId"] != gateway["VpnGatewayId"]:
        raise not_found(f"{tunnel['VpnConnectionId']} on {gateway['VpnGatewayId']}")
    if world.is_occupied(tunnel["VpnConnectionId"]):
        raise ApiError(
            "UnsupportedOperation.DeleteVpnConnInvalidState", f"The tunnel is in state {tunnel['State']}."
        )
    world.start_deletion(tunnel["VpnConnectionId"])
    return {}


def _select(
    world: World,
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
        return [world.find(resources, region, resource_id) for resource_id in params[ids_parameter]]
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
    "DescribeVpnGatewayCcnRoutes": Action(
        p.Shape({"VpnGatewayId": p.identifier("vpngw"), **_PAGE}, required=("VpnGatewayId",)),
        _describe_ccn_routes,
    ),
    "DeleteVpnConnection": Action(
        p.Shape(
            {"VpnGatewayId": p.identifier("vpngw"), "VpnConnectionId": p.identifier("vpnx")},
            required=("VpnGatewayId", "VpnConnectionId"),
        ),
        _delete_tunnel,
    ),
    "CreateVpnConnection": Action(NEW_TUNNEL, create_tunnel),
}

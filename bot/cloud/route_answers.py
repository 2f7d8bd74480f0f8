"""The routes in the cloud's answers. Source: VPC 2017-03-12, VpnGatewayRoute and VpngwCcnRoutes."""

from collections.abc import Mapping

from bot.cloud import lenient
from bot.cloud.answers import Page
from bot.domain.ccn import CcnRoute
from bot.domain.model import Route


def routes(fields: Mapping[str, object]) -> Page[Route]:
    """The routes in a page of DescribeVpnGatewayRoutes.

    Raises OutcomeUnknown when one can't be read: it may point at the tunnel that is asked about.
    """
    entries, total_count = lenient.entries(fields, "Routes", "routes")
    request_id = str(fields["RequestId"])
    by_id = {lenient.text(entry.get("RouteId")) or repr(entry): _route(entry) for entry in entries}
    if not all(route.destination and route.instance_id for route in by_id.values()):
        raise lenient.unreadable_entry("a route has no destination or no next hop", request_id)
    return Page(items=by_id, total_count=total_count, request_id=request_id)


def ccn_routes(fields: Mapping[str, object]) -> Page[CcnRoute]:
    """The routes in a page of DescribeVpnGatewayCcnRoutes.

    Raises OutcomeUnknown when one can't be read: it may lead through the tunnel that is asked about.
    """
    entries, total_count = lenient.entries(fields, "RouteSet", "CCN routes")
    request_id = str(fields["RequestId"])
    by_id = {lenient.text(entry.get("RouteId")) or repr(entry): _ccn_route(entry) for entry in entries}
    if not all(route.destination for route in by_id.values()):
        raise lenient.unreadable_entry("a CCN route has no destination", request_id)
    return Page(items=by_id, total_count=total_count, request_id=request_id)


def _ccn_route(fields: Mapping[str, object]) -> CcnRoute:
    return CcnRoute(
        destination=lenient.text(fields.get("DestinationCidrBlock")),
        status=lenient.text(fields.get("Status")),
    )


_NOTHING: tuple[object, ...] = (None, "", [], {})
# What a route is made again with, and what only the cloud can give it.
_READ = frozenset(
    {"DestinationCidrBlock", "InstanceType", "InstanceId", "Priority", "Status", "Type", "Description"}
)
_ITS_OWN = frozenset({"RouteId", "CreateTime", "UpdateTime"})


def _not_read(fields: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the fields that hold something: those that aren't known, and those that can't be read."""
    held = sorted(name for name in fields if name not in _ITS_OWN and fields[name] not in _NOTHING)
    odd = [name for name in held if isinstance(fields[name], dict | list) or _is_odd(name, fields[name])]
    return tuple(name for name in held if name not in _READ and name not in odd), tuple(odd)


def _is_odd(name: str, value: object) -> bool:
    if name == "Priority":
        return lenient.count(value) is None
    return name in _READ and not lenient.text(value)


def _route(fields: Mapping[str, object]) -> Route:
    unknown, odd = _not_read(fields)
    return Route(
        destination=lenient.text(fields.get("DestinationCidrBlock")),
        instance_type=lenient.text(fields.get("InstanceType")),
        instance_id=lenient.text(fields.get("InstanceId")),
        priority=lenient.count(fields.get("Priority")),
        status=lenient.text(fields.get("Status")),
        kind=lenient.text(fields.get("Type")),
        description=lenient.text(fields.get("Description")),
        unknown=unknown,
        odd=odd,
    )

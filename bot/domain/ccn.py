"""The routes by which a Cloud Connect Network sends traffic to a VPN gateway.

Source: VPC 2017-03-12, DescribeVpnGatewayCcnRoutes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from bot.domain.model import Tunnel


@dataclass(frozen=True, slots=True, kw_only=True)
class CcnRoute:
    """One of them: where it leads, and ENABLE or DISABLE. It says nothing of a tunnel."""

    destination: str
    status: str


def on_ccn(tunnel: Tunnel) -> bool:
    """Whether its gateway belongs to a Cloud Connect Network: then the cloud shows no VPC."""
    return not tunnel.vpc_id


def may_pass(tunnel: Tunnel, routes: Iterable[CcnRoute]) -> tuple[CcnRoute, ...]:
    """Those whose traffic may go through this tunnel.

    A tunnel of policies carries what they name and nothing else. For any other, all of them may.
    """
    remote = [cidr for policy in tunnel.policies for cidr in policy.remote_cidrs]
    by_policy = tunnel.route_type.lower() == "policy" and "SecurityPolicyDatabaseSet" not in tunnel.odd
    if not by_policy or not remote:
        return tuple(routes)
    return tuple(route for route in routes if any(_overlap(route.destination, cidr) for cidr in remote))


def _overlap(one: str, other: str) -> bool:
    """Whether an address can be in both; what can't be read may hold any."""
    try:
        return ip_network(one, strict=False).overlaps(ip_network(other, strict=False))
    except ValueError:
        return True

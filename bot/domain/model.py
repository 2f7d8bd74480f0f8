"""The values that the rooms pass to each other, all frozen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPolicy:
    """One entry of SecurityPolicyDatabaseSet: a local CIDR block and the remote ones that it may talk to."""

    local_cidr: str
    remote_cidrs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """One VPN tunnel (the API's VpnConnection) as DescribeVpnConnections showed it.

    Strings are the cloud's own words, foreign and unescaped; "" where the cloud left a field out.
    The PreShareKey never enters it.
    """

    tunnel_id: str
    gateway_id: str
    name: str = ""
    vpc_id: str = ""
    customer_gateway_id: str = ""
    state: str = ""
    net_status: str = ""
    health_check_enabled: bool | None = None
    health_check_status: str = ""
    route_type: str = ""
    created_time: str = ""
    policies: tuple[SecurityPolicy, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def carries_traffic(self) -> bool | None:
        """Whether the tunnel is up now; None when the cloud didn't say."""
        if not self.state or not self.net_status:
            return None
        return self.state == "AVAILABLE" and self.net_status == "AVAILABLE"

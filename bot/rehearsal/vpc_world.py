"""The gateways, tunnels and routes of the local VPC, and direct access to them for tests and the demo."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bot.rehearsal import vpc_seed as seed
from bot.rehearsal.vpc_faults import ApiError
from bot.rehearsal.vpc_fields import in_old_form, tunnel_fields
from bot.rehearsal.vpc_seed import MAIN_GATEWAY


class Resource(NamedTuple):
    """One thing in one region; `fields` is what goes over the wire, replaced and never changed in place."""

    region: str
    fields: dict[str, Any]


class World:
    """All that the account owns. Every method is safe to call from any thread.

    `clock` gives epoch seconds; a deleted tunnel is gone `delete_takes_s` seconds later by that clock.
    old_form: show, and take, what the API did before 2024.
    """

    old_form = False

    def __init__(self, *, clock: Callable[[], float], delete_takes_s: float) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self.gateways: dict[str, Resource] = {}
        self.customer_gateways: dict[str, Resource] = {}
        self.tunnels: dict[str, Resource] = {}
        self.routes = seed.ROUTES
        self.ccn_routes = seed.CCN_ROUTES
        self._delete_takes_s = delete_takes_s
        self._leaving: deque[tuple[float, str]] = deque()
        self._stuck: set[str] = set()
        self.forbidden: set[str] = set()
        self._occupied: set[str] = set()
        self._made = 0
        for region, fields in seed.GATEWAYS:
            self.gateways[fields["VpnGatewayId"]] = Resource(region, fields)
        for region, fields in seed.CUSTOMER_GATEWAYS:
            self.customer_gateways[fields["CustomerGatewayId"]] = Resource(region, fields)
        for gateway_id, fields in seed.TUNNELS:
            self.add_tunnel(gateway_id, **fields)

    def find(self, resources: Mapping[str, Resource], region: str, resource_id: str) -> dict[str, Any]:
        """The wire fields of one of these; ApiError where it isn't in this region."""
        found = resources.get(resource_id)
        if found is None or found.region != region:
            raise not_found(resource_id)
        return found.fields

    def shown(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A tunnel or a route in the form in which the API shows it now."""
        return in_old_form(fields) if self.old_form else fields

    def settle(self) -> None:
        """Take away the tunnels whose deletion has ended by now."""
        with self.lock:
            while self._leaving and self._leaving[0][0] <= self.clock():
                tunnel_id = self._leaving.popleft()[1]
                found = self.tunnels.get(tunnel_id)
                if found and found.fields["State"] == "DELETING" and tunnel_id not in self._stuck:
                    del self.tunnels[tunnel_id]

    def start_deletion(self, tunnel_id: str) -> None:
        """Put a tunnel into DELETING; it will be gone in due time."""
        with self.lock:
            self.set_state(tunnel_id, State="DELETING", NetStatus="UNAVAILABLE")
            self._leaving.append((self.clock() + self._delete_takes_s, tunnel_id))

    def add_tunnel(self, gateway_id: str = MAIN_GATEWAY, **overrides: Any) -> str:
        """Add a tunnel to a gateway, AVAILABLE and up unless `overrides` (wire fields) say otherwise."""
        with self.lock:
            region, gateway = self.gateways[gateway_id]
            self._made += 1
            fields = tunnel_fields(f"vpnx-{self._made:08x}", gateway, **overrides)
            self.tunnels[fields["VpnConnectionId"]] = Resource(region, fields)
            return str(fields["VpnConnectionId"])

    def add_tunnels(self, count: int, gateway_id: str = MAIN_GATEWAY) -> list[str]:
        """Add `count` tunnels to one gateway."""
        return [self.add_tunnel(gateway_id) for _ in range(count)]

    def exists(self, tunnel_id: str) -> bool:
        """Whether the tunnel is there, in whatever state."""
        with self.lock:
            self.settle()
            return tunnel_id in self.tunnels

    def describe(self, tunnel_id: str) -> dict[str, Any]:
        """The tunnel's wire fields, its PreShareKey included; KeyError if it is gone."""
        with self.lock:
            self.settle()
            return dict(self.tunnels[tunnel_id].fields)

    def state(self, tunnel_id: str) -> str:
        """The tunnel's State; KeyError if it is gone."""
        return str(self.describe(tunnel_id)["State"])

    def set_state(self, tunnel_id: str, **fields: Any) -> None:
        """Change wire fields of a tunnel, as State="PENDING"; KeyError if it is gone."""
        with self.lock:
            self.settle()
            region, old = self.tunnels[tunnel_id]
            self.tunnels[tunnel_id] = Resource(region, {**old, **fields})

    def occupy(self, tunnel_id: str, *, occupied: bool = True) -> None:
        """Another operation runs on this tunnel, which its State doesn't show, until it is over."""
        with self.lock:
            (self._occupied.add if occupied else self._occupied.discard)(tunnel_id)

    def is_occupied(self, tunnel_id: str) -> bool:
        """Whether the cloud deletes nothing here for the time being."""
        return tunnel_id in self._occupied or self.state(tunnel_id) in {"PENDING", "DELETING"}

    def forbid(self, tunnel_id: str) -> None:
        """Let a policy deny every look at this tunnel by its id, with whatever others it is asked for."""
        with self.lock:
            self.forbidden.add(tunnel_id)

    def stick(self, tunnel_id: str) -> None:
        """Once deleted, this tunnel stays in DELETING for ever."""
        with self.lock:
            self._stuck.add(tunnel_id)


def not_found(what: str) -> ApiError:
    """The answer to an id that nothing bears."""
    return ApiError("ResourceNotFound", f"The resource {what} does not exist.")

"""A cloud that answers what a test puts up, for edges that no real one can be brought to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.cloud.answers import Accepted
from bot.domain.ccn import CcnRoute
from bot.domain.model import Route, Tunnel
from bot.errors import CloudError
from tests.ledger.opened import TUNNEL

Look = Mapping[str, Tunnel] | CloudError
Delete = str | CloudError
STANDS: Look = {TUNNEL.tunnel_id: TUNNEL}
GONE: Look = {}


@dataclass
class Cloud:
    """`look` and `delete` are what it answers now: tunnels or a RequestId, or an error that is raised.

    vanishes: what it accepts to delete is gone at once. poison: ids that every look for them fails with.
    """

    look: Look = field(default_factory=dict)
    delete: Delete = "r-1"
    regions: dict[str, Look] = field(default_factory=dict)
    looked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    vanishes: bool = False
    poison: Mapping[str, CloudError] = field(default_factory=dict)
    beside: Look | None = None
    routes: Sequence[Route] | CloudError = ()
    ccn_routes: Sequence[CcnRoute] | CloudError = ()
    ccn_asked: list[str] = field(default_factory=list)
    before_delete: Callable[[], None] = lambda: None

    def look_up(
        self,
        *,
        region: str,
        tunnel_ids: Sequence[str],
        mostly_gone: bool = False,  # noqa: ARG002  # it only spares calls
    ) -> Mapping[str, Tunnel]:
        """Like VpcClient's."""
        self.looked.append((region, tuple(tunnel_ids)))
        for tunnel_id in self.poison.keys() & set(tunnel_ids):
            raise self.poison[tunnel_id]
        return _given(self.regions.get(region, self.look))

    def list_tunnels(
        self, *, region: str, gateway_id: str = "", customer_gateway_id: str = ""
    ) -> Sequence[Tunnel]:
        """Like VpcClient's, of a whole region too; `beside` answers, or else `look`."""
        self.listed.append(gateway_id or customer_gateway_id)
        found = _given(self.beside if self.beside is not None else self.regions.get(region, self.look))
        wanted = ("gateway_id", gateway_id) if gateway_id else ("customer_gateway_id", customer_gateway_id)
        return [one for one in found.values() if not wanted[1] or getattr(one, wanted[0]) in (wanted[1], "")]

    def describe_vpn_gateway_routes(
        self,
        *,
        region: str,  # noqa: ARG002  # as VpcClient's
        gateway_id: str,  # noqa: ARG002  # likewise
    ) -> Sequence[Route]:
        """Like VpcClient's."""
        if isinstance(self.routes, CloudError):
            raise self.routes
        return self.routes

    def describe_vpn_gateway_ccn_routes(
        self,
        *,
        region: str,  # noqa: ARG002  # as VpcClient's
        gateway_id: str,
    ) -> Sequence[CcnRoute]:
        """Like VpcClient's."""
        self.ccn_asked.append(gateway_id)
        if isinstance(self.ccn_routes, CloudError):
            raise self.ccn_routes
        return self.ccn_routes

    def delete_vpn_connection(
        self, *, region: str, gateway_id: str, tunnel_id: str, check: Callable[[], None]
    ) -> Accepted:
        """Like VpcClient's: `check` is asked right before it is sent."""
        self.before_delete()
        check()
        self.deleted.append(f"{region}/{gateway_id}/{tunnel_id}")
        if isinstance(self.delete, CloudError):
            raise self.delete
        if self.vanishes and not isinstance(self.look, CloudError):
            self.look = {one: tunnel for one, tunnel in self.look.items() if one != tunnel_id}
        return Accepted(request_id=self.delete)


def _given(answer: Look) -> Mapping[str, Tunnel]:
    if isinstance(answer, CloudError):
        raise answer
    return answer

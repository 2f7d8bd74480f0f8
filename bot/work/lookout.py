"""Looking at what stands around tunnels: their gateways' routes, and the tunnels beside them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from bot.cloud.client import VpcClient
from bot.domain.ccn import CcnRoute, on_ccn
from bot.domain.model import Route, Stake, Tunnel, Unreadable
from bot.domain.risk import Surroundings, assess
from bot.errors import CloudError
from bot.work.tries import unreadable

# One list for each gateway and customer gateway; for more of them, one of the whole region is cheaper.
MOST_LISTS = 6
AT_ONCE = 4
Found = TypeVar("Found")
Made = TypeVar("Made")


class Lookout:
    """Reads what a deletion would take with it. What can't be read is Unreadable, and never raises."""

    def __init__(self, cloud: VpcClient, *, protected: Collection[str]) -> None:
        self._cloud = cloud
        self._protected = protected
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lookout")

    def around(self, region: str, tunnels: Iterable[Tunnel]) -> Mapping[str, Surroundings]:
        """What stands around each of these, by the tunnel's id; all of it is read at the same time."""
        tunnels = list(tunnels)
        gateways = sorted({tunnel.gateway_id for tunnel in tunnels})
        customers = sorted({tunnel.customer_gateway_id for tunnel in tunnels} - {""})
        asked = partial(_Beside, frozenset(tunnel.tunnel_id for tunnel in tunnels))
        reading_routes = {
            one: self._read(self._cloud.describe_vpn_gateway_routes, _by_hop, region=region, gateway_id=one)
            for one in gateways
        }
        # Only where there can be any: no other tunnel waits for them.
        on_ccns = sorted({tunnel.gateway_id for tunnel in tunnels if on_ccn(tunnel)})
        reading_ccn = {
            one: self._read(
                self._cloud.describe_vpn_gateway_ccn_routes, _as_it_is, region=region, gateway_id=one
            )
            for one in on_ccns
        }
        lists = self._cloud.list_tunnels
        if len(gateways) + len(customers) > MOST_LISTS:
            everything = self._read(lists, asked, region=region)()
            beside, beyond = dict.fromkeys(gateways, everything), dict.fromkeys(customers, everything)
        else:
            near = {one: self._read(lists, asked, region=region, gateway_id=one) for one in gateways}
            far = {one: self._read(lists, asked, region=region, customer_gateway_id=one) for one in customers}
            beside = {one: found() for one, found in near.items()}
            beyond = {one: found() for one, found in far.items()}
        routes = {one: found() for one, found in reading_routes.items()}
        ccn_routes = {one: found() for one, found in reading_ccn.items()}
        nobody = asked(Unreadable(why="not named"))
        return {
            tunnel.tunnel_id: Surroundings(
                now=beside[tunnel.gateway_id].now(tunnel.tunnel_id),
                routes=_at(routes[tunnel.gateway_id], tunnel.tunnel_id),
                gateway_healthy=beside[tunnel.gateway_id].healthy(gateway_id=tunnel.gateway_id),
                customer_healthy=beyond.get(tunnel.customer_gateway_id, nobody).healthy(
                    customer_gateway_id=tunnel.customer_gateway_id
                ),
                ccn_routes=ccn_routes[tunnel.gateway_id] if on_ccn(tunnel) else (),
            )
            for tunnel in tunnels
        }

    def stake(self, tunnel: Tunnel, around: Surroundings, leaving: Set[str]) -> Stake:
        """What deleting the tunnel puts at risk."""
        return assess(tunnel, around, leaving=leaving, protected=self._protected)

    def on_any_gateway(self, region: str, tunnel_ids: Sequence[str]) -> Mapping[str, Tunnel] | None:
        """Those of these that the cloud has, on whatever gateway; None where it doesn't tell."""
        try:
            return self._cloud.look_up(region=region, tunnel_ids=tunnel_ids)
        except CloudError:
            return None

    def close(self) -> None:
        """Begin no further read."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _read(
        self, call: Callable[..., Found], then: Callable[[Found | Unreadable], Made], **about: object
    ) -> Callable[[], Made]:
        """Begin to read; the result gives what `then` made of it, and keeps no more than that."""

        def read() -> Made:
            try:
                return then(call(**about))
            except CloudError as error:
                return then(unreadable(error))

        return self._pool.submit(read).result


class _Beside:
    """What is needed of tunnels that were read together: those that were asked for, and who is healthy.

    They may be a whole region's, so the others are let go.
    """

    def __init__(self, asked: Set[str], tunnels: Sequence[Tunnel] | Unreadable) -> None:
        self._unreadable = tunnels if isinstance(tunnels, Unreadable) else None
        known = () if isinstance(tunnels, Unreadable) else tunnels
        self._by_id = {tunnel.tunnel_id: tunnel for tunnel in known if tunnel.tunnel_id in asked}
        self._up = [(one.tunnel_id, one.gateway_id, one.customer_gateway_id) for one in known if one.healthy]
        self._healthy: dict[tuple[str, str], frozenset[str]] = {}

    def now(self, tunnel_id: str) -> Tunnel | Unreadable | None:
        """One of them; None where it isn't among them."""
        return self._unreadable or self._by_id.get(tunnel_id)

    def healthy(self, *, gateway_id: str = "", customer_gateway_id: str = "") -> frozenset[str] | Unreadable:
        """The ids of the healthy ones of this gateway or customer gateway."""
        key = (gateway_id, customer_gateway_id)
        if key not in self._healthy:
            self._healthy[key] = frozenset(
                tunnel_id
                for tunnel_id, of_gateway, of_customer in self._up
                if gateway_id in ("", of_gateway) and customer_gateway_id in ("", of_customer)
            )
        return self._unreadable or self._healthy[key]


def _as_it_is(routes: Sequence[CcnRoute] | Unreadable) -> Sequence[CcnRoute] | Unreadable:
    return routes


def _by_hop(routes: Sequence[Route] | Unreadable) -> Mapping[str, list[Route]] | Unreadable:
    if isinstance(routes, Unreadable):
        return routes
    by_hop: dict[str, list[Route]] = {}
    for route in routes:
        by_hop.setdefault(route.instance_id, []).append(route)
    return by_hop


def _at(routes: Mapping[str, list[Route]] | Unreadable, tunnel_id: str) -> Sequence[Route] | Unreadable:
    return routes if isinstance(routes, Unreadable) else routes.get(tunnel_id, [])


def passing(was: Stake, around: Surroundings) -> str:
    """Why something that was known can't be read just now, and may be in a moment: the code; "" for none."""
    parts = (
        (was.routes, around.routes),
        (was.ccn_routes, around.ccn_routes),
        (was.gateway_left, around.gateway_healthy),
        (was.customer_left, around.customer_healthy),
    )
    codes = (
        now.code for known, now in parts if known is not None and isinstance(now, Unreadable) and now.passing
    )
    return next(codes, "")

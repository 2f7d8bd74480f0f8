"""How much a deletion puts at risk, and what has changed since a card showed it."""

from collections.abc import Collection, Container, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import compress

from bot.domain.ccn import CcnRoute, may_pass
from bot.domain.model import Route, Stake, Tier, Tunnel, Unreadable
from bot.domain.text import clean

PROTECT_TAG = "vpn-bot:protect"
_NOT_PROTECTED = frozenset({"false", "no", "off", "0"})
_SHOWN = 60
STATE, NET_STATUS, HEALTH_CHECK = "State", "Net status", "Health check"  # how it runs, not what it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What was read around a tunnel.

    now: itself, as it was read with the others of its gateway; None where it wasn't among them.
    routes: those of its gateway that point at it. ccn_routes: all of its gateway, where that belongs to a
    Cloud Connect Network. The others are the ids of all healthy tunnels of its
    gateway, and of its customer gateway.
    """

    now: Tunnel | Unreadable | None
    routes: Sequence[Route] | Unreadable
    gateway_healthy: frozenset[str] | Unreadable
    customer_healthy: frozenset[str] | Unreadable
    ccn_routes: Sequence[CcnRoute] | Unreadable = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that isn't as the card showed it. before, now: foreign, unescaped; "" for nothing.

    before: None where `now` isn't to be compared with anything.
    """

    what: str
    before: str | None
    now: str


ELSEWHERE = Change(what="The tunnel is no longer on its gateway", before=None, now="")
ON_ANOTHER_GATEWAY = Change(what="The tunnel is on another gateway now", before=None, now="")
NO_LONGER_EXISTS = Change(what="The tunnel no longer exists", before=None, now="")


def assess(tunnel: Tunnel, around: Surroundings, *, leaving: Set[str], protected: Collection[str]) -> Stake:
    """What deleting this tunnel puts at risk.

    leaving: the ids of those that are deleted with it or are on their way out, which save nobody.
    protected: names of tunnels, ids of tunnels, gateways and customer gateways that may not be deleted.
    """
    routes = None if isinstance(around.routes, Unreadable) else around.routes
    ccn_routes = None if isinstance(around.ccn_routes, Unreadable) else may_pass(tunnel, around.ccn_routes)
    gateway_left = _left(tunnel, around.gateway_healthy, leaving)
    customer_left = _left(tunnel, around.customer_healthy, leaving)
    unread = tuple(_unread(tunnel, around))
    protection = tuple(_protection(tunnel, protected))
    reasons = [*_traffic(tunnel)]
    if routes:
        reasons.append("a route points at it" if len(routes) == 1 else f"{len(routes)} routes point at it")
    if ccn_routes:
        count = "a CCN route" if len(ccn_routes) == 1 else f"{len(ccn_routes)} CCN routes"
        reasons.append(f"{count} of its gateway may lead through it")
    # A DOWN one may come up again: in an outage, everything is DOWN.
    last = "it is the last healthy tunnel" if tunnel.healthy else "no other tunnel is healthy"
    if gateway_left == 0:
        reasons.append(f"{last} on {clean(tunnel.gateway_id, _SHOWN)}")
    if customer_left == 0 and tunnel.carries_traffic is not False:
        reasons.append(f"{last} to {clean(tunnel.customer_gateway_id, _SHOWN)}")
    reasons += [f"not known: {what}" for what in unread]
    risky = Tier.HIGH if reasons else Tier.LOW
    return Stake(
        tier=Tier.FORBIDDEN if protection else risky,
        reasons=(*protection, *reasons),
        routes=None if routes is None else tuple(_shown_route(route) for route in routes),
        gateway_left=gateway_left,
        customer_left=customer_left,
        unread=unread,
        ccn_routes=None if ccn_routes is None else tuple(_shown_route(route) for route in ccn_routes),
    )


def highest(tiers: Iterable[Tier]) -> Tier:
    """The tier of a card with several tunnels: that of the riskiest."""
    return max(tiers, key=list(Tier).index)


def changes(before: Tunnel, was: Stake, now: Tunnel, stake: Stake) -> tuple[Change, ...]:
    """What matters and isn't as it was on the card; that fewer are left beside it matters once none is."""
    around = (*_of_routes(was, stake), ("Risk", _reasons(was), _reasons(stake)))
    return (*own_changes(before, now), *_different(around))


def changes_since_a_try(
    before: Tunnel, was: Stake, now: Tunnel, stake: Stake, *, unclear: bool
) -> tuple[Change, ...]:
    """What speaks against a second try. The State that was waited for may have passed.

    unclear: the first one may have begun to take the tunnel down; that it came up is nobody's doing of ours.
    """
    came_up = before.carries_traffic is False and now.carries_traffic is not False
    passed = {STATE, NET_STATUS, HEALTH_CHECK} if unclear and not came_up else {STATE}
    found = ((was.routes, stake.routes), (was.ccn_routes, stake.ccn_routes))
    more = [old is not None and bool(set(new or ()) - set(old)) for old, new in found]
    last_now = any(
        left == 0 and old != 0
        for old, left in ((was.gateway_left, stake.gateway_left), (was.customer_left, stake.customer_left))
    )
    riskier = last_now or stake.tier is Tier.FORBIDDEN or set(stake.unread) - set(was.unread)
    around = (
        *compress(_of_routes(was, stake), more),
        *((("Risk", _reasons(was), _reasons(stake)),) if riskier else ()),
    )
    return (*own_changes(before, now, but=passed), *_different(around))


def own_changes(before: Tunnel, now: Tunnel, *, but: Container[str] = ()) -> tuple[Change, ...]:
    """What matters of the tunnel itself, but for what is named in `but`."""
    fields = (
        ("Gateway", before.gateway_id, now.gateway_id),
        ("Customer gateway", before.customer_gateway_id, now.customer_gateway_id),
        ("Name", before.name, now.name),
        (STATE, before.state, now.state),
        (NET_STATUS, before.net_status, now.net_status),
        (HEALTH_CHECK, _health(before), _health(now)),
        ("CIDRs", _cidrs(before), _cidrs(now)),
        ("Tags", _tags(before), _tags(now)),
        ("BGP", before.bgp, now.bgp),
        ("Created", before.created_time, now.created_time),
    )
    return _different(field for field in fields if field[0] not in but)


def _different(fields: Iterable[tuple[str, str, str]]) -> tuple[Change, ...]:
    return tuple(Change(what=what, before=old, now=new) for what, old, new in fields if old != new)


def _traffic(tunnel: Tunnel) -> Iterator[str]:
    if tunnel.carries_traffic:
        yield "it is UP"
    elif tunnel.carries_traffic is None:
        yield "it isn't known whether it carries traffic"


def _protection(tunnel: Tunnel, protected: Collection[str]) -> Iterator[str]:
    for key, value in tunnel.tags:
        if _plain(key) == PROTECT_TAG and _plain(value) not in _NOT_PROTECTED:
            yield f"it is protected by its tag {PROTECT_TAG}"
    listed = {_plain(one) for one in protected}
    for name in (tunnel.tunnel_id, tunnel.name, tunnel.gateway_id, tunnel.customer_gateway_id):
        if name and _plain(name) in listed:
            yield f"it is protected: VPN_BOT_PROTECTED lists “{clean(name, _SHOWN)}”"


def _plain(text: str) -> str:
    """As people read it: whatever its case, without what nobody sees."""
    return clean(text, len(text)).strip().lower()


def _left(tunnel: Tunnel, healthy: frozenset[str] | Unreadable, leaving: Set[str]) -> int | None:
    return None if isinstance(healthy, Unreadable) else len(healthy - leaving - {tunnel.tunnel_id})


def _unread(tunnel: Tunnel, around: Surroundings) -> Iterator[str]:
    if isinstance(around.routes, Unreadable):
        yield f"routes ({around.routes.why})"
    if isinstance(around.ccn_routes, Unreadable):
        yield f"CCN routes ({around.ccn_routes.why})"
    if isinstance(around.gateway_healthy, Unreadable):
        yield f"the gateway's other tunnels ({around.gateway_healthy.why})"
    if not tunnel.customer_gateway_id:
        yield "the customer gateway (the cloud showed none)"
    elif isinstance(around.customer_healthy, Unreadable):
        yield f"the customer gateway's other tunnels ({around.customer_healthy.why})"
    yield from (f"{name} (not shown as documented)" for name in tunnel.odd)


def _shown_route(route: Route | CcnRoute) -> str:
    enabled = route.status in ("ENABLE", "")
    return route.destination if enabled else f"{route.destination} ({route.status.lower()})"


def _health(tunnel: Tunnel) -> str:
    if not tunnel.health_check_enabled:
        return "" if tunnel.health_check_enabled is None else "off"
    return f"on, {tunnel.health_check_status}"


def _cidrs(tunnel: Tunnel) -> str:
    pairs = (f"{one.local_cidr} → {', '.join(sorted(one.remote_cidrs))}" for one in tunnel.policies)
    return "; ".join(sorted(pairs))


def _tags(tunnel: Tunnel) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(tunnel.tags))


def _of_routes(was: Stake, stake: Stake) -> tuple[tuple[str, str, str], ...]:
    return (
        ("Routes", _destinations(was.routes), _destinations(stake.routes)),
        ("CCN routes", _destinations(was.ccn_routes), _destinations(stake.ccn_routes)),
    )


def _destinations(routes: Sequence[str] | None) -> str:
    return "not known" if routes is None else ", ".join(sorted(routes))


def _reasons(stake: Stake) -> str:
    return "; ".join(sorted(stake.reasons))

"""What the card of one tunnel shows of it and around it, as the cloud showed it when the card was made."""

from datetime import UTC, datetime

from bot.chat.blocks import Block, Element, bold, lines, plain, value
from bot.chat.pieces import asked_by
from bot.domain.ccn import on_ccn
from bot.domain.model import Deletion, Stake, State, Tunnel
from bot.domain.text import clean

SHOWN_POLICIES = 8
SHOWN_ROUTES = 8
SHOWN_TAGS = 8


def tunnel_facts(deletion: Deletion) -> Block:
    """What the cloud showed of the tunnel and around it when the card was made."""
    tunnel, stake = deletion.tunnel, deletion.stake
    rows = [
        [bold("Tunnel  "), value(tunnel.name if tunnel else ""), plain("  "), value(deletion.tunnel_id)],
        [bold("Gateway  "), value(deletion.gateway_id or ""), plain("  in "), value(deletion.region)],
    ]
    if tunnel:
        when = "State  " if deletion.state is State.PENDING else "State when asked  "
        rows.append([bold(when), value(tunnel.state), plain(f"  {impact(deletion)}  {_health(tunnel)}")])
    if tunnel and stake:
        rows += _around(tunnel, stake)
    if tunnel:
        rows += [
            [
                *(bold("Local  "), value(policy.local_cidr)),
                *(plain("  "), bold("Remote  "), value(", ".join(policy.remote_cidrs))),
            ]
            for policy in tunnel.policies[:SHOWN_POLICIES]
        ]
        if not tunnel.policies:
            rows.append([bold("CIDRs  "), plain("none shown by the cloud; its traffic may be routed")])
        if len(tunnel.policies) > SHOWN_POLICIES:
            rows.append([plain(f"… and {len(tunnel.policies) - SHOWN_POLICIES} more policies")])
        if tunnel.bgp or tunnel.route_type.lower() == "bgp":
            rows.append([bold("BGP  "), value(tunnel.bgp)])
        tags = ", ".join(f"{key}={kept}" for key, kept in tunnel.tags[:SHOWN_TAGS])
        more = f" and {len(tunnel.tags) - SHOWN_TAGS} more" if len(tunnel.tags) > SHOWN_TAGS else ""
        none = "not known" if "TagSet" in tunnel.odd else "none"
        rows.append([bold("Tags  "), value(tags), plain(more)] if tags else [bold("Tags  "), plain(none)])
        rows.append([bold("Created  "), value(tunnel.created_time), plain(_age(tunnel, deletion.asked_at))])
        rows.append(
            [
                bold("VPC  "),
                value(tunnel.vpc_id) if tunnel.vpc_id else plain("none shown, as of a CCN gateway"),
            ]
        )
    rows.append(asked_by(deletion))
    return lines(*rows)


def impact(deletion: Deletion) -> str:
    """Whether traffic flows through it, as it was seen when the card was made."""
    carries = deletion.tunnel.carries_traffic if deletion.tunnel else None
    if carries is None:
        return "It isn't known whether it carries traffic."
    return "UP: it carries traffic." if carries else "DOWN: it carries no traffic."


def _around(tunnel: Tunnel, stake: Stake) -> list[list[Element]]:
    """The routes that point at it, and how many healthy tunnels are left beside it."""
    if stake.routes is None:
        routes: list[Element] = [plain("not known")]
    elif stake.routes:
        shown = ", ".join(stake.routes[:SHOWN_ROUTES])
        more = f" and {len(stake.routes) - SHOWN_ROUTES} more" if stake.routes[SHOWN_ROUTES:] else ""
        routes = [value(shown), plain(more)]
    else:
        routes = [plain("none point at it")]
    left = (
        (stake.gateway_left, "on its gateway"),
        (stake.customer_left, f"to {clean(tunnel.customer_gateway_id, 40) or 'its customer gateway'}"),
    )
    others = ", ".join(f"{'not known' if count is None else count} {where}" for count, where in left)
    return [
        [bold("Routes  "), *routes],
        *([_ccn_routes(stake)] if on_ccn(tunnel) else []),
        [bold("Other healthy tunnels  "), plain(others)],
    ]


def _ccn_routes(stake: Stake) -> list[Element]:
    """Those of its gateway that may lead through it: the cloud doesn't show through which tunnel they do."""
    name = bold("CCN routes  ")
    if stake.ccn_routes is None:
        return [name, plain("not known")]
    if not stake.ccn_routes:
        return [name, plain("its gateway has none that may lead through it")]
    shown = ", ".join(stake.ccn_routes[:SHOWN_ROUTES])
    more = f" and {len(stake.ccn_routes) - SHOWN_ROUTES} more" if stake.ccn_routes[SHOWN_ROUTES:] else ""
    return [name, value(shown), plain(f"{more} of its gateway; the cloud doesn't show through which tunnel")]


def _health(tunnel: Tunnel) -> str:
    if tunnel.health_check_enabled is None:
        return ""
    status = clean(tunnel.health_check_status, 40) or "nothing said"
    return f"Health check: {status}." if tunnel.health_check_enabled else "No health check."


def _age(tunnel: Tunnel, now: float) -> str:
    """How old it is. The cloud writes Beijing time; a day more or less says the same."""
    try:
        created = datetime.strptime(tunnel.created_time[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return ""
    return f"  {max(0, int((now - created.timestamp()) // 86_400))} days ago"

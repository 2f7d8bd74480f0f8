"""The card: the root of a deletion's thread, drawn anew from the deletion whenever it changes."""

from datetime import UTC, datetime

from bot.chat import batches
from bot.chat.blocks import (
    Block,
    Body,
    Element,
    bold,
    escape,
    header,
    lines,
    plain,
    request_id,
    seconds,
    value,
)
from bot.chat.pieces import (
    alarm,
    asked_by,
    buttons,
    demands,
    expiry,
    frozen,
    protected,
    reason,
    risk,
    stopped_by,
    who,
    window,
)
from bot.chat.status import is_gone_otherwise, why_not
from bot.domain.ccn import on_ccn
from bot.domain.explain import OwnCode, explain
from bot.domain.model import Batch, Deletion, Stake, State, Tier, Tunnel
from bot.domain.policy import Rules
from bot.domain.text import clean

SHOWN_POLICIES = 8
SHOWN_ROUTES = 8
SHOWN_TAGS = 8


def card(batch: Batch, rules: Rules) -> Body:
    """The thread's root: what is at stake, who asked, who decided, how it stands now."""
    if batch.size > 1:
        return batches.card(batch, rules)
    deletion = batch.lead
    headline = _headline(deletion)
    # What a tired reader must not miss stands first.
    shown = [header(headline), *alarm(deletion), _standing(deletion, rules), *frozen(batch.freeze)]
    shown += [_stake(deletion), *reason(deletion)]
    shown += buttons(
        deletion,
        question(deletion),
        rules,
        frozen=batch.freeze is not None,
        unsent=deletion.state is State.CONFIRMED,
        fresh=deletion.state is State.VOID and deletion.code == OwnCode.CHANGED,
    )
    impact = _impact(deletion) if deletion.state is State.PENDING else ""
    glass = f"BREAK-GLASS {escape(deletion.break_glass)}. " if deletion.break_glass else ""
    text = f"{glass}{headline}{'' if headline.endswith('?') else '.'} {impact}"
    return {"text": f"{text} Asked by <@{deletion.requester_id}>.", "blocks": shown}


def _headline(deletion: Deletion) -> str:
    tunnel = deletion.tunnel_id
    if deletion.stopped:
        return f"Stopped: {tunnel} was left alone"
    if deletion.tier is Tier.FORBIDDEN:
        return f"Protected: {tunnel} can't be deleted here"
    if deletion.state is State.VERIFYING and deletion.request_id is None:
        return f"VPN tunnel {tunnel} is being deleted, not gone yet"
    if is_gone_otherwise(deletion):
        refused = deletion.state is State.REFUSED
        what = f"the cloud no longer finds {tunnel}" if refused else f"{tunnel} no longer exists"
        return f"Not deleted by vpn-bot: {what}"
    if deletion.state in (State.REFUSED, State.VOID):
        return f"{tunnel} was not deleted: {why_not(deletion)}"
    return {
        State.PENDING: f"Delete VPN tunnel {tunnel}?",
        State.CONFIRMED: f"About to delete VPN tunnel {tunnel}",
        State.DELETING: f"Deleting VPN tunnel {tunnel}",
        State.VERIFYING: f"Deletion of {tunnel} accepted, not gone yet",
        State.GONE: f"VPN tunnel {tunnel} is gone",
        State.UNKNOWN: f"VPN tunnel {tunnel}: not confirmed gone",
        # Of the tunnel itself these say nothing: another card, or somebody else, may have deleted it.
        State.CANCELLED: f"Cancelled: {tunnel} was left alone",
        State.EXPIRED: f"Expired: {tunnel} was left alone",
        State.ASKED: f"Looking up VPN tunnel {tunnel}",
    }[deletion.state]


def _stake(deletion: Deletion) -> Block:
    """What the cloud showed of the tunnel and around it when the card was made."""
    tunnel, stake = deletion.tunnel, deletion.stake
    rows = [
        [bold("Tunnel  "), value(tunnel.name if tunnel else ""), plain("  "), value(deletion.tunnel_id)],
        [bold("Gateway  "), value(deletion.gateway_id or ""), plain("  in "), value(deletion.region)],
    ]
    if tunnel:
        when = "State  " if deletion.state is State.PENDING else "State when asked  "
        rows.append([bold(when), value(tunnel.state), plain(f"  {_impact(deletion)}  {_health(tunnel)}")])
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


def _impact(deletion: Deletion) -> str:
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


def _standing(deletion: Deletion, rules: Rules) -> Block:
    if deletion.tier is Tier.FORBIDDEN:
        return lines(*protected(deletion))
    match deletion.state:
        case State.PENDING:
            warning = bold(_warning(deletion))
            takes = demands(deletion, rules, "the tunnel's id")
            return lines([warning], *risk(deletion), *takes, expiry(deletion))
        case State.CANCELLED:
            return lines(*_cancelled(deletion))
        case State.EXPIRED:
            over = "Nobody decided in time. Nothing was sent; ask again if it's still wanted."
            return lines([plain(over)])
        case State.CONFIRMED | State.DELETING:
            waiting = explain(deletion.waiting_code).title if deletion.waiting_code else ""
            more = [[plain("Waiting: "), plain(waiting), plain(".")]] if waiting else []
            return lines(who(deletion, "Confirmed"), *window(deletion), *more, *risk(deletion))
        case State.VERIFYING:
            return lines(who(deletion, "Confirmed"), request_id(deletion.request_id))
        case State.GONE:
            gone = [plain(_gone(deletion))]
            return lines(who(deletion, "Confirmed"), gone, request_id(deletion.request_id))
    return lines(*([who(deletion, "Confirmed")] if deletion.decided_by else []), *_why(deletion))


def _warning(deletion: Deletion) -> str:
    """What deleting it does; never more than is known."""
    carries = deletion.tunnel.carries_traffic if deletion.tunnel else None
    first = {
        True: "Deleting it cuts its traffic. It",
        False: "Once deleted, it",
        None: "It isn't known whether it carries traffic; if it does, deleting it cuts that. It",
    }[carries]
    return f"{first} can only be made again by hand, under a new id."


def _cancelled(deletion: Deletion) -> list[list[Element]]:
    if deletion.stopped:
        return [who(deletion, "Confirmed"), stopped_by(deletion)]
    return [[*who(deletion, "Cancelled"), plain(" Nothing was sent.")]]


def _why(deletion: Deletion) -> list[list[Element]]:
    if deletion.code is None:
        return [[plain("Nothing more is known.")]]
    title = explain(deletion.code).title
    what = f": {deletion.message}" if deletion.code == OwnCode.CHANGED and deletion.message else ""
    number = (
        [request_id(deletion.request_id)]
        if deletion.sent_at or deletion.request_id
        else [[plain("Nothing was sent.")]]
    )
    next_step = [[plain(explain(deletion.code).next_step)]] if is_gone_otherwise(deletion) else []
    return [[bold(f"{title}{what}.  "), value(deletion.code)], *next_step, *number]


def _gone(deletion: Deletion) -> str:
    # A clock that was set back tells nothing.
    if deletion.sent_at is None or deletion.ended_at is None or deletion.ended_at < deletion.sent_at:
        return "Gone."
    return f"Gone after {seconds(deletion.ended_at - deletion.sent_at)}."


def question(deletion: Deletion) -> str:
    """What the one who confirms is asked."""
    name = clean(deletion.tunnel.name, 60) if deletion.tunnel else ""
    return f"{_impact(deletion)} This deletes {deletion.tunnel_id} ({name or 'no name'})."

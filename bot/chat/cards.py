"""The card: the root of a deletion's thread, drawn anew from the deletion whenever it changes."""

from bot.chat import batches
from bot.chat.blocks import (
    Block,
    Body,
    Element,
    bold,
    header,
    lines,
    plain,
    request_id,
    seconds,
    value,
)
from bot.chat.pieces import asked_by, buttons, expiry, reason, who
from bot.domain.explain import explain
from bot.domain.model import Batch, Deletion, State
from bot.domain.text import clean

SHOWN_POLICIES = 8


def card(batch: Batch) -> Body:
    """The thread's root: what is at stake, who asked, who decided, how it stands now."""
    if batch.size > 1:
        return batches.card(batch)
    deletion = batch.lead
    shown = [header(_headline(deletion)), _stake(deletion), *reason(deletion), _standing(deletion)]
    shown += buttons(deletion, _question(deletion), unsent=deletion.state is State.CONFIRMED)
    headline = _headline(deletion)
    impact = _impact(deletion) if deletion.state is State.PENDING else ""
    text = f"{headline}{'' if headline.endswith('?') else '.'} {impact} Asked by <@{deletion.requester_id}>."
    return {"text": text, "blocks": shown}


def _headline(deletion: Deletion) -> str:
    tunnel = deletion.tunnel_id
    if deletion.stopped:
        return f"Stopped: {tunnel} stays"
    return {
        State.PENDING: f"Delete VPN tunnel {tunnel}?",
        State.CONFIRMED: f"Deleting VPN tunnel {tunnel}",
        State.DELETING: f"Deleting VPN tunnel {tunnel}",
        State.VERIFYING: f"Deletion of {tunnel} accepted, not gone yet",
        State.GONE: f"VPN tunnel {tunnel} is gone",
        State.REFUSED: f"VPN tunnel {tunnel} was not deleted",
        State.UNKNOWN: f"VPN tunnel {tunnel}: not confirmed gone",
        State.CANCELLED: f"Cancelled: {tunnel} stays",
        State.EXPIRED: f"Expired: {tunnel} stays",
        State.VOID: f"Void: {tunnel} stays",
        State.ASKED: f"Looking up VPN tunnel {tunnel}",
    }[deletion.state]


def _stake(deletion: Deletion) -> Block:
    tunnel = deletion.tunnel
    rows = [
        [bold("Tunnel  "), value(tunnel.name if tunnel else ""), plain("  "), value(deletion.tunnel_id)],
        [bold("Gateway  "), value(deletion.gateway_id or "")],
        [bold("VPC  "), value(tunnel.vpc_id) if tunnel and tunnel.vpc_id else plain("none (a CCN gateway)")],
        [bold("Region  "), value(deletion.region)],
    ]
    if tunnel:
        when = "State  " if deletion.state is State.PENDING else "State when asked  "
        rows.append([bold(when), value(tunnel.state), plain(f"  {_impact(deletion)}")])
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
    rows.append(asked_by(deletion))
    return lines(*rows)


def _impact(deletion: Deletion) -> str:
    """Whether traffic flows through it, as it was seen when the card was made."""
    carries = deletion.tunnel.carries_traffic if deletion.tunnel else None
    if carries is None:
        return "It isn't known whether it carries traffic."
    return "UP: it carries traffic." if carries else "DOWN: it carries no traffic."


def _standing(deletion: Deletion) -> Block:
    match deletion.state:
        case State.PENDING:
            rows = [
                [bold("Deleting it cuts its traffic and can't be undone.")],
                expiry(deletion),
            ]
        case State.CANCELLED if deletion.stopped:
            rows = [who(deletion, "Confirmed"), [plain("Stopped before it was sent. Nothing was deleted.")]]
        case State.CANCELLED:
            rows = [[*who(deletion, "Cancelled"), plain(" Nothing was deleted.")]]
        case State.EXPIRED:
            rows = [[plain("Nobody decided in time. Nothing was deleted; ask again if it's still wanted.")]]
        case State.CONFIRMED | State.DELETING:
            waiting = (
                [[plain("Waiting: "), plain(explain(deletion.waiting_code).title), plain(".")]]
                if deletion.waiting_code
                else []
            )
            rows = [who(deletion, "Confirmed"), *waiting]
        case State.VERIFYING:
            rows = [who(deletion, "Confirmed"), request_id(deletion.request_id)]
        case State.GONE:
            rows = [who(deletion, "Confirmed"), [plain(_gone(deletion))], request_id(deletion.request_id)]
        case State.REFUSED | State.UNKNOWN | State.VOID | State.ASKED:
            rows = [*([who(deletion, "Confirmed")] if deletion.decided_by else []), *_why(deletion)]
    return lines(*rows)


def _why(deletion: Deletion) -> list[list[Element]]:
    if deletion.code is None:
        return [[plain("Nothing more is known.")]]
    title = explain(deletion.code).title
    return [[bold(f"{title}.  "), value(deletion.code)], request_id(deletion.request_id)]


def _gone(deletion: Deletion) -> str:
    if deletion.sent_at is None or deletion.ended_at is None:
        return "Gone."
    return f"Gone after {seconds(deletion.ended_at - deletion.sent_at)}."


def _question(deletion: Deletion) -> str:
    name = clean(deletion.tunnel.name, 60) if deletion.tunnel else ""
    return f"{_impact(deletion)} This deletes {deletion.tunnel_id} ({name or 'no name'})."

"""The card: the root of a deletion's thread, drawn anew from the deletion whenever it changes."""

from bot.chat.blocks import (
    Block,
    Body,
    Element,
    bold,
    clock,
    header,
    lines,
    person,
    plain,
    quote,
    request_id,
    seconds,
    value,
)
from bot.domain.explain import explain
from bot.domain.model import Deletion, State, Tunnel
from bot.domain.text import clean

CONFIRM_ACTION = "confirm_deletion"
CANCEL_ACTION = "cancel_deletion"
SHOWN_POLICIES = 8


def card(deletion: Deletion) -> Body:
    """The thread's root: what is at stake, who asked, who decided, how it stands now."""
    shown = [header(_headline(deletion)), _stake(deletion), *_reason(deletion), _standing(deletion)]
    if deletion.state is State.PENDING:
        shown.append(_buttons(deletion))
    text = f"{_headline(deletion)} {_impact(deletion.tunnel)} Asked by <@{deletion.requester_id}>."
    return {"text": text, "blocks": shown}


def _headline(deletion: Deletion) -> str:
    tunnel = deletion.tunnel_id
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
        [
            *(bold("Gateway  "), value(deletion.gateway_id or ""), plain("   ")),
            *(bold("VPC  "), value(tunnel.vpc_id if tunnel else ""), plain("   ")),
            *(bold("Region  "), value(deletion.region)),
        ],
    ]
    if tunnel:
        rows.append([bold("State  "), value(tunnel.state), plain(f"  {_impact(tunnel)}")])
        rows += [
            [
                bold("Local  "),
                value(policy.local_cidr),
                plain("  "),
                bold("Remote  "),
                value(", ".join(policy.remote_cidrs)),
            ]
            for policy in tunnel.policies[:SHOWN_POLICIES]
        ]
        if not tunnel.policies:
            rows.append([bold("Local/remote  "), plain("no CIDRs in its policies (routed, or not told)")])
        if len(tunnel.policies) > SHOWN_POLICIES:
            rows.append([plain(f"… and {len(tunnel.policies) - SHOWN_POLICIES} more policies")])
    rows.append([bold("Asked by  "), person(deletion.requester_id), plain(" at "), clock(deletion.asked_at)])
    return lines(*rows)


def _impact(tunnel: Tunnel | None) -> str:
    """Whether traffic flows through it: as it was seen when the card was made."""
    carries = tunnel.carries_traffic if tunnel else None
    if carries is None:
        return "It isn't known whether it carries traffic."
    return "UP: it was carrying traffic." if carries else "DOWN: it was carrying no traffic."


def _reason(deletion: Deletion) -> list[Block]:
    return [quote(deletion.reason)] if deletion.reason else []


def _standing(deletion: Deletion) -> Block:
    match deletion.state:
        case State.PENDING:
            rows = [
                [bold("Deleting it cuts its traffic and can't be undone.")],
                [plain("Expires at "), clock(deletion.expires_at or deletion.asked_at), plain(".")],
            ]
        case State.CANCELLED:
            rows = [[*_who(deletion, "Cancelled"), plain(" Nothing was deleted.")]]
        case State.EXPIRED:
            rows = [[plain("Nobody decided in time. Nothing was deleted; ask again if it's still wanted.")]]
        case State.CONFIRMED | State.DELETING:
            waiting = (
                [[plain("Waiting: "), plain(explain(deletion.waiting_code).title), plain(".")]]
                if deletion.waiting_code
                else []
            )
            rows = [_who(deletion, "Confirmed"), *waiting]
        case State.VERIFYING:
            rows = [_who(deletion, "Confirmed"), request_id(deletion.request_id)]
        case State.GONE:
            rows = [_who(deletion, "Confirmed"), [plain(_gone(deletion))], request_id(deletion.request_id)]
        case State.REFUSED | State.UNKNOWN | State.VOID | State.ASKED:
            rows = [*([_who(deletion, "Confirmed")] if deletion.decided_by else []), *_why(deletion)]
    return lines(*rows)


def _who(deletion: Deletion, verb: str) -> list[Element]:
    if deletion.decided_by is None or deletion.decided_at is None:
        return [plain(f"{verb}.")]
    return [
        plain(f"{verb} by "),
        person(deletion.decided_by),
        plain(" at "),
        clock(deletion.decided_at),
        plain("."),
    ]


def _why(deletion: Deletion) -> list[list[Element]]:
    if deletion.code is None:
        return []
    title = explain(deletion.code).title
    return [[bold(f"{title}.  "), value(deletion.code)], request_id(deletion.request_id)]


def _gone(deletion: Deletion) -> str:
    if deletion.sent_at is None or deletion.ended_at is None:
        return "Gone."
    return f"Gone after {seconds(deletion.ended_at - deletion.sent_at)}."


def _buttons(deletion: Deletion) -> Block:
    question = f"{_impact(deletion.tunnel)} This deletes {deletion.tunnel_id}"
    name = clean(deletion.tunnel.name, 60) if deletion.tunnel else ""
    dialog = {
        "title": {"type": "plain_text", "text": "Delete this VPN tunnel?"},
        "text": {"type": "plain_text", "text": f"{question} ({name or 'no name'}). It can't be undone."},
        "confirm": {"type": "plain_text", "text": "Delete it"},
        "deny": {"type": "plain_text", "text": "Keep it"},
        "style": "danger",
    }
    return {
        "type": "actions",
        "elements": [
            _button(deletion, "Confirm", CONFIRM_ACTION) | {"style": "danger", "confirm": dialog},
            _button(deletion, "Cancel", CANCEL_ACTION),
        ],
    }


def _button(deletion: Deletion, label: str, action_id: str) -> Block:
    return {
        "type": "button",
        "action_id": action_id,
        "value": deletion.card_id,
        "text": {"type": "plain_text", "text": label},
    }

"""The card of many tunnels; batch_thread has what its thread holds."""

from collections.abc import Sequence

from bot.chat.blocks import Body, Element, bold, escape, header, lines, plain, value
from bot.chat.pieces import (
    alarm,
    asked_by,
    buttons,
    demands,
    expiry,
    frozen,
    reason,
    stopped_by,
    who,
    window,
)
from bot.chat.status import not_deleted, tally, why_none
from bot.chat.tables import CELL_LIMIT, tunnels
from bot.domain.explain import OwnCode, explain
from bot.domain.model import Batch, State, Tier
from bot.domain.policy import Rules
from bot.domain.text import clean

ROWS_ON_CARD = 20
SHOWN_RISKS = 6


def card(batch: Batch, rules: Rules) -> Body:
    """The thread's root: how many tunnels, of which gateways, how many carry traffic; a table of up to 20.

    It takes all of the batch's rows.
    """
    lead = batch.lead
    headline = _headline(batch)
    shown = [header(headline), *alarm(lead), lines(*_standing(batch, rules)), *frozen(batch.freeze, lead)]
    shown += [lines(*_stake(batch)), *reason(lead)]
    if batch.size <= ROWS_ON_CARD:
        shown.append(tunnels(batch.rows))
    # What is being sent may be put off by the cloud, and Stop keeps it from being sent again.
    stoppable = batch.count(State.CONFIRMED, State.DELETING) > 0 and not batch.count(State.CANCELLED)
    fresh = _all(batch, State.VOID) and OwnCode.CHANGED in {row.code for row in (lead, *batch.rows)}
    shown += buttons(
        lead, _question(batch), rules, frozen=batch.freeze is not None, unsent=stoppable, fresh=fresh
    )
    end = "" if headline.endswith("?") else "."
    glass = f"BREAK-GLASS {escape(lead.break_glass)}. " if lead.break_glass else ""
    return {"text": f"{glass}{escape(headline)}{end} Asked by <@{lead.requester_id}>.", "blocks": shown}


def _why_void(batch: Batch) -> list[list[Element]]:
    rows = (*batch.rows, batch.lead)
    why = next((row for row in rows if row.code == OwnCode.CHANGED), batch.lead)
    if why.code is None:
        return []
    what = f": {why.message}" if why.code == OwnCode.CHANGED and why.message else ""
    return [[bold(f"{explain(why.code, why.code_kind).title}{what}.  "), value(why.code)]]


def _warning(up: int, unknown: int) -> str:
    """What deleting them does; never more than is known."""
    first = "Once deleted, they"
    if up:
        first = "Deleting them cuts the traffic of those that are UP. They"
    elif unknown:
        first = "It isn't known whether they carry traffic; if they do, deleting them cuts that. They"
    return f"{first} can only be made again by hand, under new ids."


def _all(batch: Batch, state: State) -> bool:
    return batch.count(state) == batch.size


def _headline(batch: Batch) -> str:
    all_of_them = f"{batch.size} VPN tunnels"
    match batch.lead.state:
        case State.PENDING | State.ASKED:
            return f"Delete {all_of_them}?"
        case _ if batch.lead.tier is Tier.FORBIDDEN:
            return f"Protected: not all of {all_of_them} can be deleted here"
        case State.EXPIRED:
            return f"Expired: {all_of_them} were left alone"
        case State.VOID if _all(batch, State.VOID):
            return f"{all_of_them} were {not_deleted(batch.lead)}: {why_none(batch, on_card=True)}"
        case State.CANCELLED if _all(batch, State.CANCELLED):
            return f"{'Stopped' if batch.lead.stopped else 'Cancelled'}: {all_of_them} were left alone"
    if _all(batch, State.CONFIRMED) and batch.lead.cleared_at is None:
        return f"About to delete {all_of_them}"
    gone = batch.count(State.GONE)
    if batch.ended < batch.size:
        return f"Deleting {all_of_them}: {gone} of {batch.size} gone"
    return f"{gone} of {all_of_them} are gone"


def _stake(batch: Batch) -> list[list[Element]]:
    lead, gateways = batch.lead, _gateways(batch)
    up, unknown = _up(batch)
    when = "" if lead.state is State.PENDING else " when asked"
    rows = [
        [bold("Tunnels  "), plain(f"{batch.size}, {up} of them UP{when}{_not_known(unknown)}")],
        [bold("Gateways  " if gateways[1:] else "Gateway  "), value(", ".join(gateways))],
        [bold("Region  "), value(lead.region)],
        asked_by(lead),
    ]
    if batch.size > ROWS_ON_CARD:
        rows.insert(1, [plain("All of them are listed in this card's thread.")])
    return rows


def _up(batch: Batch) -> tuple[int, int]:
    """How many carried traffic when they were looked up, and of how many that isn't known."""
    carried = [row.tunnel.carries_traffic if row.tunnel else None for row in batch.rows]
    return carried.count(True), carried.count(None)


def _not_known(count: int) -> str:
    return f"; of {count} it isn't known" if count else ""


def _gateways(batch: Batch) -> list[str]:
    return list(dict.fromkeys(clean(row.gateway_id or "", CELL_LIMIT) for row in (batch.lead, *batch.rows)))


def _question(batch: Batch) -> str:
    gateways = _gateways(batch)
    of = f"{len(gateways)} gateways" if gateways[1:] else gateways[0]
    up, unknown = _up(batch)
    return (
        f"This deletes {batch.size} VPN tunnels of {of} in {batch.lead.region}; "
        f"{up} of them carry traffic{_not_known(unknown)}."
    )


def _risks(batch: Batch) -> list[list[Element]]:
    """Why the card's tier isn't low, each reason with the tunnels or gateways that it is about."""
    if batch.lead.tier is Tier.LOW:
        low = "they are DOWN, no route points at them, and their gateways keep healthy tunnels."
        return [[bold("Low risk: "), plain(low)]]
    known = [(row, row.tunnel, row.stake) for row in batch.rows if row.tunnel and row.stake]
    up = [row.tunnel_id for row, tunnel, _ in known if tunnel.carries_traffic]
    unknown = [row.tunnel_id for row, tunnel, _ in known if tunnel.carries_traffic is None]
    routed = [row.tunnel_id for row, _, stake in known if stake.routes]
    ccn = [row.tunnel_id for row, _, stake in known if stake.ccn_routes]
    on = [tunnel.gateway_id for _, tunnel, stake in known if stake.gateway_left == 0]
    to = [
        tunnel.customer_gateway_id
        for _, tunnel, stake in known
        if stake.customer_left == 0 and tunnel.carries_traffic is not False
    ]
    unread = [what for _, _, stake in known for what in stake.unread]
    protected = [
        f"{row.tunnel_id}: {stake.reasons[0]}"
        for row, _, stake in known
        if stake.tier is Tier.FORBIDDEN and stake.reasons
    ]
    about = {
        "": protected,
        "UP: ": up,
        "not known whether they carry traffic: ": unknown,
        "routes point at: ": routed,
        "CCN routes of their gateways may lead through: ": ccn,
        "with these gone, no healthy tunnel is left on: ": on,
        "with these gone, no healthy tunnel is left to: ": to,
        "not known: ": unread,
    }
    rows = [[plain(f"• {what}"), plain(_few(ids))] for what, ids in about.items() if ids]
    return [[bold("High risk:" if batch.lead.tier is Tier.HIGH else "Why:")], *rows]


def _few(words: Sequence[str]) -> str:
    once = list(dict.fromkeys(clean(word, CELL_LIMIT) for word in words))
    more = f" and {len(once) - SHOWN_RISKS} more" if len(once) > SHOWN_RISKS else ""
    return ", ".join(once[:SHOWN_RISKS]) + more


def _standing(batch: Batch, rules: Rules) -> list[list[Element]]:
    lead = batch.lead
    if lead.tier is Tier.FORBIDDEN:
        return [
            [bold("At least one of them is protected, so none can be deleted with this card.")],
            *_risks(batch),
            [plain("Ask again without the protected ones. Nothing was sent.")],
        ]
    match lead.state:
        case State.PENDING | State.ASKED:
            up, unknown = _up(batch)
            warning = bold(_warning(up, unknown))
            word = "the gateway's id" if len(_gateways(batch)) == 1 else "the first tunnel's id"
            return [[warning], *_risks(batch), *demands(lead, rules, word), expiry(lead)]
        case State.EXPIRED:
            return [[plain("Nobody decided in time. Nothing was sent; ask again if it's still wanted.")]]
        case State.VOID if _all(batch, State.VOID):
            confirmed = [who(lead, "Confirmed")] if lead.decided_by else []
            sent = any(row.sent_at for row in (lead, *batch.rows))
            return [*confirmed, *_why_void(batch), [plain(f"Nothing {'more is' if sent else 'was'} sent.")]]
        case State.CANCELLED if _all(batch, State.CANCELLED) and not lead.stopped:
            return [[*who(lead, "Cancelled"), plain(" Nothing was sent.")]]
    unsent = _all(batch, State.CONFIRMED) and lead.cleared_at is None
    stopped = [stopped_by(row) for row in (lead, *batch.rows) if row.stopped][:1]
    about = [*window(lead), *_risks(batch)] if unsent else [[plain(tally(batch))]]
    return [who(lead, "Confirmed"), *stopped, *about]

"""Many tunnels on one card: the card, the list, the progress and the summary in its thread."""

from collections.abc import Sequence

from bot.chat.blocks import Block, Body, Element, bold, escape, header, lines, person, plain, value
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
from bot.chat.tables import CELL_LIMIT, listed, table
from bot.domain.explain import OwnCode, explain
from bot.domain.model import Batch, Deletion, State, Tier
from bot.domain.policy import Rules
from bot.domain.text import clean

ROWS_ON_CARD = 20
BAR = 20
SHOWN_RISKS = 6


def card(batch: Batch, rules: Rules) -> Body:
    """The thread's root: how many tunnels, of which gateways, how many carry traffic; a table of up to 20.

    It takes all of the batch's rows.
    """
    lead = batch.lead
    headline = _headline(batch)
    shown = [header(headline), *alarm(lead), lines(*_standing(batch, rules)), *frozen(batch.freeze)]
    shown += [lines(*_stake(batch)), *reason(lead)]
    if batch.size <= ROWS_ON_CARD:
        shown.append(_table(batch.rows))
    # What is being sent may be put off by the cloud, and Stop keeps it from being sent again.
    stoppable = batch.count(State.CONFIRMED, State.DELETING) > 0 and not batch.count(State.CANCELLED)
    shown += buttons(lead, _question(batch), rules, unsent=stoppable, void=_all(batch, State.VOID))
    end = "" if headline.endswith("?") else "."
    glass = f"BREAK-GLASS {escape(lead.break_glass)}. " if lead.break_glass else ""
    return {"text": f"{glass}{headline}{end} Asked by <@{lead.requester_id}>.", "blocks": shown}


def _all(batch: Batch, state: State) -> bool:
    return batch.count(state) == batch.size


def _headline(batch: Batch) -> str:
    tunnels = f"{batch.size} VPN tunnels"
    match batch.lead.state:
        case State.PENDING | State.ASKED:
            return f"Delete {tunnels}?"
        case _ if batch.lead.tier is Tier.FORBIDDEN:
            return f"Protected: not all of {tunnels} can be deleted here"
        case State.EXPIRED:
            return f"Expired: {tunnels} were left alone"
        case State.VOID if _all(batch, State.VOID):
            return f"Void: {tunnels} were left alone"
        case State.CANCELLED if _all(batch, State.CANCELLED):
            return f"{'Stopped' if batch.lead.stopped else 'Cancelled'}: {tunnels} were left alone"
    if _all(batch, State.CONFIRMED) and batch.lead.sent_at is None:
        return f"About to delete {tunnels}"
    if batch.ended < batch.size:
        return f"Deleting {tunnels}"
    return f"{batch.count(State.GONE)} of {tunnels} are gone"


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
            first = "Deleting them cuts their traffic. They" if up or unknown else "Once deleted, they"
            warning = bold(f"{first} can only be made again by hand, under new ids.")
            word = "the gateway's id" if len(_gateways(batch)) == 1 else "the first tunnel's id"
            return [[warning], *_risks(batch), *demands(lead, rules, word), expiry(lead)]
        case State.EXPIRED:
            return [[plain("Nobody decided in time. Nothing was sent; ask again if it's still wanted.")]]
        case State.VOID if _all(batch, State.VOID):
            what = f": {lead.message}" if lead.code == OwnCode.CHANGED and lead.message else ""
            why = [[bold(f"{explain(lead.code).title}{what}.")]] if lead.code else []
            return [*why, [plain("Nothing was sent.")]]
        case State.CANCELLED if _all(batch, State.CANCELLED) and not lead.stopped:
            return [[*who(lead, "Cancelled"), plain(" Nothing was sent.")]]
    unsent = _all(batch, State.CONFIRMED) and lead.cleared_at is None
    stopped = [stopped_by(row) for row in (lead, *batch.rows) if row.stopped][:1]
    about = [*window(lead), *_risks(batch)] if unsent else [[plain(_tally(batch))]]
    return [who(lead, "Confirmed"), *stopped, *about]


def _tally(batch: Batch) -> str:
    gone, unknown, stopped, void = (
        batch.count(s) for s in (State.GONE, State.UNKNOWN, State.CANCELLED, State.VOID)
    )
    parts = [f"{gone} gone", f"{batch.ended - gone - unknown - stopped - void} failed"]
    if unknown:
        parts.append(f"{unknown} not confirmed gone")
    if void:
        parts.append(f"{void} void and left alone")
    if stopped:
        parts.append(f"{stopped} stopped and left alone")
    return ", ".join([*parts, f"{batch.size - batch.ended} left"]) + "."


def progress(batch: Batch, now: float) -> Body:
    """One message that is edited: a bar; done, failed, left; how long it may take; what waits, and why."""
    full = BAR * batch.ended // batch.size
    bar = "█" * full + "░" * (BAR - full)
    left_s = _left_s(batch, now)
    left = f" About {left_s:.0f} s left." if left_s is not None else ""
    why = [
        [plain(f"{count} waiting, and tried again by itself: {explain(code).title}.")]
        for code, count in sorted(batch.waiting.items())
    ]
    text = f"{batch.ended} of {batch.size}: {_tally(batch)}"
    return {
        "text": text,
        "blocks": [
            lines(
                [value(bar), plain(f"  {batch.ended} of {batch.size}")], [plain(_tally(batch) + left)], *why
            )
        ],
    }


def _left_s(batch: Batch, now: float) -> float | None:
    """A guess from how long the others took; when those that wait will be done, nobody knows."""
    elapsed_s = now - (batch.lead.decided_at or now)
    moving = batch.size - batch.ended - sum(batch.waiting.values())
    if not batch.ended or moving <= 0 or elapsed_s <= 0:
        return None
    return moving * elapsed_s / batch.ended


def stopped(batch: Batch, by: str) -> Body:
    """Who pressed Stop, and what it achieved; for the card's thread."""
    kept = batch.count(State.CANCELLED)
    did = f"{kept} of {batch.size} had not been accepted by the cloud, and are left alone."
    if batch.size == 1:
        did = f"the cloud had not accepted it, and {batch.lead.tunnel_id} is left alone."
    return {
        "text": f"Stopped by <@{by}>: {did}",
        "blocks": [lines([bold("Stopped"), plain(" by "), person(by), plain(f": {did}")])],
    }


def listing(batch: Batch, page: int) -> Body:
    """Some of the tunnels that the card is about, as a table."""
    first = batch.rows[0].tunnel_id if batch.rows else ""
    return {
        "text": f"The tunnels of this card, part {page + 1}, from {first}.",
        "blocks": [lines([plain(f"The tunnels of this card, part {page + 1}:")]), _table(batch.rows)],
    }


def summary(batch: Batch, page: int) -> Body:
    """The end of all, or of a large card's tunnels that aren't gone: how each ended, with its RequestId."""
    sentence = f"{batch.count(State.GONE)} of {batch.size} VPN tunnels are gone."
    if not batch.rows:
        return {"text": sentence, "blocks": [lines([bold(sentence)])]}
    rows = [["Tunnel", "How it ended", "Code", "RequestId"]]
    rows += [[row.tunnel_id, _ending(row), row.code or "", row.request_id or "none"] for row in batch.rows]
    if len(batch.rows) < batch.size:
        sentence += " Those that aren't" + (f", part {page + 1}" if page else "") + ":"
    return {"text": sentence, "blocks": [lines([bold(sentence)]), table(rows)]}


def _ending(row: Deletion) -> str:
    if row.state is State.GONE:
        return "gone"
    if row.state is State.CANCELLED:
        return "stopped: left alone"
    how = "not confirmed gone" if row.state is State.UNKNOWN else row.state
    return f"{how}: {explain(row.code or '').title}"


def _table(rows: Sequence[Deletion]) -> Block:
    cells = [["Tunnel", "Name", "Gateway", "State when asked", "Remote CIDRs"]]
    for row in rows:
        tunnel = row.tunnel
        remotes = (cidr for policy in tunnel.policies for cidr in policy.remote_cidrs) if tunnel else ()
        up = {True: "UP", False: "not up", None: "UP or not isn't known"}
        state = "" if tunnel is None else f"{tunnel.state}, {up[tunnel.carries_traffic]}"
        name, gateway = tunnel.name if tunnel else "", row.gateway_id or ""
        cells.append([row.tunnel_id, name, gateway, state, listed(remotes)])
    return table(cells)

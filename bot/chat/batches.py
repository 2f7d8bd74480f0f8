"""Many tunnels on one card: the card, the list, the progress and the summary in its thread."""

from collections.abc import Sequence

from bot.chat.blocks import Block, Body, Element, bold, escape, header, lines, person, plain, value
from bot.chat.pieces import alarm, asked_by, buttons, demands, expiry, frozen, reason, who, window
from bot.domain.explain import explain
from bot.domain.model import Batch, Deletion, State, Tier
from bot.domain.policy import Rules
from bot.domain.text import clean

ROWS_ON_CARD = 20
BAR = 20
CELL_LIMIT = 80
SHOWN_RISKS = 6


def card(batch: Batch, rules: Rules) -> Body:
    """The thread's root: how many tunnels, of which gateways, how many carry traffic; a table of up to 20.

    It takes all of the batch's rows.
    """
    lead = batch.lead
    headline = _headline(batch)
    shown = [header(headline), *alarm(lead), lines(*_stake(batch)), *reason(lead)]
    if batch.size <= ROWS_ON_CARD:
        shown.append(_table(batch.rows))
    shown += [lines(*_standing(batch, rules)), *frozen(batch.freeze)]
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
            return f"Protected: {tunnels} stay"
        case State.EXPIRED:
            return f"Expired: {tunnels} stay"
        case State.VOID if _all(batch, State.VOID):
            return f"Void: {tunnels} stay"
        case State.CANCELLED if _all(batch, State.CANCELLED):
            return f"{'Stopped' if batch.lead.stopped else 'Cancelled'}: {tunnels} stay"
    if batch.ended < batch.size:
        return f"Deleting {tunnels}"
    return f"{batch.count(State.GONE)} of {tunnels} are gone"


def _stake(batch: Batch) -> list[list[Element]]:
    lead, gateways = batch.lead, _gateways(batch)
    up, unknown = _up(batch)
    traffic = "carrying traffic" if lead.state is State.PENDING else "they carried traffic when asked"
    rows = [
        [bold("Tunnels  "), plain(f"{batch.size}, {up} of them UP: {traffic}{_not_known(unknown)}")],
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
    """Why the card's tier isn't low: each reason once, with the tunnels that it is about."""
    if batch.lead.tier is Tier.LOW:
        return [
            [
                bold("Low risk: "),
                plain("they are DOWN, no route points at them, and their gateways keep healthy tunnels."),
            ]
        ]
    about: dict[str, list[str]] = {}
    for row in batch.rows:
        for why in row.stake.reasons if row.stake else ():
            about.setdefault(why, []).append(row.tunnel_id)
    rows = [
        [plain("• "), plain(clean(f"{ids[0] if len(ids) == 1 else f'{len(ids)} tunnels'}: {why}", 300))]
        for why, ids in list(about.items())[:SHOWN_RISKS]
    ]
    if len(about) > SHOWN_RISKS:
        rows.append([plain(f"… and {len(about) - SHOWN_RISKS} more reasons")])
    return [[bold("High risk:" if batch.lead.tier is Tier.HIGH else "Why:")], *rows]


def _standing(batch: Batch, rules: Rules) -> list[list[Element]]:
    lead = batch.lead
    if lead.tier is Tier.FORBIDDEN:
        return [
            [bold("At least one of them is protected, so none can be deleted with this card.")],
            *_risks(batch),
            [plain("Ask again without the protected ones. Nothing was deleted.")],
        ]
    match lead.state:
        case State.PENDING | State.ASKED:
            warning = bold("Deleting them cuts their traffic and can't be undone.")
            return [[warning], *_risks(batch), *demands(lead, rules), expiry(lead)]
        case State.EXPIRED:
            return [[plain("Nobody decided in time. Nothing was deleted; ask again if it's still wanted.")]]
        case State.VOID if _all(batch, State.VOID):
            why = [[bold(f"{explain(lead.code).title}.")]] if lead.code else []
            return [*why, [plain("Nothing was deleted.")]]
        case State.CANCELLED if _all(batch, State.CANCELLED) and not lead.stopped:
            return [[*who(lead, "Cancelled"), plain(" Nothing was deleted.")]]
    aborting = window(lead) if _all(batch, State.CONFIRMED) else []
    return [who(lead, "Confirmed"), *aborting, [plain(_tally(batch))]]


def _tally(batch: Batch) -> str:
    gone, unknown, stopped = (batch.count(s) for s in (State.GONE, State.UNKNOWN, State.CANCELLED))
    parts = [f"{gone} gone", f"{batch.ended - gone - unknown - stopped} failed"]
    if unknown:
        parts.append(f"{unknown} not confirmed gone")
    if stopped:
        parts.append(f"{stopped} stopped before they were sent")
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
    did = f"{kept} of {batch.size} had not been sent, and stay."
    if batch.size == 1:
        did = f"{batch.lead.tunnel_id} had not been sent, and stays."
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
    """The end: what is gone, and every tunnel that isn't, with its code and RequestId."""
    sentence = f"{batch.count(State.GONE)} of {batch.size} VPN tunnels are gone."
    if not batch.rows:
        return {"text": sentence, "blocks": [lines([bold(sentence)])]}
    rows = [["Not gone", "How it ended", "Code", "RequestId"]]
    rows += [[row.tunnel_id, _ending(row), row.code or "", row.request_id or "none"] for row in batch.rows]
    about = f"{sentence} Those that aren't" + (f", part {page + 1}" if page else "") + ":"
    return {"text": about, "blocks": [lines([bold(about)]), _cells(rows)]}


def _ending(row: Deletion) -> str:
    if row.state is State.CANCELLED:
        return "stopped: not sent"
    how = "not confirmed gone" if row.state is State.UNKNOWN else row.state
    return f"{how}: {explain(row.code or '').title}"


def _table(rows: Sequence[Deletion]) -> Block:
    cells = [["Tunnel", "Name", "Gateway", "State when asked", "Remote CIDRs"]]
    for row in rows:
        tunnel = row.tunnel
        remotes = [cidr for policy in tunnel.policies for cidr in policy.remote_cidrs] if tunnel else []
        up = {True: "UP", False: "not up", None: "UP or not isn't known"}
        state = "" if tunnel is None else f"{tunnel.state}, {up[tunnel.carries_traffic]}"
        name, gateway = tunnel.name if tunnel else "", row.gateway_id or ""
        cells.append([row.tunnel_id, name, gateway, state, ", ".join(dict.fromkeys(remotes))])
    return _cells(cells)


def _cells(rows: Sequence[Sequence[str]]) -> Block:
    return {
        "type": "table",
        "rows": [
            [{"type": "raw_text", "text": clean(cell, CELL_LIMIT) or "–"} for cell in row] for row in rows
        ],
    }

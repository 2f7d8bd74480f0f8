"""Many tunnels on one card: the card, the list, the progress and the summary in its thread."""

from collections.abc import Sequence

from bot.chat.blocks import Block, Body, Element, bold, header, lines, plain, value
from bot.chat.pieces import asked_by, buttons, expiry, reason, who
from bot.domain.explain import explain
from bot.domain.model import IN_FLIGHT, Batch, Deletion, State
from bot.domain.text import clean

ROWS_ON_CARD = 20
BAR = 20
CELL_LIMIT = 80


def card(batch: Batch) -> Body:
    """The thread's root: how many tunnels, of which gateways, how many carry traffic; a table of up to 20."""
    lead = batch.lead
    headline = _headline(batch)
    shown = [header(headline), lines(*_stake(batch)), *reason(lead)]
    if batch.size <= ROWS_ON_CARD:
        shown.append(_table(batch.rows))
    shown.append(lines(*_standing(batch)))
    question = f"This deletes {batch.size} VPN tunnels of {lead.gateway_id} in {lead.region}."
    shown += buttons(lead, question, unsent=batch.count(State.CONFIRMED) > 0)
    return {"text": f"{headline} Asked by <@{lead.requester_id}>.", "blocks": shown}


def _headline(batch: Batch) -> str:
    tunnels = f"{batch.size} VPN tunnels"
    match batch.lead.state:
        case State.PENDING | State.ASKED:
            return f"Delete {tunnels}?"
        case State.EXPIRED:
            return f"Expired: {tunnels} stay"
        case State.VOID:
            return f"Void: {tunnels} stay"
        case State.CANCELLED if batch.count(State.CANCELLED) == batch.size:
            return f"Cancelled: {tunnels} stay"
    if batch.ended < batch.size:
        return f"Deleting {tunnels}"
    return f"{batch.count(State.GONE)} of {tunnels} are gone"


def _stake(batch: Batch) -> list[list[Element]]:
    lead = batch.lead
    rows = [
        [bold("Tunnels  "), plain(str(batch.size)), *_up(batch)],
        [bold("Gateway  "), value(lead.gateway_id or ""), bold("   Region  "), value(lead.region)],
        asked_by(lead),
    ]
    if batch.size > ROWS_ON_CARD:
        rows.insert(1, [plain("All of them are listed in this card's thread.")])
    return rows


def _up(batch: Batch) -> list[Element]:
    """How many carried traffic, where all of them are at hand."""
    if len(batch.rows) < batch.size:
        return []
    up = sum(row.tunnel is not None and row.tunnel.carries_traffic is True for row in batch.rows)
    return [plain(f", {up} of them UP: carrying traffic")]


def _standing(batch: Batch) -> list[list[Element]]:
    lead = batch.lead
    match lead.state:
        case State.PENDING | State.ASKED:
            return [[bold("Deleting them cuts their traffic and can't be undone.")], expiry(lead)]
        case State.EXPIRED:
            return [[plain("Nobody decided in time. Nothing was deleted; ask again if it's still wanted.")]]
        case State.VOID:
            return [[plain("Nothing was deleted.")]]
        case State.CANCELLED if batch.count(State.CANCELLED) == batch.size:
            return [[*who(lead, "Decided"), plain(" Nothing was deleted.")]]
    return [who(lead, "Confirmed"), [plain(_tally(batch))]]


def _tally(batch: Batch) -> str:
    gone, stopped = batch.count(State.GONE), batch.count(State.CANCELLED)
    failed = batch.ended - gone - stopped
    parts = [f"{gone} gone", f"{failed} failed"]
    if stopped:
        parts.append(f"{stopped} stopped before they were sent")
    return ", ".join([*parts, f"{batch.size - batch.ended} left"]) + "."


def progress(batch: Batch, now: float) -> Body:
    """One message that is edited: a bar, done, failed, left, and about how long it will take."""
    full = BAR * batch.ended // batch.size
    bar = "█" * full + "░" * (BAR - full)
    left_s = _left_s(batch, now)
    left = f" About {left_s:.0f} s left." if left_s is not None else ""
    waiting = batch.lead.waiting_code if batch.lead.state in IN_FLIGHT else None
    why = [[plain(f"Waiting: {explain(waiting).title}.")]] if waiting else []
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
    elapsed_s = now - (batch.lead.decided_at or now)
    if not batch.ended or batch.ended == batch.size or elapsed_s <= 0:
        return None
    return (batch.size - batch.ended) * elapsed_s / batch.ended


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
    return f"{row.state}: {explain(row.code or '').title}"


def _table(rows: Sequence[Deletion]) -> Block:
    cells = [["Tunnel", "Name", "State", "Remote CIDRs"]]
    for row in rows:
        tunnel = row.tunnel
        remotes = [cidr for policy in tunnel.policies for cidr in policy.remote_cidrs] if tunnel else []
        state = "" if tunnel is None else f"{tunnel.state}, {'UP' if tunnel.carries_traffic else 'not up'}"
        cells.append([row.tunnel_id, tunnel.name if tunnel else "", state, ", ".join(dict.fromkeys(remotes))])
    return _cells(cells)


def _cells(rows: Sequence[Sequence[str]]) -> Block:
    return {
        "type": "table",
        "rows": [
            [{"type": "raw_text", "text": clean(cell, CELL_LIMIT) or "–"} for cell in row] for row in rows
        ],
    }

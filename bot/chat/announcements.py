"""One message in the announcement channel that follows a card to its end."""

from bot.chat.blocks import Block, Body, Element, bold, escape, lines, plain, request_id, value
from bot.chat.pieces import alarm, asked_by, reason, risk, who
from bot.chat.status import in_words, why_none
from bot.domain.explain import explain
from bot.domain.model import Batch, Deletion, State
from bot.domain.slack_codes import Course, slack_refusal
from bot.domain.text import clean

SHOWN_ROWS = 20


def elsewhere(batch: Batch, code: str) -> Body:
    """How a card ended, for its requester alone: the card's thread can't be told. code: Slack's, for why."""
    rows, text = _rows(batch)
    refusal = slack_refusal(code)
    here: Element = {"type": "channel", "channel_id": batch.lead.channel_id}
    why = [plain("You are told this privately, since in "), here, plain(" nothing can be said at the card. ")]
    ending = [[*why, bold(f"{refusal.title}.  "), value(code)]]
    if refusal.course is Course.MEND:
        all_gone = batch.count(State.GONE) == batch.size
        done = " For this deletion there is nothing more to do." if all_gone else ""
        later = f"When that is mended within a day, the thread is told too.{done}"
        ending.append([bold("What to do: "), plain(f"{refusal.mend} {later}")])
    blocks = [*alarm(batch.lead), lines(*rows), *reason(batch.lead), *_tunnels(batch), lines(*ending)]
    return {"text": text, "blocks": blocks}


def _tunnels(batch: Batch) -> list[Block]:
    """Of a card with several tunnels, those at hand."""
    if batch.size == 1 or not batch.rows:
        return []
    shown = [
        [value(clean(row.tunnel_id, 40)), plain(f"  {in_words(row)}  "), *_code(row)]
        for row in batch.rows[:SHOWN_ROWS]
    ]
    left = batch.size - batch.count(State.GONE) - len(shown)
    more = [[plain(f"… and {left} more: /vpn history shows them.")]] if left > 0 else []
    return [lines(*shown, *more)]


def _code(row: Deletion) -> list[Element]:
    return [value(row.code)] if row.code else []


def announcement(batch: Batch, link: str | None, closed_code: str | None = None) -> Body:
    """Who, what, why, at which risk, and how it stands.

    link: to the card's thread, where it is known. closed_code: Slack's, where that thread can't be told.
    """
    lead = batch.lead
    here: Element = {"type": "channel", "channel_id": lead.channel_id}
    rows, text = _rows(batch)
    if closed_code is not None:
        why = f" can't be told: {slack_refusal(closed_code).title}."
        rows.append([plain("Its thread in "), here, plain(why)])
    elif link is not None:
        rows.append([{"type": "link", "url": link, "text": "To the thread"}])
    else:
        rows.append([plain("The thread is in "), here])
    return {"text": text, "blocks": [*alarm(lead), lines(*rows), *reason(lead)]}


def _rows(batch: Batch) -> tuple[list[list[Element]], str]:
    """What is said of a card outside of its thread, and the same in one line."""
    lead = batch.lead
    tunnel_id = clean(lead.tunnel_id, 40)
    what = tunnel_id if batch.size == 1 else f"{batch.size} tunnels, {tunnel_id} among them"
    standing = _standing(batch)
    rows: list[list[Element]] = [
        [bold("Deletion  "), value(what), plain("  "), bold(standing)],
        [bold("Region  "), value(lead.region), plain("  "), *asked_by(lead)],
        *(risk(lead) if batch.size == 1 else [[bold(f"Risk: {lead.tier}.")]]),
    ]
    if lead.decided_by is not None:
        rows.append(
            who(lead, "Cancelled" if lead.state is State.CANCELLED and not lead.stopped else "Confirmed")
        )
    if batch.size == 1 and lead.sent_at is not None:
        rows.append(request_id(lead.request_id))
    if batch.size == 1 and lead.code is not None and lead.state.ended:
        rows.append([plain(f"{explain(lead.code, lead.code_kind).title}.  "), value(lead.code)])
    glass = f"BREAK-GLASS {lead.break_glass}: " if lead.break_glass else ""
    text = escape(f"{glass}Deletion of {what}: {standing}.") + f" Asked by <@{lead.requester_id}>."
    return rows, text


def _standing(batch: Batch) -> str:
    lead = batch.lead
    if batch.count(State.VOID) == batch.size or (batch.size == 1 and lead.state is State.REFUSED):
        return f"not carried out: {why_none(batch)}"
    whole = batch.count(State.CANCELLED) == batch.size
    if batch.size > 1 and lead.decided_at is not None and not whole:
        how = "over" if batch.ended == batch.size else "confirmed, under way"
        return f"{how}: {batch.count(State.GONE)} of {batch.size} gone"
    if lead.stopped:
        return "stopped before it was accepted"
    return {
        State.ASKED: "asked",
        State.PENDING: "asked, waiting for a decision",
        State.DELETING: "confirmed, being sent",
        State.UNKNOWN: "not confirmed gone",
        State.EXPIRED: "expired, nothing was done",
    }.get(lead.state) or in_words(lead)

"""What the thread of a card with many tunnels holds: the list, the progress and the summary."""

from bot.chat.blocks import Body, bold, lines, person, plain, value
from bot.chat.status import in_words, tally
from bot.chat.tables import table, tunnels
from bot.domain.explain import explain
from bot.domain.model import Batch, Deletion, State

BAR = 20


def progress(batch: Batch) -> Body:
    """One message that is edited: a bar of what is gone, how many stand how, what waits and why.

    It says nothing of how long it may take: what the cloud has accepted is gone when the cloud likes.
    """
    gone = batch.count(State.GONE)
    full = BAR * gone // batch.size
    bar = [value("█" * full + "░" * (BAR - full)), plain(f"  {gone} of {batch.size} gone")]
    nothing_to_show = not gone and batch.ended == batch.size
    why = [
        [plain(f"{count} waiting, and tried again by itself: {explain(code).title}.")]
        for code, count in sorted(batch.waiting.items())
    ]
    counts = tally(batch)
    return {
        "text": f"Of {batch.size}: {counts}",
        "blocks": [lines(*([] if nothing_to_show else [bar]), [plain(counts)], *why)],
    }


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
        "blocks": [lines([plain(f"The tunnels of this card, part {page + 1}:")]), tunnels(batch.rows)],
    }


def summary(batch: Batch, page: int) -> Body:
    """The end of all, or of a large card's tunnels that aren't gone: how each ended, with its RequestId."""
    sentence = f"{batch.count(State.GONE)} of {batch.size} VPN tunnels are gone."
    if not batch.rows:
        return {"text": sentence, "blocks": [lines([bold(sentence)])]}
    rows = [["Tunnel", "How it ended", "Code", "RequestId"]]
    rows += [[row.tunnel_id, in_words(row), _code(row), row.request_id or "none"] for row in batch.rows]
    if len(batch.rows) < batch.size:
        sentence += " Those that aren't" + (f", part {page + 1}" if page else "") + ":"
    return {"text": sentence, "blocks": [lines([bold(sentence)]), table(rows)]}


def _code(row: Deletion) -> str:
    """Why it ended so; where it could not be looked at, why not, and that look's RequestId."""
    if row.state is not State.UNKNOWN or not row.look_code:
        return row.code or ""
    return f"{row.look_code} (look {row.look_request_id})" if row.look_request_id else row.look_code

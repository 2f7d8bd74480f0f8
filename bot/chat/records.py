"""What was done and what is frozen: the history's table, the freezes, and their announcements."""

from collections.abc import Sequence

from bot.chat.blocks import Block, Body, Element, bold, clock, lines, moment, person, plain, quote, value
from bot.chat.notes import private
from bot.chat.status import in_words
from bot.chat.tables import table
from bot.domain.looking_back import HistoryCommand
from bot.domain.model import Deletion, Freeze, State
from bot.domain.text import clean
from bot.domain.when import write_duration

ROWS = 20
REASON_LIMIT = 300
ANY = HistoryCommand()
_HEAD = ("Asked", "Tunnel", "Gateway", "How it stands", "Asked by", "Decided by", "RequestId or code")


def history(deletions: Sequence[Deletion], *, total: int = 0, asked: HistoryCommand = ANY) -> Body:
    """The latest deletions as a table, newest first; of more than ROWS it shows ROWS, and says so.

    total: how many there are, where there are more than these. asked: what was typed.
    """
    if not deletions:
        return private("No deletions are known that fit.")
    rows = [[bold(word) for word in _HEAD], *(_row(one) for one in deletions[:ROWS])]
    text = _counted(deletions)
    if (count := max(total, len(deletions))) > ROWS:
        text = f"The latest {ROWS} of {count}; narrow it with {_narrower(asked)}."
    return {"text": text, "blocks": [lines([plain(text)]), table(rows)]}


def _narrower(asked: HistoryCommand) -> str:
    """What more could be said to find fewer."""
    ways = []
    if asked.tunnel_id is None:
        ways += ["a tunnel"] if asked.gateway_id else ["a tunnel", "a gateway"]
    if asked.user_id is None:
        ways.append("@somebody")
    ways.append("since 7d" if asked.since is None else "a later since")
    return ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])}{',' * (len(ways) > 2)} or {ways[-1]}"


def _counted(deletions: Sequence[Deletion]) -> str:
    """An ask may be about many tunnels, and what was asked for isn't gone for that."""
    asks, gone = len({one.card_id for one in deletions}), sum(one.state is State.GONE for one in deletions)
    return f"{asks} ask{'s' if asks > 1 else ''}, {gone} tunnel{'' if gone == 1 else 's'} gone."


def freezes(active: Sequence[Freeze]) -> Body:
    """Which freezes hold, until when, who placed them and why."""
    if not active:
        return private("Nothing is frozen.")
    blocks: list[Block] = []
    for freeze in active[:ROWS]:
        blocks += [lines([bold("Frozen  "), *_freeze(freeze)]), quote(freeze.reason, REASON_LIMIT)]
    if len(active) > ROWS:
        blocks.append(lines([plain(f"… and {len(active) - ROWS} more")]))
    count = "One freeze holds." if len(active) == 1 else f"{len(active)} freezes hold."
    return {"text": count, "blocks": blocks}


def frozen(freeze: Freeze) -> Body:
    """A freeze was placed; for a channel."""
    what = _scope(freeze)
    return {
        "text": f"Deletions on {what} are frozen until {moment(freeze.until)} by <@{freeze.by}>.",
        "blocks": [lines([bold("Frozen  "), *_freeze(freeze)]), quote(freeze.reason)],
    }


def placed(freeze: Freeze, *, is_known: bool) -> Body:
    """The same for who placed it. is_known: the gateway was met before."""
    body = frozen(freeze)
    if is_known:
        return body
    note = f"vpn-bot never met {_scope(freeze)} before. Is that the right id?"
    return {"text": f"{body['text']} {note}", "blocks": [*body["blocks"], lines([bold(note)])]}


def unfrozen(lifted: Sequence[Freeze], by: str, left: Sequence[Freeze]) -> Body:
    """Freezes were lifted; for a channel. left: those that still hold."""
    what = _scope(lifted[0])
    rows: list[list[Element]] = [[bold("Unfrozen  "), value(what), plain("  by "), person(by)]]
    rows += [
        [plain("Placed by "), person(one.by), plain(f": {clean(one.reason, 200)}")] for one in lifted[:ROWS]
    ]
    if len(lifted) > ROWS:
        rows.append([plain(f"… and {len(lifted) - ROWS} more of the same gateway")])
    rows += [[bold("Still frozen  "), *_freeze(one)] for one in left[:ROWS]]
    others = f" {len(left)} others still hold." if left else ""
    return {"text": f"<@{by}> lifted the freeze on {what}.{others}", "blocks": [lines(*rows)]}


def _scope(freeze: Freeze) -> str:
    return "all gateways" if freeze.scope == "all" else clean(freeze.scope, 40)


def _freeze(freeze: Freeze) -> list[Element]:
    lasting = f", {write_duration(max(60, round((freeze.until - freeze.at) / 60) * 60))} long"
    until = [plain("  until "), clock(freeze.until), plain(f" ({moment(freeze.until)}{lasting}) by ")]
    return [value(_scope(freeze)), *until, person(freeze.by)]


def _row(deletion: Deletion) -> list[Element]:
    glass = f"BREAK-GLASS {clean(deletion.break_glass, 40)}: " if deletion.break_glass else ""
    # Who stopped it had the last word.
    decider = deletion.stopped_by or deletion.decided_by
    decided = person(decider) if decider else plain("–")
    return [
        plain(moment(deletion.asked_at)),
        value(deletion.tunnel_id or ", ".join(deletion.wanted) or "all"),
        value(deletion.gateway_id or ""),
        plain(f"{glass}{in_words(deletion)}"),
        person(deletion.requester_id),
        decided,
        value(deletion.request_id or deletion.code or ""),
    ]

"""What the command line shows of the ledger: its history, its audit trail, its undo kits."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bot.domain.explain import explain
from bot.domain.model import Deletion
from bot.domain.text import clean
from bot.domain.undo import PSK, UndoKit, as_command, as_json, ccn_route_text, route_text
from bot.domain.when import read_since, start_of
from bot.domain.words import read_id
from bot.errors import BadCommand
from bot.ledger.history import Event, HistoryQuery

CELL_LIMIT = 500
SHOWN_CELL = 40
ROUTE_LIMIT = 300
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Record = dict[str, str]


def query(what: str, since: float | None) -> HistoryQuery:
    """Which deletions: a tunnel's, a gateway's, a person's, one by its id; "" for all. BadCommand."""
    if re.fullmatch(r"[UW][A-Z0-9]{2,}", what):
        return HistoryQuery(user_id=what, since=since)
    if re.fullmatch(r"[0-9a-f]{20}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", what):
        return HistoryQuery(any_id=what, since=since)
    kind, found = (read_id(what, "vpn-bot history vpnx-p0j11j28") or (None, "")) if what else (None, "")
    if what and kind is None:
        raise BadCommand(
            f"“{clean(what, 40)}” is no id of a tunnel, a gateway, a user or a deletion, and no RequestId. "
            "Example: vpn-bot history vpnx-p0j11j28"
        )
    return HistoryQuery(
        tunnel_id=found if kind == "tunnel" else None,
        gateway_id=found if kind == "gateway" else None,
        since=since,
    )


def since(text: str, now: float) -> float | None:
    """From when on, in epoch seconds; None for an empty text. BadCommand for what isn't a time."""
    if not text.strip():
        return None
    try:
        start, rest = read_since(text)
    except BadCommand:
        rest = text
    if rest.strip():
        raise BadCommand(
            f"“{clean(text, 40)}” is no time. --since takes one such as 7d, 12h or 2026-11-20 (UTC)."
        )
    return start_of(start, now)


# What a record has, by name: times in ISO 8601, UTC, "" for what isn't so.
_DELETION: Mapping[str, Callable[[Deletion], str | None]] = {
    "deletion_id": lambda one: one.deletion_id,
    "card_id": lambda one: one.card_id,
    "asked_at": lambda one: _iso(one.asked_at),
    "state": lambda one: one.state,
    "tier": lambda one: one.tier,
    "tunnel_id": lambda one: one.tunnel_id or " ".join(one.wanted),
    "gateway_id": lambda one: one.gateway_id,
    "region": lambda one: one.region,
    "name": lambda one: one.tunnel.name if one.tunnel else None,
    "requester": lambda one: one.requester_id,
    "reason": lambda one: one.reason,
    "break_glass": lambda one: one.break_glass,
    "channel": lambda one: one.channel_id,
    "decided_by": lambda one: one.decided_by,
    "decided_at": lambda one: _iso(one.decided_at),
    "stopped_by": lambda one: one.stopped_by,
    "sent_at": lambda one: _iso(one.sent_at),
    "request_id": lambda one: one.request_id,
    "code": lambda one: one.code,
    "code_kind": lambda one: one.code_kind,
    "code_means": lambda one: explain(one.code, one.code_kind).title if one.code else None,
    "last_seen": lambda one: one.last_seen,
    "last_seen_at": lambda one: _iso(one.last_seen_at),
    "look_code": lambda one: one.look_code,
    "look_request_id": lambda one: one.look_request_id,
    "ended_at": lambda one: _iso(one.ended_at),
}
_EVENT: Mapping[str, Callable[[Event], str | None]] = {
    "at": lambda one: _iso(one.at),
    "event": lambda one: one.kind,
    "deletion_id": lambda one: one.deletion_id,
    "tunnel_id": lambda one: one.tunnel_id,
    "actor": lambda one: one.actor,
    "channel": lambda one: one.channel_id,
    "request_id": lambda one: one.request_id,
    "detail": lambda one: one.detail,
}
NAMES, EVENT_NAMES = tuple(_DELETION), tuple(_EVENT)
# What the table for people shows of it.
COLUMNS = (
    *("asked_at", "state", "code", "tunnel_id", "gateway_id"),
    *("requester", "decided_by", "reason", "request_id"),
)
EVENT_COLUMNS = ("at", "event", "tunnel_id", "actor", "detail", "request_id", "deletion_id")


def deletion_record(one: Deletion) -> Record:
    """One deletion in words, by NAMES."""
    return {name: clean(take(one) or "", CELL_LIMIT) for name, take in _DELETION.items()}


def event_record(one: Event) -> Record:
    """One line of the audit trail in words, by EVENT_NAMES."""
    return {name: clean(take(one) or "", CELL_LIMIT) for name, take in _EVENT.items()}


def written(records: Iterable[Record], form: str, columns: Sequence[str], names: Sequence[str]) -> str:
    """The records as a table for people, as JSON (a list of objects) or as CSV for a spreadsheet.

    columns: the table's; names: all that a record has.
    """
    rows = list(records)
    if form == "json":
        return json.dumps(rows, indent=2)
    if form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_no_formula(row[name]) for name in names] for row in rows)
        return out.getvalue().rstrip("\n")
    if not rows:
        return "Nothing is known that fits."
    cells = [list(columns), *([clean(row[name], SHOWN_CELL) or "-" for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def kit_text(kit: UndoKit) -> str:
    """What makes the tunnel again: the parameters, the command, the routes that pointed at it."""
    routes = [route_text(route) for route in kit.routes] or [
        f"could not be read ({kit.routes_unread})" if kit.routes_unread else "none pointed at it"
    ]
    lines = [
        as_json(kit),
        "",
        as_command(kit),
        "",
        f"That makes {clean(kit.tunnel_id, 40)} again, under a new id. Put its pre-shared key, which vpn-bot",
        f"doesn't keep, in the place of {PSK}.",
        "",
        "Routes that pointed at it, to be set to the new id by hand:",
        *(f"  {clean(route, ROUTE_LIMIT)}" for route in routes),
        *_ccn_routes(kit),
    ]
    if kit.unknown:
        shown = clean(", ".join(kit.unknown), CELL_LIMIT)
        lines += ["", f"Not in it, for this version of vpn-bot doesn't know what it is: {shown}"]
    return "\n".join(lines)


def _ccn_routes(kit: UndoKit) -> list[str]:
    """Nothing where its gateway is a VPC's."""
    if kit.ccn_routes is None:
        return []
    none = f"could not be read ({kit.ccn_routes_unread})" if kit.ccn_routes_unread else "none"
    return [
        "",
        "CCN routes of its gateway that may have led through it:",
        *(f"  {clean(ccn_route_text(route), ROUTE_LIMIT)}" for route in kit.ccn_routes),
        *([] if kit.ccn_routes else [f"  {none}"]),
    ]


def _iso(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _no_formula(cell: str) -> str:
    """A spreadsheet would run what begins like a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell

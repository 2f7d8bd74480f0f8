"""What the command line shows of the ledger: its history, its audit trail, its undo kits."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bot.domain.model import Deletion
from bot.domain.text import clean
from bot.domain.undo import UndoKit, as_command, as_json
from bot.domain.words import read_id
from bot.errors import BadCommand
from bot.ledger.history import Event, HistoryQuery

CELL_LIMIT = 500
SHOWN_CELL = 40
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Record = dict[str, str]


def query(what: str, since: float | None) -> HistoryQuery:
    """Which deletions: those of a tunnel, a gateway or a person, by id; "" for all. BadCommand otherwise."""
    if re.fullmatch(r"[UW][A-Z0-9]{2,}", what):
        return HistoryQuery(user_id=what, since=since)
    kind, found = (read_id(what, "vpn-bot history vpnx-p0j11j28") or (None, "")) if what else (None, "")
    if what and kind is None:
        raise BadCommand(f"“{clean(what, 40)}” is no tunnel, gateway or user id.")
    return HistoryQuery(
        tunnel_id=found if kind == "tunnel" else None,
        gateway_id=found if kind == "gateway" else None,
        since=since,
    )


def deletion_record(one: Deletion) -> Record:
    """One deletion in words; times in ISO 8601, UTC, "" for what isn't so."""
    return _cleaned(
        {
            "deletion_id": one.deletion_id,
            "card_id": one.card_id,
            "asked_at": _iso(one.asked_at),
            "state": one.state,
            "tier": one.tier,
            "tunnel_id": one.tunnel_id or " ".join(one.wanted),
            "gateway_id": one.gateway_id,
            "region": one.region,
            "name": one.tunnel.name if one.tunnel else None,
            "requester": one.requester_id,
            "reason": one.reason,
            "break_glass": one.break_glass,
            "channel": one.channel_id,
            "decided_by": one.decided_by,
            "decided_at": _iso(one.decided_at),
            "sent_at": _iso(one.sent_at),
            "request_id": one.request_id,
            "code": one.code,
            "ended_at": _iso(one.ended_at),
        }
    )


def event_record(one: Event) -> Record:
    """One line of the audit trail in words."""
    return _cleaned(
        {
            "at": _iso(one.at),
            "event": one.kind,
            "deletion_id": one.deletion_id,
            "tunnel_id": one.tunnel_id,
            "actor": one.actor,
            "channel": one.channel_id,
            "request_id": one.request_id,
            "detail": one.detail,
        }
    )


EVENT_COLUMNS = ("at", "event", "deletion_id", "tunnel_id", "actor", "channel", "request_id", "detail")
COLUMNS = (
    "deletion_id",
    "asked_at",
    "state",
    "tunnel_id",
    "gateway_id",
    "requester",
    "decided_by",
    "break_glass",
    "request_id",
    "code",
)


def written(records: Iterable[Record], form: str, columns: Sequence[str]) -> str:
    """The records as a table for people, as JSON (a list of objects) or as CSV for a spreadsheet."""
    rows = list(records)
    if form == "json":
        return json.dumps(rows, indent=2)
    if form == "csv":
        out = io.StringIO()
        names = list(rows[0]) if rows else list(columns)
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
    routes = [
        f"{route.destination}, {route.status}" + (f", priority {route.priority}" if route.priority else "")
        for route in kit.routes
    ] or [f"could not be read ({kit.routes_unread})" if kit.routes_unread else "none pointed at it"]
    lines = [
        as_json(kit),
        "",
        as_command(kit),
        "",
        "Routes:",
        *(f"  {clean(route, 200)}" for route in routes),
    ]
    return "\n".join(lines)


def _iso(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _cleaned(fields: Mapping[str, str | None]) -> Record:
    return {name: clean(str(value or ""), CELL_LIMIT) for name, value in fields.items()}


def _no_formula(cell: str) -> str:
    """A spreadsheet would run what begins like a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell

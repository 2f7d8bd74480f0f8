"""What a benchmark found, and how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

NO_TARGET = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours beside the peer's (None where a peer has no such thing); a count has no unit."""

    what: str
    ours: float
    peer: float | None
    unit: str
    target: str
    met: bool


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table that also reads well in a terminal."""
    cells = [("what", "ours", "peer", "ratio", "target", "met?"), *map(_cells, rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    head, *body = (" | ".join(map(str.ljust, line, widths)) for line in cells)
    rule = " | ".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (head, rule, *body))


def _cells(row: Row) -> tuple[str, ...]:
    ratio = f"{row.ours / row.peer:.2f} ×" if row.peer and row.unit else "–"
    peer = "–" if row.peer is None else _figure(row.peer, row.unit)
    met = "–" if row.target == NO_TARGET else "yes" if row.met else "no"
    return row.what, _figure(row.ours, row.unit), peer, ratio, row.target, met


def _figure(value: float, unit: str) -> str:
    """Three digits are all that a median on a busy machine is worth; a count is shown whole."""
    shown = f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    return f"{shown} {unit}".strip()

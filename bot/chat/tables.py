"""Tables that Slack takes: measured as Slack measures, and cut where they are too large, with a “…”."""

from collections.abc import Iterable, Sequence

from bot.chat.blocks import Block, Element
from bot.domain.model import Deletion
from bot.domain.text import clean

CELL_LIMIT = 80
# Slack takes about 10,000 characters over all cells of a message.
CELLS_LIMIT = 9_500
LISTED_LIMIT = 60

Cell = str | Element  # a text, or an element of rich text


def table(rows: Sequence[Sequence[Cell]]) -> Block:
    """A table of at most 100 rows. Only as many characters of long cells are shown as fit into a message.

    What a person needs to act (ids, RequestIds) is short, and is never cut: with 50 rows of 5 cells, at least
    38 characters of every cell fit, or 19 of characters that count twice.
    """
    cells = [[_cleaned(cell, CELL_LIMIT) for cell in row] for row in rows]
    longest = CELL_LIMIT
    while sum(_size(cell) for row in cells for cell in row) > CELLS_LIMIT:
        longest -= 1
        cells = [[_cleaned(cell, longest) for cell in row] for row in cells]
    return {"type": "table", "rows": [[_block(cell) for cell in row] for row in cells]}


def listed(words: Iterable[str]) -> str:
    """As many of these as are read at a glance, and how many more there are."""
    once = list(dict.fromkeys(filter(None, (clean(word, LISTED_LIMIT) for word in words))))
    count = next((n for n in range(len(once), 1, -1) if len(", ".join(once[:n])) <= LISTED_LIMIT), 1)
    shown, more = ", ".join(once[:count]), len(once) - count
    return f"{shown} and {more} more" if more > 0 else shown


def tunnels(rows: Sequence[Deletion]) -> Block:
    """The tunnels that a card is about, as they were when it was asked for."""
    cells: list[list[Cell]] = [["Tunnel", "Name", "Gateway", "State when asked", "Remote CIDRs"]]
    for row in rows:
        tunnel = row.tunnel
        remotes = (cidr for policy in tunnel.policies for cidr in policy.remote_cidrs) if tunnel else ()
        up = {True: "UP", False: "not up", None: "UP or not isn't known"}
        state = "" if tunnel is None else f"{tunnel.state}, {up[tunnel.carries_traffic]}"
        name, gateway = tunnel.name if tunnel else "", row.gateway_id or ""
        cells.append([row.tunnel_id, name, gateway, state, listed(remotes)])
    return table(cells)


def _cleaned(cell: Cell, limit: int) -> Cell:
    if isinstance(cell, str):
        return clean(cell, limit) or "–"
    return {**cell, "text": clean(cell["text"], limit) or "–"} if "text" in cell else cell


def _size(cell: Cell) -> int:
    """How much of the limit it takes; what lies outside the BMP counts twice, in case Slack counts so."""
    text = cell if isinstance(cell, str) else str(cell.get("text") or f"<@{cell.get('user_id')}>")
    return len(text.encode("utf-16-le")) // 2


def _block(cell: Cell) -> Block:
    if isinstance(cell, str):
        return {"type": "raw_text", "text": cell}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [cell]}]}

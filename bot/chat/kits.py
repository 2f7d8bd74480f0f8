"""The undo kits in a card's thread, before anything can be deleted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.chat.blocks import Block, Body, Element, bold, code, escape, lines, plain, value
from bot.domain.text import clean
from bot.domain.undo import UndoKit, as_command, as_json, ccn_route_text, from_text, route_text

# Slack took 9,597 characters in the blocks of a message, and refused 11,341.
MESSAGE_LIMIT = 9_000
PIECE_LIMIT = 2_500
BLOCKS_LIMIT = 40
SHOWN_ROUTES = 20


def pages(kits: Sequence[tuple[str, str]]) -> list[Body]:
    """The messages with these kits, in as few as it takes without tearing one that a message holds.

    Each kit is as the ledger keeps it, with its deletion's id before it. ValueError for a damaged one.
    """
    read = [(deletion_id, from_text(text)) for deletion_id, text in kits]
    alone = len(read) == 1
    what = (
        f"Undo kit for {clean(read[0][1].tunnel_id, 40)}" if alone else f"Undo kits for {len(read)} tunnels"
    )
    held = [_Part()]
    for deletion_id, kit in read:
        _add(held, kit.tunnel_id, list(_chunks(deletion_id, kit, alone=alone)))
    of = len(held)
    titles = [f"{what}, part {number} of {of}" if of > 1 else what for number in range(1, of + 1)]
    return [_message(title, part.blocks) for title, part in zip(titles, held, strict=True)]


@dataclass(slots=True)
class _Part:
    """What one message holds, and how many characters that is."""

    blocks: list[Block] = field(default_factory=list)
    size: int = 0

    def has_room(self, blocks: Sequence[Block]) -> bool:
        fits = self.size + _size(blocks) <= MESSAGE_LIMIT
        return fits and len(self.blocks) + len(blocks) <= BLOCKS_LIMIT

    def add(self, blocks: Sequence[Block]) -> None:
        self.blocks += blocks
        self.size += _size(blocks)


def _add(parts: list[_Part], tunnel_id: str, chunks: Sequence[Sequence[Block]]) -> None:
    """A kit whole in one message; one that is larger than any goes on in the next, under its tunnel's id."""
    whole = [block for chunk in chunks for block in chunk]
    if parts[-1].blocks and not parts[-1].has_room(whole):
        parts.append(_Part())
    if parts[-1].has_room(whole):
        parts[-1].add(whole)
        return
    for chunk in chunks:
        if not parts[-1].has_room(chunk):
            parts.append(_Part())
            parts[-1].add([lines([bold(tunnel_id), plain("  continued")])])
        parts[-1].add(chunk)


def _message(title: str, blocks: Sequence[Block]) -> Body:
    return {"text": escape(f"{title}."), "blocks": [lines([bold(title)]), *blocks]}


def _chunks(deletion_id: str, kit: UndoKit, *, alone: bool) -> Iterator[list[Block]]:
    """A kit in its smallest parts; each heading is in one with what it is the heading of."""
    again = f"What makes {kit.tunnel_id} again, should it be deleted"
    heading = lines(
        [bold(kit.tunnel_id), plain("  again, under a new id; its owner supplies the pre-shared key:")]
    )
    if alone:
        intro = lines(
            [plain(f"{again}, under a new id. vpn-bot keeps no pre-shared key: its owner has to supply it.")],
            [plain("CreateVpnConnection's parameters:")],
        )
        yield from _preformatted(intro, as_json(kit))
        heading = lines([plain("As a command:")])
    command = as_command(kit)
    yield from _preformatted(heading, command)
    whole = " in one piece" if len(command) > PIECE_LIMIT else ""
    prints = f" prints it again{whole}." if alone else f" prints it again{whole}, as JSON too."
    about = (*_routes(kit), *_ccn_routes(kit), *_unknown(kit))
    yield [lines(*about, [value(f"vpn-bot undo-kit {deletion_id}"), plain(prints)])]


def _routes(kit: UndoKit) -> list[list[Element]]:
    if kit.routes_unread:
        return [[bold("Routes  "), plain(f"could not be read ({kit.routes_unread})")]]
    if not kit.routes:
        return [[bold("Routes  "), plain("none pointed at it")]]
    return _each("Route", [route_text(route) for route in kit.routes])


def _ccn_routes(kit: UndoKit) -> list[list[Element]]:
    """Only where its gateway belongs to a Cloud Connect Network."""
    if kit.ccn_routes is None:
        return []
    if kit.ccn_routes_unread:
        return [[bold("CCN routes  "), plain(f"could not be read ({kit.ccn_routes_unread})")]]
    if not kit.ccn_routes:
        return [[bold("CCN routes  "), plain("its gateway has none that may have led through it")]]
    which = [[plain("CCN routes of its gateway; the cloud doesn't show through which tunnel they lead:")]]
    return [*which, *_each("CCN route", [ccn_route_text(route) for route in kit.ccn_routes])]


def _unknown(kit: UndoKit) -> list[list[Element]]:
    if not kit.unknown:
        return []
    what = "which this version of vpn-bot doesn't know"
    return [[bold("Not in it  "), value(", ".join(kit.unknown)), plain(f", {what}")]]


def _each(what: str, texts: Sequence[str]) -> list[list[Element]]:
    shown = [[bold(f"{what}  "), value(text)] for text in texts[:SHOWN_ROUTES]]
    more = len(texts) - SHOWN_ROUTES
    return [*shown, *([[plain(f"… and {more} more, which the command below prints")]] if more > 0 else [])]


def _preformatted(heading: Block, text: str) -> Iterator[list[Block]]:
    """Text as it stands, its heading with the first of it; no character of a long one is lost."""
    first, *more = (code(text[start : start + PIECE_LIMIT]) for start in range(0, len(text), PIECE_LIMIT))
    yield [heading, first]
    for piece in more:
        yield [piece]


def _size(blocks: Sequence[Block]) -> int:
    return sum(
        len(element["text"]) for block in blocks for part in block["elements"] for element in part["elements"]
    )

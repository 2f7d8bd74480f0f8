"""The undo kits in a card's thread, before anything can be deleted."""

from collections.abc import Iterator, Sequence

from bot.chat.blocks import Block, Body, Element, bold, code, escape, lines, plain, value
from bot.domain.text import clean
from bot.domain.undo import UndoKit, as_command, as_json, ccn_route_text, from_text, route_text

# Slack took 9,597 characters in the blocks of a message, and refused 11,341.
MESSAGE_LIMIT = 9_000
PIECE_LIMIT = 2_500
BLOCKS_LIMIT = 40
SHOWN_ROUTES = 20


def pages(kits: Sequence[tuple[str, str]]) -> Iterator[Body]:
    """The messages with these kits, in as few as it takes, one after the other: there may be a thousand.

    Each kit is as the ledger keeps it, with its deletion's id before it. ValueError for a damaged one.
    """
    what = f"Undo kits for {len(kits)} tunnels"
    number, held = 1, list[Block]()
    for deletion_id, text in kits:
        kit = from_text(text)
        if len(kits) == 1:
            what = f"Undo kit for {clean(kit.tunnel_id, 40)}"
        for block in _blocks(deletion_id, kit, alone=len(kits) == 1):
            size = sum(map(_size, held)) + _size(block)
            if held and (size > MESSAGE_LIMIT or len(held) >= BLOCKS_LIMIT):
                yield _message(what, number, held)
                number, held = number + 1, []
            held.append(block)
    yield _message(what, number, held)


def _message(what: str, number: int, blocks: Sequence[Block]) -> Body:
    title = f"{what}, part {number}" if number > 1 else what
    return {"text": escape(f"{title}."), "blocks": [lines([bold(title)]), *blocks]}


def _blocks(deletion_id: str, kit: UndoKit, *, alone: bool) -> Iterator[Block]:
    again = f"What makes {kit.tunnel_id} again, should it be deleted"
    if alone:
        yield lines(
            [plain(f"{again}, under a new id. vpn-bot keeps no pre-shared key: its owner has to supply it.")],
            [plain("CreateVpnConnection's parameters:")],
        )
        yield from _preformatted(as_json(kit))
        yield lines([plain("As a command:")])
    else:
        yield lines(
            [bold(kit.tunnel_id), plain("  again, under a new id; its owner supplies the pre-shared key:")]
        )
    command = as_command(kit)
    yield from _preformatted(command)
    whole = " in one piece" if len(command) > PIECE_LIMIT else ""
    prints = f" prints it again{whole}." if alone else f" prints it again{whole}, as JSON too."
    about = (*_routes(kit), *_ccn_routes(kit), *_unknown(kit))
    yield lines(*about, [value(f"vpn-bot undo-kit {deletion_id}"), plain(prints)])


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


def _preformatted(text: str) -> Iterator[Block]:
    """Text as it stands; no character of a long one is lost."""
    for start in range(0, len(text), PIECE_LIMIT):
        yield code(text[start : start + PIECE_LIMIT])


def _size(block: Block) -> int:
    return sum(len(element["text"]) for part in block["elements"] for element in part["elements"])

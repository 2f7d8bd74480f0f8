"""`/vpn delete …`: which tunnels, in which region, why, and by which incident's right."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bot.domain.examples import ALL_EXAMPLE, BREAK_GLASS_EXAMPLE, EXAMPLE, OPTIONS_EXAMPLE
from bot.domain.typed import as_sent
from bot.domain.words import (
    bad,
    bad_word,
    id_inside,
    is_option,
    kept_case,
    next_word,
    plain,
    read_id,
    read_reason,
    second,
    shown,
    unknown,
    write_reason,
)
from bot.errors import BadCommand

_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]{1,20}){1,3}")
_TICKET = re.compile(r"(?=.*[0-9A-Za-z])[0-9A-Za-z\-_#/.]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCommand:
    """Delete these tunnels, or, with no ids, all of the gateway's; None where the text leaves it open.

    `reason` is one line of at most REASON_LIMIT characters, foreign and unescaped; "" where none was given.
    `break_glass` is an incident's number of at most 40 characters, "" for none; with it there is a reason.
    """

    tunnel_ids: tuple[str, ...]
    gateway_id: str | None = None
    region: str | None = None
    reason: str = ""
    break_glass: str = ""


def read_delete(rest: str) -> DeleteCommand | None:
    """Read what stands after the verb; None where --help does. Raises BadCommand."""
    found: dict[str, str] = {}
    tunnels: dict[str, None] = {}  # an ordered set
    while True:
        word, rest = next_word(rest)
        if not word:
            break
        name = plain(word)
        if name == "--help":
            return None
        if read := _OPTIONS.get(name):
            value, rest = read(rest)
        elif is_option(word):
            raise unknown(word, "an option", _OPTIONS, OPTIONS_EXAMPLE)
        elif known := read_id(word, EXAMPLE):
            name, value = known
        else:
            raise unknown(word, "an id or an option", _OPTIONS, EXAMPLE)
        if name == "tunnel":
            tunnels[value] = None
        elif found.setdefault(name, value) != value:
            raise second(value, name, EXAMPLE)
    _check_targets(tunnels, found)
    return DeleteCommand(
        tunnel_ids=tuple(tunnels),
        gateway_id=found.get("gateway"),
        region=found.get("--region"),
        reason=found.get("--reason", ""),
        break_glass=found.get("--break-glass", ""),
    )


def write_delete(command: DeleteCommand) -> str:
    """The canonical text."""
    words = ["delete", command.gateway_id or "", *(command.tunnel_ids or ["--all"])]
    if command.region:
        words += ["--region", command.region]
    if command.break_glass:
        words += ["--break-glass", command.break_glass]
    return as_sent(" ".join(filter(None, [*words, *write_reason(command.reason)])))


def _check_targets(tunnels: Collection[str], found: Mapping[str, str]) -> None:
    """Either tunnels or --all of a gateway: both would be a guess, neither is nothing to do."""
    if tunnels and "--all" in found:
        raise bad("Say either --all or the ids of tunnels, not both.", ALL_EXAMPLE)
    if "--all" in found and "gateway" not in found:
        raise bad("--all needs the id of its gateway (vpngw-…).", ALL_EXAMPLE)
    if not tunnels and "--all" not in found:
        raise _no_tunnel(found)
    if "--break-glass" in found and "--reason" not in found:
        raise bad(
            "--break-glass needs a --reason: it does without the second person, and everybody is told why.",
            BREAK_GLASS_EXAMPLE,
        )


def _no_tunnel(found: Mapping[str, str]) -> BadCommand:
    if gateway := found.get("gateway"):
        return bad(
            f"{shown(gateway)} is a gateway, and the id of its tunnel (vpnx-…), or --all, is missing.",
            EXAMPLE,
        )
    if swallowed := id_inside(found.get("--reason", "")):
        return bad(
            f"{shown(swallowed)} stands in the reason; the id to delete goes before --reason.", EXAMPLE
        )
    return bad("After delete, the id of a tunnel (vpnx-…) is missing.", EXAMPLE)


def _region(rest: str) -> tuple[str, str]:
    word, rest = next_word(rest)
    if not word or is_option(word):
        raise bad("--region has no region after it.", OPTIONS_EXAMPLE)
    if not _REGION.fullmatch(plain(word)):
        raise bad_word(word, "does not look like a region.", OPTIONS_EXAMPLE)
    return plain(word), rest


def _ticket(rest: str) -> tuple[str, str]:
    word, rest = next_word(rest)
    if not word or is_option(word):
        raise bad("--break-glass has no incident's number after it.", BREAK_GLASS_EXAMPLE)
    if not _TICKET.fullmatch(kept_case(word)):
        raise bad_word(
            word,
            "is not an incident's number, which is 1 to 40 letters, digits, - _ # / or dots.",
            BREAK_GLASS_EXAMPLE,
        )
    return kept_case(word), rest


_OPTIONS: Mapping[str, Callable[[str], tuple[str, str]]] = {
    "--region": _region,
    "--reason": lambda rest: read_reason(rest, OPTIONS_EXAMPLE),
    "--break-glass": _ticket,
    "--all": lambda rest: ("yes", rest),
}

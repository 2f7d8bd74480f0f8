"""What stands after `/vpn`, read into a Command.

    delete [<vpngw-id>] <vpnx-id>… [--region R] [--reason "…"]     ids and options in any order
    delete <vpngw-id> --all                                        every tunnel of a gateway
    help                                                           also nothing at all, `?`, `--help`

Phones and pastes change how a command looks, not what it says: capitals, commas, back-ticks, smart quotes,
long dashes for `--`, full-width letters, bullets, odd and invisible spaces and trailing punctuation all read
as the plain thing. Anything else is a `BadCommand`, never a guess.

`--reason` takes the quoted text, in which a backslash before a quote keeps it; without quotes it takes every
word up to the next option. A closing quote has no letter after it, so an apostrophe closes nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from bot.domain.text import clean
from bot.errors import BadCommand

TEXT_LIMIT = 2000
REASON_LIMIT = 500
ECHO_LIMIT = 40
EXAMPLE = "/vpn delete vpngw-7lcl5331 vpnx-p0j11j28"
ALL_EXAMPLE = "/vpn delete vpngw-7lcl5331 --all"
OPTIONS_EXAMPLE = f'{EXAMPLE} --region ap-guangzhou --reason "rebuild after INC-42"'
HELP = f"""\
/vpn delete asks to delete VPN tunnels. You see them on a card first; only Confirm deletes anything.

{EXAMPLE}
/vpn delete vpnx-p0j11j28 (the gateway is looked up)
/vpn delete vpngw-7lcl5331 vpnx-p0j11j28 vpnx-k2m4n6p8 (several tunnels, one card)
/vpn delete vpngw-7lcl5331 --all (every tunnel of the gateway, one card)
{OPTIONS_EXAMPLE}

The ids may stand in either order. The answer, with its RequestId, comes in the card's thread.
It deletes no gateways, changes no routes, and can't bring a tunnel back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCommand:
    """Delete these tunnels, or, with no ids, all of the gateway's; None where the text leaves it open.

    `reason` is one line of at most REASON_LIMIT characters, foreign and unescaped; "" where none was given.
    """

    tunnel_ids: tuple[str, ...]
    gateway_id: str | None = None
    region: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HelpCommand:
    """Show HELP."""


Command = DeleteCommand | HelpCommand


def parse(text: str) -> Command:
    """Read the text after `/vpn`.

    Raises BadCommand with a sentence that names the offending word and shows a right example.
    """
    if len(text) > TEXT_LIMIT:
        raise _bad(
            f"The text has {len(text)} characters, and a command has at most {TEXT_LIMIT}. "
            "Name fewer tunnels at a time, or say --all if you mean every tunnel of the gateway."
        )
    verb, rest = _next_word(clean(text, TEXT_LIMIT))
    if not verb:
        return HelpCommand()
    if read := _VERBS.get(_plain(verb)):
        return read(rest)
    raise _unknown(verb, "a command", _VERBS, EXAMPLE)


def render(command: Command) -> str:
    """Write the canonical text of a command: `parse(render(command)) == command`."""
    if isinstance(command, HelpCommand):
        return "help"
    words = ["delete", command.gateway_id, *(command.tunnel_ids or ["--all"])]
    if command.region:
        words += ["--region", command.region]
    if command.reason:
        words += ["--reason", '"' + re.sub(rf"([\\{_DOUBLE}])", r"\\\1", command.reason) + '"']
    return " ".join(word for word in words if word)


_DASHES = "-‐‑‒–—―−﹘﹣－"
_DOUBLE = '"“”„‟«»″＂'
_SINGLE = "'‘’‚‛‹›′＇"
_BETWEEN = " ,;=，、；＝"
_AROUND = "`()[]{}<>.!?:*_~…•。！？：" + _DOUBLE + _SINGLE
_OPTION = rf"(?:[{_DASHES}]{{2,}}|[‒–—―﹘])"
_OPTION_FOLLOWS = rf"(?<!\S)(?=[{re.escape(_AROUND)}]*{_OPTION}[^\W\d])"
_ID = re.compile(r"\b(vpnx|vpngw)-[0-9a-z]{8}\b")
_KINDS = {"vpnx": "tunnel", "vpngw": "gateway"}
_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]{1,20}){1,3}")


def _next_word(rest: str) -> tuple[str, str]:
    """Give the next word ("" at the end) and what follows it."""
    rest = rest.lstrip(_BETWEEN + _AROUND)
    word = re.split(f"[{_BETWEEN}]", rest, maxsplit=1)[0]
    return word.rstrip(_AROUND), rest[len(word) :]


def _plain(word: str) -> str:
    word = unicodedata.normalize("NFKC", word).strip(_AROUND).lower()
    return re.sub(f"[{_DASHES}]", "-", re.sub(f"^{_OPTION}", "--", word))


def _is_option(word: str) -> bool:
    return re.match(_OPTION, word) is not None


def _delete(rest: str) -> Command:
    found: dict[str, str] = {}
    tunnels: dict[str, None] = {}  # an ordered set
    while True:
        word, rest = _next_word(rest)
        if not word:
            break
        name = _plain(word)
        if name == "--help":
            return HelpCommand()
        if read := _OPTIONS.get(name):
            value, rest = read(rest)
        elif _is_option(word):
            raise _unknown(word, "an option", _OPTIONS, OPTIONS_EXAMPLE)
        else:
            name, value = _id(word)
        if name == "tunnel":
            tunnels[value] = None
        elif found.setdefault(name, value) != value:
            raise _bad(f"{_shown(value)} is a second {name}; one command takes one.")
    _check_targets(tunnels, found)
    return DeleteCommand(
        tunnel_ids=tuple(tunnels),
        gateway_id=found.get("gateway"),
        region=found.get("--region"),
        reason=found.get("--reason", ""),
    )


def _check_targets(tunnels: Collection[str], found: Mapping[str, str]) -> None:
    """Either tunnels or --all of a gateway: both would be a guess, neither is nothing to do."""
    if tunnels and "--all" in found:
        raise _bad("Say either --all or the ids of tunnels, not both.", ALL_EXAMPLE)
    if "--all" in found and "gateway" not in found:
        raise _bad("--all needs the id of its gateway (vpngw-…).", ALL_EXAMPLE)
    if not tunnels and "--all" not in found:
        raise _no_tunnel(found)


def _id(word: str) -> tuple[str, str]:
    """Give the kind of an id (tunnel or gateway) and the id."""
    plain = _plain(word)
    if match := _ID.fullmatch(plain):
        return _KINDS[match[1]], plain
    for prefix, kind in _KINDS.items():
        if plain.startswith(prefix):
            raise _bad_word(word, f"is not a {kind} id, which is {prefix}- and 8 letters or digits.")
    raise _unknown(word, "an id or an option", _OPTIONS, EXAMPLE)


def _region(rest: str) -> tuple[str, str]:
    """Give the region and what follows it."""
    word, rest = _next_word(rest)
    if not word or _is_option(word):
        raise _bad("--region has no region after it.", OPTIONS_EXAMPLE)
    if not _REGION.fullmatch(_plain(word)):
        raise _bad_word(word, "does not look like a region.", OPTIONS_EXAMPLE)
    return _plain(word), rest


def _reason(rest: str) -> tuple[str, str]:
    """Give the reason and what follows it."""
    rest = rest.lstrip(_BETWEEN)
    quotes = next((quotes for quotes in (_DOUBLE, _SINGLE) if rest.startswith(tuple(quotes))), None)
    if quotes is None:
        taken = re.split(_OPTION_FOLLOWS, rest, maxsplit=1)[0]
        reason = taken.strip(_BETWEEN)
    elif quoted := re.match(rf"[{quotes}](?:\\.|[^\\])*?[{quotes}](?!\w)", rest):
        taken = quoted[0]
        reason = re.sub(rf"\\([\\{_DOUBLE}{_SINGLE}])", r"\1", taken[1:-1]).strip()
    else:
        raise _bad(f"The quote {rest[0]} in {_shown(rest)} is never closed.", OPTIONS_EXAMPLE)
    if not reason:
        raise _bad("--reason has no text after it.", OPTIONS_EXAMPLE)
    if len(reason) > REASON_LIMIT:
        raise _bad(f"The text after --reason has {len(reason)} characters, and may have {REASON_LIMIT}.")
    return reason, rest[len(taken) :]


_VERBS: Mapping[str, Callable[[str], Command]] = {
    "delete": _delete,
    "help": lambda _rest: HelpCommand(),
    "--help": lambda _rest: HelpCommand(),
}
_OPTIONS: Mapping[str, Callable[[str], tuple[str, str]]] = {
    "--region": _region,
    "--reason": _reason,
    "--all": lambda rest: ("yes", rest),
}


def _bad(sentence: str, example: str = EXAMPLE) -> BadCommand:
    return BadCommand(f"{sentence} Example: {example}")


def _bad_word(word: str, why: str, example: str = EXAMPLE) -> BadCommand:
    lookalike = next((c for c in _plain(word) if c.isalnum() and not c.isascii()), None)
    if lookalike:
        name = unicodedata.name(lookalike, f"U+{ord(lookalike):04X}")
        why = f"has a “{lookalike}” ({name}), which is not a plain letter or digit."
    return _bad(f"{_shown(word)} {why}", example)


def _unknown(word: str, what: str, known: Iterable[str], example: str) -> BadCommand:
    near = get_close_matches(_plain(word), known, n=1, cutoff=0.7)
    return _bad_word(word, f"is not {what}" + (f"; did you mean {near[0]}?" if near else "."), example)


def _no_tunnel(found: Mapping[str, str]) -> BadCommand:
    if gateway := found.get("gateway"):
        return _bad(
            f"{_shown(gateway)} is a gateway, and the id of its tunnel (vpnx-…), or --all, is missing."
        )
    if swallowed := _ID.search(found.get("--reason", "").lower()):
        return _bad(f"{_shown(swallowed[0])} stands in the reason; the id to delete goes before --reason.")
    return _bad("After delete, the id of a tunnel (vpnx-…) is missing.")


def _shown(word: str) -> str:
    return f"“{clean(word, ECHO_LIMIT)}”"

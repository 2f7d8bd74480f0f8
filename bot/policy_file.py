"""The file that VPN_BOT_POLICY names: rules for everywhere, and for gateways of their own.

operators = ["U012AB3CD", "S045EF6GH"]
[gateways.vpngw-7lcl5331]
approvers = ["S078IJ9KL"]
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bot.domain.policy import Rule
from bot.domain.text import clean
from bot.errors import BadSettings
from bot.settings import CHANNEL_EXAMPLE, CHANNEL_ID, PEOPLE_EXAMPLE, PEOPLE_ID
from bot.toml_lines import Lines, lines_of

SETTING = "VPN_BOT_POLICY"
GATEWAYS = "gateways"
GATEWAY_ID = re.compile("vpngw-[0-9a-z]{8}")
GATEWAY_EXAMPLE = "vpngw-7lcl5331"
LARGEST_BYTES = 1_000_000
LONGEST_LINE = 10_000
_LISTS = {
    "operators": (PEOPLE_ID, PEOPLE_EXAMPLE),
    "approvers": (PEOPLE_ID, PEOPLE_EXAMPLE),
    "channels": (CHANNEL_ID, CHANNEL_EXAMPLE),
}
_SHOWN = 40

Table = Mapping[str, Any]
Key = tuple[str, ...]
Fault = tuple[Key, str]


def load(path: Path, default: Rule) -> tuple[Rule, Mapping[str, Rule]]:
    """Give the default rule with what the file adds, and the whole rules of gateways with one of their own.

    Where a gateway's table leaves a key out, it is as everywhere. Raises BadSettings with one line for each
    fault, with its line number.
    """
    text = _text(path)
    document = _document(path, text)
    faults = [*_faults(document), *_said_twice(document, default)]
    if faults:
        lines = lines_of(text)
        told = sorted((_line(lines, key), sentence) for key, sentence in faults)
        raise BadSettings("\n".join(f"{path.name}, line {line}: {sentence}" for line, sentence in told))
    default = _rule(document, default)
    tables = document.get(GATEWAYS, {})
    return default, {gateway_id: _rule(table, default) for gateway_id, table in tables.items()}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise BadSettings(f"{SETTING}: {path} has more than a million bytes. Is it the right file?")
        return content.decode("utf-8-sig")
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
        raise BadSettings(
            f"{SETTING}: {path} can't be read ({why}). Correct the path, or unset it."
        ) from None
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        raise BadSettings(f"{path.name}, line {line}: not UTF-8 text. Save it as UTF-8.") from None


def _document(path: Path, text: str) -> Table:
    """The file read as TOML; BadSettings names the line of the first thing that isn't."""
    for at, written in enumerate(text.split("\n"), 1):
        if len(written) > LONGEST_LINE:  # a key of so many parts would take minutes to read
            raise BadSettings(f"{path.name}, line {at}: more than {LONGEST_LINE:,} characters. Break it.")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadSettings(f"{SETTING}: {path} nests its brackets too deeply to be read.") from None
    except ValueError as exc:  # also for a number of thousands of digits
        what, _, where = str(exc).partition(" (at ")
        number = re.match(r"line (\d+), column (\d+)", where)
        line = number[1] if number else str(text.rstrip().count("\n") + 1)
        column = f", column {number[2]}" if number else ""
        raise BadSettings(f"{path.name}, line {line}{column}: not TOML: {clean(what, 100)}.") from None


def _faults(document: Table) -> Iterator[Fault]:
    yield from _faults_of_rule((), document, (*_LISTS, GATEWAYS))
    gateways = document.get(GATEWAYS, {})
    if not isinstance(gateways, dict):
        yield (GATEWAYS,), f"{GATEWAYS} must be tables like [{GATEWAYS}.{GATEWAY_EXAMPLE}]."
        return
    for gateway_id, table in gateways.items():
        key = (GATEWAYS, gateway_id)
        if not GATEWAY_ID.fullmatch(gateway_id):
            yield key, f"“{clean(gateway_id, _SHOWN)}” isn't the id of a gateway like {GATEWAY_EXAMPLE}."
        if isinstance(table, dict):
            yield from _faults_of_rule(key, table, tuple(_LISTS))
        else:
            yield key, f"“{clean(gateway_id, _SHOWN)}” must be a table like [{GATEWAYS}.{GATEWAY_EXAMPLE}]."


def _faults_of_rule(at: Key, table: Table, known: tuple[str, ...]) -> Iterator[Fault]:
    for name, found in table.items():
        if name not in known:
            yield (*at, name), f"unknown key “{clean(name, _SHOWN)}”{_meant(name, known)}"
        elif name in _LISTS:
            yield from (((*at, name), sentence) for sentence in _faults_of_list(name, found))


def _meant(name: str, known: tuple[str, ...]) -> str:
    if GATEWAY_ID.fullmatch(name) and GATEWAYS in known:
        return f"; did you mean [{GATEWAYS}.{name}]?"
    close = get_close_matches(name.lower(), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; the keys are {', '.join(known)}."


def _faults_of_list(name: str, found: object) -> Iterator[str]:
    pattern, example = _LISTS[name]
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        yield f'{name} must be a list of ids in quotes, like ["{example.split()[0]}"].'
    elif not found:
        yield f"{name} is an empty list; name somebody, or leave the key out."
    else:
        for one in found:
            if not pattern.fullmatch(one):
                yield f"“{clean(one, _SHOWN)}” in {name} isn't a Slack id like {example}."


def _said_twice(document: Table, default: Rule) -> Iterator[Fault]:
    for name in _LISTS:
        if name in document and getattr(default, name):
            yield (name,), f"{name} are also set in VPN_BOT_{name.upper()}; keep one of the two."


def _rule(table: Table, default: Rule) -> Rule:
    """The table's lists, which have been checked, over the default's."""
    return replace(default, **{name: tuple(table[name]) for name in _LISTS if name in table})


def _line(lines: Lines, key: Key) -> int:
    """The key's line, or else that of the nearest table around it; 1 where there is none."""
    return next((lines[key[:size]] for size in range(len(key), 0, -1) if key[:size] in lines), 1)

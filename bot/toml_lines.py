"""On which line each key of a TOML file stands, which the standard library doesn't tell."""

import re
import tomllib
from collections.abc import Iterator, Mapping

Lines = Mapping[tuple[str, ...], int]

_BARE = r"[A-Za-z0-9_-]+"
_BASIC, _LITERAL = r'"(?:\\.|[^"\\\n])*"', r"'[^'\n]*'"
_KEY = re.compile(rf"{_BARE}|{_BASIC}|{_LITERAL}")
# A string of several lines may end in one or two quotes of its own.
_STRING = rf'"""(?s:(?:\\.|[^\\])*?)"""(?:"{{0,2}})|\'\'\'(?s:.*?)\'\'\'(?:\'{{0,2}})|{_BASIC}|{_LITERAL}'
_PART = re.compile(rf"""{_STRING}|\#[^\n]*|(?P<open>[\[{{])|(?P<close>[\]}}])|[^"'\#\[\]{{}}\n]+|\n""")


def lines_of(text: str) -> Lines:
    """The line of every key and table, counted from 1, in a text that tomllib has read.

    A key inside an inline table isn't there: look for what is around it.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for line, statement in _statements(text):
        if statement.startswith("["):
            key = table = _key(statement.lstrip("["))
        else:
            key = (*table, *_key(statement))
        for size in range(1, len(key) + 1):
            found.setdefault(key[:size], line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header and each key with its value, with the line where it begins."""
    start, depth, line, begun = 0, 0, 1, 1
    for part in _PART.finditer(text + "\n"):
        depth += (part["open"] is not None) - (part["close"] is not None)
        line += part[0].count("\n")
        if part[0] == "\n" and depth == 0:
            statement = text[start : part.start()].lstrip()
            if statement and not statement.startswith("#"):
                yield begun, statement
            start, begun = part.end(), line


def _key(statement: str) -> tuple[str, ...]:
    """The dotted key that a statement begins with."""
    parts: list[str] = []
    rest = statement
    while match := _KEY.match(rest := rest.lstrip(" \t")):
        bare = re.fullmatch(_BARE, match[0])
        parts.append(match[0] if bare else str(tomllib.loads(f"key = {match[0]}")["key"]))
        rest = rest[match.end() :].lstrip(" \t")
        if not rest.startswith("."):
            break
        rest = rest[1:]
    return tuple(parts)

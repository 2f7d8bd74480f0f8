"""Where each key stands: a wrong line sends people to the wrong place."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.toml_lines import lines_of

# What a document may have before a key: its text, which ends its last line.
NOISE = ["", "\n", "# a [comment] = 'with\n", "  \t\n", '# "\n\n']
VALUES = [
    "1",
    '"a # no comment"',
    "'it [is] = \\'",
    '"""\nkey = 1\n[table]\n"""',
    '"""a \\""" = 1\n"" """""',
    "'''\n'key' = [\n'''''",
    '[\n  "a", # ]\n  ["b"],\n]',
    '{ inner = 1, "]" = "}" }',
    "2026-11-22 # [x]",
    "[]",
]
SPELLINGS = ["{}", '"{}"', "'{}'", '"\\u006b{}"']


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("a = 1", ("a",), 1),
        ("\n\n  a = 1\n", ("a",), 3),
        ("[t]\na = 1\n", ("t", "a"), 2),
        ("[t]\na = 1\n", ("t",), 1),
        ("[ t . 'u.v' ]\n\"a b\" = 1", ("t", "u.v", "a b"), 2),
        ("[[t]]\na = 1\n[[t]]\na = 1\n", ("t", "a"), 2),
        ("t.u . v = 1", ("t", "u", "v"), 1),
        ("t.u.v = 1\nt.u.w = 1", ("t", "u", "w"), 2),
        ("[t.u]\n[t.w]", ("t",), 1),
        ('"\\u0061" = 1\n"\\"=" = 2', ('"=',), 2),
        ("a = '''\nb = 1\n'''\nb = 2", ("b",), 4),
        ("a = [\n  1,\n]\nb = 2", ("b",), 4),
        ("a = 1 # [t\nb = 2", ("b",), 2),
        ('a = """b"""" # "[\nb = 2', ("b",), 2),
        ("a = '''b'''' # '[\nb = 2", ("b",), 2),
        ("\r\n# a\r\n'b' = 2\r\n", ("b",), 3),
        ("\"#\" = 1\n'[' = 2\nb = 3", ("b",), 3),
    ],
)
def test_a_key_is_found_where_it_stands(text: str, key: tuple[str, ...], line: int) -> None:
    """However it is spelled, and whatever stands before it."""
    tomllib.loads(text)
    assert lines_of(text)[key] == line


def test_what_is_in_an_inline_table_is_left_to_what_is_around_it() -> None:
    """No line rather than a wrong one."""
    lines = lines_of("\nt = { a = 1 }\n")
    assert lines[("t",)] == 2
    assert ("t", "a") not in lines


def keys_in(document: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys that stand in statements of their own in the documents that the next test makes."""
    for name, value in document.items():
        yield (*at, name)
        if isinstance(value, dict) and "inner" not in value:
            yield from keys_in(value, (*at, name))


@given(
    parts=st.lists(
        st.tuples(st.sampled_from(NOISE), st.booleans(), st.sampled_from(SPELLINGS), st.sampled_from(VALUES)),
        max_size=12,
    )
)
def test_every_key_of_any_document_has_its_line(parts: list[tuple[str, bool, str, str]]) -> None:
    """Whatever tomllib reads: each key of it, counted here while the text is put together."""
    text = ""
    wanted: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, (noise, is_header, spelling, value) in enumerate(parts):
        text += noise
        written = spelling.format(f"x{number}")
        key = ("kx" if "\\u" in spelling else "x") + str(number)
        here = (key,) if is_header else (*table, key)
        wanted[here] = text.count("\n") + 1
        text += f"[ {written}]\n" if is_header else f"{written} = {value}\n"
        table = here if is_header else table
    assert set(keys_in(tomllib.loads(text))) == wanted.keys()
    assert lines_of(text) == wanted

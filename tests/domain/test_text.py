"""Foreign text is shown on one line, as long as there is room, with nothing hidden in it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import clean

HIDDEN = "\x00\x07\x1b\x7f\x85\u00ad\u200b\u200d\u200e\u202e\u2066\u2069\ufeff\ud800\ue000\U000e0041"
SPACES = "\t\r\n \u00a0\u2003\u2028\u2029\u3000"
anything = st.text(st.characters() | st.sampled_from(HIDDEN + SPACES), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("guangzhou-to-hq", "guangzhou-to-hq"),
        ("名前 🙂 Zürich", "名前 🙂 Zürich"),
        ("  two\n\r\n\tlines\u2028more ", "two lines more"),
        ("a\u00a0b\u3000c", "a b c"),
        ("inv\u200bisi\u00adble", "invisible"),
        ("\u202etfel-ot-thgir\u202c", "tfel-ot-thgir"),
        ("bell\x07nul\x00esc\x1b[31m", "bellnulesc[31m"),
        ("half\ud800pair", "halfpair"),
        (HIDDEN + SPACES, ""),
        ("", ""),
    ],
    ids=[
        "plain",
        "letters",
        "lines",
        "spaces",
        "zero-width",
        "bidi",
        "control",
        "surrogate",
        "none",
        "empty",
    ],
)
def test_what_people_see_stays_and_what_they_cannot_see_goes(text: str, shown: str) -> None:
    """Words stay as they are; every kind of white space is one space; nothing hidden survives."""
    assert clean(text, 100) == shown


@given(text=anything, times=st.sampled_from([1, 1, 500]), limit=st.integers(1, 80))
def test_any_text_becomes_one_line_within_its_limit(text: str, times: int, limit: int) -> None:
    """Whatever the text: no more than `limit`, no line breaks, nothing hidden, and cleaning again is idle."""
    shown = clean(text * times, limit)
    assert len(shown) <= limit
    assert all(unicodedata.category(char)[0] not in "CZ" or char == " " for char in shown)
    assert shown == shown.strip()
    assert "  " not in shown
    assert clean(shown, limit) == shown


@given(words=st.text("abc ", min_size=1, max_size=40), limit=st.integers(1, 40))
def test_what_is_cut_ends_in_an_ellipsis_and_what_fits_does_not(words: str, limit: int) -> None:
    """A reader can tell a whole name from a part of one."""
    whole = " ".join(words.split())
    shown = clean(words, limit)
    if len(whole) > limit or len(words) > limit * 4:
        assert shown.endswith("…")
        assert whole.startswith(shown[:-1])
    else:
        assert shown == whole


def test_a_text_that_hides_its_end_behind_invisible_characters_is_marked_as_cut() -> None:
    """Ten thousand invisible characters can't push the rest out of sight unnoticed."""
    assert clean("safe" + "\u200b" * 10_000 + "-not", 20) == "safe…"

"""Block Kit's small pieces: foreign words can't become mark-up, and nothing is too long or empty."""

import pytest
from hypothesis import given

from bot.chat.blocks import escape, header, lines, quote, request_id, seconds, utc, value
from bot.rehearsal.limits import check_message
from tests.chat.hostile import assert_escaped, foreign


@given(text=foreign)
def test_an_escaped_text_holds_no_mark_up_and_reads_as_it_was(text: str) -> None:
    """`& < >` are escaped, once each, and Slack shows the text as it came."""
    escaped = escape(text)
    assert_escaped(escaped, set())
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@given(text=foreign)
def test_every_block_of_a_foreign_text_is_one_that_slack_takes(text: str) -> None:
    """Also when the text is ten thousand characters, or nothing that can be seen."""
    check_message("fallback", [lines([value(text)], request_id(text)), quote(text), header(f"Tunnel {text}")])


@pytest.mark.parametrize(
    "text", ["", " ", "\u200b", "\x00\n"], ids=["empty", "space", "zero-width", "control"]
)
def test_a_value_without_anything_to_see_is_a_dash(text: str) -> None:
    """An empty text element would make Slack refuse the whole message."""
    assert value(text)["text"] == "–"
    assert quote(text)["elements"][0]["elements"][0]["text"] == "–"


def test_a_lost_request_id_is_said() -> None:
    """No RequestId is never an empty place."""
    assert request_id(None) == [{"type": "text", "text": "RequestId: none reached vpn-bot."}]


@pytest.mark.parametrize(
    ("duration_s", "words"),
    [(0, "0.0 s"), (3.24, "3.2 s"), (9.94, "9.9 s"), (10, "10 s"), (41.4, "41 s"), (300, "300 s")],
)
def test_a_duration_reads_as_people_say_it(duration_s: float, words: str) -> None:
    """Tenths while they matter."""
    assert seconds(duration_s) == words


def test_a_time_in_the_fallback_text_names_its_zone() -> None:
    """`text` can't follow the reader's time zone, so it says which it is in."""
    assert utc(1_700_000_000.9) == "22:13:20 UTC"

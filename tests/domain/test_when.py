"""Durations and clock times, as people mean them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.when import Day, Until, read_duration, start_of, write_duration
from bot.errors import BadCommand
from tests.domain.spoken import EXAMPLES, case

HOUR_S, DAY_S = 3_600, 86_400
MONTH_S = 30 * DAY_S
EVENING = Until(hour=18, minute=0)
SHANGHAI_S, NEW_YORK_S, KATHMANDU_S = 8 * HOUR_S, -5 * HOUR_S, 20_700


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds", "rest"),
    [
        case("hours", "2h x", 7200, " x"),
        case("hours in words", "2 Hours, x", 7200, ", x"),
        case("minutes", "90 min x", 5400, " x"),
        case("a day", "1d", DAY_S, ""),
        case("together", "1h30m x", 5400, " x"),
        case("apart", "1 h 30 m x", 5400, " x"),
        case("with and", "1 hour and 30 mins and more", 5400, " and more"),
        case("all units", "1d2h3m4s x", 93784, " x"),
        case("a half", "1.5h x", 5400, " x"),
        case("seconds", "3600 secs x", 3600, " x"),
        case("the shortest", "1m", 60, ""),
        case("the longest", "720h", MONTH_S, ""),
        case("a unit twice", "2h 2h", 7200, " 2h"),
        case("a longer unit later", "30m 2h", 1800, " 2h"),
    ],
)
def test_a_duration_takes_the_words_that_belong_to_it(text: str, seconds: float, rest: str) -> None:
    """Longer units before shorter ones, glued or apart."""
    assert read_duration(text, MONTH_S, "") == (seconds, rest)


@pytest.mark.parametrize("text", ["", "x", "h", "2x", "h2", "2hm", "2h30", "12345678h", "1e3h", "-2h"])
def test_what_is_no_duration_is_left_alone(text: str) -> None:
    """It is for whoever reads on."""
    assert read_duration(text, MONTH_S, "") is None


@pytest.mark.parametrize("text", ["30", "30 x", "1.5", "1 1h"])
def test_a_number_alone_lacks_its_unit(text: str) -> None:
    """Minutes or hours would be a guess."""
    with pytest.raises(BadCommand, match="has no unit"):
        read_duration(text, MONTH_S, "")


@given(st.integers(60, 3_650 * DAY_S))
def test_a_written_duration_reads_as_itself(seconds: int) -> None:
    """Whole seconds survive the writing."""
    assert read_duration(f"{write_duration(seconds)} x", 3_650 * DAY_S, "") == (seconds, " x")


@pytest.mark.parametrize(
    ("until", "now", "tz_offset_s", "moment"),
    [
        case("later today", EVENING, "2026-11-23T17:59", 0, "2026-11-23T18:00"),
        case("this very moment is tomorrow", EVENING, "2026-11-23T18:00", 0, "2026-11-24T18:00"),
        case("past is tomorrow", EVENING, "2026-11-23T18:01", 0, "2026-11-24T18:00"),
        case("over the year's end", EVENING, "2026-12-31T19:00", 0, "2027-01-01T18:00"),
        case("ahead of UTC", EVENING, "2026-11-23T09:00", SHANGHAI_S, "2026-11-23T10:00"),
        case("past, ahead of UTC", EVENING, "2026-11-23T11:00", SHANGHAI_S, "2026-11-24T10:00"),
        case("their tomorrow already", EVENING, "2026-11-23T17:00", SHANGHAI_S, "2026-11-24T10:00"),
        case("behind UTC", EVENING, "2026-11-23T17:00", NEW_YORK_S, "2026-11-23T23:00"),
        case("still their yesterday", EVENING, "2026-11-24T02:00", NEW_YORK_S, "2026-11-24T23:00"),
        case("a quarter of an hour", EVENING, "2026-11-23T12:00", KATHMANDU_S, "2026-11-23T12:15"),
        case("midnight", Until(hour=0, minute=0), "2026-11-23T17:00", 0, "2026-11-24T00:00"),
        case(
            "a date",
            Until(hour=18, minute=5, date=Day(2026, 11, 24)),
            "2026-11-23T10:00",
            SHANGHAI_S,
            "2026-11-24T10:05",
        ),
        case(
            "a leap day",
            Until(hour=1, minute=0, date=Day(2028, 2, 29)),
            "2028-02-28T00:00",
            0,
            "2028-02-29T01:00",
        ),
        case(
            "just 30 days",
            Until(hour=0, minute=0, date=Day(2026, 12, 31)),
            "2026-12-01T00:00",
            0,
            "2026-12-31T00:00",
        ),
    ],
)
def test_until_is_the_next_such_moment_by_the_typists_clock(
    until: Until, now: str, tz_offset_s: int, moment: str
) -> None:
    """Today where it still comes, else tomorrow; a date is their date."""
    assert until.epoch_s(utc(now), tz_offset_s) == utc(moment)


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        case("yesterday", Until(hour=18, minute=0, date=Day(2026, 11, 22)), "2026-11-22 18:00 has passed."),
        case("now", Until(hour=10, minute=0, date=Day(2026, 11, 23)), "2026-11-23 10:00 has passed."),
        case("31 days", Until(hour=10, minute=1, date=Day(2026, 12, 23)), "is more than 30 days away"),
        case("the last day", Until(hour=23, minute=59, date=Day(9999, 12, 31)), "is more than 30 days away"),
        case("the first day", Until(hour=0, minute=0, date=Day(1, 1, 1)), "0001-01-01 00:00 has passed."),
    ],
)
def test_a_date_that_is_past_or_far_is_refused(until: Until, sentence: str) -> None:
    """With the date as it was typed, and what would be right."""
    with pytest.raises(BadCommand) as caught:
        until.epoch_s(utc("2026-11-23T02:00"), SHANGHAI_S)
    assert sentence in str(caught.value)
    assert str(caught.value).split(" Example: ")[1] in EXAMPLES


@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    now=st.floats(0, 4e9),
    tz_offset_s=st.integers(-48, 56).map(lambda quarters: quarters * 900),
)
def test_a_clock_time_comes_within_a_day(hour: int, minute: int, now: float, tz_offset_s: int) -> None:
    """Whatever the zone, it is ahead, near, and shows that time on the typist's clock."""
    moment = Until(hour=hour, minute=minute).epoch_s(now, tz_offset_s)
    assert now < moment <= now + DAY_S
    there = datetime.fromtimestamp(moment + tz_offset_s, UTC)
    assert (there.hour, there.minute, there.second) == (hour, minute, 0)


@pytest.mark.parametrize(
    ("since", "tz_offset_s", "start"),
    [
        case("the very beginning", None, 0, None),
        case("an hour", 3600.0, 0, utc("2026-11-23T01:00")),
        case("a date", Day(2026, 11, 20), 0, utc("2026-11-20T00:00")),
        case("a date ahead of UTC", Day(2026, 11, 20), SHANGHAI_S, utc("2026-11-19T16:00")),
    ],
)
def test_since_begins_so_long_ago_or_with_the_day(
    since: float | Day | None, tz_offset_s: int, start: float | None
) -> None:
    """None looks at everything."""
    assert start_of(since, utc("2026-11-23T02:00"), tz_offset_s) == start

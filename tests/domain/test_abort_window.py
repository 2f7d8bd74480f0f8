"""What counts of an abort window: the time in which Stop could be pressed, and nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.abort_window import AWAY_S, LEAST_S, AbortWindow

DRAWN_AT = 100.0
WINDOW_S = 10.0


def window(*spans: tuple[float, float], window_s: float = WINDOW_S) -> AbortWindow:
    """A window in which somebody was there from … until …, in seconds since Stop is on the card."""
    counted = AbortWindow(window_s=window_s, drawn_at=DRAWN_AT)
    for since, until in spans:
        counted = counted.count(DRAWN_AT + since, DRAWN_AT + until)
    return counted


@pytest.mark.parametrize(
    ("spans", "missing_s"),
    [
        ([], 10.0),
        ([(0, 4)], 6.0),
        ([(-5, 4)], 6.0),
        ([(-5, -1)], 10.0),
        ([(0, 4), (0, 4)], 6.0),
        ([(0, 4), (-5, 6)], 4.0),
        ([(0, 4), (5, 6)], 5.0),
        ([(0, 4), (1, 3)], 6.0),
        ([(0, 9.9), (30, 30.1)], LEAST_S - 0.1),
        ([(0, 9.9), (30, 31)], LEAST_S - 1),
        ([(0, 9.5), (9.5 + AWAY_S, 9.6 + AWAY_S)], 0.4),
        ([(0, 15)], 0.0),
    ],
    ids=[
        "nobody was there",
        "one was",
        "before Stop was on the card",
        "only before it was",
        "counted twice",
        "two at the same time",
        "a hole",
        "counted late",
        "back for a moment, long after",
        "back for a second",
        "away for a moment",
        "more than all of it",
    ],
)
def test_what_is_missing(spans: list[tuple[float, float]], missing_s: float) -> None:
    """No second counts twice, none counts in which nobody was there, and after an absence some are left."""
    assert window(*spans).missing_s == pytest.approx(missing_s)


def test_after_an_absence_a_short_window_begins_again() -> None:
    """It is no longer than what is given at least."""
    assert window((0, 0.9), (60, 60.1), window_s=1.0).missing_s == pytest.approx(0.9)


# Tenths of seconds: two spans don't differ by what a float can't tell.
tenths = st.integers(-50, 400)


@given(st.lists(st.tuples(tenths, tenths), max_size=12), st.sampled_from([2.0, 4.0, 10.0]))
def test_never_more_is_counted_than_people_had(spans: list[tuple[int, int]], window_s: float) -> None:
    """Whoever counts, in whatever order: at most the time that one of them was there and Stop on the card."""
    had = {tenth for since, until in spans for tenth in range(max(0, since), until)}
    counted = window(*((since / 10, until / 10) for since, until in spans), window_s=window_s)
    assert window_s - counted.missing_s <= len(had) / 10 + 1e-6


@given(st.lists(tenths, min_size=2, max_size=12), st.sampled_from([2.0, 4.0, 10.0]))
def test_nothing_is_missed_of_what_one_counts_without_a_break(times: list[int], window_s: float) -> None:
    """However often it counts."""
    times.sort()
    spans = [(since / 10, until / 10) for since, until in pairwise(times)]
    began_s = max(0.0, times[0] / 10)
    had_s = max(0.0, times[-1] / 10 - began_s)
    if began_s > AWAY_S:
        had_s = min(had_s, window_s)  # nobody was there at first: that is no break
    assert window(*spans, window_s=window_s).missing_s == pytest.approx(max(0.0, window_s - had_s))

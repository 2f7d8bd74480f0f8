"""A clock that is set while something waits: nothing untrue is said."""

import logging

import pytest

from bot.domain.model import State
from bot.ledger.watch import SET_BY_S, Watch
from tests.ledger.opened import T0, Replica
from tests.work.cloud import STANDS, Cloud
from tests.work.test_steps import VERIFY_S, Scene, steps_over

HOUR_S = 3_600.0


@pytest.fixture
def scene(first: Replica) -> Scene:
    """Accepted. The ledger's clock leaps whenever a test moves it, as no second passes beside it."""
    cloud = Cloud(look=STANDS)
    scene = Scene(first, cloud, steps_over(first, cloud, set_ahead_at=lambda: first.database.set_ahead_at))
    assert scene.confirmed().act(State.CONFIRMED).state is State.VERIFYING
    return scene


def test_a_leap_is_no_time_in_which_the_tunnel_could_have_gone(scene: Scene) -> None:
    """“Still there after an hour” would be untrue, and too early."""
    assert scene.at(HOUR_S).verify().state is State.VERIFYING
    assert scene.at(HOUR_S + VERIFY_S - 1).verify().state is State.VERIFYING


def test_after_a_clock_that_was_set_back_no_time_is_told(scene: Scene) -> None:
    """Gone after minus an hour is nonsense."""
    held = scene.at(1).replica.take(State.VERIFYING)
    scene.cloud.look = {}
    scene.at(-HOUR_S).steps.verify([held])
    assert scene.now.state is State.GONE
    assert scene.text("gone") == "vpnx-p0j11j28 is gone."


@pytest.mark.parametrize(
    ("told", "passed", "ahead"),
    [
        ([T0, T0 + 5], [0, 5], False),
        ([T0, T0 + 5 + SET_BY_S], [0, 5], False),
        ([T0, T0 + HOUR_S], [0, 5], True),
        ([T0, T0 - HOUR_S], [0, 5], False),
        ([T0, T0 + 5], [0, HOUR_S], False),
    ],
    ids=["it goes on", "a little ahead", "set ahead", "set back", "the other stood still"],
)
def test_a_leap_is_told_from_time_that_passed(
    told: list[float], passed: list[float], ahead: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """By a clock that nobody sets; the log says by how much."""
    caplog.set_level(logging.WARNING)
    ticks = iter(passed)
    watch = Watch(lambda: next(ticks))
    assert [watch.seen(now) for now in told] == told
    assert (watch.set_ahead_at == told[-1]) is ahead
    leapt = abs((told[1] - told[0]) - (passed[1] - passed[0])) > SET_BY_S
    assert ("the clock was set by" in caplog.text) is leapt

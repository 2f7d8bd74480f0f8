"""A clock that is set while something waits: people keep their time to press Stop; nothing untrue is said."""

import logging

import pytest

from bot.domain.model import Decision, State
from bot.ledger.tables import posts
from bot.ledger.watch import SET_BY_S, Watch
from tests.ledger.opened import ALLOWED, BEN, RETRY_S, T0, Replica, ask
from tests.work.cloud import STANDS, Cloud
from tests.work.test_steps import VERIFY_S, Scene, steps_over

WINDOW_S = 10.0
HOUR_S = 3_600.0


@pytest.fixture
def scene(first: Replica) -> Scene:
    """The ledger's clock leaps whenever a test moves it, as no second passes beside it."""
    cloud = Cloud(look=STANDS)
    scene = Scene(first, cloud, steps_over(first, cloud, set_ahead_at=lambda: first.database.set_ahead_at))
    scene.card_id = first.ledger.ask(ask())
    scene.steps.prepare([first.take(State.ASKED)])
    with first.database.write() as tx:
        tx.connection.execute(posts.update().values(shown=posts.c.wanted, ts="1.0"))
    assert first.ledger.decide(
        scene.card_id,
        Decision.CONFIRM,
        by=BEN,
        rule=lambda _: ALLOWED,
        retry_for_s=RETRY_S,
        window_s=lambda _: WINDOW_S,
    ).won
    return scene


def test_a_clock_set_ahead_leaves_the_whole_abort_window(scene: Scene) -> None:
    """It would be over at once by that clock; it begins anew, and then the deletion goes on."""
    assert scene.at(HOUR_S).act(State.CONFIRMED).state is State.CONFIRMED
    assert scene.cloud.deleted == []
    assert "clock set ahead" in scene.replica.events()
    assert scene.replica.claims.claim(1, [State.CONFIRMED]) == []
    assert scene.at(HOUR_S + WINDOW_S).replica.take(State.CONFIRMED)


def test_a_window_in_which_the_clock_just_went_on_ends_when_it_was_said_to(scene: Scene) -> None:
    """To the moment."""
    for second in range(10):
        assert scene.at(second).replica.claims.claim(1, [State.CONFIRMED]) == []
    assert scene.at(WINDOW_S).act(State.CONFIRMED).state is State.VERIFYING
    assert len(scene.cloud.deleted) == 1


def test_a_leap_is_no_time_in_which_the_tunnel_could_have_gone(scene: Scene) -> None:
    """“Still there after an hour” would be untrue, and too early."""
    for second in range(11):
        scene.at(second).replica.claims.claim(1, [State.ASKED])
    assert scene.act(State.CONFIRMED).state is State.VERIFYING
    assert scene.at(HOUR_S).verify().state is State.VERIFYING
    assert scene.at(HOUR_S + VERIFY_S - 1).verify().state is State.VERIFYING


def test_after_a_clock_that_was_set_back_no_time_is_told(scene: Scene) -> None:
    """Gone after minus an hour is nonsense."""
    for second in range(11):
        scene.at(second).replica.claims.claim(1, [State.ASKED])
    scene.act(State.CONFIRMED)
    held = scene.at(12).replica.take(State.VERIFYING)
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

"""A clock that is set while something waits: nothing untrue is said."""

import logging

import pytest

from bot.domain.explain import OwnCode
from bot.domain.model import State
from bot.errors import NotSent
from bot.ledger.set_back import put_right
from bot.ledger.slots import Slots
from bot.ledger.tables import deletions, posts
from bot.ledger.watch import SET_BY_S, Watch
from tests.ledger.opened import T0, Replica
from tests.work.cloud import STANDS, Cloud
from tests.work.scene import VERIFY_S, Scene, steps_over

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


@pytest.fixture
def asked(first: Replica) -> Scene:
    """Nothing is confirmed yet."""
    cloud = Cloud(look=STANDS)
    return Scene(first, cloud, steps_over(first, cloud))


def set_back(scene: Scene) -> None:
    """By an hour; the bot sees it with its next heartbeat."""
    scene.at(-HOUR_S)
    scene.replica.claims.claim(1, [State.VERIFYING])
    put_right(scene.replica.database)


def test_what_was_confirmed_before_the_clock_was_set_back_is_not_sent_an_hour_later(asked: Scene) -> None:
    """It is void at once: nobody knows any more when that was."""
    asked.confirmed(next_at=T0 + 10, send_at=T0 + 10)
    set_back(asked)
    ended = asked.act(State.CONFIRMED)
    assert (ended.state, ended.code, asked.cloud.deleted) == (State.VOID, OwnCode.TOO_LATE, [])


def test_what_was_sent_is_looked_at_at_once_and_not_an_hour_later(asked: Scene) -> None:
    """Whether it is gone, and what became of a call without an answer."""
    asked.confirmed().act(State.CONFIRMED)
    asked.cloud.look = {}
    set_back(asked)
    assert asked.verify().state is State.GONE


def test_what_is_to_be_said_does_not_wait_for_the_old_time(asked: Scene) -> None:
    """Slack had asked for a pause of half a minute."""
    asked.confirmed()
    (post,) = asked.replica.outbox.claim(1)
    asked.replica.outbox.pause(post, 30, unclear=False)
    asked.replica.leases.end([post])
    asked.at(-HOUR_S)
    assert asked.replica.outbox.claim(1) == []
    put_right(asked.replica.database)
    assert [one.kind for one in asked.replica.outbox.claim(1)] == ["card"]


def test_a_lease_of_a_process_that_died_runs_out_all_the_same(asked: Scene, second: Replica) -> None:
    """It would hold its row for an hour."""
    asked.confirmed()
    asked.replica.take(State.CONFIRMED)
    set_back(asked)
    asked.at(5 - HOUR_S)
    assert len(second.claims.claim(1, [State.CONFIRMED])) == 1


def test_a_clock_that_was_not_set_back_leaves_everything_as_it_is(asked: Scene) -> None:
    """An abort window is neither cut short nor begun again by a start."""
    asked.confirmed(next_at=T0 + 10, send_at=T0 + 10).cloud.delete = NotSent("refused")
    before = [asked.replica.rows(table) for table in (deletions, posts)]
    put_right(asked.replica.database)
    assert [asked.replica.rows(table) for table in (deletions, posts)] == before


def test_calls_to_the_cloud_do_not_wait_for_the_old_time(asked: Scene) -> None:
    """The line of all replicas would be an hour long."""
    slots = Slots(asked.replica.database)
    for _ in range(20):
        slots.reserve("DescribeVpnConnections ap-guangzhou", 0.01)
    assert slots.reserve("DescribeVpnConnections ap-guangzhou", 0.01) > 0
    asked.at(-HOUR_S)
    assert slots.reserve("DescribeVpnConnections ap-guangzhou", 0.01) == pytest.approx(0.0, abs=1e-6)

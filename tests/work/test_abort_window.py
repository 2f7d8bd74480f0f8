"""The abort window: people have all of it, on a card that shows Stop, whatever bot, Slack and clock do."""

import pytest

from bot.domain.explain import OwnCode
from bot.domain.model import Decision, State
from bot.ledger.tables import posts
from bot.work.clear import AWAY_S, DRAWN_WITHIN_S
from tests.ledger.opened import ALLOWED, BEN, RETRY_S, T0, TUNNEL, Replica
from tests.work.cloud import STANDS, Cloud
from tests.work.scene import OTHER, Scene, steps_over

BOTH = {TUNNEL.tunnel_id: TUNNEL, OTHER.tunnel_id: OTHER}
WINDOW_S = 10.0
HOUR_S = 3_600.0


@pytest.fixture
def scene(first: Replica) -> Scene:
    """Confirmed at T0; Stop isn't on the card yet."""
    cloud = Cloud(look=BOTH)
    scene = Scene(first, cloud, steps_over(first, cloud))
    return confirm(scene, first.show())


def confirm(scene: Scene, card_id: str) -> Scene:
    scene.card_id = card_id
    assert scene.replica.ledger.decide(
        card_id,
        Decision.CONFIRM,
        by=BEN,
        rule=lambda _: ALLOWED,
        retry_for_s=RETRY_S,
        window_s=lambda _: WINDOW_S,
    ).won
    return scene


def draw(scene: Scene) -> None:
    """Slack shows the card as it is now."""
    for post in scene.replica.outbox.claim(10):
        scene.replica.outbox.said(post, "1.0")


def test_with_stop_on_the_card_it_is_sent_when_the_window_ends(scene: Scene) -> None:
    """To the moment, and not before."""
    draw(scene.at(0.2))
    for second in range(1, 10):
        assert scene.at(second).replica.claims.claim(1, [State.CONFIRMED]) == []
    assert scene.at(WINDOW_S).act(State.CONFIRMED).state is State.VERIFYING


def test_while_slack_shows_no_stop_nothing_is_sent(scene: Scene) -> None:
    """The button comes late: the window begins when it is there, and the thread says so."""
    for second in (WINDOW_S, WINDOW_S + 1, WINDOW_S + 2):
        assert scene.at(second).act(State.CONFIRMED).state is State.CONFIRMED
    draw(scene.at(WINDOW_S + 2.2))
    assert scene.at(WINDOW_S + 3).act(State.CONFIRMED).send_at == T0 + 2 * WINDOW_S + 3
    assert "the time to press Stop begins again" in scene.text("window again")
    draw(scene.at(WINDOW_S + 3.2))
    assert scene.replica.claims.claim(1, [State.CONFIRMED]) == []
    assert scene.cloud.deleted == []
    assert scene.at(2 * WINDOW_S + 3).act(State.CONFIRMED).state is State.VERIFYING
    assert scene.replica.events().count("abort window begins again") == 1


@pytest.mark.parametrize(("late_s", "again"), [(DRAWN_WITHIN_S, False), (DRAWN_WITHIN_S + 0.1, True)])
def test_a_moment_is_nothing(scene: Scene, late_s: float, again: bool) -> None:
    """Slack's edit takes some tenths of a second."""
    draw(scene.at(late_s))
    state = scene.at(WINDOW_S).act(State.CONFIRMED).state
    assert state is (State.CONFIRMED if again else State.VERIFYING)


@pytest.mark.parametrize(("late_s", "again"), [(AWAY_S, False), (AWAY_S + 0.1, True), (200.0, True)])
def test_a_bot_that_was_away_when_it_ended_gives_people_all_of_it_again(
    scene: Scene, late_s: float, again: bool
) -> None:
    """They could not press Stop; a clock that leapt looks the same, and is as harmless."""
    draw(scene)
    ended = scene.at(WINDOW_S + late_s).act(State.CONFIRMED)
    assert ended.state is (State.CONFIRMED if again else State.VERIFYING)
    assert scene.cloud.deleted == ([] if again else ["ap-guangzhou/vpngw-7lcl5331/vpnx-p0j11j28"])
    if again:
        draw(scene)
        assert scene.at(2 * WINDOW_S + late_s).act(State.CONFIRMED).state is State.VERIFYING


def test_what_was_confirmed_long_ago_is_not_sent(scene: Scene) -> None:
    """The bot was away for an hour: who pressed Confirm then may have done otherwise since."""
    draw(scene)
    ended = scene.at(HOUR_S).act(State.CONFIRMED)
    assert (ended.state, ended.code) == (State.VOID, OwnCode.TOO_LATE)
    assert "Confirmed, but not sent in time" in scene.text("void")
    assert scene.cloud.deleted == []


def test_that_holds_for_what_needs_no_window_too(first: Replica) -> None:
    """One click an hour ago."""
    scene = Scene(first, Cloud(look=STANDS), steps_over(first, Cloud(look=STANDS))).confirmed()
    assert scene.at(HOUR_S).act(State.CONFIRMED).code == OwnCode.TOO_LATE


def test_where_slack_never_shows_stop_it_is_given_up_at_the_deadline(scene: Scene) -> None:
    """Not sent blindly."""
    second = WINDOW_S
    while scene.now.state is State.CONFIRMED and second < WINDOW_S + 2 * RETRY_S:
        second += 5
        scene.at(second).act(State.CONFIRMED)
    assert (scene.now.state, scene.now.code) == (State.VOID, OwnCode.TOO_LATE)
    assert WINDOW_S + RETRY_S <= second <= WINDOW_S + RETRY_S + 5


def test_a_card_of_several_has_one_window(first: Replica) -> None:
    """And begins it again as a whole."""
    cloud = Cloud(look=BOTH)
    scene = confirm(Scene(first, cloud, steps_over(first, cloud)), first.show(TUNNEL, OTHER))
    draw(scene)
    scene.at(WINDOW_S + AWAY_S + 1).act(State.CONFIRMED)
    batch = first.ledger.batch(scene.card_id, first=10)
    assert batch is not None
    assert {row.send_at for row in batch.rows} == {T0 + 2 * WINDOW_S + AWAY_S + 1}
    assert cloud.deleted == []


def test_what_is_drawn_while_somebody_confirms_does_not_count(first: Replica) -> None:
    """That edit shows Confirm, not Stop."""
    cloud = Cloud(look=STANDS)
    scene = Scene(first, cloud, steps_over(first, cloud))
    card_id = first.show()
    held = first.outbox.claim(10)
    confirm(scene, card_id)
    for post in held:
        first.outbox.said(post, "1.0")
    with first.database.read() as tx:
        assert tx.connection.execute(posts.select()).mappings().one()["drawn_at"] is None

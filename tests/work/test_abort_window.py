"""The abort window: people have all of it, on a card that shows Stop, whatever bot, Slack and clock do."""

import pytest

from bot.domain.abort_window import AWAY_S, LEAST_S, AbortWindow
from bot.domain.explain import CodeKind, OwnCode
from bot.domain.model import Decision, Deletion, State, Tunnel
from bot.ledger.tables import deletions, posts
from bot.ledger.windows import Windows, begin_again
from bot.work.abort_window import DRAWN_AGAIN_S, ENDED_AGAIN_S
from tests.ledger.opened import ALLOWED, BEN, RETRY_S, T0, TUNNEL, Replica
from tests.work.cloud import STANDS, Cloud
from tests.work.scene import OTHER, Scene, steps_over
from tests.work.steps import count

BOTH = {TUNNEL.tunnel_id: TUNNEL, OTHER.tunnel_id: OTHER}
WINDOW_S = 10.0
HOUR_S = 3_600.0
SENT = ["ap-guangzhou/vpngw-7lcl5331/vpnx-p0j11j28"]


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
    """Slack shows the card, and what there is for its thread, as they are now."""
    while due := scene.replica.outbox.claim(10):
        for post in due:
            scene.replica.outbox.said(post, "1.0")


def there(scene: Scene, since: float, until: float) -> Scene:
    """Between these seconds after T0 a bot is connected, and its heart beats."""
    now = since
    while now < until:
        now = min(until, now + 0.5)
        count(scene.at(now).replica)
    return scene


def back(scene: Scene, since: float, until: float) -> Scene:
    """A bot that came then counts for the first time. (Its ledger takes the time before for a leap.)"""
    assert scene.at(since).now.state is State.CONFIRMED
    count(scene.at(until).replica)
    return scene


def act(scene: Scene, second: float) -> State:
    """One step then."""
    return scene.at(second).act(State.CONFIRMED).state


def finish(scene: Scene, second: float) -> None:
    """The window is over: the card says so, and then it is sent."""
    assert (act(scene, second), scene.now.window_over_at) == (State.CONFIRMED, T0 + second)
    assert scene.cloud.deleted == []
    draw(scene)
    assert act(scene, second + ENDED_AGAIN_S) is State.VERIFYING
    assert scene.cloud.deleted == SENT


def test_with_stop_on_the_card_it_is_sent_when_the_window_ends(scene: Scene) -> None:
    """Not before, and after the card has said that it is being deleted."""
    draw(scene)
    for second in range(10):
        there(scene, second, second + 1)
        assert scene.at(second + 0.9).replica.claims.claim(1, [State.CONFIRMED]) == []
    finish(scene, WINDOW_S)
    assert "abort window prolonged" not in scene.replica.events()


def test_before_the_card_says_that_the_window_is_over_nothing_is_sent(scene: Scene) -> None:
    """However long Slack takes; when it can't be told until the deadline, it isn't sent at all."""
    draw(scene)
    act(there(scene, 0, WINDOW_S), WINDOW_S)
    second = WINDOW_S
    while scene.now.state is State.CONFIRMED:
        second += 5
        act(scene, second)
    assert (scene.now.state, scene.now.code) == (State.VOID, OwnCode.TOO_LATE)
    assert second >= RETRY_S
    assert scene.cloud.deleted == []


def lose(scene: Scene) -> None:
    """Slack says of the card's edit that there is no such message."""
    for post in scene.replica.outbox.claim(10):
        scene.replica.outbox.drop(post, "message_not_found")


@pytest.mark.parametrize("when", ["at the end", "before Stop is on it"])
def test_a_card_that_was_deleted_lets_nothing_be_sent(scene: Scene, when: str) -> None:
    """Nobody can press Stop on it: the deletion is void, with a code of its own."""
    if when == "at the end":
        draw(scene)
        act(there(scene, 0, WINDOW_S), WINDOW_S)
    lose(scene)
    assert act(scene, WINDOW_S + ENDED_AGAIN_S) is State.VOID
    assert scene.now.code == OwnCode.CARD_GONE
    assert scene.replica.events()[-1] == "void"
    assert scene.cloud.deleted == []


def refuse(scene: Scene, code: str = "is_inactive") -> None:
    """Slack doesn't take the card's edit; it is tried again a second later."""
    (post,) = scene.replica.outbox.claim(1)
    assert post.kind == "card"
    scene.replica.outbox.refused(post, code)
    scene.replica.outbox.later(post, 1, unclear=False)


WHY_REFUSED = {
    "edit_window_closed": "Slack doesn't let vpn-bot change the card: "
    "Slack lets nobody change a message that old",
    "is_archived": "the channel is archived, so Stop could not be offered",
}


@pytest.mark.parametrize(
    ("code", "tunnels"),
    [("edit_window_closed", [TUNNEL]), ("edit_window_closed", [TUNNEL, OTHER]), ("is_archived", [TUNNEL])],
)
def test_what_slack_refused_for_is_said_when_it_is_void(
    first: Replica, tunnels: list[Tunnel], code: str
) -> None:
    """Given up at once or at the deadline: with Slack's own code, and no word of a card that is gone."""
    scene = confirm(Scene(first, Cloud(look=BOTH), steps_over(first, Cloud())), first.show(*tunnels))
    draw(scene)
    act(there(scene, 0, WINDOW_S), WINDOW_S)
    (post,) = first.outbox.claim(1)
    first.outbox.refused(post, code)
    if code == "edit_window_closed":
        first.outbox.drop(post, code)
    second = WINDOW_S + DRAWN_AGAIN_S
    act(scene, second)
    while scene.now.state is State.CONFIRMED and second < 2 * RETRY_S:
        second += 5
        act(scene, second)
    kind = CodeKind.SLACK
    assert {(row.state, row.code, row.code_kind) for row in rows(scene)} == {(State.VOID, code, kind)}
    assert f"Not deleted: {WHY_REFUSED[code]}." in scene.text("void")


@pytest.mark.parametrize("tunnels", [[TUNNEL], [TUNNEL, OTHER]], ids=["one", "two"])
def test_where_slack_refused_the_edit_at_the_end_the_whole_window_begins_again(
    first: Replica, tunnels: list[Tunnel]
) -> None:
    """Nobody knows since when Stop could not be pressed; the thread is told of the new end before it."""
    cloud = Cloud(look=BOTH)
    scene = confirm(Scene(first, cloud, steps_over(first, cloud)), first.show(*tunnels))
    draw(scene)
    act(there(scene, 0, WINDOW_S), WINDOW_S)
    refuse(scene)
    there(scene, WINDOW_S, 21)
    act(scene, 21)
    assert (scene.said[-1:], cloud.deleted) == (["progress"] if tunnels[1:] else [], [])
    draw(scene)
    act(there(scene, 21, 21.5), 21.5)
    ends = 21 + WINDOW_S
    assert {row.send_at for row in rows(scene)} == {T0 + ends}
    assert "The channel is archived (is_inactive)" in scene.text(f"window again {T0 + ends:.0f}")
    there(scene, 21.5, ends - 0.5)
    assert first.claims.claim(1, [State.CONFIRMED]) == []
    act(there(scene, ends - 0.5, ends), ends)
    assert {row.window_over_at for row in rows(scene)} == {T0 + ends}
    assert first.events().count("abort window begins again") == 1


def test_an_end_that_the_thread_was_not_told_of_is_not_named_later(scene: Scene) -> None:
    """Prolonged while the channel was archived, which nobody knew yet."""
    draw(scene)
    there(scene, 0, 1)
    back(scene, 20, 20.1)
    act(scene, 20.1)
    refuse(scene.at(20.2))
    act(there(scene, 20.2, 60), 60)
    draw(scene)
    act(there(scene, 60, 60.5), 60.5)
    assert scene.now.send_at == T0 + 60 + WINDOW_S
    queued = scene.replica.outbox.claim(10)
    assert [post.kind for post in queued] == ["card"]
    scene.replica.outbox.said(queued[0], "1.0")
    assert [post.kind for post in scene.replica.outbox.claim(10)] == [
        f"window again {T0 + 60 + WINDOW_S:.0f}"
    ]


def test_a_window_that_begins_again_as_it_is_ended_goes_on(scene: Scene) -> None:
    """A step has read that people had all of it, and then Slack's refusal is written."""
    draw(scene)
    held = there(scene, 0, WINDOW_S).at(WINDOW_S).replica.take(State.CONFIRMED)
    windows = Windows(scene.replica.database)
    had = windows.of(held.deletion)
    assert isinstance(had, AbortWindow)
    with scene.replica.database.write() as tx:
        begin_again(tx, scene.card_id, "is_inactive")
    windows.end(held, had, after_s=ENDED_AGAIN_S)
    assert (scene.now.state, scene.now.window_over_at) == (State.CONFIRMED, None)


def test_a_batch_whose_card_was_deleted_is_void_as_a_whole(first: Replica) -> None:
    """None of its tunnels is sent."""
    cloud = Cloud(look=BOTH)
    scene = confirm(Scene(first, cloud, steps_over(first, cloud)), first.show(TUNNEL, OTHER))
    draw(scene)
    act(there(scene, 0, WINDOW_S), WINDOW_S)
    lose(scene)
    act(scene, WINDOW_S + ENDED_AGAIN_S)
    assert {(row.state, row.code) for row in rows(scene)} == {(State.VOID, OwnCode.CARD_GONE)}
    assert cloud.deleted == []


@pytest.mark.parametrize("unclear", [False, True])
def test_a_card_known_to_be_gone_lets_nothing_be_sent_again(scene: Scene, unclear: bool) -> None:
    """The cloud refused for now; where an earlier try may have been carried out, the tunnel is looked at."""
    sent = {"sent_at": T0 + 1, "cleared_at": T0 + 1, "waiting_code": "InternalError", "unclear": unclear}
    with scene.replica.database.write() as tx:
        tx.connection.execute(deletions.update().values(**sent))
    draw(scene)
    scene.replica.ledger.card_is_gone(scene.card_id, "message_not_found")
    assert act(scene, WINDOW_S) is (State.DELETING if unclear else State.VOID)
    assert scene.now.code == OwnCode.CARD_GONE
    if unclear:
        assert scene.act(State.DELETING).state is State.UNKNOWN
    assert scene.cloud.deleted == []


def test_while_slack_shows_no_stop_nothing_is_counted(scene: Scene) -> None:
    """The button comes two seconds late: people get these two seconds, and the thread says so."""
    there(scene, 0, 2)
    draw(scene.at(2))
    there(scene, 2, WINDOW_S)
    assert act(scene, WINDOW_S) is State.CONFIRMED
    assert scene.now.send_at == T0 + WINDOW_S + 2
    assert "for 8.0 s of 10 s only" in scene.text(f"window again {T0 + WINDOW_S + 2:.0f}")
    assert scene.replica.claims.claim(1, [State.CONFIRMED]) == []
    finish(there(scene, WINDOW_S, WINDOW_S + 2), WINDOW_S + 2)
    assert scene.replica.events().count("abort window prolonged") == 1


def test_a_button_that_is_late_for_the_whole_window_still_gives_all_of_it(scene: Scene) -> None:
    """Until then the step only looks again."""
    there(scene, 0, WINDOW_S)
    for second in (WINDOW_S, WINDOW_S + DRAWN_AGAIN_S):
        assert act(scene, second) is State.CONFIRMED
    draw(scene.at(WINDOW_S + 1))
    there(scene, WINDOW_S + 1, WINDOW_S + 1.5)
    act(scene, WINDOW_S + 1.5)
    assert scene.now.send_at == T0 + 2 * WINDOW_S + 1
    finish(there(scene, WINDOW_S + 1.5, 2 * WINDOW_S + 1), 2 * WINDOW_S + 1)


def test_a_moment_is_waited_for_without_a_word(scene: Scene) -> None:
    """Slack's edit takes some tenths of a second."""
    draw(scene.at(0.4))
    assert act(there(scene, 0.4, WINDOW_S), WINDOW_S) is State.CONFIRMED
    assert scene.now.window_over_at is None
    assert scene.said == []
    finish(there(scene, WINDOW_S, WINDOW_S + 0.4), WINDOW_S + 0.4)


@pytest.mark.parametrize("back_at", [WINDOW_S + 0.7, WINDOW_S + 30, WINDOW_S + 200])
def test_a_bot_that_was_away_gives_people_what_they_missed(scene: Scene, back_at: float) -> None:
    """Killed 0.3 s after the window began: they could press Stop for 0.3 s."""
    draw(scene)
    there(scene, 0, 0.3)
    back(scene, back_at, back_at + 0.1)
    assert act(scene, back_at + 0.1) is State.CONFIRMED
    ends = back_at + WINDOW_S - 0.3
    assert scene.now.send_at == pytest.approx(T0 + ends)
    finish(there(scene, back_at + 0.1, ends), ends)


def test_whoever_is_back_after_the_end_gives_people_time_to_press(scene: Scene) -> None:
    """Only a tenth was missing; pressing takes longer, and who pressed meanwhile was told that it failed."""
    draw(scene)
    there(scene, 0, WINDOW_S - 0.1)
    back(scene, 60, 60.1)
    act(scene, 60.1)
    assert scene.now.send_at == pytest.approx(T0 + 60 + LEAST_S)


@pytest.mark.parametrize(("late_s", "again"), [(AWAY_S - 0.1, False), (AWAY_S + 0.1, True), (200.0, True)])
def test_whoever_dies_when_the_window_is_over_gives_people_time_to_press(
    scene: Scene, late_s: float, again: bool
) -> None:
    """The card said that it is being deleted, and then it wasn't for a while. A quick restart is nothing."""
    draw(scene)
    act(there(scene, 0, WINDOW_S), WINDOW_S)
    draw(scene)
    assert act(scene, WINDOW_S + ENDED_AGAIN_S + late_s) is (State.CONFIRMED if again else State.VERIFYING)
    assert scene.cloud.deleted == ([] if again else SENT)
    if again:
        back_at = WINDOW_S + ENDED_AGAIN_S + late_s
        assert scene.now.window_over_at is None
        draw(scene)
        there(scene, back_at, back_at + LEAST_S)
        finish(scene, back_at + LEAST_S)


def test_while_nobody_is_connected_the_window_stands_still(scene: Scene) -> None:
    """Nobody is told again and again what can't be pressed anyway; when somebody is back they are, once."""
    draw(scene)
    there(scene, 0, 4)
    scene.steps = steps_over(scene.replica, scene.cloud, connected=False)
    second = WINDOW_S
    while second < WINDOW_S + 20:
        assert act(scene, second) is State.CONFIRMED
        second += DRAWN_AGAIN_S
    assert scene.said == []
    back(scene, second - 0.2, second)
    act(scene, second)
    assert scene.now.send_at == pytest.approx(T0 + second + 6 - 0.2)


def test_where_nobody_is_connected_until_the_deadline_it_is_given_up(scene: Scene) -> None:
    """Not sent blindly."""
    draw(scene)
    there(scene, 0, 4)
    scene.steps = steps_over(scene.replica, scene.cloud, connected=False)
    second = WINDOW_S
    while scene.now.state is State.CONFIRMED and second < WINDOW_S + 2 * RETRY_S:
        act(scene, second)
        second += 5
    assert (scene.now.state, scene.now.code) == (State.VOID, OwnCode.TOO_LATE)
    assert scene.cloud.deleted == []


def test_one_replica_that_stays_is_enough(scene: Scene, second: Replica) -> None:
    """The one that took the click dies a second later; the other one finds the window within two seconds."""
    draw(scene)
    there(scene, 0, 1)
    for at in range(2, 11):
        scene.at(at)
        count(second)
    finish(scene, WINDOW_S)
    assert "abort window prolonged" not in scene.replica.events()


def test_two_replicas_count_no_second_twice(scene: Scene, second: Replica) -> None:
    """Both are there all the time."""
    draw(scene)
    for at in range(1, 6):
        scene.at(at)
        count(scene.replica)
        count(second)
    with scene.replica.database.read() as tx:
        assert tx.connection.execute(posts.select()).mappings().one()["stop_s"] == pytest.approx(5)


def test_a_clock_that_leaps_ahead_is_no_time_in_which_anybody_pressed(scene: Scene) -> None:
    """Two minutes are gone at once: people get all of the window but the second that they had."""
    draw(scene)
    there(scene, 0, 1)
    act(back(scene, 121, 121.5), 121.5)
    assert scene.now.send_at == pytest.approx(T0 + 121 + WINDOW_S - 1)


def test_what_was_confirmed_long_ago_is_not_sent(scene: Scene) -> None:
    """The bot was away for an hour: who pressed Confirm then may have done otherwise since."""
    draw(scene)
    ended = scene.at(HOUR_S).act(State.CONFIRMED)
    assert (ended.state, ended.code) == (State.VOID, OwnCode.TOO_LATE)
    assert "the time for sending it had passed" in scene.text("void")
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
    """What is missing is given again to all of them, and it is over for all of them."""
    cloud = Cloud(look=BOTH)
    scene = confirm(Scene(first, cloud, steps_over(first, cloud)), first.show(TUNNEL, OTHER))
    draw(scene.at(3))
    act(there(scene, 3, WINDOW_S), WINDOW_S)
    assert {row.send_at for row in rows(scene)} == {T0 + WINDOW_S + 3}
    act(there(scene, WINDOW_S, WINDOW_S + 3), WINDOW_S + 3)
    assert {row.window_over_at for row in rows(scene)} == {T0 + WINDOW_S + 3}
    assert cloud.deleted == []


def rows(scene: Scene) -> tuple[Deletion, ...]:
    batch = scene.replica.ledger.batch(scene.card_id, first=10)
    assert batch is not None
    return batch.rows


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

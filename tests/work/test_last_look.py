"""The last look: what it goes by, what it waits for, and until when; a card goes no further without it."""

from dataclasses import replace

import pytest

from bot.domain.explain import OwnCode
from bot.domain.model import Deletion, State, Tier, Tunnel
from bot.errors import NotSent, Refused
from bot.ledger.tables import deletions
from bot.work.clear import SAID_AFTER_S
from tests.ledger.opened import RETRY_S, T0, TUNNEL, Replica, ask
from tests.work.cloud import STANDS, Cloud
from tests.work.scene import Scene, steps_over

FORBIDDEN = Refused("UnauthorizedOperation", "not allowed", "r-no")
UNREACHABLE = NotSent("refused")
HEALTHY = replace(TUNNEL, state="AVAILABLE", net_status="AVAILABLE", customer_gateway_id="cgw-2wqq41m9")
DOWN = replace(HEALTHY, net_status="UNAVAILABLE")


def standing(*tunnels: Tunnel) -> dict[str, Tunnel]:
    return {tunnel.tunnel_id: tunnel for tunnel in tunnels}


def shown(scene: Scene, *tunnels: Tunnel) -> list[Deletion]:
    """Ask for these tunnels and look them up; returns the card's rows."""
    card_id = scene.replica.ledger.ask(ask(*(tunnel.tunnel_id for tunnel in tunnels)))
    scene.steps.prepare([scene.replica.take(State.ASKED)])
    batch = scene.replica.ledger.batch(card_id, first=len(tunnels))
    assert batch is not None
    return list(batch.rows)


@pytest.mark.parametrize(
    ("worst", "tier", "state"),
    [
        (HEALTHY, Tier.HIGH, State.PENDING),
        (replace(DOWN, tags=(("vpn-bot:protect", "yes"),)), Tier.FORBIDDEN, State.REFUSED),
    ],
    ids=["UP", "protected"],
)
@pytest.mark.parametrize("turn", [1, -1], ids=["first", "last"])
def test_a_card_is_as_risky_as_its_riskiest_tunnel(
    scene: Scene, worst: Tunnel, tier: Tier, state: State, turn: int
) -> None:
    """Whichever was named first; with a protected one among them, none can be confirmed."""
    worst, low = replace(worst, tunnel_id="vpnx-00000001"), replace(DOWN, tunnel_id="vpnx-00000002")
    scene.cloud.look = standing(worst, low, HEALTHY)
    rows = shown(scene, *(worst, low)[::turn])
    assert [(row.tier, row.state) for row in rows] == [(tier, state)] * 2
    assert [row.stake.tier for row in rows if row.stake] == [tier, Tier.LOW]


def test_who_is_on_the_way_out_is_not_counted_as_left(scene: Scene) -> None:
    """Confirmed on another card, or asked for on the same: it saves nobody."""
    one, other, leaving = (replace(HEALTHY, tunnel_id=f"vpnx-0000000{number}") for number in range(3))
    scene.cloud.look = standing(one, other, leaving)
    assert scene.replica.decide(shown(scene, leaving)[0].card_id).won
    for tunnels, left in (((one,), 1), ((one, other), 0)):
        stakes = [row.stake for row in shown(scene, *tunnels)]
        assert {(stake.gateway_left, stake.customer_left) for stake in stakes if stake} == {(left, left)}


def before_the_deadline(scene: Scene) -> Scene:
    """Looked up, shown and confirmed; the time to try is almost over, and the last look is due."""
    scene.cloud.look = standing(HEALTHY)
    scene.card_id = shown(scene, HEALTHY)[0].card_id
    assert scene.replica.decide(scene.card_id).won
    with scene.replica.database.write() as tx:
        tx.connection.execute(deletions.update().values(retry_until=T0 + RETRY_S, next_at=T0 + RETRY_S - 1))
    return scene


IN_TIME_OR_NOT = pytest.mark.parametrize(
    ("early_s", "state"), [(0.001, State.CONFIRMED), (0, State.VOID)], ids=["in time", "at the deadline"]
)


@IN_TIME_OR_NOT
def test_a_last_look_that_fails_is_repeated_until_the_deadline_and_nothing_is_sent(
    scene: Scene, early_s: float, state: State
) -> None:
    """Said once while it goes on; then the end, with why."""
    before_the_deadline(scene)
    say_all(scene)
    scene.cloud.look = UNREACHABLE
    ended = scene.at(RETRY_S - early_s).act(State.CONFIRMED)
    assert (ended.state, ended.code or ended.waiting_code) == (state, OwnCode.UNREACHABLE)
    assert scene.said == ["kit 0", "waiting" if early_s else "void"]
    assert scene.cloud.deleted == []


@IN_TIME_OR_NOT
def test_an_undo_kit_that_slack_does_not_take_is_waited_for_until_the_deadline(
    scene: Scene, early_s: float, state: State
) -> None:
    """Without it in the thread nothing is sent."""
    before_the_deadline(scene)
    ended = scene.at(RETRY_S - early_s).act(State.CONFIRMED)
    assert (ended.state, ended.code) == (state, None if early_s else OwnCode.NO_KIT)
    assert scene.cloud.deleted == []


def test_what_could_not_be_read_for_the_card_is_not_waited_for_after_the_confirm(scene: Scene) -> None:
    """The card said so, as a risk, and somebody confirmed it."""
    scene.cloud.routes = UNREACHABLE
    before_the_deadline(scene)
    say_all(scene)
    assert scene.at(RETRY_S - 1).act(State.CONFIRMED).state is State.VERIFYING


def test_what_could_be_read_for_the_card_is_waited_for_after_the_confirm(scene: Scene) -> None:
    """A route may point at it by now."""
    before_the_deadline(scene)
    say_all(scene)
    scene.cloud.routes = UNREACHABLE
    waiting = scene.at(RETRY_S - 1).act(State.CONFIRMED)
    assert (waiting.state, waiting.waiting_code) == (State.CONFIRMED, OwnCode.UNREACHABLE)
    scene.cloud.routes = ()
    assert scene.at(RETRY_S - 0.001).act(State.CONFIRMED).state is State.VERIFYING


def say_all(scene: Scene) -> None:
    """Slack shows the card, and the undo kit in its thread."""
    while said := scene.replica.outbox.claim(9):
        for post in said:
            scene.replica.outbox.said(post, f"1.{post.post_id}")


def test_an_undo_kit_that_slack_takes_late_is_waited_for_and_the_card_says_so(first: Replica) -> None:
    """Nobody should have to guess why nothing happens after Confirm."""
    cloud, shown = Cloud(look=STANDS), list[str | None]()
    scene = Scene(first, cloud, steps_over(first, cloud))
    cloud.before_delete = lambda: shown.append(scene.now.waiting_code)
    scene.card_id = first.ledger.ask(ask())
    scene.steps.prepare([first.take(State.ASKED)])
    assert first.decide(scene.card_id).won
    assert scene.act(State.CONFIRMED).waiting_code is None
    assert scene.at(SAID_AFTER_S + 1).act(State.CONFIRMED).waiting_code == OwnCode.NO_KIT
    for _ in range(2):
        for post in first.outbox.claim(9):
            first.outbox.said(post, "1.0")
    assert scene.at(SAID_AFTER_S + 2).act(State.CONFIRMED).state is State.VERIFYING
    assert shown == [None]


def test_a_failed_read_is_waited_for_although_something_else_was_never_known(scene: Scene) -> None:
    """One thing that the cloud never shows doesn't make a passing failure a change."""
    nameless = replace(HEALTHY, customer_gateway_id="")
    scene.cloud.look = standing(nameless)
    scene.card_id = shown(scene, nameless)[0].card_id
    assert scene.replica.decide(scene.card_id).won
    say_all(scene)
    scene.cloud.routes = UNREACHABLE
    waiting = scene.at(0).act(State.CONFIRMED)
    assert (waiting.state, waiting.code) == (State.CONFIRMED, None)

"""Whatever is sent once more is looked at once more: only what was confirmed is deleted, to the last try."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from bot.domain.explain import OwnCode
from bot.domain.model import Deletion, Route, State, Tier, Tunnel
from bot.errors import NotSent, OutcomeUnknown, Refused
from bot.ledger.freezes import Freezes
from bot.ledger.tables import deletions
from bot.work.looks import FRESH_S, STALE_S
from bot.work.steps import Steps
from tests.ledger.opened import BEN, CHANNEL, T0, TUNNEL, Replica, ask
from tests.work.cloud import STANDS, Cloud, Look
from tests.work.scene import steps_over

BUSY = Refused("UnsupportedOperation.MutexOperationTaskRunning", "busy", "r-busy")
NO_ANSWER = OutcomeUnknown("reset")
OTHER = replace(TUNNEL, tunnel_id="vpnx-k2m4n6p8")
BOTH = {one.tunnel_id: one for one in (TUNNEL, OTHER)}
ITSELF: dict[str, dict[str, object]] = {
    "name": {"name": "keep this one"},
    "gateway": {"gateway_id": "vpngw-an0ther0"},
    "tags": {"tags": (("vpn-bot:protect", "yes"),)},
    "settings": {"wire": TUNNEL.wire.replace("}", ', "DpdTimeout": "60"}')},
}
RUNNING: dict[str, dict[str, object]] = {
    "net status": {"net_status": "UNAVAILABLE"},
    "health": {"health_check_enabled": True, "health_check_status": "UNAVAILABLE"},
}


@dataclass
class Scene:
    """Two tunnels on one card, cleared; or one, whose answer got lost."""

    replica: Replica
    cloud: Cloud
    steps: Steps

    def batch(self) -> str:
        """Cleared, and nothing sent yet."""
        card_id = self.replica.show(TUNNEL, OTHER)
        self.replica.clear(card_id)
        return card_id

    def ask(self) -> str:
        """Looked up and shown as the worker does it; its kit stands in the thread."""
        card_id = self.replica.ledger.ask(ask())
        self.steps.prepare([self.replica.take(State.ASKED)])
        for _ in range(9):
            for post in self.replica.outbox.claim(9):
                self.replica.outbox.said(post, "1.0")
        return card_id

    def act(self) -> None:
        """Run the steps of all that is due."""
        for held in self.replica.claims.claim(10, (State.CONFIRMED, State.DELETING)):
            self.steps.act(held)
            self.replica.leases.end([held])

    def later(self) -> None:
        """When every pause is over."""
        self.replica.clock.now += 20
        self.act()

    def row(self, card_id: str, tunnel_id: str = TUNNEL.tunnel_id) -> Deletion:
        batch = self.replica.ledger.batch(card_id, first=10)
        assert batch is not None
        return next(row for row in batch.rows if row.tunnel_id == tunnel_id)

    def sent(self, tunnel_id: str = TUNNEL.tunnel_id) -> int:
        """How many DeleteVpnConnection for it reached the cloud."""
        return sum(one.endswith(tunnel_id) for one in self.cloud.deleted)


@pytest.fixture
def scene(first: Replica) -> Scene:
    cloud = Cloud(look=BOTH)
    return Scene(first, cloud, steps_over(first, cloud))


def freeze(replica: Replica, scope: str) -> None:
    Freezes(replica.database).place(
        scope=scope,
        until=T0 + 3_600,
        reason="stop",
        by=BEN,
        channel_id=CHANNEL,
        says=lambda _: {"text": "frozen"},
        announce_to=[],
    )


def with_change(change: dict[str, object]) -> Look:
    changed: Tunnel = replace(TUNNEL, **change)  # type: ignore[arg-type]  # tests name the fields
    return {**BOTH, TUNNEL.tunnel_id: changed}


@pytest.mark.parametrize("why", [BUSY, NotSent("refused")], ids=["busy", "unreachable"])
@pytest.mark.parametrize("change", [*ITSELF, *RUNNING])
def test_one_of_many_that_changed_while_it_waited_is_void_and_the_others_go(
    scene: Scene, change: str, why: Refused | NotSent
) -> None:
    """Somebody was at it: that is why the cloud was busy."""
    card_id = scene.batch()
    scene.cloud.delete = why
    scene.act()
    scene.cloud.look, scene.cloud.delete = with_change({**ITSELF, **RUNNING}[change]), "r-1"
    scene.later()
    voided, went = scene.row(card_id), scene.row(card_id, OTHER.tunnel_id)
    assert (voided.state, voided.code) == (State.VOID, OwnCode.CHANGED)
    assert went.state is State.VERIFYING
    assert (scene.sent(), scene.sent(OTHER.tunnel_id)) == (1, 2)


def test_what_is_sent_for_the_first_time_was_looked_at_with_its_card(scene: Scene) -> None:
    """Not one by one: a thousand tunnels share one look, which is taken anew every few seconds."""
    scene.batch()
    scene.cloud.delete = BUSY
    scene.act()
    assert scene.cloud.listed == [TUNNEL.gateway_id]
    scene.later()
    assert scene.cloud.listed == [TUNNEL.gateway_id] * 2
    assert (scene.sent(), scene.sent(OTHER.tunnel_id)) == (2, 2)


def test_the_state_that_was_waited_for_is_no_change(scene: Scene) -> None:
    """Shown while it was being updated, refused for that, and sent when that was over."""
    scene.cloud.look = with_change({"state": "PENDING"})
    card_id = scene.replica.show(replace(TUNNEL, state="PENDING"), OTHER)
    scene.replica.clear(card_id)
    scene.cloud.delete = BUSY
    scene.act()
    scene.cloud.look, scene.cloud.delete = with_change({"state": "AVAILABLE"}), "r-1"
    scene.later()
    assert scene.row(card_id).state is State.VERIFYING


def test_after_a_standstill_what_was_cleared_is_looked_at_before_it_is_sent(scene: Scene) -> None:
    """A bot that comes back after an hour doesn't go by what it saw then."""
    card_id = scene.batch()
    scene.replica.clock.now += STALE_S + 1
    scene.cloud.look = with_change({"name": "keep this one"})
    scene.act()
    assert (scene.row(card_id).state, scene.sent()) == (State.VOID, 0)
    assert scene.row(card_id, OTHER.tunnel_id).state is State.VERIFYING


@pytest.mark.parametrize("change", ITSELF)
def test_after_a_lost_answer_what_has_changed_is_not_sent_again(scene: Scene, change: str) -> None:
    """And not called undeleted: nobody knows. The code says why it was given up."""
    scene.cloud.look, scene.cloud.delete = STANDS, NO_ANSWER
    card_id = scene.replica.show()
    assert scene.replica.decide(card_id).won
    scene.replica.skip_last_look()
    scene.act()
    scene.later()  # it still stands
    scene.cloud.look = with_change(ITSELF[change])
    for _ in range(3):
        scene.later()
    ended = scene.replica.now(card_id)
    assert (ended.state, ended.code) == (State.UNKNOWN, OwnCode.CHANGED)
    assert scene.sent() == 1


@pytest.mark.parametrize("change", RUNNING)
def test_after_a_lost_answer_a_tunnel_that_goes_down_is_asked_for_again(scene: Scene, change: str) -> None:
    """The first try may have begun to take it down."""
    scene.cloud.look, scene.cloud.delete = STANDS, NO_ANSWER
    card_id = scene.replica.show()
    assert scene.replica.decide(card_id).won
    scene.replica.skip_last_look()
    scene.act()
    scene.cloud.look, scene.cloud.delete = with_change(RUNNING[change]), "r-2"
    scene.later()
    scene.later()
    assert scene.replica.now(card_id).state is State.VERIFYING
    assert scene.sent() == 2


@pytest.mark.parametrize("lost", [False, True], ids=["busy", "answer lost"])
def test_a_freeze_ends_the_tries_of_what_was_confirmed_before(scene: Scene, lost: bool) -> None:
    """Nothing is sent again under it."""
    card_id = scene.batch()
    scene.cloud.delete = NO_ANSWER if lost else BUSY
    scene.act()
    if lost:
        scene.later()  # it still stands
    sent = list(scene.cloud.deleted)
    freeze(scene.replica, TUNNEL.gateway_id)
    for _ in range(3):
        scene.later()
    ended = scene.row(card_id)
    assert (ended.state, ended.code) == (State.UNKNOWN if lost else State.VOID, OwnCode.FROZEN)
    assert scene.cloud.deleted == sent


def test_a_look_that_fails_before_a_second_try_is_repeated_and_sends_nothing(scene: Scene) -> None:
    """Until the look succeeds, or the time is up."""
    card_id = scene.batch()
    scene.cloud.delete = BUSY
    scene.act()
    scene.cloud.look, scene.cloud.delete = NotSent("refused"), "r-1"
    scene.later()
    assert (scene.row(card_id).state, scene.sent()) == (State.CONFIRMED, 1)
    scene.cloud.look = BOTH
    scene.later()
    assert (scene.row(card_id).state, scene.sent()) == (State.VERIFYING, 2)


NEIGHBOUR = replace(TUNNEL, tunnel_id="vpnx-ne1ghb0r", state="AVAILABLE", net_status="AVAILABLE")
QUIET = replace(TUNNEL, state="AVAILABLE", net_status="UNAVAILABLE", customer_gateway_id="cgw-2wqq41m9")
ROUTE = Route(
    destination="172.16.0.0/16",
    instance_type="VPNCONN",
    instance_id=TUNNEL.tunnel_id,
    priority=0,
    status="ENABLE",
)
PERMISSION = Refused("UnauthorizedOperation", "no", "r-no")
AROUND: dict[str, Callable[[Cloud], object]] = {
    "a route that leads through it": lambda cloud: setattr(cloud, "routes", [ROUTE]),
    "no healthy neighbour left": lambda cloud: setattr(cloud, "look", {QUIET.tunnel_id: QUIET}),
    "routes that nobody may read": lambda cloud: setattr(cloud, "routes", PERMISSION),
    "it came up": lambda cloud: setattr(
        cloud, "look", {**quiet(), QUIET.tunnel_id: replace(QUIET, net_status="AVAILABLE")}
    ),
}


def quiet() -> dict[str, Tunnel]:
    """A tunnel that is DOWN, and a healthy one beside it."""
    return {one.tunnel_id: one for one in (QUIET, NEIGHBOUR)}


@pytest.mark.parametrize("lost", [False, True], ids=["busy", "answer lost"])
@pytest.mark.parametrize("change", AROUND)
def test_before_a_second_try_everything_around_it_is_read_again(
    scene: Scene, change: str, lost: bool
) -> None:
    """Low risk when it was confirmed with one click, and no longer: a first try doesn't change that."""
    scene.cloud.look, scene.cloud.delete = quiet(), NO_ANSWER if lost else BUSY
    card_id = scene.ask()
    assert scene.replica.now(card_id).tier is Tier.LOW
    assert scene.replica.decide(card_id).won
    scene.act()
    AROUND[change](scene.cloud)
    for _ in range(4):
        scene.later()
    ended = scene.replica.now(card_id)
    assert (ended.state, ended.code) == (State.UNKNOWN if lost else State.VOID, OwnCode.CHANGED)
    assert scene.sent() == 1


def test_the_second_half_of_a_card_is_saved_by_what_happened_to_it_meanwhile(scene: Scene) -> None:
    """Cleared together, sent one by one: protected or frozen in between, it stays."""
    card_id = scene.batch()
    (first, second) = scene.replica.claims.claim(2, [State.CONFIRMED])
    scene.steps.act(first)
    scene.replica.clock.now += FRESH_S
    late = second.deletion.tunnel_id
    protected = replace(BOTH[late], tags=(("vpn-bot:protect", "yes"),))
    scene.cloud.look = {**BOTH, late: protected}
    scene.steps.act(second)
    assert (scene.row(card_id, late).state, scene.sent(late)) == (State.VOID, 0)


def test_a_look_that_is_refused_is_told_as_that_and_not_as_a_change(scene: Scene) -> None:
    """Whoever runs the bot has to give the permission back; a fresh card wouldn't help."""
    card_id = scene.replica.show()
    assert scene.replica.decide(card_id).won
    scene.cloud.look = PERMISSION
    scene.act()
    ended = scene.replica.now(card_id)
    assert (ended.state, ended.code) == (State.VOID, "UnauthorizedOperation")
    assert scene.cloud.deleted == []


def test_a_freeze_that_comes_during_the_last_look_wins(scene: Scene) -> None:
    """The cloud takes seconds to answer, and meanwhile somebody was told that everything is frozen."""
    scene.cloud.look = STANDS
    card_id = scene.ask()
    assert scene.replica.decide(card_id).won
    look = scene.cloud.describe_vpn_gateway_routes

    def slow(**asked: str) -> Sequence[Route]:
        freeze(scene.replica, "all")
        return look(**asked)

    scene.cloud.describe_vpn_gateway_routes = slow  # type: ignore[method-assign]  # it is a stand-in
    scene.act()
    ended = scene.replica.now(card_id)
    assert (ended.state, ended.code, scene.cloud.deleted) == (State.VOID, OwnCode.FROZEN, [])


@pytest.mark.parametrize("lost", ["tunnel", "stake"])
def test_what_the_ledger_lost_of_a_card_is_not_taken_for_unchanged(scene: Scene, lost: str) -> None:
    """Without what the card showed there is nothing to compare with, so nothing is sent."""
    scene.cloud.look = STANDS
    card_id = scene.ask()
    assert scene.replica.decide(card_id).won
    with scene.replica.database.write() as tx:
        tx.connection.execute(deletions.update().values({lost: None}))
    scene.act()
    ended = scene.replica.now(card_id)
    assert (ended.state, ended.code, scene.cloud.deleted) == (State.VOID, OwnCode.SET_ASIDE, [])


def test_when_the_time_is_up_sent_at_stays_what_it_was(scene: Scene) -> None:
    """“Gone after” counts from the call, not from the moment when it was given up."""
    scene.cloud.look, scene.cloud.delete = STANDS, NO_ANSWER
    card_id = scene.ask()
    assert scene.replica.decide(card_id).won
    scene.act()
    scene.later()  # it still stands
    scene.replica.clock.now = T0 + 3_600
    scene.act()
    assert (scene.replica.now(card_id).state, scene.replica.now(card_id).sent_at) == (State.DELETING, T0)

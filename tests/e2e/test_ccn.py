"""Tunnels on the gateway of a Cloud Connect Network, whose routes the cloud lists apart."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.rehearsal.vpc import Fault
from bot.rehearsal.vpc_fields import ccn_route_fields, route_fields
from bot.rehearsal.vpc_seed import CCN_GATEWAY, CCN_ROUTES, CCN_TUNNEL, DOWN_TUNNEL, MAIN_GATEWAY, ROUTES
from tests.e2e.careful import CAREFUL, confirm_typed, dialog, type_into
from tests.e2e.play import Card, Play

CCN_LIST = "DescribeVpnGatewayCcnRoutes"
# It is DOWN, nothing points at it, and its policies name what no CCN route of the seed leads to.
DOWN: dict[str, Any] = {
    "NetStatus": "UNAVAILABLE",
    "HealthCheckStatus": "UNAVAILABLE",
    "CustomerGatewayId": "cgw-2wqq41m9",
    "SecurityPolicyDatabaseSet": [{"LocalCidrBlock": "10.0.0.0/16", "RemoteCidrBlock": ["172.20.0.0/16"]}],
}


@pytest.fixture
def play(careful_play: Play) -> Play:
    """Each test finds the routes as they were at the start."""
    careful_play.stage.vpc.ccn_routes = CCN_ROUTES
    careful_play.stage.vpc.routes = ROUTES
    return careful_play


def down_tunnel(play: Play) -> Card:
    return play.new_card(play.stage.vpc.add_tunnel(CCN_GATEWAY, **DOWN))


def lists(play: Play) -> int:
    """How many lists of CCN routes the cloud was asked for."""
    return sum(call.action == CCN_LIST for call in play.stage.vpc.calls)


def test_the_card_and_the_undo_kit_show_the_ccn_routes_that_may_lead_through_it(play: Play) -> None:
    """All of a tunnel that goes by BGP; the cloud doesn't say which tunnel they take, so it is a risk."""
    card = play.new_card(CCN_TUNNEL)
    shown = "172.31.0.0/16, 192.168.40.0/24 (disable) of its gateway"
    assert f"CCN routes  {shown}; the cloud doesn't show through which tunnel" in card.text
    assert "2 CCN routes of its gateway may lead through it" in card.text
    play.wait(lambda: card.kits)
    for part in ("172.31.0.0/16, ENABLE", "192.168.40.0/24, DISABLE"):
        assert f"CCN route  {part}" in card.kits[0]
    card.cancel("ana")


def test_a_tunnel_that_no_ccn_route_can_lead_through_stays_low_risk(play: Play) -> None:
    """By its policies none can; that is said, as something that was read."""
    asked = lists(play)
    card = down_tunnel(play)
    assert "Low risk" in card.text
    assert "CCN routes  its gateway has none that may lead through it" in card.text
    assert lists(play) == asked + 1
    assert card.confirm("ana").acked
    card.wait_reply("is gone")


@pytest.mark.parametrize(
    "fault",
    [Fault.refuse("UnauthorizedOperation"), Fault.refuse("InvalidAction"), Fault.html(502)],
    ids=["no permission", "no such action", "HTML"],
)
def test_ccn_routes_that_could_not_be_read_are_said_and_count_as_risk(play: Play, fault: Fault) -> None:
    """A look that failed isn't a look: it isn't “none”."""
    play.stage.vpc.fault(CCN_LIST, fault)
    card = down_tunnel(play)
    assert "Low risk" not in card.text
    assert "CCN routes  not known" in card.text
    assert "not known: CCN routes (" in card.text
    play.wait(lambda: card.kits)
    assert "CCN routes  could not be read (" in card.kits[0]
    card.cancel("ana")


def test_a_ccn_route_that_came_since_the_card_voids_it(play: Play) -> None:
    """As any route does: nothing is sent, and it says which."""
    card = down_tunnel(play)
    routes = CCN_ROUTES[CCN_GATEWAY]
    play.stage.vpc.ccn_routes = {CCN_GATEWAY: (*routes, ccn_route_fields("172.20.7.0/24"))}
    assert card.confirm("ana").acked
    assert "172.20.7.0/24" in card.wait_reply("what matters has changed")
    assert "CCN routes" in card.wait_text("its CCN routes changed")
    assert card.deletes == 0


def test_a_ccn_route_that_it_cannot_carry_voids_nothing(play: Play) -> None:
    """It is another tunnel's."""
    card = down_tunnel(play)
    play.stage.vpc.ccn_routes = {CCN_GATEWAY: (ccn_route_fields("192.168.41.0/24"),)}
    assert card.confirm("ana").acked
    card.wait_reply("is gone")
    assert card.deletes == 1


def test_what_cannot_be_read_just_now_is_waited_for(new_play: Callable[..., Play]) -> None:
    """Between Confirm and the call, one failed look ends nothing."""
    play = new_play(**CAREFUL)
    card = play.new_card(CCN_TUNNEL)
    view = dialog(card, "ben")
    play.stage.vpc.fault(CCN_LIST, Fault.html(502))
    type_into(play, "ben", view, card.tunnel_id)
    card.wait_reply("is gone")
    assert card.deletes == 1
    assert lists(play) >= 3  # for the card, in vain, and once more


def test_a_tunnel_of_a_vpc_costs_no_further_call(play: Play) -> None:
    """From the ask to the end, and its card says nothing of CCN."""
    asked = lists(play)
    card = play.new_card(DOWN_TUNNEL)
    assert "CCN" not in card.text
    assert card.confirm("ana").acked
    card.wait_reply("is gone")
    assert lists(play) == asked


def test_a_changed_integrity_algorithm_voids_the_card(play: Play) -> None:
    """The kit in the thread would make another tunnel: nothing is sent, and the setting is named."""
    card = play.new_card()
    ipsec = play.stage.vpc.describe(card.tunnel_id)["IPSECOptionsSpecification"]
    new = {**ipsec, "IntegrityAlgorith": None, "IntegrityAlgorithm": "SHA-512"}
    play.stage.vpc.set_state(card.tunnel_id, IPSECOptionsSpecification=new)
    confirm_typed(card)
    assert "IPSECOptionsSpecification.IntegrityAlgorithm" in card.wait_reply("what matters has changed")
    assert card.deletes == 0


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        (
            "IKEOptionsSpecification",
            {"IKEVersion": "IKEV2", "KeyExchange": "x25519"},
            "IKEOptionsSpecification.KeyExchange, a field that",
        ),
        (
            "IPSECOptionsSpecification",
            {"IntegrityAlgorith": "SHA1", "IntegrityAlgorithm": "SHA-256"},
            "IPSECOptionsSpecification.IntegrityAlgorith as SHA1",
        ),
    ],
    ids=["unknown and named like a secret", "two algorithms"],
)
def test_what_no_kit_can_bring_back_is_not_deleted(
    play: Play, field: str, value: dict[str, str], named: str
) -> None:
    """The requester is told by the field's name, and there is no card."""
    shown: dict[str, Any] = {field: value}
    tunnel_id = play.stage.vpc.add_tunnel(**shown)
    play.ask(f"delete {tunnel_id}")
    assert tunnel_id in play.wait_private("ana", named)
    assert play.stage.vpc.exists(tunnel_id)


def test_what_a_route_has_besides_is_told_or_is_no_kit(play: Play) -> None:
    """A simple field that isn't known is named in the thread; of an object there is no kit, and no card."""
    vpc = play.stage.vpc
    told, refused = vpc.add_tunnels(2)
    new = route_fields("172.28.0.0/16", told, NextHub="zz")
    vpc.routes = {**ROUTES, MAIN_GATEWAY: (new, route_fields("172.29.0.0/16", refused, Zap={"a": 1}))}
    card = play.new_card(told)
    assert "Not in it  Routes.NextHub" in play.wait(lambda: card.kits)[0]
    play.ask(f"delete {refused}")
    assert refused in play.wait_private("ana", "Routes.Zap of the route to 172.29.0.0/16")
    vpc.routes = {**ROUTES, MAIN_GATEWAY: (new | {"Novelty": 1},)}
    confirm_typed(card)
    assert "Routes.Novelty" in card.wait_reply("what matters has changed")
    assert (card.deletes, vpc.exists(refused)) == (0, True)

"""Tiers as a table, and what counts as a change."""

from collections.abc import Set
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

import pytest
from hypothesis import given

from bot.domain.ccn import CcnRoute
from bot.domain.model import Route, SecurityPolicy, Stake, Tier, Tunnel, Unreadable
from bot.domain.risk import Surroundings, assess, changes, changes_since_a_try, highest
from tests.chat.hostile import foreign

UP = Tunnel(
    tunnel_id="vpnx-p0j11j28",
    gateway_id="vpngw-7lcl5331",
    name="guangzhou-to-hq",
    customer_gateway_id="cgw-2wqq41m9",
    state="AVAILABLE",
    net_status="AVAILABLE",
    policies=(SecurityPolicy(local_cidr="10.0.0.0/16", remote_cidrs=("172.16.0.0/16",)),),
    tags=(("env", "prod"),),
)
DOWN = replace(UP, net_status="UNAVAILABLE")
UNKNOWN = replace(UP, net_status="")
ROUTE = Route(
    destination="172.16.0.0/16",
    instance_type="VPNCONN",
    instance_id=UP.tunnel_id,
    priority=0,
    status="ENABLE",
)
OTHERS = frozenset({"vpnx-00000001", "vpnx-00000002"})
CCN = CcnRoute(destination="172.16.0.0/16", status="ENABLE")
CCN_OFF = CcnRoute(destination="10.9.0.0/16", status="DISABLE")
UNREAD = Unreadable(why="No permission")


def around(**parts: object) -> Surroundings:
    """Nothing points at it, and others are healthy, unless said otherwise."""
    usual: dict[str, object] = {
        "now": UP,
        "routes": (),
        "gateway_healthy": OTHERS,
        "customer_healthy": OTHERS,
    }
    return Surroundings(**{**usual, **parts})  # type: ignore[arg-type]  # tests name the parts


def stake(
    tunnel: Tunnel, *, leaving: Set[str] = frozenset(), protected: tuple[str, ...] = (), **parts: Any
) -> Stake:
    return assess(tunnel, around(**parts), leaving=leaving, protected=protected)


@pytest.mark.parametrize(
    ("tunnel", "routes", "gateway", "customer", "tags", "protected"),
    list(
        product(
            (UP, DOWN, UNKNOWN),
            ((), (ROUTE,), UNREAD),
            (OTHERS, frozenset(), UNREAD),
            (OTHERS, frozenset(), UNREAD),
            ((), (("vpn-bot:protect", "true"),)),
            (False, True),
        )
    ),
)
def test_the_tier_as_a_table(
    tunnel: Tunnel, routes: object, gateway: object, customer: object, tags: object, protected: bool
) -> None:
    """Low: DOWN, no routes, another healthy one, and all could be read; forbidden beats both."""
    tunnel = replace(tunnel, tags=tags)  # type: ignore[arg-type]  # tests name the parts
    found = stake(
        tunnel,
        routes=routes,
        gateway_healthy=gateway,
        customer_healthy=customer,
        protected=(tunnel.name,) if protected else (),
    )
    readable = UNREAD not in (routes, gateway, customer)
    low = tunnel.net_status == "UNAVAILABLE" and routes == () and gateway == OTHERS and readable
    expected = Tier.FORBIDDEN if tags or protected else Tier.LOW if low else Tier.HIGH
    assert found.tier is expected
    assert bool(found.reasons) is (expected is not Tier.LOW)


@pytest.mark.parametrize(
    ("tunnel", "parts", "said"),
    [
        (UP, {}, "it is UP"),
        (UNKNOWN, {}, "it isn't known whether it carries traffic"),
        (DOWN, {"routes": [ROUTE]}, "a route points at it"),
        (DOWN, {"routes": [ROUTE, replace(ROUTE, status="DISABLE")]}, "2 routes point at it"),
        (DOWN, {"routes": [replace(ROUTE, status="DISABLE")]}, "a route points at it"),
        (UP, {"gateway_healthy": frozenset({UP.tunnel_id})}, "last healthy tunnel on vpngw-7lcl5331"),
        (UP, {"customer_healthy": frozenset()}, "last healthy tunnel to cgw-2wqq41m9"),
        (DOWN, {"routes": UNREAD}, "not known: routes (No permission)"),
        (DOWN, {"gateway_healthy": UNREAD}, "not known: the gateway's other tunnels (No permission)"),
        (DOWN, {"customer_healthy": UNREAD}, "not known: the customer gateway's other tunnels"),
        (
            replace(DOWN, customer_gateway_id=""),
            {},
            "not known: the customer gateway (the cloud showed none)",
        ),
        (DOWN, {"ccn_routes": [CCN]}, "a CCN route of its gateway may lead through it"),
        (DOWN, {"ccn_routes": [CCN, CCN_OFF]}, "2 CCN routes of its gateway may lead through it"),
        (DOWN, {"ccn_routes": UNREAD}, "not known: CCN routes (No permission)"),
        (replace(DOWN, odd=("TagSet",)), {}, "not known: TagSet (not shown as documented)"),
        (replace(DOWN, state="ISOLATED"), {}, "it isn't known whether it carries traffic"),
        (UNKNOWN, {"gateway_healthy": frozenset()}, "no other tunnel is healthy on vpngw-7lcl5331"),
        (UNKNOWN, {"customer_healthy": frozenset()}, "no other tunnel is healthy to cgw-2wqq41m9"),
        (replace(DOWN, tags=(("VPN-Bot:Protect", ""),)), {}, "protected by its tag vpn-bot:protect"),
    ],
)
def test_it_says_why(tunnel: Tunnel, parts: dict[str, Any], said: str) -> None:
    """Each reason is a phrase of its own."""
    assert any(said in reason for reason in stake(tunnel, **parts).reasons)


@pytest.mark.parametrize("value", ["false", "No", " off ", "0"])
def test_a_protection_that_says_no_protects_nothing(value: str) -> None:
    """Any other value does, an empty one too."""
    assert stake(replace(DOWN, tags=(("vpn-bot:protect", value),))).tier is Tier.LOW


@pytest.mark.parametrize("name", ["vpnx-p0j11j28", "guangzhou-to-hq", "vpngw-7lcl5331", " Guangzhou-to-HQ "])
def test_protected_are_tunnels_and_gateways_by_id_or_name(name: str) -> None:
    """In whatever capitals; the reason quotes the name."""
    found = stake(DOWN, protected=("other", name))
    assert (found.tier, "VPN_BOT_PROTECTED" in found.reasons[0]) == (Tier.FORBIDDEN, True)


def test_what_leaves_too_saves_nobody() -> None:
    """Two tunnels on one card, or on two confirmed cards, are each other's last."""
    assert stake(UP).gateway_left == 2
    found = stake(UP, leaving=OTHERS)
    assert (found.gateway_left, found.customer_left) == (0, 0)
    assert any("last healthy tunnel on" in reason for reason in found.reasons)


def test_where_everything_is_down_nothing_is_of_low_risk() -> None:
    """In an outage, one click deletes nothing; a site that was given up, on a gateway that works, is low."""
    outage = stake(DOWN, gateway_healthy=frozenset(), customer_healthy=frozenset())
    assert outage.tier is Tier.HIGH
    assert outage.reasons == ("no other tunnel is healthy on vpngw-7lcl5331",)
    assert stake(DOWN, customer_healthy=frozenset()).tier is Tier.LOW


def test_a_cards_tier_is_that_of_its_riskiest_tunnel() -> None:
    """Whatever the order."""
    assert highest([Tier.LOW, Tier.HIGH]) is Tier.HIGH
    assert highest([Tier.FORBIDDEN, Tier.HIGH, Tier.LOW]) is Tier.FORBIDDEN


@given(foreign)
def test_hostile_names_stay_short_and_plain_in_a_reason(name: str) -> None:
    """A reason goes to Slack, and to a table."""
    reasons = stake(replace(DOWN, name=name, gateway_id=name), protected=(name,)).reasons
    assert all(len(reason) < 200 and reason.isprintable() for reason in reasons)


CHANGED = (
    ("Gateway", {"gateway_id": "vpngw-other000"}),
    ("Customer gateway", {"customer_gateway_id": "cgw-other000"}),
    ("Name", {"name": "another"}),
    ("State", {"state": "PENDING"}),
    ("Net status", {"net_status": "UNAVAILABLE"}),
    ("Health check", {"health_check_enabled": True, "health_check_status": "UNAVAILABLE"}),
    ("CIDRs", {"policies": ()}),
    ("Tags", {"tags": (("env", "test"),)}),
    ("BGP", {"bgp": "AS 64551 ↔ AS 65530"}),
    ("Created", {"created_time": "2026-11-25 10:00:00"}),
)


@pytest.mark.parametrize(("what", "fields"), CHANGED)
def test_each_thing_that_matters_is_a_change(what: str, fields: dict[str, object]) -> None:
    """And what doesn't differ isn't one."""
    now = replace(UP, **fields)  # type: ignore[arg-type]  # tests name the fields
    same = stake(UP)
    assert [change.what for change in changes(UP, same, now, same)] == [what]
    assert changes(UP, same, UP, same) == ()


def test_the_order_of_cidrs_tags_and_routes_is_no_change() -> None:
    """The cloud promises none."""
    many = replace(
        UP,
        tags=(("a", "1"), ("b", "2")),
        policies=(
            *UP.policies,
            SecurityPolicy(local_cidr="10.9.0.0/16", remote_cidrs=("1.0.0.0/8", "2.0.0.0/8")),
        ),
    )
    turned = replace(
        many,
        tags=many.tags[::-1],
        policies=(
            SecurityPolicy(local_cidr="10.9.0.0/16", remote_cidrs=("2.0.0.0/8", "1.0.0.0/8")),
            *UP.policies,
        ),
    )
    routes = [ROUTE, replace(ROUTE, destination="172.17.0.0/16")]
    assert changes(many, stake(many, routes=routes), turned, stake(turned, routes=routes[::-1])) == ()


@pytest.mark.parametrize(
    ("fields", "destination", "may"),
    [
        ({}, "172.16.9.0/24", True),
        ({}, "172.16.0.0/12", True),
        ({}, "0.0.0.0/0", True),
        ({}, "172.17.0.0/16", False),
        ({}, "2001:db8::/32", False),
        ({}, "somewhere", True),
        ({"route_type": "Bgp"}, "172.17.0.0/16", True),
        ({"route_type": "STATIC"}, "172.17.0.0/16", True),
        ({"route_type": ""}, "172.17.0.0/16", True),
        ({"policies": ()}, "172.17.0.0/16", True),
        ({"odd": ("SecurityPolicyDatabaseSet",)}, "172.17.0.0/16", True),
    ],
)
def test_a_ccn_route_may_lead_through_a_tunnel_unless_its_policies_say_otherwise(
    fields: dict[str, Any], destination: str, may: bool
) -> None:
    """It names no tunnel, so what isn't excluded counts; what can't be read isn't excluded."""
    tunnel = replace(DOWN, **{"route_type": "Policy", **fields})
    found = stake(tunnel, ccn_routes=[CcnRoute(destination=destination, status="ENABLE")])
    assert found.ccn_routes == ((destination,) if may else ())
    assert found.tier is (Tier.HIGH if may else Tier.LOW)


def test_a_ccn_route_that_came_or_went_is_a_change_and_no_order_is() -> None:
    """For a second try, only one that came."""
    none, one, both, turned, unread = (
        stake(DOWN, ccn_routes=routes) for routes in ((), [CCN], [CCN, CCN_OFF], [CCN_OFF, CCN], UNREAD)
    )
    assert [c.what for c in changes(DOWN, none, DOWN, one)] == ["CCN routes", "Risk"]
    assert [c.what for c in changes(DOWN, both, DOWN, one)] == ["CCN routes", "Risk"]
    assert [c.now for c in changes(DOWN, both, DOWN, unread)][:1] == ["not known"]
    assert changes(DOWN, both, DOWN, turned) == ()
    again = partial(changes_since_a_try, DOWN, unclear=False)
    assert [c.what for c in again(one, DOWN, both)] == ["CCN routes"]
    assert again(both, DOWN, one) == ()
    assert both.ccn_routes == ("172.16.0.0/16", "10.9.0.0/16 (disable)")


def test_fewer_beside_it_matter_when_none_is_left_and_a_new_route_always() -> None:
    """From two to one is no change; from one to none is."""
    one, none = (stake(UP, gateway_healthy=frozenset(left)) for left in (["vpnx-00000001"], []))
    assert changes(UP, stake(UP), UP, one) == ()
    assert [change.what for change in changes(UP, stake(UP), UP, none)] == ["Risk"]
    assert [c.what for c in changes(DOWN, stake(DOWN), DOWN, stake(DOWN, routes=[ROUTE]))] == [
        "Routes",
        "Risk",
    ]


@pytest.mark.parametrize(
    ("fields", "carries", "healthy"),
    [
        ({}, True, True),
        ({"health_check_enabled": True, "health_check_status": "AVAILABLE"}, True, True),
        ({"health_check_enabled": True, "health_check_status": "UNAVAILABLE"}, True, False),
        ({"health_check_status": "UNAVAILABLE"}, True, False),
        ({"health_check_enabled": False, "health_check_status": "UNAVAILABLE"}, True, True),
        ({"net_status": "UNAVAILABLE"}, False, False),
        ({"net_status": "UNAVAILABLE", "health_check_status": "AVAILABLE"}, None, False),
        ({"net_status": "UNAVAILABLE", "state": "PENDING"}, False, False),
        ({"net_status": "UNAVAILABLE", "state": "ISOLATED"}, None, False),
        ({"net_status": ""}, None, False),
        ({"state": ""}, None, False),
    ],
)
def test_up_down_and_healthy_as_a_table(
    fields: dict[str, object], carries: bool | None, healthy: bool
) -> None:
    """What contradicts itself isn't known; a neighbour whose probes fail saves nobody."""
    tunnel = replace(UP, **fields)  # type: ignore[arg-type]  # tests name the fields
    assert (tunnel.carries_traffic, tunnel.healthy) == (carries, healthy)


@pytest.mark.parametrize("listed", ["cgw-2wqq41m9", " VPNGW-7lcl5331", "Guangzhou-to-HQ"])
def test_names_and_ids_protect_as_people_read_them(listed: str) -> None:
    """Of the tunnel, its gateway and its customer gateway, in whatever case."""
    assert stake(UP, protected=(listed,)).tier is Tier.FORBIDDEN


@pytest.mark.parametrize("hidden", ["guangzhou\u200b-to-hq", "guangzhou-to-hq\u202e"])
def test_what_nobody_sees_of_a_name_or_tag_takes_no_protection_away(hidden: str) -> None:
    """Copied from a web page, with a character of no width."""
    assert stake(replace(UP, name=hidden), protected=("guangzhou-to-hq",)).tier is Tier.FORBIDDEN
    assert stake(replace(UP, tags=(("vpn-bot:protect\u200b", "yes"),))).tier is Tier.FORBIDDEN

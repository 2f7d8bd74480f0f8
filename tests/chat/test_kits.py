"""The undo kit in the thread: whole, readable, and small enough for Slack."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.blocks import Body
from bot.chat.kits import MESSAGE_LIMIT, pages
from bot.domain.ccn import CcnRoute
from bot.domain.model import Route
from bot.domain.undo import PSK, UndoKit, as_command, as_json, ccn_route_text, to_text
from bot.rehearsal.limits import check_message, objects, pings_everyone
from bot.reports import kit_text
from tests.chat.hostile import foreign

ROUTE = Route(
    destination="172.16.0.0/16",
    instance_type="VPNCONN",
    instance_id="vpnx-p0j11j28",
    priority=0,
    status="ENABLE",
)


def kit(name: str = "guangzhou-to-hq", **fields: Any) -> UndoKit:
    parameters = {"VpnGatewayId": "vpngw-7lcl5331", "VpnConnectionName": name, "PreShareKey": PSK}
    usual: dict[str, Any] = {"region": "ap-guangzhou", "tunnel_id": "vpnx-p0j11j28", "parameters": parameters}
    return UndoKit(**{**usual, **fields})


def messages(*kits: UndoKit) -> list[Body]:
    """The messages with these kits, of the deletions d-0, d-1, …"""
    return list(pages([(f"d-{number}", to_text(one)) for number, one in enumerate(kits)]))


def preformatted(body: dict[str, Any]) -> str:
    """All that stands in preformatted blocks, one after the other."""
    return "".join(
        element["text"]
        for found in objects(body["blocks"])
        if found.get("type") == "rich_text_preformatted"
        for element in found["elements"]
    )


def test_one_kit_is_one_message_with_json_and_command() -> None:
    """As they stand, to be copied."""
    (body,) = messages(kit(routes=(ROUTE,)))
    assert preformatted(body) == as_json(kit()) + as_command(kit())
    words = repr(body)
    for part in ("172.16.0.0/16, ENABLE, priority 0", "vpn-bot undo-kit d-0", "its owner has to supply it"):
        assert part in words


@pytest.mark.parametrize(
    ("fields", "said"),
    [({}, "none pointed at it"), ({"routes_unread": "No permission"}, "could not be read (No permission)")],
)
def test_no_routes_and_unread_routes_are_told_apart(fields: dict[str, Any], said: str) -> None:
    """Nobody rebuilds a tunnel without the routes that it had."""
    (body,) = messages(kit(**fields))
    assert said in repr(body)


CCN = CcnRoute(destination="172.31.0.0/16", status="ENABLE")
MANY = tuple(CcnRoute(destination=f"10.{number}.0.0/16", status="") for number in range(23))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"ccn_routes": (CCN,)},
            ["CCN route  ", "172.31.0.0/16, ENABLE", "doesn't show through which tunnel"],
        ),
        ({"ccn_routes": MANY}, ["10.19.0.0/16", "… and 3 more, which the command below prints"]),
        ({"ccn_routes": ()}, ["none that may have led through it"]),
        ({"ccn_routes": (), "ccn_routes_unread": "No permission"}, ["could not be read (No permission)"]),
        ({"unknown": ("Novelty", "Other")}, ["Not in it  ", "Novelty, Other", "doesn't know"]),
    ],
)
def test_what_the_parameters_do_not_bring_back_is_told(fields: dict[str, Any], said: list[str]) -> None:
    """The routes of a Cloud Connect Network, and what isn't known here; by both ways to see a kit."""
    made = kit(**fields)
    (body,) = messages(made)
    assert all(part in repr(body) for part in said)
    printed = kit_text(made)
    for route in made.ccn_routes or ():
        assert f"  {ccn_route_text(route)}" in printed.splitlines()
    for part in ("No permission", "Novelty, Other"):
        assert (part in repr(body)) == (part in printed)
    assert ("CCN routes of its gateway" in printed) == (made.ccn_routes is not None)


def test_a_kit_of_a_vpcs_tunnel_says_nothing_of_ccn() -> None:
    """There is nothing to say."""
    (body,) = messages(kit())
    assert "CCN" not in repr(body) + kit_text(kit())
    assert "Not in it" not in repr(body) + kit_text(kit())


def test_a_route_is_shown_with_its_type_and_what_is_written_on_it() -> None:
    """As it stands, and no link or mention comes of it."""
    described = replace(ROUTE, kind="Static", description="<!channel> to the office")
    (body,) = messages(kit(routes=(described,)))
    assert "ENABLE, priority 0, type Static, “<!channel> to the office”" in repr(body)
    assert not pings_everyone(body["text"], body["blocks"])
    assert "type Static, “<!channel> to the office”" in kit_text(kit(routes=(described,)))


@pytest.mark.parametrize("count", [1, 2, 20, 1_000])
def test_many_kits_take_as_few_messages_as_it_takes_and_lose_none(count: int) -> None:
    """Each with its own id to print it again."""
    made = messages(*(kit(f"tunnel {number}") for number in range(count)))
    words = "".join(map(repr, made))
    assert all(f"undo-kit d-{number}'" in words for number in range(count))
    for body in made:
        check_message(body["text"], body["blocks"])
        assert len(preformatted(body)) <= MESSAGE_LIMIT
    assert len(made) <= max(1, count // 5)


def in_order(body: Body) -> list[str]:
    """What each block under a message's title says."""
    said = [
        [one["text"] for one in objects(block) if isinstance(one.get("text"), str)]
        for block in body["blocks"]
    ]
    return ["".join(words) for words in said[1:]]


@pytest.mark.parametrize("length", [1, 60, 1_500])
def test_no_kit_is_torn_where_a_message_ends(length: int) -> None:
    """A tunnel's heading, command and routes stand in one message, and each message says which part it is."""
    made = messages(*(kit("n" * length, tunnel_id=f"vpnx-{number:08}") for number in range(30)))
    assert len(made) > 1
    told = []
    for number, body in enumerate(made, 1):
        title = f"Undo kits for 30 tunnels, part {number} of {len(made)}"
        assert body["text"] == f"{title}."
        assert repr(body["blocks"][0]).count(title) == 1
        words = in_order(body)
        for heading, command, about in zip(words[::3], words[1::3], words[2::3], strict=True):
            told.append(heading.partition(" ")[0])
            assert "again, under a new id" in heading
            assert command.startswith("tccli ")
            assert about.startswith("Routes  none pointed at it\nvpn-bot undo-kit")
    assert told == [f"vpnx-{number:08}" for number in range(30)]


def test_a_kit_that_is_larger_than_a_message_goes_on_under_its_tunnels_id() -> None:
    """It begins a message of its own, and no heading is left behind where one ends."""
    cidrs = [{"LocalCidrBlock": f"10.{number}.0.0/16"} for number in range(400)]
    large = kit(
        parameters={"VpnConnectionName": "large", "SecurityPolicyDatabases": cidrs}, tunnel_id="vpnx-large000"
    )
    for kits in ((kit(), large, kit()), (large,)):
        first, *more = messages(*kits)[len(kits) // 2 :]
        assert "vpnx-large000" in in_order(first)[0]
        assert more
        for body in more:
            assert in_order(body)[0] == "vpnx-large000  continued"
        for body in (first, *more):
            assert not in_order(body)[-1].endswith(":")
            check_message(body["text"], body["blocks"])


@given(name=foreign, more=st.integers(0, 400))
def test_whatever_a_tunnel_is_called_slack_takes_its_kit_whole_and_pings_nobody(name: str, more: int) -> None:
    """Long ones go over several messages, and no character is lost."""
    policies = [{"LocalCidrBlock": f"10.{number}.0.0/16"} for number in range(more)]
    long = kit(parameters={"VpnConnectionName": name, "SecurityPolicyDatabases": policies})
    made = messages(long)
    assert "".join(map(preformatted, made)) == as_json(long) + as_command(long)
    assert json.loads(as_json(long)) == long.parameters
    for body in made:
        check_message(body["text"], body["blocks"])
        assert not pings_everyone(body["text"], body["blocks"])

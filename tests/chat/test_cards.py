"""The card, for whatever deletion: within Slack's limits, safe, and with buttons only while it is open."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.cards import SHOWN_POLICIES, card
from bot.domain.explain import explain
from bot.domain.model import Deletion, SecurityPolicy, State, Tunnel
from bot.rehearsal.limits import objects
from tests.chat.hostile import assert_fit, deletions

T0 = 1_700_000_000.0
TUNNEL = Tunnel(
    tunnel_id="vpnx-p0j11j28",
    gateway_id="vpngw-7lcl5331",
    name="guangzhou-to-hq",
    vpc_id="vpc-1",
    state="AVAILABLE",
    net_status="AVAILABLE",
    policies=(SecurityPolicy(local_cidr="10.0.0.0/16", remote_cidrs=("172.16.0.0/16", "172.17.0.0/16")),),
)
PENDING = Deletion(
    deletion_id="opaque",
    card_id="opaque",
    state=State.PENDING,
    tunnel_id="vpnx-p0j11j28",
    gateway_id="vpngw-7lcl5331",
    region="ap-guangzhou",
    reason="moving to CCN",
    channel_id="C0NETOPS001",
    requester_id="U0ANA000001",
    asked_at=T0,
    expires_at=T0 + 900,
    tunnel=TUNNEL,
)
CONFIRMED = replace(PENDING, state=State.CONFIRMED, decided_by="U0BEN000001", decided_at=T0 + 60)


def shown(deletion: Deletion) -> str:
    """All words on the card, one after the other."""
    texts = (found.get("text") for found in objects(card(deletion)["blocks"]))
    return " ".join(text for text in texts if isinstance(text, str))


def buttons(deletion: Deletion) -> list[dict[str, Any]]:
    return [found for found in objects(card(deletion)["blocks"]) if found.get("type") == "button"]


@given(deletion=deletions)
def test_any_deletions_card_is_one_that_slack_takes_and_that_pings_nobody(deletion: Deletion) -> None:
    """Hostile names of 10,000 characters, hundreds of policies, any state: nothing breaks out or over."""
    assert_fit(card(deletion), deletion)


@given(deletion=deletions)
def test_any_cards_fallback_text_names_the_tunnel_and_the_requester(deletion: Deletion) -> None:
    """Screen readers and notifications read `text`."""
    text = card(deletion)["text"]
    assert deletion.tunnel_id in text
    assert f"<@{deletion.requester_id}>" in text


@given(deletion=deletions)
def test_there_are_buttons_while_it_is_pending_and_in_no_other_state(deletion: Deletion) -> None:
    """Confirm and Cancel by their fixed action ids; each carries the opaque id and nothing else."""
    found = buttons(deletion)
    assert [(button["action_id"], button["value"]) for button in found] == (
        [("confirm_deletion", deletion.card_id), ("cancel_deletion", deletion.card_id)]
        if deletion.state is State.PENDING
        else []
    )


def test_confirm_is_red_and_asks_once_more_in_slacks_own_dialog() -> None:
    """The dialog says what is deleted, by id and name, and that it carries traffic; Cancel asks nothing."""
    confirm, cancel = buttons(PENDING)
    assert confirm["style"] == "danger"
    asked = confirm["confirm"]["text"]
    assert asked["type"] == "plain_text"
    for part in ("UP", "vpnx-p0j11j28", "guangzhou-to-hq", "can't be undone"):
        assert part in asked["text"]
    assert "confirm" not in cancel
    assert "style" not in cancel


@pytest.mark.parametrize(
    ("tunnel", "impact"),
    [
        (TUNNEL, "UP: it was carrying traffic."),
        (replace(TUNNEL, net_status="UNAVAILABLE"), "DOWN: it was carrying no traffic."),
        (replace(TUNNEL, state="PENDING"), "DOWN: it was carrying no traffic."),
        (replace(TUNNEL, net_status=""), "It isn't known whether it carries traffic."),
        (None, "It isn't known whether it carries traffic."),
    ],
    ids=["up", "down", "not yet up", "not told", "not seen"],
)
def test_the_card_and_its_text_say_whether_traffic_flows(tunnel: Tunnel | None, impact: str) -> None:
    """Never “down” where the cloud didn't say so."""
    deletion = replace(PENDING, tunnel=tunnel)
    assert impact in card(deletion)["text"]
    assert tunnel is None or impact in shown(deletion)
    assert impact in buttons(deletion)[0]["confirm"]["text"]["text"]


@pytest.mark.parametrize("extra", [0, 1, 500])
def test_policies_past_the_shown_ones_are_counted(extra: int) -> None:
    """Nobody takes eight policies for all of them."""
    one = TUNNEL.policies[0]
    deletion = replace(PENDING, tunnel=replace(TUNNEL, policies=(one,) * (SHOWN_POLICIES + extra)))
    assert shown(deletion).count("Remote  ") == SHOWN_POLICIES
    assert (f"and {extra} more policies" in shown(deletion)) == bool(extra)


@pytest.mark.parametrize(
    ("deletion", "parts"),
    [
        (PENDING, ["Delete VPN tunnel vpnx-p0j11j28?", "moving to CCN", "Expires at "]),
        (CONFIRMED, ["Deleting VPN tunnel", "Confirmed by "]),
        (
            replace(CONFIRMED, waiting_code="ResourceInUse"),
            ["Waiting: ", explain("ResourceInUse").title],
        ),
        (replace(CONFIRMED, state=State.DELETING), ["Deleting VPN tunnel", "Confirmed by "]),
        (
            replace(CONFIRMED, state=State.VERIFYING, request_id="r-1"),
            ["accepted, not gone yet", "Confirmed by ", "r-1"],
        ),
        (
            replace(CONFIRMED, state=State.GONE, sent_at=T0 + 61, ended_at=T0 + 102, request_id="r-1"),
            ["is gone", "Confirmed by ", "Gone after 41 s.", "r-1"],
        ),
        (
            replace(CONFIRMED, state=State.GONE),
            ["is gone", "Gone.", "RequestId: lost with the cloud's answer."],
        ),
        (
            replace(CONFIRMED, state=State.REFUSED, code="UnauthorizedOperation", request_id="r-1"),
            ["was not deleted", explain("UnauthorizedOperation").title, "UnauthorizedOperation", "r-1"],
        ),
        (
            replace(CONFIRMED, state=State.UNKNOWN, code="StillThere", request_id="r-1"),
            ["not confirmed gone", "Confirmed by ", "StillThere", "r-1"],
        ),
        (replace(CONFIRMED, state=State.CANCELLED), ["Cancelled: ", "Cancelled by ", "Nothing was deleted"]),
        (replace(PENDING, state=State.EXPIRED), ["Expired: ", "Nobody decided in time"]),
        (replace(PENDING, state=State.VOID, code="is_archived"), ["Void: "]),
    ],
    ids=lambda value: value.state.value if isinstance(value, Deletion) else None,
)
def test_each_state_says_how_it_stands(deletion: Deletion, parts: list[str]) -> None:
    """Who decided, what the cloud said, and never a bare state."""
    for part in parts:
        assert part in shown(deletion)


def test_every_state_has_its_own_headline() -> None:
    """Only confirmed and deleting look alike: to a reader they are the same."""
    headlines = [card(replace(CONFIRMED, state=state))["blocks"][0]["text"]["text"] for state in State]
    assert len(set(headlines)) == len(State) - 1


@given(state=st.sampled_from(State))
def test_who_asked_and_who_decided_are_mentions(state: State) -> None:
    """People are named by id, so that Slack shows their name."""
    people = [
        found["user_id"]
        for found in objects(card(replace(CONFIRMED, state=state))["blocks"])
        if found.get("type") == "user"
    ]
    undecided = {State.PENDING, State.EXPIRED}
    assert people == ["U0ANA000001", *([] if state in undecided else ["U0BEN000001"])]

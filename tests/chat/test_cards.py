"""The card, for whatever deletion: within Slack's limits, safe, and with buttons only while it is open."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.cards import card
from bot.chat.tunnel_facts import SHOWN_POLICIES
from bot.domain.explain import OwnCode, explain
from bot.domain.model import Batch, Deletion, Freeze, SecurityPolicy, Stake, State, Tier, Tunnel
from bot.domain.policy import Rules
from bot.rehearsal.limits import objects
from tests.chat.hostile import assert_fit, batch_of, batches, deletions
from tests.rules import CAREFUL, ONE_CLICK

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


def shown(deletion: Deletion, *more: Deletion, rules: Rules = ONE_CLICK) -> str:
    """All words on the card, one after the other."""
    texts = (found.get("text") for found in objects(card(batch_of(deletion, *more), rules)["blocks"]))
    return " ".join(text for text in texts if isinstance(text, str))


def buttons(batch: Batch) -> list[dict[str, Any]]:
    return [found for found in objects(card(batch, ONE_CLICK)["blocks"]) if found.get("type") == "button"]


@given(deletion=deletions, rules=st.sampled_from([ONE_CLICK, CAREFUL]))
def test_any_deletions_card_is_one_that_slack_takes_and_that_pings_nobody(
    deletion: Deletion, rules: Rules
) -> None:
    """Hostile names of 10,000 characters, hundreds of policies, any state: nothing breaks out or over."""
    body = card(batch_of(deletion), rules)
    assert_fit(body, deletion)
    assert deletion.tunnel_id in body["text"]
    assert f"<@{deletion.requester_id}>" in body["text"]


@settings(max_examples=40)
@given(batch=batches, rules=st.sampled_from([ONE_CLICK, CAREFUL]))
def test_any_batchs_card_is_one_that_slack_takes_and_that_pings_nobody(batch: Batch, rules: Rules) -> None:
    """The same for up to 900 tunnels on one card, with however many of them at hand."""
    body = card(batch, rules)
    assert_fit(body, batch.lead)
    assert str(batch.size) in body["text"]


@settings(max_examples=60)
@given(batch=deletions.map(batch_of) | batches)
def test_confirm_and_cancel_are_there_while_nobody_has_decided_and_never_after(batch: Batch) -> None:
    """By their fixed action ids; Stop only where it changes something; each carries the opaque id alone."""
    may_be_sent = [State.CONFIRMED] if batch.size == 1 else [State.CONFIRMED, State.DELETING]
    unsent = batch.count(*may_be_sent) > 0 and not batch.count(State.CANCELLED)
    changed = batch.lead.state is State.VOID and batch.lead.code == OwnCode.CHANGED
    expected = {
        "fresh_card": changed,
        "confirm_deletion": batch.lead.state is State.PENDING,
        "cancel_deletion": batch.lead.state is State.PENDING,
        "stop_deletion": batch.lead.state is not State.PENDING and unsent,
    }
    found = {button["action_id"]: button["value"] for button in buttons(batch)}
    assert found == {name: batch.lead.card_id for name, shown in expected.items() if shown}


def test_confirm_is_red_and_asks_once_more_in_slacks_own_dialog() -> None:
    """The dialog says what is deleted, by id and name, and that it carries traffic; Cancel asks nothing."""
    confirm, cancel = buttons(batch_of(PENDING))
    assert confirm["style"] == "danger"
    asked = confirm["confirm"]["text"]
    assert asked["type"] == "plain_text"
    for part in ("UP", "vpnx-p0j11j28", "guangzhou-to-hq", "The undo kit makes a new one"):
        assert part in asked["text"]
    assert "confirm" not in cancel
    assert "style" not in cancel


@pytest.mark.parametrize(
    ("tunnel", "impact"),
    [
        (TUNNEL, "UP: it carries traffic."),
        (replace(TUNNEL, net_status="UNAVAILABLE"), "DOWN: it carries no traffic."),
        (replace(TUNNEL, state="PENDING"), "It isn't known whether it carries traffic."),
        (replace(TUNNEL, net_status=""), "It isn't known whether it carries traffic."),
        (None, "It isn't known whether it carries traffic."),
    ],
    ids=["up", "down", "not yet up", "not told", "not seen"],
)
def test_the_card_and_its_text_say_whether_traffic_flows(tunnel: Tunnel | None, impact: str) -> None:
    """Never “down” where the cloud didn't say so."""
    deletion = replace(PENDING, tunnel=tunnel)
    assert impact in card(batch_of(deletion), ONE_CLICK)["text"]
    assert tunnel is None or impact in shown(deletion)
    assert impact in buttons(batch_of(deletion))[0]["confirm"]["text"]["text"]


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
        (CONFIRMED, ["About to delete VPN tunnel", "Confirmed by ", "Low risk: "]),
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
            replace(CONFIRMED, state=State.VERIFYING),
            ["is being deleted, not gone yet", "none reached vpn-bot"],
        ),
        (
            replace(CONFIRMED, state=State.GONE, sent_at=T0 + 61, ended_at=T0 + 102, request_id="r-1"),
            ["is gone", "Confirmed by ", "Gone after 41 s.", "r-1"],
        ),
        (
            replace(CONFIRMED, state=State.GONE),
            ["is gone", "Gone.", "RequestId: none reached vpn-bot."],
        ),
        (
            replace(CONFIRMED, state=State.REFUSED, code="UnauthorizedOperation", request_id="r-1"),
            ["was not deleted", explain("UnauthorizedOperation").title, "UnauthorizedOperation", "r-1"],
        ),
        (
            replace(CONFIRMED, state=State.UNKNOWN, code="StillThere", request_id="r-1"),
            ["not confirmed gone", "Confirmed by ", "StillThere", "r-1"],
        ),
        (replace(CONFIRMED, state=State.CANCELLED), ["Cancelled: ", "Cancelled by ", "Nothing was sent"]),
        (
            replace(CONFIRMED, state=State.CANCELLED, code="Stopped", stopped_by="U0DORA00001"),
            ["Stopped: ", "Confirmed by ", "Stopped", "before the cloud accepted it."],
        ),
        (replace(PENDING, state=State.EXPIRED), ["Expired: ", "Nobody decided in time"]),
        (
            replace(PENDING, state=State.VOID, code="is_archived"),
            ["vpnx-p0j11j28 was not deleted: vpn-bot was not sure that this card is here"],
        ),
    ],
    ids=lambda value: value.state.value if isinstance(value, Deletion) else None,
)
def test_each_state_says_how_it_stands(deletion: Deletion, parts: list[str]) -> None:
    """Who decided, what the cloud said, and never a bare state."""
    for part in parts:
        assert part in shown(deletion)


def test_every_state_has_its_own_headline() -> None:
    """What is about to be sent isn't called being deleted, nor what is asked for accepted."""
    cards = [card(batch_of(replace(CONFIRMED, state=state)), ONE_CLICK) for state in State]
    assert len({body["blocks"][0]["text"]["text"] for body in cards}) == len(State)


@pytest.mark.parametrize("state", State)
def test_who_asked_and_who_decided_are_mentions(state: State) -> None:
    """People are named by id, so that Slack shows their name."""
    body = card(batch_of(replace(CONFIRMED, state=state)), ONE_CLICK)
    people = [found["user_id"] for found in objects(body["blocks"]) if found.get("type") == "user"]
    undecided = {State.PENDING, State.EXPIRED}
    assert set(people) == {"U0ANA000001", *(() if state in undecided else ("U0BEN000001",))}


@pytest.mark.parametrize(
    ("states", "parts"),
    [
        (
            [State.PENDING] * 3,
            ["Delete 3 VPN tunnels?", "3 of them UP", "cuts the traffic of those that are UP"],
        ),
        ([State.EXPIRED] * 3, ["Expired: 3 VPN tunnels were left alone", "Nobody decided in time"]),
        ([State.CANCELLED] * 3, ["Cancelled: 3 VPN tunnels were left alone", "Nothing was sent"]),
        (
            [State.DELETING, State.GONE, State.CONFIRMED],
            ["Deleting 3 VPN tunnels: 1 of 3 gone", "1 gone, 2 still to do."],
        ),
        (
            [State.GONE, State.REFUSED, State.CANCELLED],
            ["1 of 3 VPN tunnels are gone", "1 gone, 1 not deleted, 1 stopped."],
        ),
        (
            [State.CANCELLED, State.GONE, State.GONE],
            ["2 of 3 VPN tunnels are gone", "2 gone, 1 stopped."],
        ),
    ],
    ids=["pending", "expired", "cancelled", "under way", "ended", "stopped"],
)
def test_a_batchs_card_says_how_many_and_how_they_stand(states: list[State], parts: list[str]) -> None:
    """The number on the card is the number that one Confirm deletes."""
    first, *more = (replace(CONFIRMED, state=state) for state in states)
    for part in parts:
        assert part in shown(first, *more)


def test_a_batch_that_was_stopped_whole_is_not_called_cancelled() -> None:
    """Whoever confirmed it is not blamed for the Stop of somebody else."""
    stopped = replace(CONFIRMED, state=State.CANCELLED, code="Stopped")
    words = shown(stopped, stopped)
    for part in ("Stopped: 2 VPN tunnels were left alone", "Confirmed by ", "0 gone, 2 stopped."):
        assert part in words
    assert "ancelled" not in words


def test_the_dialog_of_a_batch_names_the_number_and_the_gateway() -> None:
    """One confirm for many is asked with how many."""
    asked = buttons(batch_of(PENDING, PENDING))[0]["confirm"]["text"]["text"]
    assert "2 VPN tunnels of vpngw-7lcl5331 in ap-guangzhou" in asked


HIGH = replace(
    PENDING,
    tier=Tier.HIGH,
    stake=Stake(
        tier=Tier.HIGH,
        reasons=("it is UP", "it is the last healthy tunnel on vpngw-7lcl5331"),
        routes=("172.16.0.0/16", "172.17.0.0/16 (disable)"),
        gateway_left=0,
        customer_left=2,
    ),
    tunnel=replace(
        TUNNEL,
        customer_gateway_id="cgw-2wqq41m9",
        health_check_enabled=True,
        health_check_status="AVAILABLE",
        bgp="AS 64551 169.254.128.1 ↔ AS 65530 169.254.128.2",
        tags=(("env", "prod"), ("team", "network")),
        created_time="2023-11-01 00:00:00",
    ),
)
FORBIDDEN = replace(
    HIGH,
    state=State.REFUSED,
    code="Protected",
    tier=Tier.FORBIDDEN,
    stake=Stake(tier=Tier.FORBIDDEN, reasons=("it is protected by its tag vpn-bot:protect",)),
)


@pytest.mark.parametrize(
    "part",
    [
        "High risk: ",
        "last healthy tunnel on vpngw-7lcl5331",
        "172.16.0.0/16, 172.17.0.0/16 (disable)",
        "0 on its gateway, 2 to cgw-2wqq41m9",
        "AS 64551 169.254.128.1 ↔ AS 65530 169.254.128.2",
        "Health check: AVAILABLE.",
        "env=prod, team=network",
        "2023-11-01 00:00:00",
        "13 days ago",
    ],
)
def test_the_card_shows_the_blast_radius(part: str) -> None:
    """What goes down with the tunnel, before anybody presses."""
    assert part in shown(HIGH)


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        (None, "CCN routes not known"),
        ((), "CCN routes its gateway has none that may lead through it"),
        (
            ("172.31.0.0/16",),
            "CCN routes 172.31.0.0/16 of its gateway; the cloud doesn't show through which",
        ),
        (tuple(f"10.{number}.0.0/16" for number in range(10)), "10.7.0.0/16 and 2 more of its gateway"),
    ],
)
def test_the_card_shows_the_routes_of_a_ccn(routes: tuple[str, ...] | None, said: str) -> None:
    """Only of a tunnel whose gateway is no VPC's; what isn't known is no none."""
    assert HIGH.tunnel
    assert HIGH.stake
    stake = replace(HIGH.stake, ccn_routes=routes)
    words = shown(replace(HIGH, stake=stake, tunnel=replace(HIGH.tunnel, vpc_id="")))
    assert said in " ".join(words.split())
    assert "CCN routes" not in shown(replace(HIGH, stake=stake))


def test_a_batch_says_which_tunnels_a_ccn_may_lead_through() -> None:
    """As it does of other routes."""
    assert HIGH.stake
    led = replace(HIGH, stake=replace(HIGH.stake, ccn_routes=("172.31.0.0/16",)))
    other = replace(HIGH, tunnel_id="vpnx-00000002")
    words = " ".join(shown(led, other).split())
    assert f"CCN routes of their gateways may lead through: {HIGH.tunnel_id}" in words, words


def test_what_could_not_be_read_is_said() -> None:
    """Not left out, and not shown as none."""
    stake = Stake(tier=Tier.HIGH, reasons=("not known: routes (No permission)",), routes=None)
    words = shown(replace(HIGH, stake=stake))
    for part in ("Routes  not known", "not known on its gateway", "not known: routes (No permission)"):
        assert part in words.replace("   ", "  ")


@pytest.mark.parametrize(
    ("tier", "glass", "rules", "said"),
    [
        (
            Tier.HIGH,
            "",
            CAREFUL,
            " presses Confirm and types the tunnel's id.",
        ),
        (Tier.HIGH, "INC-42", CAREFUL, "one person presses Confirm and types the tunnel's id."),
        (Tier.HIGH, "", ONE_CLICK, ""),
        (Tier.LOW, "", CAREFUL, ""),
    ],
)
def test_the_card_says_what_a_confirm_takes(tier: Tier, glass: str, rules: Rules, said: str) -> None:
    """Before somebody is refused who could have known."""
    words = shown(replace(HIGH, tier=tier, break_glass=glass), rules=rules)
    assert (said in words) if said else ("It takes: " not in words)


def test_the_dialog_that_takes_the_id_replaces_the_one_that_only_asks() -> None:
    """One question is enough."""
    found = [one for one in objects(card(batch_of(HIGH), CAREFUL)["blocks"]) if one.get("type") == "button"]
    assert ["confirm" in one for one in found] == [False, False]
    assert "confirm" in buttons(batch_of(HIGH))[0]


@pytest.mark.parametrize("more", [(), (HIGH,)])
def test_a_protected_tunnels_card_has_no_button_and_says_why(more: tuple[Deletion, ...]) -> None:
    """Nobody can press what isn't there."""
    batch = batch_of(FORBIDDEN, *(replace(one, state=State.REFUSED) for one in more))
    assert buttons(batch) == []
    words = shown(*batch.rows)
    for part in ("Protected: ", "its tag vpn-bot:protect", "Nothing was sent."):
        assert part in words


def test_break_glass_is_loud() -> None:
    """On the card and in the notification's text."""
    glass = replace(HIGH, break_glass="INC-42")
    for batch in (batch_of(glass), batch_of(glass, glass)):
        body = card(batch, CAREFUL)
        assert body["text"].startswith("BREAK-GLASS INC-42")
        assert "BREAK-GLASS" in str(body["blocks"][1])


def test_the_abort_window_is_on_the_card_until_it_is_over() -> None:
    """How long, until when, and that anybody may press Stop."""
    confirmed = replace(CONFIRMED, tier=Tier.HIGH, send_at=T0 + 70, window_s=10)
    for batch in (batch_of(confirmed), batch_of(confirmed, confirmed)):
        words = shown(*batch.rows)
        assert "Deleting in 10 s" in words
        assert "Anybody of this workspace may press Stop" in words
    for over in ({"sent_at": T0 + 70}, {"waiting_code": "ResourceInUse"}, {"window_s": None}):
        assert "Deleting in" not in shown(replace(confirmed, **over))


def test_a_card_that_is_void_because_of_a_change_offers_a_fresh_one() -> None:
    """And only such a card does."""
    void = replace(CONFIRMED, state=State.VOID, code=OwnCode.CHANGED)
    assert [button["action_id"] for button in buttons(batch_of(void))] == ["fresh_card"]
    assert "Nothing was sent." in shown(void)
    assert "since the card was made: Name, Tags." in shown(replace(void, message="Name, Tags"))
    assert buttons(batch_of(replace(void, code=OwnCode.FROZEN))) == []


def test_one_void_tunnel_of_a_card_voids_no_other() -> None:
    """Not even the first one: the card goes on, and offers no fresh one."""
    void = replace(CONFIRMED, state=State.VOID, code=OwnCode.CHANGED)
    batch = batch_of(void, replace(CONFIRMED, state=State.VERIFYING))
    assert card(batch, ONE_CLICK)["text"].startswith("Deleting 2 VPN tunnels: 0 of 2 gone.")
    assert buttons(batch) == []
    assert [button["action_id"] for button in buttons(batch_of(void, void))] == ["fresh_card"]


@pytest.mark.parametrize("more", [(), (PENDING,)], ids=["one tunnel", "several"])
@pytest.mark.parametrize(("after_s", "comes_back"), [(-1, True), (0, False), (3_600, False)])
def test_a_frozen_card_promises_confirm_only_where_it_outlives_the_freeze(
    more: tuple[Deletion, ...], after_s: float, comes_back: bool
) -> None:
    """Else it says to ask again, and when. after_s: from the card's expiry to the freeze's end."""
    freeze = Freeze(
        freeze_id="f1",
        scope="all",
        until=(PENDING.expires_at or 0) + after_s,
        reason="audit",
        by="U0BEN000001",
        channel_id="C0NETOPS001",
        at=T0,
    )
    texts = objects(card(replace(batch_of(PENDING, *more), freeze=freeze), ONE_CLICK)["blocks"])
    words = " ".join(str(found["text"]) for found in texts if isinstance(found.get("text"), str))
    assert ("Confirm comes back when it ends." in words) is comes_back
    assert ("This card expires before the freeze ends. Ask again after" in words) is not comes_back


def test_what_a_low_risk_deletion_does_is_not_overstated() -> None:
    """Who reads the same warning on every card reads none."""
    down = replace(PENDING, tunnel=replace(PENDING.tunnel or TUNNEL, net_status="UNAVAILABLE"))
    assert "cuts its traffic" in shown(PENDING)
    assert "cuts its traffic" not in shown(down)
    assert "only be made again by hand" in shown(down)


def test_a_batch_says_which_tunnels_its_risk_is_about() -> None:
    """And what is left of its gateways when all of them are gone."""
    down = replace(HIGH.tunnel or TUNNEL, tunnel_id="vpnx-d0wn4f22", net_status="UNAVAILABLE")
    down = replace(down, health_check_enabled=False)
    other = replace(HIGH, tunnel_id=down.tunnel_id, tunnel=down, stake=Stake(tier=Tier.LOW, gateway_left=0))
    words = shown(HIGH, other, rules=CAREFUL)
    words = " ".join(words.split())
    assert "• UP: vpnx-p0j11j28" in words
    assert "• with these gone, no healthy tunnel is left on: vpngw-7lcl5331" in words
    assert "types the gateway's id" in words

"""Many tunnels on one card, end to end: asked for together, confirmed once, each with its own outcome."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from bot.domain.explain import explain
from bot.rehearsal.slack_faults import Fault as SlackFault
from bot.rehearsal.vpc import MAIN_GATEWAY, Fault
from bot.rehearsal.vpc_seed import CCN_GATEWAY, HOSTILE_TUNNEL
from tests.e2e.batch import (
    DELETE,
    NOT_NOW,
    PATIENCE_S,
    ask,
    carried_out,
    on_gateway,
    progress,
    roots,
    summary,
    table,
    thread,
)
from tests.e2e.play import CHANNEL, Play, words

DOWN = {"NetStatus": "UNAVAILABLE", "HealthCheckStatus": "UNAVAILABLE"}
CLOCK_S = 0.02


def test_several_tunnels_are_shown_on_one_card_and_deleted_by_one_confirm(play: Play) -> None:
    """A table of the three, a dialog that names the number, one progress message, one summary."""
    tunnels = [*play.stage.vpc.add_tunnels(2), play.stage.vpc.add_tunnel(**DOWN)]
    before = len(roots(play))
    card = ask(play, f"{MAIN_GATEWAY} {' '.join(tunnels)} {tunnels[0]} --reason 'office closed'")
    assert [row[0] for row in table(card.message)] == sorted(tunnels)
    assert [row[3] for row in table(card.message)] == ["AVAILABLE, UP"] * 2 + ["AVAILABLE, not up"]
    for part in ("Delete 3 VPN tunnels?", "3, 2 of them UP", MAIN_GATEWAY, "office closed", "Expires at "):
        assert part in card.text
    confirm = card.message.buttons[0]
    question = confirm["confirm"]["text"]["text"]
    assert f"This deletes 3 VPN tunnels of {MAIN_GATEWAY} in ap-guangzhou; 2 of them carry" in question

    assert card.confirm("ben").acked
    assert summary(card) == ("3 of 3 VPN tunnels are gone.", [])
    answers = {tunnel: play.stage.vpc.deletes(tunnel)[0].answer or {} for tunnel in tunnels}
    assert {row[0]: row[1:] for row in table(thread(card, "tunnels are gone.")[0])} == {
        tunnel: ["gone", "–", answer["Response"]["RequestId"]] for tunnel, answer in answers.items()
    }
    assert "Confirmed by <@U0BEN000001>" in card.wait_text("3 of 3 VPN tunnels are gone")
    assert card.message.buttons == ()
    assert progress(card).text == "Of 3: 3 gone."
    assert [len(play.stage.vpc.deletes(tunnel)) for tunnel in tunnels] == [1, 1, 1]
    assert not any(play.stage.vpc.exists(tunnel) for tunnel in tunnels)
    assert (len(card.replies), len(roots(play))) == (2, before + 1)


def test_tunnels_of_several_gateways_are_shown_with_their_gateways(play: Play) -> None:
    """Without a gateway in the command nobody takes the first one's for that of all."""
    mine, other = play.stage.vpc.add_tunnel(), play.stage.vpc.add_tunnel(CCN_GATEWAY)
    card = ask(play, f"{mine} {other}")
    assert f"Gateways  {MAIN_GATEWAY}, {CCN_GATEWAY}" in card.text
    assert [(row[0], row[2]) for row in table(card.message)] == [(mine, MAIN_GATEWAY), (other, CCN_GATEWAY)]
    assert "2 VPN tunnels of 2 gateways" in card.message.buttons[0]["confirm"]["text"]["text"]
    card.confirm()
    assert summary(card)[0] == "2 of 2 VPN tunnels are gone."
    assert play.stage.vpc.deletes(other)[0].body["VpnGatewayId"] == CCN_GATEWAY


def test_a_cancelled_batch_deletes_nothing(play: Play) -> None:
    """One Cancel keeps them all."""
    tunnels = play.stage.vpc.add_tunnels(2)
    card = ask(play, " ".join(tunnels))
    card.cancel("ben")
    assert "Cancelled by <@U0BEN000001>" in card.wait_text("Cancelled: 2 VPN tunnels were left alone")
    card.confirm("chen", stale=True)
    play.wait_private("chen", "cancelled this before you")
    assert [play.stage.vpc.state(tunnel) for tunnel in tunnels] == ["AVAILABLE"] * 2
    assert (card.message.buttons, card.replies) == ((), [])


def test_hostile_names_in_the_table_ping_nobody(play: Play) -> None:
    """They are shown as they are."""
    names = ["<!here> |a|b", "<@U0BEN000001> & *bold*"]
    tunnels = [play.stage.vpc.add_tunnel(VpnConnectionName=name) for name in names]
    card = ask(play, f"{HOSTILE_TUNNEL} {' '.join(tunnels)} --reason <!everyone>")
    assert {row[1] for row in table(card.message)} == {"<!channel> & <@U1>", *names}
    card.confirm()
    summary(card)
    assert play.stage.slack.mass_pings == ()
    assert not any("<!" in m.text for m in play.stage.slack.thread(CHANNEL, card.ts))


@pytest.mark.parametrize("wrong", ["missing", "elsewhere"])
def test_one_wrong_id_and_nothing_is_asked_for_any(play: Play, wrong: str) -> None:
    """A private sentence names it; the channel sees nothing."""
    good = play.stage.vpc.add_tunnels(2)
    bad = "vpnx-00000000" if wrong == "missing" else play.stage.vpc.add_tunnel(CCN_GATEWAY)
    sentence = f"no VPN tunnel {bad} in" if wrong == "missing" else f"{bad} isn't on gateway {MAIN_GATEWAY}"
    before = roots(play)
    play.ask(f"delete {MAIN_GATEWAY} {good[0]} {bad} {good[1]}")
    told = play.wait_private("ana", sentence)
    assert "othing was done for any of the 3" in told
    command = f"/vpn delete {good[0]} {bad} {good[1]} --region ap-guangzhou"
    assert not any(tunnel in told.removesuffix(command) for tunnel in good)
    assert told.endswith(command) == (wrong == "elsewhere")
    card = play.new_card()  # asked for later, so whatever came of the three would stand before it
    assert [m.ts for m in roots(play)] == [*(m.ts for m in before), card.ts]
    assert play.stage.vpc.deletes(good[0]) == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("DELETING", "is being deleted already (state DELETING), so nothing was done."),
        ("PENDING", "is still being created (state PENDING), so nothing was done."),
    ],
)
def test_a_tunnel_that_is_being_deleted_or_created_gets_a_sentence_and_no_card(
    play: Play, state: str, said: str
) -> None:
    """No Confirm is offered that the cloud would refuse."""
    busy, before = play.stage.vpc.add_tunnel(State=state, NetStatus="UNAVAILABLE"), roots(play)
    play.ask(f"delete {busy}")
    told = play.wait_private("ana", f"{busy} {said}")
    assert (f"/vpn delete {busy} --region ap-guangzhou" in told) == (state == "PENDING")
    assert [m.ts for m in roots(play)] == [m.ts for m in before]


def test_of_several_the_one_that_is_being_deleted_is_named_and_the_others_can_be_asked_for(
    play: Play,
) -> None:
    """The command that is offered brings the card for the rest."""
    one, other = play.stage.vpc.add_tunnels(2)
    busy = play.stage.vpc.add_tunnel(State="DELETING", NetStatus="UNAVAILABLE")
    play.ask(f"delete {one} {busy} {other} --reason 'office closed'")
    told = play.wait_private("ana", f"{busy} is being deleted already")
    command = told.partition("/vpn delete ")[2]
    assert command == f'{one} {other} --region ap-guangzhou --reason "office closed"'
    card = ask(play, command)
    assert {row[0] for row in table(card.message)} == {one, other}
    card.cancel()


def test_of_several_each_that_is_being_deleted_or_created_is_named_with_its_own_state(play: Play) -> None:
    """None of those that were asked for is dropped without a word."""
    one = play.stage.vpc.add_tunnel()
    made = play.stage.vpc.add_tunnel(State="PENDING", NetStatus="UNAVAILABLE")
    busy = play.stage.vpc.add_tunnel(State="DELETING", NetStatus="UNAVAILABLE")
    play.ask(f"delete {one} {made} {busy}")
    told = play.wait_private("ana", f"{busy} is being deleted already (state DELETING); ")
    assert f"{made} is still being created (state PENDING), so nothing was done." in told
    assert told.endswith(f"/vpn delete {one} --region ap-guangzhou")
    play.ask(f"delete {made} {busy}")
    told = play.wait_private("ana", f"/vpn delete {made} --region")
    assert f"{busy} is being deleted already" in told
    assert told.endswith(f"/vpn delete {made} --region ap-guangzhou")


def test_all_of_a_gateway_that_has_none_is_answered_privately(play: Play) -> None:
    """Nothing to delete is not an empty card."""
    play.ask("delete vpngw-00000000 --all")
    play.wait_private("ana", "Gateway vpngw-00000000 has no VPN tunnels in ap-guangzhou")
    response = play.ask("history vpngw-00000000").response or {}
    assert "not deleted: the gateway has no tunnels" in words(response["blocks"])


def test_a_batch_where_the_bot_cannot_post_is_void_for_all(play: Play) -> None:
    """The requester is told how to invite it, and not to ask for one tunnel alone."""
    tunnels = play.stage.vpc.add_tunnels(2)
    play.ask(f"delete {' '.join(tunnels)}", channel="general")
    told = play.wait_private("ana", "then ask again:")
    assert told.endswith(f"/vpn delete {' '.join(tunnels)} --region ap-guangzhou")
    assert "nothing will be deleted" in told
    assert roots(play, "general") == []


def test_more_ids_than_a_command_holds_are_refused_with_a_way_out(play: Play) -> None:
    """A thousand ids don't fit into 2,000 characters, and half a command is never obeyed."""
    ack = play.ask("delete " + " ".join(f"vpnx-{number:08d}" for number in range(1000)))
    assert ack.response is not None
    assert "at most 2000. Name fewer tunnels at a time, or say --all" in ack.response["text"]


def test_the_size_of_a_card_is_bounded_by_the_setting(new_play: Callable[..., Play]) -> None:
    """Typed or by --all, more than VPN_BOT_MAX_BATCH tunnels are refused by the setting's name."""
    play = new_play(VPN_BOT_MAX_BATCH="2")
    first, second, _ = play.stage.vpc.add_tunnels(3, CCN_GATEWAY)
    sentence = "3 tunnels, and one card may be about 2. Nothing was done."
    ack = play.ask(f"delete {first} {second} vpnx-p0j11j28")
    assert ack.response is not None
    assert sentence in ack.response["text"]
    assert "VPN_BOT_MAX_BATCH" in ack.response["text"]
    play.ask(f"delete {CCN_GATEWAY} --all")
    assert "VPN_BOT_MAX_BATCH" in play.wait_private("ana", sentence.replace("3", "4", 1))
    card = ask(play, f"{first} {second}")
    assert len(roots(play)) == 1
    card.confirm()
    assert summary(card)[0] == "2 of 2 VPN tunnels are gone."


def test_two_people_confirm_a_batch_at_once_and_one_of_them_does(play: Play) -> None:
    """The other one is told who; every tunnel is asked to go once."""
    tunnels = play.stage.vpc.add_tunnels(5)
    card = ask(play, " ".join(tunnels))
    with ThreadPoolExecutor(2) as people:
        acks = list(people.map(lambda user: card.confirm(user, stale=True), ["ben", "chen"]))
    assert all(ack.acked for ack in acks)
    assert summary(card)[0] == "5 of 5 VPN tunnels are gone."
    told = [t for user in ("ben", "chen") for t in play.private(user) if "confirmed this before you" in t]
    assert len(told) == 1
    assert [len(play.stage.vpc.deletes(tunnel)) for tunnel in tunnels] == [1] * 5
    assert card.count("tunnels are gone.") == 1


def test_a_batch_with_a_tunnel_that_is_under_way_elsewhere_is_not_confirmed(play: Play) -> None:
    """All or nothing: the clicker reads which tunnel it is, and the card stays open."""
    first, busy, last = tunnels = play.stage.vpc.add_tunnels(3)
    batch, single = ask(play, " ".join(tunnels)), play.new_card(busy)
    play.stage.vpc.stick(busy)
    single.confirm("ben")
    single.wait_reply("RequestId")
    batch.confirm("chen")
    play.wait_private("chen", f"{busy} is being deleted already: <@U0BEN000001> confirmed it on another card")
    assert [len(play.stage.vpc.deletes(tunnel)) for tunnel in (first, busy, last)] == [0, 1, 0]
    assert [button["action_id"] for button in batch.message.buttons] == [
        "confirm_deletion",
        "cancel_deletion",
    ]
    assert batch.replies == []


def test_each_tunnel_has_its_own_outcome_and_the_summary_lists_what_is_not_gone(
    new_play: Callable[..., Play],
) -> None:
    """Refused for good, waited for, unclear, stuck, gone: counted right, listed with code and RequestId."""
    play = new_play(VPN_BOT_VERIFY_TIMEOUT_S="3")
    vpc = play.stage.vpc
    tunnels = vpc.add_tunnels(8)
    busy, stuck, no = tunnels[3], tunnels[5], "UnauthorizedOperation"
    vpc.occupy(busy)
    card = ask(play, f"{MAIN_GATEWAY} {' '.join(tunnels)}")
    vpc.stick(stuck)
    vpc.fault(DELETE, Fault.reset_after())  # whichever comes first
    vpc.fault(DELETE, Fault.refuse(no, "no"))  # and second
    card.confirm()
    card.wait_reply(f"1 waiting, and tried again by itself: {explain(NOT_NOW).title}", PATIENCE_S)
    vpc.occupy(busy, occupied=False)

    sentence, rows = summary(card)
    last = {tunnel: vpc.deletes(tunnel)[-1] for tunnel in tunnels}
    (refused,) = (tunnel for tunnel, call in last.items() if call.code == no)
    expected = {refused: ["not deleted: a CAM policy does not allow this", no, "none"]}
    if refused != stuck:
        expected[stuck] = ["not confirmed gone: accepted, but still there", "StillThere", "none"]
    for tunnel in expected:
        if (answer := last[tunnel].answer) is not None:
            expected[tunnel][2] = answer["Response"]["RequestId"]
    assert {row[0]: row[1:] for row in rows} == expected
    gone = len(tunnels) - len(expected)
    assert sentence.startswith(f"{gone} of 8 VPN tunnels are gone.")
    unconfirmed = ", 1 not confirmed gone" if stuck != refused else ""
    assert progress(card).text == f"Of 8: {gone} gone, 1 not deleted{unconfirmed}."
    assert {tunnel for tunnel in tunnels if vpc.exists(tunnel)} == set(expected)
    assert len(vpc.deletes(busy)) > 1


def test_a_large_batch_lists_its_tunnels_in_the_thread_and_keeps_slacks_pace(
    new_play: Callable[..., Play],
) -> None:
    """Counts on the card, tables in the thread, one progress message edited at most once a second."""
    wide = new_play(VPN_BOT_MAX_BATCH="1000")
    wide.stage.vpc.add_tunnels(230, CCN_GATEWAY)
    tunnels, others = on_gateway(wide, CCN_GATEWAY), on_gateway(wide, MAIN_GATEWAY)
    before = len(roots(wide))
    card = ask(wide, f"{CCN_GATEWAY} --all")
    for part in (
        f"Delete {len(tunnels)} VPN tunnels?",
        f"{len(tunnels)} of them UP",
        "listed in this card's thread",
    ):
        assert part in card.text
    assert table(card.message) == []
    assert f"This deletes {len(tunnels)} VPN" in card.message.buttons[0]["confirm"]["text"]["text"]
    wide.wait(lambda: sum(len(table(m)) for m in thread(card, "part ")) == len(tunnels), PATIENCE_S)
    assert {row[0] for message in thread(card, "part ") for row in table(message)} == tunnels

    card.confirm()
    wide.wait(lambda: thread(card, "still to do."), PATIENCE_S)
    wide.stage.slack.inject("chat.update", SlackFault.rate_limited(2))
    assert summary(card) == (f"{len(tunnels)} of {len(tunnels)} VPN tunnels are gone.", [])
    assert set(carried_out(wide).values()) == {1}
    assert (on_gateway(wide, CCN_GATEWAY), on_gateway(wide, MAIN_GATEWAY)) == (set(), others)
    assert wide.stage.vpc.peak(DELETE) <= 100

    shown_at = [float(progress(card).ts), *(edit.at for edit in progress(card).edits)]
    assert len(shown_at) > 2
    assert all(later - sooner >= 1 - CLOCK_S for sooner, later in pairwise(shown_at))
    drawn_at = [edit.at for edit in card.message.edits if "Deleting" in edit.text]
    assert drawn_at
    assert all(later - sooner >= 1 - CLOCK_S for sooner, later in pairwise(drawn_at))
    assert progress(card).text == f"Of {len(tunnels)}: {len(tunnels)} gone."
    said = [e for e in wide.stage.slack.traffic if e.name in ("chat.update", "chat.postMessage")]
    refused_at = next(n for n, exchange in enumerate(said) if exchange.status == 429)
    assert said[refused_at + 1].at - said[refused_at].at >= 2 - CLOCK_S
    assert len(roots(wide)) == before + 1

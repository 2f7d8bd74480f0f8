"""Risky deletions: who may confirm them, what has to be typed, and how long they can be stopped."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bot.rehearsal.northwind import BEN, BOT, CHEN, DIRECT, GENERAL
from bot.rehearsal.slack_faults import Fault
from bot.rehearsal.vpc_seed import DOWN_TUNNEL, FAR_GATEWAY, FAR_TUNNEL, MAIN_GATEWAY
from bot.work.clear import LATE_S
from bot.work.requester import FINAL_ATTEMPTS
from tests.e2e.careful import CAREFUL, WINDOW_S, confirm_typed, dialog, errors, fresh, in_place, type_into
from tests.e2e.play import CHANNEL, Card, Play, words
from tests.e2e.visits import query

NewPlay = Callable[..., Play]
KIT_GIVEN_UP_WITHIN_S = 40.0


@pytest.fixture(scope="module")
def play(careful_play: Play) -> Play:
    return careful_play


def test_a_risky_deletion_takes_a_second_person_who_types_the_id(play: Play) -> None:
    """Ana asks; she can't confirm; Ben mistypes, types, everybody can stop it, and then it goes, once."""
    card = play.new_card()
    assert "someone other than <@U0ANA000001> presses Confirm and types the tunnel's id" in card.text
    assert card.confirm("ana").acked
    play.wait_private("ana", "somebody else has to confirm it")
    view = dialog(card, "ben")
    assert "That isn't it" in errors(type_into(play, "ben", view, "vpnx-p0j11j29"))["tunnel_id"]
    assert query(play.stage, "SELECT actor FROM events WHERE detail = 'another word typed'") == [(BEN,)]
    assert card.deletes == 0
    began = time.time()
    assert type_into(play, "ben", view, f" {card.tunnel_id.upper()} ").response is None
    card.wait_text("Deleting in 2 s")
    card.wait_reply("is gone")
    (call,) = play.stage.vpc.deletes(card.tunnel_id)
    assert call.at - began >= WINDOW_S - 0.1
    assert play.stage.slack.views("ben") == ()


def test_the_undo_kit_is_in_the_thread_before_anything_is_sent(play: Play) -> None:
    """With the placeholder, never the key."""
    card = play.new_card()
    confirm_typed(card)
    card.wait_reply("is gone")
    (kit,) = card.kits
    (call,) = play.stage.vpc.deletes(card.tunnel_id)
    said_at = next(
        float(message.ts)
        for message in play.stage.slack.thread(CHANNEL, card.ts)
        if message.text.startswith("Undo kit")
    )
    assert said_at < call.at
    assert "tccli vpc CreateVpnConnection" in kit


@pytest.mark.parametrize("confirmed", [False, True], ids=["nobody has decided", "confirmed"])
def test_without_the_kit_in_the_thread_nothing_is_deleted(play: Play, confirmed: bool) -> None:
    """Slack refuses the kit for good: the card is void, whoever pressed and when."""
    slack = play.stage.slack
    # A code that isn't known is tried some times, and a message that isn't well formed only once.
    refused = [Fault.refuse("new_to_us")] * FINAL_ATTEMPTS if confirmed else [Fault.refuse("invalid_blocks")]
    slack.inject("chat.postMessage", Fault.slow(0), *refused)
    card = play.new_card(DOWN_TUNNEL)
    if confirmed:
        card.confirm("ben")
        card.wait_reply("There is no undo kit in the thread", KIT_GIVEN_UP_WITHIN_S)
    else:
        play.wait_private("ana", "without one it deletes nothing", KIT_GIVEN_UP_WITHIN_S)
    card.wait_text("was not deleted: ")
    assert (card.kits, card.message.buttons, card.deletes) == ([], (), 0)


def test_a_deletion_that_risks_nothing_takes_one_click_of_whoever_asked(play: Play) -> None:
    """DOWN, no routes: no dialog, no wait."""
    card = play.new_card(DOWN_TUNNEL)
    assert "Low risk" in card.text
    assert card.confirm("ana").acked
    card.wait_reply("is gone")
    assert play.stage.slack.views("ana") == ()


@pytest.mark.parametrize("user", ["dora", "eve"])
def test_who_may_not_confirm_gets_no_dialog(play: Play, user: str) -> None:
    """And is told why."""
    card = play.new_card()
    told = len(play.private(user))
    assert card.confirm(user).acked
    play.wait(lambda: len(play.private(user)) > told)
    assert play.stage.slack.views(user) == ()
    card.cancel("ben")


def test_the_requester_is_never_their_own_second_person(play: Play) -> None:
    """Not twice, not through a fresh card of theirs, not by their user group."""
    card = play.new_card()
    card.play.stage.slack.press("ana", CHANNEL, card.ts, "confirm_deletion")
    card.play.stage.slack.press("ana", CHANNEL, card.ts, "confirm_deletion")
    by_group = _asked_by(play, "ben")
    by_group.confirm("ben")
    play.wait_private("ben", "somebody else has to confirm it")
    play.stage.vpc.set_state(card.tunnel_id, VpnConnectionName="renamed")
    confirm_typed(card, "ben")
    card.wait_reply("is now  renamed")
    again = fresh(card, "ana")
    told = len(play.private("ana"))
    again.confirm("ana")
    play.wait(lambda: len(play.private("ana")) > told)
    assert play.stage.slack.views("ana") == ()
    assert (card.deletes, by_group.deletes) == (0, 0)
    for one in (by_group, again):
        one.cancel("chen")


def test_another_channel_makes_nobody_a_second_person(new_play: NewPlay) -> None:
    """Ana asks for the same tunnel there, and presses both."""
    play = new_play(**CAREFUL)
    slack = play.stage.slack
    channels = slack.workspace.channels
    channels[GENERAL] = replace(channels[GENERAL], members=channels[GENERAL].members | {BOT})
    here = play.new_card()
    play.ask(f"delete {here.tunnel_id}", channel="general")
    there = play.wait(lambda: next((m for m in slack.messages("general") if m.buttons), None))
    slack.press("ana", CHANNEL, here.ts, "confirm_deletion")
    slack.press("ana", "general", there.ts, "confirm_deletion")
    play.wait(lambda: sum("somebody else has to confirm it" in told for told in play.private("ana")) == 2)
    assert (slack.views("ana"), here.deletes) == ((), 0)


def _asked_by(play: Play, user: str) -> Card:
    tunnel_id = play.stage.vpc.add_tunnel()
    seen = {message.ts for message in play.stage.slack.messages(CHANNEL)}
    play.ask(f"delete {tunnel_id}", user)
    found = play.wait(
        lambda: next((m for m in play.stage.slack.messages(CHANNEL) if m.ts not in seen and m.buttons), None)
    )
    return Card(play, tunnel_id, found.ts)


@pytest.mark.parametrize(
    ("fields", "said", "headline"),
    [
        ({"VpnConnectionName": "another"}, "is now  another", "it was renamed"),
        ({"NetStatus": "UNAVAILABLE"}, "Net status  AVAILABLE", "it went down; its risk changed"),
        ({"HealthCheckStatus": "UNAVAILABLE"}, "Health check  on, AVAILABLE", "its health check changed"),
        (
            {"TagSet": [{"Key": "vpn-bot:protect", "Value": "yes"}]},
            "vpn-bot:protect=yes",
            "it is now protected; its tags changed",
        ),
        ({"SecurityPolicyDatabaseSet": []}, "CIDRs  ", "its CIDRs changed"),
        ({"DpdTimeout": "60"}, "Other settings", "its other settings changed"),
        ({"VpnGatewayId": FAR_GATEWAY}, "is on another gateway now", "it moved to another gateway"),
        ({"Novelty": "came since"}, "Novelty", "its other settings changed"),
    ],
)
def test_what_changed_since_the_card_voids_it(
    play: Play, fields: dict[str, Any], said: str, headline: str
) -> None:
    """The headline says what, nothing is sent, and a fresh card shows how things are."""
    card = play.new_card()
    confirm_typed_after = dialog(card, "ben")
    play.stage.vpc.set_state(card.tunnel_id, **fields)
    type_into(play, "ben", confirm_typed_after, card.tunnel_id)
    assert said in card.wait_reply("what matters has changed")
    card.wait_text(f"{card.tunnel_id} was not deleted by vpn-bot: {headline}")
    assert card.deletes == 0
    assert [button["action_id"] for button in card.message.buttons] == ["fresh_card"]


def test_one_that_somebody_else_is_deleting_by_now_gets_no_fresh_card(play: Play) -> None:
    """Headline and history say so, and the thread what to do; there is nothing to ask for."""
    card = play.new_card()
    view = dialog(card, "ben")
    play.stage.vpc.set_state(card.tunnel_id, State="DELETING", VpnConnectionName="another")
    type_into(play, "ben", view, card.tunnel_id)
    told = card.wait_reply("State  AVAILABLE")
    assert "Wait until it is gone" in told
    assert "Fresh card" not in told
    card.wait_text(f"Not deleted by vpn-bot: somebody else is deleting {card.tunnel_id} (DELETING)")
    assert (card.deletes, card.message.buttons) == (0, ())
    response = play.ask(f"history {card.tunnel_id}").response or {}
    assert "not deleted by vpn-bot: somebody else is deleting it" in words(response["blocks"])


def test_a_tunnel_that_went_since_the_card_is_not_called_deleted_by_us(play: Play) -> None:
    """Somebody else was quicker: card, thread and history say so, and no fresh card is offered for it."""
    card = play.new_card()
    view = dialog(card, "ben")
    with play.stage.vpc.lock:
        del play.stage.vpc.tunnels[card.tunnel_id]
    type_into(play, "ben", view, card.tunnel_id)
    sentence = f"Not deleted by vpn-bot: {card.tunnel_id} no longer exists"
    assert "CloudAudit" in card.wait_reply(f"{sentence}.")
    assert "Nothing was sent." in card.wait_text(sentence)
    assert (card.deletes, card.message.buttons) == (0, ())
    response = play.ask(f"history {card.tunnel_id}").response or {}
    assert "not deleted by vpn-bot: the tunnel no longer exists" in words(response["blocks"])


def test_a_fresh_card_of_several_leaves_out_what_no_longer_exists(play: Play) -> None:
    """One of three is gone: the card is void and says which; the fresh one is about the other two."""
    gone, *left = tunnels = play.stage.vpc.add_tunnels(3)
    play.ask(f"delete {MAIN_GATEWAY} {' '.join(tunnels)}")
    found = play.wait(
        lambda: next((m for m in play.stage.slack.messages(CHANNEL) if gone in str(m.blocks)), None)
    )
    card = Card(play, MAIN_GATEWAY, found.ts)
    view = dialog(card, "ben")
    with play.stage.vpc.lock:
        del play.stage.vpc.tunnels[gone]
    type_into(play, "ben", view, MAIN_GATEWAY)
    assert f"{gone}  The tunnel no longer exists" in card.wait_reply("what matters has changed")
    card.wait_text(f"3 VPN tunnels were not deleted by vpn-bot: {gone} of the 3 no longer exists")
    afresh = fresh(card, "ben")
    play.wait(lambda: "Delete 2 VPN tunnels?" in afresh.text)
    assert all(tunnel in afresh.text for tunnel in left)
    assert gone not in afresh.text


def test_a_stale_card_cannot_be_confirmed_by_any_road(play: Play) -> None:
    """A button that was there, a dialog that was open: the ledger says no."""
    card = play.new_card()
    early = dialog(card, "ben")
    card.cancel("chen")
    card.wait_text("Cancelled")
    type_into(play, "ben", early, card.tunnel_id)
    assert "cancelled" in in_place(play, "ben")
    card.confirm("chen", stale=True)
    play.wait_private("chen", "You cancelled this at")
    assert card.deletes == 0


def test_two_dialogs_at_once_make_one_deletion(play: Play) -> None:
    """Ben's and Chen's: the second reads who was first."""
    card = play.new_card()
    ben, chen = dialog(card, "ben"), dialog(card, "chen")
    type_into(play, "ben", ben, card.tunnel_id)
    type_into(play, "chen", chen, card.tunnel_id)
    assert "<@U0BEN000001> confirmed this before you" in in_place(play, "chen")
    card.wait_reply("is gone")
    assert card.deletes == 1


def test_anybody_stops_it_within_the_window(play: Play) -> None:
    """Dora, who is nobody here; nothing is sent."""
    card = play.new_card()
    confirm_typed(card)
    card.wait_text("Deleting in")
    play.stage.slack.press("dora", CHANNEL, card.ts, "stop_deletion")
    card.wait_text("before the cloud accepted it")
    card.wait_reply("Stopped by")
    other = play.new_card()
    confirm_typed(other)
    other.wait_reply("is gone")  # a window later nothing was sent for the first either
    assert card.deletes == 0


def has_ended(card: Card) -> bool:
    return any("Not deleted" in reply or "is gone" in reply for reply in card.replies)


def test_each_others_last_tunnels_are_not_both_deleted(play: Play) -> None:
    """Two cards, each made while the other tunnel was there: the last look sees that it is on its way out."""
    play.stage.vpc.set_state(FAR_TUNNEL, NetStatus="UNAVAILABLE")
    tunnels = [play.stage.vpc.add_tunnel(FAR_GATEWAY) for _ in range(2)]
    cards = [play.new_card(tunnel_id, options="--region ap-singapore") for tunnel_id in tunnels]
    for card in cards:
        assert "1 on its gateway" in card.text
    for card in cards:
        confirm_typed(card)
    for card in cards:
        play.wait(partial(has_ended, card))
    kept = [card for card in cards if not card.deletes]
    assert kept
    for card in kept:
        assert any("last healthy tunnel on" in reply for reply in card.replies)


def test_a_batch_takes_its_gateways_id(play: Play) -> None:
    """And is cleared, or voided, as a whole."""
    tunnels = play.stage.vpc.add_tunnels(2)
    seen = {message.ts for message in play.stage.slack.messages(CHANNEL)}
    play.ask(f"delete {MAIN_GATEWAY} {' '.join(tunnels)}")
    found = play.wait(
        lambda: next((m for m in play.stage.slack.messages(CHANNEL) if m.ts not in seen and m.buttons), None)
    )
    card = Card(play, MAIN_GATEWAY, found.ts)
    confirm_typed(card)
    assert "2 of 2" in card.wait_reply("tunnels are gone.")


def test_one_changed_tunnel_voids_its_whole_batch(play: Play) -> None:
    """Nothing is deleted of what nobody saw."""
    tunnels = play.stage.vpc.add_tunnels(3)
    seen = {message.ts for message in play.stage.slack.messages(CHANNEL)}
    play.ask(f"delete {MAIN_GATEWAY} {' '.join(tunnels)}")
    found = play.wait(
        lambda: next((m for m in play.stage.slack.messages(CHANNEL) if m.ts not in seen and m.buttons), None)
    )
    card = Card(play, MAIN_GATEWAY, found.ts)
    play.stage.vpc.set_state(tunnels[1], VpnConnectionName="renamed")
    confirm_typed(card)
    assert tunnels[1] in card.wait_reply("what matters has changed")
    card.wait_text(f"3 VPN tunnels were not deleted by vpn-bot: {tunnels[1]} changed: it was renamed")
    assert all(play.stage.vpc.exists(tunnel) for tunnel in tunnels)


def test_a_restart_neither_skips_nor_repeats_the_window(new_play: NewPlay) -> None:
    """Killed in the middle of it: the successor waits for the same moment."""
    play = new_play(**{**CAREFUL, "VPN_BOT_ABORT_WINDOW_S": "4"})
    card = play.new_card()
    began = time.time()
    confirm_typed(card)
    play.stage.bots[0].kill()
    play.wait(lambda: play.stage.slack.sockets == 0)
    play.stage.start_bot()
    card.wait_reply("is gone", 30)
    (call,) = play.stage.vpc.deletes(card.tunnel_id)
    assert call.at - began >= 3.9


@pytest.mark.parametrize("how", ["tag", "name"])
def test_a_protected_tunnel_has_no_button_and_says_why(new_play: NewPlay, how: str) -> None:
    """By its tag, or by VPN_BOT_PROTECTED."""
    play = new_play(VPN_BOT_PROTECTED="crown jewels, other")
    tags = [{"Key": "vpn-bot:protect", "Value": "true"}] if how == "tag" else []
    name = "crown jewels" if how == "name" else "plain"
    tunnel_id = play.stage.vpc.add_tunnel(VpnConnectionName=name, TagSet=tags)
    play.ask(f"delete {tunnel_id}")
    found = play.wait(
        lambda: next((m for m in play.stage.slack.messages(CHANNEL) if tunnel_id in m.text), None)
    )
    card = Card(play, tunnel_id, found.ts)
    assert f"Protected: {tunnel_id} can't be deleted here" in card.text
    assert ("its tag" if how == "tag" else "crown jewels") in card.text
    assert card.message.buttons == ()
    assert play.stage.vpc.exists(tunnel_id)


def test_break_glass_lifts_the_second_person_and_nothing_else(new_play: NewPlay) -> None:
    """Ana alone, but typed; loud on the card and in the history."""
    play = new_play(**CAREFUL)
    assert "needs a --reason" in str(
        (play.ask("delete vpnx-p0j11j28 --break-glass INC-42").response or {})["text"]
    )
    unseen = play.ask("delete vpnx-p0j11j28 --break-glass INC-42 --reason flood", channel=DIRECT)
    assert "Ask in a channel" in str((unseen.response or {})["text"])
    card = play.new_card(options='--break-glass INC-42 --reason "nobody else is up"')
    assert "BREAK-GLASS" in card.text
    confirm_typed(card, "ana")
    card.wait_reply("is gone")
    response = play.ask("history").response or {}
    assert "BREAK-GLASS INC-42" in repr(response)


def test_approvers_confirm_what_is_risky_and_operators_the_rest(new_play: NewPlay) -> None:
    """Ben, an operator, is no second person; low risk is one click, and with an incident Ana is alone."""
    play = new_play(VPN_BOT_APPROVERS=CHEN, **CAREFUL)
    risky = play.new_card()
    assert risky.confirm("ben").acked
    play.wait_private("ben", "aren't one of vpn-bot's approvers")
    confirm_typed(risky, "chen")
    risky.wait_reply("is gone")
    low = play.new_card(DOWN_TUNNEL)
    assert low.confirm("ana").acked
    low.wait_reply("is gone")
    glass = play.new_card(options='--break-glass INC-42 --reason "no approver is up"')
    confirm_typed(glass, "ana")
    glass.wait_reply("is gone")
    assert play.stage.slack.views("ben") == ()


def test_while_slack_shows_no_stop_the_window_does_not_begin(new_play: NewPlay) -> None:
    """Slack refuses the card's edit for longer than the window lasts: people get all of it afterwards."""
    play = new_play(**CAREFUL)
    card = play.new_card()
    view = dialog(card, "ben")
    play.stage.slack.inject("chat.update", Fault.rate_limited(4))
    type_into(play, "ben", view, card.tunnel_id)
    card.wait_reply("more to press Stop")
    assert card.deletes == 0
    shown_at = next(edit.at for edit in card.message.edits if "Delete VPN tunnel" in edit.text)
    card.wait_reply("is gone")
    (call,) = play.stage.vpc.deletes(card.tunnel_id)
    assert call.at - shown_at >= WINDOW_S


def test_what_was_confirmed_while_the_bot_was_away_too_long_is_not_sent(new_play: NewPlay) -> None:
    """Killed after Confirm, started again when the time to try is over: who wants it asks again."""
    play = new_play(**{**CAREFUL, "VPN_BOT_ABORT_WINDOW_S": "1", "VPN_BOT_RETRY_FOR_S": "2"})
    card = play.new_card()
    confirm_typed(card)
    confirmed_at = time.time()
    play.stage.bots[0].kill()
    play.wait(lambda: time.time() - confirmed_at > LATE_S + 3 or None, 20)
    play.stage.start_bot()
    card.wait_reply("Confirmed, but not sent in time")
    card.wait_text("was not deleted: the time for sending it had passed")
    assert card.deletes == 0


def test_whoever_looks_for_a_tunnel_that_this_bot_deleted_is_told_so(play: Play) -> None:
    """By whom and when, and not to look in other regions."""
    card = play.new_card(DOWN_TUNNEL if play.stage.vpc.exists(DOWN_TUNNEL) else None)
    if card.tunnel_id == DOWN_TUNNEL:
        card.confirm("ana")
    else:
        confirm_typed(card)
    card.wait_reply("is gone")
    play.ask(f"delete {card.tunnel_id}", "chen")
    assert f"vpn-bot deleted {card.tunnel_id} at " in play.wait_private("chen", "there is nothing to delete")


def test_a_fresh_card_takes_nobody_elses_incident(new_play: NewPlay) -> None:
    """Ben presses it on Ana's break-glass card: he isn't alone by her word."""
    play = new_play(**CAREFUL)
    card = play.new_card(options="--break-glass INC-42 --reason flood")
    play.stage.vpc.set_state(card.tunnel_id, VpnConnectionName="another")
    confirm_typed(card, "ana")
    card.wait_reply("what matters has changed")
    by_ben = fresh(card, "ben")
    assert "BREAK-GLASS" not in by_ben.text
    by_ben.confirm("ben")
    play.wait_private("ben", "somebody else has to confirm it")
    assert card.deletes == 0


def test_pressing_for_a_fresh_card_again_and_again_brings_one(play: Play) -> None:
    """It takes a moment to come, and people press twice."""
    card = play.new_card()
    view = dialog(card, "ben")
    play.stage.vpc.set_state(card.tunnel_id, VpnConnectionName="renamed")
    type_into(play, "ben", view, card.tunnel_id)
    card.wait_text("was not deleted by vpn-bot: ")
    fresh(card, "chen")
    for user in ("chen", "ana"):
        play.stage.slack.press(user, CHANNEL, card.ts, "fresh_card")
        play.wait_private(user, "A fresh card has been asked for already")
    asking = [m for m in play.stage.slack.messages(CHANNEL) if m.buttons and card.tunnel_id in m.text]
    assert len(asking) == 2  # the void one, and the fresh one

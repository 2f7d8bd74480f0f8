"""Nobody who shouldn't can ask or press."""

from collections.abc import Callable

from bot.rehearsal.northwind import ANA, BEN, DIRECT, EVE, NETWORK_OPS, ON_CALL
from bot.rehearsal.slack_faults import Fault
from bot.rehearsal.vpc_seed import DOWN_TUNNEL
from tests.e2e.careful import CAREFUL, confirm_typed
from tests.e2e.play import CHANNEL, Play
from tests.e2e.visits import checks, query, wait_ready

# More answers than the bot asks for while a test runs.
UNREADABLE_FOR = 100


def test_somebody_who_is_no_operator_can_neither_ask_nor_press(play: Play) -> None:
    """Dora is refused privately, by the setting's name, and the refusals are logged."""
    ack = play.ask("delete vpnx-p0j11j28", user="dora")
    assert ack.response is not None
    assert "VPN_BOT_OPERATORS" in ack.response["text"]
    card = play.new_card()
    card.confirm("dora")
    assert "VPN_BOT_OPERATORS" in play.wait_private("dora", "nothing was done")
    assert card.message.buttons
    assert card.deletes == 0
    log = play.stage.bots[0].log_text
    assert log.count("not allowed user=U0DORA00001") == 2


def test_a_guest_from_another_workspace_can_neither_ask_nor_press(play: Play) -> None:
    """Slack Connect: Eve sits in the channel, and may not."""
    ack = play.ask("delete vpnx-p0j11j28", user="eve")
    assert ack.response is not None
    assert "own Slack workspace" in ack.response["text"]
    card = play.new_card()
    card.confirm("eve")
    play.wait_private("eve", "own Slack workspace")
    assert card.message.buttons
    assert card.deletes == 0


def test_a_member_of_an_operators_group_may(play: Play) -> None:
    """Chen is an operator by user group alone."""
    card = play.new_card()
    card.cancel("chen")
    card.wait_text("Cancelled by <@U0CHEN00001>")
    assert card.message.buttons == ()


def test_with_no_operators_nobody_may_and_the_refusal_names_the_setting(
    new_play: Callable[..., Play],
) -> None:
    """An empty setting closes the door; the log says so at the start."""
    play = new_play(VPN_BOT_OPERATORS="")
    ack = play.ask("delete vpnx-p0j11j28")
    assert ack.response is not None
    assert "VPN_BOT_OPERATORS is empty" in ack.response["text"]
    assert "VPN_BOT_OPERATORS is empty" in play.stage.bots[0].log_text


def test_an_operator_struck_off_before_the_click_may_not_click(new_play: Callable[..., Play]) -> None:
    """The right is checked again at the click: after a restart without Ben's group, Ben may not."""
    play = new_play()
    card = play.new_card()
    play.stage.bots[0].terminate()
    play.stage.start_bot(VPN_BOT_OPERATORS="U0ANA000001")
    card.confirm("ben")
    play.wait_private("ben", "VPN_BOT_OPERATORS")
    assert card.deletes == 0
    card.confirm("ana")
    card.wait_reply("is gone")
    assert card.deletes == 1


def test_in_a_channel_that_is_not_listed_the_bot_is_not_used(new_play: Callable[..., Play]) -> None:
    """VPN_BOT_CHANNELS bounds where one may ask."""
    play = new_play(VPN_BOT_CHANNELS="C0GENERAL01")
    ack = play.ask("delete vpnx-p0j11j28")
    assert ack.response is not None
    assert "VPN_BOT_CHANNELS" in ack.response["text"]


def test_what_is_typed_into_a_dialog_belongs_to_the_channel_of_its_card(
    new_play: Callable[..., Play],
) -> None:
    """A dialog has none of its own; where the card's is listed, the right word confirms."""
    play = new_play(VPN_BOT_CHANNELS=NETWORK_OPS, **CAREFUL)
    card = play.new_card()
    confirm_typed(card)
    card.wait_reply("is gone")
    assert card.deletes == 1


def test_a_guest_gets_no_fresh_card_although_the_setting_lists_them(new_play: Callable[..., Play]) -> None:
    """Who presses it asks, and has to be one who may."""
    play = new_play(VPN_BOT_OPERATORS=f"{ANA},{BEN},{EVE}")
    card = play.new_card()
    play.stage.vpc.set_state(card.tunnel_id, VpnConnectionName="another")
    card.confirm("ben")
    card.wait_reply("what matters has changed")
    assert play.stage.slack.press("eve", CHANNEL, card.ts, "fresh_card").acked
    play.wait_private("eve", "own Slack workspace")
    assert query(play.stage, "SELECT requester_id FROM deletions") == [(ANA,)]


def test_where_the_bot_is_not_a_member_it_says_how_to_invite_it_and_does_nothing(play: Play) -> None:
    """A public channel without the bot, and a private one: a private explanation, nothing else."""
    for channel in ("general", "war-room"):
        tunnel = play.stage.vpc.add_tunnel()
        assert play.ask(f"delete {tunnel}", channel=channel).acked
        told = play.wait_private("ana", f" {tunnel} --region")
        assert "/invite @vpn-bot" in told
        assert play.stage.slack.messages(channel) == ()
        assert play.stage.vpc.deletes(tunnel) == []


def test_a_user_group_that_does_not_exist_is_told_of_at_the_start_and_locks_nobody_out(
    new_play: Callable[..., Play],
) -> None:
    """Once in the log, and in /readyz, which stays ready; who is no operator hears just that."""
    play = new_play(bot=False, VPN_BOT_OPERATORS=f"{ANA},S0GONE00001")
    play.stage.start_bot(VPN_BOT_HTTP_PORT=str(play.stage.http_port))
    wait_ready(play.stage)
    people = checks(play.stage)["people"]
    assert people["ok"] is True
    assert "the user group S0GONE00001 doesn't exist" in people["reason"]
    assert play.stage.bots[0].log_text.count("S0GONE00001 doesn't exist") == 1
    text = str((play.ask("delete vpnx-p0j11j28", user="dora").response or {})["text"])
    assert "aren't one of vpn-bot's operators" in text
    assert "Try again" not in text
    card = play.new_card()
    card.confirm("ana")
    card.wait_reply("is gone")


def test_where_nobody_is_left_to_confirm_the_ask_says_so_and_there_is_no_card(
    new_play: Callable[..., Play],
) -> None:
    """The approvers' group is empty: said at once, not after hours of waiting; an incident helps itself."""
    play = new_play(VPN_BOT_APPROVERS="S0GONE00001", **CAREFUL)
    tunnel = play.stage.vpc.add_tunnel()
    assert play.ask(f"delete {tunnel}").acked
    told = play.wait_private("ana", "nobody who could is active in this workspace")
    assert "VPN_BOT_APPROVERS" in told
    assert query(play.stage, "SELECT state, code FROM deletions") == [("refused", "NobodyLeftToConfirm")]
    assert play.stage.slack.messages(CHANNEL) == ()
    card = play.new_card(tunnel, options='--break-glass INC-42 --reason "no approver is left"')
    confirm_typed(card, "ana")
    card.wait_reply("is gone")


def test_what_takes_a_second_person_is_not_asked_for_in_a_direct_message(
    new_play: Callable[..., Play],
) -> None:
    """The sentence says to ask in a channel, and no card is made; what takes one person gets its card."""
    play = new_play(**CAREFUL)
    tunnel = play.stage.vpc.add_tunnel()
    assert play.ask(f"delete {tunnel}", channel=DIRECT).acked
    told = play.wait_private("ana", "nobody else reads this direct message")
    assert "Ask again in a channel" in told
    assert "break-glass" not in told
    assert query(play.stage, "SELECT state, code FROM deletions") == [("refused", "NobodyLeftToConfirm")]
    assert play.stage.slack.messages(DIRECT) == ()
    play.ask(f"delete {DOWN_TUNNEL}", channel=DIRECT)
    play.wait(lambda: any(one.buttons for one in play.stage.slack.messages(DIRECT)))


def test_while_a_group_cannot_be_read_there_is_a_card_and_the_true_sentence(
    new_play: Callable[..., Play],
) -> None:
    """Not known isn't empty: Confirm says what Slack didn't tell."""
    play = new_play(bot=False, VPN_BOT_APPROVERS=ON_CALL, **CAREFUL)
    play.stage.slack.inject("usergroups.users.list", *[Fault.refuse("internal_error")] * UNREADABLE_FOR)
    play.stage.start_bot()
    card = play.new_card()
    card.confirm("ben")
    play.wait_private("ben", f"Slack didn't tell who is in the user group {ON_CALL}")
    assert card.deletes == 0

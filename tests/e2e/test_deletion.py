"""One deletion, end to end: the real bot process against the local Slack and the local VPC."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bot.rehearsal.vpc import MAIN_GATEWAY, MAIN_TUNNEL
from bot.rehearsal.vpc_seed import HOSTILE_TUNNEL
from tests.e2e.play import CHANNEL, Play


def test_the_documented_command_deletes_the_tunnel_and_says_so_in_the_thread(play: Play) -> None:
    """Ask, card, confirm, RequestId, gone: the mission in one test."""
    card = play.new_card(MAIN_TUNNEL, options='--reason "moving to CCN"')
    before = card.text
    facts = (
        "guangzhou-to-hq",
        MAIN_TUNNEL,
        MAIN_GATEWAY,
        "vpc-",
        "ap-guangzhou",
        "AVAILABLE",
        "UP",
        "10.0.0.0/16",
        "172.16.0.0/16",
        "<@U0ANA000001>",
        "moving to CCN",
        "Expires",
        "The undo kit makes a new one",
    )
    for fact in facts:
        assert fact in before
    assert [button["text"]["text"] for button in card.message.buttons] == ["Confirm", "Cancel"]
    assert card.message.buttons[0]["style"] == "danger"
    assert MAIN_TUNNEL in card.message.buttons[0]["confirm"]["text"]["text"]
    assert card.deletes == 0

    assert card.confirm("ben").acked
    accepted = card.wait_reply("RequestId")
    request_id = (play.stage.vpc.deletes(MAIN_TUNNEL)[0].answer or {})["Response"]["RequestId"]
    assert request_id in accepted
    assert "Accepted isn't gone" in accepted
    assert re.search(rf"{MAIN_TUNNEL} is gone after [\d.]+ s", card.wait_reply("is gone"))
    after = card.wait_text("is gone")
    assert "Confirmed by <@U0BEN000001>" in after
    assert request_id in after
    assert card.message.buttons == ()
    assert not play.stage.vpc.exists(MAIN_TUNNEL)
    assert card.deletes == 1


def test_every_message_has_a_fallback_text(play: Play) -> None:
    """Screen readers and notifications read `text`; it names the tunnel."""
    card = play.new_card()
    card.confirm()
    card.wait_reply("is gone")
    thread = play.stage.slack.thread(CHANNEL, card.ts)
    assert [card.tunnel_id in message.text for message in thread] == [True] * len(thread)


def test_with_only_a_tunnel_the_gateway_is_looked_up(play: Play) -> None:
    """The gateway may be left out."""
    tunnel = play.stage.vpc.add_tunnel()
    assert play.ask(f"delete {tunnel}").acked
    card = play.wait(lambda: next((m for m in play.stage.slack.messages(CHANNEL) if tunnel in m.text), None))
    play.stage.slack.press("ana", CHANNEL, card.ts, "confirm_deletion")
    play.wait(lambda: not play.stage.vpc.exists(tunnel))
    assert play.stage.vpc.deletes(tunnel)[0].body["VpnGatewayId"] == MAIN_GATEWAY


def test_a_gateway_that_is_not_the_tunnels_is_an_error_that_says_so(play: Play) -> None:
    """Nothing is posted and nothing deleted; the requester reads which gateway it is on."""
    tunnel = play.stage.vpc.add_tunnel()
    play.ask(f"delete vpngw-ccn0q2w8 {tunnel}")
    told = play.wait_private("ana", f"{tunnel} isn't on gateway vpngw-ccn0q2w8")
    assert MAIN_GATEWAY in told
    assert not any(tunnel in message.text for message in play.stage.slack.messages(CHANNEL))


def test_a_tunnel_that_is_not_there_is_told_privately(play: Play) -> None:
    """A wrong id leaves no noise in the channel."""
    play.ask("delete vpnx-00000000")
    assert "no VPN tunnel vpnx-00000000 in ap-guangzhou" in play.wait_private(
        "ana", "vpnx-00000000 in ap-guangzhou, so"
    )
    assert not any("vpnx-00000000" in message.text for message in play.stage.slack.messages(CHANNEL))


def test_a_text_that_cannot_be_read_is_answered_privately_with_an_example(play: Play) -> None:
    """The ack itself carries the sentence that names the offending word."""
    ack = play.ask("delete vpnx-p0j11j28 tomorow")
    assert ack.response is not None
    assert "tomorow" in ack.response["text"]
    assert "/vpn delete vpngw-" in ack.response["text"]


def test_help_is_private_and_shows_the_command(play: Play) -> None:
    """`/vpn help` needs no right."""
    ack = play.ask("help", user="dora")
    assert ack.response is not None
    assert "/vpn delete vpngw-7lcl5331 vpnx-p0j11j28" in ack.response["text"]


def test_two_people_confirming_at_once_make_one_call_and_one_result(play: Play) -> None:
    """The first click wins; the second person is told privately who decided."""
    card = play.new_card()
    with ThreadPoolExecutor(2) as people:
        acks = list(people.map(lambda user: card.confirm(user, stale=True), ["ben", "chen"]))
    assert all(ack.acked for ack in acks)
    card.wait_reply("is gone")
    told = play.wait(lambda: [t for user in ("ben", "chen") for t in play.private(user) if "before you" in t])
    assert len(told) == 1
    assert "confirmed this before you" in told[0]
    assert (card.deletes, card.count("RequestId"), card.count("is gone")) == (1, 2, 1)


def test_a_cancelled_card_deletes_nothing_and_stays_cancelled(play: Play) -> None:
    """The buttons go, the card says who; a late Confirm changes nothing."""
    card = play.new_card()
    card.cancel("ben")
    assert "Cancelled by <@U0BEN000001>" in card.wait_text("Cancelled by")
    assert card.message.buttons == ()
    card.confirm("chen", stale=True)
    assert "cancelled this before you" in play.wait_private("chen", "cancelled this before you")
    assert card.deletes == 0
    assert play.stage.vpc.exists(card.tunnel_id)


def test_a_tunnel_with_two_cards_is_deleted_once(play: Play) -> None:
    """A second card can't start what is under way; its clicker reads who did, and where."""
    tunnel = play.stage.vpc.add_tunnel()
    first, second = play.new_card(tunnel), play.new_card(tunnel)
    play.stage.vpc.stick(tunnel)
    first.confirm("ben")
    first.wait_reply("RequestId")
    second.confirm("chen")
    assert "<@U0BEN000001> confirmed it on another card" in play.wait_private("chen", "on another card")
    assert len(play.stage.vpc.deletes(tunnel)) == 1


def test_a_hostile_name_is_shown_and_pings_nobody(play: Play) -> None:
    """Names come from the cloud: they are shown as they are, and never read as mark-up."""
    card = play.new_card(HOSTILE_TUNNEL, options='--reason "<!here> & <@U0BEN000001>"')
    assert "<!channel>" in card.text
    assert "<!here> & <@U0BEN000001>" in card.text
    assert play.stage.slack.mass_pings == ()
    assert "<!channel>" not in card.message.text


def test_what_bolt_reads_by_itself_changes_nothing(new_play: Callable[..., Play]) -> None:
    """Another app's client id and secret, in the same environment, don't make it expect an installation."""
    others = {"SLACK_CLIENT_ID": "1.2", "SLACK_CLIENT_SECRET": "canary", "SLACK_VERIFICATION_TOKEN": "canary"}
    play = new_play(**others)
    assert play.new_card(MAIN_TUNNEL).confirm("ben").acked
    told = play.stage.bots[0].log_text
    assert "vpn-bot does not read SLACK_CLIENT_ID." in told
    assert "canary" not in told

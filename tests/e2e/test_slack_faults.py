"""Whatever Slack does, everything is said, and said once."""

from collections.abc import Callable

import pytest

from bot.rehearsal.slack_faults import Fault
from tests.e2e.play import CHANNEL, Play

POST = "chat.postMessage"
POST_FAULTS = {
    "rate-limited": Fault.rate_limited(1),
    "reset-before": Fault.reset_before(),
    "reset-after": Fault.reset_after(),
    "http-500": Fault.http(500),
    "internal-error": Fault.refuse("internal_error"),
}


@pytest.mark.parametrize("word", POST_FAULTS)
def test_a_card_is_posted_once_whatever_happens_to_the_first_try(play: Play, word: str) -> None:
    """After a reset the channel is read before anything is said again."""
    tunnel = play.stage.vpc.add_tunnel()
    play.stage.slack.inject(POST, POST_FAULTS[word])
    card = play.new_card(tunnel)
    card.confirm()
    card.wait_reply("is gone")
    cards = [m for m in play.stage.slack.messages(CHANNEL) if tunnel in m.text and m.thread_ts is None]
    assert len(cards) == 1


@pytest.mark.parametrize("word", POST_FAULTS)
def test_each_reply_is_posted_once_and_in_order(play: Play, word: str) -> None:
    """The same in the thread: one RequestId, then one “gone”."""
    card = play.new_card()
    play.stage.slack.inject(POST, POST_FAULTS[word], POST_FAULTS[word])
    card.confirm()
    card.wait_reply("is gone", 30)
    assert [("accepted" in reply, "is gone" in reply) for reply in card.replies] == [
        (True, False),
        (False, True),
    ]


def test_a_post_that_fails_while_the_doubt_is_looked_into_is_still_said_once(play: Play) -> None:
    """The look itself may fail; the doubt stays until a look succeeds."""
    card = play.new_card()
    play.stage.slack.inject(POST, Fault.reset_after())
    play.stage.slack.inject("conversations.replies", Fault.http(500))
    card.confirm()
    card.wait_reply("is gone", 30)
    assert card.count("accepted the deletion") == 1


def test_an_edit_that_fails_is_made_up_for(play: Play) -> None:
    """The buttons go and the end is shown, even when chat.update fails at first."""
    card = play.new_card()
    play.stage.slack.inject("chat.update", Fault.reset_before(), Fault.rate_limited(1))
    card.confirm()
    card.wait_text("is gone", 30)
    assert card.message.buttons == ()


def test_after_a_cut_connection_the_bot_is_back_by_itself(play: Play) -> None:
    """Socket Mode reconnects; the next command is answered."""
    play.stage.slack.drop_sockets()
    play.stage.slack.wait_connected()
    assert play.ask("help").acked


def test_a_private_answer_survives_a_reset(play: Play) -> None:
    """The loser of a click learns who decided, although the first try is cut."""
    card = play.new_card()
    card.cancel("ben")
    card.wait_text("Cancelled by")
    play.stage.slack.inject("response_url", Fault.reset_before())
    card.confirm("chen", stale=True)
    assert play.wait_private("chen", "cancelled this before you")


def test_nobody_decides_in_time_and_the_card_loses_its_buttons_by_itself(
    new_play: Callable[..., Play],
) -> None:
    """Expiry needs no click; a late one changes nothing and is told so."""
    play = new_play(VPN_BOT_CONFIRM_TTL_S="1.5")
    card = play.new_card()
    card.wait_text("Nobody decided in time")
    assert card.message.buttons == ()
    card.confirm("ben", stale=True)
    play.wait_private("ben", "no longer open")
    assert card.deletes == 0
    assert play.stage.vpc.exists(card.tunnel_id)

"""One message in another channel follows a deletion to its end; a channel that takes none stops nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.rehearsal.northwind import BOT, GENERAL, WAR_ROOM
from bot.rehearsal.workspace import Message
from tests.e2e.careful import CAREFUL, confirm_typed
from tests.e2e.play import CHANNEL, Play, shown

NewPlay = Callable[..., Play]


@pytest.fixture
def announced(new_play: NewPlay) -> Play:
    """The bot is in #general, and announces there."""
    play = new_play(VPN_BOT_ANNOUNCE_CHANNEL=GENERAL, **CAREFUL)
    channels = play.stage.slack.workspace.channels
    channels[GENERAL] = replace(channels[GENERAL], members=channels[GENERAL].members | {BOT})
    return play


def announcement(play: Play, tunnel_id: str, part: str) -> Message:
    """Wait until the tunnel's announcement shows `part`."""

    def found() -> Message | None:
        said = [m for m in play.stage.slack.messages(GENERAL) if tunnel_id in shown(m)]
        assert len(said) <= 1
        return said[0] if said and part in shown(said[0]) else None

    return play.wait(found)


def test_one_message_follows_the_deletion_to_its_end(announced: Play) -> None:
    """Who, why, the risk, the RequestId, and a link to the thread."""
    card = announced.new_card(options='--reason "moving to CCN"')
    waiting = announcement(announced, card.tunnel_id, "waiting for a decision")
    for part in ("<@U0ANA000001>", "moving to CCN", "it is UP", "To the thread"):
        assert part in shown(waiting)
    assert card.ts.replace(".", "") in repr(waiting.blocks)
    confirm_typed(card)
    announcement(announced, card.tunnel_id, "confirmed")
    gone = announcement(announced, card.tunnel_id, "gone")
    (call,) = announced.stage.vpc.deletes(card.tunnel_id)
    assert call.answer is not None
    assert str(call.answer["Response"]["RequestId"]) in shown(gone)
    assert "<@U0BEN000001>" in shown(gone)
    assert gone.thread_ts is None


def test_break_glass_and_cancel_are_announced_too(announced: Play) -> None:
    """Loudly, and to the end."""
    card = announced.new_card(options="--break-glass INC-42 --reason flood")
    assert "BREAK-GLASS" in shown(announcement(announced, card.tunnel_id, "INC-42"))
    card.cancel("ben")
    assert "<@U0BEN000001>" in shown(announcement(announced, card.tunnel_id, "cancelled"))


def test_freezes_are_told_there_too(announced: Play) -> None:
    """Placed and lifted: once where it was typed, and once there."""
    for text in ("freeze all 1h change freeze", "unfreeze all"):
        assert announced.ask(text, "ben").acked

    def told() -> list[list[str]]:
        found = [[shown(m) for m in announced.stage.slack.messages(one)] for one in (CHANNEL, GENERAL)]
        return found if all(len(one) == 2 for one in found) else []

    for placed, lifted in announced.wait(told):
        assert placed.startswith("Frozen")
        assert "change freeze" in placed
        assert lifted.startswith("Unfrozen")


def test_a_channel_that_takes_no_message_is_told_once_and_holds_nothing_up(new_play: NewPlay) -> None:
    """The bot isn't in #war-room."""
    play = new_play(VPN_BOT_ANNOUNCE_CHANNEL=WAR_ROOM)
    card = play.new_card()
    card.confirm("ben")
    card.wait_reply("is gone")
    play.wait_private("ana", "isn't announced there")
    assert sum("isn't announced there" in text for text in play.private("ana")) == 1
    assert "kind=announcement" in play.stage.bots[0].log_text

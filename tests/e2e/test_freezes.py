"""Freezes: while one holds, nothing is confirmed there, and everybody can see why."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from bot.rehearsal.vpc_seed import CCN_GATEWAY, CCN_TUNNEL, MAIN_GATEWAY
from bot.rehearsal.workspace import Message
from tests.e2e.careful import CAREFUL, confirm_typed, dialog, in_place, type_into
from tests.e2e.play import CHANNEL, Card, Play, shown, words


@pytest.fixture
def frozen(play: Play) -> Iterator[Play]:
    """Nothing is frozen when a test ends."""
    yield play
    for scope in ("all", MAIN_GATEWAY, CCN_GATEWAY):
        assert play.ask(f"unfreeze {scope}").acked


def said(play: Play, part: str, channel: str = CHANNEL) -> Message:
    """Wait for a message in the channel itself."""
    return play.wait(lambda: next((m for m in play.stage.slack.messages(channel) if part in shown(m)), None))


def answer(play: Play, text: str, user: str = "ana") -> str:
    """What is answered privately to a command."""
    response = play.ask(text, user).response or {}
    return words(response.get("blocks", ())) or str(response["text"])


def test_while_it_holds_no_card_there_is_confirmed_and_elsewhere_it_is(frozen: Play) -> None:
    """Who, why and until when are told; unfrozen, the same card goes."""
    card, elsewhere = frozen.new_card(), frozen.new_card(CCN_TUNNEL)
    assert "migration <!channel> under way" in answer(
        frozen, f"freeze {MAIN_GATEWAY} 2h migration <!channel> under way", "ben"
    )
    said(frozen, "Frozen")
    assert "migration <!channel> under way" in card.wait_text("this can't be confirmed")
    assert "Frozen" not in elsewhere.text
    assert card.confirm("ana", stale=True).acked
    told = frozen.wait_private("ana", "are frozen until")
    assert "migration" in told
    assert "<@U0BEN000001>" in told
    elsewhere.confirm("ana")
    elsewhere.wait_reply("is gone")
    assert card.deletes == 0
    assert MAIN_GATEWAY in answer(frozen, "freezes")
    assert MAIN_GATEWAY in answer(frozen, f"unfreeze {MAIN_GATEWAY}")
    assert answer(frozen, "freezes") == "Nothing is frozen."
    said(frozen, "Unfrozen")
    frozen.wait(lambda: "Frozen" not in card.text)
    card.confirm("ana")
    card.wait_reply("is gone")


def offers(card: Card) -> list[str]:
    """What can be pressed on the card."""
    return [button["action_id"] for button in card.message.buttons]


def test_a_frozen_card_offers_no_confirm_until_the_freeze_is_lifted(frozen: Play) -> None:
    """Both reasons stand there, each with its label."""
    card = frozen.new_card(options='--reason "moved to CCN"')
    answer(frozen, f"freeze {MAIN_GATEWAY} 2h audit", "ben")
    text = card.wait_text("this can't be confirmed")
    assert "This card expires before the freeze ends. Ask again after" in text
    assert "Reason for the freezeaudit" in text
    assert "Reason for the deletionmoved to CCN" in text
    assert offers(card) == ["cancel_deletion"]
    answer(frozen, f"unfreeze {MAIN_GATEWAY}", "ben")
    frozen.wait(lambda: offers(card) == ["confirm_deletion", "cancel_deletion"])
    assert "Frozen" not in card.text


def test_confirm_comes_back_when_a_freeze_runs_out_by_itself(frozen: Play) -> None:
    """Nobody has to do anything for it, and a bot that was away then sees to it when it is back."""
    card = frozen.new_card()
    answer(frozen, f"freeze {MAIN_GATEWAY} 1h audit", "ben")
    frozen.wait(lambda: offers(card) == ["cancel_deletion"])
    frozen.stage.bots[-1].kill()
    frozen.wait(lambda: frozen.stage.slack.sockets == 0)
    with closing(sqlite3.connect(frozen.stage.folder / "ledger.sqlite3")) as ledger:
        ledger.execute("UPDATE freezes SET until = ? WHERE lifted_at IS NULL", (time.time() + 2,))
        ledger.commit()
    frozen.stage.start_bot()
    frozen.wait(lambda: offers(card) == ["confirm_deletion", "cancel_deletion"])
    assert "Frozen" not in card.text
    card.confirm("ana")
    card.wait_reply("is gone")


def test_all_means_every_gateway_and_cancel_stays_possible(frozen: Play) -> None:
    """A freeze keeps things as they are, and so does Cancel."""
    card = frozen.new_card()
    answer(frozen, "freeze all until 23:59 change freeze", "chen")
    card.confirm("ana", stale=True)
    frozen.wait_private("ana", "Deletions on everything are frozen")
    card.cancel("ana")
    card.wait_text("Cancelled")


def test_a_card_that_is_asked_for_under_a_freeze_shows_it(frozen: Play) -> None:
    """Everybody sees it there, not only who presses; on a card of several too."""
    answer(frozen, f"freeze {CCN_GATEWAY} 2h cut-over tonight", "ben")
    tunnel_id = frozen.stage.vpc.add_tunnel(CCN_GATEWAY)
    card = frozen.new_card(tunnel_id)
    assert "cut-over tonight" in card.text
    assert "by <@U0BEN000001>" in card.text
    frozen.ask(f"delete {tunnel_id} {frozen.stage.vpc.add_tunnel()}")
    assert "cut-over tonight" in shown(said(frozen, "Delete 2 VPN tunnels?"))


def test_a_freeze_outlives_the_bot(frozen: Play) -> None:
    """It is in the ledger, not in a process."""
    card = frozen.new_card()
    answer(frozen, f"freeze {MAIN_GATEWAY} 1d night shift")
    frozen.stage.bots[-1].kill()
    frozen.wait(lambda: frozen.stage.slack.sockets == 0)
    frozen.stage.start_bot()
    card.confirm("chen", stale=True)
    frozen.wait_private("chen", "night shift")
    assert card.deletes == 0


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("freeze", "/vpn freeze"),
        (f"freeze {MAIN_GATEWAY} 2h", "reason"),
        (f"freeze {MAIN_GATEWAY} 99d too long", "30d"),
        ("freeze vpnx-p0j11j28 2h why", "vpnx-p0j11j28"),
        (f"unfreeze {CCN_GATEWAY}", "no freeze"),
    ],
)
def test_a_freeze_that_can_not_be_read_is_explained(play: Play, text: str, part: str) -> None:
    """And freezes nothing."""
    assert part in answer(play, text)
    assert answer(play, "freezes") == "Nothing is frozen."


def test_only_operators_freeze_and_anybody_of_them_sees(play: Play) -> None:
    """Dora is told that she isn't one."""
    assert "aren't one of vpn-bot's operators" in answer(play, "freeze all 1h because", "dora")
    assert answer(play, "freezes") == "Nothing is frozen."


def test_a_freeze_placed_in_the_abort_window_keeps_it_from_being_sent(new_play: Callable[..., Play]) -> None:
    """Confirmed, frozen, void."""
    play = new_play(**{**CAREFUL, "VPN_BOT_ABORT_WINDOW_S": "3"})
    card = play.new_card()
    confirm_typed(card)
    answer(play, "freeze all 1h stop everything", "chen")
    card.wait_reply("a freeze was placed after Confirm")
    card.wait_text("was not deleted: deletions were frozen after Confirm")
    assert card.deletes == 0
    assert card.message.buttons == ()


def test_a_dialog_that_was_open_before_the_freeze_confirms_nothing(new_play: Callable[..., Play]) -> None:
    """The ledger decides when it is submitted."""
    play = new_play(**CAREFUL)
    card = play.new_card()
    view = dialog(card, "ben")
    answer(play, "freeze all 1h stop everything", "chen")
    type_into(play, "ben", view, card.tunnel_id)
    assert "are frozen until" in in_place(play, "ben")
    assert card.deletes == 0


def test_a_freeze_that_a_channel_cannot_be_told_of_is_told_to_who_placed_it(frozen: Play) -> None:
    """The bot isn't in #general; the freeze holds."""
    response = frozen.ask("freeze all 1h change freeze", "chen", "general").response or {}
    assert "Frozen" in words(response["blocks"])
    assert "can't post in <#C0GENERAL01>" in frozen.wait_private("chen", "nobody was told of it")
    assert "change freeze" in answer(frozen, "freezes")


def test_a_gateway_that_was_never_met_is_asked_about(frozen: Play) -> None:
    """A mistyped one would leave the real one open."""
    assert "never met vpngw-7lcl5332" in answer(frozen, "freeze vpngw-7lcl5332 1h typo")
    frozen.ask("unfreeze vpngw-7lcl5332")
    frozen.new_card().cancel()
    assert "never met" not in answer(frozen, f"freeze {MAIN_GATEWAY} 1h known")


def test_unfreezing_names_whose_freezes_those_were_and_what_still_holds(frozen: Play) -> None:
    """Lifting the one on all doesn't open a gateway that has its own."""
    answer(frozen, f"freeze {MAIN_GATEWAY} 1h night shift", "ana")
    answer(frozen, "freeze all 2h audit", "ben")
    told = answer(frozen, "unfreeze all", "chen")
    assert "Placed by <@U0BEN000001>: audit" in told
    assert f"Still frozen  {MAIN_GATEWAY}" in told

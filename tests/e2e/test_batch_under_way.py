"""A batch that is stopped or killed under way: what was not sent stays or goes on, and nothing goes twice."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from bot.domain.explain import explain
from bot.rehearsal.northwind import BOT, GENERAL
from bot.rehearsal.vpc import MAIN_GATEWAY
from bot.rehearsal.vpc_seed import CCN_GATEWAY, CCN_TUNNEL
from bot.rehearsal.workspace import Message
from tests.e2e.batch import (
    DELETE,
    NOT_NOW,
    PATIENCE_S,
    ask,
    carried_out,
    on_gateway,
    progress,
    stop,
    summary,
    thread,
)
from tests.e2e.careful import CAREFUL, dialog, type_into
from tests.e2e.play import Play, shown


def test_stop_keeps_what_was_not_sent_and_says_what_had_been(new_play: Callable[..., Play]) -> None:
    """Pressed while the pace holds the rest back: the numbers are those of the cloud."""
    wide = new_play(VPN_BOT_MAX_BATCH="1000")
    tunnels = [*wide.stage.vpc.add_tunnels(299, CCN_GATEWAY), CCN_TUNNEL]
    card = ask(wide, f"{CCN_GATEWAY} --all")
    already = sum(carried_out(wide).values())
    card.confirm("ben")
    wide.stage.vpc.wait_for(lambda: sum(carried_out(wide).values()) >= already + 10, PATIENCE_S)
    stop(card, "chen")
    told = wide.wait_private("chen", "Stopped: ", PATIENCE_S)
    kept, size, sent = map(int, re.findall(r"\d+", told))
    assert kept > 0
    assert kept + sent == size == len(tunnels)
    sentence, rows = summary(card)
    assert sentence.startswith(f"{sent} of 300 VPN tunnels are gone.")
    stay = on_gateway(wide, CCN_GATEWAY)
    assert (len(stay), {wide.stage.vpc.state(tunnel) for tunnel in stay}) == (kept, {"AVAILABLE"})
    assert sorted(row[0] for row in rows) == sorted(stay)
    assert {tuple(row[1:]) for row in rows} == {("stopped: left alone", "Stopped", "none")}
    assert not any(wide.stage.vpc.deletes(tunnel) for tunnel in stay)
    assert (
        card.wait_reply("Stopped by")
        == f"Stopped by <@U0CHEN00001>: {kept} of 300 had not been accepted by the cloud, and are left alone."
    )
    counts = f"{sent} gone, {kept} stopped."
    assert progress(card).text == f"Of 300: {counts}"
    assert counts in card.text
    assert "Confirmed by <@U0BEN000001>" in card.text
    assert card.message.buttons == ()


def test_card_and_announcement_follow_the_tunnels(new_play: Callable[..., Play]) -> None:
    """Two go, two are waited for: both say so, and the abort window that is over isn't counted down."""
    play = new_play(**{**CAREFUL, "VPN_BOT_ABORT_WINDOW_S": "1", "VPN_BOT_ANNOUNCE_CHANNEL": GENERAL})
    channels = play.stage.slack.workspace.channels
    channels[GENERAL] = replace(channels[GENERAL], members=channels[GENERAL].members | {BOT})
    tunnels = play.stage.vpc.add_tunnels(4)
    for tunnel in tunnels[:2]:
        play.stage.vpc.occupy(tunnel)
    card = ask(play, f"{MAIN_GATEWAY} {' '.join(tunnels)}")
    type_into(play, "ben", dialog(card, "ben"), MAIN_GATEWAY)
    assert "Anybody of this workspace may press Stop" in card.wait_text("About to delete 4 VPN tunnels")
    text = card.wait_text("Deleting 4 VPN tunnels: 2 of 4 gone", PATIENCE_S)
    assert "2 gone, 2 still to do." in text
    assert "Deleting in" not in text
    (announced,) = play.stage.slack.messages(GENERAL)
    play.wait(lambda: "confirmed, under way: 2 of 4 gone" in shown(announced_now(play, announced.ts)))
    for tunnel in tunnels[:2]:
        play.stage.vpc.occupy(tunnel, occupied=False)
    card.wait_text("4 of 4 VPN tunnels are gone", PATIENCE_S)
    play.wait(lambda: "over: 4 of 4 gone" in shown(announced_now(play, announced.ts)))


def announced_now(play: Play, ts: str) -> Message:
    return next(message for message in play.stage.slack.messages(GENERAL) if message.ts == ts)


def test_anybody_of_the_workspace_may_stop_and_strangers_may_not(new_play: Callable[..., Play]) -> None:
    """Stopping is safe, so Dora may, who is nobody here; Eve is of another workspace."""
    play = new_play()
    tunnels = play.stage.vpc.add_tunnels(20)
    card = ask(play, " ".join(tunnels), "ana")
    gate = play.stage.vpc.hold(DELETE)
    card.confirm("ben")
    gate.wait_reached(PATIENCE_S)
    stop(card, "eve")
    play.wait_private("eve", "own Slack workspace")
    stop(card, "dora")
    kept = int(re.findall(r"\d+", play.wait_private("dora", "Stopped: "))[0])
    gate.release()
    sentence, rows = summary(card)
    assert 0 < kept == len(rows)
    assert sentence.startswith(f"{20 - kept} of 20 VPN tunnels are gone.")
    assert thread(card, "Stopped by <@U0DORA00001>")
    assert thread(card, "U0EVE000001") == []


def test_after_a_stop_nothing_is_sent_again(play: Play) -> None:
    """What the cloud puts off while Stop is pressed has been sent once, and that was it."""
    tunnels = play.stage.vpc.add_tunnels(12)
    for tunnel in tunnels:
        play.stage.vpc.occupy(tunnel)
    card = ask(play, " ".join(tunnels))
    gate = play.stage.vpc.hold(DELETE)
    card.confirm("ben")
    gate.wait_reached(PATIENCE_S)
    stop(card, "ben")
    kept = int(re.findall(r"\d+", play.wait_private("ben", "Stopped: "))[0])
    gate.release()
    sentence, rows = summary(card)
    assert sentence.startswith("0 of 12 VPN tunnels are gone.")
    sent = {row[0]: row[1:] for row in rows if row[1] != "stopped: left alone"}
    assert (len(sent), len(rows)) == (12 - kept, 12)
    for tunnel, cells in sent.items():
        (call,) = play.stage.vpc.deletes(tunnel)
        assert call.answer is not None
        title = explain(NOT_NOW).title.replace("The", "the", 1)
        assert cells == [f"not deleted: {title}", NOT_NOW, call.answer["Response"]["RequestId"]]
    assert sum(len(play.stage.vpc.deletes(tunnel)) for tunnel in tunnels) == 12 - kept


def test_a_stop_is_told_apart_from_a_cancel(play: Play) -> None:
    """Ben confirmed, Chen stopped: nothing ever says that Ben cancelled."""
    tunnels = play.stage.vpc.add_tunnels(2)
    for tunnel in tunnels:
        play.stage.vpc.occupy(tunnel)
    card = ask(play, " ".join(tunnels))
    card.confirm("ben")
    card.wait_reply("waiting, and tried again by itself", PATIENCE_S)
    stop(card, "chen")
    sentence, rows = summary(card)
    assert sentence.startswith("0 of 2 VPN tunnels are gone.")
    assert [row[0] for row in rows] == sorted(tunnels)
    card.play.wait(lambda: card.message.buttons == (), PATIENCE_S)
    assert "Confirmed by <@U0BEN000001>" in card.text
    assert "ancelled" not in card.text
    seen = play.private("ana")
    card.confirm("ana", stale=True)
    play.wait(lambda: play.private("ana")[len(seen) :], PATIENCE_S)
    assert "<@U0BEN000001> confirmed this before you" in play.private("ana")[-1]
    assert {play.stage.vpc.state(tunnel) for tunnel in tunnels} == {"AVAILABLE"}


def test_a_batch_goes_on_after_a_kill_and_ends_once(new_play: Callable[..., Play]) -> None:
    """kill -9 with some gone, some sent and unanswered, some not sent: one call for each, one summary."""
    play = new_play(VPN_BOT_MAX_BATCH="100")
    tunnels = play.stage.vpc.add_tunnels(100)
    card = ask(play, f"{MAIN_GATEWAY} {' '.join(tunnels)}")
    card.confirm()
    play.stage.vpc.wait_for(lambda: sum(carried_out(play).values()) >= 10, PATIENCE_S)
    gate = play.stage.vpc.hold(DELETE, carried_out=True)
    gate.wait_reached(PATIENCE_S)
    play.stage.bots[0].kill()
    assert sum(carried_out(play).values()) < len(tunnels)
    gate.release()
    play.wait(lambda: play.stage.slack.sockets == 0, PATIENCE_S)
    play.stage.start_bot()
    assert summary(card) == ("100 of 100 VPN tunnels are gone.", [])
    assert Counter(len(play.stage.vpc.deletes(tunnel)) for tunnel in tunnels) == {1: 100}
    assert card.count("tunnels are gone.") == 1
    assert progress(card).text == "Of 100: 100 gone."

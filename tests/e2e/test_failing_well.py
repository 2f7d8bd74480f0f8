"""The database, the disk, Slack or the cloud away; damaged rows: nothing is lost, and it heals by itself."""

import re
import resource
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.rehearsal.slack_faults import Fault
from bot.rehearsal.stage import Stage
from handlers.desk import STOP_IS_KEPT, TRY_AGAIN
from tests.e2e.careful import CAREFUL, dialog, in_place, type_into
from tests.e2e.play import CHANNEL, MAIN_GATEWAY, Card, Play
from tests.e2e.pressing import wait_stop
from tests.postgres import find_initdb, server

ANSWERED_WITHIN_MS = 3_000
AFTER_A_LEASE_S = 30.0
FAULTY_BOT = Path(__file__).with_name("faulty_bot.py")
DELETE = "DeleteVpnConnection"
POST = "chat.postMessage"
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@contextmanager
def cut_once_confirmed(play: Play) -> Iterator[tuple[Card, Card]]:
    """A card that is confirmed, its call on the way to the cloud, and one that nobody has decided on."""
    confirmed, undecided = play.new_card(), play.new_card()
    with play.stage.vpc.hold(DELETE, carried_out=True) as gate:
        confirmed.confirm()
        gate.wait_reached(AFTER_A_LEASE_S)
        yield confirmed, undecided


def ask(play: Play) -> tuple[str, float]:
    """A command's private answer, and after how many ms it came."""
    ack = play.ask("delete vpnx-notthere")
    assert ack.acked, ack.error
    return str((ack.response or {})["text"]), ack.ms


def assert_put_off(play: Play, card: Card) -> None:
    """A command and a click are answered privately and in time: nothing was done, try again."""
    answer, ms = ask(play)
    assert answer == TRY_AGAIN
    assert ms < ANSWERED_WITHIN_MS
    told = play.private("ben").count(TRY_AGAIN)
    ack = card.confirm("ben")
    assert ack.acked
    assert ack.ms < ANSWERED_WITHIN_MS
    play.wait(lambda: play.private("ben").count(TRY_AGAIN) > told)
    assert card.message.buttons


def assert_healed(play: Play, confirmed: Card, undecided: Card) -> None:
    """The next command works, what was confirmed goes on, and so does the rest; by the same process."""
    answer, _ = ask(play)
    assert answer.startswith("Looking up")
    confirmed.wait_reply("is gone", AFTER_A_LEASE_S)
    undecided.confirm("ben")
    undecided.wait_reply("is gone", AFTER_A_LEASE_S)
    for card in (confirmed, undecided):
        assert (card.count("is gone"), card.deletes) == (1, 1)
    assert [bot.alive for bot in play.stage.bots] == [True]


def open_ledger(stage: Stage) -> closing[sqlite3.Connection]:
    """The bot's own file, behind its back."""
    path = stage.folder / "ledger.sqlite3"
    return closing(sqlite3.connect(path, timeout=AFTER_A_LEASE_S, isolation_level=None))


def execute(stage: Stage, sql: str, *values: object) -> list[Any]:
    """Look into the bot's ledger, or damage it; gives the first column of the answer."""
    with open_ledger(stage) as ledger:
        return [row[0] for row in ledger.execute(sql, values).fetchall()]


def test_a_stopped_postgresql_is_said_privately_and_heals_by_itself() -> None:
    """Two outages: each is told in time, and the first command after each simply works."""
    initdb = find_initdb()
    if initdb is None:
        pytest.skip("no initdb on this machine: install PostgreSQL (Debian: apt-get install postgresql)")
    with server(initdb) as database, Stage(settings={"VPN_BOT_DATABASE_URL": database.url}) as stage:
        stage.start_bot()
        play = Play(stage)
        with cut_once_confirmed(play) as (confirmed, undecided):
            database.stop()
            assert_put_off(play, undecided)
        database.start()
        assert_healed(play, confirmed, undecided)
        database.stop()
        database.start()
        assert ask(play)[0].startswith("Looking up")
        play.new_card().confirm()


def test_a_stop_that_a_stopped_postgresql_could_not_take_is_taken_when_it_is_back() -> None:
    """The presser reads that it isn't taken yet; nothing is sent, and nobody has to press again."""
    initdb = find_initdb()
    if initdb is None:
        pytest.skip("no initdb on this machine: install PostgreSQL (Debian: apt-get install postgresql)")
    settings = {
        "VPN_BOT_TYPED_CONFIRMATION": "never",
        "VPN_BOT_SECOND_PERSON": "never",
        "VPN_BOT_ABORT_WINDOW_S": "4",
    }
    with (
        server(initdb) as database,
        Stage(settings={**settings, "VPN_BOT_DATABASE_URL": database.url}) as stage,
    ):
        stage.start_bot()
        play = Play(stage)
        card = play.new_card()
        card.confirm()
        wait_stop(card)
        database.stop()
        ack = play.stage.slack.press("dora", CHANNEL, card.ts, "stop_deletion")
        assert ack.acked
        assert ack.ms < ANSWERED_WITHIN_MS
        play.wait(lambda: STOP_IS_KEPT in play.private("dora"))
        database.start()
        card.wait_reply("Stopped by", AFTER_A_LEASE_S)
        assert card.tunnel_id in play.wait_private("dora", "Stopped: ")
        card.wait_text("Stopped")
        assert card.deletes == 0
        assert play.stage.vpc.exists(card.tunnel_id)


def test_a_locked_ledger_is_said_privately_in_time_to_everybody_and_heals_by_itself(
    new_play: Callable[..., Play],
) -> None:
    """Ten commands at once wait together, not one behind the other, although the worker writes too."""
    play = new_play()
    with cut_once_confirmed(play) as (confirmed, undecided), open_ledger(play.stage) as other:
        other.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor(10) as people:
            answers = list(people.map(lambda _: ask(play), range(10)))
        assert {answer for answer, _ in answers} == {TRY_AGAIN}
        assert max(ms for _, ms in answers) < ANSWERED_WITHIN_MS
        assert_put_off(play, undecided)
    assert_healed(play, confirmed, undecided)


def test_a_full_disk_is_said_privately_and_heals_by_itself(new_play: Callable[..., Play]) -> None:
    """No file of the bot's may grow, its log included; then there is room again."""
    play = new_play()
    pid = play.stage.bots[0].pid
    with cut_once_confirmed(play) as (confirmed, undecided):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        assert_put_off(play, undecided)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, UNLIMITED)
    assert_healed(play, confirmed, undecided)


def test_what_slack_did_not_take_is_said_later_in_order_and_once(new_play: Callable[..., Play]) -> None:
    """Posts and edits fail in every way for a while, for two cards; nothing is lost or said twice."""
    play = new_play()
    cards = [play.new_card(), play.new_card()]
    away = [Fault.http(503), Fault.reset_before(), Fault.reset_after(), Fault.refuse("invalid_auth")]
    play.stage.slack.inject(POST, *away)
    play.stage.slack.inject("chat.update", *away)
    for card in cards:
        card.confirm()
    for card in cards:
        card.wait_text("Gone after", 60)
        card.wait_reply("is gone", 60)
        assert [("accepted" in reply, "is gone" in reply) for reply in card.replies] == [
            (True, False),
            (False, True),
        ]
        assert card.message.buttons == ()


def test_while_the_cloud_cannot_be_reached_the_thread_says_so_once_and_the_deadline_is_kept(
    new_play: Callable[..., Play],
) -> None:
    """Connections refused: waiting, why, until when; then that nothing was deleted, with the code."""
    play = new_play(VPN_BOT_RETRY_FOR_S="3")
    card = play.new_card()
    play.stage.vpc.__exit__(None, None, None)
    began = time.monotonic()
    card.confirm()
    assert "ConnectionRefused" in card.wait_reply("Waiting: ")
    assert "ConnectionRefused" in card.wait_reply("Not deleted: ", AFTER_A_LEASE_S)
    assert time.monotonic() - began > 3
    card.wait_text("Nothing was sent.")
    assert [reply.split(":")[0] for reply in card.replies] == ["Waiting", "Not deleted"]


@pytest.fixture(scope="module")
def damaged() -> Iterator[Play]:
    """A stage whose bot finds damage in its ledger."""
    with Stage() as stage:
        stage.start_bot()
        yield Play(stage)


def test_a_damaged_row_is_set_aside_and_the_others_of_its_card_go_on(damaged: Play) -> None:
    """Nothing is sent for it; the summary names it, and other cards never notice."""
    vpc = damaged.stage.vpc
    tunnels = [vpc.add_tunnel() for _ in range(3)]
    damaged.ask(f"delete {MAIN_GATEWAY} {' '.join(tunnels)}")
    message = damaged.wait(
        lambda: next((m for m in damaged.stage.slack.messages(CHANNEL) if "3 VPN tunnels" in m.text), None)
    )
    damage = "UPDATE deletions SET tunnel = '{' WHERE tunnel_id = ? RETURNING tunnel"
    assert execute(damaged.stage, damage, tunnels[1]) == ["{"]
    batch = Card(damaged, tunnels[1], message.ts)
    batch.confirm()
    other = damaged.new_card()
    other.confirm()
    summary = batch.wait_reply("SetAside", AFTER_A_LEASE_S)
    assert tunnels[1] in summary
    batch.wait_text("2 gone")
    assert [len(vpc.deletes(tunnel)) for tunnel in tunnels] == [1, 0, 1]
    other.wait_reply("is gone")


def test_a_damaged_ask_is_set_aside_and_its_requester_told(damaged: Play) -> None:
    """Nobody knows what was wanted, so nothing is: least of all every tunnel of the gateway."""
    with damaged.stage.vpc.hold("DescribeVpnConnections") as gate:
        damaged.ask(f"delete {damaged.stage.vpc.add_tunnel()}")
        gate.wait_reached(AFTER_A_LEASE_S)
        tunnel = damaged.stage.vpc.add_tunnel()
        damaged.ask(f"delete {MAIN_GATEWAY} {tunnel}")
        damage = "UPDATE deletions SET wanted = '[' WHERE tunnel_id = ? RETURNING wanted"
        assert execute(damaged.stage, damage, tunnel) == ["["]
    assert tunnel in damaged.wait_private("ana", "gave up")
    damaged.new_card().cancel()
    assert execute(damaged.stage, "SELECT state FROM deletions WHERE tunnel_id = ?", tunnel) == ["void"]


def test_a_row_that_breaks_its_step_again_and_again_is_set_aside_and_the_thread_says_so(
    damaged: Play,
) -> None:
    """After some tries; the others that are looked at in the same call go on."""
    broken, other = damaged.new_card(), damaged.new_card()
    with damaged.stage.vpc.hold(DELETE) as gate:
        broken.confirm()
        other.confirm()
        gate.wait_reached(AFTER_A_LEASE_S)
        damage = (
            "UPDATE deletions SET sent_at = 'noon' WHERE tunnel_id = ? AND state = 'deleting' RETURNING 1"
        )
        damaged.stage.vpc.wait_for(
            lambda: execute(damaged.stage, damage, broken.tunnel_id) == [1], AFTER_A_LEASE_S
        )
    other.wait_reply("is gone")
    reply = broken.wait_reply("gave up on", AFTER_A_LEASE_S)
    assert broken.tunnel_id in reply
    assert broken.count("gave up on") == 1
    assert "a step broke" in damaged.stage.bots[0].log_text


def test_a_post_that_cannot_be_read_is_said_in_other_words_and_holds_up_nothing(damaged: Play) -> None:
    """The thread never looks as if the bot still waited."""
    card = damaged.new_card()
    of_card = "card_id IN (SELECT card_id FROM deletions WHERE tunnel_id = ?)"
    damage = f"UPDATE posts SET body = '{{' WHERE kind = 'gone' AND {of_card} RETURNING 1"  # noqa: S608  # ours
    gate = damaged.stage.slack.hold(POST)
    card.confirm()
    damaged.stage.vpc.wait_for(lambda: execute(damaged.stage, damage, card.tunnel_id) == [1], AFTER_A_LEASE_S)
    gate.release()
    other = damaged.new_card()
    other.confirm()
    other.wait_reply("is gone")
    card.wait_reply("could not", AFTER_A_LEASE_S)
    assert [("accepted" in reply, "could not" in reply) for reply in card.replies] == [
        (True, False),
        (False, True),
    ]
    card.wait_text("Gone after")


def test_what_ended_long_ago_is_forgotten_by_itself(new_play: Callable[..., Play]) -> None:
    """Soon after a start; a card that waits for a decision stays."""
    play = new_play(bot=False, VPN_BOT_KEEP_DAYS="0.000001")
    play.stage.start_bot()
    cancelled, waiting = play.new_card(), play.new_card()
    cancelled.cancel()
    cancelled.wait_text("Cancelled")
    known = "SELECT tunnel_id FROM deletions"
    play.stage.vpc.wait_for(lambda: execute(play.stage, known) == [waiting.tunnel_id], AFTER_A_LEASE_S)
    cancelled.confirm(stale=True)
    play.wait_private("ben", "isn't in vpn-bot's ledger")
    waiting.confirm()
    waiting.wait_reply("is gone")


def test_a_fault_of_the_bots_own_never_says_that_nothing_was_done(new_play: Callable[..., Play]) -> None:
    """It may have been taken, and here it was: a command, a click and a dialog are told where to look."""
    play = new_play(bot=False, **CAREFUL)
    play.stage.start_bot(command=[sys.executable, str(FAULTY_BOT)])
    unknown = "isn't known whether this was taken"

    def card() -> Card:
        tunnel = play.stage.vpc.add_tunnel()
        ack = play.ask(f"delete {tunnel}")
        assert f"{unknown}. Look whether a card comes" in str((ack.response or {})["text"])
        messages = play.stage.slack.messages
        found = play.wait(
            lambda: next((m for m in messages(CHANNEL) if tunnel in m.text and m.buttons), None)
        )
        return Card(play, tunnel, found.ts)

    cancelled, confirmed = card(), card()
    assert cancelled.cancel().acked
    told = play.wait_private("ben", unknown)
    assert "Look at the card" in told
    cancelled.wait_text("Cancelled")
    view = dialog(confirmed, "ben")
    assert type_into(play, "ben", view, confirmed.tunnel_id).acked
    assert unknown in in_place(play, "ben")
    confirmed.wait_reply("is gone")
    number = re.search(r"number (\w+)", told)
    assert number is not None
    assert f"fault {number[1]}" in play.stage.bots[0].log_text

"""Cards that can't be posted, are deleted, or stand in an archived channel: people are told elsewhere."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from bot.rehearsal.northwind import ANA, BOT, GENERAL
from bot.rehearsal.slack_faults import Fault
from bot.rehearsal.stage import Stage
from bot.rehearsal.workspace import Message
from tests.e2e.batch import roots
from tests.e2e.play import CHANNEL, MAIN_GATEWAY, Card, Play, shown

NewPlay = Callable[..., Play]
DELETE = "DeleteVpnConnection"
POST = "chat.postMessage"
DIRECT = "D0ANABOT001"
EXPIRED_URL = Fault.http(404)
PATIENCE_S = 40.0


@pytest.fixture(scope="module")
def lost() -> Iterator[Play]:
    """A bot that is in #network-ops and in #general, and announces in the latter."""
    with Stage(settings={"VPN_BOT_ANNOUNCE_CHANNEL": GENERAL}) as stage:
        stage.slack.channels.invite(GENERAL, BOT)
        stage.start_bot()
        yield Play(stage)


def unsaid(play: Play) -> list[str]:
    """The kinds of all posts that the bot still means to say."""
    path = play.stage.folder / "ledger.sqlite3"
    with closing(sqlite3.connect(path, timeout=10)) as ledger:
        return [row[0] for row in ledger.execute("SELECT kind FROM posts WHERE shown < wanted")]


def wait_all_said(play: Play) -> None:
    """Wait until the bot has nothing more to say."""
    play.stage.vpc.wait_for(lambda: unsaid(play) == [], PATIENCE_S)


def told(play: Play, tunnel_id: str) -> list[str]:
    """What Ana was told of a tunnel, in private or directly, and not at the card."""
    direct = [shown(message) for message in play.stage.slack.messages(DIRECT)]
    found = [*play.private("ana"), *direct]
    return [text for text in found if tunnel_id in text and "told this privately" in text]


def confirm_and(card: Card, meanwhile: Callable[[], None]) -> None:
    """Confirm; something happens while the cloud is asked."""
    with card.play.stage.vpc.hold(DELETE) as gate:
        card.confirm()
        card.wait_text("Confirmed by")
        gate.wait_reached(PATIENCE_S)
        meanwhile()


def history(play: Play, *options: str) -> list[dict[str, str]]:
    """The ledger, as the command line shows it."""
    command = [sys.executable, "-m", "bot", "history", "--format", "json", *options]
    answer = subprocess.run(  # our own command, with arguments of our own
        command, env=play.stage.environment, cwd=play.stage.folder, capture_output=True, check=True
    )
    rows: list[dict[str, str]] = json.loads(answer.stdout)
    return rows


@pytest.mark.parametrize("tunnels", [1, 30], ids=["one tunnel", "thirty tunnels"])
def test_of_a_card_that_could_not_be_posted_nothing_is_said_later(new_play: NewPlay, tunnels: int) -> None:
    """No kit, list or announcement of it appears once the bot was invited, as its requester was told."""
    play = new_play(VPN_BOT_MAX_BATCH="50")
    slack = play.stage.slack
    play.ask(f"delete {' '.join(play.stage.vpc.add_tunnels(tunnels))}", channel="general")
    assert "nothing will be deleted" in play.wait_private("ana", "/invite @vpn-bot")
    wait_all_said(play)
    slack.channels.invite("general", BOT)
    play.ask(f"delete {play.stage.vpc.add_tunnel()}", channel="general")
    again = play.wait(lambda: next((m for m in roots(play, "general") if m.buttons), None))
    play.wait(lambda: len(slack.thread("general", again.ts)) == 2)  # the card and its kit
    assert [message.ts for message in roots(play, "general")] == [again.ts]
    assert len(slack.messages("general")) == 2


def test_the_history_tells_slacks_refusals_from_the_clouds(new_play: NewPlay) -> None:
    """In Slack and on the command line, the code has its kind and is explained as what it is."""
    play = new_play()
    tunnel = play.stage.vpc.add_tunnel()
    play.ask(f"delete {tunnel}", channel="general")
    play.wait_private("ana", "/invite @vpn-bot")
    in_slack = shown_history(play)
    assert "vpn-bot isn't in that channel" in in_slack
    assert "The cloud refused" not in in_slack
    (row,) = history(play)
    assert (row["state"], row["code"], row["code_kind"]) == ("void", "not_in_channel", "slack")
    assert row["code_means"] == "vpn-bot isn't in that channel"


def test_a_card_that_stands_there_after_all_is_shown_to_be_void(new_play: NewPlay) -> None:
    """Its answer was lost, and then the bot was put out of the channel: it looks again once it is back."""
    play = new_play()
    slack = play.stage.slack
    slack.channels.invite("general", BOT)
    slack.inject(POST, Fault.reset_after())
    slack.inject("conversations.history", Fault.http(500))
    gate = slack.hold("conversations.history")
    play.ask(f"delete {play.stage.vpc.add_tunnel()}", channel="general")
    play.wait(lambda: slack.messages("general"))
    gate.wait_reached(PATIENCE_S)
    slack.channels.remove("general", BOT)
    gate.release()
    assert "a card stand there all the same, it is void" in play.wait_private("ana", "/invite @vpn-bot")
    assert [b["action_id"] for b in slack.messages("general")[0].buttons]
    slack.channels.invite("general", BOT)
    play.wait(lambda: not slack.messages("general")[0].buttons, PATIENCE_S)
    wait_all_said(play)
    (card,) = slack.messages("general")
    assert "was not deleted" in shown(card)
    assert "could not be posted" not in shown(card)


def test_a_lost_card_that_is_not_there_is_never_posted(new_play: NewPlay) -> None:
    """The look that could be had at last finds nothing: a void card is no news in a channel."""
    play = new_play()
    slack = play.stage.slack
    slack.channels.invite("general", BOT)
    gate = slack.hold(POST)
    slack.inject(POST, Fault.http(500))
    play.ask(f"delete {play.stage.vpc.add_tunnel()}", channel="general")
    gate.wait_reached(PATIENCE_S)
    slack.channels.remove("general", BOT)
    gate.release()
    play.wait_private("ana", "/invite @vpn-bot")
    slack.channels.invite("general", BOT)
    wait_all_said(play)
    assert not slack.messages("general")


def shown_history(play: Play) -> str:
    """What /vpn history answers."""
    response = play.ask("history").response or {}
    return json.dumps(response, ensure_ascii=False)


def test_the_outcome_of_a_deleted_card_goes_to_its_requester_and_the_announcement(lost: Play) -> None:
    """Not into the channel, where Slack would put a reply to what is gone; and once."""
    slack = lost.stage.slack
    card = lost.new_card()
    lost.wait(lambda: card.kits)
    confirm_and(card, lambda: slack.delete(CHANNEL, card.ts))
    outcome = lost.wait(lambda: told(lost, card.tunnel_id))[0]
    (call,) = lost.stage.vpc.deletes(card.tunnel_id)
    assert call.answer is not None
    for part in ("gone", "The card was deleted in Slack", str(call.answer["Response"]["RequestId"])):
        assert part in outcome

    def announced() -> str:
        (one,) = (shown(m) for m in slack.messages(GENERAL) if card.tunnel_id in shown(m))
        return one

    lost.wait(lambda: "The card was deleted" in announced() and "gone" in announced())
    wait_all_said(lost)
    assert len(told(lost, card.tunnel_id)) == 1
    assert [m for m in roots(lost) if card.tunnel_id in shown(m)] == []
    kinds = [row["event"] for row in history(lost, "--events", card.tunnel_id)]
    assert kinds.count("card gone") == 1


def test_a_reply_that_slack_put_into_the_channel_is_taken_back(lost: Play) -> None:
    """The card was deleted in the very moment between its edit and the reply."""
    slack = lost.stage.slack
    card = lost.new_card()
    lost.wait(lambda: card.kits)
    gate = slack.hold(POST)
    card.confirm()
    gate.wait_reached(PATIENCE_S)
    slack.delete(CHANNEL, card.ts)
    gate.release()
    lost.wait(lambda: told(lost, card.tunnel_id))
    wait_all_said(lost)
    assert [m for m in roots(lost) if card.tunnel_id in shown(m)] == []
    assert len(told(lost, card.tunnel_id)) == 1


@pytest.mark.parametrize("scope", [True, False], ids=["im:write", "without im:write"])
def test_where_the_response_url_is_used_up_the_requester_gets_a_direct_message(
    new_play: NewPlay, scope: bool
) -> None:
    """An app that was installed with fewer scopes writes to the person's id."""
    play = new_play()
    slack = play.stage.slack
    card = play.new_card()
    play.wait(lambda: card.kits)
    slack.inject("response_url", EXPIRED_URL)
    if not scope:
        slack.inject("conversations.open", Fault.refuse("missing_scope"))
    confirm_and(card, lambda: slack.delete(CHANNEL, card.ts))
    (message,) = play.wait(lambda: slack.messages(DIRECT))
    assert card.tunnel_id in shown(message)
    assert "gone" in shown(message)
    wait_all_said(play)
    assert len(told(play, card.tunnel_id)) == 1


@pytest.mark.parametrize("card", ["refused", "another code", "no such tunnel"])
def test_that_nothing_was_done_is_told_directly_where_the_response_url_is_used_up(
    new_play: NewPlay, card: str
) -> None:
    """Once, and with what it is about: nobody waits for a card that never comes."""
    play = new_play()
    slack = play.stage.slack
    tunnel = "vpnx-n0n0n0n0" if card == "no such tunnel" else play.stage.vpc.add_tunnel()
    slack.inject("response_url", *[EXPIRED_URL] * 5)
    if card == "another code":
        slack.inject(POST, Fault.refuse("invalid_blocks"))
    channel = "general" if card == "refused" else CHANNEL
    play.ask(f"delete {tunnel}", channel=channel)
    (message,) = play.wait(lambda: slack.messages(DIRECT))
    assert f"About {tunnel}, asked for in" in shown(message)
    wait_all_said(play)
    assert len(slack.messages(DIRECT)) == 1


def test_a_direct_message_is_said_once_whatever_happens_to_its_answer(new_play: NewPlay) -> None:
    """After a reset the direct message is read before it is said again."""
    play = new_play()
    slack = play.stage.slack
    card = play.new_card()
    play.wait(lambda: card.kits)
    slack.inject("response_url", EXPIRED_URL, EXPIRED_URL)

    def lose() -> None:
        slack.delete(CHANNEL, card.ts)
        slack.inject(POST, Fault.reset_after())

    confirm_and(card, lose)
    play.wait(lambda: slack.messages(DIRECT))
    wait_all_said(play)
    assert len(slack.messages(DIRECT)) == 1


@pytest.mark.parametrize("way", ["response_url", "direct message"])
def test_the_requester_learns_the_outcome_although_the_channel_was_archived(lost: Play, way: str) -> None:
    """Privately, once, with why and what to do; the history keeps it, and the thread gets it later."""
    slack = lost.stage.slack
    card = lost.new_card()
    lost.wait(lambda: card.kits)
    if way == "direct message":
        slack.inject("response_url", EXPIRED_URL)
    confirm_and(card, lambda: slack.channels.archive(CHANNEL))
    outcome = lost.wait(lambda: told(lost, card.tunnel_id))[0]
    for part in ("gone", "The channel is archived", "Unarchive", "nothing more to do"):
        assert part in outcome
    assert "ask again" not in outcome
    direct = [m for m in slack.messages(DIRECT) if card.tunnel_id in shown(m)]
    assert bool(direct) is (way == "direct message")
    assert card.replies == []
    events = [(row["event"], row["detail"]) for row in history(lost, "--events", card.tunnel_id)]
    assert [kind for kind, _ in events].count("thread closed") == 1
    assert ("told", "elsewhere") in events
    slack.channels.archive(CHANNEL, archived=False)
    card.wait_reply("is gone", 70)
    assert len(told(lost, card.tunnel_id)) == 1


def test_a_batch_whose_card_is_deleted_tells_its_requester_what_became_of_each(new_play: NewPlay) -> None:
    """How many are gone, and nothing in the channel."""
    play = new_play()
    slack, vpc = play.stage.slack, play.stage.vpc
    tunnels = vpc.add_tunnels(3)
    play.ask(f"delete {MAIN_GATEWAY} {' '.join(tunnels)}")
    root: Message = play.wait(lambda: next((m for m in roots(play) if m.buttons), None))
    card = Card(play, tunnels[0], root.ts)
    play.wait(lambda: card.kits)
    with vpc.hold(DELETE) as gate:
        card.confirm()
        gate.wait_reached(PATIENCE_S)
        slack.delete(CHANNEL, card.ts)
    outcome = play.wait(lambda: next((t for t in play.private("ana") if "told this privately" in t), ""), 60)
    assert "3 of 3 gone" in outcome
    wait_all_said(play)
    assert [m for m in roots(play) if any(tunnel in shown(m) for tunnel in tunnels)] == []


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("is_archived", "Unarchive the channel"),
        ("restricted_action", "Have an admin or the channel's manager let vpn-bot post there"),
        ("restricted_action_thread_only_channel", "allow messages outside of threads"),
        ("ekm_access_denied", "Ask the admins of the workspace"),
        ("team_access_not_granted", "approve the app"),
        ("invalid_blocks", "fault of vpn-bot's own"),
    ],
)
def test_a_card_that_slack_refuses_is_void_at_once_with_advice_that_fits(
    lost: Play, code: str, advice: str
) -> None:
    """Not after 15 s of tries, and nobody is told to invite a bot that is there."""
    tunnel = lost.stage.vpc.add_tunnel()
    lost.stage.slack.inject(POST, Fault.refuse(code))
    lost.ask(f"delete {tunnel} --reason {ANA}")
    note = lost.wait_private("ana", f"({code})", 10)
    assert advice in note
    assert "nothing will be deleted" in note
    assert "/invite" not in note
    wait_all_said(lost)
    assert [m for m in roots(lost) if tunnel in shown(m)] == []

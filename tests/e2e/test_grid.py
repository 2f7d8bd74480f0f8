"""Enterprise Grid: people act from a sibling workspace, or as of the whole organization."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.rehearsal.northwind import (
    ANA,
    DORA,
    EVE,
    NETWORK_OPS,
    ON_CALL,
    SALES,
    join_grid,
)
from bot.rehearsal.slack_faults import Fault
from bot.rehearsal.stage import Stage
from bot.rehearsal.workspace import Person
from tests.e2e.play import CHANNEL, Card, Play
from tests.e2e.visits import query

WINDOW_S = 3.0
GRETA, HUGO = "U0GRETA0001", "U0HUGO00001"
SETTINGS = {
    "VPN_BOT_OPERATORS": f"{ANA},{ON_CALL},{DORA},{EVE}",
    "VPN_BOT_ABORT_WINDOW_S": str(WINDOW_S),
}
START_WITHIN_S = 20.0
# More answers than the bot asks for while the test runs.
UNREADABLE_FOR = 100


def on_grid(stage: Stage) -> Play:
    """Northwind as a workspace of an organization, with two more people in the channel whom no rule names."""
    workspace = stage.slack.workspace
    join_grid(workspace)
    workspace.people[GRETA] = Person(user_id=GRETA, name="greta", real_name="Greta Holm", team=SALES)
    workspace.people[HUGO] = replace(workspace.people[EVE], user_id=HUGO, name="hugo", real_name="Hugo Reis")
    channel = workspace.channels[NETWORK_OPS]
    workspace.channels[NETWORK_OPS] = replace(channel, members=channel.members | {GRETA, HUGO})
    return Play(stage)


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """A bot on Enterprise Grid; Dora and Eve are named as operators, and are of other workspaces."""
    with Stage(settings=SETTINGS) as stage:
        play = on_grid(stage)
        stage.start_bot()
        yield play
        play.assert_no_canary()
        assert "Traceback" not in stage.bots[0].log_text


def in_the_window(play: Play) -> Card:
    """A card that Ana has confirmed, and that shows Stop."""
    card = play.new_card()
    assert card.confirm("ana").acked
    play.wait(lambda: "stop_deletion" in {one["action_id"] for one in card.message.buttons})
    return card


def stop(card: Card, user: str) -> None:
    """Press Stop."""
    assert card.play.stage.slack.press(user, CHANNEL, card.ts, "stop_deletion").acked


@pytest.mark.parametrize("user", ["ben", "chen"], ids=["from a sibling workspace", "as of the organization"])
def test_a_member_may_ask_confirm_and_cancel_from_wherever_they_act(play: Play, user: str) -> None:
    """The click names another team; users.info says that they are of this workspace too."""
    play.ask(f"delete {play.stage.vpc.add_tunnel()}", user)
    cancelled, confirmed = play.new_card(), play.new_card()
    cancelled.cancel(user)
    cancelled.wait_text("Cancelled by")
    confirmed.confirm(user)
    confirmed.wait_reply("is gone")
    assert (cancelled.deletes, confirmed.deletes) == (0, 1)
    user_id = play.stage.slack.workspace.person(user).user_id
    assert (user_id,) in query(play.stage, "SELECT requester_id FROM deletions")


@pytest.mark.parametrize(
    "user",
    ["ben", "chen", "dora", "greta"],
    ids=[
        "a member, from a sibling",
        "a member, as of the organization",
        "of a sibling alone",
        "named nowhere",
    ],
)
def test_whoever_is_of_the_organization_may_stop(play: Play, user: str) -> None:
    """Stop pressed, and the tunnel stays: also where no rule names them, so that Slack was never asked."""
    card = in_the_window(play)
    stop(card, user)
    play.wait_private(user, f"Stopped: {card.tunnel_id} is left alone")
    card.wait_text("Stopped")
    assert card.deletes == 0


def test_somebody_of_a_sibling_workspace_alone_may_neither_ask_nor_confirm(play: Play) -> None:
    """The rules name Dora, but she isn't of the bot's own workspace."""
    ack = play.ask("delete vpnx-p0j11j28", "dora")
    assert ack.response is not None
    assert "own Slack workspace" in ack.response["text"]
    card = play.new_card()
    card.confirm("dora")
    play.wait_private("dora", "own Slack workspace")
    assert card.message.buttons
    assert card.deletes == 0


def test_a_guest_may_nothing_although_the_payload_names_this_organization(play: Play) -> None:
    """Slack Connect: a click's team and enterprise are the app's. A rule names Eve, and users.info tells."""
    ack = play.ask("delete vpnx-p0j11j28", "eve")
    assert ack.response is not None
    assert "own Slack workspace" in ack.response["text"]
    card = in_the_window(play)
    stop(card, "eve")
    card.wait_reply("is gone")
    assert card.deletes == 1
    refused = query(play.stage, "SELECT detail FROM events WHERE kind = 'refused' AND actor = 'U0EVE000001'")
    assert refused == [("delete: another workspace",), ("stop: another workspace",)]


def test_a_guest_of_whom_slack_was_never_asked_stops_once_and_no_second_time(play: Play) -> None:
    """What isn't known errs on the side of stopping, and then Slack is asked."""
    first = in_the_window(play)
    stop(first, "hugo")
    first.wait_text("Stopped")
    play.wait(
        lambda: any(x.name == "users.info" and x.payload["user"] == HUGO for x in play.stage.slack.traffic)
    )
    second = in_the_window(play)
    stop(second, "hugo")
    play.wait_private("hugo", "own Slack workspace")
    second.wait_reply("is gone")
    assert (first.deletes, second.deletes) == (0, 1)


def test_where_slack_does_not_tell_a_sibling_confirms_nothing_and_stops_all_the_same() -> None:
    """Fails closed, with a sentence that is so; Stop is the exception."""
    with Stage(settings={**SETTINGS, "VPN_BOT_ABORT_WINDOW_S": "60"}) as stage:
        play = on_grid(stage)
        stage.start_bot()
        pending, confirmed = play.new_card(), in_the_window(play)
        stage.bots[0].terminate()
        stage.slack.inject("users.info", *[Fault.http(500)] * UNREADABLE_FOR)
        stage.start_bot()
        stop(confirmed, "ben")
        play.wait_private("ben", f"Stopped: {confirmed.tunnel_id} is left alone")
        pending.confirm("ben")
        play.wait_private("ben", "Slack didn't tell whether your account is active in this bot's workspace")
        assert pending.message.buttons
        assert (pending.deletes, confirmed.deletes) == (0, 0)


def test_an_installation_for_the_whole_organization_is_refused_at_the_start() -> None:
    """Exit 2, with the sentence what to install instead: such a bot would refuse everybody."""
    with Stage() as stage:
        join_grid(stage.slack.workspace)
        stage.slack.workspace.org_wide = True
        bot = stage.start_bot(wait=False)
        assert bot.wait(START_WITHIN_S) == 2
        assert "install it to the one workspace in which it is to be used" in bot.log_text
        assert "Traceback" not in bot.log_text

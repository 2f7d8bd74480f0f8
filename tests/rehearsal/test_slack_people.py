"""What people do and see, with a real Bolt app on the other side."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from slack_bolt import App
from slack_sdk.errors import SlackApiError
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.rehearsal.northwind import NETWORK_OPS, join_grid, northwind
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.slack_people import CannotAct, NoSuchButton
from bot.rehearsal.slack_shapes import wire_person
from bot.rehearsal.slack_views import NoSuchInput
from tests.rehearsal.local_slack import actions, bolt, button, local_slack, modal


class Clock:
    """Epoch seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slack(clock: Clock) -> Iterator[LocalSlack]:
    with local_slack(clock=clock) as running:
        yield running


@pytest.fixture
def app(slack: LocalSlack) -> Iterator[App]:
    with bolt(slack) as running:
        yield running


@pytest.fixture
def heard(app: App) -> list[dict[str, Any]]:
    """The payloads of every command and press, acked at once."""
    bodies: list[dict[str, Any]] = []

    def hear(ack: Callable[[], None], body: dict[str, Any]) -> None:
        bodies.append(body)
        ack()

    app.command("/vpn")(hear)
    app.action("confirm_deletion")(hear)
    return bodies


def card(app: App) -> str:
    blocks = [actions(button("confirm_deletion", "d-1"), button("cancel_deletion", "d-1"))]
    return str(app.client.chat_postMessage(channel=NETWORK_OPS, text="Delete?", blocks=blocks)["ts"])


def answer(heard: list[dict[str, Any]], **body: Any) -> requests.Response:
    """POST to the response_url of what was heard last."""
    return requests.post(heard[-1]["response_url"], json=body, timeout=5)


def test_a_commands_payload_is_slacks(slack: LocalSlack, heard: list[dict[str, Any]]) -> None:
    """Ids, names and domain are there, enterprise_id isn't; & < > come escaped, mentions as ids."""
    slack.command("ana", "#network-ops", "  delete a&b <x> @ben  ")
    body = heard[0]
    assert body["text"] == "delete a&amp;b &lt;x&gt; <@U0BEN000001|ben>"
    assert body["command"] == "/vpn"
    assert (body["user_id"], body["user_name"]) == ("U0ANA000001", "ana")
    assert (body["team_id"], body["team_domain"]) == ("T0HOME00001", "northwind")
    assert (body["channel_id"], body["channel_name"]) == (NETWORK_OPS, "network-ops")
    assert "enterprise_id" not in body
    slack.command("ana", "D0ANABOT001", "x")
    slack.command("ana", "#war-room", "x")
    assert [one["channel_name"] for one in heard[1:]] == ["directmessage", "privategroup"]


def test_a_guest_carries_their_own_team(slack: LocalSlack, app: App, heard: list[dict[str, Any]]) -> None:
    """Slack Connect: body.user.team_id differs from the home team, body.team doesn't."""
    slack.command("eve", "#network-ops", "x")
    slack.press("eve", "#network-ops", card(app), "confirm_deletion")
    assert heard[0]["team_id"] == heard[1]["user"]["team_id"] == "T0PARTNER01"
    assert heard[1]["team"]["id"] == "T0HOME00001"


@pytest.mark.parametrize(
    ("who", "where"),
    [("finn", "#network-ops"), ("deploy-bot", "#network-ops"), ("eve", "#general"), ("chen", "#war-room")],
    ids=["left", "a bot", "a guest elsewhere", "not a member"],
)
def test_not_everybody_can_act_everywhere(slack: LocalSlack, who: str, where: str) -> None:
    """Slack itself stops whoever has left, is a bot or isn't in the channel."""
    with pytest.raises(CannotAct):
        slack.command(who, where, "x")


def test_only_a_button_that_is_shown_can_be_pressed(
    slack: LocalSlack, app: App, heard: list[dict[str, Any]]
) -> None:
    """After an edit took the button away only a stale press still arrives, with the message as it is now."""
    ts = card(app)
    app.client.chat_update(channel=NETWORK_OPS, ts=ts, text="Decided", blocks=[])
    with pytest.raises(NoSuchButton):
        slack.press("ana", "#network-ops", ts, "confirm_deletion")
    with pytest.raises(NoSuchButton):
        slack.press("ana", "#network-ops", ts, "never_there", stale=True)
    assert heard == []
    assert slack.press("ana", "#network-ops", ts, "confirm_deletion", stale=True).acked
    assert heard[0]["actions"][0]["value"] == "d-1"
    assert heard[0]["message"]["text"] == "Decided"


def test_two_people_press_at_once(slack: LocalSlack, app: App, heard: list[dict[str, Any]]) -> None:
    """Both presses arrive; Slack doesn't choose between them."""
    ts = card(app)
    with ThreadPoolExecutor(2) as pool:
        acks = pool.map(lambda who: slack.press(who, "#network-ops", ts, "confirm_deletion"), ("ana", "ben"))
        assert all(ack.acked for ack in acks)
    assert sorted(one["user"]["id"] for one in heard) == ["U0ANA000001", "U0BEN000001"]


def test_a_listener_that_never_acks_shows_operation_timeout(slack: LocalSlack, app: App) -> None:
    """Three seconds after the envelope Slack tells the person itself."""
    app.command("/vpn")(lambda: None)
    ack = slack.command("ana", "#network-ops", "x")
    assert (ack.acked, ack.error) == (False, "operation_timeout")
    assert slack.ephemerals("ana")[0].author == "USLACKBOT"


def test_an_ack_that_slack_cannot_show_is_an_error(slack: LocalSlack, app: App) -> None:
    """An ack is a message too: blocks without text are refused."""
    app.command("/vpn")(lambda ack: ack(blocks=[{"type": "divider"}]))
    ack = slack.command("ana", "#network-ops", "x")
    assert ack.acked
    assert str(ack.error).startswith("no_text")
    assert slack.ephemerals("ana") == ()


def test_an_ack_may_speak_to_the_channel(slack: LocalSlack, app: App) -> None:
    """response_type in_channel makes it a message that everybody sees."""
    app.command("/vpn")(lambda ack: ack(text="for all", response_type="in_channel"))
    slack.command("ana", "#general", "x")
    assert [one.text for one in slack.messages("#general")] == ["for all"]


def test_a_response_url_speaks_privately_where_the_bot_is_not(
    slack: LocalSlack, heard: list[dict[str, Any]]
) -> None:
    """Its answer is a bare ok without a ts, so it can't carry a thread."""
    slack.command("ana", "#war-room", "x")
    reply = answer(heard, text="invite me")
    assert (reply.status_code, reply.text) == (200, "ok")
    assert [one.text for one in slack.ephemerals("ana", "#war-room")] == ["invite me"]
    assert slack.messages("#war-room") == ()


def test_a_response_url_works_five_times_in_half_an_hour(
    slack: LocalSlack, clock: Clock, heard: list[dict[str, Any]]
) -> None:
    """The sixth use is used_url; after thirty minutes it is expired_url."""
    slack.command("ana", "#network-ops", "x")
    assert answer(heard, blocks=[]).json()["error"] == "no_text"
    assert [answer(heard, text=str(number)).status_code for number in range(5)] == [200] * 5
    used = answer(heard, text="6")
    assert (used.status_code, used.json()["error"]) == (404, "used_url")
    slack.command("ana", "#network-ops", "x")
    clock.now += 30 * 60 + 1
    assert answer(heard, text="late").json()["error"] == "expired_url"


def test_a_response_url_of_a_press_can_replace_or_delete_the_message(
    slack: LocalSlack, app: App, heard: list[dict[str, Any]]
) -> None:
    """replace_original changes the card itself, and keeps what it said before."""
    ts = card(app)
    slack.press("ana", "#network-ops", ts, "confirm_deletion")
    assert answer(heard, text="Gone", replace_original=True).text == "ok"
    shown = slack.workspace.message(NETWORK_OPS, ts)
    assert (shown.text, shown.buttons, len(shown.edits)) == ("Gone", (), 1)
    assert answer(heard, delete_original=True).text == "ok"
    assert slack.messages("#network-ops") == ()
    slack.command("ana", "#network-ops", "x")
    assert answer(heard, text="x", replace_original=True).json()["error"] == "message_not_found"


def test_a_private_button_can_be_pressed_by_its_reader_only(
    slack: LocalSlack, app: App, heard: list[dict[str, Any]]
) -> None:
    """The payload of an ephemeral's button has no message, and says that it is ephemeral."""
    blocks = [actions(button("confirm_deletion"))]
    ts = app.client.chat_postEphemeral(channel=NETWORK_OPS, user="U0ANA000001", text="?", blocks=blocks)
    ts = ts["message_ts"]
    assert slack.press("ana", "#network-ops", ts, "confirm_deletion").acked
    assert heard[0]["container"]["is_ephemeral"]
    assert "message" not in heard[0]
    answer(heard, text="done", replace_original=True)
    assert [one.text for one in slack.ephemerals("ana")] == ["done"]


def opens_modal(app: App, **more: Any) -> list[str]:
    """Open a modal at every command; the error codes of those that failed."""
    failed: list[str] = []

    @app.command("/vpn")
    def open_it(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        try:
            client.views_open(trigger_id=body["trigger_id"], view=modal(**more))
        except SlackApiError as error:
            failed.append(error.response["error"])

    return failed


def test_a_modal_is_opened_corrected_and_submitted(slack: LocalSlack, app: App) -> None:
    """Errors stay beside the input; a plain ack closes the modal."""
    opens_modal(app)

    @app.view("typed_confirmation")
    def check(ack: Any, view: dict[str, Any]) -> None:
        typed = view["state"]["values"]["tunnel_id"]["value"]["value"]
        ack() if typed == "vpnx-1" else ack(response_action="errors", errors={"tunnel_id": "Not that one."})

    slack.command("ana", "#network-ops", "x")
    (view,) = slack.wait_for(lambda: slack.views("ana"))
    wrong = slack.submit("ana", view.view_id, {"tunnel_id": {"value": "vpnx-2"}})
    assert wrong.response == {"errors": {"tunnel_id": "Not that one."}}
    assert slack.views("ana")[0].errors == {"tunnel_id": "Not that one."}
    assert slack.submit("ana", view.view_id, {"tunnel_id": {"value": "vpnx-1"}}).acked
    assert slack.views("ana") == ()


def test_a_modal_takes_only_what_its_inputs_take(slack: LocalSlack, app: App) -> None:
    """Slack's own client asks for required fields, and has no others; a stranger doesn't see the modal."""
    opens_modal(app)
    slack.command("ana", "#network-ops", "x")
    (view,) = slack.wait_for(lambda: slack.views("ana"))
    with pytest.raises(NoSuchInput):
        slack.submit("ana", view.view_id, {})
    with pytest.raises(NoSuchInput):
        slack.submit("ana", view.view_id, {"tunnel_id": {"other": "x"}})
    with pytest.raises(CannotAct):
        slack.submit("ben", view.view_id, {"tunnel_id": {"value": "x"}})


def test_a_trigger_id_opens_one_modal_within_three_seconds(
    slack: LocalSlack, clock: Clock, app: App, heard: list[dict[str, Any]]
) -> None:
    """A used trigger id is invalid_trigger_id, an old one expired_trigger_id."""
    slack.command("ana", "#network-ops", "x")
    trigger_id = heard[0]["trigger_id"]
    app.client.views_open(trigger_id=trigger_id, view=modal())
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        app.client.views_open(trigger_id=trigger_id, view=modal())
    slack.command("ana", "#network-ops", "x")
    clock.now += 3.1
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        app.client.views_open(trigger_id=heard[1]["trigger_id"], view=modal())


def test_a_modal_is_updated_by_its_hash_and_its_closing_is_told(slack: LocalSlack, app: App) -> None:
    """An update with an old hash is hash_conflict; view_closed comes where it was asked for."""
    closed: list[str] = []

    @app.view_closed("typed_confirmation")
    def note(ack: Any, view: dict[str, Any]) -> None:
        closed.append(view["id"])
        ack()

    opens_modal(app, notify_on_close=True)
    slack.command("ana", "#network-ops", "x")
    (view,) = slack.wait_for(lambda: slack.views("ana"))
    again = modal(notify_on_close=True, title={"type": "plain_text", "text": "Again"})
    app.client.views_update(view_id=view.view_id, hash=view.hash, view=again)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        app.client.views_update(view_id=view.view_id, hash=view.hash, view=again)
    assert slack.views("ana")[0].body["title"]["text"] == "Again"
    told = slack.close_view("ana", view.view_id)
    assert told is not None
    assert told.acked
    assert closed == [view.view_id]


def test_extra_routes_are_served_beside_slacks_own() -> None:
    """The rehearsal's page lives on the same port."""
    route = Route("/", lambda _request: PlainTextResponse("page"))
    with local_slack(routes=[route], workspace=northwind()) as slack:
        assert requests.get(slack.url, timeout=5).text == "page"


@pytest.mark.parametrize(
    ("who", "team_id"),
    [("ana", "T0HOME00001"), ("ben", "T0SALES0001"), ("chen", "E0NORTHWIND"), ("eve", "T0PARTNER01")],
    ids=["at home", "from a sibling", "as of the organization", "a guest"],
)
def test_on_grid_a_press_names_the_clickers_own_team_and_the_apps_organization(
    slack: LocalSlack, app: App, heard: list[dict[str, Any]], who: str, team_id: str
) -> None:
    """As Slack documents: the user's team may be a sibling or the organization; the rest is the app's."""
    join_grid(slack.workspace)
    posted = app.client.chat_postMessage(
        channel=NETWORK_OPS, text="card", blocks=[actions(button("confirm_deletion"))]
    )
    assert slack.press(who, "network-ops", str(posted["ts"]), "confirm_deletion").acked
    body = heard[-1]
    assert body["user"]["team_id"] == team_id
    assert (body["team"]["id"], body["enterprise"]["id"]) == ("T0HOME00001", "E0NORTHWIND")
    told = wire_person(slack.workspace.person(who), slack.workspace)
    assert told["is_stranger"] is (who == "eve")
    assert ("enterprise_user" in told) is (who != "eve")

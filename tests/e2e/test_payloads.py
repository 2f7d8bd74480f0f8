"""Hundreds of payloads that aren't as Slack documents them, over real sockets to the running bot."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.rehearsal.stage import Stage
from tests.e2e.careful import CAREFUL, dialog, type_into
from tests.e2e.play import CHANNEL, Play
from tests.e2e.visits import query, signed, visit
from tests.handlers.test_payloads import changed, paths

LINE = "a payload isn't as Slack documents it"
MISSING = object()
ODD: tuple[Any, ...] = (MISSING, None, 5, True, [], {}, "\ud800")
UNREAD: tuple[Any, ...] = (MISSING, 5)
DORA = {"id": "U0DORA00001", "team_id": "T0HOME00001"}
# What is read, of each payload, and what may stand there beside the right thing.
MAY_BE_ABSENT = {"text", "enterprise_id", "enterprise", "team", "view.state.values.tunnel_id.value.value"}
READ = {
    "slash_commands": ("command", "user_id", "team_id", "channel_id", "response_url"),
    "block_actions": (
        *("type", "user", "user.id", "user.team_id", "container", "container.channel_id", "actions"),
        *("actions.0", "actions.0.action_id", "actions.0.value", "trigger_id", "response_url"),
    ),
    "view_submission": (
        *("type", "user", "user.id", "user.team_id", "view", "view.callback_id", "view.private_metadata"),
        *("view.state", "view.state.values", "view.state.values.tunnel_id"),
        *("view.state.values.tunnel_id.value",),
    ),
}


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """A bot with what a risky deletion takes, so that there is a dialog."""
    with Stage(settings=CAREFUL) as stage:
        stage.start_bot()
        yield Play(stage)


def real_payloads(play: Play) -> dict[str, dict[str, Any]]:
    """One of each kind as the local Slack sent it, but by Dora, who may do nothing."""
    card = play.new_card()
    type_into(play, "ben", dialog(card, "ben"), "another word")
    play.ask("freezes")
    sent = {one.kind: one.payload for one in play.stage.slack.traffic if one.direction == "in"}
    found = {
        kind: json.loads(json.dumps(sent[kind])) for kind in ("command", "block_actions", "view_submission")
    }
    command = {**found.pop("command"), "user_id": DORA["id"]}
    return {"slash_commands": command, **{kind: {**body, "user": DORA} for kind, body in found.items()}}


def mutants(kind: str, payload: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """The payload with each field left out, or of another type; its path, what stands there, the whole."""
    for path in paths(payload)[1:]:
        name = ".".join(map(str, path))
        for odd in ODD if name in {*READ[kind], *MAY_BE_ABSENT} else UNREAD:
            whole = changed(payload, path, None if odd is MISSING else odd)
            if odd is MISSING:
                at = whole
                for step in path[:-1]:
                    at = at[step]
                del at[path[-1]]
            yield name, odd, whole


def is_bad(kind: str, path: str, odd: Any) -> bool:
    """Whether this payload isn't as Slack documents what is read of it."""
    if path in READ[kind]:
        return (path, odd) != ("view.state.values.tunnel_id.value", {})  # nothing was entered
    return path in MAY_BE_ABSENT and odd not in (MISSING, None) and (path, odd) != ("team", {})


def test_every_odd_payload_is_acked_and_told_in_one_line_and_nothing_is_done(play: Play) -> None:
    """Each field left out, null, or of another type, in every kind; what isn't read may be as it likes."""
    payloads = real_payloads(play)
    before = query(play.stage, "SELECT deletion_id, state FROM deletions")
    messages = len(play.stage.slack.messages(CHANNEL))
    ((last,),) = query(play.stage, "SELECT max(event_id) FROM events")
    log, sent, expected = play.stage.bots[0], 0, 0
    for kind, payload in payloads.items():
        for path, odd, whole in mutants(kind, payload):
            told = log.log_text.count(LINE)
            reply = play.stage.slack.send(
                "slash_commands" if kind == "slash_commands" else "interactive", whole
            )
            assert reply.error is None, (kind, path, odd)
            bad = log.log_text.count(LINE) - told
            assert bad == is_bad(kind, path, odd), (kind, path, odd)
            sent, expected = sent + 1, expected + bad
    assert sent > 300
    assert expected > 150
    assert "Traceback" not in log.log_text
    assert query(play.stage, "SELECT deletion_id, state FROM deletions") == before
    assert len(play.stage.slack.messages(CHANNEL)) == messages
    added = {
        kind for event_id, kind in query(play.stage, "SELECT event_id, kind FROM events") if event_id > last
    }
    assert added == {"refused", "clicked"}
    assert play.ask("help").acked


@pytest.mark.parametrize("payload", [None, 5, "text", [], {}, {"type": "shortcut"}, {"command": "/other"}])
def test_what_is_no_payload_at_all_is_acked_too(play: Play, payload: Any) -> None:
    """The SDK would raise for it, and Slack would show the person an error."""
    told = play.stage.bots[0].log_text.count(LINE)
    assert play.stage.slack.send("interactive", payload).error is None
    assert play.stage.bots[0].log_text.count(LINE) == told + 1
    assert "Traceback" not in play.stage.bots[0].log_text


def test_the_person_is_told_wherever_slack_shows_it(play: Play) -> None:
    """A command's ack, the dialog's place, and privately after a click."""
    payloads = real_payloads(play)
    command, click, submission = payloads.values()
    reply = play.stage.slack.send("slash_commands", {**command, "channel_id": None})
    assert "can't read, so nothing was done" in reply.payload["text"]
    reply = play.stage.slack.send("interactive", {**submission, "view": None})
    assert reply.payload["response_action"] == "update"
    assert "can't read, so nothing was done" in str(reply.payload["view"])
    play.stage.slack.send("interactive", {**click, "trigger_id": None})
    play.wait_private("ben", "can't read, so nothing was done")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload=",
        b"payload=%7B",
        b"payload=[]",
        b"payload=" + b"[" * 100_000,
        b"a=b",
        b"{}",
    ],
    ids=["empty", "no JSON", "half of it", "a list", "deep", "another form", "bare JSON"],
)
def test_over_http_a_signed_body_that_cannot_be_read_is_acked(http_play: Play, body: bytes) -> None:
    """200 and one line: Slack signed it, so it isn't refused as a stranger's."""
    stage, told = http_play.stage, http_play.stage.bots[0].log_text.count(LINE)
    answer = visit(stage, "/slack/events", "POST", body, signed(stage.signing_secret, body))
    assert (answer.status_code, answer.text) == (200, "")
    assert stage.bots[0].log_text.count(LINE) == told + 1
    assert "Traceback" not in stage.bots[0].log_text


@pytest.fixture(scope="module")
def http_play() -> Iterator[Play]:
    with Stage(http=True) as stage:
        stage.start_bot()
        yield Play(stage)

"""Faults of the local Slack, as the real client meets them."""

import threading
from collections.abc import Iterator
from http.client import RemoteDisconnected
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler

from bot.rehearsal.northwind import NETWORK_OPS
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.slack_faults import Fault, Faults
from tests.rehearsal.local_slack import client, local_slack

POST = "chat.postMessage"


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with local_slack() as running:
        yield running


def say(slack: LocalSlack, text: str = "x") -> Any:
    return client(slack).chat_postMessage(channel=NETWORK_OPS, text=text)


def said(slack: LocalSlack) -> list[str]:
    return [one.text for one in slack.messages("#network-ops")]


def test_429_carries_retry_after_and_nothing_is_posted(slack: LocalSlack) -> None:
    """The next call meets the fault, the one after it doesn't."""
    slack.inject(POST, Fault.rate_limited(retry_after_s=7))
    with pytest.raises(SlackApiError) as refusal:
        say(slack, "first")
    assert refusal.value.response.status_code == 429
    assert refusal.value.response.headers["Retry-After"] == "7"
    assert refusal.value.response["error"] == "ratelimited"
    say(slack, "second")
    assert said(slack) == ["second"]


@pytest.mark.parametrize(
    ("fault", "posted"),
    [(Fault.reset_before(), []), (Fault.reset_after(), ["x"])],
    ids=["before", "after"],
)
def test_a_reset_loses_the_answer_and_only_the_workspace_knows(
    slack: LocalSlack, fault: Fault, posted: list[str]
) -> None:
    """The client sees the same reset whether or not the message was posted."""
    slack.inject(POST, fault)
    with pytest.raises((ConnectionResetError, RemoteDisconnected)):
        say(slack)
    assert said(slack) == posted


def test_the_sdks_default_retry_posts_twice_after_a_reset(slack: LocalSlack) -> None:
    """Why the bot posts without ConnectionErrorRetryHandler: the local Slack shows the double post."""
    slack.inject(POST, Fault.reset_after())
    web = client(slack)
    web.retry_handlers = [ConnectionErrorRetryHandler()]
    web.chat_postMessage(channel=NETWORK_OPS, text="twice")
    assert said(slack) == ["twice", "twice"]


def test_an_http_error_is_not_json_and_nothing_is_posted(slack: LocalSlack) -> None:
    """A gateway on the way answers with its own page."""
    slack.inject(POST, Fault.http(500))
    with pytest.raises(SlackApiError) as refusal:
        say(slack)
    assert refusal.value.response.status_code == 500
    assert said(slack) == []


def test_any_error_code_can_be_answered(slack: LocalSlack) -> None:
    """`refuse` plays what Slack may say and the local one has no reason for."""
    slack.inject(POST, Fault.refuse("is_archived"), Fault.refuse("internal_error"))
    for code in ("is_archived", "internal_error"):
        with pytest.raises(SlackApiError, match=code):
            say(slack)


def test_a_slow_answer_comes_after_the_deed(slack: LocalSlack) -> None:
    """The message stands before the caller knows; one that doesn't wait so long can't tell."""
    slack.inject(POST, Fault.slow(5))
    web = client(slack)
    web.timeout = 1
    with pytest.raises(TimeoutError):
        web.chat_postMessage(channel=NETWORK_OPS, text="slow")
    assert said(slack) == ["slow"]


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_a_held_call_waits_until_it_is_released(slack: LocalSlack, carried_out: bool) -> None:
    """A test can act at the very moment before or after Slack carries a call out."""
    gate = slack.hold(POST, carried_out=carried_out)
    caller = threading.Thread(target=say, args=(slack,))
    caller.start()
    gate.wait_reached(5)
    assert said(slack) == (["x"] if carried_out else [])
    gate.release()
    caller.join(5)
    assert said(slack) == ["x"]


def test_a_held_call_can_be_cut_off(slack: LocalSlack) -> None:
    """What was held before it was carried out never is, once its connection is reset."""
    gate = slack.hold(POST)
    cut: list[Exception] = []

    def call() -> None:
        try:
            say(slack)
        except OSError as reset:
            cut.append(reset)

    caller = threading.Thread(target=call)
    caller.start()
    gate.wait_reached(5)
    gate.reset()
    caller.join(5)
    assert len(cut) == 1
    assert said(slack) == []


def test_a_gate_that_nobody_reaches_says_so(slack: LocalSlack) -> None:
    """A test that waits for the wrong moment fails instead of hanging."""
    with pytest.raises(TimeoutError):
        slack.hold(POST).wait_reached(0.01)


def test_waiting_in_vain_shows_the_last_exchanges(slack: LocalSlack) -> None:
    """The error of wait_for tells what happened instead."""
    say(slack)
    with pytest.raises(TimeoutError, match=r"chat\.postMessage"):
        slack.wait_for(lambda: slack.messages("#general"), timeout_s=0.01)


def test_a_channel_takes_only_so_many_posts(slack: LocalSlack) -> None:
    """Past the limit a post is 429 with the seconds to wait; another channel has its own count."""
    slack.limit_posts(per_second=0.1, burst=2)
    say(slack)
    say(slack)
    with pytest.raises(SlackApiError) as refusal:
        say(slack)
    assert refusal.value.response.status_code == 429
    assert 9 <= int(refusal.value.response.headers["Retry-After"]) <= 10
    client(slack).chat_postMessage(channel="D0ANABOT001", text="x")
    assert len(said(slack)) == 2


def test_the_limit_gives_room_again_with_time() -> None:
    """After Retry-After the channel takes the next post."""
    faults = Faults()
    faults.limit_posts(per_second=1, burst=1)
    at = [100.0]
    answers = []
    for moment in (100.0, 100.5, 101.0, 101.9, 102.0):
        at[0] = moment
        fault = faults.post("C1", now=lambda: at[0])
        answers.append(fault.retry_after_s if fault else None)
    assert answers == [None, 1, None, 1, None]

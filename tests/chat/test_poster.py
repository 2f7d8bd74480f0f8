"""Saying, changing, finding and whispering, over real sockets to a local Slack that fails on demand."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from bot.chat import poster as poster_module
from bot.chat.poster import DEFAULT_RETRY_AFTER_S, Poster
from bot.errors import CannotPost, PostFailed, PostUnclear, SlackError, SlowDown
from bot.rehearsal.northwind import ANA, GENERAL, NETWORK_OPS, WAR_ROOM
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.slack_faults import Fault
from tests.chat.raw_server import answering
from tests.rehearsal.local_slack import BOT_TOKEN, bolt, local_slack

POST = "chat.postMessage"
BODY: dict[str, Any] = {"text": "said"}
NO_ACCESS = (
    *("not_in_channel", "channel_not_found", "is_archived", "restricted_action", "not_allowed_token_type"),
    *("restricted_action_read_only_channel", "restricted_action_non_threadable_channel"),
)
PERHAPS = ("internal_error", "fatal_error", "service_unavailable", "request_timeout")
SURELY_NOT = ("invalid_auth", "invalid_blocks", "msg_too_long", "no_text", "account_inactive")
UNREADABLE = {
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b'{"ok": true, "ts',
    "half a document": b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"ok": true, ',
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "nothing": b"",
    "no text": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
    "a page of no text": b"HTTP/1.1 502 Bad\r\nContent-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
    "a success without a ts": b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"ok": true}',
}


@pytest.fixture(scope="module")
def running() -> Iterator[LocalSlack]:
    with local_slack() as slack:
        yield slack


@pytest.fixture
def slack(running: LocalSlack) -> Iterator[LocalSlack]:
    yield running
    running.faults.clear()


@pytest.fixture
def poster(slack: LocalSlack) -> Poster:
    return Poster(BOT_TOKEN, slack.api_url)


def post(poster: Poster, key: str, thread_ts: str | None = None) -> str:
    return poster.post(NETWORK_OPS, {"text": f"said as {key}"}, key=key, thread_ts=thread_ts)


def said_as(slack: LocalSlack, key: str) -> int:
    return sum(message.text == f"said as {key}" for message in slack.messages(NETWORK_OPS))


def error_of(poster: Poster, slack: LocalSlack, fault: Fault) -> SlackError:
    slack.inject(POST, fault)
    with pytest.raises(SlackError) as caught:
        poster.post(NETWORK_OPS, BODY, key="fault", thread_ts=None)
    return caught.value


def test_a_message_is_said_with_its_key_in_its_thread_and_can_be_changed(
    slack: LocalSlack, poster: Poster
) -> None:
    """The key travels as metadata, also with every change."""
    root = post(poster, "d1/card")
    reply = post(poster, "d1/gone", root)
    poster.update(NETWORK_OPS, reply, {"text": "changed"}, key="d1/gone")
    shown = slack.thread(NETWORK_OPS, root)
    assert [message.text for message in shown] == ["said as d1/card", "changed"]
    assert [message.metadata for message in shown] == [
        {"event_type": "vpn_bot_said", "event_payload": {"key": key}} for key in ("d1/card", "d1/gone")
    ]


@pytest.mark.parametrize("seconds", [1, 30, 3600])
def test_slacks_pause_is_handed_on_in_seconds(slack: LocalSlack, poster: Poster, seconds: int) -> None:
    """429 is SlowDown, for as long as Retry-After says."""
    error = error_of(poster, slack, Fault.rate_limited(seconds))
    assert isinstance(error, SlowDown)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize("header", [b"", b"Retry-After: soon\r\n"], ids=["missing", "not a number"])
def test_a_pause_without_a_length_is_half_a_minute(header: bytes) -> None:
    """No 429 is answered by trying again at once."""
    page = b"HTTP/1.1 429 Slow\r\n" + header + b"Content-Length: 2\r\n\r\nno"
    with answering(page) as url, pytest.raises(SlowDown) as caught:
        post(Poster(BOT_TOKEN, url), "k")
    assert caught.value.retry_after_s == DEFAULT_RETRY_AFTER_S


@pytest.mark.parametrize("code", NO_ACCESS)
def test_where_the_bot_may_not_post_a_person_has_to_act(slack: LocalSlack, poster: Poster, code: str) -> None:
    """CannotPost, with Slack's own code."""
    error = error_of(poster, slack, Fault.refuse(code))
    assert isinstance(error, CannotPost)
    assert error.code == code


@pytest.mark.parametrize("channel", [GENERAL, WAR_ROOM], ids=["public", "private"])
def test_a_channel_without_the_bot_is_one_that_it_cannot_post_in(poster: Poster, channel: str) -> None:
    """Both kinds answer differently and mean the same."""
    with pytest.raises(CannotPost):
        poster.post(channel, BODY, key="k", thread_ts=None)


@pytest.mark.parametrize("code", SURELY_NOT)
def test_a_clear_no_is_surely_not_said(slack: LocalSlack, poster: Poster, code: str) -> None:
    """PostFailed: it may be said again without looking."""
    error = error_of(poster, slack, Fault.refuse(code))
    assert isinstance(error, PostFailed)
    assert error.code == code


@pytest.mark.parametrize("code", PERHAPS)
def test_slacks_own_doubt_is_doubt(slack: LocalSlack, poster: Poster, code: str) -> None:
    """PostUnclear: look before saying it again."""
    assert isinstance(error_of(poster, slack, Fault.refuse(code)), PostUnclear)


@pytest.mark.parametrize("status", [200, 404, 500, 502, 504])
def test_a_page_that_is_not_slacks_leaves_it_open(slack: LocalSlack, poster: Poster, status: int) -> None:
    """A gateway's page says nothing about the message behind it, and none of it gets into the error."""
    error = error_of(poster, slack, Fault.http(status))
    assert isinstance(error, PostUnclear)
    assert "upstream" not in str(error)


@pytest.mark.parametrize("done", [True, False], ids=["carried out", "not carried out"])
def test_a_reset_is_unclear_and_nothing_is_sent_twice(slack: LocalSlack, poster: Poster, done: bool) -> None:
    """Only the channel knows: the poster itself never tries again."""
    slack.inject(POST, Fault.reset_after() if done else Fault.reset_before())
    key = f"reset/{done}"
    with pytest.raises(PostUnclear):
        post(poster, key)
    assert said_as(slack, key) == done


def test_no_answer_in_time_is_unclear(slack: LocalSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is there, its answer isn't."""
    monkeypatch.setattr(poster_module, "TIMEOUT_S", 0.2)
    gate = slack.hold(POST, carried_out=True)
    with pytest.raises(PostUnclear):
        post(Poster(BOT_TOKEN, slack.api_url), "held")
    gate.release()
    assert said_as(slack, "held") == 1


@pytest.mark.parametrize("answer", UNREADABLE)
def test_an_answer_that_cannot_be_read_is_unclear(answer: str) -> None:
    """Whatever comes back, the error is one of ours."""
    with answering(UNREADABLE[answer]) as url, pytest.raises(PostUnclear):
        post(Poster(BOT_TOKEN, url), "k")


def test_where_nobody_listens_it_is_surely_not_said() -> None:
    """A refused connection carried nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/"
    with pytest.raises(PostFailed) as caught:
        post(Poster(BOT_TOKEN, url), "k")
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize("in_thread", [False, True], ids=["channel", "thread"])
@pytest.mark.parametrize("wanted", [0, 1, 4])
def test_a_message_is_found_by_its_key_on_whatever_page_it_is(
    slack: LocalSlack, poster: Poster, monkeypatch: pytest.MonkeyPatch, in_thread: bool, wanted: int
) -> None:
    """Five messages at two a page, among others without a key; the channel is read to its end."""
    monkeypatch.setattr(poster_module, "PAGE", 2)
    since = slack.workspace.clock()
    root = post(poster, f"find/{in_thread}/{wanted}/root") if in_thread else None
    said = [post(poster, f"find/{in_thread}/{wanted}/{number}", root) for number in range(5)]
    slack.workspace.post(channel=NETWORK_OPS, author=ANA, text="a person's", thread_ts=root)
    found = poster.find(NETWORK_OPS, key=f"find/{in_thread}/{wanted}/{wanted}", thread_ts=root, since=since)
    assert found == said[wanted]


def test_what_was_never_said_is_not_found(slack: LocalSlack, poster: Poster) -> None:
    """None, after the whole channel since then was read; an older message with the key doesn't count."""
    post(poster, "old")
    since = slack.workspace.clock()
    post(poster, "new")
    assert poster.find(NETWORK_OPS, key="never", thread_ts=None, since=since) is None
    assert poster.find(NETWORK_OPS, key="old", thread_ts=None, since=since) is None


@pytest.mark.parametrize(
    ("method", "in_thread"),
    [("conversations.history", False), ("conversations.replies", True)],
    ids=["channel", "thread"],
)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.rate_limited(7), SlowDown),
        (Fault.http(500), PostUnclear),
        (Fault.reset_before(), PostUnclear),
        (Fault.refuse("missing_scope"), PostFailed),
    ],
    ids=["429", "500", "reset", "scope"],
)
def test_a_look_that_fails_is_never_an_answer(
    slack: LocalSlack, poster: Poster, method: str, in_thread: bool, fault: Fault, error: type[SlackError]
) -> None:
    """“Not found” only where the channel was really read: else the message would be said twice."""
    root = post(poster, "root")
    slack.inject(method, fault)
    with pytest.raises(error):
        poster.find(NETWORK_OPS, key="k", thread_ts=root if in_thread else None, since=0)


@pytest.mark.parametrize("fault", [Fault.http(500), Fault.reset_after()], ids=["500", "reset"])
def test_a_failed_change_may_be_repeated(slack: LocalSlack, poster: Poster, fault: Fault) -> None:
    """chat.update says the same thing twice without harm."""
    ts = post(poster, "change")
    slack.inject("chat.update", fault)
    with pytest.raises(PostUnclear):
        poster.update(NETWORK_OPS, ts, {"text": "changed"}, key="change")
    poster.update(NETWORK_OPS, ts, {"text": "changed"}, key="change")
    assert [message.text for message in slack.thread(NETWORK_OPS, ts)] == ["changed"]


@pytest.fixture(scope="module")
def response_url(running: LocalSlack) -> str:
    """The response_url of one command of Ana's."""
    urls: list[str] = []
    with bolt(running) as app:

        @app.command("/vpn")
        def remember(ack: Any, command: dict[str, Any]) -> None:
            urls.append(command["response_url"])
            ack()

        running.command("ana", NETWORK_OPS, "help")
    return urls[0]


def test_a_whisper_reaches_one_person(slack: LocalSlack, poster: Poster, response_url: str) -> None:
    """Ephemeral, and in place of nothing."""
    poster.whisper(response_url, {"text": "only for you"})
    assert [message.text for message in slack.ephemerals("ana")] == ["only for you"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.rate_limited(7), SlowDown),
        (Fault.http(500), PostUnclear),
        (Fault.http(404), PostFailed),
        (Fault.reset_before(), PostUnclear),
    ],
    ids=["429", "500", "expired", "reset"],
)
def test_a_whisper_that_fails_is_an_error_of_ours(
    slack: LocalSlack, poster: Poster, response_url: str, fault: Fault, error: type[SlackError]
) -> None:
    """The same words as for posts, and the URL, which is a secret of sorts, isn't in them."""
    slack.inject("response_url", fault)
    with pytest.raises(error) as caught:
        poster.whisper(response_url, BODY)
    assert response_url not in str(caught.value)


def test_the_token_is_in_no_error(slack: LocalSlack, poster: Poster) -> None:
    """Whatever fails."""
    faults = [Fault.http(500), Fault.refuse("invalid_auth"), Fault.reset_before(), Fault.rate_limited()]
    errors = [error_of(poster, slack, fault) for fault in faults]
    assert BOT_TOKEN not in repr([(error, error.__dict__, error.__cause__) for error in errors])

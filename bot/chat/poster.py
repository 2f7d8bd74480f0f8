"""Saying a thing in Slack, and telling surely-not from perhaps when it fails."""

import logging
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import Request

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.chat.web_client import ResponseUrlClient, SlackClient
from bot.domain.slack_codes import Course, slack_refusal
from bot.errors import CannotPost, MessageGone, PostFailed, PostUnclear, SlackError, SlowDown

TIMEOUT_S = 10
METADATA_EVENT = "vpn_bot_said"
PAGE = 200
DEFAULT_RETRY_AFTER_S = 30.0
# Slack's own words for "it may have been done".
_PERHAPS = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_PAUSE = frozenset({"ratelimited", "rate_limited"})
_THREAD_GONE = "thread_not_found"
Check = Callable[[], None]
_CODE = re.compile(r"[a-z0-9_]{1,80}")
_REFUSALS: Mapping[Course, type[SlackError]] = {Course.MEND: CannotPost, Course.GONE: MessageGone}
log = logging.getLogger(__name__)


class _Client(SlackClient):
    """Slack's client, which looks once more whether it may send when everything else has been done."""

    def __init__(self, *, check: Check | None, **options: Any) -> None:
        super().__init__(**options)
        self._check = check

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        body = req.data
        if self._check and isinstance(body, bytes):
            req.data = _checked(self._check, body)
            req.add_unredirected_header("Content-length", str(len(body)))
        return super()._perform_urllib_http_request_internal(url, req)


def _checked(check: Check, body: bytes) -> Iterator[bytes]:
    """The body on its way out: connected and with the headers sent, the client asks for it."""
    check()
    yield body


class Poster:
    """Slack's Web API as the worker needs it. Every method raises a SlackError of ours and nothing else.

    There are no automatic retries in here: a repeated post after a reset may be said twice.
    """

    def __init__(self, token: str, api_url: str) -> None:
        self._token, self._api_url = token, api_url
        self._client = self._client_with(None)

    def _client_with(self, check: Check | None) -> SlackClient:
        return _Client(
            token=self._token, base_url=self._api_url, timeout=TIMEOUT_S, retry_handlers=[], check=check
        )

    def post(
        self,
        channel_id: str,
        body: Mapping[str, Any],
        *,
        key: str,
        thread_ts: str | None,
        check: Check | None = None,
    ) -> str:
        """Say `body`; returns its ts. MessageGone where the thread's root no longer exists.

        check: called right before the body leaves; what it raises ends the call unsaid.
        """
        with _translated():
            answer = self._client_with(check).chat_postMessage(
                channel=channel_id,
                thread_ts=thread_ts,
                metadata=_metadata(key),
                unfurl_links=False,
                unfurl_media=False,
                **body,
            )
            ts = str(_field(answer, "ts"))
        if thread_ts is not None and not (answer.get("message") or {"thread_ts": thread_ts}).get("thread_ts"):
            # Slack takes a reply to a card that was deleted, and puts it into the channel itself.
            self._take_back(channel_id, ts)
            raise MessageGone(_THREAD_GONE)
        return ts

    def _take_back(self, channel_id: str, ts: str) -> None:
        try:
            with _translated():
                self._client.chat_delete(channel=channel_id, ts=ts)
        except SlackError as error:
            log.warning(
                "a reply without its thread stands in channel=%s ts=%s error=%s", channel_id, ts, error
            )

    def update(
        self, channel_id: str, ts: str, body: Mapping[str, Any], *, key: str, check: Check | None = None
    ) -> None:
        """Change a message; may be repeated freely. check: as for `post`."""
        with _translated():
            self._client_with(check).chat_update(channel=channel_id, ts=ts, metadata=_metadata(key), **body)

    def find(self, channel_id: str, *, key: str, thread_ts: str | None, since: float) -> str | None:
        """The ts of the message that was said under this key since then (epoch seconds), or None."""
        cursor = ""
        while True:
            with _translated():
                if thread_ts is None:
                    answer = self._client.conversations_history(
                        channel=channel_id,
                        oldest=f"{since:.6f}",
                        include_all_metadata=True,
                        limit=PAGE,
                        cursor=cursor,
                    )
                else:
                    answer = self._client.conversations_replies(
                        channel=channel_id, ts=thread_ts, include_all_metadata=True, limit=PAGE, cursor=cursor
                    )
                for message in _field(answer, "messages"):
                    if message.get("metadata", {}).get("event_payload", {}).get("key") == key:
                        return str(message["ts"])
                cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None

    def permalink(self, channel_id: str, ts: str) -> str | None:
        """Where the message can be read; None when Slack doesn't tell."""
        try:
            with _translated():
                answer = self._client.chat_getPermalink(channel=channel_id, message_ts=ts)
                return str(_field(answer, "permalink"))
        except SlackError:
            return None

    def direct(self, user_id: str) -> str:
        """The channel of the direct message with somebody."""
        with _translated():
            return str(_field(self._client.conversations_open(users=user_id), "channel")["id"])

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Open a dialog for whoever caused the trigger, at most three seconds ago."""
        with _translated():
            self._client.views_open(trigger_id=trigger_id, view=dict(view))

    def whisper(self, response_url: str, body: Mapping[str, Any]) -> None:
        """Tell one person privately, through the response_url of what they typed or clicked."""
        with _translated():
            answer = ResponseUrlClient(response_url, timeout=TIMEOUT_S, retry_handlers=[]).send(
                text=body["text"],
                blocks=body.get("blocks"),
                response_type="ephemeral",
                replace_original=False,
            )
        if answer.status_code != 200:
            raise _from_answer(answer.status_code, answer.headers, f"response_url_{answer.status_code}")


def _metadata(key: str) -> dict[str, Any]:
    """What lets the bot recognise its own message when it isn't sure whether it was said."""
    return {"event_type": METADATA_EVENT, "event_payload": {"key": key}}


def _field(answer: SlackResponse, name: str) -> Any:
    """A field that a success has; where it hasn't, the SDK's own [] gives None."""
    value = answer.get(name)
    if value is None:
        raise KeyError(name)
    return value


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except SlackApiError as exc:
        response = exc.response
        raise _from_answer(response.status_code, response.headers, str(response.get("error"))) from None
    except URLError as exc:
        if isinstance(exc.reason, (ConnectionRefusedError, socket.gaierror, ssl.SSLError)):
            raise PostFailed("unreachable") from None
        raise PostUnclear(type(exc.reason).__name__) from None
    except (OSError, HTTPException, ValueError, SlackClientError, KeyError) as exc:
        raise PostUnclear(type(exc).__name__) from None


def _from_answer(status: int, headers: Mapping[str, Any], code: str) -> SlackError:
    """What a “no” means; one that isn't in Slack's words (a gateway's page) leaves everything open."""
    if status == 429 or code in _PAUSE:
        return SlowDown(_retry_after_s(headers))
    if not _CODE.fullmatch(code):
        return PostUnclear("unreadable_answer")
    if status >= 500 or code in _PERHAPS:
        return PostUnclear(code)
    return _REFUSALS.get(slack_refusal(code).course, PostFailed)(code)


def _retry_after_s(headers: Mapping[str, Any]) -> float:
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    try:
        return float(value[0] if isinstance(value, list) else value)  # type: ignore[arg-type]  # None is caught below
    except (TypeError, ValueError):
        return DEFAULT_RETRY_AFTER_S

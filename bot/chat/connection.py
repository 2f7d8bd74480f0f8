"""How Slack's requests come in: over a Socket Mode connection of ours, or to our Request URL."""

import json
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import parse_qs, parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from pydantic import SecretStr
from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode.internals import send_response
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.chat.socket_client import SocketClient
from bot.chat.socket_failures import Pauses
from bot.errors import BadSettings
from bot.health import Check

# A dead connection is left after more than four pings without an answer: measured, 3 to 5 s from its death to
# the next ack. The SDK as it comes takes 45 to 55 s, and the one over websocket-client never notices, since
# it sets no time-out for pongs. bench/sockets.py measures it.
PING_INTERVAL_S = 1.0
HEARD_WITHIN_PINGS = 3
PAUSES = Pauses()
SSL_CHECK_LIMIT = 4096
# Runs the listener that a payload is for; what it answers is the ack. Raises nothing.
Dispatch = Callable[[object], BoltResponse]
log = logging.getLogger(__name__)


class SocketMode:
    """A WebSocket to Slack, which the SDK renews when Slack asks for it or the pings stay unanswered."""

    def __init__(
        self,
        app: App,
        app_token: SecretStr,
        dispatch: Dispatch,
        *,
        ping_interval_s: float = PING_INTERVAL_S,
        pauses: Pauses = PAUSES,
    ) -> None:
        self._dispatch = dispatch
        self._heard_within_s = HEARD_WITHIN_PINGS * ping_interval_s
        self._client = SocketClient(
            app_token.get_secret_value(),
            logger=app.logger,
            web_client=app.client,
            ping_interval_s=ping_interval_s,
            pauses=pauses,
        )
        self._client.message_listeners.append(_give_a_payload)
        self._client.socket_mode_request_listeners.append(self._receive)

    def start(self) -> None:
        """Connect; raises BadSettings when Slack doesn't take the app token or can't be reached."""
        failure = self._client.open()
        if failure is None:
            return
        if failure.kind == "refused":
            raise BadSettings(
                f"Slack opened no connection for SLACK_APP_TOKEN ({failure.word}). Is it the xapp-… "
                "of this app, with connections:write, and is Socket Mode on?"
            )
        raise BadSettings(f"Slack can't be reached at SLACK_API_URL ({failure.word}).")

    def stop(self) -> None:
        """Take nothing more, let what was taken be acked, hang up; may take seconds where Slack hangs."""
        client = self._client
        client.give_up()
        client.closed = True
        client.message_processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        client.message_workers.shutdown()
        client.auto_reconnect_enabled = False
        client.close()
        client.disconnect()  # from a connection that was being made meanwhile

    def heard(self) -> Check:
        """Whether Slack answered a ping lately: a connection may look open long after it has died."""
        trouble, answered_at = self._client.trouble, self._client.answered_at
        if trouble is not None:
            return Check(ok=False, reason=trouble)
        if answered_at is None:
            connected = self._client.is_connected()
            reason = "no ping has been answered yet" if connected else "connecting again"
            return Check(ok=False, reason=f"there is no connection to Slack that works; {reason}")
        age_s = max(0.0, time.time() - answered_at)
        reason = f"Slack last answered a ping that was sent {age_s:.0f} s ago"
        return Check(ok=age_s <= self._heard_within_s, reason=reason)

    def answered(self) -> tuple[str, float] | None:
        """Which connection it is, and how many seconds ago Slack last answered on it; None without one."""
        session, answered_at = self._client.current_session, self._client.answered_at
        if session is None or answered_at is None:
            return None
        return session.session_id, max(0.0, time.time() - answered_at)

    def ask(self) -> None:
        """Ping Slack now, beside the regular pings; its answer is seen later."""
        session = self._client.current_session
        if session is not None:
            with suppress(OSError):  # whoever monitors the connection sees to it
                session.ping(f"{session.session_id}:{time.time()}")

    def _receive(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        began = time.time()
        send_response(client, request, self._dispatch(request.payload), began)


def _give_a_payload(_client: BaseSocketModeClient, message: dict[str, object], _raw: str | None) -> None:
    """Instead of a payload that is no object: for such a one the SDK raises, and nobody would ack it."""
    if "envelope_id" in message and not isinstance(message.get("payload"), dict):
        message.update(type=message.get("type", ""), payload={})


class RequestUrl:
    """The WSGI app behind our Request URL: signatures are checked before anything is parsed.

    Bolt would check them only after it has parsed the body, and logs the whole of one that it refuses.
    """

    def __init__(
        self,
        signing_secret: SecretStr,
        dispatch: Dispatch,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verifier = SignatureVerifier(signing_secret.get_secret_value())
        self._dispatch = dispatch
        self._monotonic = monotonic
        self._heard_at: float | None = None

    def start(self) -> None:
        """Slack connects to us; the HTTP server listens already."""
        log.info("waiting for requests from Slack")

    def stop(self) -> None:
        """Nothing to close: the HTTP server turns requests away while the bot leaves."""

    def heard(self) -> Check:
        """Always ok: Slack sends nothing while nobody types, so silence tells nothing."""
        if self._heard_at is None:
            return Check(ok=True, reason="HTTP mode: no request from Slack yet")
        ago_s = self._monotonic() - self._heard_at
        return Check(ok=True, reason=f"HTTP mode: Slack's last request came {ago_s:.0f} s ago")

    def answered(self) -> tuple[str, float]:
        """Whoever serves HTTP can be reached: Slack asks nothing before it sends a request."""
        return "HTTP", 0.0

    def ask(self) -> None:
        """There is nobody to ask."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request: 401 unless Slack signed it within the last five minutes.

        Slack checks our certificate now and then with a request that it doesn't sign: an empty 200, no more.
        """
        body = environ["wsgi.input"].read()
        signed = self._is_signed(environ, body)
        if not signed and _is_ssl_check(environ, body):
            start_response("200 OK", [("Content-Length", "0")])
            return []
        if not signed:
            log.warning("a request without Slack's signature, or an old one, was refused")
            status = HTTPStatus.UNAUTHORIZED
            start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"Not signed by Slack, or too old.\n"]
        self._heard_at = self._monotonic()
        answer = self._dispatch(_payload(body))
        status, content = HTTPStatus(answer.status), answer.body.encode()
        headers = [(name, value) for name, values in answer.headers.items() for value in values]
        start_response(f"{status.value} {status.phrase}", [*headers, ("Content-Length", str(len(content)))])
        return [content]

    def _is_signed(self, environ: WSGIEnvironment, body: bytes) -> bool:
        timestamp = environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP")
        try:
            return self._verifier.is_valid(body, timestamp, environ.get("HTTP_X_SLACK_SIGNATURE"))
        except (ValueError, TypeError):
            # A body that isn't UTF-8, a time that isn't a number, a signature that isn't ASCII.
            return False


def _is_ssl_check(environ: WSGIEnvironment, body: bytes) -> bool:
    """Whether a request is the form `ssl_check=1&token=…`, which Slack sends without a signature."""
    kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded" or len(body) > SSL_CHECK_LIMIT:
        return False
    return parse_qs(body.decode("latin-1")).get("ssl_check") == ["1"]


def _payload(body: bytes) -> object:
    """A command's fields, or the JSON in the form's one field; None where it is neither."""
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        return json.loads(form["payload"]) if "payload" in form else form
    except (ValueError, RecursionError):
        return None

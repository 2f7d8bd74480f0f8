"""The SDK's Socket Mode client, with pauses between its tries and a reason when it isn't connected."""

import logging
import socket
import threading
import time
from contextlib import suppress
from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

from bot import outbound
from bot.chat.socket_failures import ORDINARY, Failure, Pauses, disconnect_reason, explained, refusal

UNANSWERED_PINGS = 4
log = logging.getLogger(__name__)


class SocketClient(SocketModeClient):
    """Connects, and connects again in a thread of its own.

    The SDK's threads notice that a connection has ended, and call `connect_to_new_endpoint`; here it only
    wakes that thread. A connection is settled once it has answered a ping and lasted a while.
    """

    def __init__(
        self,
        app_token: str,
        *,
        web_client: WebClient,
        logger: logging.Logger,
        ping_interval_s: float,
        pauses: Pauses,
    ) -> None:
        super().__init__(app_token, logger=logger, web_client=web_client, ping_interval=ping_interval_s)
        self._pauses = pauses
        self._deaf_after_s = UNANSWERED_PINGS * ping_interval_s
        self._wanted, self._stopping = threading.Event(), threading.Event()
        self._made_at = time.monotonic()
        self._next_try_at: float | None = None
        self._over = False  # Slack has ended the current connection, or is about to
        self._ordinary = False
        self._failures = 0
        self._trouble: str | None = None
        self._is_latest = False  # `_trouble` is of the current connection, or of a try after it
        self._socket_error: str | None = None
        self._opening = False

    def open(self) -> Failure | None:
        """Connect now. What may pass is tried again in the background; what may not is returned."""
        failure = self._try()
        if failure is not None and failure.kind != "passing":
            return failure
        threading.Thread(target=self._keep_connected, name="slack-socket", daemon=True).start()
        if failure is not None:
            self._fails(failure.reason)
            self._wanted.set()
        return None

    def give_up(self) -> None:
        """Connect no more."""
        self._stopping.set()
        self._wanted.set()

    @property
    def answered_at(self) -> float | None:
        """When the latest ping that the current connection answered was sent (epoch), or None."""
        session = self.current_session
        return session.last_ping_pong_time if session is not None and self._stands(session) else None

    @property
    def trouble(self) -> str | None:
        """Why connections fail or end at once, until one has settled; a sentence without a full stop."""
        if self._trouble is None:
            return None
        if self._next_try_at is None:
            if self.is_connected():
                return f"{self._trouble}; connected again, if it lasts"
            return self._trouble if self._is_latest else None
        wait_s = max(0.0, self._next_try_at - time.monotonic())
        return f"{self._trouble}; the next try is in {wait_s:.0f} s"

    def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002  # the SDK's signature
        """Called by the SDK's threads when the connection isn't active."""
        self._wanted.set()

    def issue_new_wss_url(self) -> str:
        """Slack's address for one connection; unlike the SDK's own, it neither logs nor waits."""
        url = self.web_client.apps_connections_open(app_token=self.app_token)["url"]
        if not isinstance(url, str):
            raise TypeError("an answer without a URL")
        return url

    def connect(self) -> None:
        """Open a WebSocket at `wss_uri`, and leave the old one once it stands; the SDK logs what fails.

        The SDK's own closes the old one before it reads the new one, and takes up to three seconds for that.
        """
        proxy = outbound.proxy_for(str(self.wss_uri))
        self._socket_error, self._opening = None, True
        session = Connection(
            url=str(self.wss_uri),
            logger=self.logger,
            ping_interval=self.ping_interval,
            receive_buffer_size=self.receive_buffer_size,
            proxy=proxy.url if proxy else None,
            proxy_headers=dict(proxy.headers) if proxy else None,
            ssl_context=self.web_client.ssl,
            on_message_listener=self._on_message,
            on_error_listener=self._on_error,
            on_close_listener=self._on_close,
        )
        session.connect()
        self._opening = False
        if session.sock is None:
            return
        # Without it an ack waits in the kernel until Slack's side has confirmed the ack before.
        session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_latest = False
        old, old_state = self.current_session, self.current_session_state
        self.current_session = session
        self.current_session_state = ConnectionState()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        self._made_at, self._over = time.monotonic(), False
        old_state.terminated = True
        _hang_up(old)
        if not self.current_app_monitor_started:
            self.current_app_monitor_started = True
            self.current_app_monitor.start()

    def disconnect(self) -> None:
        """Close the current connection."""
        _hang_up(self.current_session)

    def _on_error(self, error: Exception) -> None:
        self._socket_error = outbound.cause(error, str(self.wss_uri))
        if not self._opening:  # or the SDK says it twice
            super()._on_error(error)

    def _on_message(self, message: str) -> None:
        """Keep disconnects from the SDK's queue, where the reason is lost and the envelopes wait behind."""
        reason = disconnect_reason(message)
        if reason is None:
            super()._on_message(message)
            return
        self._over, self._ordinary = True, reason in ORDINARY
        if self._ordinary:
            self._trouble = None
        else:
            self._fails(f"Slack ended the connection ({explained(reason)})")
            log.warning("%s", self._trouble)
            self.disconnect()
        self._wanted.set()

    def _on_close(self, code: int, reason: str | None = None) -> None:
        self._over = True
        super()._on_close(code, reason)

    def _monitor_current_session(self) -> None:
        """Ping, and leave a connection that doesn't answer, even if it never did."""
        session = self.current_session
        if session is not None and session.is_active():
            silent_s = time.monotonic() - self._made_at
            if session.last_ping_pong_time is not None:
                silent_s = min(silent_s, time.time() - session.last_ping_pong_time)
            elif silent_s > self._deaf_after_s:
                self._fails("Slack answered no ping on the last connection")
            if silent_s > self._deaf_after_s:
                _hang_up(session)
        if self._settled():
            self._trouble = None
        super()._monitor_current_session()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped

    def _stands(self, session: Connection) -> bool:
        return session.is_active() and not self._over

    def _settled(self) -> bool:
        return self.answered_at is not None and self._lasted()

    def _lasted(self) -> bool:
        return time.monotonic() - self._made_at >= self._pauses.settled_s

    def _keep_connected(self) -> None:
        while not self._stopping.is_set():
            self._wanted.wait()
            self._wanted.clear()
            if self._over or not self.is_connected():
                self._renew()

    def _renew(self) -> None:
        session = self.current_session
        settled = session is not None and session.last_ping_pong_time is not None and self._lasted()
        self._failures = 0 if settled else self._failures + 1
        least_s = 0.0
        at_once = settled or (self._ordinary and self._failures == 1)
        if not at_once and not self._is_latest:
            self._fails("connections to Slack end soon after they are made")
        while not self._stopping.is_set():
            if not at_once:
                self._pause(least_s)
            at_once, self._ordinary = False, False
            failure = self._try()
            if failure is None:
                log.info("connected to Slack")
                return
            self._failures += 1
            self._fails(failure.reason)
            least_s = failure.pause_s

    def _fails(self, reason: str) -> None:
        self._trouble, self._is_latest = reason, True

    def _pause(self, least_s: float) -> None:
        pause_s = max(least_s, self._pauses.after(self._failures))
        log.warning("not connected to Slack: %s; the next try is in %.1f s", self._trouble, pause_s)
        self._next_try_at = time.monotonic() + pause_s
        self._stopping.wait(pause_s)
        self._next_try_at = None

    def _try(self) -> Failure | None:
        """Make one connection; None when it stands."""
        try:
            with self.connect_operation_lock:  # an ack that finds the old one closed waits for the new one
                self.wss_uri = self.issue_new_wss_url()
                self.connect()
        except SlackApiError as exc:
            return refusal(exc)
        except OSError as exc:
            why = outbound.cause(exc, self.web_client.base_url)
            return Failure(kind="unreachable", word=why, reason=f"Slack can't be reached ({why})")
        except (SlackClientError, HTTPException, TypeError, ValueError) as exc:
            return Failure(reason=f"Slack's answer can't be read ({type(exc).__name__})")
        if self._stopping.is_set():
            self.disconnect()
        if self._over or not self.is_connected():
            return Failure(
                reason=f"the WebSocket to Slack can't be opened ({self._socket_error or 'refused'})"
            )
        return None


def _hang_up(session: Connection | None) -> None:
    """Close a connection at once; nothing where that has been done."""
    sock = session.sock if session is not None else None
    if session is None or sock is None:
        return
    with suppress(OSError, AttributeError):  # another thread was faster
        sock.shutdown(socket.SHUT_RDWR)  # ends the read that the SDK's disconnect() would wait for
        session.disconnect()

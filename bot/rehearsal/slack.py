"""A Slack on loopback, against which the real bot process runs."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import yaml
from starlette.applications import Starlette
from starlette.routing import BaseRoute, WebSocketRoute

from bot.rehearsal.gate import Gate
from bot.rehearsal.northwind import northwind
from bot.rehearsal.server import LoopbackServer
from bot.rehearsal.slack_channels import Channels
from bot.rehearsal.slack_endpoints import Endpoints
from bot.rehearsal.slack_faults import Fault, Faults
from bot.rehearsal.slack_http import RequestUrl
from bot.rehearsal.slack_people import Ack, People, Typed
from bot.rehearsal.slack_responses import Responses
from bot.rehearsal.slack_sockets import Reply, Sockets
from bot.rehearsal.slack_traffic import Exchange, Traffic
from bot.rehearsal.slack_views import View, Views
from bot.rehearsal.slack_web import WebApi
from bot.rehearsal.workspace import Ephemeral, Message, Observer, Workspace

T = TypeVar("T")
_SETTLE_S = 10.0


def bot_scopes(manifest: Path) -> frozenset[str]:
    """The bot scopes that a manifest.yml declares."""
    return frozenset(yaml.safe_load(manifest.read_text("utf-8"))["oauth_config"]["scopes"]["bot"])


class LocalSlack:
    """Web API, Socket Mode and response_urls on 127.0.0.1; as a context manager it runs.

    With `request_url` it sends signed HTTP requests there instead of using sockets. `routes` are served
    beside its own. `public_url` is how the app reaches it, where that isn't on loopback: links, response_urls
    and sockets begin with it. Everything here may be called from any thread but the server's own; what people
    do blocks until the app has acked or three seconds have passed. People and channels go by id or name.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        signing_secret: str,
        scopes: frozenset[str],
        workspace: Workspace | None = None,
        clock: Callable[[], float] = time.time,
        port: int = 0,
        routes: Sequence[BaseRoute] = (),
        request_url: str | None = None,
        public_url: str | None = None,
    ) -> None:
        app = Starlette()
        self._server = LoopbackServer(app, port=port)
        self.url = self._server.url
        self._public_url = public_url or self.url
        self.api_url = f"{self._public_url}/api/"
        self.workspace = workspace or northwind(clock)
        self.channels = Channels(self.workspace)
        self.faults = Faults()
        self._traffic = Traffic(self.workspace, (bot_token, app_token, signing_secret))
        self._sockets = Sockets(self.workspace, self._traffic)
        self._views = Views(self.workspace)
        responses = Responses(self.workspace, self._public_url)
        self._delivery = RequestUrl(request_url, signing_secret, clock) if request_url else self._sockets
        self._people = People(
            workspace=self.workspace,
            views=self._views,
            responses=responses,
            traffic=self._traffic,
            delivery=self._delivery,
        )
        endpoints = Endpoints(
            bot_token=bot_token,
            app_token=app_token,
            api=WebApi(
                workspace=self.workspace,
                views=self._views,
                scopes=scopes,
                url=self._public_url,
                socket_url=self._socket_url,
            ),
            responses=responses,
            faults=self.faults,
            traffic=self._traffic,
        )
        app.router.routes += [*endpoints.routes(), WebSocketRoute("/link/", self._sockets.serve), *routes]

    def _socket_url(self) -> str:
        return f"{self._public_url.replace('http', 'ws', 1)}/link/?ticket={self._sockets.ticket()}"

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        self._server.__exit__(kind, error, trace)

    # What people do.

    def command(self, user: str, channel: str, text: str, command: str = "/vpn") -> Ack:
        """Type a slash command; CannotAct."""
        return self._server.call(
            self._people.command(Typed(user=user, channel=channel, text=text, command=command))
        )

    def burst(self, commands: Sequence[Typed], over_s: float = 2.0) -> list[Ack]:
        """Many people type at once, evenly spread over `over_s` seconds; the acks in the order given."""
        return self._server.call(self._people.burst(commands, over_s))

    def press(self, user: str, channel: str, message_ts: str, action_id: str, *, stale: bool = False) -> Ack:
        """Press a button that the message shows, or (stale) once showed; NoSuchButton, CannotAct."""
        return self._server.call(self._people.press(user, channel, message_ts, action_id, stale=stale))

    def submit(self, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]]) -> Ack:
        """Submit a modal with values by block_id and action_id; NoSuchInput, CannotAct, KeyError."""
        return self._server.call(self._people.submit(user, view_id, values))

    def close_view(self, user: str, view_id: str) -> Ack | None:
        """Close a modal; None when the app hasn't asked to be told."""
        return self._server.call(self._people.close_view(user, view_id))

    def send(self, kind: str, payload: Any) -> Reply:
        """Send any payload at all, as slash_commands or interactive; the app's ack, which nobody sees."""
        return self._server.call(self._delivery.deliver(kind, payload))

    def delete(self, channel: str, ts: str) -> None:
        """A person takes a message away; KeyError, ApiError message_not_found."""
        where = self.workspace.channel(channel).channel_id
        self.workspace.delete(self.workspace.message(where, ts))

    # What there is to see.

    def messages(self, channel: str) -> tuple[Message, ...]:
        """Everything said in a channel, threads included, in reading order."""
        return self.workspace.messages(self.workspace.channel(channel).channel_id)

    def thread(self, channel: str, root_ts: str) -> tuple[Message, ...]:
        """A thread: its root, then its replies."""
        return self.workspace.thread(self.workspace.channel(channel).channel_id, root_ts)

    def ephemerals(self, user: str | None = None, channel: str | None = None) -> tuple[Ephemeral, ...]:
        """What people saw privately, oldest first."""
        return self.workspace.ephemerals(
            self.workspace.person(user).user_id if user else None,
            self.workspace.channel(channel).channel_id if channel else None,
        )

    def views(self, user: str) -> tuple[View, ...]:
        """The modals that are open before a person."""
        return self._views.shown(self.workspace.person(user).user_id)

    @property
    def mass_pings(self) -> tuple[Message, ...]:
        """Messages that would have notified a whole channel or workspace."""
        return tuple(self.workspace.mass_pings)

    @property
    def traffic(self) -> tuple[Exchange, ...]:
        """The latest exchanges, oldest first."""
        return self._traffic.kept()

    @property
    def sockets(self) -> int:
        """How many Socket Mode connections are open."""
        return self._sockets.count

    @property
    def handshakes(self) -> int:
        """How many WebSockets were ever opened, refused ones included."""
        return self._sockets.handshakes

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Watch every change (see `Workspace.observe`); call the result to stop."""
        return self.workspace.observe(observer)

    def wait_for(self, predicate: Callable[[], T | None], timeout_s: float = _SETTLE_S) -> T:
        """Wait until the predicate is true and give its value; TimeoutError says what went on instead.

        It is asked again after every change, under the lock: it may look but must not act or wait.
        """
        with self.workspace.changed:
            value = self.workspace.changed.wait_for(predicate, timeout_s)
            if not value:
                last = [f"{one.kind} {one.name} → {one.answer}"[:300] for one in self.traffic[-5:]]
                raise TimeoutError("\n".join([f"not within {timeout_s} s; the last exchanges:", *last]))
            return value

    def wait_connected(self, sockets: int = 1, timeout_s: float = _SETTLE_S) -> None:
        """Wait until so many sockets are connected."""
        self.wait_for(lambda: self.sockets >= sockets, timeout_s)

    # What goes wrong.

    def inject(self, method: str, *faults: Fault) -> None:
        """Queue faults for the next calls of a Web API method, or of `response_url`."""
        self.faults.inject(method, *faults)

    def hold(self, method: str, *, carried_out: bool = False) -> Gate:
        """Hold the next call of a method before it is carried out, or with its answer when it has been."""
        gate = Gate()
        self.inject(method, Fault.held(gate, carried_out=carried_out))
        return gate

    def limit_posts(self, per_second: float = 1.0, burst: float = 1.0) -> None:
        """Answer 429 where a channel gets more chat.postMessage than this."""
        self.faults.limit_posts(per_second, burst)

    def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask the app to connect anew, as Slack does every few hours."""
        self._server.call(self._sockets.refresh(reason))

    def refuse_sockets(self, reason: str | None) -> None:
        """Answer every new WebSocket with this disconnect and hang up; None takes them again."""
        self._sockets.refused_with = reason

    def drop_sockets(self) -> None:
        """Reset every WebSocket, without a close frame."""
        self._server.call(self._sockets.drop())

    def freeze_sockets(self) -> None:
        """Leave the WebSockets open but dead: no pong, no envelope. New connections live."""
        self._server.call(self._sockets.freeze())

    def thaw_sockets(self) -> None:
        """End the freeze; what was held back arrives late."""
        self._server.call(self._sockets.thaw())

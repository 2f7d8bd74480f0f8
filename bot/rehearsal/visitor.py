"""The page's server side: what a visitor sees, as server-sent events, and what they do, as POSTs.

Only browsers that call this machine by its loopback name are served, and only the page itself may POST.
"""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Event, Lock
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.rehearsal.limits import ApiError
from bot.rehearsal.mishaps import Mishaps
from bot.rehearsal.players import Players
from bot.rehearsal.shown import cast, cloud_entry, scene, slack_entry
from bot.rehearsal.slack_people import CannotAct, NoSuchButton
from bot.rehearsal.slack_traffic import Exchange
from bot.rehearsal.slack_views import NoSuchInput
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_seed import TUNNELS

PAGE = Path(__file__).with_name("page")
KEPT_ENTRIES = 500
_LOOK_S = 0.15
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
M = TypeVar("M", bound=BaseModel)


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Typed(_Wish):
    who: str
    channel: str
    text: str = Field(min_length=1, max_length=4_000)


class _Pressed(_Wish):
    who: str
    channel: str
    ts: str
    action_id: str


class _Submitted(_Wish):
    who: str
    view_id: str
    values: dict[str, dict[str, Any]]


class _Closed(_Wish):
    who: str
    view_id: str


class _Chosen(_Wish):
    target: str
    what: str


class _Tunnel(_Wish):
    tunnel_id: str


class _Power(_Wish):
    on: bool


class Visitor:
    """Serves the page of one stage; `opened` is set once a browser has come."""

    def __init__(self, stage: Stage, players: Players) -> None:
        self.opened = Event()
        self._caption = ""
        self._stage = stage
        self._players = players
        self._mishaps = Mishaps(stage)
        self._run = secrets.token_hex(4)
        self._closed = False
        self._lock = Lock()
        self._power = Lock()
        self._entries: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT_ENTRIES)
        self._counted = 0
        stage.slack.subscribe(lambda happening: self._exchanged(happening.item))
        stage.vpc.subscribe(lambda call: self._keep(cloud_entry(call)))

    def app(self) -> Starlette:
        """The page, its events, and one POST for each thing that a visitor does."""
        return Starlette(
            routes=[
                Route("/events", self._events),
                _post("/type", _Typed, lambda it: self._players.type(it.who, it.channel, it.text)),
                _post(
                    "/press",
                    _Pressed,
                    lambda it: self._players.press(it.who, it.channel, it.ts, it.action_id),
                ),
                _post("/submit", _Submitted, lambda it: self._players.submit(it.who, it.view_id, it.values)),
                _post("/close", _Closed, lambda it: self._players.close(it.who, it.view_id)),
                _post("/mishap", _Chosen, lambda it: self._mishaps.choose(it.target, it.what)),
                _post("/restore", _Tunnel, self._restore),
                _post("/bot", _Power, self._switch),
                Mount("/", StaticFiles(directory=PAGE, html=True)),
            ],
            middleware=[Middleware(_Guard)],
        )

    def show_caption(self, what: str) -> None:
        """Say on the page what is being played by itself just now; "" for nothing."""
        self._caption = what

    def close(self) -> None:
        """End every stream of events, so that the server needn't wait for them."""
        self._closed = True

    def _exchanged(self, item: object) -> None:
        if isinstance(item, Exchange):
            self._keep(slack_entry(item))

    def _keep(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._counted += 1
            self._entries.append((self._counted, entry))

    def _after(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        with self._lock:
            return [one for one in self._entries if one[0] > number]

    async def _events(self, request: Request) -> Response:
        run, _, number = request.headers.get("last-event-id", "").partition("-")
        seen = int(number) if run == self._run and number.isdecimal() else 0
        return StreamingResponse(self._stream(seen), media_type="text/event-stream")

    async def _stream(self, seen: int) -> AsyncIterator[str]:
        """The cast, then each new inspector entry once, and the whole scene whenever it has changed."""
        self.opened.set()
        yield _event("cast", {"run": self._run, **cast(self._stage)})
        shown = ""
        while not self._closed:
            for number, entry in self._after(seen):
                seen = number
                yield _event("entry", {"number": number, **entry}, f"{self._run}-{number}")
            now = _event("scene", self._scene())
            if now != shown:
                shown = now
                yield now
            await asyncio.sleep(_LOOK_S)

    def _scene(self) -> dict[str, Any]:
        return scene(self._stage, caption=self._caption, waiting=self._mishaps.waiting)

    def _restore(self, wish: _Tunnel) -> None:
        gateway_id, fields = {tunnel["VpnConnectionId"]: (gateway, tunnel) for gateway, tunnel in TUNNELS}[
            wish.tunnel_id
        ]
        self._stage.vpc.add_tunnel(gateway_id, **fields)

    def _switch(self, wish: _Power) -> None:
        """kill -9 the bot, or start it again where it doesn't run."""
        with self._power:
            bot = self._stage.bots[-1]
            if bot.alive and not wish.on:
                bot.kill()
            elif wish.on and not bot.alive:
                self._stage.start_bot(wait=False)


def _event(name: str, body: dict[str, Any], event_id: str = "") -> str:
    numbered = f"id: {event_id}\n" if event_id else ""
    return f"{numbered}event: {name}\ndata: {json.dumps(body)}\n\n"


def _post(path: str, wanted: type[M], act: Callable[[M], object]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            await run_in_threadpool(act, wanted.model_validate_json(await request.body()))
        except ValidationError:
            return JSONResponse({"error": "The page sent something that can't be read."}, 422)
        except KeyError:
            return JSONResponse({"error": "That isn't there (any more)."}, 404)
        except (ApiError, CannotAct, NoSuchButton, NoSuchInput) as no:
            return JSONResponse({"error": f"Slack says no: {no}"}, 409)
        return Response(status_code=204)

    return Route(path, endpoint, methods=["POST"])


class _Guard:
    """Refuses other hosts' names (DNS rebinding) and other origins' POSTs, and adds the page's headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        if host.partition(":")[0] not in _LOOPBACK:
            refusal = PlainTextResponse("Open this page as http://127.0.0.1.", 421)
            await refusal(scope, receive, send_guarded)
        elif scope["method"] == "POST" and headers.get("origin") != f"http://{host}":
            await PlainTextResponse("Only the page itself may do this.", 403)(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

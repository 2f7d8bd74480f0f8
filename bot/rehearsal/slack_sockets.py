"""Socket Mode's server side: hello, envelopes, acks, disconnects, and connections that die."""

import asyncio
import json
import time
import uuid
from asyncio import Future, Transport
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.rehearsal.server import reset
from bot.rehearsal.slack_shapes import APP_ID
from bot.rehearsal.slack_traffic import Traffic
from bot.rehearsal.workspace import Workspace

ACK_WITHIN_S = 3.0
CONNECTIONS_LIMIT = 10
TICKET_LIFE_S = 30.0
LEAVE_WITHIN_S = 10.0
_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of one envelope; `error` is operation_timeout or dispatch_failed when it was not acked."""

    ms: float
    payload: Any = None
    error: str | None = None


class Delivery(Protocol):
    """A way to tell the app something and hear its ack."""

    async def deliver(self, kind: str, payload: Mapping[str, Any]) -> Reply:
        """`kind` is slash_commands or interactive."""


class _KeepAlive(Protocol):
    def start_keepalive(self) -> None: ...

    def stop_keepalive(self) -> None: ...


@dataclass(eq=False)
class _Socket:
    ws: WebSocket
    leaving: bool = False
    frozen: bool = False
    unsent: list[str] = field(default_factory=list)

    @property
    def transport(self) -> Transport:
        return cast("Transport", self.ws.scope["state"]["transport"])

    async def send(self, message: Mapping[str, Any]) -> None:
        text = json.dumps(message)
        if self.frozen:
            self.unsent.append(text)
        else:
            await self.ws.send_text(text)

    def freeze(self) -> None:
        self.frozen = True
        self.transport.pause_reading()
        cast("_KeepAlive", self.transport.get_protocol()).stop_keepalive()

    async def thaw(self) -> None:
        self.frozen = False
        self.transport.resume_reading()
        cast("_KeepAlive", self.transport.get_protocol()).start_keepalive()
        unsent, self.unsent = self.unsent, []
        for text in unsent:
            await self.ws.send_text(text)


class Sockets:
    """The app's connections; everything but `count` runs on the server's event loop."""

    def __init__(self, workspace: Workspace, traffic: Traffic) -> None:
        self._workspace = workspace
        self._traffic = traffic
        self._tickets: dict[str, float] = {}
        self._open: list[_Socket] = []
        self._turn = 0
        self.refused_with: str | None = None
        self.handshakes = 0
        self._waiting: dict[str, Future[tuple[float, Any]]] = {}
        self._over: dict[str, None] = {}

    @property
    def count(self) -> int:
        """How many connections take envelopes, dead ones included and leaving ones not."""
        return sum(not one.leaving for one in self._open)

    def ticket(self) -> str:
        """A ticket for one connection, good for half a minute."""
        ticket = uuid.uuid4().hex
        self._tickets[ticket] = self._workspace.clock()
        return ticket

    async def serve(self, ws: WebSocket) -> None:
        """One connection from its handshake to its end."""
        since = self._tickets.pop(ws.query_params.get("ticket", ""), None)
        if since is None or self._workspace.clock() - since > TICKET_LIFE_S:
            await ws.close(1008)
            return
        await ws.accept()
        self.handshakes += 1
        socket = _Socket(ws)
        reason = "too_many_websockets" if len(self._open) >= CONNECTIONS_LIMIT else self.refused_with
        if reason is not None:
            await socket.send(_disconnect(reason))
            await ws.close()
            return
        self._open.append(socket)
        try:
            await socket.send(self._hello())
            self._workspace.tell("sockets", self.count)
            while True:
                self._acked(await ws.receive_text())
                if socket.frozen:  # the server reads on once a message was taken; the dead don't
                    socket.transport.pause_reading()
        except WebSocketDisconnect:
            pass
        finally:
            self._open.remove(socket)
            self._workspace.tell("sockets", self.count)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": self.count,
            "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP_ID},
        }

    async def deliver(self, kind: str, payload: Mapping[str, Any]) -> Reply:
        """Send one envelope to one connection, in turn, and wait at most three seconds for its ack."""
        socket = self._next()
        if socket is None:
            return Reply(ms=0.0, error="dispatch_failed")
        envelope_id = str(uuid.uuid4())
        answer: Future[tuple[float, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = answer
        began = time.perf_counter()
        try:
            async with asyncio.timeout(ACK_WITHIN_S):
                await socket.send(
                    {
                        "envelope_id": envelope_id,
                        "type": kind,
                        "payload": payload,
                        "accepts_response_payload": True,
                    }
                )
                at, acked = await answer
        except TimeoutError:
            return Reply(ms=_ms_since(began), error="operation_timeout")
        except WebSocketDisconnect:
            return Reply(ms=_ms_since(began), error="dispatch_failed")
        finally:
            del self._waiting[envelope_id]
            self._over[envelope_id] = None
            if len(self._over) > _REMEMBERED:
                del self._over[next(iter(self._over))]
        return Reply(ms=(at - began) * 1_000, payload=acked)

    def _next(self) -> _Socket | None:
        """The connection whose turn it is; a dead one only while there is no other."""
        staying = [one for one in self._open if not one.leaving]
        able = [one for one in staying if not one.frozen] or staying
        self._turn += 1
        return able[self._turn % len(able)] if able else None

    def _acked(self, text: str) -> None:
        at = time.perf_counter()
        message = json.loads(text)
        envelope_id = message.get("envelope_id", "")
        answer = self._waiting.get(envelope_id)
        if answer is not None and not answer.done():
            answer.set_result((at, message.get("payload")))
        else:
            why = "late" if envelope_id in self._over else "unknown envelope"
            why = "twice" if answer is not None else why
            self._traffic.record("out", "ack", why, message)

    async def refresh(self, reason: str) -> None:
        """Ask every connection to come again; Slack sends them nothing more and soon closes them."""
        loop = asyncio.get_running_loop()
        for socket in tuple(self._open):
            socket.leaving = True
            self._workspace.tell("sockets", self.count)
            await socket.send(_disconnect(reason))
            loop.call_later(LEAVE_WITHIN_S, socket.transport.close)

    async def drop(self) -> None:
        """Reset every connection, without a close frame."""
        for socket in tuple(self._open):
            socket.leaving = True
            reset(socket.ws)

    async def freeze(self) -> None:
        """Let every connection stand open but dead: nothing is read, answered or sent."""
        for socket in self._open:
            socket.freeze()

    async def thaw(self) -> None:
        """Bring the dead connections back, with what was held back."""
        for socket in tuple(self._open):
            if socket.frozen:
                await socket.thaw()


def _disconnect(reason: str) -> dict[str, Any]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1_000

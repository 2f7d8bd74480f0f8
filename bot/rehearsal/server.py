"""One loopback HTTP server in a thread, whose connections can be reset on demand."""

import asyncio
import socket
import struct
import threading
from asyncio import AbstractEventLoop, Transport
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import uvicorn
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

START_TIMEOUT_S = 10.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

T = TypeVar("T")


class _ResettableProtocol(H11Protocol):
    """Hands each request its transport, so that an endpoint can play a connection that dies."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn's is untyped
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def reset(connection: HTTPConnection) -> None:
    """Send a TCP reset (RST) to this request's peer, as a dying middlebox would; nothing if it has gone."""
    transport = cast("Transport", connection.scope["state"]["transport"])
    if transport.is_closing():
        return
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


class _Server(uvicorn.Server):
    """Tells when it has begun to listen."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class LoopbackServer:
    """Serves an ASGI app on 127.0.0.1 from a thread of its own.

    As a context manager: bound, listening and answering on entry; closed on exit.
    """

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        # Named as TCP, asyncio turns Nagle's algorithm off; left unnamed, each answer takes 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http=_ResettableProtocol,
            ws="websockets-sansio",
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        self._server = _Server(config)
        self._loop: AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name=f"loopback:{self.port}", daemon=True)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])

    @property
    def loop(self) -> AbstractEventLoop:
        """The event loop that serves, for `call_soon_threadsafe`; RuntimeError before entry."""
        if self._loop is None:
            raise RuntimeError("the local server does not run")
        return self._loop

    def call(self, coroutine: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
        """Run a coroutine on the server's event loop and wait for its value; not from that loop itself."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout_s)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._server.listening.wait(START_TIMEOUT_S):
            raise RuntimeError("the local server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._socket.close()

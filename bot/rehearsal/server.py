"""One loopback HTTP server in a thread, whose connections can be reset on demand."""

import socket
import struct
import threading
from asyncio import Transport
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, cast

import uvicorn
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

START_TIMEOUT_S = 10.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _ResettableProtocol(H11Protocol):
    """Hands each request its transport, so that an endpoint can play a connection that dies."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # uvicorn's is untyped
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def reset(connection: HTTPConnection) -> None:
    """Send a TCP reset (RST) to this request's peer, as a dying middlebox would."""
    transport = cast("Transport", connection.scope["state"]["transport"])
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


class LoopbackServer:
    """Serves an ASGI app on 127.0.0.1 from a thread of its own.

    As a context manager: bound, listening and answering on entry; closed on exit.
    """

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            app,
            http=_ResettableProtocol,
            ws="websockets-sansio",
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name=f"loopback:{self.port}", daemon=True)

    def _run(self) -> None:
        cast("Callable[..., Any]", self._server.run)(sockets=[self._socket])

    def __enter__(self) -> Self:
        self._thread.start()
        # The listening socket accepts from `bind` on only once uvicorn has called listen().
        ready = threading.Event()
        deadline = START_TIMEOUT_S
        while not self._server.started and self._thread.is_alive() and deadline > 0:
            ready.wait(0.01)
            deadline -= 0.01
        if not self._server.started:
            raise RuntimeError("the local server did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._socket.close()

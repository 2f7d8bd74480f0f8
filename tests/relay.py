"""Between a bot and PostgreSQL: a relay that cuts the connection at the COMMIT of one chosen transaction."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
_CHUNK = 65_536
WAIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Cuts the first COMMIT of a transaction in whose bytes all of `marks` stand.

    forwarded: it reaches the server first, and is answered there. answered: so is the client, and only then
    the connection is cut. stay_down: nobody gets through afterwards, until the relay is opened again.
    done: it has happened.
    """

    marks: tuple[bytes, ...]
    forwarded: bool
    stay_down: bool
    answered: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Block until it has happened."""
        assert self.done.wait(WAIT_S), f"no transaction with {self.marks} was committed"


class Relay:
    """Listens on `port` of loopback, and passes everything on to the server's port there."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._is_open = True
        self._cut: Cut | None = None
        self._answering: tuple[socket.socket, Cut] | None = None
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_commit(self, *marks: bytes, forwarded: bool, stay_down: bool) -> Cut:
        """Lay in wait; one at a time."""
        self._cut = cut = Cut(marks, forwarded, stay_down)
        return cut

    def cut_after(self, *marks: bytes) -> Cut:
        """Lay in wait for a transaction; nobody gets through once its client knows that it was committed."""
        self._cut = cut = Cut(marks, forwarded=True, stay_down=True, answered=True)
        return cut

    def open(self) -> None:
        """Let everybody through again."""
        self._is_open = True

    def shut(self) -> None:
        """Cut every connection, and let nobody through."""
        self._is_open = False
        with self._lock:
            for one in self._sockets:
                _hang_up(one)

    def close(self) -> None:
        """End it."""
        self.shut()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._is_open:
                    client.close()
                    continue
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._to_port)) as server:
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._sockets |= {client, server}
            try:
                threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()
                self._watch(client, server)
            finally:
                with self._lock:
                    self._sockets -= {client, server}
                _hang_up(client)
                _hang_up(server)

    def _watch(self, client: socket.socket, server: socket.socket) -> None:
        """Pass on what the client sends, up to the COMMIT that is to be cut."""
        since_begin = b""
        while chunk := client.recv(_CHUNK):
            since_begin = chunk if b"BEGIN" in chunk else since_begin + chunk
            cut = self._cut
            if chunk == _COMMIT and cut is not None and all(mark in since_begin for mark in cut.marks):
                self._cut = None
                if not cut.forwarded:
                    self._hang_up_at(cut, client)
                    return
                self._answering = (server, cut)
            server.sendall(chunk)

    def _pass_on(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while chunk := server.recv(_CHUNK):
                cut = None
                if self._answering is not None and self._answering[0] is server:
                    cut, self._answering = self._answering[1], None
                if cut is None or cut.answered:
                    client.sendall(chunk)
                if cut is not None:
                    self._hang_up_at(cut, client)
            _hang_up(client)

    def _hang_up_at(self, cut: Cut, client: socket.socket) -> None:
        self._is_open = not cut.stay_down
        _hang_up(client)
        if cut.stay_down:
            self.shut()
        cut.done.set()


def _hang_up(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(url: str) -> Iterator[tuple[Relay, str]]:
    """A relay before the database at `url`, and the URL that leads through it."""
    server, _, name = url.rpartition("/")
    before, _, port = server.rpartition(":")
    running = Relay(int(port))
    try:
        yield running, f"{before}:{running.port}/{name}"
    finally:
        running.close()

"""A server on loopback that answers one request with given bytes, whatever they are."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

DEADLINE_S = 5.0


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Gives the URL; the first request there gets `answer`, and then the connection is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(DEADLINE_S)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(DEADLINE_S)
                request = b""
                while not _whole(request):
                    request += connection.recv(65_536)
                connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/"
        finally:
            server.join(DEADLINE_S)


def _whole(request: bytes) -> bool:
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    ]
    return b"\r\n\r\n" in request and len(body) >= int(lengths[0] if lengths else 0)

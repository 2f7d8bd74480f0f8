"""A strict forward proxy on loopback, behind which names under .test are local servers that speak TLS."""

import shutil
import socket
import ssl
import subprocess
import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

SLACK, CLOUD = "slack.test", "vpc.test"
_HEAD_LIMIT = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate for SLACK and CLOUD that no store trusts, and its key."""

    path: Path
    key: Path


def certificate(folder: Path, name: str = "ca") -> Certificate:
    """Make one; skips the test where there is no openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine (Debian: apt-get install openssl)")
    made = Certificate(path=folder / f"{name}.pem", key=folder / f"{name}.key")
    names = f"subjectAltName=DNS:{SLACK},DNS:{CLOUD}"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=local"),
            *("-addext", names, "-keyout", str(made.key), "-out", str(made.path)),
        ],
        check=True,
        capture_output=True,
    )
    return made


class ForwardProxy:
    """Takes CONNECT HOST:443, and plain http:// requests, for the hosts that it knows.

    It wants just these credentials (403 for another host, 407 without them), plays the TLS server of the host
    that was asked for, and hands the bytes to the host's port on loopback.
    """

    def __init__(self, ports: Mapping[str, int], tls: Certificate, credentials: bytes | None = None) -> None:
        self._ports = ports
        self._wanted = f"Basic {b64encode(credentials).decode()}" if credentials is not None else None
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(tls.path, tls.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.heads: list[str] = []
        self.refused: list[int] = []
        self._open: list[socket.socket] = []

    @property
    def asked(self) -> set[str]:
        """Method and target of every request so far."""
        return {" ".join(head.split(" ", 2)[:2]) for head in self.heads}

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, ValueError):
            head = _head(client)
            self.heads.append(head)
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            given = [line for line in head.split("\r\n") if line.lower().startswith("proxy-authorization:")]
            if [line.partition(":")[2].strip() for line in given] != ([self._wanted] if self._wanted else []):
                self._refuse(client, 407)
            elif method == "CONNECT":
                self._tunnel(client, target)
            else:
                self._forward(client, method, target, head)

    def _tunnel(self, client: socket.socket, target: str) -> None:
        host, _, port = target.partition(":")
        if host not in self._ports or port != "443":
            self._refuse(client, 403)
            return
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inside = self._context.wrap_socket(client, server_side=True)
        self._open.append(inside)
        self._pump(inside, socket.create_connection(("127.0.0.1", self._ports[host])))

    def _forward(self, client: socket.socket, method: str, target: str, head: str) -> None:
        host, _, path = target.removeprefix("http://").partition("/")
        if not target.startswith("http://") or host not in self._ports:
            self._refuse(client, 403)
            return
        rest = head.split("\r\n", 1)[1]
        kept = [line for line in rest.split("\r\n") if not line.lower().startswith("proxy-authorization:")]
        server = socket.create_connection(("127.0.0.1", self._ports[host]))
        server.sendall("\r\n".join([f"{method} /{path} HTTP/1.1", *kept]).encode())
        self._pump(client, server)

    def _refuse(self, client: socket.socket, status: int) -> None:
        self.refused.append(status)
        client.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        client.close()

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        self._open.append(server)
        threading.Thread(target=_copy, args=(server, client), daemon=True).start()
        _copy(client, server)


def _head(client: socket.socket) -> str:
    """Byte by byte, so that nothing behind it is swallowed."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = client.recv(1)
        if not more or len(head) > _HEAD_LIMIT:
            raise ValueError("no request")
        head += more
    return head.decode("latin-1")


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while data := source.recv(65_536):
            target.sendall(data)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)

"""The loopback server under the local Slack and the local VPC."""

import socket

import requests
from starlette.types import Receive, Scope, Send

from bot.rehearsal.server import LoopbackServer


async def tell_nodelay(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers whether this connection sends without Nagle's delay."""
    sock = scope["state"]["transport"].get_extra_info("socket")
    without_delay = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(without_delay).encode()})


def test_answers_leave_at_once() -> None:
    """Head and body are two writes: with Nagle's algorithm each answer would take 40 ms."""
    with LoopbackServer(tell_nodelay) as server:
        assert requests.get(server.url, timeout=5).text == "True"

"""The local Slack without Socket Mode: signed requests to the app's Request URL."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import requests

from bot.rehearsal.slack_sockets import ACK_WITHIN_S, Reply


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v0=` and hex(HMAC-SHA256(secret, "v0:timestamp:body")), as in "Verifying requests from Slack"."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class RequestUrl:
    """Delivers by HTTP POST; the answer within three seconds is the ack."""

    def __init__(self, url: str, signing_secret: str, clock: Callable[[], float]) -> None:
        self._url = url
        self._secret = signing_secret
        self._clock = clock

    async def deliver(self, kind: str, payload: Mapping[str, Any]) -> Reply:
        """`kind` is slash_commands (a form) or interactive (a form with one JSON field)."""
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        return await asyncio.to_thread(self._post, urlencode(form).encode())

    def _post(self, body: bytes) -> Reply:
        timestamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }
        began = time.perf_counter()
        try:
            with requests.Session() as session:
                session.trust_env = False  # loopback only, whatever proxy the environment names
                answer = session.post(self._url, data=body, headers=headers, timeout=ACK_WITHIN_S)
        except requests.Timeout:
            return Reply(ms=ACK_WITHIN_S * 1_000, error="operation_timeout")
        except requests.RequestException:
            return Reply(ms=(time.perf_counter() - began) * 1_000, error="dispatch_failed")
        ms = (time.perf_counter() - began) * 1_000
        if answer.status_code != 200:
            return Reply(ms=ms, error="dispatch_failed")
        if answer.headers.get("Content-Type", "").startswith("application/json"):
            return Reply(ms=ms, payload=answer.json())
        return Reply(ms=ms, payload={"text": answer.text} if answer.text else None)

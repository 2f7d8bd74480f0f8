"""Signs and sends requests to the local VPC, apart from the bot's own client and from the VPC's check."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests

SECRET_ID = "AKIDrehearsal"
SECRET_KEY = "canary-secret-key"
TOKEN = "canary-session-token"
T0 = 1_700_000_000.0


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> float:
        return self.now


class Caller:
    """Sends POST requests with a TC3 signature that is right unless a test bends it.

    `headers` replaces or (None) removes headers before signing, `tampered` after it; `sent` replaces the
    signed body on the wire.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.time, token: str | None = TOKEN) -> None:
        self.url = url
        self.clock = clock
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False

    def close(self) -> None:
        """Close the pooled connections."""
        self.session.close()

    def post(
        self,
        action: str,
        params: Any = None,
        *,
        headers: Mapping[str, str | None] | None = None,
        tampered: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
        sent: bytes | None = None,
        scope: str | None = None,
        signed: str = "content-type;host;x-tc-action",
        secret_id: str = SECRET_ID,
        secret_key: str = SECRET_KEY,
        timestamp: float | None = None,
        method: str = "POST",
        path: str = "/",
        timeout_s: float = 10.0,
    ) -> requests.Response:
        """Sign, bend, send."""
        body = json.dumps(params or {}).encode() if body is None else body
        stamp = str(int(self.clock() if timestamp is None else timestamp))
        values: dict[str, str | None] = {
            "Content-Type": "application/json",
            "Host": self.url.removeprefix("http://"),
            "X-TC-Action": action,
            "X-TC-Version": "2017-03-12",
            "X-TC-Timestamp": stamp,
            "X-TC-Region": "ap-guangzhou",
            "X-TC-Token": self.token,
            **(headers or {}),
        }
        if scope is None:
            scope = datetime.fromtimestamp(int(stamp), UTC).strftime("%Y-%m-%d/vpc/tc3_request")
        signature = _signature(values, body, scope, signed, secret_key)
        values["Authorization"] = (
            f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={signed}, Signature={signature}"
        )
        values |= tampered or {}
        return self.session.request(
            method,
            self.url + path,
            data=body if sent is None else sent,
            headers={name: value for name, value in values.items() if value is not None},
            timeout=timeout_s,
        )

    def call(self, action: str, params: Any = None, **bends: Any) -> dict[str, Any]:
        """The `Response` object of an answer."""
        answer = self.post(action, params, **bends)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
        response: dict[str, Any] = answer.json()["Response"]
        return response

    def code(self, action: str, params: Any = None, **bends: Any) -> str | None:
        """The error code of an answer, None for success; either way it has a RequestId of 36 characters."""
        response = self.call(action, params, **bends)
        assert len(response["RequestId"]) == 36
        code: str | None = response.get("Error", {}).get("Code")
        return code


def _signature(
    values: Mapping[str, str | None], body: bytes, scope: str, signed: str, secret_key: str
) -> str:
    by_name = {name.lower(): (value or "").strip().lower() for name, value in values.items()}
    canonical_headers = "".join(f"{name}:{by_name.get(name, '')}\n" for name in signed.split(";"))
    canonical = f"POST\n/\n\n{canonical_headers}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    date, service, ending = scope.split("/")
    key = f"TC3{secret_key}".encode()
    for step in (date, service, ending, f"TC3-HMAC-SHA256\n{by_name['x-tc-timestamp']}\n{scope}\n{digest}"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return key.hex()

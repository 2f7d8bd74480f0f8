"""Who is calling? TC3-HMAC-SHA256, checked from the bytes that arrived.

Written apart from the bot's own signer, so that each checks the other.
Source: Tencent Cloud API 3.0, "Signature v3".
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from bot.rehearsal.vpc_faults import ApiError

SERVICE = "vpc"
MAX_SKEW_S = 300
MASK = "***"
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 "
    r"Credential=(?P<secret_id>[^/,\s]+)/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>[a-z0-9]+)/tc3_request, ?"
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]+)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as received; header names are in lower case, values trimmed."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def masked_headers(self) -> dict[str, str]:
        """The headers for people to look at: no credential, signature or token."""
        shown = dict(self.headers)
        if "authorization" in shown:
            known = _AUTHORIZATION.fullmatch(shown["authorization"])
            shown["authorization"] = (
                f"TC3-HMAC-SHA256 Credential={MASK}/{known['date']}/{known['service']}/tc3_request, "
                f"SignedHeaders={known['signed']}, Signature={MASK}"
                if known
                else MASK
            )
        if "x-tc-token" in shown:
            shown["x-tc-token"] = MASK
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The one account that the local VPC knows."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)


def verify(request: Request, account: Account, now: float) -> None:
    """Raise an AuthFailure unless `account` signed this within five minutes of `now` (epoch seconds)."""
    claim = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if claim is None:
        raise _failure("InvalidAuthorization", "`Authorization` is missing or not in the TC3 form.")
    timestamp = request.headers["x-tc-timestamp"]
    if not re.fullmatch(r"[0-9]{1,10}", timestamp):
        raise _failure("InvalidAuthorization", "`X-TC-Timestamp` is not a number of seconds.")
    if claim["service"] != SERVICE or claim["date"] != _utc_date(timestamp):
        raise _failure("InvalidAuthorization", "The credential scope is not that of this date and service.")
    signed = claim["signed"].split(";")
    if signed != sorted(set(signed)) or not {"content-type", "host"} <= set(signed) <= set(request.headers):
        raise _failure(
            "InvalidAuthorization",
            "SignedHeaders must be sorted, hold content-type and host, and all have been sent.",
        )
    if not _same(claim["secret_id"], account.secret_id):
        raise _failure("SecretIdNotFound", "The SecretId is not found.")
    if abs(now - int(timestamp)) > MAX_SKEW_S:
        raise _failure("SignatureExpire", "The timestamp and the server's time differ by over five minutes.")
    if not _same(claim["signature"], _signature(request, signed, claim["date"], account.secret_key)):
        raise _failure("SignatureFailure", "The signature does not match what was received.")
    if not _same(request.headers.get("x-tc-token", ""), account.token or ""):
        raise _failure("TokenFailure", "The token is missing or wrong.")


def _signature(request: Request, signed: list[str], date: str, secret_key: str) -> str:
    canonical = "\n".join(
        (
            request.method,
            request.path,
            request.query,
            *(f"{name}:{request.headers[name].strip().lower()}" for name in signed),
            "",
            ";".join(signed),
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    to_sign = "\n".join(
        (
            "TC3-HMAC-SHA256",
            request.headers["x-tc-timestamp"],
            f"{date}/{SERVICE}/tc3_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    return hmac.digest(_signing_key(secret_key, date), to_sign.encode(), "sha256").hex()


@lru_cache(maxsize=8)
def _signing_key(secret_key: str, date: str) -> bytes:
    key = f"TC3{secret_key}".encode()
    for part in (date, SERVICE, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@lru_cache(maxsize=8)
def _utc_date(timestamp: str) -> str:
    return datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%d")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _failure(kind: str, message: str) -> ApiError:
    return ApiError(f"AuthFailure.{kind}", message)

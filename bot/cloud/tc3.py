"""The stages of Signature v3 (TC3-HMAC-SHA256), in the order and by the names of its document.

Source: Tencent Cloud API 3.0, "Signature v3". `date` is always the UTC date of `timestamp`, `YYYY-MM-DD`.
Every request of ours is a POST to / without a query string.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

ALGORITHM = "TC3-HMAC-SHA256"


def utc_date(timestamp: int) -> str:
    """Date = the UTC day of the Unix time `timestamp` (seconds), as YYYY-MM-DD."""
    return datetime.fromtimestamp(timestamp, UTC).date().isoformat()


def credential_scope(date: str, service: str) -> str:
    """CredentialScope = Date + "/" + Service + "/tc3_request"."""
    return f"{date}/{service}/tc3_request"


def signed_headers(headers: Mapping[str, str]) -> str:
    """SignedHeaders = the lower-cased names, sorted, joined by ";"."""
    return ";".join(sorted(name.lower() for name in headers))


def canonical_request(headers: Mapping[str, str], body: bytes) -> str:
    r"""CanonicalRequest = "POST\n/\n\n" + CanonicalHeaders + "\n" + SignedHeaders + "\n" + hex(sha256(Body)).

    CanonicalHeaders = "name:value\n" for each of `headers`, which are those to be signed: sorted by name,
    lower-cased, values trimmed.
    """
    values = {name.lower(): value.strip().lower() for name, value in headers.items()}
    canonical_headers = "".join(f"{name}:{values[name]}\n" for name in sorted(values))
    return f"POST\n/\n\n{canonical_headers}\n{signed_headers(headers)}\n{sha256(body).hexdigest()}"


def string_to_sign(timestamp: int, scope: str, canonical_request: str) -> str:
    r"""StringToSign = Algorithm + "\n" + Timestamp + "\n" + Scope + "\n" + hex(sha256(CanonicalRequest))."""
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(canonical_request.encode()).hexdigest()}"


def signing_key(secret_key: str, date: str, service: str) -> bytes:
    """SecretSigning = HMAC(HMAC(HMAC("TC3" + SecretKey, Date), Service), "tc3_request"), for one day."""
    secret_date = hmac.digest(f"TC3{secret_key}".encode(), date.encode(), "sha256")
    secret_service = hmac.digest(secret_date, service.encode(), "sha256")
    return hmac.digest(secret_service, b"tc3_request", "sha256")


def signature(signing_key: bytes, string_to_sign: str) -> str:
    """Signature = hex(HMAC(SecretSigning, StringToSign))."""
    return hmac.digest(signing_key, string_to_sign.encode(), "sha256").hex()


def authorization(secret_id: str, scope: str, signed_headers: str, signature: str) -> str:
    """Authorization = Algorithm + " Credential=SecretId/Scope, SignedHeaders=…, Signature=…"."""
    return (
        f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}"
    )

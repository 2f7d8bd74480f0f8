"""Signs a request as the very last thing before it is sent."""

from collections.abc import Callable
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from bot.cloud import tc3
from bot.cloud.credentials import Credentials

SECONDS_A_DAY = 86_400
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


class TC3Auth(AuthBase):
    """Puts TC3-HMAC-SHA256 over the bytes of a PreparedRequest: body, Host, Content-Type and X-TC-Action.

    Sets Host, X-TC-Timestamp, X-TC-Token (temporary keys only) and Authorization. `clock` gives Unix time in
    seconds. An AuthBase, because requests lets a ~/.netrc entry replace an Authorization passed as a header.
    Raises KeyError when the request has no Content-Type or X-TC-Action, TypeError when its body is a stream.
    """

    def __init__(self, credentials: Credentials, *, service: str, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._service = service
        self._clock = clock
        self._today: tuple[int, str, bytes] = (-1, "", b"")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign `request` in place and return it."""
        timestamp = int(self._clock())
        headers = request.headers
        # http.client would add the same Host while sending; set here, it is signed as it is sent.
        to_sign = {
            "content-type": _text(headers["Content-Type"]),
            "host": _text(headers.setdefault("Host", _host(request))),
            "x-tc-action": _text(headers["X-TC-Action"]),
        }
        scope, signing_key = self._scope_and_key(timestamp)
        canonical_request = tc3.canonical_request(to_sign, _body(request))
        signature = tc3.signature(signing_key, tc3.string_to_sign(timestamp, scope, canonical_request))
        headers["X-TC-Timestamp"] = str(timestamp)
        if self._credentials.token is not None:
            headers["X-TC-Token"] = self._credentials.token.get_secret_value()
        headers["Authorization"] = tc3.authorization(
            self._credentials.secret_id, scope, tc3.signed_headers(to_sign), signature
        )
        return request

    def _scope_and_key(self, timestamp: int) -> tuple[str, bytes]:
        """The day's scope and signing key; threads that meet at midnight at worst derive them twice."""
        day, scope, key = self._today
        if day != timestamp // SECONDS_A_DAY:
            day, date = timestamp // SECONDS_A_DAY, tc3.utc_date(timestamp)
            scope = tc3.credential_scope(date, self._service)
            key = tc3.signing_key(self._credentials.secret_key.get_secret_value(), date, self._service)
            self._today = (day, scope, key)
        return scope, key


def _host(request: PreparedRequest) -> str:
    """The Host of the request's URL; the port is part of it unless it is the scheme's own."""
    url = urlsplit(request.url or "")
    return str(url.netloc).rpartition("@")[2].removesuffix(_DEFAULT_PORTS.get(str(url.scheme), ""))


def _body(request: PreparedRequest) -> bytes:
    body = request.body or b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes):
        return body
    raise TypeError("only a body of bytes or text can be signed")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value

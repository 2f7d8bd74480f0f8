"""Why a request failed, read from the exceptions of requests and of what lies below it.

No reason holds anything of the request, of an answer, or of a proxy's address and password.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from http.client import BadStatusLine, RemoteDisconnected

import requests
from urllib3.exceptions import DecodeError, NewConnectionError, ProxyError
from urllib3.exceptions import TimeoutError as PoolTimeout

from bot.domain.own_codes import OwnCode
from bot.outbound import Proxy, TrustStore

_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})\b")


def why_not_sent(error: BaseException, trusted: TrustStore, proxy: Proxy | None) -> tuple[OwnCode, str]:
    """Our code and a reason, where the request did not leave.

    trusted: whose certificates counted. proxy: the one on the way.
    """
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, requests.exceptions.ProxyError | ProxyError):
            return OwnCode.PROXY, _proxy_reason(chain, proxy)
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            setting = trusted.variable or "REQUESTS_CA_BUNDLE"
            what = one.verify_message.rstrip(".")
            return OwnCode.UNTRUSTED, f"{what}; trusted are the CAs of {trusted}; {setting} can name others"
    kinds: tuple[tuple[Callable[[BaseException], bool], OwnCode], ...] = (
        (lambda one: isinstance(one, socket.gaierror), OwnCode.NAME_NOT_FOUND),
        (lambda one: isinstance(one, ConnectionRefusedError), OwnCode.CONNECTION_REFUSED),
        (_timed_out, OwnCode.CONNECT_TIMED_OUT),
        (lambda one: isinstance(one, ssl.SSLError), OwnCode.NO_TLS),
    )
    return next((code for is_so, code in kinds if any(map(is_so, chain))), OwnCode.UNREACHABLE), _reason(
        chain
    )


def why_no_answer(error: BaseException) -> tuple[OwnCode, str]:
    """Our code and a reason, where the request left and no whole answer came."""
    chain = list(_chain(error))
    if any(map(_timed_out, chain)):
        return OwnCode.ANSWER_TIMED_OUT, _reason(chain)
    if any(isinstance(one, DecodeError) or _speaks_no_http(one) for one in chain):
        return OwnCode.UNREADABLE_ANSWER, _reason(chain)
    return OwnCode.CONNECTION_LOST, _reason(chain)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from, the deepest last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _timed_out(error: BaseException) -> bool:
    """urllib3 counts a connection that was refused among the time-outs."""
    timeouts = (requests.Timeout, PoolTimeout, TimeoutError)
    return isinstance(error, timeouts) and not isinstance(error, NewConnectionError)


def _speaks_no_http(error: BaseException) -> bool:
    return isinstance(error, BadStatusLine) and not isinstance(error, RemoteDisconnected)


def _reason(chain: list[BaseException]) -> str:
    if any(map(_timed_out, chain)):
        return "timed out"
    deepest = chain[-1]
    if isinstance(deepest, RemoteDisconnected):
        return "the connection was closed"
    if isinstance(deepest, ssl.SSLError) and deepest.reason:
        return deepest.reason.lower().replace("_", " ")
    return getattr(deepest, "strerror", None) or type(deepest).__name__


def _proxy_reason(chain: list[BaseException], proxy: Proxy | None) -> str:
    """What the proxy answered, by its HTTP status alone, or why it could not be reached."""
    refused = next(
        filter(None, (_TUNNEL_REFUSED.match(str(one)) for one in chain if type(one) is OSError)), None
    )
    return f"{proxy} answered HTTP {refused[1]}" if refused else f"{proxy} can't be reached: {_reason(chain)}"

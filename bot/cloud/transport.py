"""Carries signed bytes to the endpoint once, and tells for sure whether they left."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from bot import outbound
from bot.cloud import answers
from bot.cloud.failures import why_no_answer, why_not_sent
from bot.errors import BadSettings, NotSent, OutcomeUnknown
from bot.outbound import Proxy

_ENDPOINT = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?"
)


class Transport:
    """A pool of connections to one endpoint, safe for threads; nothing is ever sent twice.

    It uses requests' pooled adapter without a Session: redirects, cookies and ~/.netrc are the Session's
    doing, and a signed deletion wants none of them. The way there is `bot.outbound`'s.
    """

    def __init__(
        self,
        endpoint: str,
        auth: AuthBase,
        headers: Mapping[str, str],
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        pool_size: int,
    ) -> None:
        """`headers` go with every request. Raises BadSettings when `endpoint` can't be one."""
        _check_endpoint(endpoint)
        self._proxy = outbound.proxy_for(endpoint)
        self._auth = auth
        self._template = requests.Request("POST", endpoint, headers=dict(headers)).prepare()
        self._timeout = (connect_timeout_s, read_timeout_s)
        self._adapter = _Adapter(self._proxy, pool_size)

    def post(
        self, headers: Mapping[str, str], body: bytes, check: Callable[[], None] | None = None
    ) -> tuple[int, object]:
        """Sign and send one request; the HTTP status and `answers.document` of what came back.

        check: called right before the body leaves; what it raises ends the request, which never arrives.

        Raises NotSent when the request surely never arrived whole, OutcomeUnknown when it may have.
        """
        request = self._template.copy()
        request.headers.update(headers)
        request.prepare_body(body, None)
        request.prepare_auth(self._auth)
        departure = _Departure(body, check)
        request.body = cast("bytes", departure)  # any iterable of bytes will do, says requests' own typing
        try:
            proxies = {"all": self._proxy.url} if self._proxy else {}
            response = self._adapter.send(request, timeout=self._timeout, proxies=proxies)
            return response.status_code, answers.document(response.content)
        except (OSError, HTTPError) as error:
            left = departure.complete
            code, reason = (
                why_no_answer(error) if left else why_not_sent(error, self._adapter.trusted, self._proxy)
            )
        # Raised out here, without a cause: requests' exceptions hold the request, its token and the answer.
        if left:
            raise OutcomeUnknown(reason, code=code)
        raise NotSent(reason, code=code)

    def close(self) -> None:
        """Close the pooled connections."""
        self._adapter.close()


class _Adapter(HTTPAdapter):
    """requests' adapter with our certificates and the proxy's credentials, and no look-up of its own."""

    def __init__(self, proxy: Proxy | None, pool_size: int) -> None:
        self._proxy = proxy
        self.trusted = outbound.trust_store()
        self._context = outbound.ssl_context()
        super().__init__(pool_connections=1, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        super().init_poolmanager(*sizes, **options, ssl_context=self._context)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, **options, ssl_context=self._context)

    def proxy_headers(self, _proxy: Any) -> dict[str, str]:
        return dict(self._proxy.headers) if self._proxy else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Add nothing to the context: requests would trust certifi's certificates besides ours."""


class _Departure:
    """The body of a request on its way out.

    `complete` turns true once its last byte is with the operating system. Until then the cloud lacks a part
    of what Content-Length announced and can't carry the request out, whatever it was that failed: the name,
    the proxy, the handshake, or a pooled connection that had died.
    """

    def __init__(self, body: bytes, check: Callable[[], None] | None) -> None:
        self._body = body
        self._check = check
        self.complete = False

    def __iter__(self) -> Iterator[bytes]:
        if self._check:
            self._check()
        yield self._body
        self.complete = True


def _check_endpoint(endpoint: str) -> None:
    """Raise BadSettings when `endpoint` isn't one that we may use."""
    url = _ENDPOINT.fullmatch(endpoint.lower())
    if url is None or int(url["port"] or 0) > 65535:
        raise BadSettings(
            "VPN_BOT_VPC_ENDPOINT must be https:// and a host name, such as https://vpc.tencentcloudapi.com."
        )
    if url["scheme"] == "http" and not outbound.is_loopback(url["host"].strip("[]")):
        raise BadSettings(
            "VPN_BOT_VPC_ENDPOINT must begin with https://: http:// is only for this machine (127.0.0.1)."
        )

"""The SDK's HTTP clients, on the one way out: our proxy and certificates instead of the SDK's own look-up."""

from http.client import HTTPMessage, HTTPResponse
from ssl import SSLContext
from typing import IO, Any, cast
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot import outbound


class SlackClient(WebClient):
    """Slack's Web API by `bot.outbound`; takes what WebClient takes, but for `proxy` and `ssl`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ssl=outbound.ssl_context(), **options)
        # The SDK has read it from the environment, password and all, and without NO_PROXY.
        self.proxy = None

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        with _open(url, req, self.timeout) as answer:
            body = answer.read().decode(answer.headers.get_content_charset() or "utf-8")
            return {"status": answer.status, "headers": answer.headers, "body": body}


class ResponseUrlClient(WebhookClient):
    """One response_url by `bot.outbound`; takes what WebhookClient takes, but for `proxy` and `ssl`."""

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        with _open(url, req, self.timeout) as answer:
            body = answer.read().decode(answer.headers.get_content_charset() or "utf-8")
            return WebhookResponse(
                url=url, status_code=answer.status, body=body, headers=cast("dict[str, Any]", answer.headers)
            )


class _NoRedirects(HTTPRedirectHandler):
    """Slack's API redirects nobody, and a redirect would take the token along to another host."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing: the 3xx itself is the answer, an HTTPError."""


def _open(url: str, request: Request, timeout_s: float) -> HTTPResponse:
    if request.type not in ("http", "https"):
        raise ValueError("not an HTTP URL")
    proxy = outbound.proxy_for(url)
    # The SDK sends the same Request again after a 429, and a second set_proxy would undo the CONNECT.
    if proxy is not None and request.host != proxy.address:
        request.set_proxy(proxy.address, "http")
        for name, value in proxy.headers.items():
            request.add_unredirected_header(name, value)
    answer = _opener(outbound.ssl_context()).open(request, timeout=timeout_s)
    return cast("HTTPResponse", answer)


def _opener(context: SSLContext) -> OpenerDirector:
    # An empty ProxyHandler keeps urllib from its own look into the environment.
    return build_opener(ProxyHandler({}), _NoRedirects(), HTTPSHandler(context=context))

"""Slack's clients on the one way out: retries, redirects, and a socket that the proxy turns away."""

import logging
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from slack_bolt import App, BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from bot.chat.connection import SocketMode
from bot.chat.web_client import SlackClient
from bot.rehearsal.server import LoopbackServer
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.slack_faults import Fault
from tests.forward_proxy import SLACK, ForwardProxy, certificate

TOKEN, APP_TOKEN = "xoxb-1", "xapp-1"


def local_slack() -> LocalSlack:
    """A Slack that is at https://slack.test for whoever asks it where it is."""
    return LocalSlack(
        bot_token=TOKEN,
        app_token=APP_TOKEN,
        signing_secret="secret",
        scopes=frozenset({"commands"}),
        public_url=f"https://{SLACK}",
    )


def behind(
    slack: LocalSlack, folder: Path, monkeypatch: pytest.MonkeyPatch, host: str = SLACK
) -> ForwardProxy:
    """The proxy in front of it, set in the environment; it knows it as `host`."""
    tls = certificate(folder)
    proxy = ForwardProxy({host: urlsplit(slack.url).port or 0}, tls, b"u:p")
    monkeypatch.setenv("https_proxy", f"http://u:p@{proxy.address}")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.path))
    return proxy


def test_a_call_that_is_sent_again_goes_the_same_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends the same request again after a 429: a tunnel with TLS in it, and no token in the open."""
    with local_slack() as slack, behind(slack, tmp_path, monkeypatch) as proxy:
        client = SlackClient(
            token=TOKEN,
            base_url=slack.api_url,
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=1)],
        )
        slack.inject("auth.test", Fault.rate_limited(1))
        assert client.auth_test()["ok"]
    assert [head.split(" HTTP")[0] for head in proxy.heads] == [f"CONNECT {SLACK}:443"] * 2
    assert TOKEN not in "".join(proxy.heads)


def test_a_redirect_does_not_take_the_token_along() -> None:
    """Slack's API redirects nobody: the answer is an error, and nobody else is asked."""
    tokens: list[str | None] = []

    async def elsewhere(request: Request) -> JSONResponse:
        tokens.append(request.headers.get("Authorization"))
        return JSONResponse({"ok": True})

    async def away(_request: Request) -> RedirectResponse:
        return RedirectResponse(f"{other.url}/api/auth.test", 302)

    other = LoopbackServer(Starlette(routes=[Route("/api/auth.test", elsewhere, methods=["GET", "POST"])]))
    first = LoopbackServer(Starlette(routes=[Route("/api/auth.test", away, methods=["POST"])]))
    with other, first, pytest.raises(SlackApiError):
        SlackClient(token=TOKEN, base_url=f"{first.url}/api/", retry_handlers=[]).auth_test()
    assert tokens == []


# The SDK leaves a socket that the proxy refused to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_socket_that_the_proxy_turns_away_is_told_with_the_proxys_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The Web API may be let through and the socket's host not: the bot starts, and says what is wrong."""
    with local_slack() as slack, behind(slack, tmp_path, monkeypatch, "another.test") as proxy:
        quiet = logging.getLogger("tests.quiet")
        app = App(
            client=SlackClient(token=TOKEN, base_url=f"{slack.url}/api/"),
            logger=quiet,
            token_verification_enabled=False,
        )
        connection = SocketMode(app, SecretStr(APP_TOKEN), lambda _: BoltResponse(status=200))
        connection.start()
        heard = connection.heard()
        connection.stop()
    assert not heard.ok
    why = "the proxy that https_proxy names answered HTTP 403"
    assert heard.reason.startswith(f"the WebSocket to Slack can't be opened ({why})")
    assert set(proxy.refused) == {403}
    assert "u:p" not in caplog.text

"""The one HTTP server of the process: /healthz, /readyz and, in HTTP mode, Slack's /slack/events."""

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress.server import create_server

from bot.errors import BadSettings
from bot.health import Checks

HEALTH_PATH, READY_PATH, SLACK_PATH = "/healthz", "/readyz", "/slack/events"
# Enough that probes find a free thread while commands wait for a slow ledger; an idle thread costs little.
THREADS = 8
BODY_LIMIT = 1024 * 1024
IDLE_CONNECTION_S = 60


class Web:
    """Listens as soon as it is made, answers once it is started."""

    def __init__(self, host: str, port: int, *, checks: Checks, slack: WSGIApplication | None = None) -> None:
        """slack: what answers Slack's requests, in HTTP mode. Raises BadSettings when it can't listen."""
        self._checks = checks
        self._routes: dict[str, tuple[str, WSGIApplication]] = {
            HEALTH_PATH: ("GET", _alive),
            READY_PATH: ("GET", self._ready),
        }
        if slack is not None:
            self._routes[SLACK_PATH] = ("POST", slack)
        try:
            self._server = create_server(
                self._route,
                host=host,
                port=port,
                threads=THREADS,
                max_request_body_size=BODY_LIMIT + 1,  # it refuses this length itself, too
                channel_timeout=IDLE_CONNECTION_S,
                ident=None,
            )
        except (OSError, ValueError) as exc:
            raise BadSettings(
                f"Nothing can listen on VPN_BOT_HTTP_HOST {host}, VPN_BOT_HTTP_PORT {port} "
                f"({getattr(exc, 'strerror', None) or type(exc).__name__}). Where another program or another "
                "copy of this bot has the port, set another; 0 means no HTTP server, in Socket Mode."
            ) from None

    def start(self) -> None:
        """Begin to answer, in threads of its own that end with the process."""
        threading.Thread(target=self._server.run, name="web", daemon=True).start()

    def stop(self) -> None:
        """Stay alive but not ready, and turn Slack's requests away: a load balancer sends them elsewhere."""
        leaving = {path: (method, _leaving) for path, (method, _) in self._routes.items()}
        self._routes = {**leaving, HEALTH_PATH: self._routes[HEALTH_PATH]}

    def _route(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in self._routes:
            return _answer(start_response, HTTPStatus.NOT_FOUND, "There is nothing here.")
        method, app = self._routes[environ["PATH_INFO"]]
        if environ["REQUEST_METHOD"] != method:
            text = f"Only {method} is answered here."
            return _answer(start_response, HTTPStatus.METHOD_NOT_ALLOWED, text, ("Allow", method))
        return app(environ, start_response)

    def _ready(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        checks = {name: check() for name, check in self._checks.items()}
        ready = all(check.ok for check in checks.values())
        report = {"ready": ready, "checks": {name: asdict(check) for name, check in checks.items()}}
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _answer(start_response, status, json.dumps(report), content_type="application/json")


def _alive(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return _answer(start_response, HTTPStatus.OK, "alive")


def _leaving(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return _answer(start_response, HTTPStatus.SERVICE_UNAVAILABLE, "vpn-bot is about to stop.")


def _answer(
    start_response: StartResponse,
    status: HTTPStatus,
    text: str,
    *headers: tuple[str, str],
    content_type: str = "text/plain; charset=utf-8",
) -> Iterable[bytes]:
    start_response(f"{status.value} {status.phrase}", [("Content-Type", content_type), *headers])
    return [text.encode() + b"\n"]

"""The local Slack's HTTP surface: the Web API and response_urls, with the faults that they meet."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.rehearsal import slack_methods
from bot.rehearsal.limits import ApiError
from bot.rehearsal.server import reset
from bot.rehearsal.slack_faults import Fault, Faults
from bot.rehearsal.slack_responses import Responses
from bot.rehearsal.slack_traffic import Traffic
from bot.rehearsal.slack_web import WebApi

RESPONSE_URL = "response_url"
_GONE = frozenset({"expired_url", "used_url"})


class Endpoints:
    """Checks tokens, meets faults, carries out, records."""

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        api: WebApi,
        responses: Responses,
        faults: Faults,
        traffic: Traffic,
    ) -> None:
        self._tokens = {bot_token: False, app_token: True}
        self._api = api
        self._responses = responses
        self._faults = faults
        self._traffic = traffic

    def routes(self) -> list[BaseRoute]:
        """What to mount."""
        return [
            Route("/api/{method}", self._method, methods=["POST"]),
            Route("/actions/{token}", self._response, methods=["POST"]),
        ]

    async def _method(self, request: Request) -> Response:
        began = time.perf_counter()
        name = request.path_params["method"]
        args = _arguments(request, await request.body())
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = bearer if kind == "Bearer" else args.pop("token", "")
        fault = self._faults.take(name)
        if fault is None and name == "chat.postMessage":
            fault = self._faults.post(str(args.get("channel")))
        answer = await _meet(fault, request, lambda: self._carry_out(name, str(token), args))
        self._record("method", name, args, answer, began)
        answer.headers["x-oauth-scopes"] = ",".join(sorted(self._api.scopes))
        return answer

    def _carry_out(self, name: str, token: str, args: dict[str, Any]) -> Response:
        try:
            method = slack_methods.METHODS.get(name)
            if method is None:
                raise ApiError("unknown_method", req_method=name)  # noqa: TRY301 - one way to refuse
            self._check_token(token, app_token=method.app_token)
            return JSONResponse(slack_methods.call(self._api, name, args))
        except ApiError as refusal:
            return JSONResponse(refusal.answer())

    def _check_token(self, token: str, *, app_token: bool) -> None:
        if not token:
            raise ApiError("not_authed")
        if token not in self._tokens:
            raise ApiError("invalid_auth")
        if self._tokens[token] != app_token:
            raise ApiError("not_allowed_token_type")

    async def _response(self, request: Request) -> Response:
        began = time.perf_counter()
        body = _arguments(request, await request.body())
        token = request.path_params["token"]
        answer = await _meet(self._faults.take(RESPONSE_URL), request, lambda: self._respond(token, body))
        self._record("response_url", RESPONSE_URL, body, answer, began)
        return answer

    def _respond(self, token: str, body: dict[str, Any]) -> Response:
        try:
            self._responses.answer(token, body)
        except ApiError as refusal:
            return JSONResponse(refusal.answer(), 404 if refusal.code in _GONE else 400)
        return PlainTextResponse("ok")

    def _record(self, kind: str, name: str, payload: Any, answer: Response, began: float) -> None:
        said: Any = bytes(answer.body).decode()
        self._traffic.record(
            "out",
            kind,
            name,
            payload,
            answer=json.loads(said) if isinstance(answer, JSONResponse) else said or None,
            status=None if isinstance(answer, _NoAnswer) else answer.status_code,
            ms=(time.perf_counter() - began) * 1_000,
        )


class _NoAnswer(Response):
    """Stands for the answer that the reset connection won't carry."""


def _arguments(request: Request, body: bytes) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    try:
        read = json.loads(body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


async def _meet(fault: Fault | None, request: Request, carry_out: Callable[[], Response]) -> Response:
    """Carry out the request as far as the fault lets it."""
    if fault is None:
        return carry_out()
    answer = carry_out() if fault.carried_out else None
    await asyncio.sleep(fault.delay_s)
    if fault.resets or (fault.gate and await fault.gate.stand() == "reset"):
        reset(request)
        return _NoAnswer()
    if answer is not None:
        return answer
    return carry_out() if fault.gate else _instead(fault)


def _instead(fault: Fault) -> Response:
    if fault.error is None:
        return PlainTextResponse("upstream request failed", fault.status)
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    return JSONResponse(ApiError(fault.error).answer(), fault.status, headers)

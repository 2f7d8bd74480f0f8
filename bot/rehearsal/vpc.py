"""A local Tencent Cloud VPC (API 3.0) on loopback, stricter than the original.

It checks signature, clock, headers and every parameter, deletes asynchronously, keeps each action's limit of
requests a second in a region, and goes wrong in the ways that `Fault` and `Gate` describe.
"""

import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from starlette.types import Receive, Scope, Send

from bot.rehearsal.server import LoopbackServer
from bot.rehearsal.vpc_actions import ACTIONS
from bot.rehearsal.vpc_faults import NO_FAULT, ApiError, Fault, Gate
from bot.rehearsal.vpc_fields import CANARY_PSK
from bot.rehearsal.vpc_log import FEWER_PER_SECOND, REQUESTS_PER_SECOND, Call, Pace
from bot.rehearsal.vpc_params import missing
from bot.rehearsal.vpc_seed import MAIN_GATEWAY, MAIN_REGION, MAIN_TUNNEL
from bot.rehearsal.vpc_signature import Account, Request, verify
from bot.rehearsal.vpc_world import World

__all__ = [
    "CANARY_PSK",
    "MAIN_GATEWAY",
    "MAIN_REGION",
    "MAIN_TUNNEL",
    "Call",
    "Fault",
    "Gate",
    "LocalVpc",
]

VERSION = "2017-03-12"
MAX_BODY_BYTES = 10_000_000
CALLS_KEPT = 20_000
_WAIT_STEP_S = 0.005
_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]{2,16}){1,3}")
_JSON = re.compile(r"application/json(; ?charset=utf-8)?", re.IGNORECASE)


class LocalVpc(World):
    """The world of `vpc_world`, served over signed HTTP by a thread of its own while the context is open."""

    def __init__(
        self,
        *,
        secret_id: str,
        secret_key: str,
        token: str | None = None,
        clock: Callable[[], float] = time.time,
        delete_takes_s: float = 0.3,
        port: int = 0,
    ) -> None:
        super().__init__(clock=clock, delete_takes_s=delete_takes_s)
        self._account = Account(secret_id=secret_id, secret_key=secret_key, token=token)
        self._server = LoopbackServer(self._serve, port=port)
        self.url = self._server.url
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self._subscribers: list[Callable[[Call], None]] = []
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._gates: dict[str, Gate] = {}
        self._pace: dict[tuple[str, str], Pace] = {}

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for gate in self._gates.values():
            gate.release()
        self._server.__exit__(kind, error, trace)

    def fault(self, action: str, fault: Fault, *, times: int = 1) -> None:
        """Let the next `times` well-formed requests of this action go wrong; queued behind earlier faults."""
        with self.lock:
            self._faults[_known(action)].extend([fault] * times)

    def hold(self, action: str, *, carried_out: bool = False) -> Gate:
        """Keep this action's requests waiting, before or (`carried_out`) after they took effect."""
        gate = self._gates[_known(action)] = Gate(carried_out=carried_out)
        return gate

    @property
    def calls(self) -> list[Call]:
        """The latest calls, oldest first."""
        with self.lock:
            return list(self._calls)

    def deletes(self, tunnel_id: str) -> list[Call]:
        """The calls that asked for this tunnel's deletion, whatever came of them."""
        return [
            call
            for call in self.calls
            if call.action == "DeleteVpnConnection" and call.received.get("VpnConnectionId") == tunnel_id
        ]

    def peak(self, action: str) -> int:
        """The most requests of this action in any second in one region, the refused ones included."""
        return max((pace.peak for (name, _), pace in list(self._pace.items()) if name == action), default=0)

    def subscribe(self, callback: Callable[[Call], None]) -> Callable[[], None]:
        """Call back for each call from the server's thread (be quick); returns what ends the subscription."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def wait_for(self, predicate: Callable[[], bool], timeout_s: float) -> None:
        """Block until `predicate` holds; TimeoutError after `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        while not predicate():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not come true within {timeout_s:g} s")
            time.sleep(_WAIT_STEP_S)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = await _received(scope, receive)
        began = time.perf_counter()
        action = request.headers.get("x-tc-action", "")
        params: dict[str, Any] = {}
        fault = NO_FAULT
        gate: Gate | None = None
        try:
            params = self._admit(request)
            fault = self._next_fault(action)
            gate = self._gates.get(action)
            if gate and not gate.carried_out:
                await gate.wait_released()
            outcome = self._carry_out(action, request.headers["x-tc-region"], params, fault)
        except ApiError as error:
            outcome = error.answer
        answer = {"Response": {**outcome, "RequestId": str(uuid4())} if fault.has_request_id else outcome}
        self._record(
            Call(
                at=self.clock(),
                action=action,
                region=request.headers.get("x-tc-region", ""),
                headers=request.masked_headers(),
                fault=fault.word or None,
                ms=(time.perf_counter() - began) * 1000,
                received=params,
                answered=None if fault.hides_answer else answer,
            )
        )
        if gate and gate.carried_out:
            await gate.wait_released()
        await fault.deliver(answer, scope, send)

    def _admit(self, request: Request) -> dict[str, Any]:
        """Everything that can be refused without a look at the world; returns the action's parameters."""
        _check_form(request)
        verify(request, self._account, self.clock())
        action, region = request.headers["x-tc-action"], request.headers["x-tc-region"]
        if action not in ACTIONS:
            raise ApiError("InvalidAction", f"The action {action} does not exist.")
        if request.headers["x-tc-version"] != VERSION:
            raise ApiError("NoSuchVersion", f"The version is {VERSION}.")
        if not _REGION.fullmatch(region):
            raise ApiError("UnsupportedRegion", f"The region {region} is not supported.")
        most = FEWER_PER_SECOND.get(action, REQUESTS_PER_SECOND)
        if not self._pace.setdefault((action, region), Pace(most)).admits(self.clock()):
            raise ApiError(
                "RequestLimitExceeded", f"Over {most} requests a second for this action and region."
            )
        try:
            params: dict[str, Any] = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise ApiError("InvalidRequest", "The body is not JSON.") from error
        ACTIONS[action].shape("", params)
        return params

    def _next_fault(self, action: str) -> Fault:
        with self.lock:
            waiting = self._faults[action]
            return waiting.popleft() if waiting else NO_FAULT

    def _carry_out(self, action: str, region: str, params: dict[str, Any], fault: Fault) -> dict[str, Any]:
        outcome: dict[str, Any] = {}
        if fault.carried_out:
            with self.lock:
                self.settle()
                outcome = ACTIONS[action].run(self, region, params)
        if fault.code:
            raise ApiError(fault.code, fault.message)
        return outcome

    def _record(self, call: Call) -> None:
        with self.lock:
            self._calls.append(call)
        for callback in tuple(self._subscribers):
            callback(call)


def _known(action: str) -> str:
    if action not in ACTIONS:
        raise ValueError(f"{action} is not among {', '.join(ACTIONS)}")
    return action


def _check_form(request: Request) -> None:
    headers = request.headers
    if request.method != "POST":
        raise ApiError("UnsupportedProtocol", "Only POST is served here.")
    if (request.path, request.query) != ("/", "") or not _JSON.fullmatch(headers.get("content-type", "")):
        raise ApiError("InvalidRequest", "Send application/json to / without a query.")
    if len(request.body) > MAX_BODY_BYTES:
        raise ApiError("RequestSizeLimitExceeded", "The body is larger than 10 MB.")
    for name in ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp", "X-TC-Region"):
        if name.lower() not in headers:
            raise missing(name)


async def _received(scope: Scope, receive: Receive) -> Request:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )

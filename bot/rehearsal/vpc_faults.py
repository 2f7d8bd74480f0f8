"""What the local VPC answers instead of a value: errors, faults and gates."""

import asyncio
import json
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from starlette.requests import HTTPConnection
from starlette.types import Scope, Send

from bot.rehearsal.server import reset

_GATE_POLL_S = 0.002
_HTML = b"<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>"


class ApiError(Exception):
    """An answer with an error code; like every answer of the API it travels with HTTP 200."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.answer: dict[str, Any] = {"Error": {"Code": code, "Message": message}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one request goes wrong; `carried_out` says whether the cloud did what it was asked nevertheless."""

    word: str
    carried_out: bool = True
    code: str | None = None
    message: str = ""
    status: int = 200
    media_type: str = "application/json"
    body: bytes | None = None
    kept: float = 1.0
    hangs_up: bool = False
    resets: bool = False
    delay_s: float = 0.0
    has_request_id: bool = True

    @property
    def hides_answer(self) -> bool:
        """Whether the caller gets nothing of the API's own answer."""
        return self.resets or self.body is not None

    async def deliver(self, answer: dict[str, Any], scope: Scope, send: Send) -> None:
        """Show the caller what this fault leaves of the answer."""
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if self.resets:
            reset(HTTPConnection(scope))
            return
        whole = json.dumps(answer).encode() if self.body is None else self.body
        body = whole[: int(len(whole) * self.kept)]
        promised = str(len(whole if self.hangs_up else body)).encode()
        headers = [(b"content-type", self.media_type.encode()), (b"content-length", promised)]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        # The server hangs up on whoever was left with an unfinished answer.
        await send({"type": "http.response.body", "body": body, "more_body": self.hangs_up})

    @classmethod
    def refuse(cls, code: str, message: str = "Refused as rehearsed.") -> Self:
        """Answer an error code and do nothing."""
        return cls(word=f"refuse {code}", carried_out=False, code=code, message=message)

    @classmethod
    def unknown_after(cls, code: str = "InternalError") -> Self:
        """Carry it out, yet answer an error code that leaves the outcome open."""
        return cls(word=f"done, but answers {code}", code=code, message="An internal error has occurred.")

    @classmethod
    def html(cls, status: int = 502, *, carried_out: bool = True) -> Self:
        """Answer a page of HTML, as a gateway on the way would; `status` may be 200."""
        page = _HTML % (status, status)
        return cls(
            word=f"HTML {status}", status=status, media_type="text/html", body=page, carried_out=carried_out
        )

    @classmethod
    def empty(cls, *, carried_out: bool = True) -> Self:
        """Answer HTTP 200 with an empty body."""
        return cls(word="empty body", body=b"", carried_out=carried_out)

    @classmethod
    def truncated(cls) -> Self:
        """Carry it out and answer the first half of the JSON as if it were the whole."""
        return cls(word="truncated body", kept=0.5)

    @classmethod
    def cut_off(cls) -> Self:
        """Carry it out, promise the whole answer, send half of it and hang up."""
        return cls(word="cut off", kept=0.5, hangs_up=True)

    @classmethod
    def reset_before(cls) -> Self:
        """Reset the connection (RST) and do nothing."""
        return cls(word="reset before", resets=True, carried_out=False)

    @classmethod
    def reset_after(cls) -> Self:
        """Carry it out, then reset the connection (RST)."""
        return cls(word="reset after", resets=True)

    @classmethod
    def slow(cls, seconds: float) -> Self:
        """Carry it out at once, but answer only `seconds` later."""
        return cls(word=f"slow {seconds:g} s", delay_s=seconds)

    @classmethod
    def content_type(cls, value: str = "application/json; charset=utf-8") -> Self:
        """Answer truly, under another Content-Type."""
        return cls(word=f"as {value}", media_type=value)

    @classmethod
    def omit_request_id(cls) -> Self:
        """Answer truly, but without a RequestId."""
        return cls(word="no RequestId", has_request_id=False)


NO_FAULT = Fault(word="")


class Gate:
    """Keeps the requests of one action waiting until it is released.

    As a context manager it is released on exit.
    """

    def __init__(self, *, carried_out: bool) -> None:
        self.carried_out = carried_out
        self._reached = threading.Event()
        self._released = threading.Event()

    def release(self) -> None:
        """Let the waiting requests go on, and all later ones pass."""
        self._released.set()

    def wait_reached(self, timeout_s: float) -> None:
        """Block until a request stands at the gate; TimeoutError after `timeout_s` seconds without one."""
        if not self._reached.wait(timeout_s):
            raise TimeoutError(f"no request reached the gate within {timeout_s:g} s")

    async def wait_released(self) -> None:
        """Stand at the gate (the server's side)."""
        self._reached.set()
        # Polled: the release comes from another thread, and only held requests pay for it.
        while not self._released.is_set():
            await asyncio.sleep(_GATE_POLL_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

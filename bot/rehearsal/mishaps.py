"""What a visitor may let go wrong next, by the words that the page offers."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from bot.domain.explain import CLOUD_CODES, explain
from bot.rehearsal import slack_faults, vpc_faults
from bot.rehearsal.slack_traffic import Exchange
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_log import Call
from bot.rehearsal.vpc_seed import DOWN_TUNNEL, MAIN_TUNNEL

ACTIONS = ("DeleteVpnConnection", "DescribeVpnConnections")
POST = "chat.postMessage"
SOCKET_MODE = "Socket Mode"
SOMEBODY_ELSE = "Somebody else"
_Cloud = vpc_faults.Fault
_Slack = slack_faults.Fault

CLOUD: Mapping[str, Callable[[], _Cloud]] = {
    "HTML page, HTTP 502; done all the same": lambda: _Cloud.html(502),
    "HTML page, HTTP 502; not done": lambda: _Cloud.html(502, carried_out=False),
    "HTML page, HTTP 200; done all the same": lambda: _Cloud.html(200),
    "Empty answer; done all the same": _Cloud.empty,
    "Half an answer; done all the same": _Cloud.truncated,
    "Connection reset before it was done": _Cloud.reset_before,
    "Connection reset after it was done": _Cloud.reset_after,
    "InternalError, yet it was done": _Cloud.unknown_after,
    "Done at once, answered 4 s later": lambda: _Cloud.slow(4),
    "Answered without a RequestId": _Cloud.omit_request_id,
}
SLACK: Mapping[str, Callable[[], _Slack]] = {
    "429, try again in 2 s": lambda: _Slack.rate_limited(2),
    "Connection reset before it was posted": _Slack.reset_before,
    "Connection reset after it was posted": _Slack.reset_after,
    "HTTP 500": _Slack.http,
    "Posted at once, answered 4 s later": lambda: _Slack.slow(4),
}
SOMEBODY: Mapping[str, Callable[[Stage], None]] = {
    f"renames {MAIN_TUNNEL} now": lambda stage: _change(stage, MAIN_TUNNEL, VpnConnectionName="keep-me"),
    f"protects {MAIN_TUNNEL} now": lambda stage: _change(
        stage, MAIN_TUNNEL, TagSet=[{"Key": "vpn-bot:protect", "Value": "true"}]
    ),
    f"brings {DOWN_TUNNEL} up now": lambda stage: _change(
        stage, DOWN_TUNNEL, NetStatus="AVAILABLE", HealthCheckStatus="AVAILABLE"
    ),
    f"lets {DOWN_TUNNEL} hang, once it is accepted": lambda stage: stage.vpc.stick(DOWN_TUNNEL),
}
SOCKETS: Mapping[str, Callable[[Stage], None]] = {
    "Reset every WebSocket now": lambda stage: stage.slack.drop_sockets(),
    "Ask the bot to connect anew": lambda stage: stage.slack.refresh_sockets(),
}


@dataclass(frozen=True, slots=True)
class Mishap:
    """One thing that will go wrong: with the next request of `target`, in these words."""

    target: str
    what: str


class Mishaps:
    """What was chosen and hasn't happened yet, in the order in which it will."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._lock = Lock()
        self._waiting: list[Mishap] = []
        stage.vpc.subscribe(self._called)
        stage.slack.subscribe(lambda happening: self._exchanged(happening.item))

    @property
    def waiting(self) -> tuple[Mishap, ...]:
        """What is still to come."""
        with self._lock:
            return tuple(self._waiting)

    def choose(self, target: str, what: str) -> None:
        """Let the next request, the next post or the sockets go wrong, or a tunnel change; KeyError."""
        if target in ACTIONS:
            fault = _Cloud.refuse(what, explain(what).title) if what in CLOUD_CODES else CLOUD[what]()
            self._expect(Mishap(target, what))
            self._stage.vpc.fault(target, fault)
        elif target == POST:
            post_fault = SLACK[what]()
            self._expect(Mishap(target, what))
            self._stage.slack.inject(POST, post_fault)
        else:
            {**SOMEBODY, **SOCKETS}[what](self._stage)

    def _expect(self, mishap: Mishap) -> None:
        with self._lock:
            self._waiting.append(mishap)

    def _called(self, call: Call) -> None:
        if call.fault:
            self._happened(call.action)

    def _exchanged(self, item: object) -> None:
        if isinstance(item, Exchange) and item.direction == "out":
            self._happened(item.name)

    def _happened(self, target: str) -> None:
        with self._lock:
            first = next((one for one in self._waiting if one.target == target), None)
            if first:
                self._waiting.remove(first)


def _change(stage: Stage, tunnel_id: str, **fields: Any) -> None:
    """As in the console; of a tunnel that is gone there is nothing to change."""
    with suppress(KeyError):
        stage.vpc.set_state(tunnel_id, **fields)

"""What the local VPC remembers of the requests that it saw."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from bot.rehearsal.vpc_signature import MASK

REQUESTS_PER_SECOND = 100
# Of these the documents allow fewer.
FEWER_PER_SECOND = {"DescribeVpnGatewayRoutes": 20, "DescribeVpnGatewayCcnRoutes": 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it was received and answered; all that it shows is masked.

    `at` is in epoch seconds; `ms` is the time from arrival until the answer was ready; `fault` is a word for
    what was made to go wrong. A refused request whose parameters were not looked at has an empty `body`.
    """

    at: float
    action: str
    region: str
    headers: dict[str, str]
    fault: str | None
    ms: float
    received: dict[str, Any] = field(repr=False)
    answered: dict[str, Any] | None = field(repr=False)

    @property
    def body(self) -> dict[str, Any]:
        """The parameters."""
        shown: dict[str, Any] = _masked(self.received)
        return shown

    @property
    def answer(self) -> dict[str, Any] | None:
        """The API's answer; None where the caller got nothing of it."""
        shown: dict[str, Any] | None = _masked(self.answered)
        return shown

    @property
    def code(self) -> str | None:
        """The error code answered, if any."""
        code: str | None = (self.answered or {}).get("Response", {}).get("Error", {}).get("Code")
        return code


class Pace:
    """Counts the requests of one action in one region over a sliding second."""

    def __init__(self, most: int) -> None:
        self.peak = 0
        self._most = most
        self._arrived: deque[float] = deque()
        self._admitted: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Count a request at `now` (epoch seconds); False where `most` were admitted in the second before."""
        self.peak = max(self.peak, _count(self._arrived, now) + 1)
        self._arrived.append(now)
        if _count(self._admitted, now) >= self._most:
            return False
        self._admitted.append(now)
        return True


def _count(times: deque[float], now: float) -> int:
    while times and times[0] <= now - 1:
        times.popleft()
    return len(times)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: MASK if name == "PreShareKey" else _masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value

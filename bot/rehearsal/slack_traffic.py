"""What went over the local Slack's sockets, with tokens masked."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from bot.rehearsal.workspace import Workspace

KEPT = 5_000
MASK = "•••"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer; `direction` is seen from the app: `out` it asked Slack, `in` Slack told it.

    `kind`: method, response_url (out); command, block_actions, view_submission, view_closed, ack (in; an ack
    by itself is one that came too late or answers nothing). `name`: the method, command or action_id.
    `answer` is None when there was none. `at` is epoch seconds.
    """

    at: float
    direction: Literal["in", "out"]
    kind: str
    name: str
    payload: Any
    answer: Any
    ms: float
    status: int | None = None


class Traffic:
    """The latest exchanges."""

    def __init__(self, workspace: Workspace, secrets: Iterable[str]) -> None:
        self._workspace = workspace
        self._secrets = tuple(secrets)
        self._kept: deque[Exchange] = deque(maxlen=KEPT)

    def record(
        self,
        direction: Literal["in", "out"],
        kind: str,
        name: str,
        payload: Any,
        *,
        answer: Any = None,
        ms: float = 0.0,
        status: int | None = None,
    ) -> None:
        """Keep one exchange and tell whoever watches."""
        exchange = Exchange(
            at=self._workspace.clock(),
            direction=direction,
            kind=kind,
            name=name,
            payload=self._masked(payload),
            answer=self._masked(answer),
            ms=ms,
            status=status,
        )
        with self._workspace.changed:
            self._kept.append(exchange)
            self._workspace.tell("exchange", exchange)

    def kept(self) -> tuple[Exchange, ...]:
        """The exchanges, oldest first."""
        with self._workspace.changed:
            return tuple(self._kept)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, MASK)
            return value
        if isinstance(value, dict):
            return {key: self._masked(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._masked(item) for item in value]
        return value

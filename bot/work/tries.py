"""What every step has in common: how long things may take, pauses between tries, and lost leases."""

import logging
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.explain import Again, OwnCode, explain, explain_look
from bot.domain.model import Deletion, Unreadable
from bot.errors import CloudError, LeaseLost, NotSent, Refused

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take, in seconds, and how many tunnels one card may be about."""

    confirm_ttl_s: float
    retry_for_s: float
    verify_timeout_s: float
    max_batch: int


class Tries:
    """When to try again, and until when, by the ledger's clock."""

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float],
        *,
        jitter: Callable[[], float] = random.random,
        set_ahead_at: Callable[[], float] = lambda: -math.inf,
    ) -> None:
        """set_ahead_at: when the clock last leapt ahead, by the clock itself."""
        self.limits = limits
        self.clock = clock
        self._jitter = jitter
        self._set_ahead_at = set_ahead_at

    def in_time(self, deletion: Deletion) -> bool:
        """Whether a confirmed deletion may be tried (again) now."""
        return deletion.retry_until is None or self.clock() < deletion.retry_until

    def waited_s(self, since: float) -> float:
        """How many seconds have passed since then, at least: a leap of the clock isn't time that passed."""
        return self.clock() - max(since, self._set_ahead_at())

    def pause_s(self, deletion: Deletion) -> float:
        """Doubling from half a second to ten, less up to a half at random, so that retries don't march."""
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(deletion.attempts, 10))
        return longest * (1 - self._jitter() / 2)


def code_of(error: CloudError) -> str:
    """The cloud's code, or ours where it gave none."""
    if error.code:
        return error.code
    return OwnCode.UNREACHABLE if isinstance(error, NotSent) else OwnCode.NO_ANSWER


def is_final(error: CloudError) -> bool:
    """Whether the cloud said no, and will say so again."""
    return isinstance(error, Refused) and explain(code_of(error)).again is Again.FINAL


def said(error: CloudError) -> str:
    """The cloud's own message, or what was seen of the failure; "" for nothing."""
    return error.message if isinstance(error, Refused) else error.reason


def unreadable(error: CloudError) -> Unreadable:
    """What stands in the place of what a failed look would have shown."""
    code = code_of(error)
    return Unreadable(
        why=explain_look(code).title,
        code=code,
        passing=not is_final(error),
        said=said(error),
        request_id=error.request_id,
    )


def unless_lost(step: Callable[..., None], *args: object) -> None:
    """Run a step; where somebody else holds the row by now, they go on, and this worker writes no more."""
    try:
        step(*args)
    except LeaseLost as lost:
        log.info("lease lost deletion=%s", lost)

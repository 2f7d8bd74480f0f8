"""Whether this bot can do its work now: what /readyz answers from."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from bot.errors import LedgerFailed

PROBE_AGAIN_S = 1.0
PROBE_WITHIN_S = 2.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """Whether one thing works, and why, in words for whoever is woken by it: no secret, host or version."""

    ok: bool
    reason: str


Checks = Mapping[str, Callable[[], Check]]


class LedgerProbe:
    """Writes to the ledger when asked: at most once a second, however many ask, and never twice at once."""

    def __init__(
        self,
        write: Callable[[], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        within_s: float = PROBE_WITHIN_S,
    ) -> None:
        """write: one real write; raises LedgerFailed. within_s: how long an answer may take."""
        self._write = write
        self._within_s = within_s
        self._monotonic = monotonic
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger-probe")
        self._asking = threading.Lock()
        self._tried: Future[Check] | None = None
        self._tried_at = 0.0

    def __call__(self) -> Check:
        """What the latest write came to; waits for it `within_s` at most."""
        with self._asking:
            tried, now = self._tried, self._monotonic()
            if tried is None or (tried.done() and now - self._tried_at > PROBE_AGAIN_S):
                tried = self._tried = self._thread.submit(self._try)
                self._tried_at = now
        try:
            return tried.result(self._within_s)
        except TimeoutError:
            return Check(ok=False, reason=f"no write to the ledger got through for {self._within_s:g} s")

    def _try(self) -> Check:
        try:
            self._write()
        except LedgerFailed as error:
            log.warning("ledger not writable: %s", error)
            return Check(ok=False, reason="the last write to the ledger failed; the log says why")
        return Check(ok=True, reason="the last write to the ledger succeeded")

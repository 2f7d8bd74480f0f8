"""The heartbeat of the abort windows: while Stop could be pressed, and somebody here could take it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from bot.errors import LedgerFailed
from bot.ledger.windows import Present, Windows

# So often this process looks whether it is there, and asks Slack for an answer while a window is open.
TICK_S = 0.15
# A process that didn't look for longer than this stood still: it could take nothing meanwhile.
STOOD_STILL_S = 0.3
COUNT_EVERY_S = 0.25
LOOK_EVERY_S = 2.0
log = logging.getLogger(__name__)


class Connection(Protocol):
    """How Slack's requests come in."""

    def answered(self) -> tuple[str, float] | None:
        """Which connection it is, and how many seconds ago Slack last answered on it; None without one."""

    def ask(self) -> None:
        """Ask Slack for an answer."""


class Presence:
    """Knows since when this process could take a press without a break, and counts that for open windows.

    Only what Slack's answers prove counts: a connection may look open long after it has died.
    """

    def __init__(
        self,
        windows: Windows,
        connection: Callable[[], Connection],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._windows = windows
        self._connection = connection
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._looked_at = self._awake_since = monotonic()
        self._connected: tuple[str, float] | None = None
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="presence", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def wake(self) -> None:
        """A window may have been opened."""
        self._woken.set()

    def stop(self) -> None:
        """Count no more."""
        self._stopped.set()

    def count(self, *, at_least_s: float = 0.0) -> bool:
        """Count up to now; whether a window is open. Raises LedgerFailed: then no press is taken."""
        try:
            return self._windows.count(self.present(), at_least_s=at_least_s)
        except LedgerFailed:
            with self._lock:
                self._awake_since = self._monotonic()
            raise

    def present(self) -> Present | None:
        """The time in which this process could surely take a press; None where it can't now."""
        with self._lock:
            now = self._monotonic()
            if now - self._looked_at > STOOD_STILL_S:
                self._awake_since = now
            self._looked_at = now
            answered = None if self._stopped.is_set() else self._connection().answered()
            if answered is None:
                self._connected = None
                return None
            which, ago_s = answered
            answered_at = now - ago_s
            if self._connected is None or self._connected[0] != which:
                self._connected = (which, answered_at)
            since = max(self._awake_since, self._connected[1])
            return Present(since=since, until=answered_at) if answered_at > since else None

    def _loop(self) -> None:
        is_open, soon, looked_at = False, False, -LOOK_EVERY_S
        while not self._stopped.wait(TICK_S):
            self.present()
            if is_open:
                self._connection().ask()
            if self._woken.is_set():
                self._woken.clear()
                soon = True
            now = self._monotonic()
            if now - looked_at >= (COUNT_EVERY_S if is_open or soon else LOOK_EVERY_S):
                is_open, soon, looked_at = self._count(), False, now

    def _count(self) -> bool:
        try:
            return self.count(at_least_s=COUNT_EVERY_S / 2)
        except LedgerFailed as error:
            log.warning("ledger unavailable for the abort windows: %s", error)
        except Exception:  # a fault of ours must not end the heartbeat: no window would ever be over
            log.exception("a heartbeat broke")
        return True

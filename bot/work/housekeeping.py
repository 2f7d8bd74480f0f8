"""Forgetting old rows in the background."""

import logging
import threading

from bot.errors import LedgerFailed
from bot.ledger.retention import Retention

FIRST_AFTER_S = 5.0
EVERY_S = 60 * 60.0
PIECE = 200
BETWEEN_PIECES_S = 0.1
log = logging.getLogger(__name__)


class Housekeeping:
    """A thread that removes what is old soon after the start and then hourly, leaving others room between."""

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further piece."""
        self._stopped.set()

    def _run(self) -> None:
        pause_s = FIRST_AFTER_S
        while not self._stopped.wait(pause_s):
            pause_s = BETWEEN_PIECES_S if self._remove_some() else EVERY_S

    def _remove_some(self) -> int:
        try:
            removed = self._retention.remove_some(PIECE)
        except LedgerFailed as error:
            log.warning("ledger unavailable for housekeeping: %s", error)
            return 0
        if removed:
            log.info("removed %d old rows", removed)
        return removed

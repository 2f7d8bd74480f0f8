"""Presses on Stop that the ledger could not take: kept in memory, and written as soon as it answers."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.chat import notes
from bot.chat.blocks import Body
from bot.errors import LedgerFailed

KEEP_TRYING_S = 60.0
TRY_EVERY_S = 0.2
MOST = 50
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Press:
    response_url: str
    write: Callable[[], Body | None]
    until: float


class PendingStops:
    """Best effort: they end with the process. Each is for one person and one card, and is kept once."""

    def __init__(
        self,
        tell: Callable[[str, Mapping[str, Any]], None],
        *,
        keep_trying_s: float = KEEP_TRYING_S,
        try_every_s: float = TRY_EVERY_S,
        most: int = MOST,
    ) -> None:
        """tell: says something to whoever pressed, by the press's response_url."""
        self._tell = tell
        self._keep_trying_s = keep_trying_s
        self._try_every_s = try_every_s
        self._most = most
        self._lock = threading.Lock()
        self._presses: dict[tuple[str, str], _Press] = {}
        self._is_trying = False
        self._stopping = threading.Event()

    def keep(
        self, card_id: str, user_id: str, *, response_url: str, write: Callable[[], Body | None]
    ) -> bool:
        """Whether it will be tried. write: writes it, and gives what to tell the presser; LedgerFailed."""
        press = _Press(response_url=response_url, write=write, until=time.monotonic() + self._keep_trying_s)
        key = (card_id, user_id)
        with self._lock:
            if self._stopping.is_set() or (key not in self._presses and len(self._presses) >= self._most):
                return False
            self._presses[key] = press
            if not self._is_trying:
                self._is_trying = True
                threading.Thread(target=self._try_on, name="pending-stops", daemon=True).start()
        return True

    def stop(self) -> None:
        """Try no more; whoever waits is told so."""
        with self._lock:
            self._stopping.set()
            left, self._presses = self._presses, {}
        for press in left.values():
            self._tell(press.response_url, _gave_up("vpn-bot is being stopped"))

    def _try_on(self) -> None:
        while not self._stopping.wait(self._try_every_s):
            with self._lock:
                presses = dict(self._presses)
                if not presses:
                    self._is_trying = False
                    return
            for key, press in presses.items():
                self._try(key, press)

    def _try(self, key: tuple[str, str], press: _Press) -> None:
        try:
            told = press.write()
        except LedgerFailed as error:
            if time.monotonic() < press.until:
                return
            log.warning("gave up on a stop deletion=%s user=%s: %s", *key, error)
            told = _gave_up("its ledger can't be used")
        except Exception:  # a fault of ours must not keep the others from being written
            log.exception("a stop broke deletion=%s user=%s", *key)
            told = _gave_up("it made a mistake of its own; its log says more")
        with self._lock:
            if self._presses.get(key) is not press:  # told already, or pressed again meanwhile
                return
            del self._presses[key]
        if told is not None:
            self._tell(press.response_url, told)


def _gave_up(why: str) -> Body:
    return notes.private(
        f"vpn-bot gave up on your Stop: {why}. Look at the card. If it still has Stop, press it again."
    )

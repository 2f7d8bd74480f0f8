"""Private answers to clicks, and dialogs, sent in the background: no listener waits for Slack."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bot.chat.poster import Poster
from bot.errors import SlackError

THREADS = 4
TRIES = 3
log = logging.getLogger(__name__)


class Whisperer:
    """Best effort, in memory: such an answer decides nothing, and saying it twice does no harm."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="whisper")

    def whisper(self, response_url: str, body: Mapping[str, Any]) -> None:
        """Queue the answer and return."""
        self._pool.submit(self._say, response_url, body)

    def open_view(
        self, trigger_id: str, view: Mapping[str, Any], *, response_url: str, otherwise: Mapping[str, Any]
    ) -> None:
        """Queue a dialog and return; where it can't be opened, the person is told `otherwise`."""
        self._pool.submit(self._open, trigger_id, view, response_url, otherwise)

    def stop(self) -> None:
        """Finish what is queued."""
        self._pool.shutdown(wait=True)

    def _open(
        self, trigger_id: str, view: Mapping[str, Any], response_url: str, otherwise: Mapping[str, Any]
    ) -> None:
        try:
            self._poster.open_view(trigger_id, view)
        except SlackError as error:
            log.warning("dialog not opened error=%s", error)
            self._say(response_url, otherwise)

    def _say(self, response_url: str, body: Mapping[str, Any]) -> None:
        for _ in range(TRIES):
            try:
                self._poster.whisper(response_url, body)
            except SlackError as error:
                log.warning("private answer not said error=%s", error)
            else:
                return

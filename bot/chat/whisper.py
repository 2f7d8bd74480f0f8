"""Private answers to clicks, sent in the background: no listener waits for Slack."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bot.chat.poster import Poster
from bot.errors import SlackError

THREADS = 2
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

    def stop(self) -> None:
        """Finish what is queued."""
        self._pool.shutdown(wait=True)

    def _say(self, response_url: str, body: Mapping[str, Any]) -> None:
        for _ in range(TRIES):
            try:
                self._poster.whisper(response_url, body)
            except SlackError as error:
                log.warning("private answer not said error=%s", error)
            else:
                return

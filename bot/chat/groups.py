"""Who is in the operators' user groups, kept fresh in the background so that no click waits for Slack."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

REFRESH_S = 60.0
MAX_AGE_S = 300.0
log = logging.getLogger(__name__)


class UserGroups:
    """The members of some user groups. What is older than five minutes grants nothing any more."""

    def __init__(
        self,
        token: str,
        api_url: str,
        group_ids: Sequence[str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = WebClient(
            token=token,
            base_url=api_url,
            timeout=10,
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)],
        )
        self._group_ids = tuple(group_ids)
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, frozenset[str]]] = {}
        self._stopping = threading.Event()

    def members(self, group_id: str) -> frozenset[str] | None:
        """The group's members, or None while they aren't known freshly enough."""
        known = self._known.get(group_id)
        if known is None or self._monotonic() - known[0] > MAX_AGE_S:
            return None
        return known[1]

    def start(self) -> None:
        """Read the groups now and then every minute, in a thread of its own."""
        if self._group_ids:
            threading.Thread(target=self._keep_fresh, name="user-groups", daemon=True).start()

    def stop(self) -> None:
        """End the thread after its current read."""
        self._stopping.set()

    def refresh(self) -> None:
        """Read every group once; one that can't be read keeps what was known until that is too old."""
        for group_id in self._group_ids:
            asked_at = self._monotonic()
            try:
                users = frozenset(map(str, self._client.usergroups_users_list(usergroup=group_id)["users"]))
            except (SlackClientError, OSError, HTTPException, ValueError, TypeError) as exc:
                # TypeError: an answer without users, for which the SDK gives None.
                log.warning("user group unreadable group=%s error=%s", group_id, _word(exc))
            else:
                self._known[group_id] = (asked_at, users)

    def _keep_fresh(self) -> None:
        while not self._stopping.is_set():
            self.refresh()
            self._stopping.wait(REFRESH_S)


def _word(exc: Exception) -> str:
    response = getattr(exc, "response", None)
    return str(response["error"]) if response is not None and "error" in response else type(exc).__name__

"""Who is who, kept fresh in the background so that no command and no click waits for Slack."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from typing import TypeVar

from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.chat.web_client import SlackClient
from bot.domain.policy import Standing
from bot.domain.text import clean

REFRESH_S = 60.0
# After a read that failed, sooner: until somebody is known, they are turned away.
FIRST_RETRY_S = 2.0
MAX_AGE_S = 300.0
# Slack answers users.info about a hundred times a minute, so each person is asked about less often: a first
# miss leaves time for a second try before what is known is too old.
PEOPLE_EVERY_S = 170.0
PEOPLE_AT_A_TIME = 90
FIRST_WITHIN_S = 3.0
AT_ONCE = 8
# AttributeError, KeyError, TypeError, ValueError: an answer that isn't what Slack documents.
_UNREADABLE = (
    *(SlackClientError, OSError, HTTPException),
    *(AttributeError, KeyError, TypeError, ValueError),
)
_NO_SUCH_PERSON = ("user_not_found", "users_not_found")
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    asked_at: float
    members: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    asked_at: float
    standing: Standing
    tz_offset_s: int | None


class Directory:
    """The members of some user groups, and the standing of these and other people.

    What is older than five minutes grants nothing any more.
    """

    def __init__(
        self,
        token: str,
        api_url: str,
        *,
        group_ids: Sequence[str],
        user_ids: Sequence[str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = SlackClient(
            token=token,
            base_url=api_url,
            timeout=10,
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=2)],
        )
        self._group_ids = tuple(group_ids)
        self._user_ids = frozenset(user_ids)
        self._monotonic = monotonic
        self._groups: dict[str, _Group] = {}
        self._people: dict[str, _Person] = {}
        self._read_once = threading.Event()
        self._stopping = threading.Event()

    def members(self, group_id: str) -> frozenset[str] | None:
        """The group's members, or None while they aren't known freshly enough."""
        known = self._groups.get(group_id)
        return None if known is None or self._is_old(known.asked_at) else known.members

    def standing(self, user_id: str) -> Standing | None:
        """Whether somebody is active, or None while that isn't known freshly enough."""
        known = self._people.get(user_id)
        return None if known is None or self._is_old(known.asked_at) else known.standing

    def tz_offset_s(self, user_id: str) -> int | None:
        """Seconds that somebody's clock is ahead of UTC, where Slack told."""
        known = self._people.get(user_id)
        return None if known is None else known.tz_offset_s

    def start(self) -> None:
        """Read everything now, waiting three seconds for it at most, and then every minute in a thread."""
        threading.Thread(target=self._keep_fresh, name="directory", daemon=True).start()
        self._read_once.wait(FIRST_WITHIN_S)

    def stop(self) -> None:
        """End the thread after its current read."""
        self._stopping.set()

    def refresh(self) -> bool:
        """Read every group once, and whoever is due; what can't be read stays until it is too old.

        Returns whether everything could be read.
        """
        due = self._due()
        groups = [partial(self._read_group, group_id) for group_id in self._group_ids]
        read = self._each([*groups, *(partial(self._read_person, user_id) for user_id in due)])
        # Whoever the groups have just told of.
        return self._each([partial(self._read_person, one) for one in self._due(besides=due)]) and read

    def _each(self, reads: Sequence[Callable[[], bool]]) -> bool:
        """Several at once, in threads that keep no process alive; whether all succeeded."""
        left = deque(reads)
        succeeded: list[bool] = []

        def read_on() -> None:
            while left and not self._stopping.is_set():
                try:
                    read = left.popleft()
                except IndexError:  # another thread was faster
                    return
                succeeded.append(read())

        readers = [
            threading.Thread(target=read_on, name="directory-reader", daemon=True)
            for _ in range(min(AT_ONCE, len(reads)))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        return all(succeeded)

    def _keep_fresh(self) -> None:
        retry_s = FIRST_RETRY_S
        while not self._stopping.is_set():
            read = self.refresh()
            self._read_once.set()
            self._stopping.wait(REFRESH_S if read else retry_s)
            retry_s = FIRST_RETRY_S if read else min(REFRESH_S, 2 * retry_s)

    def _is_old(self, asked_at: float) -> bool:
        return self._monotonic() - asked_at > MAX_AGE_S

    def _due(self, *, besides: Collection[str] = ()) -> list[str]:
        """Everybody whom a rule names, themselves or by a group, and whom nobody asked about lately.

        The unknown first, then those asked about longest ago; no more than Slack answers in a minute.
        """
        named = self._user_ids.union(*(group.members for group in self._groups.values()))
        self._people = {one: known for one, known in self._people.items() if one in named}
        asked_at = {one: self._people[one].asked_at if one in self._people else -math.inf for one in named}
        before = self._monotonic() - PEOPLE_EVERY_S
        due = [one for one in named.difference(besides) if asked_at[one] <= before]
        return sorted(due, key=lambda one: (asked_at[one], one))[: PEOPLE_AT_A_TIME - len(besides)]

    def _read_group(self, group_id: str) -> bool:
        asked_at = self._monotonic()
        try:
            users = self._client.usergroups_users_list(usergroup=group_id)["users"]
            members = frozenset(_of(list, users))
        except _UNREADABLE as exc:
            log.warning("user group unreadable group=%s error=%s%s", group_id, *_why(exc))
            return False
        self._groups[group_id] = _Group(asked_at=asked_at, members=members)
        return True

    def _read_person(self, user_id: str) -> bool:
        asked_at = self._monotonic()
        try:
            user = _of(dict, self._client.users_info(user=user_id)["user"])
            if user["id"] != user_id:
                raise ValueError("another person")
        except _UNREADABLE as exc:
            word, advice = _why(exc)
            if word not in _NO_SUCH_PERSON:
                log.warning("person unreadable user=%s error=%s%s", user_id, word, advice)
                return False
            user = {"deleted": True}
        offset = user.get("tz_offset")
        self._people[user_id] = _Person(
            asked_at=asked_at,
            standing=_standing(user_id, user),
            tz_offset_s=offset if isinstance(offset, int) else None,
        )
        return True


def _of(kind: type[T], answer: object) -> T:
    if not isinstance(answer, kind):
        raise TypeError(f"not a {kind.__name__}")
    return answer


def _standing(user_id: str, user: Mapping[str, object]) -> Standing:
    """What users.info says; Slack leaves `deleted` out of some people who are active."""
    if user.get("deleted", False) is not False:
        return Standing.DEACTIVATED
    if user.get("is_bot") or user.get("is_workflow_bot") or user_id == "USLACKBOT":
        return Standing.BOT
    return Standing.ACTIVE


def _why(exc: Exception) -> tuple[str, str]:
    """Slack's word, or the kind of fault, and what to do about it where that is known."""
    response = getattr(exc, "response", None)
    answer = getattr(response, "data", response)
    told = answer.get("error") if isinstance(answer, Mapping) else None
    word = clean(str(told or type(exc).__name__), 60)
    return word, " (reinstall the app from the present manifest.yml)" if word == "missing_scope" else ""

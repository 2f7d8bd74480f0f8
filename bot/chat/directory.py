"""Who is who, kept fresh in the background so that no command and no click waits for Slack."""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException

from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.chat.slack_users import (
    NO_SUCH_GROUP,
    NO_SUCH_PERSON,
    members_of,
    membership_of,
    standing_of,
    user_of,
    why,
)
from bot.chat.web_client import SlackClient
from bot.domain.people import Membership, Standing
from bot.health import Check

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
MOST_NOTICED = 50
# AttributeError, KeyError, TypeError, ValueError: an answer that isn't what Slack documents.
_UNREADABLE = (
    *(SlackClientError, OSError, HTTPException),
    *(AttributeError, KeyError, TypeError, ValueError),
)
_CANNOT_ACT = (Standing.DEACTIVATED, Standing.BOT)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    asked_at: float
    members: frozenset[str]
    missing: str = ""  # why Slack has no such group, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    asked_at: float
    standing: Standing
    membership: Membership
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
        self._noticed: deque[str] = deque(maxlen=MOST_NOTICED)
        self._told: frozenset[str] = frozenset()
        self._nudged = threading.Event()
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

    def membership(self, user_id: str) -> Membership | None:
        """Where somebody belongs, or None while that isn't known freshly enough."""
        known = self._people.get(user_id)
        return None if known is None or self._is_old(known.asked_at) else known.membership

    def tz_offset_s(self, user_id: str) -> int | None:
        """Seconds that somebody's clock is ahead of UTC, where Slack told."""
        known = self._people.get(user_id)
        return None if known is None else known.tz_offset_s

    def notice(self, user_id: str) -> None:
        """Read about somebody whom no rule names too, soon; of the latest fifty of them."""
        if user_id not in self._noticed:
            self._noticed.append(user_id)
            self._nudged.set()

    def check(self) -> Check:
        """Which user groups nobody can act by. It is always ok: what works without them goes on."""
        unread = [one for one in self._group_ids if self.members(one) is None]
        told = [*self._empty(), *(f"who is in the user group {one} isn't known now" for one in unread)]
        fine = (
            "the user groups of the rules have active members"
            if self._group_ids
            else "the rules name no group"
        )
        return Check(ok=True, reason="; ".join(told) or fine)

    def start(self) -> None:
        """Read everything now, waiting three seconds for it at most, and then every minute in a thread."""
        threading.Thread(target=self._keep_fresh, name="directory", daemon=True).start()
        self._read_once.wait(FIRST_WITHIN_S)

    def stop(self) -> None:
        """End the thread after its current read."""
        self._stopping.set()
        self._nudged.set()

    def refresh(self) -> bool:
        """Read every group once, and whoever is due; what can't be read stays until it is too old.

        Returns whether everything could be read.
        """
        due = self._due()
        groups = [partial(self._read_group, group_id) for group_id in self._group_ids]
        read = self._each([*groups, *(partial(self._read_person, user_id) for user_id in due)])
        # Whoever the groups have just told of.
        read = self._each([partial(self._read_person, one) for one in self._due(besides=due)]) and read
        self._tell_of_empty_groups()
        return read

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
            self._nudged.wait(REFRESH_S if read else retry_s)
            self._nudged.clear()
            retry_s = FIRST_RETRY_S if read else min(REFRESH_S, 2 * retry_s)

    def _is_old(self, asked_at: float) -> bool:
        return self._monotonic() - asked_at > MAX_AGE_S

    def _due(self, *, besides: Collection[str] = ()) -> list[str]:
        """Everybody whom a rule names, themselves or by a group, or who was noticed, and isn't read lately.

        The unknown first, then those asked about longest ago; no more than Slack answers in a minute.
        """
        groups = [group.members for group in self._groups.values()]
        named = self._user_ids.union(tuple(self._noticed), *groups)
        self._people = {one: known for one, known in self._people.items() if one in named}
        asked_at = {one: self._people[one].asked_at if one in self._people else -math.inf for one in named}
        before = self._monotonic() - PEOPLE_EVERY_S
        due = [one for one in named.difference(besides) if asked_at[one] <= before]
        return sorted(due, key=lambda one: (asked_at[one], one))[: PEOPLE_AT_A_TIME - len(besides)]

    def _empty(self) -> list[str]:
        """A sentence for each group that is known to have nobody who could act."""
        told = []
        for group_id, group in sorted(self._groups.items()):
            if group.missing:
                told.append(f"the user group {group_id} {group.missing}")
            elif all(self.standing(one) in _CANNOT_ACT for one in group.members):
                told.append(f"the user group {group_id} has no active members")
        return told

    def _tell_of_empty_groups(self) -> None:
        """Once in the log, and again only where it was mended meanwhile."""
        empty = self._empty()
        for one in empty:
            if one not in self._told:
                log.warning("%s: nobody may do anything by it. Correct the list that names it.", one)
        self._told = frozenset(empty)

    def _read_group(self, group_id: str) -> bool:
        asked_at, missing = self._monotonic(), ""
        try:
            members = members_of(self._client.usergroups_users_list(usergroup=group_id)["users"])
        except _UNREADABLE as exc:
            word, advice = why(exc)
            missing, members = NO_SUCH_GROUP.get(word, ""), frozenset()
            if not missing:
                log.warning("user group unreadable group=%s error=%s%s", group_id, word, advice)
                return False
        self._groups[group_id] = _Group(asked_at=asked_at, members=members, missing=missing)
        return True

    def _read_person(self, user_id: str) -> bool:
        asked_at = self._monotonic()
        try:
            user = user_of(user_id, self._client.users_info(user=user_id)["user"])
            standing, membership = standing_of(user), membership_of(user)
        except _UNREADABLE as exc:
            word, advice = why(exc)
            if word not in NO_SUCH_PERSON:
                log.warning("person unreadable user=%s error=%s%s", user_id, word, advice)
                return False
            user, standing = {}, Standing.DEACTIVATED
            membership = Membership(teams=frozenset())
        offset = user.get("tz_offset")
        self._people[user_id] = _Person(
            asked_at=asked_at,
            standing=standing,
            membership=membership,
            tz_offset_s=offset if isinstance(offset, int) else None,
        )
        return True

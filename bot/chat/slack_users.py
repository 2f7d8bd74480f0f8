"""Slack's answers about people and user groups, read (pure).

TypeError, KeyError and ValueError mean that an answer isn't as Slack documents it.
"""

from collections.abc import Mapping
from typing import TypeVar

from bot.domain.people import Membership, Standing
from bot.domain.text import clean

NO_SUCH_PERSON = ("user_not_found", "users_not_found")
# Slack's words for a user group that won't come back by waiting, and what to tell of it.
NO_SUCH_GROUP = {
    "no_such_subteam": "doesn't exist (any more), or is disabled",
    "plan_upgrade_required": "can't exist: this Slack plan has no user groups",
}
T = TypeVar("T")


def members_of(answer: object) -> frozenset[str]:
    """`users` of usergroups.users.list."""
    return frozenset(_strings(answer))


def user_of(user_id: str, answer: object) -> Mapping[str, object]:
    """`user` of users.info, which must be the one that was asked for."""
    user = _of(dict, answer)
    if user["id"] != user_id:
        raise ValueError("another person")
    return user


def standing_of(user: Mapping[str, object]) -> Standing:
    """Whether users.info shows somebody active; Slack leaves `deleted` out of some people who are."""
    if user.get("deleted", False) is not False:
        return Standing.DEACTIVATED
    if user.get("is_bot") or user.get("is_workflow_bot") or user["id"] == "USLACKBOT":
        return Standing.BOT
    return Standing.ACTIVE


def membership_of(user: Mapping[str, object]) -> Membership:
    """Where users.info says that somebody belongs; `enterprise_user` is there on Enterprise Grid only."""
    team_id = user.get("team_id")
    own = {team_id} if isinstance(team_id, str) and team_id.startswith("T") else set()
    enterprise_user = user.get("enterprise_user")
    if enterprise_user is None:
        return Membership(teams=frozenset(own))
    found = _of(dict, enterprise_user)
    teams, enterprise_id = _strings(found["teams"]), _of(str, found["enterprise_id"])
    return Membership(teams=frozenset(own.union(teams)), enterprise_id=enterprise_id)


def why(exc: Exception) -> tuple[str, str]:
    """Slack's word, or the kind of fault, and what to do about it where that is known."""
    response = getattr(exc, "response", None)
    answer = getattr(response, "data", response)
    told = answer.get("error") if isinstance(answer, Mapping) else None
    word = clean(str(told or type(exc).__name__), 60)
    return word, " (reinstall the app from the present manifest.yml)" if word == "missing_scope" else ""


def _strings(answer: object) -> list[str]:
    return [_of(str, one) for one in _of(list, answer)]


def _of(kind: type[T], answer: object) -> T:
    if not isinstance(answer, kind):
        raise TypeError(f"not a {kind.__name__}")
    return answer

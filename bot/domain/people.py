"""Who somebody is: what Slack's payload says of them, and what Slack told of them when it was asked."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """What Slack says of somebody."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    BOT = "bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Where users.info says that somebody belongs.

    teams: ids of workspaces (T…). enterprise_id: of their Enterprise Grid organization (E…), "" for none.
    """

    teams: frozenset[str]
    enterprise_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who typed or clicked, as Slack's payload names them.

    team_id: their own, which on Enterprise Grid may be a sibling workspace of the bot's, or the organization
    itself (E…). enterprise_id: the payload's, "" outside Enterprise Grid. Where an outsider clicks in a
    Slack Connect channel it may be the bot's, so alone it proves nothing.
    """

    user_id: str
    team_id: str
    enterprise_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The workspace in which the bot is installed, and its organization, "" outside Enterprise Grid."""

    team_id: str
    enterprise_id: str = ""


class Directory(Protocol):
    """Who is who, as Slack told lately; None where that can't be told now, which grants nothing."""

    def members(self, group_id: str) -> frozenset[str] | None:
        """The user ids in a user group; none where there is no such group any more."""

    def standing(self, user_id: str) -> Standing | None:
        """Whether somebody is active."""

    def membership(self, user_id: str) -> Membership | None:
        """Where somebody belongs."""


def is_member(person: Person, home: Home, told: Membership | None) -> bool | None:
    """Whether they are of the home workspace; None where Slack would have to tell, and hasn't."""
    if person.team_id == home.team_id:
        return True
    if not _may_be_sibling(person, home):
        return False
    if told is None:
        return None
    return told.enterprise_id == home.enterprise_id and home.team_id in told.teams


def is_colleague(person: Person, home: Home, told: Membership | None) -> bool | None:
    """Likewise of the home workspace, or of another one of its organization."""
    if person.team_id in (home.team_id, home.enterprise_id or home.team_id):
        return True
    if not _may_be_sibling(person, home):
        return False
    return None if told is None else told.enterprise_id == home.enterprise_id


def _may_be_sibling(person: Person, home: Home) -> bool:
    """Whether the payload leaves it open that they belong to the home workspace by its organization."""
    if not home.enterprise_id:
        return False
    elsewhere = person.team_id.startswith("E") and person.team_id != home.enterprise_id
    return not elsewhere and home.enterprise_id in (person.enterprise_id, person.team_id)

"""People of every kind, and what Slack tells of them, for the tables of who may what."""

from collections.abc import Mapping

from bot.domain.people import Membership, Person, Standing

HOME, ELSEWHERE = "T0HOME", "T0ELSEWHERE"
HERE, OTHER = "C0HERE", "C0OTHER"
A, B = "vpngw-aaaaaaaa", "vpngw-bbbbbbbb"
ON_CALL, LEADS, UNREADABLE = "S0ONCALL", "S0LEADS", "S0UNREADABLE"

PEOPLE = {
    "operator": Person(user_id="U0OPERATOR", team_id=HOME),
    "operator by a W id": Person(user_id="W0OPERATOR", team_id=HOME),
    "operator by group": Person(user_id="U0ONCALL", team_id=HOME),
    "approver": Person(user_id="U0APPROVER", team_id=HOME),
    "approver by group": Person(user_id="U0LEAD", team_id=HOME),
    "operator on A only": Person(user_id="U0OPERATORA", team_id=HOME),
    "approver on A only": Person(user_id="U0APPROVERA", team_id=HOME),
    "nobody": Person(user_id="U0NOBODY", team_id=HOME),
    "listed guest": Person(user_id="U0OPERATOR", team_id=ELSEWHERE),
    "guest in the group": Person(user_id="U0ONCALL", team_id=ELSEWHERE),
    "listed, team not told": Person(user_id="U0OPERATOR", team_id=""),
    "listed bot": Person(user_id="U0BOT", team_id=HOME),
    "listed, deactivated": Person(user_id="U0LEFT", team_id=HOME),
    "deactivated, in the group": Person(user_id="U0LEFTCALL", team_id=HOME),
    "listed, standing not told": Person(user_id="U0UNTOLD", team_id=HOME),
}
GUESTS = {"listed guest", "guest in the group", "listed, team not told"}
NEVER = GUESTS | {"listed bot", "listed, deactivated", "deactivated, in the group"}
UNTOLD = "listed, standing not told"
# Whatever a rule lists, it lists these too: their standing alone keeps them out.
LISTED = ("U0BOT", "U0LEFT", "U0UNTOLD")
GROUPS: Mapping[str, frozenset[str]] = {
    ON_CALL: frozenset({"U0ONCALL", "U0LEFTCALL"}),
    LEADS: frozenset({"U0LEAD"}),
}


class Slack:
    """What Slack told lately; who was asked for is kept."""

    def __init__(
        self,
        groups: Mapping[str, frozenset[str]] = GROUPS,
        *,
        tells_standing: bool = True,
        memberships: Mapping[str, Membership] | None = None,
    ) -> None:
        self.groups = groups
        self.memberships = memberships or {}
        self.tells_standing = tells_standing
        self.asked: list[str] = []

    def members(self, group_id: str) -> frozenset[str] | None:
        self.asked.append(group_id)
        return self.groups.get(group_id)

    def membership(self, user_id: str) -> Membership | None:
        return self.memberships.get(user_id)

    def standing(self, user_id: str) -> Standing | None:
        if user_id == "U0UNTOLD" or not self.tells_standing:
            return None
        if user_id.startswith("U0LEFT"):
            return Standing.DEACTIVATED
        return Standing.BOT if user_id == "U0BOT" else Standing.ACTIVE


def named_by(role: str, ids: tuple[str, ...]) -> bool:
    """Whether a list of ids names this person, themselves or by a group that Slack tells of."""
    user_id = PEOPLE[role].user_id
    return any(user_id == one or user_id in GROUPS.get(one, ()) for one in ids)

"""Who is of the bot's workspace, or of its organization: every payload, and all that Slack may tell."""

from itertools import product

import pytest

from bot.domain import policy
from bot.domain.people import Home, Membership, Person, is_colleague, is_member
from bot.domain.policy import Rule, Rules
from tests.domain.who import HERE, Slack

HOME, SIBLING, PARTNER = "T0HOME", "T0SIBLING", "T0PARTNER"
ORG, OTHER_ORG = "E0ORG", "E0OTHER"
OURS = Home(team_id=HOME, enterprise_id=ORG)
ALONE = Home(team_id=HOME)
TOLD = {
    "nothing": None,
    "of both": Membership(teams=frozenset({HOME, SIBLING}), enterprise_id=ORG),
    "of the sibling": Membership(teams=frozenset({SIBLING}), enterprise_id=ORG),
    "of another organization": Membership(teams=frozenset({PARTNER}), enterprise_id=OTHER_ORG),
    "another organization, and our workspace": Membership(teams=frozenset({HOME}), enterprise_id=OTHER_ORG),
    "of no organization": Membership(teams=frozenset({PARTNER})),
}


def who(team_id: str, enterprise_id: str) -> Person:
    return Person(user_id="U0OPERATOR", team_id=team_id, enterprise_id=enterprise_id)


def test_whose_team_is_the_home_workspace_needs_nothing_else() -> None:
    """Whatever Slack told, and whatever the enterprise."""
    for home, told, org in product((OURS, ALONE), TOLD.values(), ("", ORG, OTHER_ORG)):
        assert is_member(who(HOME, org), home, told) is True
        assert is_colleague(who(HOME, org), home, told) is True


def test_without_an_organization_another_team_is_another_workspace() -> None:
    """Nothing that a payload or users.info says of an enterprise makes a member then."""
    for told, team, org in product(TOLD.values(), (SIBLING, PARTNER, ORG, ""), ("", ORG, OTHER_ORG)):
        assert is_member(who(team, org), ALONE, told) is False
        assert is_colleague(who(team, org), ALONE, told) is False


@pytest.mark.parametrize(("team", "org"), [(SIBLING, ORG), (ORG, ORG), (ORG, ""), ("", ORG), (PARTNER, ORG)])
@pytest.mark.parametrize("told", TOLD)
def test_within_the_organization_users_info_decides(team: str, org: str, told: str) -> None:
    """A member is of the same organization and of the home workspace; None where Slack hasn't told."""
    expected = None if told == "nothing" else told == "of both"
    assert is_member(who(team, org), OURS, TOLD[told]) is expected


@pytest.mark.parametrize("told", TOLD)
def test_a_colleague_is_of_the_organization_and_perhaps_of_another_workspace(told: str) -> None:
    """Where the team is the organization itself, that is said; else users.info decides."""
    expected = None if told == "nothing" else told in ("of both", "of the sibling")
    assert is_colleague(who(SIBLING, ORG), OURS, TOLD[told]) is expected
    assert is_colleague(who(ORG, ORG), OURS, TOLD[told]) is True


@pytest.mark.parametrize(
    ("team", "org"), [(SIBLING, ""), (SIBLING, OTHER_ORG), (OTHER_ORG, ORG), (OTHER_ORG, OTHER_ORG), ("", "")]
)
def test_where_the_payload_does_not_name_the_organization_nobody_is_asked(team: str, org: str) -> None:
    """Nor where the clicker's own team is another organization."""
    for told in TOLD.values():
        assert is_member(who(team, org), OURS, told) is False
        assert is_colleague(who(team, org), OURS, told) is False


def rules() -> Rules:
    return Rules(home=OURS, default=Rule(operators=("U0OPERATOR",)), gateways={})


@pytest.mark.parametrize(
    ("told", "ask", "stop"),
    [
        ("nothing", "standing unknown", policy.UNTOLD_MAY_STOP),
        ("of both", "operator U0OPERATOR", policy.MAY_STOP),
        ("of the sibling", "another workspace", policy.MAY_STOP),
        ("of another organization", "another workspace", "another workspace"),
        ("of no organization", "another workspace", "another workspace"),
    ],
)
def test_what_is_not_told_grants_nothing_but_stop(told: str, ask: str, stop: str) -> None:
    """To stop errs on the side of stopping, to ask and to confirm on that of refusing."""
    known = TOLD[told]
    slack = Slack(memberships={} if known is None else {"U0OPERATOR": known})
    sibling = who(SIBLING, ORG)
    assert policy.may_ask(sibling, HERE, (), rules(), slack).rule == ask
    assert policy.may_decide(sibling, HERE, (), policy.CANCELLERS, rules(), slack).rule == ask
    assert policy.may_stop(sibling, rules(), slack).rule == stop


def test_somebody_of_whom_slack_told_nothing_and_whom_no_rule_names_is_no_operator() -> None:
    """Trying again in a minute would not help them, so that isn't what they hear."""
    stranger = Person(user_id="U0NOBODY", team_id=SIBLING, enterprise_id=ORG)
    assert policy.may_ask(stranger, HERE, (), rules(), Slack()).rule == "not an operator"

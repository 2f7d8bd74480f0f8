"""Who may ask and decide: every role under every setting."""

import pytest

from bot.domain.policy import Members, Person, Rules, Verdict, may_operate

HOME, ELSEWHERE = "T0HOME", "T0ELSEWHERE"
HERE, OTHER = "C0HERE", "C0OTHER"
GROUP, UNREADABLE = "S0ONCALL", "S0UNREADABLE"
PEOPLE = {
    "listed": Person(user_id="U0LISTED", team_id=HOME),
    "listed by a W id": Person(user_id="W0LISTED", team_id=HOME),
    "group member": Person(user_id="U0MEMBER", team_id=HOME),
    "colleague": Person(user_id="U0COLLEAGUE", team_id=HOME),
    "listed guest": Person(user_id="U0LISTED", team_id=ELSEWHERE),
    "guest in the group": Person(user_id="U0MEMBER", team_id=ELSEWHERE),
    "listed, team not told": Person(user_id="U0LISTED", team_id=""),
}
OPERATORS = {
    "nobody": (),
    "people": ("U0LISTED", "W0LISTED"),
    "a group": (GROUP,),
    "people and a group": ("U0LISTED", "W0LISTED", GROUP),
    "people and an unreadable group": ("U0LISTED", UNREADABLE),
    "an unreadable group and a readable one": (UNREADABLE, GROUP),
}
MAY = {
    ("listed", "people"): "operator U0LISTED",
    ("listed", "people and a group"): "operator U0LISTED",
    ("listed", "people and an unreadable group"): "operator U0LISTED",
    ("listed by a W id", "people"): "operator W0LISTED",
    ("listed by a W id", "people and a group"): "operator W0LISTED",
    ("group member", "a group"): f"operator group {GROUP}",
    ("group member", "people and a group"): f"operator group {GROUP}",
    ("group member", "an unreadable group and a readable one"): f"operator group {GROUP}",
}
CHANNELS = {"any channel": (), "this channel": (OTHER, HERE), "another channel": (OTHER,)}


def members(group_id: str) -> frozenset[str] | None:
    return {GROUP: frozenset({"U0MEMBER"})}.get(group_id)


def verdict(
    person: Person, operators: tuple[str, ...], channels: tuple[str, ...], of: Members = members
) -> Verdict:
    return may_operate(
        person, HERE, Rules(home_team_id=HOME, operators=operators, channels=channels), members=of
    )


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("operators", OPERATORS)
@pytest.mark.parametrize("role", PEOPLE)
def test_only_operators_of_the_home_workspace_in_a_listed_channel_may(
    role: str, operators: str, channels: str
) -> None:
    """The whole table; whoever isn't in MAY may not, and is told why in a sentence."""
    found = verdict(PEOPLE[role], OPERATORS[operators], CHANNELS[channels])
    rule = MAY.get((role, operators)) if channels != "another channel" else None
    assert found.allowed == (rule is not None)
    if rule is None:
        assert found.sentence.endswith(".")
    else:
        assert (found.rule, found.sentence) == (rule, "")


@pytest.mark.parametrize(
    ("role", "operators", "channels", "rule", "named"),
    [
        ("listed guest", "people", "any channel", "another workspace", "own Slack workspace"),
        ("listed", "people", "another channel", "VPN_BOT_CHANNELS", "VPN_BOT_CHANNELS"),
        ("listed", "nobody", "any channel", "VPN_BOT_OPERATORS is empty", "VPN_BOT_OPERATORS is empty"),
        ("colleague", "people and a group", "any channel", "not an operator", "VPN_BOT_OPERATORS"),
        (
            "colleague",
            "people and an unreadable group",
            "any channel",
            f"group {UNREADABLE} unresolved",
            "Try again in a minute",
        ),
    ],
    ids=["guest", "channel", "no operators", "no operator", "unreadable group"],
)
def test_each_refusal_has_its_rule_for_the_audit_trail_and_its_sentence(
    role: str, operators: str, channels: str, rule: str, named: str
) -> None:
    """The sentence names the setting, or what to do; the rule tells the refusals apart."""
    found = verdict(PEOPLE[role], OPERATORS[operators], CHANNELS[channels])
    assert found.rule == rule
    assert named in found.sentence


def test_a_group_that_empties_grants_nothing_any_more() -> None:
    """The members are asked for anew at every click."""
    person = PEOPLE["group member"]
    assert verdict(person, (GROUP,), ()).allowed
    assert not verdict(person, (GROUP,), (), of=lambda _group: frozenset()).allowed


def test_a_user_id_in_the_group_setting_is_never_looked_up_as_a_group() -> None:
    """Only S… ids are user groups."""
    asked: list[str] = []

    def remember(group_id: str) -> None:
        asked.append(group_id)

    verdict(PEOPLE["colleague"], ("U0LISTED", "W0LISTED", GROUP), (), of=remember)
    assert asked == [GROUP]

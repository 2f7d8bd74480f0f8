"""Who may ask, decide and stop: every role under every setting."""

from collections.abc import Iterable

import pytest

from bot.domain import policy
from bot.domain.model import Tier
from bot.domain.people import Directory, Home, Person
from bot.domain.policy import Rule, Rules, Verdict, When
from tests.domain.who import (
    ELSEWHERE,
    HERE,
    HOME,
    LEADS,
    LISTED,
    NEVER,
    ON_CALL,
    OTHER,
    PEOPLE,
    UNREADABLE,
    UNTOLD,
    A,
    B,
    Slack,
    named_by,
)

OPERATORS = ("U0OPERATOR", "W0OPERATOR", ON_CALL, *LISTED)
APPROVERS = ("U0APPROVER", LEADS, *LISTED)
ON_A = Rule(operators=("U0OPERATORA", *LISTED), approvers=("U0APPROVERA", *LISTED))
USUAL = Rule(operators=OPERATORS, approvers=APPROVERS)
SETTINGS: dict[str, tuple[Rule, dict[str, Rule]]] = {
    "nobody": (Rule(), {}),
    "nobody but on A": (Rule(), {A: ON_A}),
    "operators": (Rule(operators=OPERATORS), {}),
    "approvers too": (USUAL, {}),
    "approvers alone": (Rule(approvers=APPROVERS), {}),
    "an unreadable group": (Rule(operators=(*OPERATORS, UNREADABLE)), {}),
    "only an unreadable group": (Rule(operators=(UNREADABLE,)), {}),
    "others on A": (USUAL, {A: ON_A}),
    "other approvers on A": (USUAL, {A: Rule(operators=OPERATORS, approvers=("U0APPROVERA",))}),
    "here": (Rule(operators=OPERATORS, channels=(OTHER, HERE)), {}),
    "elsewhere": (Rule(operators=OPERATORS, channels=(OTHER,)), {}),
    "elsewhere on A": (USUAL, {A: Rule(operators=OPERATORS, channels=(OTHER,))}),
    "elsewhere but on A": (Rule(operators=OPERATORS, channels=(OTHER,)), {A: ON_A}),
}
ACTS = ("ask", "confirm", "cancel", "stop")
ABOUT: list[tuple[str, ...]] = [(), (A,), (B,), (A, B)]


def rules(setting: str) -> Rules:
    default, gateways = SETTINGS[setting]
    return Rules(home=Home(team_id=HOME), default=default, gateways=gateways)


def verdict(
    role: str, act: str, gateways: Iterable[str], setting: str, slack: Directory | None = None
) -> Verdict:
    person, known, all_rules = PEOPLE[role], slack or Slack(), rules(setting)
    if act == "stop":
        return policy.may_stop(person, all_rules, known)
    if act == "ask":
        return policy.may_ask(person, HERE, tuple(gateways), all_rules, known)
    roles = (policy.APPROVER,) if act == "confirm" else policy.CANCELLERS
    return policy.may_decide(person, HERE, tuple(gateways), roles, all_rules, known)


def named_on(gateway: str, role: str, act: str, setting: str) -> bool:
    """Whether the rule of one gateway (its own, or else the default) names them for this act, here."""
    default, gateways = SETTINGS[setting]
    rule = gateways.get(gateway, default)
    who = {"ask": rule.operators, "confirm": rule.approvers or rule.operators}
    who["cancel"] = rule.operators + rule.approvers
    return named_by(role, who[act]) and (not rule.channels or HERE in rule.channels)


def expected(role: str, act: str, gateways: tuple[str, ...], setting: str) -> bool:
    """The rules once more, in as few words as they have."""
    if role in NEVER:
        return False
    if act == "stop":
        return True
    if role == UNTOLD:
        return False
    if act == "ask" and not gateways:
        return any(named_on(one, role, act, setting) for one in ("another", A))
    return all(named_on(one, role, act, setting) for one in gateways or ("another",))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", PEOPLE)
def test_who_may_as_a_table(role: str, act: str, setting: str) -> None:
    """Each role, act and setting, on no gateway yet, on one, on another and on both."""
    for gateways in ABOUT:
        found = verdict(role, act, gateways, setting)
        assert found.allowed == expected(role, act, gateways, setting), (gateways, found)
        assert found.rule
        assert found.sentence == "" if found.allowed else found.sentence.endswith(".")


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", sorted(NEVER))
def test_guests_bots_and_people_who_left_never_may(role: str, act: str, setting: str) -> None:
    """Not even stop, whatever lists them; and that is the reason that they are given."""
    rule = {"listed bot": "bot"}.get(role, "deactivated" if "deactivated" in role else "another workspace")
    assert {verdict(role, act, gateways, setting).rule for gateways in ABOUT} == {rule}


@pytest.mark.parametrize(
    ("role", "act", "gateways", "setting", "rule"),
    [
        ("operator", "ask", (A,), "operators", "operator U0OPERATOR"),
        ("operator by a W id", "ask", (A,), "operators", "operator W0OPERATOR"),
        ("operator by group", "ask", (A,), "operators", f"operator group {ON_CALL}"),
        ("operator", "ask", (A,), "an unreadable group", "operator U0OPERATOR"),
        ("operator", "confirm", (A,), "operators", "operator U0OPERATOR"),
        ("approver", "confirm", (A,), "approvers too", "approver U0APPROVER"),
        ("approver by group", "confirm", (B,), "others on A", f"approver group {LEADS}"),
        ("approver by group", "cancel", (B,), "others on A", f"approver group {LEADS}"),
        ("operator", "cancel", (B,), "others on A", "operator U0OPERATOR"),
        ("operator on A only", "ask", (A,), "others on A", f"operator U0OPERATORA (VPN_BOT_POLICY for {A})"),
        ("operator on A only", "ask", (), "others on A", f"operator U0OPERATORA (VPN_BOT_POLICY for {A})"),
        ("operator", "ask", (A,), "other approvers on A", "operator U0OPERATOR"),
        ("nobody", "stop", (), "nobody", "anybody may stop"),
    ],
)
def test_the_audit_trail_is_told_by_which_rule_they_may(
    role: str, act: str, gateways: tuple[str, ...], setting: str, rule: str
) -> None:
    """By whose id, in which role, and where a gateway's own rule decided, by that."""
    found = verdict(role, act, gateways, setting)
    assert (found.allowed, found.rule, found.sentence) == (True, rule, "")


@pytest.mark.parametrize(
    ("role", "act", "gateways", "setting", "rule", "named"),
    [
        ("listed guest", "ask", (), "operators", "another workspace", "own Slack workspace"),
        ("operator", "ask", (), "elsewhere", "VPN_BOT_CHANNELS", "VPN_BOT_CHANNELS"),
        ("operator", "ask", (A,), "elsewhere on A", f"VPN_BOT_POLICY for {A}", f"VPN_BOT_POLICY for {A}"),
        (
            "operator",
            "ask",
            (),
            "nobody",
            "VPN_BOT_OPERATORS is empty",
            "VPN_BOT_OPERATORS is empty",
        ),
        ("nobody", "ask", (B,), "nobody but on A", "VPN_BOT_OPERATORS is empty", "VPN_BOT_OPERATORS"),
        ("nobody", "ask", (), "nobody but on A", f"not an operator (VPN_BOT_POLICY for {A})", f"on {A}"),
        ("nobody", "ask", (), "operators", "not an operator", "VPN_BOT_OPERATORS"),
        ("nobody", "confirm", (A,), "operators", "not an operator", "VPN_BOT_OPERATORS"),
        ("operator", "confirm", (A,), "approvers too", "not an approver", "VPN_BOT_APPROVERS"),
        (
            "nobody",
            "cancel",
            (A,),
            "approvers too",
            "not an operator or approver",
            "VPN_BOT_OPERATORS or VPN_BOT_APPROVERS",
        ),
        (
            "approver",
            "confirm",
            (A, B),
            "others on A",
            f"not an approver (VPN_BOT_POLICY for {A})",
            f"vpn-bot's approvers on {A}, so nothing was done",
        ),
        (
            "nobody",
            "ask",
            (A,),
            "an unreadable group",
            f"group {UNREADABLE} unresolved",
            "Try again in a minute",
        ),
        (UNTOLD, "ask", (), "operators", "standing unknown", "Try again in a minute"),
        (UNTOLD, "confirm", (A, B), "others on A", "standing unknown", "Try again in a minute"),
        ("nobody", "ask", (), "others on A", "not an operator", "VPN_BOT_OPERATORS"),
    ],
)
def test_each_refusal_has_its_rule_and_its_sentence(
    role: str, act: str, gateways: tuple[str, ...], setting: str, rule: str, named: str
) -> None:
    """The sentence names the setting, or what to do; the rule tells the refusals apart."""
    found = verdict(role, act, gateways, setting)
    assert (found.allowed, found.rule) == (False, rule)
    assert named in found.sentence


def test_a_stranger_is_told_that_they_are_no_operator_and_not_to_try_again() -> None:
    """Slack is asked only about those whom the rules name, so nothing is known of others' standing."""
    found = verdict("nobody", "ask", (A,), "operators", Slack(tells_standing=False))
    assert found.rule == "not an operator"
    assert "Try again" not in found.sentence


def test_where_one_rule_might_let_them_in_a_minute_that_is_what_they_hear() -> None:
    """Before the gateway is known, the refusal that may pass goes before the one that won't."""
    all_rules = Rules(
        home=Home(team_id=HOME),
        default=Rule(operators=OPERATORS),
        gateways={A: Rule(operators=(UNREADABLE,))},
    )
    found = policy.may_ask(PEOPLE["nobody"], HERE, (), all_rules, Slack())
    assert found.rule == f"group {UNREADABLE} unresolved"


def test_an_operator_of_one_gateway_only_may_not_act_everywhere() -> None:
    """A freeze of all is about all gateways: those with rules of their own, and all others."""
    everywhere = rules("others on A").everywhere
    assert set(everywhere) == {"", A}
    assert not verdict("operator on A only", "ask", everywhere, "others on A").allowed
    assert not verdict("operator", "ask", everywhere, "others on A").allowed
    assert verdict("operator", "ask", everywhere, "other approvers on A").allowed


def test_a_card_over_several_gateways_takes_an_approver_of_each() -> None:
    """Whoever may confirm on one of them alone may not."""
    for role in ("approver", "approver on A only"):
        assert not verdict(role, "confirm", (A, B), "others on A").allowed
    assert verdict("approver", "confirm", (B,), "others on A").allowed
    assert verdict("approver on A only", "confirm", (A,), "others on A").allowed


def test_a_group_that_empties_grants_nothing_any_more() -> None:
    """The members are asked for anew at every click."""
    assert verdict("operator by group", "ask", (A,), "operators").allowed
    empty = Slack({ON_CALL: frozenset()})
    assert not verdict("operator by group", "ask", (A,), "operators", empty).allowed


def test_a_user_id_in_the_setting_is_never_looked_up_as_a_group() -> None:
    """Only S… ids are user groups."""
    slack = Slack()
    verdict("nobody", "ask", (A,), "operators", slack)
    assert slack.asked == [ON_CALL]


def test_somebody_of_this_team_is_never_let_in_by_an_id_from_another() -> None:
    """The team goes before everything that the ids could say."""
    guest = Person(user_id="U0OPERATOR", team_id=ELSEWHERE)
    assert policy.may_stop(guest, rules("operators"), Slack()).rule == "another workspace"


@pytest.mark.parametrize(
    ("when", "tiers"),
    [(When.ALWAYS, {"low", "high", "forbidden"}), (When.HIGH, {"high", "forbidden"}), (When.NEVER, set())],
)
def test_when_a_demand_is_made(when: When, tiers: set[str]) -> None:
    """At high risk, always, or never."""
    assert {tier.value for tier in Tier if when.applies(tier)} == tiers

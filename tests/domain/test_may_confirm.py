"""What a confirm takes: every role × tier × state × setting × freeze × break-glass, and what always holds."""

from dataclasses import replace
from itertools import product

import pytest

from bot.domain import policy
from bot.domain.model import Deletion, Freeze, State, Tier
from bot.domain.people import Home, Person
from bot.domain.policy import Rule, Rules, Verdict, When
from tests.domain.who import HERE, HOME, LEADS, LISTED, NEVER, ON_CALL, PEOPLE, UNTOLD, A, B, Slack, named_by

DEFAULT = Rule(operators=("U0OPERATOR", ON_CALL, *LISTED), approvers=("U0APPROVER", LEADS, *LISTED))
ON_A = Rule(operators=("U0OPERATORA", *LISTED), approvers=("U0APPROVERA", *LISTED))
FREEZE = Freeze(
    freeze_id="f12",
    scope="all",
    until=1_790_000_000.0,
    reason="moving\nthe <!channel> \u202eoffice",
    by="U0LEAD",
    channel_id=HERE,
    at=1_789_990_000.0,
)
CARD = Deletion(
    deletion_id="d1",
    card_id="d1",
    state=State.PENDING,
    tunnel_id="vpnx-p0j11j28",
    gateway_id=B,
    region="ap-guangzhou",
    reason="moved",
    channel_id=HERE,
    requester_id="U0OPERATOR",
    asked_at=1_789_999_000.0,
    tier=Tier.HIGH,
)
# The one who asked, as an approver; a second one; and everybody who may not in any case.
ASKED, SECOND = "approver", "approver by group"
MAY_CONFIRM = {ASKED, SECOND}
OPERATE = {"operator", "operator by group"}


def rules(typed: When = When.HIGH, second_person: When = When.HIGH) -> Rules:
    return Rules(
        home=Home(team_id=HOME), default=DEFAULT, gateways={A: ON_A}, typed=typed, second_person=second_person
    )


def card(
    tier: Tier = Tier.HIGH, state: State = State.PENDING, *, glass: bool = False, asked_by: str = ASKED
) -> Deletion:
    incident = "INC-123" if glass else ""
    requester_id = PEOPLE[asked_by].user_id
    return replace(CARD, tier=tier, state=state, break_glass=incident, requester_id=requester_id)


def decide(who: Person, about: Deletion, *, typed: bool, freeze: Freeze | None, by: Rules) -> list[Verdict]:
    """Both words on a confirm: whether they may at all, and the last one."""
    return [
        policy.may_decide(who, HERE, {str(about.gateway_id)}, policy.confirmers(about, by), by, Slack()),
        policy.may_confirm(about, by=who.user_id, typed=typed, freeze=freeze, rules=by),
    ]


def made(demand: When, tier: Tier) -> bool:
    """Whether a demand is made of a card that can be confirmed at all."""
    return (demand, tier) in {(When.ALWAYS, Tier.LOW), (When.ALWAYS, Tier.HIGH), (When.HIGH, Tier.HIGH)}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("role", PEOPLE)
def test_who_may_confirm_what_as_a_table(role: str, tier: Tier, state: State) -> None:
    """Pending, not forbidden, not frozen, by an approver who isn't alone, and typed where that is asked.

    At low risk, or with an incident, by an operator too.
    """
    for typed_when, second_when, typed, frozen, glass in product(
        When, When, (False, True), (False, True), (False, True)
    ):
        words = decide(
            PEOPLE[role],
            card(tier, state, glass=glass),
            typed=typed,
            freeze=FREEZE if frozen else None,
            by=rules(typed_when, second_when),
        )
        alone = role == ASKED and not glass and made(second_when, tier)
        untyped = not typed and made(typed_when, tier)
        open_card = state is State.PENDING and tier is not Tier.FORBIDDEN and not frozen
        simple = glass or (tier is Tier.LOW and second_when is not When.ALWAYS)
        named = role in (MAY_CONFIRM | OPERATE if simple else MAY_CONFIRM)
        expected = named and open_card and not alone and not untyped
        case = (typed_when, second_when, typed, frozen, glass)
        assert all(one.allowed for one in words) == expected, (case, words)
        assert all(one.sentence.endswith(".") for one in words if not one.allowed)


def test_the_roles_of_the_table_are_those_of_the_rules() -> None:
    """Who may confirm on gateway B: what the default's approvers name, but for those who never may."""
    named = {role for role in PEOPLE if named_by(role, DEFAULT.approvers)}
    assert named - NEVER - {UNTOLD} == MAY_CONFIRM


def test_operators_confirm_what_needs_no_second_person() -> None:
    """One click at low risk; with an incident at 3 am; never what is risky, whatever is asked of it."""
    only_them = {
        (tier, glass, second): policy.confirmers(card(tier, glass=glass), rules(second_person=second))
        for tier, glass, second in product((Tier.LOW, Tier.HIGH), (False, True), When)
    }
    assert {case for case, roles in only_them.items() if roles == (policy.APPROVER,)} == {
        (Tier.LOW, False, When.ALWAYS),
        *((Tier.HIGH, False, second) for second in When),
    }


def cases() -> list[tuple[When, When, Tier, bool, bool]]:
    return list(product(When, When, Tier, (False, True), (False, True)))


def test_the_requester_is_never_their_own_second_person() -> None:
    """Whatever they type, and by whatever group or channel they may confirm; only break-glass lifts it."""
    for typed_when, second_when, tier, typed, _ in cases():
        if second_when is When.NEVER or (second_when is When.HIGH and tier is Tier.LOW):
            continue
        for role in sorted(MAY_CONFIRM):
            found = policy.may_confirm(
                card(tier, asked_by=role),
                by=PEOPLE[role].user_id,
                typed=typed,
                freeze=None,
                rules=rules(typed_when, second_when),
            )
            assert not found.allowed


def test_what_is_forbidden_is_never_confirmed() -> None:
    """By nobody, under no setting, with no incident."""
    for typed_when, second_when, _, typed, glass in cases():
        found = policy.may_confirm(
            card(Tier.FORBIDDEN, glass=glass),
            by=PEOPLE[SECOND].user_id,
            typed=typed,
            freeze=None,
            rules=rules(typed_when, second_when),
        )
        assert (found.allowed, found.rule) == (False, "protected")


def test_nothing_is_confirmed_under_a_freeze() -> None:
    """Not at low risk, not with an incident, not with everything typed."""
    for typed_when, second_when, tier, typed, glass in cases():
        found = policy.may_confirm(
            card(tier, glass=glass),
            by=PEOPLE[SECOND].user_id,
            typed=typed,
            freeze=FREEZE,
            rules=rules(typed_when, second_when),
        )
        assert not found.allowed
        assert found.freeze is (FREEZE if tier is not Tier.FORBIDDEN else None)


def test_break_glass_lifts_the_second_person_and_nothing_else() -> None:
    """With it, whoever asked is judged as anybody else would be without it."""
    for typed_when, second_when, tier, typed, frozen in cases():
        by, freeze = rules(typed_when, second_when), FREEZE if frozen else None
        with_it = policy.may_confirm(
            card(tier, glass=True), by=PEOPLE[ASKED].user_id, typed=typed, freeze=freeze, rules=by
        )
        another = policy.may_confirm(
            card(tier), by=PEOPLE[SECOND].user_id, typed=typed, freeze=freeze, rules=by
        )
        assert with_it.allowed == another.allowed
        if not with_it.allowed:
            assert (with_it.rule, with_it.sentence) == (another.rule, another.sentence)


@pytest.mark.parametrize("state", [state for state in State if state is not State.PENDING])
def test_only_a_pending_card_is_confirmed(state: State) -> None:
    """A click on a card that was decided, voided or sent changes nothing."""
    found = policy.may_confirm(
        card(Tier.LOW, state, glass=True),
        by=PEOPLE[SECOND].user_id,
        typed=True,
        freeze=None,
        rules=rules(When.NEVER, When.NEVER),
    )
    assert (found.allowed, found.rule) == (False, "not pending")


@pytest.mark.parametrize(
    ("about", "by", "typed", "rule"),
    [
        (card(Tier.LOW), ASKED, False, "low risk"),
        (card(Tier.HIGH), SECOND, True, "high risk"),
        (card(Tier.HIGH, glass=True), SECOND, True, "high risk"),
        (card(Tier.HIGH, glass=True), ASKED, True, "break-glass INC-123"),
        (card(Tier.HIGH), ASKED, True, policy.SECOND_PERSON),
        (card(Tier.HIGH), SECOND, False, policy.TYPED_CONFIRMATION),
        (card(Tier.HIGH, glass=True), ASKED, False, policy.TYPED_CONFIRMATION),
    ],
)
def test_the_audit_trail_is_told_what_let_it_pass_or_stopped_it(
    about: Deletion, by: str, typed: bool, rule: str
) -> None:
    """Break-glass is named where it was what counted."""
    found = policy.may_confirm(about, by=PEOPLE[by].user_id, typed=typed, freeze=None, rules=rules())
    assert found.rule == rule


def test_a_hostile_incident_is_harmless_in_the_audit_trail() -> None:
    """It is foreign text."""
    about = replace(card(glass=True), break_glass="INC\n\u202e" + "9" * 10_000)
    found = policy.may_confirm(about, by=PEOPLE[ASKED].user_id, typed=True, freeze=None, rules=rules())
    assert found.rule.isprintable()
    assert len(found.rule) < 100


def test_a_freeze_says_why_and_until_when() -> None:
    """To the second, in UTC; the reason is foreign text. Who froze goes with the verdict."""
    found = policy.may_confirm(
        card(Tier.LOW), by=PEOPLE[SECOND].user_id, typed=True, freeze=FREEZE, rules=rules()
    )
    assert found.rule == "freeze f12 on all"
    assert found.sentence.startswith(
        "Deletions on everything are frozen until 2026-09-21 14:13:20 UTC: moving the <!channel> office. "
    )
    assert found.freeze == FREEZE


def test_a_freeze_names_its_gateway() -> None:
    """The others aren't frozen."""
    one = replace(FREEZE, scope=B)
    found = policy.may_confirm(card(), by=PEOPLE[SECOND].user_id, typed=True, freeze=one, rules=rules())
    assert found.rule == f"freeze f12 on {B}"
    assert f"Deletions on {B} are frozen" in found.sentence


def test_who_may_not_confirm_hears_who_has_to() -> None:
    """The requester: somebody else, or break-glass."""
    found = policy.may_confirm(card(), by=PEOPLE[ASKED].user_id, typed=True, freeze=None, rules=rules())
    assert "somebody else has to confirm it" in found.sentence
    assert "--break-glass" in found.sentence

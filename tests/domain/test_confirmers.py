"""Whether anybody is left to confirm: said before there is a card, and only where it is certain."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product

import pytest

from bot.domain.confirmers import NOBODY_ELSE_READS, NOBODY_LEFT, nobody_left
from bot.domain.model import Deletion, State, Tier
from bot.domain.people import Home, Membership, Person
from bot.domain.policy import Rule, Rules, When, confirmers, may_confirm, may_decide
from tests.domain.who import HERE, HOME, LEADS, ON_CALL, UNREADABLE, A, B, Slack

ANA, BEN, LEFT, BOT, UNTOLD = "U0ANA", "U0BEN", "U0LEFT", "U0BOT", "U0UNTOLD"
GONE, GUESTS = "S0GONE", "S0GUESTS"
GUEST = "U0GUEST"
GROUPS: Mapping[str, frozenset[str]] = {
    ON_CALL: frozenset({ANA, BEN}),
    LEADS: frozenset({ANA}),
    GONE: frozenset(),
    GUESTS: frozenset({GUEST}),
}
SLACK = Slack(GROUPS, memberships={GUEST: Membership(teams=frozenset({"T0ELSEWHERE"}))})
CARD = Deletion(
    deletion_id="d1",
    card_id="d1",
    state=State.PENDING,
    tunnel_id="vpnx-p0j11j28",
    gateway_id=B,
    region="ap-guangzhou",
    reason="moved",
    channel_id=HERE,
    requester_id=ANA,
    asked_at=1_789_999_000.0,
    tier=Tier.HIGH,
)


def rules(
    operators: Iterable[str] = (ANA,),
    approvers: Iterable[str] = (),
    on_a: Rule | None = None,
    second: When = When.HIGH,
) -> Rules:
    default = Rule(operators=tuple(operators), approvers=tuple(approvers))
    return Rules(
        home=Home(team_id=HOME), default=default, gateways={A: on_a} if on_a else {}, second_person=second
    )


@pytest.mark.parametrize(
    ("operators", "approvers"),
    [
        ((ANA,), ()),
        ((ANA, GONE), ()),
        ((ANA, LEADS), ()),
        ((ANA, LEFT), ()),
        ((ANA, BOT), ()),
        ((ANA, GUEST), ()),
        ((ANA, GUESTS), ()),
        ((ANA, BEN), (LEADS,)),
        ((ANA, BEN), (GONE,)),
        ((ANA, BEN), (LEFT, BOT)),
    ],
)
def test_where_nobody_else_could_confirm_the_ask_is_turned_down(
    operators: tuple[str, ...], approvers: tuple[str, ...]
) -> None:
    """Deleted groups, empty ones, people who left, bots, guests, and the requester are nobody."""
    found = nobody_left(CARD, {B}, rules(operators, approvers), SLACK)
    assert found is not None
    assert (found.allowed, found.rule) == (False, NOBODY_LEFT)
    assert ("VPN_BOT_APPROVERS" if approvers else "VPN_BOT_OPERATORS") in found.sentence
    assert ("you are the only one" if approvers in ((), (LEADS,)) else "nobody who could") in found.sentence
    assert "--break-glass" in found.sentence


@pytest.mark.parametrize(
    ("operators", "approvers"),
    [
        ((ANA, BEN), ()),
        ((ANA, ON_CALL), ()),
        ((ANA, UNTOLD), ()),
        ((ANA, UNREADABLE), ()),
        ((ANA,), (UNREADABLE,)),
        ((ANA,), (GONE, BEN)),
        ((ANA,), (UNTOLD,)),
    ],
)
def test_where_somebody_else_could_or_might_nothing_is_said(
    operators: tuple[str, ...], approvers: tuple[str, ...]
) -> None:
    """A group that can't be read may have anybody in it; somebody whom Slack hasn't told of may be active."""
    assert nobody_left(CARD, {B}, rules(operators, approvers), SLACK) is None


def test_what_takes_no_second_person_is_left_to_the_requester() -> None:
    """Low risk, an incident, and the setting that asks for nobody else; a protected tunnel has no button."""
    alone = rules((ANA,))
    assert nobody_left(replace(CARD, tier=Tier.LOW), {B}, alone, SLACK) is None
    assert nobody_left(replace(CARD, break_glass="INC-1"), {B}, alone, SLACK) is None
    assert nobody_left(CARD, {B}, rules((ANA,), second=When.NEVER), SLACK) is None
    assert nobody_left(replace(CARD, tier=Tier.FORBIDDEN), {B}, alone, SLACK) is None
    always = rules((ANA,), second=When.ALWAYS)
    assert nobody_left(replace(CARD, tier=Tier.LOW), {B}, always, SLACK) is not None


def test_an_incident_needs_no_approver() -> None:
    """Whoever asks with break-glass may confirm it themselves, though all approvers have left."""
    gone = rules((ANA,), (LEFT,))
    assert nobody_left(CARD, {B}, gone, SLACK) is not None
    assert nobody_left(replace(CARD, break_glass="INC-1"), {B}, gone, SLACK) is None


def test_a_card_over_several_gateways_takes_one_person_for_all() -> None:
    """Ben on one and somebody else on the other are nobody for both, also where a third can't be read."""
    by_gateway = rules((ANA, BEN), on_a=Rule(operators=(ANA,), approvers=("U0LEAD",)))
    assert nobody_left(CARD, {A}, by_gateway, SLACK) is None
    assert nobody_left(CARD, {B}, by_gateway, SLACK) is None
    found = nobody_left(CARD, {A, B}, by_gateway, SLACK)
    assert found is not None
    assert "on all of these gateways" in found.sentence
    assert "VPN_BOT_POLICY" in found.sentence
    unread = rules((ANA, BEN), on_a=Rule(operators=(ANA, UNREADABLE)))
    assert nobody_left(CARD, {A, B}, unread, SLACK) is None


def test_in_a_direct_message_there_is_no_second_person() -> None:
    """Only where one is needed; and where the rules leave nobody anyway, that is what is said."""
    asked = replace(CARD, channel_id="D0ANABOT001")
    found = nobody_left(asked, {B}, rules((ANA, BEN)), SLACK)
    assert found is not None
    assert (found.allowed, found.rule) == (False, NOBODY_ELSE_READS)
    assert "Ask again in a channel." in found.sentence
    assert "break-glass" not in found.sentence
    unread = nobody_left(asked, {B}, rules((ANA, UNREADABLE)), SLACK)
    assert unread is not None
    assert unread.rule == NOBODY_ELSE_READS
    for other, by in (
        (replace(asked, tier=Tier.LOW), rules((ANA, BEN))),
        (replace(asked, tier=Tier.FORBIDDEN), rules((ANA, BEN))),
        (asked, rules((ANA, BEN), second=When.NEVER)),
        (CARD, rules((ANA, BEN))),
    ):
        assert nobody_left(other, {B}, by, SLACK) is None
    alone = nobody_left(asked, {B}, rules((ANA,)), SLACK)
    assert alone is not None
    assert alone.rule == NOBODY_LEFT


def test_it_says_nobody_exactly_where_the_rules_would_refuse_everybody() -> None:
    """Each list of operators and approvers, against what Confirm itself answers to everybody there is."""
    names = (ANA, BEN, LEFT, BOT, LEADS, GONE)
    lists = [(), *((one,) for one in names), *((one, other) for one in names for other in names)]
    people = [Person(user_id=one, team_id=HOME) for one in (ANA, BEN, LEFT, BOT)]
    for approvers, tier, second, glass in product(lists, (Tier.LOW, Tier.HIGH), When, ("", "INC-1")):
        by, card = rules((ANA,), approvers, second=second), replace(CARD, tier=tier, break_glass=glass)
        might = [
            one.user_id
            for one in people
            if may_decide(one, HERE, {B}, confirmers(card, by), by, SLACK).allowed
            and may_confirm(card, by=one.user_id, typed=True, freeze=None, rules=by).allowed
        ]
        found = nobody_left(card, {B}, by, SLACK)
        assert (found is None) == bool(might), (approvers, tier, second, glass, might)

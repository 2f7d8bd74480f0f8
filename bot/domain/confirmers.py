"""Whether anybody is left who could confirm what is asked: pure, and asked before there is a card."""

from collections.abc import Collection, Iterable

from bot.domain.model import Deletion, Tier
from bot.domain.people import Directory, Standing
from bot.domain.policy import APPROVER, OPERATOR, Rule, Rules, Verdict, confirmers, named

NOBODY_LEFT = "nobody left to confirm"
NOBODY_ELSE_READS = "nobody else reads a direct message"


def nobody_left(
    deletion: Deletion, gateway_ids: Collection[str], rules: Rules, directory: Directory
) -> Verdict | None:
    """Why nobody could confirm this, where that is certain; None where somebody could, or might.

    deletion: as its card would show it, with its tier. Whatever Slack hasn't told counts as somebody.
    """
    if deletion.tier is Tier.FORBIDDEN:
        return None  # its card has no button
    alone = rules.second_person.applies(deletion.tier) and not deletion.break_glass
    if found := _nobody_in_the_rules(deletion, gateway_ids, rules, directory, alone):
        return found
    return _in_a_direct_message(deletion) if alone and deletion.channel_id.startswith("D") else None


def _nobody_in_the_rules(
    deletion: Deletion, gateway_ids: Collection[str], rules: Rules, directory: Directory, alone: bool
) -> Verdict | None:
    """Why the rules leave nobody; alone: the requester doesn't count."""
    roles = confirmers(deletion, rules)
    on_each = [rules.gateways.get(one, rules.default) for one in sorted(gateway_ids or {""})]
    might = _common(_people((one for _, one in named(roles, rule)), directory) for rule in on_each)
    if might is None:
        return None
    able = {one for one in might if _could_act(one, rules, directory)}
    if able - ({deletion.requester_id} if alone else set()):
        return None
    return Verdict(allowed=False, rule=NOBODY_LEFT, sentence=_sentence(deletion, on_each, rules, able, alone))


def _in_a_direct_message(deletion: Deletion) -> Verdict:
    """A second person is needed, and can't see the card."""
    sentence = (
        f"This is {deletion.tier} risk, so it takes the Confirm of somebody other than you, and nobody else "
        "reads this direct message. Nothing was done. Ask again in a channel."
    )
    return Verdict(allowed=False, rule=NOBODY_ELSE_READS, sentence=sentence)


def _people(ids: Iterable[str], directory: Directory) -> frozenset[str] | None:
    """Everybody whom ids of users and user groups name; None where that isn't known of some."""
    found: set[str] = set()
    for one in ids:
        members = directory.members(one) if one.startswith("S") else {one}
        if members is None:
            return None
        found |= members
    return frozenset(found)


def _common(each: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """Who is in all of those that are known; None where none is."""
    known = [one for one in each if one is not None]
    return frozenset.intersection(*known) if known else None


def _could_act(user_id: str, rules: Rules, directory: Directory) -> bool:
    told = directory.membership(user_id)
    elsewhere = told is not None and bool(told.teams) and rules.home.team_id not in told.teams
    return not elsewhere and directory.standing(user_id) not in (Standing.BOT, Standing.DEACTIVATED)


def _sentence(
    deletion: Deletion, on_each: Collection[Rule], rules: Rules, able: Collection[str], alone: bool
) -> str:
    role = APPROVER if all(rule.approvers for rule in on_each) else OPERATOR
    where = f"VPN_BOT_{role.upper()}S" if all(rule is rules.default for rule in on_each) else "VPN_BOT_POLICY"
    who = f"an {role} other than you" if alone else f"an {role}"
    found = "you are the only one" if able else "nobody who could is active in this workspace"
    everywhere = " on all of these gateways" if len(on_each) > 1 else ""
    return (
        f"This is {deletion.tier} risk, so it takes the Confirm of {who}{everywhere}, and {found}. Nothing "
        f"was done. Whoever runs the bot can add somebody to {where}. In an incident, ask again in a channel "
        "with --break-glass, the incident and a --reason."
    )

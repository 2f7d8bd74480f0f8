"""Who may ask, decide and stop, and what a confirm takes: pure, and asked again at every step."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bot.domain.model import Deletion, Freeze, State, Tier
from bot.domain.people import Directory, Home, Person, Standing, is_colleague, is_member
from bot.domain.text import clean

# The rule's name where only the typed word is missing: then the dialog is opened.
TYPED_CONFIRMATION = "typed confirmation"
SECOND_PERSON = "second person"
NOBODY = "VPN_BOT_OPERATORS is empty"
OPERATOR, APPROVER = "operator", "approver"
CANCELLERS = (OPERATOR, APPROVER)
MAY_STOP = "anybody may stop"
UNTOLD_MAY_STOP = "anybody may stop, although Slack hasn't told of their workspace"


class When(StrEnum):
    """At which tiers a demand is made."""

    ALWAYS = "always"
    HIGH = "high"
    NEVER = "never"

    def applies(self, tier: Tier) -> bool:
        """Whether it is made at this tier; what is forbidden is beyond any demand."""
        return self is When.ALWAYS or (self is When.HIGH and tier is not Tier.LOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may what: ids of users (U…, W…) and user groups (S…). No approvers: operators; no channels: any."""

    operators: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules. gateways: whole rules of their own, by gateway id, in the place of the default."""

    home: Home
    default: Rule
    gateways: Mapping[str, Rule]
    typed: When = When.HIGH
    second_person: When = When.HIGH

    @property
    def everywhere(self) -> tuple[str, ...]:
        """Gateway ids that stand for all: every one with a rule of its own, and "" for the others."""
        return ("", *sorted(self.gateways))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """rule: for the audit trail; sentence: for somebody who may not; freeze: the one in their way."""

    allowed: bool
    rule: str
    sentence: str = ""
    freeze: Freeze | None = None


def may_ask(
    person: Person, channel_id: str, gateway_ids: Collection[str], rules: Rules, directory: Directory
) -> Verdict:
    """Whether this person may ask for deletions on all of these gateways in this channel.

    Where no gateway is known yet, one rule that lets them is enough: the look-up asks again.
    """
    named = gateway_ids or rules.everywhere
    verdicts = _verdicts(person, channel_id, named, (OPERATOR,), rules, directory)
    if gateway_ids:
        return _all_of(verdicts)
    refusal = next((one for one in verdicts if one.rule != NOBODY), verdicts[0])
    hopeful = (one for one in verdicts if _TRY_AGAIN in one.sentence)
    return next((one for one in verdicts if one.allowed), next(hopeful, refusal))


def confirmers(deletion: Deletion, rules: Rules) -> tuple[str, ...]:
    """The roles that may confirm: approvers; operators too where it takes no second person's consent.

    A setting that asks for no second person at high risk makes no approvers of operators.
    """
    low = deletion.tier is Tier.LOW and not rules.second_person.applies(Tier.LOW)
    return CANCELLERS if low or deletion.break_glass else (APPROVER,)


def may_decide(
    person: Person,
    channel_id: str,
    gateway_ids: Collection[str],
    roles: tuple[str, ...],
    rules: Rules,
    directory: Directory,
) -> Verdict:
    """Whether they have one of the roles on every gateway of a card: CANCELLERS, or `confirmers`."""
    return _all_of(_verdicts(person, channel_id, gateway_ids or {""}, roles, rules, directory))


def may_stop(person: Person, rules: Rules, directory: Directory) -> Verdict:
    """Anybody of the home workspace may, or of another one of its organization.

    Where Slack hasn't told whether they belong there, or whether they are active, they may too: to stop
    harms nobody, and to be refused might.
    """
    colleague = is_colleague(person, rules.home, directory.membership(person.user_id))
    if colleague is False:
        return _OTHER_WORKSPACE
    standing = directory.standing(person.user_id)
    rule = MAY_STOP if colleague else UNTOLD_MAY_STOP
    return _NEVER.get(standing) or Verdict(allowed=True, rule=rule)


def may_confirm(deletion: Deletion, *, by: str, typed: bool, freeze: Freeze | None, rules: Rules) -> Verdict:
    """The last word on a confirm, about the card's first row as it is in the deciding transaction.

    typed: the right word was typed. freeze: one that holds over any of the card's gateways.
    """
    if deletion.state is not State.PENDING:
        return _no("not pending", "This card is no longer open. Nothing was done.")
    if deletion.tier is Tier.FORBIDDEN:
        return _no("protected", "This is protected, so it can't be deleted here. Nothing was done.")
    if freeze is not None:
        scope = "everything" if freeze.scope == "all" else freeze.scope
        until = datetime.fromtimestamp(freeze.until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return Verdict(
            allowed=False,
            rule=f"freeze {freeze.freeze_id} on {freeze.scope}",
            sentence=f"Deletions on {scope} are frozen until {until}: {clean(freeze.reason, 200)}. "
            "Nothing was done. /vpn freezes shows all that hold.",
            freeze=freeze,
        )
    alone = rules.second_person.applies(deletion.tier) and by == deletion.requester_id
    if alone and not deletion.break_glass:
        return _no(
            SECOND_PERSON,
            "You asked for this, so somebody else has to confirm it. Nothing was done. If nobody else is "
            "there, ask again with --break-glass, an incident and a --reason.",
        )
    if rules.typed.applies(deletion.tier) and not typed:
        return _no(TYPED_CONFIRMATION, "It takes the id, typed into the dialog. Nothing was done.")
    lifted = f"break-glass {clean(deletion.break_glass, 60)}"
    return Verdict(allowed=True, rule=lifted if alone else f"{deletion.tier} risk")


def _verdicts(
    person: Person,
    channel_id: str,
    gateway_ids: Collection[str],
    roles: tuple[str, ...],
    rules: Rules,
    directory: Directory,
) -> list[Verdict]:
    """One for each gateway, or only the one that bars this person from all of them."""
    member = is_member(person, rules.home, directory.membership(person.user_id))
    if member is False:
        return [_OTHER_WORKSPACE]
    standing = directory.standing(person.user_id)
    if never := _NEVER.get(standing):
        return [never]
    found = [_on(one, person, channel_id, roles, rules, directory) for one in sorted(gateway_ids)]
    return [one if (standing and member) or not one.allowed else _UNTOLD for one in found]


def _all_of(verdicts: list[Verdict]) -> Verdict:
    return next((one for one in verdicts if not one.allowed), verdicts[0])


def _on(
    gateway_id: str,
    person: Person,
    channel_id: str,
    roles: tuple[str, ...],
    rules: Rules,
    directory: Directory,
) -> Verdict:
    """Whether they have one of the roles on a gateway, whose rule is its own or the default."""
    default, rule = rules.default, rules.gateways.get(gateway_id, rules.default)
    policy = f"VPN_BOT_POLICY for {gateway_id}"
    if rule.channels and channel_id not in rule.channels:
        where = "VPN_BOT_CHANNELS" if rule.channels == default.channels else policy
        return _no(
            where, f"vpn-bot isn't used in this channel, so nothing was done. Its channels are in {where}."
        )
    whom = named(roles, rule)
    if not whom:
        return _no(
            NOBODY,
            "Nobody may use vpn-bot here yet: VPN_BOT_OPERATORS is empty. Whoever runs the bot lists the "
            "user ids (U…) and user group ids (S…) of its operators there.",
        )
    own = "" if whom == named(roles, default) else f" ({policy})"
    groups = {one: directory.members(one) for _, one in whom if one.startswith("S")}
    for role, one in whom:
        if one == person.user_id:
            return Verdict(allowed=True, rule=f"{role} {one}{own}")
        if person.user_id in (groups.get(one) or ()):
            return Verdict(allowed=True, rule=f"{role} group {one}{own}")
    unresolved = next((one for one, members in groups.items() if members is None), None)
    if unresolved:
        return _no(
            f"group {unresolved} unresolved",
            f"Slack didn't tell who is in the user group {unresolved}, so nothing was done. {_TRY_AGAIN}",
        )
    missing = list(dict.fromkeys(role for role, _ in whom))
    where = policy if own else " or ".join(f"VPN_BOT_{role.upper()}S" for role in missing)
    return _no(
        f"not an {' or '.join(missing)}{own}",
        f"You aren't one of vpn-bot's {'s or '.join(missing)}s{' on ' + gateway_id if own else ''}, so "
        f"nothing was done. Whoever runs the bot can add you, or a user group of yours, to {where}.",
    )


def named(roles: tuple[str, ...], rule: Rule) -> list[tuple[str, str]]:
    """Everybody with one of the roles, and by which; operators are the approvers where there are none."""
    ids = {OPERATOR: rule.operators, APPROVER: rule.approvers}
    real = [role if ids[role] else OPERATOR for role in roles]
    return [(role, one) for role in dict.fromkeys(real) for one in ids[role]]


def _no(rule: str, sentence: str) -> Verdict:
    return Verdict(allowed=False, rule=rule, sentence=sentence)


_TRY_AGAIN = "Try again in a minute. If it stays so, whoever runs the bot should look at its log."
_OTHER_WORKSPACE = _no("another workspace", "Only people of this bot's own Slack workspace may use it.")
_NEVER: dict[Standing | None, Verdict] = {
    Standing.BOT: _no("bot", "Bots may not use vpn-bot; a person has to. Nothing was done."),
    Standing.DEACTIVATED: _no("deactivated", "This Slack account is deactivated, so nothing was done."),
}
_UNTOLD = _no(
    "standing unknown",
    "Slack didn't tell whether your account is active in this bot's workspace, so nothing was done. "
    f"{_TRY_AGAIN}",
)

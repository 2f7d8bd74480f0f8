"""Who may ask for a deletion, and who may decide on one."""

from collections.abc import Callable
from dataclasses import dataclass

Members = Callable[[str], frozenset[str] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who typed or clicked, as Slack's payload names them."""

    user_id: str
    team_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings that decide. operators: user ids (U…, W…) and user group ids (S…); no channels: any."""

    home_team_id: str
    operators: tuple[str, ...]
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """allowed, by which rule (for the audit trail), and what to tell somebody who isn't."""

    allowed: bool
    rule: str
    sentence: str = ""


def may_operate(person: Person, channel_id: str, rules: Rules, members: Members) -> Verdict:
    """Whether this person may ask or decide in this channel.

    members: a user group's id → its members now, or None while that can't be told: then it grants nothing.
    """
    if person.team_id != rules.home_team_id:
        return _no("another workspace", "Only people of this bot's own Slack workspace may use it.")
    if rules.channels and channel_id not in rules.channels:
        return _no(
            "VPN_BOT_CHANNELS",
            "vpn-bot isn't used in this channel, so nothing was done. "
            "Its channels are in the setting VPN_BOT_CHANNELS.",
        )
    if not rules.operators:
        return _no(
            "VPN_BOT_OPERATORS is empty",
            "Nobody may use vpn-bot yet: VPN_BOT_OPERATORS is empty. Whoever runs the bot lists the user ids "
            "(U…) and user group ids (S…) of its operators there.",
        )
    if person.user_id in rules.operators:
        return Verdict(allowed=True, rule=f"operator {person.user_id}")
    unresolved = []
    for group in (operator for operator in rules.operators if operator.startswith("S")):
        current = members(group)
        if current is None:
            unresolved.append(group)
        elif person.user_id in current:
            return Verdict(allowed=True, rule=f"operator group {group}")
    if unresolved:
        return _no(
            f"group {unresolved[0]} unresolved",
            "Slack didn't tell who is in the operators' user group, so nothing was done. "
            "Try again in a minute. If it stays so, whoever runs the bot should look at its log.",
        )
    return _no(
        "not an operator",
        "You aren't one of vpn-bot's operators, so nothing was done. "
        "Whoever runs the bot can add you, or a user group of yours, to VPN_BOT_OPERATORS.",
    )


def _no(rule: str, sentence: str) -> Verdict:
    return Verdict(allowed=False, rule=rule, sentence=sentence)

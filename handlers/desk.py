"""What every listener needs: the rules, the ledger, and a bell that wakes the worker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain import policy
from bot.domain.policy import Members, Person, Rules, Verdict
from bot.ledger.store import Ledger

TRY_AGAIN = "vpn-bot can't write to its ledger just now, so nothing was done. Try again in a minute."


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """wake: something was written that the worker should see at once.

    whisper: tell one person privately, by the response_url of their click, without waiting for Slack.
    """

    ledger: Ledger
    rules: Rules
    members: Members
    default_region: str
    retry_for_s: float
    max_batch: int
    wake: Callable[[], None]
    whisper: Callable[[str, Mapping[str, Any]], None]

    def may_operate(self, person: Person, channel_id: str, *, deletion_id: str | None = None) -> Verdict:
        """The policy's word; a refusal is kept in the audit trail. Raises LedgerUnavailable."""
        verdict = policy.may_operate(person, channel_id, self.rules, self.members)
        if not verdict.allowed:
            self.ledger.refuse(
                actor=person.user_id, channel_id=channel_id, rule=verdict.rule, deletion_id=deletion_id
            )
        return verdict


def person_who_typed(command: Mapping[str, Any]) -> Person:
    """Who sent a slash command."""
    return Person(user_id=command["user_id"], team_id=command["team_id"])


def person_who_clicked(body: Mapping[str, Any]) -> Person:
    """Who clicked: their own team, which isn't always the app's (Slack Connect)."""
    user = body["user"]
    return Person(user_id=user["id"], team_id=user.get("team_id") or "")

"""What every listener needs: the rules, the ledger, and a bell that wakes the worker."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot.domain import policy
from bot.domain.model import Decision, Proposal, State, Tier
from bot.domain.people import Directory, Person
from bot.domain.policy import Rules, Verdict
from bot.errors import LedgerFailed
from bot.ledger.freezes import Freezes
from bot.ledger.history import History
from bot.ledger.store import Ledger
from handlers.pending_stops import PendingStops

TRY_AGAIN = "vpn-bot can't use its ledger just now, so nothing was done. Try again in a minute."
_UNCLEAR = "vpn-bot's ledger failed while this was being written, so it isn't known whether it was taken. "
LOOK_FOR_A_CARD = f"{_UNCLEAR}Look whether a card comes. If none has come in a minute, ask again."
LOOK_AT_THE_CARD = (
    f"{_UNCLEAR}Look at the card. If nothing has changed there in a minute, press again: what was taken "
    "is not taken twice."
)
LOOK_AT_FREEZES = f"{_UNCLEAR}/vpn freezes shows what holds."
_KEEPS_TRYING = (
    "It keeps trying for a minute; nothing is sent while the ledger is away. "
    "The card shows when it is stopped."
)
STOP_IS_KEPT = f"Stop isn't taken yet: vpn-bot can't use its ledger just now. {_KEEPS_TRYING}"
STOP_IS_UNCLEAR = (
    "It isn't known yet whether Stop was taken: vpn-bot's ledger failed while it was being written. "
    f"{_KEEPS_TRYING}"
)
STOP_AGAIN = (
    "vpn-bot can't use its ledger just now, so Stop may not be taken, and vpn-bot can't try it again by "
    "itself. Press Stop again until the card shows that it is stopped."
)
log = logging.getLogger(__name__)


class Aside(Protocol):
    """Tells one person something, or opens a dialog for them, without the listener's waiting for Slack."""

    def whisper(self, response_url: str, body: Mapping[str, Any]) -> None:
        """Say it to whoever clicked, by the click's response_url."""

    def open_view(
        self, trigger_id: str, view: Mapping[str, Any], *, response_url: str, otherwise: Mapping[str, Any]
    ) -> None:
        """Open the dialog; where that fails, say `otherwise`."""


class People(Directory, Protocol):
    """Who is who, and where their clocks stand."""

    def tz_offset_s(self, user_id: str) -> int | None:
        """Seconds that their clock is ahead of UTC; None where that isn't known."""

    def notice(self, user_id: str) -> None:
        """Ask Slack about them soon, although no rule may name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """wake: something was written that the worker should see at once. clock: the ledger's, epoch seconds."""

    ledger: Ledger
    freezes: Freezes
    history: History
    rules: Rules
    people: People
    default_region: str
    announce_channel: str | None
    retry_for_s: float
    window_s: float
    max_batch: int
    wake: Callable[[], None]
    aside: Aside
    pending_stops: PendingStops
    clock: Callable[[], float]

    def may_ask(
        self,
        person: Person,
        channel_id: str,
        gateway_ids: Collection[str],
        *,
        what: str,
        card_id: str | None = None,
    ) -> Verdict:
        """Whether they may do what an operator may there; kept in the audit trail and the log.

        what: they want to do, in a word.
        """
        verdict = policy.may_ask(person, channel_id, gateway_ids, self.rules, self.people)
        return self._noted(verdict, person, channel_id, what, card_id)

    def may_stop(self, person: Person, channel_id: str, card_id: str) -> Verdict:
        """Whether they may press Stop; likewise."""
        verdict = policy.may_stop(person, self.rules, self.people)
        if verdict.rule == policy.UNTOLD_MAY_STOP:
            # An outsider of a Slack Connect channel stops nothing a second time.
            self.people.notice(person.user_id)
        return self._noted(verdict, person, channel_id, "stop", card_id)

    def rule(
        self, person: Person, channel_id: str, decision: Decision, *, typed: bool
    ) -> Callable[[Proposal], Verdict]:
        """Whether they may decide so, for the ledger to ask in the very transaction that decides."""
        confirm = decision is Decision.CONFIRM

        def may(proposal: Proposal) -> Verdict:
            roles = policy.confirmers(proposal.lead, self.rules) if confirm else policy.CANCELLERS
            verdict = policy.may_decide(
                person, channel_id, proposal.gateway_ids, roles, self.rules, self.people
            )
            if verdict.allowed and confirm and proposal.lead.state is State.PENDING:
                last = policy.may_confirm(
                    proposal.lead, by=person.user_id, typed=typed, freeze=proposal.freeze, rules=self.rules
                )
                return replace(verdict, rule=f"{verdict.rule}, {last.rule}") if last.allowed else last
            return verdict

        return may

    def window(self, tier: Tier) -> float:
        """How many seconds a confirmed deletion can be stopped before anything is sent."""
        return self.window_s if tier is Tier.HIGH else 0.0

    def _noted(
        self, verdict: Verdict, person: Person, channel_id: str, what: str, card_id: str | None
    ) -> Verdict:
        user_id = person.user_id
        log.log(
            logging.INFO if verdict.allowed else logging.WARNING,
            "%s user=%s channel=%s what=%s deletion=%s rule=%s",
            "allowed" if verdict.allowed else "not allowed",
            *(user_id, channel_id, what, card_id, verdict.rule),
        )
        if not verdict.allowed:
            self.refused(person, channel_id, f"{what}: {verdict.rule}", card_id)
        return verdict

    def refused(self, person: Person, channel_id: str, rule: str, card_id: str | None) -> None:
        """Keep it in the audit trail. A ledger that fails keeps nobody from being told why they may not."""
        try:
            self.ledger.refuse(actor=person.user_id, channel_id=channel_id, rule=rule, deletion_id=card_id)
        except LedgerFailed as error:
            log.warning("a refusal may be missing in the audit trail: %s", error)

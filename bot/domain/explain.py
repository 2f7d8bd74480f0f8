"""What a code means to someone deleting a VPN tunnel, and what to do next: the cloud's, Slack's, our own."""

from collections.abc import Container
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.codes import EVERY_CALL, TEXTS, Again
from bot.domain.look_codes import LOOK_TEXTS
from bot.domain.own_codes import OwnCode
from bot.domain.slack_codes import SLACK_CODES, slack_refusal

__all__ = [
    "CLOUD_CODES",
    "GONE_CODES",
    "UNKNOWN",
    "Again",
    "CodeKind",
    "Explanation",
    "OwnCode",
    "explain",
    "explain_look",
    "is_about_every_call",
    "kind_of",
    "means_gone",
]


class CodeKind(StrEnum):
    """Whose code it is; the ledger keeps it beside the code."""

    CLOUD = "cloud"
    OWN = "own"
    SLACK = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`code` is the documented code that the text was written for; "" where none is known to us."""

    code: str
    title: str
    meaning: str
    next_step: str
    again: Again


GONE_CODES = frozenset({"ResourceNotFound", "UnsupportedOperation.RecordNotExists"})


def kind_of(code: str) -> CodeKind:
    """Whose code it is, where nothing but the code is known of it: the cloud's, or our own."""
    return CodeKind.OWN if code in frozenset(OwnCode) else CodeKind.CLOUD


def explain(code: str, kind: CodeKind | None = None) -> Explanation:
    """Explain an error code by its longest known prefix (of `A.B.C`: `A.B`, then `A`), else as UNKNOWN.

    kind: whose it is, where that is known. Slack's have no prefixes.
    """
    if kind is CodeKind.SLACK:
        return _of_slack(code)
    return _EXPLANATIONS.get(_known_prefix(code, _EXPLANATIONS), UNKNOWN)


def _of_slack(code: str) -> Explanation:
    refusal = slack_refusal(code)
    return Explanation(
        code=code if code in SLACK_CODES else "",
        title=refusal.title,
        meaning=refusal.meaning,
        next_step=refusal.next_step,
        again=Again.FINAL,
    )


def explain_look(code: str) -> Explanation:
    """Explain it where the call only looked, and there is nothing that may have been done."""
    known = explain(code)
    if known.code not in LOOK_TEXTS:
        return known
    meaning, next_step = LOOK_TEXTS[known.code]
    return replace(known, meaning=meaning, next_step=next_step)


def is_about_every_call(code: str) -> bool:
    """Whether it speaks of the bot's keys, its address or the service, whatever a call is about."""
    return explain(code).code in EVERY_CALL


def means_gone(code: str) -> bool:
    """Whether the code says that there is no such tunnel (any more)."""
    return _known_prefix(code, GONE_CODES) != ""


def _known_prefix(code: str, known: Container[str]) -> str:
    while code and code not in known:
        code = code.rpartition(".")[0]
    return code


UNKNOWN = Explanation(
    code="",
    title="The cloud refused, with a code that is new to this bot",
    meaning="The tunnel was not deleted, as far as the cloud says. Its own code and message stand with this.",
    next_step="Look the code up in the cloud's API documents, or open a ticket with the RequestId.",
    again=Again.FINAL,
)

_EXPLANATIONS: dict[str, Explanation] = {
    str(code): Explanation(code=str(code), title=title, meaning=meaning, next_step=next_step, again=again)
    for again, tables in TEXTS
    for texts in tables
    for code, (title, meaning, next_step) in texts.items()
}
CLOUD_CODES = tuple(code for code in _EXPLANATIONS if code not in frozenset(OwnCode))
"""The documented codes of the cloud."""

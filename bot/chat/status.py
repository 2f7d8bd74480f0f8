"""How a deletion stands, in words: once, for the cards, the announcement, the thread and the history."""

from bot.chat.blocks import utc
from bot.domain.changes_in_words import shortly
from bot.domain.explain import CodeKind, OwnCode, explain, explain_look, means_gone
from bot.domain.model import Batch, Deletion, State
from bot.domain.own_codes import NO_FRESH_CARD
from bot.domain.slack_codes import Course, slack_refusal
from bot.domain.text import clean

MESSAGE_LIMIT = 1_000

_NOT_SENT: dict[str, str] = {
    OwnCode.ALREADY_GONE: "the tunnel no longer exists",
    OwnCode.CHANGED: "something changed since the card was made",
    OwnCode.BEING_DELETED: "somebody else is deleting it (DELETING)",
    OwnCode.FROZEN: "deletions were frozen after Confirm",
    OwnCode.NO_KIT: "the undo kit is not in the thread",
    OwnCode.CARD_GONE: "its card is gone, so nobody could press Stop",
    OwnCode.TOO_LATE: "the time for sending it had passed",
    OwnCode.SET_ASIDE: "vpn-bot failed again and again",
}
# What a look before sending showed: others may have done to it what vpn-bot did not.
_SEEN = NO_FRESH_CARD | {OwnCode.CHANGED}
_CAPITALS = ("Tencent", "Slack", "CAM", "VPC", "VPN")


def why_not(deletion: Deletion, *, on_card: bool = False) -> str:
    """Why it was not deleted, to follow “not deleted: ”; of a refused or a void deletion.

    on_card: the reader has the card before them, so that it was posted after all.
    """
    code = deletion.code or ""
    if deletion.state is State.REFUSED and is_gone_otherwise(deletion):
        return "the cloud no longer finds the tunnel"
    if deletion.state is not State.VOID:
        return within(explain(code, deletion.code_kind).title)
    if deletion.decided_by is None and code != OwnCode.SET_ASIDE:
        if code == OwnCode.NO_KIT:
            return "the undo kit could not be posted"
        why = explain(code, CodeKind.SLACK).title if deletion.code_kind is CodeKind.SLACK else ""
        failed = "vpn-bot was not sure that this card is here" if on_card else "the card could not be posted"
        return f"{failed}{': ' if why else ''}{within(why)}"
    if code == OwnCode.CHANGED and deletion.message:
        return shortly(clean(deletion.message, MESSAGE_LIMIT))
    return why_not_sent(code)


def why_not_sent(code: str) -> str:
    """Why something confirmed was not sent; what isn't vpn-bot's own is why the last look failed."""
    if code in _NOT_SENT:
        return _NOT_SENT[code]
    if code.islower():  # as Slack's are: no look at the cloud failed
        refusal = slack_refusal(code)
        if refusal.course in (Course.MEND, Course.WAIT):
            return f"{within(refusal.title)}, so Stop could not be offered"
        why = "" if refusal.course is Course.UNKNOWN else f": {within(refusal.title)}"
        return f"Slack doesn't let vpn-bot change the card{why}"
    is_own = code in frozenset(OwnCode) and code != OwnCode.NO_ANSWER
    return within(explain(code).title) if is_own else "the last look before sending failed"


def is_gone_otherwise(deletion: Deletion) -> bool:
    """Whether it was there when the card was made and turned out to be gone, without vpn-bot's doing."""
    if deletion.state is State.VOID:
        return deletion.code == OwnCode.ALREADY_GONE
    was_asked_to_go = deletion.state is State.REFUSED and deletion.decided_by is not None
    return was_asked_to_go and means_gone(deletion.code or "")


def not_deleted(deletion: Deletion) -> str:
    """“not deleted”, by whom where others may have done so."""
    seen = deletion.state is State.VOID and deletion.code in _SEEN
    return f"not deleted{' by vpn-bot' if seen or is_gone_otherwise(deletion) else ''}"


def in_words(deletion: Deletion) -> str:
    """How one deletion stands or ended."""
    code = deletion.code or ""
    match deletion.state:
        case State.CANCELLED:
            return "stopped: left alone" if deletion.stopped else "cancelled"
        case State.REFUSED | State.VOID:
            return f"{not_deleted(deletion)}: {why_not(deletion)}"
        case State.UNKNOWN if code == OwnCode.NOT_SEEN and deletion.look_code:
            since = utc(deletion.last_seen_at or deletion.sent_at or deletion.asked_at)
            return f"not known since {since}: {within(explain_look(deletion.look_code).title)}"
        case State.UNKNOWN:
            return f"not confirmed gone: {within(explain(code).title)}" if code else "not confirmed gone"
        case State.VERIFYING if deletion.request_id is None:
            return "being deleted, not gone yet"
    return {
        State.ASKED: "being looked up",
        State.PENDING: "waiting for a decision",
        State.CONFIRMED: "confirmed",
        State.DELETING: "being sent",
        State.VERIFYING: "accepted, not gone yet",
        State.GONE: "gone",
        State.EXPIRED: "expired: nobody decided in time",
    }[deletion.state]


def why_none(batch: Batch, *, on_card: bool = False) -> str:
    """Why none of a card's tunnels was deleted, to follow “not deleted: ”; a change comes before the rest."""
    if batch.size == 1:
        return why_not(batch.lead, on_card=on_card)
    codes = {row.code for row in batch.rows} or {batch.lead.code}
    if codes == {OwnCode.ALREADY_GONE}:
        return "the tunnels no longer exist"
    if codes & _SEEN:
        words = next((row.message for row in (batch.lead, *batch.rows) if row.message), "")
        return shortly(clean(words, MESSAGE_LIMIT)) if words else _NOT_SENT[OwnCode.CHANGED]
    return why_not(batch.lead, on_card=on_card)


def tally(batch: Batch) -> str:
    """How many of a card's tunnels stand how; what there are none of isn't named."""
    accepted = batch.count(State.VERIFYING)
    counts = {
        "accepted, not gone yet": accepted,
        "not deleted": batch.count(State.REFUSED, State.VOID),
        "not confirmed gone": batch.count(State.UNKNOWN),
        "stopped": batch.count(State.CANCELLED),
        "still to do": batch.size - batch.ended - accepted,
    }
    return (
        ", ".join(
            [f"{batch.count(State.GONE)} gone", *(f"{count} {how}" for how, count in counts.items() if count)]
        )
        + "."
    )


def within(title: str) -> str:
    """A title as part of a sentence."""
    return title if title.startswith(_CAPITALS) else title[:1].lower() + title[1:]

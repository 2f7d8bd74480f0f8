"""What is said in a card's thread: pure functions from a deletion and what happened to Block Kit."""

from collections.abc import Sequence

from bot.chat.blocks import (
    Body,
    Element,
    bold,
    clock,
    escape,
    lines,
    moment,
    person,
    plain,
    quote,
    quoted,
    request_id,
    seconds,
    utc,
    value,
)
from bot.chat.status import why_not_sent, within
from bot.domain.explain import CodeKind, OwnCode, explain, explain_look
from bot.domain.model import Deletion, Freeze
from bot.domain.risk import Change
from bot.domain.slack_codes import slack_refusal
from bot.domain.text import clean

SHOWN_CHANGES = 20


def _about(deletion: Deletion) -> str:
    """The tunnel, or all that share its card."""
    if deletion.wanted[1:] or deletion.batch_size > 1:
        return f"{max(len(deletion.wanted), deletion.batch_size)} tunnels"
    return deletion.tunnel_id or f"all tunnels of {deletion.gateway_id}"


def waiting(deletion: Deletion, code: str, until: float, seen: str = "", *, look: bool = False) -> Body:
    """Said once: the bot goes on trying by itself, and why.

    seen: what was seen of the failure, in words of ours. look: it was a look that failed.
    """
    reason = explain_look(code) if look else explain(code)
    # What lies between the bot and the cloud mostly doesn't mend itself.
    ours = code in frozenset(OwnCode)
    act = f"If it stays so: {reason.next_step}" if ours else "You need not do anything."
    return {
        "text": f"Waiting to delete {_about(deletion)}: {reason.title}. Trying again until {utc(until)}.",
        "blocks": [
            lines(
                [bold(f"Waiting: {reason.title}. "), plain(reason.meaning)],
                [
                    plain("vpn-bot tries again by itself until "),
                    clock(until),
                    plain(f". {act}"),
                ],
                [value(code), plain(f"  {clean(seen, 300)}" if seen else "")],
            )
        ],
    }


def accepted(deletion: Deletion, number: str) -> Body:
    """The cloud's RequestId; it means accepted, and nothing more."""
    sentence = f"Tencent Cloud accepted the deletion of {deletion.tunnel_id}."
    return {
        "text": f"{sentence} RequestId {escape(clean(number, 100))}. It isn't gone yet.",
        "blocks": [
            lines(
                [plain(f"{sentence} RequestId "), value(number)],
                [plain("Accepted isn't gone: checking until it is.")],
            )
        ],
    }


def seen_deleting(deletion: Deletion) -> Body:
    """No clear answer came, but the tunnel is seen being deleted."""
    sentence = f"No clear answer came, but {deletion.tunnel_id} is being deleted."
    return {
        "text": sentence,
        "blocks": [
            lines([plain(sentence)], [plain("Checking until it has gone.")], request_id(deletion.request_id))
        ],
    }


def sending_again(deletion: Deletion, code: str, state: str) -> Body:
    """No clear answer came; the tunnel was looked at and still stands."""
    reason = explain(code)
    return {
        "text": f"No clear answer about {deletion.tunnel_id}, and it is still there: asking again.",
        "blocks": [
            lines(
                [bold(f"{reason.title}.")],
                [plain("So vpn-bot looked: the tunnel is still there, state "), value(state), plain(".")],
                [plain("It asks for the deletion again.  "), value(code)],
            )
        ],
    }


def changed(deletion: Deletion, found: Sequence[tuple[str, Sequence[Change]]], *, fresh: bool) -> Body:
    """Confirmed, but not what the card had shown: what is different now, tunnel by tunnel.

    fresh: whether a fresh card can be had.
    """
    sentence = "Not deleted: what matters has changed since the card was made."
    rows = [
        [
            *([value(tunnel_id), plain("  ")] if deletion.batch_size > 1 else []),
            *_change(change),
        ]
        for tunnel_id, changes in found
        for change in changes
    ]
    more = [[plain(f"… and {len(rows) - SHOWN_CHANGES} more changes")]] if len(rows) > SHOWN_CHANGES else []
    again = f"{_sent(deletion)} {explain(OwnCode.BEING_DELETED).next_step}"
    if fresh:
        again = f"{_sent(deletion)} For a card that shows how things are now, press Fresh card above."
    return {
        "text": sentence,
        "blocks": [lines([bold(sentence)], *rows[:SHOWN_CHANGES], *more, [plain(again)])],
    }


def _change(change: Change) -> list[Element]:
    if change.before is None:
        return [bold(f"{change.what}  "), *([value(change.now)] if change.now else [])]
    return [bold(f"{change.what}  "), value(change.before), plain("  is now  "), value(change.now)]


def already_gone(deletion: Deletion) -> Body:
    """Somebody or something else deleted it after the card was made."""
    reason = explain(OwnCode.ALREADY_GONE)
    exists = "no longer exist" if deletion.batch_size > 1 else "no longer exists"
    sentence = f"Not deleted by vpn-bot: {_about(deletion)} {exists}."
    return {
        "text": sentence,
        "blocks": [
            lines([bold(sentence)], [plain(reason.meaning)], [plain(f"{reason.next_step} {_sent(deletion)}")])
        ],
    }


def _sent(deletion: Deletion) -> str:
    return "Nothing more is sent." if deletion.sent_at else "Nothing was sent."


def frozen_since(deletion: Deletion, freeze: Freeze) -> Body:
    """A freeze was placed between Confirm and sending."""
    scope = "Everything" if freeze.scope == "all" else freeze.scope
    sentence = "Not deleted: a freeze was placed after Confirm."
    until = [clock(freeze.until), plain(f" ({moment(freeze.until)})")]
    frozen = [plain(f"{scope} is frozen until "), *until, plain(" by "), person(freeze.by)]
    return {
        "text": sentence,
        "blocks": [
            lines([bold(sentence)], [*frozen, plain(f". {_sent(deletion)}")]),
            quote(freeze.reason),
        ],
    }


def window_again(deletion: Deletion, missing_s: float, ends: float, refused_code: str | None = None) -> Body:
    """People could not press Stop in all of the abort window: they get the rest of it now.

    refused_code: Slack's, where it did not change the card for some time.
    """
    window_s = deletion.window_s or 0.0
    why = (
        f"Stop could be pressed for {seconds(max(0.0, window_s - missing_s))} of {seconds(window_s)} only: "
        "vpn-bot was away or cut off, or Slack showed Stop late."
    )
    if refused_code is not None:
        why = (
            "For some time Slack did not let vpn-bot change the card, so it isn't known how long Stop could "
            f"be pressed. Slack's answer was: {slack_refusal(refused_code).title} "
            f"({clean(refused_code, 80)})."
        )
    sentence = (
        f"{why} So there are {seconds(missing_s)} more to press Stop. {_about(deletion)} will be deleted"
    )
    return {
        "text": f"{sentence} at {utc(ends)}.",
        "blocks": [lines([plain(f"{sentence} at "), clock(ends), plain(".")])],
    }


def not_cleared(deletion: Deletion, code: str, kind: CodeKind | None = None) -> Body:
    """What has to be so before anything is sent could not be brought about. kind: as the ledger keeps it."""
    # Where it isn't a code of ours or of Slack's, a look failed.
    reason = explain(code, kind) if kind is CodeKind.SLACK else explain_look(code)
    why = why_not_sent(code)
    sentence, more = f"Not deleted: {why}.", "" if why == within(reason.title) else f"{reason.title}. "
    return {
        "text": sentence,
        "blocks": [
            lines(
                [bold(sentence)],
                [plain(f"{more}{reason.next_step}  "), value(code)],
                [plain(_sent(deletion))],
            )
        ],
    }


def gone(deletion: Deletion, after_s: float | None) -> Body:
    """The tunnel is no longer there. after_s: seconds since DeleteVpnConnection was sent."""
    since = f" after {seconds(after_s)}" if after_s is not None else ""
    sentence = f"{deletion.tunnel_id} is gone{since}."
    return {"text": sentence, "blocks": [lines([bold(sentence)], request_id(deletion.request_id))]}


def refused(deletion: Deletion, code: str, message: str, number: str | None, *, look: bool = False) -> Body:
    """The cloud's no, explained. message: the cloud's, or what was seen. look: it was a look that failed."""
    reason = explain_look(code) if look else explain(code)
    shown_number = [plain("  RequestId "), value(number)] if number else []
    return {
        "text": f"{_about(deletion)} was not deleted: {reason.title} ({escape(clean(code, 100))}).",
        "blocks": [
            lines(
                [bold(f"Not deleted: {reason.title}. "), plain(reason.meaning)],
                [bold("What to do: "), plain(reason.next_step)],
                [value(code), *shown_number],
            ),
            *quoted(message),
        ],
    }


def set_aside(deletion: Deletion) -> Body:
    """The bot broke on this row again and again, and leaves it alone."""
    tried = deletion.sent_at is not None
    result = "It isn't known whether it was deleted." if tried else "Nothing was sent."
    sentence = f"vpn-bot gave up on {_about(deletion)}: a fault of its own. {result}"
    return {
        "text": sentence,
        "blocks": [
            lines(
                [bold(sentence)],
                *([[plain("Look at the tunnel in the console.")]] if tried else []),
                [plain("The bot's log says more about deletion "), value(deletion.deletion_id)],
            )
        ],
    }

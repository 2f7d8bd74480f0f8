"""What is said of a tunnel whose deletion was sent and that isn't seen gone: only what a look has shown."""

from bot.chat.blocks import (
    Body,
    Element,
    bold,
    clock,
    escape,
    lines,
    plain,
    quoted,
    request_id,
    seconds,
    utc,
    value,
)
from bot.chat.pieces import failed_look
from bot.domain.explain import explain, explain_look
from bot.domain.model import Deletion, Unreadable
from bot.domain.text import clean


def still_there(deletion: Deletion, state: str, seen_at: float, waited_s: float) -> Body:
    """Accepted, but not gone within the time limit: a look has just shown it, in this state."""
    seen = f"state {clean(state, 40) or 'not shown'}"
    sentence = f"{deletion.tunnel_id} is still there after {seconds(waited_s)}: {seen}"
    return {
        "text": escape(f"{sentence}, seen at {utc(seen_at)}."),
        "blocks": [
            lines(
                [bold(f"{sentence}, seen at "), clock(seen_at), bold(".")],
                [
                    plain("Tencent Cloud had accepted the deletion, so it may still go. "),
                    plain("Look at it in the console; if it stays, give support this RequestId."),
                ],
                request_id(deletion.request_id),
            )
        ],
    }


def not_seen(deletion: Deletion, look: Unreadable) -> Body:
    """Accepted, and nobody could look whether it is gone, until the time limit; nothing is claimed."""
    reason = explain_look(look.code)
    seen_at = deletion.last_seen_at
    since = seen_at or deletion.sent_at or deletion.asked_at
    sentence = f"It isn't known whether {deletion.tunnel_id} is gone: it could not be looked at since "
    before = [plain("No look succeeded after the deletion was sent.")]
    if seen_at is not None:
        before = [
            plain("It was seen last at that time, in state "),
            value(deletion.last_seen or ""),
            plain("."),
        ]
    return {
        "text": escape(f"{sentence}{utc(since)}: {reason.title} ({clean(look.code, 100)})."),
        "blocks": [
            lines(
                [bold(sentence), clock(since), bold(f": {reason.title}.")],
                before,
                [plain(reason.meaning)],
                [bold("What to do: "), plain(f"look at the tunnel in the VPN console. {reason.next_step}")],
                *_both(deletion, look),
            ),
            *quoted(look.said),
        ],
    }


def gave_up(deletion: Deletion, code: str, seen: tuple[str, float] | None, look: Unreadable | None) -> Body:
    """The deadline passed without an answer that could be trusted.

    seen: the tunnel's state in the last look that succeeded, and when that was. look: one that failed since.
    """
    sentence = f"It isn't known whether {deletion.tunnel_id} was deleted"
    state, at = seen or ("", 0.0)
    last_seen = f"; last seen in state {clean(state, 40) or 'not shown'} at " if seen else ""
    failed = f"; looking at it failed: {explain_look(look.code).title}" if look else ""
    when = [clock(at)] if seen else []
    return {
        "text": escape(f"{sentence}{last_seen}{utc(at) if seen else ''}{failed}."),
        "blocks": [
            lines(
                [bold(f"{sentence}{last_seen}"), *when, bold(f"{failed}.")],
                [plain(f"{explain(code).title}.  "), value(code)],
                [bold("What to do: "), plain("look at the tunnel in the console before you ask again.")],
                *(_both(deletion, look) if look else [request_id(deletion.request_id)]),
            ),
            *quoted(deletion.message or ""),
            *quoted(look.said if look else ""),
        ],
    }


def _both(deletion: Deletion, look: Unreadable) -> list[list[Element]]:
    """The deletion's RequestId, and what the cloud said to the look."""
    return [[plain("Deletion: "), *request_id(deletion.request_id)], failed_look(look.code, look.request_id)]

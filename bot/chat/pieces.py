"""What the card of one tunnel and the card of many have in common."""

from bot.chat.blocks import Block, Element, bold, clock, lines, moment, person, plain, quote, value
from bot.domain.explain import explain_look
from bot.domain.model import Deletion, Freeze, State, Tier
from bot.domain.policy import Rules
from bot.domain.text import clean

CONFIRM_ACTION = "confirm_deletion"
CANCEL_ACTION = "cancel_deletion"
STOP_ACTION = "stop_deletion"
FRESH_ACTION = "fresh_card"


def reason(deletion: Deletion) -> list[Block]:
    """Why it was asked for, in the requester's words."""
    return [lines([bold("Reason for the deletion")]), quote(deletion.reason)] if deletion.reason else []


def asked_by(deletion: Deletion) -> list[Element]:
    """Who asked, and when."""
    return [bold("Asked by  "), person(deletion.requester_id), plain(" at "), clock(deletion.asked_at)]


def expiry(deletion: Deletion) -> list[Element]:
    """Until when one may decide."""
    return [plain("Expires at "), clock(deletion.expires_at or deletion.asked_at), plain(".")]


def who(deletion: Deletion, verb: str) -> list[Element]:
    """Who decided, and when."""
    if deletion.decided_by is None or deletion.decided_at is None:
        return [plain(f"{verb}.")]
    return [
        plain(f"{verb} by "),
        person(deletion.decided_by),
        plain(" at "),
        clock(deletion.decided_at),
        plain("."),
    ]


def stopped_by(deletion: Deletion) -> list[Element]:
    """Who pressed Stop. Perhaps the cloud had refused it until then; it never accepted it."""
    who_ = [plain(" by "), person(deletion.stopped_by)] if deletion.stopped_by else []
    what = "the rest" if deletion.batch_size > 1 else "it"
    return [plain("Stopped"), *who_, plain(f" before the cloud accepted {what}.")]


def failed_look(code: str, number: str | None) -> list[Element]:
    """Why the last look failed, by its code and the cloud's RequestId of that look."""
    shown_number = [plain("  RequestId "), value(number)] if number else []
    return [plain(f"The last look failed: {explain_look(code).title}.  "), value(code), *shown_number]


def alarm(deletion: Deletion) -> list[Block]:
    """Break-glass, loud; nothing else is."""
    if not deletion.break_glass:
        return []
    glass = [bold("🚨 BREAK-GLASS  "), value(deletion.break_glass)]
    return [lines([*glass, plain("  It needs no second person, and stays marked in the history.")])]


def protected(deletion: Deletion) -> list[list[Element]]:
    """Why there is no button."""
    return [
        *risk(deletion),
        [plain("If it has to go, its owner removes the tag, or whoever runs the bot the name.")],
        [plain("Nothing was sent.")],
    ]


def risk(deletion: Deletion) -> list[list[Element]]:
    """How much is at risk, and why; our own words."""
    reasons = deletion.stake.reasons if deletion.stake else ()
    if deletion.tier is Tier.LOW:
        return [
            [
                bold("Low risk: "),
                plain("it is DOWN, no route points at it, and its gateway keeps a healthy tunnel."),
            ]
        ]
    title = "High risk: " if deletion.tier is Tier.HIGH else "Why: "
    return [[bold(title), plain(clean("; ".join(reasons), 1_000) or "see the table"), plain(".")]]


def demands(deletion: Deletion, rules: Rules, word: str) -> list[list[Element]]:
    """What a confirm takes beyond one click; word: what is to be typed, in words."""
    second = rules.second_person.applies(deletion.tier) and not deletion.break_glass
    typed = rules.typed.applies(deletion.tier)
    if not second and not typed:
        return []
    act = f" presses Confirm and types {word}." if typed else " presses Confirm."
    if not second:
        return [[bold("It takes: "), plain(f"one person{act}")]]
    return [[bold("It takes: "), plain("someone other than "), person(deletion.requester_id), plain(act)]]


def frozen(freeze: Freeze | None, deletion: Deletion) -> list[Block]:
    """What keeps a card from being confirmed for the time being: until when, by whom, why."""
    if freeze is None:
        return []
    then = [plain("Confirm comes back when it ends.")]
    if deletion.expires_at is not None and freeze.until >= deletion.expires_at:
        before = "This card expires before the freeze ends. Ask again after "
        then = [plain(before), clock(freeze.until), plain(f" ({moment(freeze.until)}).")]
    scope = "Everything" if freeze.scope == "all" else clean(freeze.scope, 40)
    ends = [clock(freeze.until), plain(f" ({moment(freeze.until)}) by "), person(freeze.by), plain(".")]
    return [
        lines(
            [bold("❄ Frozen  "), plain(f"{scope}, until "), *ends],
            [plain("While that holds, this can't be confirmed. "), *then],
            [bold("Reason for the freeze")],
        ),
        quote(freeze.reason),
    ]


def window(deletion: Deletion) -> list[list[Element]]:
    """How long everybody may still press Stop."""
    if not deletion.window_s or deletion.send_at is None or deletion.sent_at or deletion.waiting_code:
        return []
    if deletion.window_over_at is not None:
        return [[bold("Deleting now.")]]
    # What was missed of the window was added to its end.
    added = deletion.send_at - (deletion.decided_at or 0.0) > deletion.window_s + 0.5
    return [
        [
            bold("Deleting" if added else f"Deleting in {deletion.window_s:.0f} s"),
            plain(" at " if added else ", at "),
            clock(deletion.send_at),
            plain(". Anybody of this workspace may press Stop before."),
        ]
    ]


def buttons(
    deletion: Deletion, question: str, rules: Rules, *, frozen: bool, unsent: bool, fresh: bool
) -> list[Block]:
    """Confirm and Cancel while nobody has decided; Stop while there is something that was not sent.

    Only what can be done is offered: frozen: a freeze keeps it from being confirmed. fresh: the card is void
    because of a change, and what it was about can be asked for anew.
    """
    if deletion.state is State.PENDING:
        cancel = _button(deletion, "Cancel", CANCEL_ACTION)
        if frozen:
            return [{"type": "actions", "elements": [cancel]}]
        confirm = _button(deletion, "Confirm", CONFIRM_ACTION) | {"style": "danger"}
        if not rules.typed.applies(deletion.tier):  # else the dialog that takes the id asks
            confirm["confirm"] = {
                "title": {"type": "plain_text", "text": dialog_title(deletion)},
                "text": {"type": "plain_text", "text": f"{question} {made_again(deletion)}"},
                "confirm": {"type": "plain_text", "text": "Delete"},
                "deny": {"type": "plain_text", "text": "Keep"},
                "style": "danger",
            }
        return [{"type": "actions", "elements": [confirm, cancel]}]
    if unsent:
        stop = _button(deletion, "Stop", STOP_ACTION) | {"style": "danger"}
        return [{"type": "actions", "elements": [stop]}]
    if fresh:
        return [{"type": "actions", "elements": [_button(deletion, "Fresh card", FRESH_ACTION)]}]
    return []


def dialog_title(deletion: Deletion) -> str:
    """What the one who confirms is asked, in the 24 characters that Slack gives a title."""
    return f"Delete {deletion.batch_size} tunnels?" if deletion.batch_size > 1 else "Delete this tunnel?"


def made_again(deletion: Deletion) -> str:
    """What the undo kit can do, and what it can't."""
    if deletion.batch_size > 1:
        return "The undo kits make new ones, under other ids."
    return "The undo kit makes a new one, under another id."


def _button(deletion: Deletion, label: str, action_id: str) -> Block:
    return {
        "type": "button",
        "action_id": action_id,
        "value": deletion.card_id,
        "text": {"type": "plain_text", "text": label},
    }

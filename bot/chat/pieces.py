"""What the card of one tunnel and the card of many have in common."""

from bot.chat.blocks import Block, Element, bold, clock, person, plain, quote
from bot.domain.model import Deletion, State

CONFIRM_ACTION = "confirm_deletion"
CANCEL_ACTION = "cancel_deletion"
STOP_ACTION = "stop_deletion"


def reason(deletion: Deletion) -> list[Block]:
    """Why it was asked for, in the requester's words."""
    return [quote(deletion.reason)] if deletion.reason else []


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


def buttons(deletion: Deletion, question: str, *, unsent: bool) -> list[Block]:
    """Confirm and Cancel while nobody has decided; Stop while there is something that was not sent."""
    if deletion.state is State.PENDING:
        dialog = {
            "title": {"type": "plain_text", "text": "Delete for good?"},
            "text": {"type": "plain_text", "text": f"{question} It can't be undone."},
            "confirm": {"type": "plain_text", "text": "Delete"},
            "deny": {"type": "plain_text", "text": "Keep"},
            "style": "danger",
        }
        confirm = _button(deletion, "Confirm", CONFIRM_ACTION) | {"style": "danger", "confirm": dialog}
        return [{"type": "actions", "elements": [confirm, _button(deletion, "Cancel", CANCEL_ACTION)]}]
    if unsent:
        return [{"type": "actions", "elements": [_button(deletion, "Stop", STOP_ACTION)]}]
    return []


def _button(deletion: Deletion, label: str, action_id: str) -> Block:
    return {
        "type": "button",
        "action_id": action_id,
        "value": deletion.card_id,
        "text": {"type": "plain_text", "text": label},
    }

"""Risky deletions as people meet them: the dialog that takes the id, and the ways around it."""

from collections.abc import Mapping
from typing import Any

from bot.rehearsal.slack_people import Ack
from bot.rehearsal.slack_views import View
from tests.e2e.play import Card, Play, words

WINDOW_S = 1.5
CAREFUL = {
    "VPN_BOT_TYPED_CONFIRMATION": "high",
    "VPN_BOT_SECOND_PERSON": "high",
    "VPN_BOT_ABORT_WINDOW_S": str(WINDOW_S),
}


def dialog(card: Card, user: str) -> View:
    """Press Confirm and wait for the dialog."""
    before = {view.view_id for view in card.play.stage.slack.views(user)}
    assert card.confirm(user, stale=True).acked
    return card.play.wait(
        lambda: next((v for v in card.play.stage.slack.views(user) if v.view_id not in before), None)
    )


def type_into(play: Play, user: str, view: View, text: str) -> Ack:
    """Type into the dialog and press Delete."""
    return play.stage.slack.submit(user, view.view_id, {"tunnel_id": {"value": text}})


def confirm_typed(card: Card, user: str = "ben") -> None:
    """Confirm as the card wants it."""
    ack = type_into(card.play, user, dialog(card, user), card.tunnel_id)
    assert (ack.acked, ack.response) == (True, None)


def errors(ack: Ack) -> Mapping[str, Any]:
    """What the dialog says is wrong with what was typed."""
    return dict((ack.response or {}).get("errors", {}))


def in_place(play: Play, user: str) -> str:
    """What stands where the dialog was."""
    return words(play.stage.slack.views(user)[-1].body["blocks"])


def fresh(card: Card, user: str) -> Card:
    """Press Fresh card, and wait for it."""
    play = card.play
    seen = {message.ts for message in play.stage.slack.messages("network-ops")}
    assert play.stage.slack.press(user, "network-ops", card.ts, "fresh_card").acked
    found = play.wait(
        lambda: next(
            (m for m in play.stage.slack.messages("network-ops") if m.ts not in seen and m.buttons), None
        )
    )
    return Card(play, card.tunnel_id, found.ts)

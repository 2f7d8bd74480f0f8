"""Why there is no Socket Mode connection, in words for whoever runs the bot, and how long to wait."""

import json
import random
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from slack_sdk.errors import SlackApiError

# Slack renews every connection after some hours, and says so a little before.
ORDINARY = frozenset({"warning", "refresh_requested"})
_PASSING = frozenset(
    {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_REFUSED = "SLACK_APP_TOKEN isn't valid any more: make a new one with connections:write, and restart"
_MEANINGS = {
    "too_many_websockets": "this app has ten connections already: stop other copies of this bot",
    "link_disabled": "Socket Mode is off for this app: turn it on in its settings",
    "socket_mode_not_enabled": "Socket Mode is off for this app: turn it on in its settings",
    "ratelimited": "Slack asks for a pause",
    **dict.fromkeys(("invalid_auth", "not_authed", "token_revoked", "account_inactive"), _REFUSED),
}
_CODE = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """How long to wait before a connection that follows a failed or a short one; seconds.

    A connection that has answered a ping and lasted for `settled_s` ends the row of failures.
    """

    first_s: float = 1.0
    longest_s: float = 30.0
    settled_s: float = 5.0

    def after(self, failures: int) -> float:
        """The pause after so many failures in a row: twice as long each time, less up to a half by chance."""
        whole: float = min(self.longest_s, self.first_s * 2 ** min(failures - 1, 30))
        return whole * random.uniform(0.5, 1.0)  # noqa: S311  # no secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a try to connect came to nothing; `pause_s`: what Slack asks to wait at least."""

    reason: str
    kind: Literal["refused", "unreachable", "passing"] = "passing"
    word: str = ""
    pause_s: float = 0.0


def disconnect_reason(message: str) -> str | None:
    """The reason that a disconnect message gives; None for any other message."""
    if '"disconnect"' not in message:
        return None
    try:
        read = json.loads(message)
    except ValueError:
        return None
    if not isinstance(read, dict) or read.get("type") != "disconnect":
        return None
    return _word(read.get("reason"))


def refusal(exc: SlackApiError) -> Failure:
    """What it means that Slack opens no connection."""
    response = exc.response
    word = _word(response.get("error"))
    passing = response.status_code == 429 or response.status_code >= 500 or word in _PASSING
    pause_s = 0.0
    with suppress(TypeError, ValueError):
        pause_s = float(response.headers.get("Retry-After", 0))
    return Failure(
        kind="passing" if passing else "refused",
        word=word,
        reason=f"Slack opens no connection ({explained(word)})",
        pause_s=pause_s,
    )


def _word(code: object) -> str:
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "unreadable"


def explained(word: str) -> str:
    """Slack's word, and what to do about it where that is known."""
    return f"{word}: {_MEANINGS[word]}" if word in _MEANINGS else word

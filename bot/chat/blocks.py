"""Block Kit in small pieces. Values go into plain_text and rich_text, where Slack reads no mark-up."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain.text import clean

Element = dict[str, Any]
Block = dict[str, Any]
Body = dict[str, Any]  # a message: its fallback `text` and its `blocks`
HEADER_LIMIT = 150
VALUE_LIMIT = 200


def escape(text: str) -> str:
    """Text for a mrkdwn place (a message's `text`), where `<` starts a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str) -> Element:
    """Our own words."""
    return {"type": "text", "text": text}


def bold(text: str) -> Element:
    """Our own words, in bold."""
    return {"type": "text", "text": text, "style": {"bold": True}}


def value(text: str) -> Element:
    """A foreign value, as code; “–” where there is none."""
    return {"type": "text", "text": clean(text, VALUE_LIMIT) or "–", "style": {"code": True}}


def person(user_id: str) -> Element:
    """A mention of one person."""
    return {"type": "user", "user_id": user_id}


def clock(epoch_s: float) -> Element:
    """A time of day in the reader's own time zone."""
    return {
        "type": "date",
        "timestamp": int(epoch_s),
        "format": "{time_secs}",
        "fallback": utc(epoch_s),
    }


def utc(epoch_s: float) -> str:
    """A time of day for the fallback text: 20:15:03 UTC."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%H:%M:%S UTC")


def moment(epoch_s: float) -> str:
    """A day and a time of day: 2026-11-23 20:15 UTC."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def header(text: str) -> Block:
    """A headline of our own words and ids."""
    return {"type": "header", "text": {"type": "plain_text", "text": clean(text, HEADER_LIMIT)}}


def lines(*rows: Sequence[Element]) -> Block:
    """Text, one row a line. Slack takes no empty text, so it is left out."""
    elements: list[Element] = []
    for row in rows:
        elements += [*([plain("\n")] if elements else []), *(one for one in row if one.get("text") != "")]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def quote(text: str, limit: int = 500) -> Block:
    """Somebody else's words; “–” where nothing of them can be seen."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_quote", "elements": [plain(clean(text, limit) or "–")]}],
    }


def code(text: str) -> Block:
    """Our own text exactly as it stands, to be copied; Slack reads no mark-up in it."""
    piece = {"type": "text", "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [piece]}]}


def quoted(text: str) -> list[Block]:
    """Somebody else's words; no block where there are none."""
    return [quote(text)] if text.strip() else []


def seconds(duration_s: float) -> str:
    """A duration for people: 3.2 s, 41 s."""
    return f"{duration_s:.1f} s" if duration_s < 10 else f"{duration_s:.0f} s"


def request_id(known: str | None) -> list[Element]:
    """The cloud's RequestId, or that there is none: its answer got lost, or had none."""
    if known is None:
        return [plain("RequestId: none reached vpn-bot.")]
    return [plain("RequestId "), value(known)]

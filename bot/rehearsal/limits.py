"""What Slack takes: text, blocks, views and metadata (pure).

Stricter than Slack: every message has a text of its own (screen readers and notifications read it) of at most
4,000 characters, `action_id`s are unique in the whole message, and see `block_kit`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.rehearsal.block_kit import (
    BLOCKS_TEXT_LIMIT,
    CELLS_TEXT_LIMIT,
    ID,
    MESSAGE_BLOCKS,
    TEXT_LIMIT,
    VIEW,
)
from bot.rehearsal.checks import Invalid, anything, shape

_MASS_PING = re.compile(r"<!(channel|here|everyone)[|>]")
_METADATA = shape({"event_type": ID, "event_payload": anything})


class ApiError(Exception):
    """Slack refuses: its error code, why in words, and further fields of its answer."""

    def __init__(self, code: str, why: str = "", **details: Any) -> None:
        super().__init__(f"{code}: {why}" if why else code)
        self.code = code
        self.why = why
        self.details = details

    def answer(self) -> dict[str, Any]:
        """The body of Slack's answer."""
        reasons = {"response_metadata": {"messages": [f"[ERROR] {self.why}"]}} if self.why else {}
        return {"ok": False, "error": self.code, **self.details, **reasons}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object inside, outermost first."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


@contextmanager
def _invalid_is(code: str) -> Iterator[None]:
    try:
        yield
    except Invalid as why:
        raise ApiError(code, str(why)) from why


def check_message(text: Any, blocks: Any, metadata: Any = None) -> None:
    """ApiError where Slack would refuse this message, or show it badly.

    Codes: no_text, msg_too_long, invalid_blocks, msg_blocks_too_long, invalid_metadata_format.
    """
    if not isinstance(text, str) or not text.strip():
        raise ApiError("no_text", "text is what screen readers and notifications read")
    if len(text) > TEXT_LIMIT:
        raise ApiError("msg_too_long", f"text has {len(text)} characters, {TEXT_LIMIT} are shown")
    if blocks is not None:
        with _invalid_is("invalid_blocks"):
            MESSAGE_BLOCKS(blocks, "/blocks")
            _check_ids(blocks, "/blocks")
            if sum(block["type"] == "table" for block in blocks) > 1:
                raise Invalid("/blocks", "only one table is allowed in a message")
            _check_cells(blocks)
        _check_size(blocks)
    if metadata is not None:
        with _invalid_is("invalid_metadata_format"):
            _METADATA(metadata, "/metadata")


def check_view(view: Any) -> None:
    """ApiError (invalid_arguments) where Slack would refuse this modal."""
    with _invalid_is("invalid_arguments"):
        VIEW(view, "/view")
        _check_ids(view["blocks"], "/view/blocks")
        if "submit" not in view and any(block["type"] == "input" for block in view["blocks"]):
            raise Invalid("/view/submit", "a view with input blocks needs a submit button")


def _check_cells(blocks: list[Any]) -> None:
    """Over all cells of all tables Slack takes so many characters, a mention being some too."""
    found = _characters([block for block in blocks if block["type"] == "table"])
    if found > CELLS_TEXT_LIMIT:
        raise Invalid("/blocks", f"tables have {found} characters, may have {CELLS_TEXT_LIMIT}")


def _check_size(blocks: list[Any]) -> None:
    """All blocks together; tables have a limit of their own."""
    found = _characters([block for block in blocks if block["type"] != "table"])
    if found > BLOCKS_TEXT_LIMIT:
        raise ApiError(
            "msg_blocks_too_long", f"blocks have {found} characters, {BLOCKS_TEXT_LIMIT} are taken"
        )


def _characters(blocks: list[Any]) -> int:
    kept = ("text", "user_id", "fallback", "url")
    return sum(len(one[name]) for one in objects(blocks) for name in kept if isinstance(one.get(name), str))


def _check_ids(blocks: list[Any], where: str) -> None:
    for name in ("block_id", "action_id"):
        ids = [found[name] for found in objects(blocks) if name in found]
        for again in {one for one in ids if ids.count(one) > 1}:
            raise Invalid(where, f"{name} {again} is used more than once")


def pings_everyone(text: str, blocks: Any) -> bool:
    """Whether this message would notify a whole channel or workspace."""
    return bool(_MASS_PING.search(text)) or any(
        found.get("type") == "broadcast"
        or (found.get("type") in {"mrkdwn", "markdown"} and _MASS_PING.search(str(found.get("text"))))
        for found in objects(blocks or [])
    )

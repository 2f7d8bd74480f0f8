"""What Slack takes: text, Block Kit, views and metadata, checked field by field (pure).

The limits are those of Slack's Block Kit reference. Stricter than Slack: every message has a text of its own
(screen readers and notifications read it) of at most 4,000 characters; an unknown field is an error;
`action_id`s are required, and unique in the whole message; a message has at most one table; blocks and
elements that the local Slack can't show are refused.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bot.rehearsal.checks import Check, Invalid, anything, flag, items, number, shape, string, typed, word

TEXT_LIMIT = 4_000
MESSAGE_BLOCKS_LIMIT = 50
VIEW_BLOCKS_LIMIT = 100
_MASS_PING = re.compile(r"<!(channel|here|everyone)[|>]")

_MANY = 1_000
_ID = string(255)
_URL = string(3_000)
_STYLE = word("primary", "danger")


def _texts(longest: int) -> dict[str, Check]:
    return {
        "plain_text": shape({"text": string(longest)}, {"emoji": flag}),
        "mrkdwn": shape({"text": string(longest)}, {"verbatim": flag}),
    }


def _plain(longest: int) -> Check:
    return typed(plain_text=_texts(longest)["plain_text"])


def _text(longest: int) -> Check:
    return typed(**_texts(longest))


def _block(required: Mapping[str, Check], **optional: Check) -> Check:
    return shape(required, {"block_id": _ID, **optional})


def _any_of(check: Check, *names: str) -> Check:
    """The check, and at least one of the named fields."""

    def both(value: Any, where: str) -> None:
        check(value, where)
        if not any(name in value for name in names):
            raise Invalid(where, f"missing required field: {' or '.join(names)}")

    return both


_CONFIRM = shape(
    {"title": _plain(100), "text": _text(300), "confirm": _plain(30), "deny": _plain(30)}, {"style": _STYLE}
)
_BUTTON = shape(
    {"text": _plain(75), "action_id": _ID},
    {
        "value": string(2_000),
        "url": _URL,
        "style": _STYLE,
        "confirm": _CONFIRM,
        "accessibility_label": string(75),
    },
)
_IMAGE = shape({"image_url": _URL, "alt_text": string(2_000)})
_OPTION = shape({"text": _text(75), "value": string(150)}, {"description": _text(75)})


def _choice(most: int, **optional: Check) -> Check:
    return shape({"action_id": _ID, "options": items(_OPTION, most)}, {"focus_on_load": flag, **optional})


_INPUT = typed(
    plain_text_input=shape(
        {"action_id": _ID},
        {
            "initial_value": string(3_000, 0),
            "multiline": flag,
            "min_length": number,
            "max_length": number,
            "placeholder": _plain(150),
            "focus_on_load": flag,
        },
    ),
    static_select=_choice(100, placeholder=_plain(150), initial_option=_OPTION),
    radio_buttons=_choice(10, initial_option=_OPTION),
    checkboxes=_choice(10, initial_options=items(_OPTION, 10)),
)

_STYLED: dict[str, Check] = {
    "style": shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), flag))
}
_RICH_PARTS = items(
    typed(
        text=shape({"text": string(TEXT_LIMIT)}, _STYLED),
        link=shape({"url": _URL}, {"text": string(TEXT_LIMIT), **_STYLED}),
        emoji=shape({"name": _ID}, _STYLED),
        user=shape({"user_id": _ID}, _STYLED),
        usergroup=shape({"usergroup_id": _ID}, _STYLED),
        channel=shape({"channel_id": _ID}, _STYLED),
        broadcast=shape({"range": word("channel", "here", "everyone")}, _STYLED),
        date=shape({"timestamp": number, "format": _ID}, {"url": _URL, "fallback": _ID, **_STYLED}),
    ),
    _MANY,
)
_RICH_LINE = shape({"elements": _RICH_PARTS})
_RICH_BORDERED = shape({"elements": _RICH_PARTS}, {"border": number})
_RICH_LIST = shape(
    {"elements": items(typed(rich_text_section=_RICH_LINE), _MANY), "style": word("bullet", "ordered")},
    {"indent": number, "offset": number, "border": number},
)
_RICH_TEXT: dict[str, Check] = {
    "elements": items(
        typed(
            rich_text_section=_RICH_LINE,
            rich_text_preformatted=_RICH_BORDERED,
            rich_text_quote=_RICH_BORDERED,
            rich_text_list=_RICH_LIST,
        ),
        _MANY,
    )
}
_CELL = typed(
    raw_text=shape({"text": string(TEXT_LIMIT)}),
    raw_number=shape({"value": number, "text": string(TEXT_LIMIT)}),
    rich_text=shape(_RICH_TEXT),
)
_COLUMN_SHAPE = shape({}, {"align": word("left", "center", "right"), "is_wrapped": flag})


def _column(value: Any, where: str) -> None:
    if value is not None:  # null keeps the column's defaults
        _COLUMN_SHAPE(value, where)


_TASK: dict[str, Check] = {
    "task_id": _ID,
    "title": _ID,
    "status": word("pending", "in_progress", "complete", "error"),
}
_TASK_MORE: dict[str, Check] = {
    "details": typed(rich_text=shape(_RICH_TEXT)),
    "output": typed(rich_text=shape(_RICH_TEXT)),
}

_EVERYWHERE: dict[str, Check] = {
    "section": _any_of(
        _block(
            {},
            text=_text(3_000),
            fields=items(_text(2_000), 10),
            accessory=typed(button=_BUTTON, image=_IMAGE),
            expand=flag,
        ),
        "text",
        "fields",
    ),
    "header": _block({"text": _plain(150)}),
    "divider": _block({}),
    "context": _block({"elements": items(typed(**_texts(3_000), image=_IMAGE), 10)}),
    "actions": _block({"elements": items(typed(button=_BUTTON), 25)}),
    "image": _block({"image_url": _URL, "alt_text": string(2_000)}, title=_plain(2_000)),
    "rich_text": _block(_RICH_TEXT),
}
_IN_MESSAGES: dict[str, Check] = {
    **_EVERYWHERE,
    "markdown": _block({"text": string(12_000)}),
    "table": _block({"rows": items(items(_CELL, 20), 100)}, column_settings=items(_column, 20)),
    "alert": _block({"text": _text(3_000)}, level=word("default", "info", "warning", "error", "success")),
    "card": _any_of(
        _block(
            {},
            hero_image=typed(image=_IMAGE),
            icon=typed(image=_IMAGE),
            title=_text(150),
            subtitle=_text(150),
            body=_text(200),
            actions=items(typed(button=_BUTTON), 25),
        ),
        "hero_image",
        "title",
        "body",
        "actions",
    ),
    "task_card": _block(_TASK, **_TASK_MORE),
    "plan": _block({"title": _ID}, tasks=items(typed(task_card=_block(_TASK, **_TASK_MORE)), 50)),
}
_IN_VIEWS: dict[str, Check] = {
    **_EVERYWHERE,
    "input": _block({"label": _plain(2_000), "element": _INPUT}, hint=_plain(2_000), optional=flag),
}
_MESSAGE_BLOCKS = items(typed(**_IN_MESSAGES), MESSAGE_BLOCKS_LIMIT, 0)
_VIEW = typed(
    modal=shape(
        {"title": _plain(24), "blocks": items(typed(**_IN_VIEWS), VIEW_BLOCKS_LIMIT)},
        {
            "callback_id": _ID,
            "external_id": _ID,
            "private_metadata": string(3_000, 0),
            "submit": _plain(24),
            "close": _plain(24),
            "clear_on_close": flag,
            "notify_on_close": flag,
        },
    )
)

_METADATA = shape({"event_type": _ID, "event_payload": anything})


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

    Codes: no_text, msg_too_long, invalid_blocks, invalid_metadata_format.
    """
    if not isinstance(text, str) or not text.strip():
        raise ApiError("no_text", "text is what screen readers and notifications read")
    if len(text) > TEXT_LIMIT:
        raise ApiError("msg_too_long", f"text has {len(text)} characters, {TEXT_LIMIT} are shown")
    if blocks is not None:
        with _invalid_is("invalid_blocks"):
            _MESSAGE_BLOCKS(blocks, "/blocks")
            _check_ids(blocks, "/blocks")
            if sum(block["type"] == "table" for block in blocks) > 1:
                raise Invalid("/blocks", "only one table is allowed in a message")
    if metadata is not None:
        with _invalid_is("invalid_metadata_format"):
            _METADATA(metadata, "/metadata")


def check_view(view: Any) -> None:
    """ApiError (invalid_arguments) where Slack would refuse this modal."""
    with _invalid_is("invalid_arguments"):
        _VIEW(view, "/view")
        _check_ids(view["blocks"], "/view/blocks")
        if "submit" not in view and any(block["type"] == "input" for block in view["blocks"]):
            raise Invalid("/view/submit", "a view with input blocks needs a submit button")


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

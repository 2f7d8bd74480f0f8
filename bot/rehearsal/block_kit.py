"""Block Kit as the local Slack reads it: each block's and element's fields and sizes (pure).

The sizes are those of Slack's Block Kit reference. Stricter than Slack: an unknown field is an error,
`action_id`s are required, and blocks or elements that the local Slack can't show are refused.
"""

from collections.abc import Mapping
from typing import Any

from bot.rehearsal.checks import Check, Invalid, flag, items, number, shape, string, typed, word

TEXT_LIMIT = 4_000
MESSAGE_BLOCKS_LIMIT = 50
# Slack documents neither as a number that it keeps to: these are what it was seen to take, or stricter.
BLOCKS_TEXT_LIMIT = 9_600
CELLS_TEXT_LIMIT = 10_000
VIEW_BLOCKS_LIMIT = 100

_MANY = 1_000
ID = string(255)
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
    return shape(required, {"block_id": ID, **optional})


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
    {"text": _plain(75), "action_id": ID},
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
    return shape({"action_id": ID, "options": items(_OPTION, most)}, {"focus_on_load": flag, **optional})


_INPUT = typed(
    plain_text_input=shape(
        {"action_id": ID},
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
        emoji=shape({"name": ID}, _STYLED),
        user=shape({"user_id": ID}, _STYLED),
        usergroup=shape({"usergroup_id": ID}, _STYLED),
        channel=shape({"channel_id": ID}, _STYLED),
        broadcast=shape({"range": word("channel", "here", "everyone")}, _STYLED),
        date=shape({"timestamp": number, "format": ID}, {"url": _URL, "fallback": ID, **_STYLED}),
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
    "task_id": ID,
    "title": ID,
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
    "plan": _block({"title": ID}, tasks=items(typed(task_card=_block(_TASK, **_TASK_MORE)), 50)),
}
_IN_VIEWS: dict[str, Check] = {
    **_EVERYWHERE,
    "input": _block({"label": _plain(2_000), "element": _INPUT}, hint=_plain(2_000), optional=flag),
}
MESSAGE_BLOCKS = items(typed(**_IN_MESSAGES), MESSAGE_BLOCKS_LIMIT, 0)
VIEW = typed(
    modal=shape(
        {"title": _plain(24), "blocks": items(typed(**_IN_VIEWS), VIEW_BLOCKS_LIMIT)},
        {
            "callback_id": ID,
            "external_id": ID,
            "private_metadata": string(3_000, 0),
            "submit": _plain(24),
            "close": _plain(24),
            "clear_on_close": flag,
            "notify_on_close": flag,
        },
    )
)

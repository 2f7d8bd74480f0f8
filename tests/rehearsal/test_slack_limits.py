"""What the local Slack takes and refuses, and where it says the fault is."""

from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import AlertBlock, HeaderBlock, RawTextObject, SectionBlock, TableBlock

from bot.rehearsal.limits import ApiError, check_message, check_view, pings_everyone
from tests.rehearsal.local_slack import actions, button, modal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def confirm(**more: Any) -> dict[str, Any]:
    words = {"title": plain("Sure?"), "text": plain("x"), "confirm": plain("Yes"), "deny": plain("No")}
    return {**words, **more}


def table(rows: int = 1, columns: int = 1) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


def cells(*lengths: int) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "名" * length}] for length in lengths]}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


GOOD: dict[str, list[dict[str, Any]]] = {
    "a section of 3,000": [section("x" * 3_000)],
    "a field of 2,000": [{"type": "section", "fields": [plain("x" * 2_000)]}],
    "ten fields": [{"type": "section", "fields": [plain("x" * 900)] * 10}],
    "a header of 150": [{"type": "header", "text": plain("x" * 150)}],
    "fifty blocks": [{"type": "divider"}] * 50,
    "a button at its limits": [
        actions(button("a" * 255, "v" * 2_000, text=plain("x" * 75)), block_id="b" * 255)
    ],
    "a dialog at its limits": [
        actions(
            button("a", confirm=confirm(title=plain("x" * 100), text=plain("x" * 300), style="danger"))
        )
    ],
    "a table of 100 by 20": [table(100, 20)],
    "a table of 10,000 characters": [cells(4_000, 4_000, 2_000)],
    "9,600 characters in all, and a table": [section("x" * 3_000)] * 3 + [section("x" * 600), cells(4_000)],
    "rich text": [rich({"type": "text", "text": "x", "style": {"code": True}})],
    "an alert": [{"type": "alert", "text": plain("x"), "level": "warning"}],
    "a card": [{"type": "card", "title": plain("x"), "actions": [button("a")]}],
    "a plan": [
        {"type": "plan", "title": "x", "tasks": [
            {"type": "task_card", "task_id": "1", "title": "x", "status": "complete"}]}
    ],
}  # fmt: skip
BAD: dict[str, tuple[list[dict[str, Any]], str]] = {
    "section too long": ([section("x" * 3_001)], "/blocks/0/text/text"),
    "section empty": ([section("")], "/blocks/0/text/text"),
    "section without text": ([{"type": "section"}], "/blocks/0"),
    "eleven fields": ([{"type": "section", "fields": [plain("x")] * 11}], "/blocks/0/fields"),
    "field too long": ([{"type": "section", "fields": [plain("x" * 2_001)]}], "/blocks/0/fields/0/text"),
    "header too long": ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
    "header in mrkdwn": ([{**section(), "type": "header"}], "/blocks/0/text/type"),
    "51 blocks": ([{"type": "divider"}] * 51, "/blocks"),
    "unknown block": ([{"type": "video"}], "/blocks/0/type"),
    "unknown field": ([section(colour="red")], "/blocks/0/colour"),
    "button text too long": ([actions(button("a", text=plain("x" * 76)))], "/blocks/0/elements/0/text/text"),
    "button value too long": ([actions(button("a", "v" * 2_001))], "/blocks/0/elements/0/value"),
    "button text in mrkdwn": (
        [actions(button("a", text={"type": "mrkdwn", "text": "x"}))],
        "/blocks/0/elements/0/text/type",
    ),
    "button style": ([actions(button("a", style="red"))], "/blocks/0/elements/0/style"),
    "action_id too long": ([actions(button("a" * 256))], "/blocks/0/elements/0/action_id"),
    "action_id twice": ([actions(button("a")), actions(button("a"), block_id="2")], "/blocks"),
    "block_id twice": ([actions(button("a")), actions(button("b"))], "/blocks"),
    "block_id too long": ([actions(button("a"), block_id="b" * 256)], "/blocks/0/block_id"),
    "26 buttons": ([actions(*(button(str(number)) for number in range(26)))], "/blocks/0/elements"),
    "dialog title": (
        [actions(button("a", confirm=confirm(title=plain("x" * 101))))],
        "/blocks/0/elements/0/confirm/title/text",
    ),
    "dialog text": (
        [actions(button("a", confirm=confirm(text=plain("x" * 301))))],
        "/blocks/0/elements/0/confirm/text/text",
    ),
    "101 rows": ([table(101)], "/blocks/0/rows"),
    "21 columns": ([table(1, 21)], "/blocks/0/rows/0"),
    "two tables": ([table(), table()], "/blocks"),
    "more than 10,000 characters in cells": ([cells(4_000, 4_000, 2_001)], "/blocks"),
    "mentions in cells count": (
        [{"type": "table", "rows": [[rich({"type": "user", "user_id": "U" * 250})]] * 41}], "/blocks"),
    "unknown rich text": ([rich({"type": "blink", "text": "x"})], "/blocks/0/elements/0/elements/0/type"),
    "empty rich text": ([rich({"type": "text", "text": ""})], "/blocks/0/elements/0/elements/0/text"),
    "an input in a message": (modal()["blocks"], "/blocks/0/type"),
}  # fmt: skip


@pytest.mark.parametrize("blocks", GOOD.values(), ids=GOOD)
def test_blocks_at_their_limits_are_taken(blocks: list[dict[str, Any]]) -> None:
    """A limit is the largest size that Slack takes."""
    assert check_message("x", blocks) is None  # type: ignore[func-returns-value]  # it returns or raises


@pytest.mark.parametrize(("blocks", "where"), BAD.values(), ids=BAD)
def test_blocks_past_their_limits_are_refused_with_the_place(
    blocks: list[dict[str, Any]], where: str
) -> None:
    """invalid_blocks says, as Slack does, which field is at fault."""
    with pytest.raises(ApiError) as refusal:
        check_message("x", blocks)
    assert refusal.value.code == "invalid_blocks"
    (why,) = refusal.value.answer()["response_metadata"]["messages"]
    assert why.endswith(f"[json-pointer:{where}]")


def test_all_blocks_together_have_a_limit_too() -> None:
    """Each is small enough, and the message is too long."""
    with pytest.raises(ApiError, match="msg_blocks_too_long"):
        check_message("x", [section("x" * 3_000)] * 3 + [section("x" * 601)])


def test_blocks_that_the_sdk_builds_are_taken() -> None:
    """What slack_sdk's own models say is what the local Slack reads."""
    blocks = [
        HeaderBlock(text="Delete?").to_dict(),
        SectionBlock(text="*x*", fields=["a", "b"]).to_dict(),
        AlertBlock(text="gone", level="success").to_dict(),
        TableBlock(rows=[[RawTextObject(text="x").to_dict()]]).to_dict(),
    ]
    assert check_message("x", blocks) is None  # type: ignore[func-returns-value]  # it returns or raises


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "no_text"), ("", "no_text"), (" \n", "no_text"), ("x" * 4_001, "msg_too_long")],
    ids=["missing", "empty", "blank", "too long"],
)
def test_every_message_has_a_text_of_its_own(text: str | None, code: str) -> None:
    """Blocks don't do instead of text: notifications and screen readers read the text."""
    with pytest.raises(ApiError, match=code):
        check_message(text, [section()])


@pytest.mark.parametrize(
    "metadata",
    [{"event_type": "x"}, {"event_type": "x", "event_payload": "y"}, {"type": "x", "event_payload": {}}, []],
    ids=["no payload", "payload is no object", "no type", "no object"],
)
def test_metadata_has_a_type_and_a_payload(metadata: Any) -> None:
    """Anything but {event_type, event_payload} is refused."""
    with pytest.raises(ApiError, match="invalid_metadata_format"):
        check_message("x", None, metadata)


@pytest.mark.parametrize(
    ("view", "where"),
    [
        (modal(title=plain("x" * 25)), "/view/title/text"),
        (modal(blocks=[]), "/view/blocks"),
        (modal(private_metadata="x" * 3_001), "/view/private_metadata"),
        ({key: value for key, value in modal().items() if key != "submit"}, "/view/submit"),
        (modal(type="home"), "/view/type"),
        (modal(blocks=[table()]), "/view/blocks/0/type"),
    ],
    ids=["title", "no blocks", "private metadata", "input without submit", "home", "table"],
)
def test_views_past_their_limits_are_refused_with_the_place(view: dict[str, Any], where: str) -> None:
    """invalid_arguments says which field of the view is at fault."""
    with pytest.raises(ApiError, match="invalid_arguments") as refusal:
        check_view(view)
    assert refusal.value.why.endswith(f"[json-pointer:{where}]")


@pytest.mark.parametrize("word", ["channel", "here", "everyone"])
def test_mass_pings_are_found_wherever_slack_would_read_them(word: str) -> None:
    """In text, in mrkdwn and as a broadcast; but not in plain_text or rich text, nor where it is escaped."""
    ping = f"<!{word}>"
    assert pings_everyone(f"look {ping}", None)
    assert pings_everyone(f"<!{word}|all>", None)
    assert pings_everyone("x", [section(ping)])
    assert pings_everyone("x", [rich({"type": "broadcast", "range": word})])
    assert not pings_everyone("x", [{"type": "header", "text": plain(ping)}])
    assert not pings_everyone("x", [rich({"type": "text", "text": ping})])
    assert not pings_everyone(f"&lt;!{word}&gt;", [section(f"&lt;!{word}&gt;")])


@given(JSON)
def test_whatever_json_comes_the_answer_is_yes_or_invalid_blocks(blocks: Any) -> None:
    """No shape of JSON makes the checks stumble."""
    with nullcontext() if blocks in (None, []) else pytest.raises(ApiError, match="invalid_blocks"):
        check_message("x", blocks)

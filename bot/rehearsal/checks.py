"""Small checks of JSON that combine into a shape, each naming the place that it minds (pure)."""

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], None]


class Invalid(Exception):
    """A value breaks a check; the text says why and, as Slack does, where (a JSON pointer)."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{why} [json-pointer:{where}]")


def anything(value: Any, where: str) -> None:
    """An object, whatever its fields."""
    if not isinstance(value, dict):
        raise Invalid(where, "must be an object")


def string(longest: int, shortest: int = 1) -> Check:
    """A text of so many characters."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str):
            raise Invalid(where, "must be a string")
        if not shortest <= len(value) <= longest:
            raise Invalid(where, f"must have {shortest} to {longest} characters, has {len(value)}")

    return check


def flag(value: Any, where: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise Invalid(where, "must be true or false")


def number(value: Any, where: str) -> None:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(where, "must be a number")


def word(*words: str) -> Check:
    """One of these words."""

    def check(value: Any, where: str) -> None:
        if value not in words:
            raise Invalid(where, f"must be one of {', '.join(words)}")

    return check


def items(each: Check, most: int, least: int = 1) -> Check:
    """An array of so many items, each checked."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise Invalid(where, "must be an array")
        if not least <= len(value) <= most:
            raise Invalid(where, f"must have {least} to {most} items, has {len(value)}")
        for index, item in enumerate(value):
            each(item, f"{where}/{index}")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields and no others."""

    known = {**required, **(optional or {})}

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise Invalid(where, "must be an object")
        for name in required:
            if name not in value:
                raise Invalid(where, f"missing required field: {name}")
        for name, item in value.items():
            if name not in known:
                raise Invalid(f"{where}/{name}", "unknown field")
            known[name](item, f"{where}/{name}")

    return check


def typed(**shapes: Check) -> Check:
    """An object whose `type` says which check the other fields must pass."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise Invalid(where, "must be an object")
        kind = value.get("type")
        if kind not in shapes:
            raise Invalid(f"{where}/type", f"unsupported type: {kind}; expected {', '.join(shapes)}")
        shapes[kind]({name: item for name, item in value.items() if name != "type"}, where)

    return check

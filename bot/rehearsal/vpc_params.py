"""The shapes of request parameters, checked one by one and without mercy.

A check is called with a parameter's path and its value and raises `ApiError`, or is silent.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.rehearsal.vpc_faults import ApiError

Check = Callable[[str, Any], None]
MAX_IDS = 100
MAX_FILTERS = 10
MAX_FILTER_VALUES = 5


@dataclass(frozen=True, slots=True)
class Shape:
    """An object with known fields, some of them required."""

    fields: Mapping[str, Check]
    required: tuple[str, ...] = ()

    def __call__(self, path: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _wrong_type(path)
        for name in self.required:
            if name not in value:
                raise missing(_join(path, name))
        for name, inner in value.items():
            if name not in self.fields:
                raise unknown(path, name)
            self.fields[name](_join(path, name), inner)


def missing(path: str) -> ApiError:
    """The answer to a required parameter that is not there."""
    return ApiError("MissingParameter", f"The request is missing a required parameter `{path}`.")


def unknown(path: str, name: str) -> ApiError:
    """The answer to a parameter that the action doesn't have."""
    return ApiError("UnknownParameter", f"The parameter `{_join(path, name)}` is not recognized.")


def invalid(path: str, why: str, suffix: str = "") -> ApiError:
    """The answer to a parameter whose type is right and whose value isn't."""
    return ApiError(f"InvalidParameterValue{suffix}", f"The value of the parameter `{path}` {why}.")


def text(path: str, value: Any) -> None:
    """Any string."""
    if not isinstance(value, str):
        raise _wrong_type(path)


def boolean(path: str, value: Any) -> None:
    """JSON's true or false."""
    if not isinstance(value, bool):
        raise _wrong_type(path)


def matching(pattern: str, suffix: str = "") -> Check:
    """A string that fits the pattern as a whole."""
    compiled = re.compile(pattern, re.ASCII | re.DOTALL)

    def check(path: str, value: Any) -> None:
        text(path, value)
        if not compiled.fullmatch(value):
            raise invalid(path, "is malformed", suffix)

    return check


def identifier(prefix: str) -> Check:
    """A resource id, as `vpnx-p0j11j28`."""
    return matching(rf"{prefix}-[0-9a-z]{{8}}", ".Malformed")


def integer(low: int, high: int) -> Check:
    """A JSON number without a fraction (a string of digits is not one)."""

    def check(path: str, value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _wrong_type(path)
        if not low <= value <= high:
            raise invalid(path, f"is not between {low} and {high}", ".Range")

    return check


def one_of(*allowed: str) -> Check:
    """One of a few words."""

    def check(path: str, value: Any) -> None:
        text(path, value)
        if value not in allowed:
            raise invalid(path, f"is not one of {', '.join(allowed)}")

    return check


def cidr(path: str, value: Any) -> None:
    """An IPv4 or IPv6 network, as 10.0.0.0/16."""
    text(path, value)
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise invalid(path, "is not a CIDR block", ".Malformed") from error


def address(path: str, value: Any) -> None:
    """An IPv4 or IPv6 address."""
    text(path, value)
    try:
        ipaddress.ip_address(value)
    except ValueError as error:
        raise invalid(path, "is not an IP address", ".Malformed") from error


def listing(element: Check, most: int) -> Check:
    """One to `most` elements, none of them twice."""

    def check(path: str, value: Any) -> None:
        if not isinstance(value, list):
            raise _wrong_type(path)
        if not value:
            raise invalid(path, "is an empty list", ".Empty")
        if len(value) > most:
            raise invalid(path, f"holds more than {most} elements", ".LimitExceeded")
        for position, item in enumerate(value):
            element(f"{path}.{position}", item)
        if len({json.dumps(item, sort_keys=True) for item in value}) < len(value):
            raise invalid(path, "holds an element twice", ".Duplicate")

    return check


def ids(prefix: str) -> Check:
    """One to 100 resource ids."""
    return listing(identifier(prefix), MAX_IDS)


def filters(*names: str) -> Check:
    """One to ten of {"Name": …, "Values": [one to five strings]}, with these names."""

    def name(path: str, value: Any) -> None:
        text(path, value)
        if value not in names:
            raise ApiError("InvalidParameter.InvalidFilter", f"`{path}` is no filter of this action.")

    one = Shape({"Name": name, "Values": listing(text, MAX_FILTER_VALUES)}, required=("Name", "Values"))
    return listing(one, MAX_FILTERS)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _wrong_type(path: str) -> ApiError:
    return ApiError("InvalidParameter", f"The type of the parameter `{path or 'body'}` is not valid.")

"""Reading single fields of the cloud's JSON: numbers may come as strings, and anything may be missing."""

import re
from collections.abc import Mapping
from sys import intern

from bot.domain.own_codes import OwnCode
from bot.errors import OutcomeUnknown


def text(value: object) -> str:
    """A string, or a number that came in its place; "" for anything else."""
    if isinstance(value, str):
        # JSON may hold half a surrogate pair and NUL; no database keeps them. A thousand tunnels share most
        # of their texts, so each is kept once.
        return intern(value.encode(errors="replace").decode().replace("\0", ""))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def texts(value: object) -> tuple[str, ...]:
    """The strings of a list, or of a lone value in its place; without empty ones."""
    values = value if isinstance(value, list) else [value]
    return tuple(filter(None, map(text, values)))


def objects(value: object) -> list[dict[str, object]]:
    """The objects in a list; nothing for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(value: object) -> int | None:
    """A whole number, also as a string; None for anything else."""
    digits = text(value)
    return int(digits) if re.fullmatch(r"[0-9]{1,9}", digits) else None


def flag(value: object) -> bool | None:
    """True or false, also as a word or a digit; None for anything else."""
    word = str(value) if isinstance(value, bool) else text(value)
    return {"true": True, "1": True, "false": False, "0": False}.get(word.lower())


def entries(fields: Mapping[str, object], name: str, what: str) -> tuple[list[dict[str, object]], int | None]:
    """The objects in a list and the cloud's count of all; OutcomeUnknown when anything else is in it."""
    shown = fields.get(name)
    total_count = count(fields.get("TotalCount"))
    if shown is None and total_count == 0:
        return [], 0
    found = objects(shown)
    if not isinstance(shown, list) or len(found) < len(shown):
        raise not_an_answer(f"the list of {what} can't be read", str(fields["RequestId"]))
    return found, total_count


def not_an_answer(reason: str, request_id: str | None = None) -> OutcomeUnknown:
    """What came is none of the API's answers."""
    return OutcomeUnknown(reason, code=OwnCode.UNREADABLE_ANSWER, request_id=request_id)


def unreadable_entry(reason: str, request_id: str) -> OutcomeUnknown:
    """A list holds something that nothing can be said of, as while it is being created."""
    return OutcomeUnknown(reason, code=OwnCode.UNREADABLE_ENTRY, request_id=request_id)

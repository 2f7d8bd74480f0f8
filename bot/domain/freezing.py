"""`/vpn freeze …`, `/vpn unfreeze …` and `/vpn freezes`."""

from dataclasses import dataclass

from bot.domain.examples import FREEZE_EXAMPLE, FREEZES_EXAMPLE, QUOTED_EXAMPLE, UNFREEZE_EXAMPLE
from bot.domain.typed import as_sent
from bot.domain.when import Until, begins_with_time, read_time, write_duration
from bot.domain.words import (
    all_as_reason,
    bad,
    bad_word,
    is_named_option,
    is_quoted,
    next_word,
    plain,
    read_id,
    read_reason,
    second,
    unknown,
    write_reason,
)
from bot.errors import BadCommand

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeCommand:
    """Let nothing be confirmed on a scope ("all" or a gateway's id), for so many seconds or until then.

    `reason` is one line of 1 to REASON_LIMIT characters, foreign and unescaped. Exactly one time is set.
    """

    scope: str
    for_s: float | None = None
    until: Until | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfreezeCommand:
    """Lift what was frozen on exactly this scope: "all" or a gateway's id."""

    scope: str


@dataclass(frozen=True, slots=True)
class FreezesCommand:
    """Show the freezes that hold."""


def read_freeze(rest: str) -> FreezeCommand | None:
    """Scope and time in either order, then the reason; None for --help. Raises BadCommand."""
    scope: str | None = None
    time: float | Until | None = None
    reason = ""
    while True:
        word, after = next_word(rest)
        if not word:
            break
        if plain(word) == "--help":
            return None
        if plain(word) == "--reason":
            value, rest = read_reason(after, FREEZE_EXAMPLE)
            if reason not in {"", value}:
                raise second(value, "reason", FREEZE_EXAMPLE)
            reason = value
        elif is_named_option(word) and plain(word) != "--all":
            raise unknown(word, "an option", ["--reason"], FREEZE_EXAMPLE)
        elif scope is None and (named := _scope(word, FREEZE_EXAMPLE)):
            scope, rest = named, after
        elif time is None and (timed := read_time(rest)):
            time, rest = timed
        elif scope is None or time is None or reason:
            raise _stray(word, scope, time)
        else:
            reason, rest = _reason(rest, scope), ""
    return _frozen(scope, time, reason)


def read_unfreeze(rest: str) -> UnfreezeCommand | None:
    """One scope; None for --help. Raises BadCommand."""
    scope: str | None = None
    while True:
        word, rest = next_word(rest)
        if not word:
            break
        if plain(word) == "--help":
            return None
        named = _scope(word, UNFREEZE_EXAMPLE)
        if named is None:
            raise bad_word(word, "is not the id of a gateway (vpngw-…), nor all.", UNFREEZE_EXAMPLE)
        if scope not in {None, named}:
            raise second(named, "gateway", UNFREEZE_EXAMPLE)
        scope = named
    if scope is None:
        raise bad("After unfreeze, the id of a gateway (vpngw-…), or all, is missing.", UNFREEZE_EXAMPLE)
    return UnfreezeCommand(scope=scope)


def read_freezes(rest: str) -> FreezesCommand | None:
    """Nothing more; None for --help. Raises BadCommand."""
    word, _ = next_word(rest)
    if word and plain(word) != "--help":
        raise bad_word(word, "is too much: freezes shows all that hold.", FREEZES_EXAMPLE)
    return None if word else FreezesCommand()


def write_freeze(command: FreezeCommand) -> str:
    """The canonical text."""
    time = f"until {command.until.written()}" if command.until else write_duration(command.for_s or 0)
    return as_sent(" ".join(["freeze", command.scope, time, *write_reason(command.reason)]))


def _scope(word: str, example: str) -> str | None:
    if plain(word) in {ALL, f"--{ALL}"}:
        return ALL
    known = read_id(word, example)
    if known and known[0] == "tunnel":
        raise bad_word(word, "is a tunnel, and a freeze is of a gateway (vpngw-…) or of all.", example)
    return known[1] if known else None


def _reason(rest: str, scope: str) -> str:
    """All the rest, unless it starts like a second gateway or time: what was meant then is a guess."""
    word, _ = next_word(rest)
    second_gateway = scope != ALL and plain(word).startswith("vpngw-")
    if not is_quoted(rest) and (second_gateway or begins_with_time(rest)):
        why = "follows, and a freeze has one gateway and one time. Where the reason starts so, quote it."
        raise bad_word(word, why, QUOTED_EXAMPLE)
    return all_as_reason(rest, FREEZE_EXAMPLE)


def _stray(word: str, scope: str | None, time: float | Until | None) -> BadCommand:
    """A word where none can be read: the scope and the time come first, and one reason."""
    if scope is not None and time is not None:
        return bad_word(word, "comes after the reason, which is already said.", FREEZE_EXAMPLE)
    missing = [
        *([] if scope else ["the id of a gateway (vpngw-…)", "all"]),
        *([] if time else ["a time (2h, 30m, 1d, until 18:00)"]),
    ]
    why = f"is not {' or '.join(missing)}. The reason comes after them."
    return bad_word(word, why, FREEZE_EXAMPLE)


def _frozen(scope: str | None, time: float | Until | None, reason: str) -> FreezeCommand:
    if scope is None:
        raise bad("The id of a gateway to freeze (vpngw-…), or all, is missing.", FREEZE_EXAMPLE)
    if time is None:
        raise bad("How long to freeze (2h, 30m, 1d, until 18:00) is missing.", FREEZE_EXAMPLE)
    if not reason:
        raise bad("The reason is missing: whoever meets the freeze is shown why.", FREEZE_EXAMPLE)
    if isinstance(time, Until):
        return FreezeCommand(scope=scope, until=time, reason=reason)
    return FreezeCommand(scope=scope, for_s=time, reason=reason)

"""How long, until when and since when, as people type it.

A duration: 2h, 30m, 1d, 1h30m, 90 min, 2 hours, 1.5h.
A moment, by the typist's own clock: 18:00, 2026-11-24 18:00, 2026-11-24T18:00.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.domain.examples import DATE_EXAMPLE, FREEZE_ALL_EXAMPLE, FREEZE_EXAMPLE, HISTORY_EXAMPLE
from bot.domain.words import bad, bad_word, is_quoted, next_word, plain
from bot.errors import BadCommand

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
SHORTEST_S = MINUTE_S
LONGEST_FREEZE_S = 30 * DAY_S
LONGEST_LOOK_BACK_S = 3_650 * DAY_S

Day = date  # under a name that no field takes
_UNTIL = ("until", "till", "til")
_UNITS = {
    "d": (DAY_S, ("d", "day", "days")),
    "h": (HOUR_S, ("h", "hr", "hrs", "hour", "hours")),
    "m": (MINUTE_S, ("m", "min", "mins", "minute", "minutes")),
    "s": (1, ("s", "sec", "secs", "second", "seconds")),
}
_LENGTHS = {name: seconds for seconds, names in _UNITS.values() for name in names}
_PIECE = r"([0-9]{1,7}(?:\.[0-9]{1,3})?) ?([a-z]+)"
_DURATION = re.compile(rf"{_PIECE}(?: ?{_PIECE})*")
_LONGEST_DURATION_WORDS = 10
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
# These change what the clock time before them means, so none of them is taken for a reason's first word.
_DAY = r"(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_ZONE = r"utc|gmt|z|[ecw]es?t|msk|bst|ist|[ecmpah][sd]t|ak[sd]t|a[ecw][sd]t|nz[sd]t|[jk]st|hkt|sgt"
_CHANGES_A_CLOCK = re.compile(
    rf"[ap]\.?m|h|hrs?|o'?clock|(?:{_ZONE})(?:[+-].*)?|[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?"
    rf"|today|tonight|tomorrow|{_DAY}|[0-9]{{1,2}}[/.][0-9]{{1,2}}[/.0-9]*|local"
)
_A_DAY = re.compile(rf"{_MONTH} [0-9]+.*|(?:on|next|this|coming) (?:{_DAY}|{_MONTH}|week|month|[0-9]+)\b.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """A clock time as somebody typed it, on a date or, with None, the next time it comes."""

    hour: int
    minute: int
    date: Day | None = None

    def epoch_s(self, now: float, tz_offset_s: int) -> float:
        """The moment in epoch seconds, `tz_offset_s` being how far the typist's clock is ahead of UTC.

        Raises BadCommand for a moment that has passed, or that is more than 30 days away.
        """
        today = datetime.fromtimestamp(now + tz_offset_s, UTC).date()
        moment = _midnight_s(self.date or today, tz_offset_s) + self.hour * HOUR_S + self.minute * MINUTE_S
        if self.date is None and moment <= now:
            return moment + DAY_S
        if moment <= now:
            raise bad(f"{self.written()} has passed.", FREEZE_ALL_EXAMPLE)
        if moment > now + LONGEST_FREEZE_S:
            raise bad(
                f"{self.written()} is more than 30 days away, and a freeze is shorter.", FREEZE_ALL_EXAMPLE
            )
        return moment

    def written(self) -> str:
        """As people write it."""
        clock = f"{self.hour:02}:{self.minute:02}"
        return f"{self.date.isoformat()} {clock}" if self.date else clock


def start_of(since: float | Day | None, now: float, tz_offset_s: int = 0) -> float | None:
    """When that was (epoch seconds): so many seconds ago, or the beginning of a day by somebody's clock."""
    if isinstance(since, date):
        return _midnight_s(since, tz_offset_s)
    return None if since is None else now - since


def read_time(rest: str) -> tuple[float | Until, str] | None:
    """A freeze's time: seconds, or until when; None where no time begins. Raises BadCommand."""
    word, after = next_word(rest)
    if plain(word) in _UNTIL:
        until = _read_until(after)
        if until is None:
            missing = next_word(after)[0] or word
            raise bad_word(
                missing, "is not a clock time such as 18:00 or 2026-11-24 18:00.", FREEZE_ALL_EXAMPLE
            )
        return until
    lasting = plain(word) == "for"
    duration = read_duration(after if lasting else rest, LONGEST_FREEZE_S, FREEZE_EXAMPLE)
    if lasting and duration is None:
        missing = next_word(after)[0] or word
        raise bad_word(missing, "is not a duration such as 2h, 30m or 1d.", FREEZE_EXAMPLE)
    return duration or _read_until(rest)


def begins_with_time(rest: str) -> bool:
    """Whether `read_time` reads a time there."""
    try:
        return read_time(rest) is not None
    except BadCommand:
        return False


def read_since(rest: str) -> tuple[float | Day, str]:
    """What stands after `since`: so many seconds back, or a date. Raises BadCommand."""
    word, after = next_word(rest)
    if (day := _read_day(plain(word), word, HISTORY_EXAMPLE)) is not None:
        return day, after
    duration = read_duration(rest, LONGEST_LOOK_BACK_S, HISTORY_EXAMPLE)
    if duration is None and word:
        raise bad_word(
            word, "is not a duration such as 7d or 12h, nor a date such as 2026-11-20.", HISTORY_EXAMPLE
        )
    if duration is None:
        raise bad("since has no time after it.", HISTORY_EXAMPLE)
    return duration


def read_duration(rest: str, longest_s: float, example: str) -> tuple[float, str] | None:
    """Whole seconds, of as many words as belong to it; None where no duration begins. Raises BadCommand."""
    words: list[str] = []
    best: tuple[float, str] | None = None
    while len(words) < _LONGEST_DURATION_WORDS:
        word, rest = next_word(rest)
        if not word:
            break
        if plain(word) == "and":
            continue
        words.append(plain(word))
        seconds = _seconds(" ".join(words))
        best = best if seconds is None else (seconds, rest)
    first = words[0] if words else ""
    if best is None and re.fullmatch(r"[0-9]+(\.[0-9]+)?", first):
        raise bad_word(first, "has no unit: say 30m, 2h or 1d.", example)
    if best is not None and not SHORTEST_S <= best[0] <= longest_s:
        raise bad(
            f"A time of {write_duration(best[0])} is outside 1m to {write_duration(longest_s)}.", example
        )
    return best


def write_duration(seconds: float) -> str:
    """As `read_duration` reads it: 1d12h, 90m as 1h30m."""
    left, pieces = int(seconds), ""
    for unit, (length, _) in _UNITS.items():
        count, left = divmod(left, length)
        pieces += f"{count}{unit}" if count else ""
    return pieces or "0m"


def write_since(since: float | Day) -> str:
    """As `read_since` reads it."""
    return since.isoformat() if isinstance(since, date) else write_duration(since)


def _seconds(text: str) -> float | None:
    """1h30m → 5400; units go from the longest to the shortest, each once."""
    if not _DURATION.fullmatch(text):
        return None
    pieces = [(float(count), _LENGTHS.get(unit, 0)) for count, unit in re.findall(_PIECE, text)]
    lengths = [length for _, length in pieces]
    if 0 in lengths or lengths != sorted(set(lengths), reverse=True):
        return None
    return float(round(sum(count * length for count, length in pieces)))


def _read_until(rest: str) -> tuple[Until, str] | None:
    """A clock time, with a date before or after it; None where none begins."""
    word, rest = next_word(rest)
    day_text, joined, clock_text = plain(word).partition("t")
    day = _read_day(day_text if joined else plain(word), word, DATE_EXAMPLE)
    if day is not None and not joined:
        clock_word, rest = next_word(rest)
        clock_text = plain(clock_word)
    elif day is None:
        clock_text = plain(word)
    clock = _CLOCK.fullmatch(clock_text)
    if clock is None and day is None:
        return None
    if clock is None:
        raise bad_word(word, "has no clock time such as 18:00 after it.", DATE_EXAMPLE)
    hour, minute = int(clock[1]), int(clock[2])
    if hour > 23 or minute > 59:
        raise bad_word(clock[0], "is not a time of day: 00:00 to 23:59.", FREEZE_ALL_EXAMPLE)
    return _with_what_follows(hour, minute, day, rest)


def _with_what_follows(hour: int, minute: int, day: Day | None, rest: str) -> tuple[Until, str]:
    word, after = next_word(rest)
    if day is None and (day := _read_day(plain(word), word, DATE_EXAMPLE)) is not None:
        rest = after
        word, _ = next_word(rest)
    following = f"{plain(word)} {plain(next_word(next_word(rest)[1])[0])}"
    changed = _CHANGES_A_CLOCK.fullmatch(plain(word)) or _A_DAY.fullmatch(following)
    if changed and not is_quoted(rest):
        raise bad_word(
            word,
            f"can't stand after {hour:02}:{minute:02}. A time has 24 hours, is by your own clock, and means "
            "the next time it comes; another day's has its date before it.",
            DATE_EXAMPLE,
        )
    return Until(hour=hour, minute=minute, date=day), rest


def _read_day(text: str, word: str, example: str) -> Day | None:
    """The date; None for what doesn't look like one, BadCommand for one that no calendar has."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return Day(*(int(part) for part in match.groups()))
    except ValueError as error:
        raise bad_word(word, "is not a date in the calendar.", example) from error


def _midnight_s(day: Day, tz_offset_s: int) -> float:
    return (day - Day(1970, 1, 1)) / timedelta(seconds=1) - tz_offset_s

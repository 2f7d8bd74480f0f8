"""The words of a command, read forgivingly, and the refusals that name one of them.

`rest` is always what of the text isn't read yet: one line, cleaned. What reads a part of it gives the value
and the new rest. `example` is the whole right command that a refusal shows.
"""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from bot.domain.text import clean
from bot.errors import BadCommand

TEXT_LIMIT = 2000
REASON_LIMIT = 500
ECHO_LIMIT = 40
_DASHES = "-‐‑‒–—―−﹘﹣－"
_DOUBLE = '"“”„‟«»″＂'
_SINGLE = "'‘’‚‛‹›′＇"
_BETWEEN = " ,;=，、；＝"
_AROUND = "`()[]{}<>.!?:*_~…•。！？：" + _DOUBLE + _SINGLE
_OPTION = rf"(?:[{_DASHES}]{{2,}}|[‒–—―﹘])"
_OPTION_FOLLOWS = rf"(?<!\S)(?=[{re.escape(_AROUND)}]*{_OPTION}[^\W\d])"
_ID = re.compile(r"\b(vpnx|vpngw)-[0-9a-z]{8}\b")
_KINDS = {"vpnx": "tunnel", "vpngw": "gateway"}


def next_word(rest: str) -> tuple[str, str]:
    """Give the next word ("" at the end) and what follows it."""
    rest = rest.lstrip(_BETWEEN + _AROUND)
    word = re.split(f"[{_BETWEEN}]", rest, maxsplit=1)[0]
    return word.rstrip(_AROUND), rest[len(word) :]


def plain(word: str) -> str:
    """The word in small plain letters, with plain dashes."""
    word = unicodedata.normalize("NFKC", word).strip(_AROUND).lower()
    return re.sub(f"[{_DASHES}]", "-", re.sub(f"^{_OPTION}", "--", word))


def is_option(word: str) -> bool:
    """Whether it starts like `--region`; one long dash will do."""
    return re.match(_OPTION, word) is not None


def is_named_option(word: str) -> bool:
    """Whether it is an option and not a dash of prose."""
    return re.match(rf"{_OPTION}[^\W\d]", word) is not None


def kept_case(word: str) -> str:
    """The word as it is but for full-width letters and long dashes."""
    return re.sub(f"[{_DASHES}]", "-", unicodedata.normalize("NFKC", word).strip(_AROUND))


def read_id(word: str, example: str) -> tuple[str, str] | None:
    """Give an id's kind (tunnel or gateway) and the id; None for another word, BadCommand for half an id."""
    name = plain(word)
    if match := _ID.fullmatch(name):
        return _KINDS[match[1]], name
    for prefix, kind in _KINDS.items():
        if name.startswith(prefix):
            raise bad_word(word, f"is not a {kind} id, which is {prefix}- and 8 letters or digits.", example)
    return None


def id_inside(text: str) -> str | None:
    """The first id of a tunnel or gateway in some text."""
    found = _ID.search(text.lower())
    return found[0] if found else None


def read_reason(rest: str, example: str) -> tuple[str, str]:
    """What stands after `--reason`: the quoted text, or every word up to the next option."""
    rest = rest.lstrip(_BETWEEN)
    if quotes := _quotes(rest):
        quoted = _quoted(rest, quotes)
        if quoted is None:
            raise bad(f"The quote {rest[0]} in {shown(rest)} is never closed.", example)
        taken, reason = quoted, _unquoted(quoted)
    else:
        taken = re.split(_OPTION_FOLLOWS, rest, maxsplit=1)[0]
        reason = taken.strip(_BETWEEN)
    if not reason:
        raise bad("--reason has no text after it.", example)
    return _fitting(reason, "The text after --reason", example), rest[len(taken) :]


def all_as_reason(rest: str, example: str) -> str:
    """All the rest as a reason, without quotes around it or a dash before it; "" where nothing is said."""
    reason = re.sub(rf"^[{_DASHES}]+ ", "", rest.strip(_BETWEEN))
    if (quotes := _quotes(reason)) and _quoted(reason, quotes) == reason:
        reason = _unquoted(reason)
    return _fitting(reason, "The reason", example)


def write_reason(reason: str) -> list[str]:
    """The words that `read_reason` reads as this reason; none for no reason."""
    return ["--reason", '"' + re.sub(rf"([\\{_DOUBLE}])", r"\\\1", reason) + '"'] if reason else []


def is_quoted(rest: str) -> bool:
    """Whether a quote opens what follows."""
    return _quotes(rest.lstrip(_BETWEEN)) is not None


def _quotes(text: str) -> str | None:
    return next((quotes for quotes in (_DOUBLE, _SINGLE) if text.startswith(tuple(quotes))), None)


def _quoted(text: str, quotes: str) -> str | None:
    closed = re.match(rf"[{quotes}](?:\\.|[^\\])*?[{quotes}](?!\w)", text)
    return closed[0] if closed else None


def _unquoted(quoted: str) -> str:
    return re.sub(rf"\\([\\{_DOUBLE}{_SINGLE}])", r"\1", quoted[1:-1]).strip()


def _fitting(reason: str, what: str, example: str) -> str:
    if len(reason) > REASON_LIMIT:
        raise bad(f"{what} has {len(reason)} characters, and may have {REASON_LIMIT}.", example)
    return reason


def bad(sentence: str, example: str) -> BadCommand:
    """A refusal that shows what would be right."""
    return BadCommand(f"{sentence} Example: {example}")


def bad_word(word: str, why: str, example: str) -> BadCommand:
    """A refusal of one word; a letter that only looks right is named instead of `why`."""
    lookalike = next((c for c in plain(word) if c.isalnum() and not c.isascii()), None)
    if lookalike:
        name = unicodedata.name(lookalike, f"U+{ord(lookalike):04X}")
        why = f"has a “{lookalike}” ({name}), which is not a plain letter or digit."
    return bad(f"{shown(word)} {why}", example)


def second(value: str, what: str, example: str) -> BadCommand:
    """A refusal of one too many."""
    return bad(f"{shown(value)} is a second {what}; one command takes one.", example)


def shown(word: str) -> str:
    """A foreign word as a sentence of ours quotes it."""
    return f"“{clean(word, ECHO_LIMIT)}”"


def unknown(word: str, what: str, known: Iterable[str], example: str) -> BadCommand:
    """A refusal of a word that isn't among the known ones; the nearest is offered."""
    near = nearest(word, known)
    return bad_word(word, f"is not {what}" + (f"; did you mean {near}?" if near else "."), example)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that this one may have been meant for; "" where none is near."""
    return next(iter(get_close_matches(plain(word), known, n=1, cutoff=0.7)), "")

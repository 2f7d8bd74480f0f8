"""`/vpn history …`: what was done, to what, by whom, since when."""

from dataclasses import dataclass

from bot.domain.examples import HISTORY_EXAMPLE
from bot.domain.text import clean
from bot.domain.typed import as_typed, take_people
from bot.domain.when import Day, read_since, write_since
from bot.domain.words import TEXT_LIMIT, bad, bad_word, next_word, plain, read_id, second, shown, unknown

_SINCE = ("since", "--since")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCommand:
    """Show past deletions of a tunnel, of a gateway, by a person (U…); None for any.

    `since`: so many seconds back, or from that day on; `bot.domain.when.start_of` says when that was.
    """

    tunnel_id: str | None = None
    gateway_id: str | None = None
    user_id: str | None = None
    since: float | Day | None = None


def read_history(sent: str) -> HistoryCommand | None:
    """Read a whole command as Slack sent it; None where --help stands. Raises BadCommand.

    There alone a mention still differs from the same characters, typed.
    """
    people, others = take_people(sent)
    _, rest = next_word(clean(as_typed(others), TEXT_LIMIT))
    found: dict[str, str] = {}
    since: float | Day | None = None
    ids = [("person", person) for person in people]
    while True:
        word, rest = next_word(rest)
        if not word:
            break
        if plain(word) == "--help":
            return None
        if plain(word) in _SINCE:
            read, rest = read_since(rest)
            if since not in {None, read}:
                raise bad("since stands there twice, with two times.", HISTORY_EXAMPLE)
            since = read
        elif known := read_id(word, HISTORY_EXAMPLE):
            ids.append(known)
        else:
            raise _stray(word)
    for kind, value in ids:
        if found.setdefault(kind, value) != value:
            raise second(value, kind, HISTORY_EXAMPLE)
    return HistoryCommand(
        tunnel_id=found.get("tunnel"),
        gateway_id=found.get("gateway"),
        user_id=found.get("person"),
        since=since,
    )


def write_history(command: HistoryCommand) -> str:
    """The canonical text, with the mention as Slack sends it."""
    words = ["history", command.tunnel_id, command.gateway_id, command.user_id and f"<@{command.user_id}>"]
    if command.since is not None:
        words += ["since", write_since(command.since)]
    return " ".join(word for word in words if word)


def _stray(word: str) -> Exception:
    if word.startswith("@"):
        return bad(
            f"{shown(word)} is not a person that Slack knows. "
            "Pick the person from Slack's list, so that it becomes a mention.",
            HISTORY_EXAMPLE,
        )
    if word.startswith("#"):
        return bad_word(word, "is a channel; history is of a tunnel, a gateway or a person.", HISTORY_EXAMPLE)
    return unknown(word, "the id of a tunnel or gateway, a person or since", _SINCE, HISTORY_EXAMPLE)

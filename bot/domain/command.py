"""What stands after `/vpn`, read into a Command.

    delete [<vpngw-id>] <vpnx-id>… [--region R] [--reason "…"]     ids and options in any order
    delete <vpngw-id> --all                                        every tunnel of a gateway
    delete … --break-glass INC-123 --reason "…"                    without the second person
    freeze <vpngw-id|all> <2h|until 18:00|until 2026-11-24 18:00> <reason>
    unfreeze <vpngw-id|all>
    freezes
    history [<vpnx-id>] [<vpngw-id>] [<person>] [since 7d|since 2026-11-20]
    help                                                           also nothing at all, `?`, `--help`

Phones and pastes change how a command looks, not what it says: capitals, commas, back-ticks, smart quotes,
long dashes for `--`, full-width letters, bullets, odd and invisible spaces and trailing punctuation all read
as the plain thing. Anything else is a `BadCommand`, never a guess.

`--reason` takes the quoted text, in which a backslash before a quote keeps it; without quotes it takes every
word up to the next option. A closing quote has no letter after it, so an apostrophe closes nothing. The
reason of a freeze needs neither: it is all that follows the scope and the time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.deleting import DeleteCommand, read_delete, write_delete
from bot.domain.examples import (
    ALL_EXAMPLE,
    BREAK_GLASS_EXAMPLE,
    EXAMPLE,
    FREEZE_ALL_EXAMPLE,
    FREEZE_EXAMPLE,
    FREEZES_EXAMPLE,
    HISTORY_EXAMPLE,
    LOOK_UP_EXAMPLE,
    OPTIONS_EXAMPLE,
    SEVERAL_EXAMPLE,
    UNFREEZE_EXAMPLE,
)
from bot.domain.freezing import (
    FreezeCommand,
    FreezesCommand,
    UnfreezeCommand,
    read_freeze,
    read_freezes,
    read_unfreeze,
    write_freeze,
)
from bot.domain.looking_back import HistoryCommand, read_history, write_history
from bot.domain.text import clean
from bot.domain.typed import as_typed
from bot.domain.words import REASON_LIMIT, TEXT_LIMIT, bad, nearest, next_word, plain, unknown
from bot.errors import BadCommand

__all__ = [
    "HELP",
    "REASON_LIMIT",
    "TEXT_LIMIT",
    "Command",
    "DeleteCommand",
    "FreezeCommand",
    "FreezesCommand",
    "HelpCommand",
    "HistoryCommand",
    "UnfreezeCommand",
    "parse",
    "render",
    "suggestion",
]

HELP = f"""\
/vpn delete asks to delete VPN tunnels. You see them on a card first; only Confirm deletes anything.

{EXAMPLE}
{LOOK_UP_EXAMPLE} (the gateway is looked up)
{SEVERAL_EXAMPLE} (several tunnels, one card)
{ALL_EXAMPLE} (every tunnel of the gateway, one card)
{OPTIONS_EXAMPLE}
{BREAK_GLASS_EXAMPLE} (needs no second person; everybody is told)

{FREEZE_EXAMPLE} (for two hours nothing can be confirmed there)
{FREEZE_ALL_EXAMPLE} (every gateway; the time is by your own clock)
{UNFREEZE_EXAMPLE} (or all)
{FREEZES_EXAMPLE} (what is frozen, by whom, why and until when)
{HISTORY_EXAMPLE} (or of a tunnel, or of a person whom you mention)

The ids may stand in either order. The answer, with its RequestId, comes in the card's thread.
It deletes no gateways and changes no routes. It can't bring a tunnel back by itself, but before it deletes \
one, the card's thread gets an undo kit: what is needed to make it again."""


@dataclass(frozen=True, slots=True)
class HelpCommand:
    """Show HELP."""


Command = DeleteCommand | FreezeCommand | UnfreezeCommand | FreezesCommand | HistoryCommand | HelpCommand


def parse(text: str) -> Command:
    """Read the text after `/vpn`, as Slack sends it: with mentions, links and & < > escaped.

    Raises BadCommand with a sentence that names the offending word and shows a right example.
    """
    typed = as_typed(text)
    if len(typed) > TEXT_LIMIT:
        raise bad(
            f"The text has {len(typed)} characters, and a command has at most {TEXT_LIMIT}. "
            "Name fewer tunnels at a time, or say --all if you mean every tunnel of the gateway.",
            EXAMPLE,
        )
    verb, rest = next_word(clean(typed, TEXT_LIMIT))
    if plain(verb) == "history":
        return read_history(text) or HelpCommand()
    if read := _VERBS.get(plain(verb)):
        return read(rest) or HelpCommand()
    if verb:
        example = _EXAMPLES.get(nearest(verb, _EXAMPLES), EXAMPLE)
        raise unknown(verb, "a command", [*_EXAMPLES, "help"], example)
    return HelpCommand()


def render(command: Command) -> str:
    """Write the canonical text of a command, as Slack sends it: `parse(render(command)) == command`."""
    match command:
        case DeleteCommand():
            return write_delete(command)
        case FreezeCommand():
            return write_freeze(command)
        case UnfreezeCommand():
            return f"unfreeze {command.scope}"
        case FreezesCommand():
            return "freezes"
        case HistoryCommand():
            return write_history(command)
        case HelpCommand():
            return "help"


def suggestion(command: Command) -> str:
    """The whole command as a person types or pastes it; "" for one that `parse` would not read as meant."""
    text = render(command)
    try:
        is_read = parse(text) == command
    except BadCommand:  # too long, or an id of the cloud's in a new form
        is_read = False
    return f"/vpn {as_typed(text)}" if is_read else ""


_VERBS: Mapping[str, Callable[[str], Command | None]] = {
    "delete": read_delete,
    "freeze": read_freeze,
    "unfreeze": read_unfreeze,
    "freezes": read_freezes,
    "help": lambda _rest: None,
    "--help": lambda _rest: None,
}
_EXAMPLES = {
    "delete": EXAMPLE,
    "freeze": FREEZE_EXAMPLE,
    "unfreeze": UNFREEZE_EXAMPLE,
    "freezes": FREEZES_EXAMPLE,
    "history": HISTORY_EXAMPLE,
}

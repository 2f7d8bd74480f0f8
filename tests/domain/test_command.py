"""Every command has a text that reads as itself; help and refusals show right ones; any text is survived."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.codes import TEXTS
from bot.domain.command import (
    HELP,
    Command,
    DeleteCommand,
    FreezeCommand,
    FreezesCommand,
    HistoryCommand,
    UnfreezeCommand,
    parse,
    render,
    suggestion,
)
from bot.domain.typed import as_sent
from bot.errors import BadCommand
from tests.domain.spoken import ALL, BARE, BOTH, EXAMPLES, FULL, GLASS, TWO, commands, deletes

ROOT = Path(__file__).parents[2]


def test_help_shows_examples_that_work() -> None:
    """What help tells to type is read as help says, and needs no escaping in Slack."""
    shown = [line.split(" (")[0] for line in HELP.splitlines() if line.startswith("/vpn ")][1:]
    read = [parse(line.removeprefix("/vpn ")) for line in shown]
    assert read[:6] == [BOTH, BARE, TWO, ALL, FULL, GLASS]
    verbs = [FreezeCommand, FreezeCommand, UnfreezeCommand, FreezesCommand, HistoryCommand]
    assert [type(command) for command in read[6:]] == verbs
    assert not set("&<>") & set(HELP)


def test_help_is_short_and_says_what_the_bot_cannot_do() -> None:
    """It fits on a screen, and names the undo kit beside what it isn't."""
    assert len(HELP.splitlines()) <= 20
    assert "can't bring a tunnel back by itself" in HELP
    assert "undo kit" in HELP


@pytest.mark.parametrize("shown", EXAMPLES)
def test_every_example_is_read_as_its_verb(shown: str) -> None:
    """What a refusal shows as right is right, and is no help."""
    verb = shown.split()[1]
    assert render(parse(shown.removeprefix("/vpn "))).split()[0] == verb


@given(commands)
@example(replace(BARE, reason='\\" "'))
def test_a_rendered_command_reads_as_itself(command: Command) -> None:
    """`render` writes what `parse` reads, whatever stands in the reason."""
    assert parse(render(command)) == command


# A mention of a person isn't typed: Slack puts it in.
@given(commands.filter(lambda command: getattr(command, "user_id", None) is None))
def test_a_suggested_command_is_read_as_meant_when_it_is_pasted(command: Command) -> None:
    """Slack escapes what is pasted, as it does what is typed."""
    shown = suggestion(command)
    assert parse(as_sent(shown.removeprefix("/vpn "))) == command


def test_a_command_that_would_not_be_read_is_not_suggested() -> None:
    """Nothing that fails when it is pasted."""
    many = tuple(f"vpnx-{number:08}" for number in range(200))
    assert suggestion(replace(BARE, tunnel_ids=many)) == ""
    assert suggestion(replace(BARE, gateway_id="vpngw-<new form>")) == ""


DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OPEN_PLACES = re.compile(r"[…\[\]|]|\b(gateway|tunnel)\b")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_whole_command_in_the_documents_is_read(document: Path) -> None:
    """What somebody copies from there works; what shows a form, with places to fill in, is no command."""
    text = document.read_text("utf-8")
    shown = [*re.findall(r"`/vpn ([^`\n]+)`", text), *re.findall(r"^ {4,}/vpn (.+)$", text, re.MULTILINE)]
    whole = [command for command in shown if not OPEN_PLACES.search(command)]
    assert whole or document.name != "README.md"
    for command in whole:
        assert render(parse(command)).split()[0] == command.split()[0]


def test_every_command_that_a_text_of_ours_names_is_one() -> None:
    """Titles, meanings and next steps of all codes."""
    texts = [text for _, tables in TEXTS for texts in tables for three in texts.values() for text in three]
    named = [verb for text in texts for verb in re.findall(r"/vpn (\w+)", text)]
    assert named
    assert [type(parse(verb)) for verb in named] == [FreezesCommand] * len(named)


@st.composite
def disguises(draw: st.DrawFn) -> tuple[DeleteCommand, str]:
    """Give a command and its text as a phone, a paste and a hurry may have left it."""
    command = draw(deletes)
    dresses = st.sampled_from(["{}", "`{}`", "“{}”", "{}.", "({})", "{},", "\u200b{}", "*{}*", "<{}>"])
    cases = st.sampled_from(["lower", "upper", "title"])
    again = draw(st.lists(st.sampled_from(command.tunnel_ids), max_size=2)) if command.tunnel_ids else []
    gaps = st.sampled_from([" ", ", ", "\u3000", "\u00a0 ", " \ufeff", "\n"])
    parts = [
        draw(dresses).format(getattr(word, draw(cases))())
        for word in (command.gateway_id, *command.tunnel_ids, *again)
        if word
    ]
    dashes = draw(st.sampled_from(["--", "—", "–", "―", "——"]))
    if not command.tunnel_ids:
        parts.append(f"{dashes}all")
    if command.region:
        parts.append(f"{dashes}region{draw(gaps | st.just('='))}{command.region}")
    if command.reason:
        quoted = render(command).partition(" --reason ")[2]
        opening, closing = draw(st.sampled_from([('"', '"'), ("“", "”"), ("„", "“"), ("«", "»"), ("”", "”")]))
        parts.append(f"{dashes}REASON {opening}{quoted[1:-1]}{closing}")
    if command.break_glass:
        parts.append(
            f"{dashes}Break-Glass{draw(gaps | st.just('='))}{draw(dresses).format(command.break_glass)}"
        )
    text = draw(st.sampled_from(["delete", "Delete", "`DELETE", "\ufeffdelete"]))
    for part in draw(st.permutations(parts)):
        text += draw(gaps) + part
    return command, text + draw(st.sampled_from(["", " ", ".", "`", " !", "\n"]))


@given(disguises())
def test_a_disguised_command_reads_as_the_plain_one(disguised: tuple[DeleteCommand, str]) -> None:
    """Quotes, dashes, marks, case, commas, repeated ids and order change nothing."""
    command, text = disguised
    read = parse(text)
    assert isinstance(read, DeleteCommand)
    assert sorted(read.tunnel_ids) == sorted(command.tunnel_ids)
    assert replace(read, tunnel_ids=command.tunnel_ids) == command


@given(st.data())
def test_zero_width_characters_may_stand_anywhere(data: st.DataObject) -> None:
    """An invisible character never changes what is read."""
    text = render(FULL)
    at = data.draw(st.integers(0, len(text)))
    mark = data.draw(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u0000\ud800"))
    assert parse(text[:at] + mark + text[at:]) == FULL


fragments = st.sampled_from(
    [
        "delete",
        "vpnx-p0j11j28",
        "vpnx-k2m4n6p8",
        "vpngw-7lcl5331",
        "freeze",
        "unfreeze",
        "history",
        "all",
        "2h",
        "until 18:00",
        "since",
        "<@U012AB3CD|ana>",
        "&lt;",
        "--all",
        "--region",
        "--break-glass",
        "—reason",
        "ap-x1",
        '"',
        "“",
        "'",
        "\\",
        "=",
        ",",
        " ",
    ]
)
anything = st.characters(exclude_categories=[])


@given(st.text(anything) | st.lists(fragments | anything, max_size=30).map(" ".join))
@example("\ud800")
@example("delete ´")
@example('delete vpnx-p0j11j28 --reason "\\')
@example("freeze all 2h --reason —")
@example("freeze all 1h30m — — x")
@example("history <@U012AB3CD|a b> since 999999d")
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text breaks the parser, and what it reads is canonical: writable, short, encodable."""
    try:
        command = parse(text)
    except BadCommand as refused:
        sentence = str(refused)
        assert len(sentence) < 300
        assert sentence.split(" Example: ")[1] in EXAMPLES
        assert sentence.encode()
    else:
        assert parse(render(command)) == command
        assert render(command).encode()

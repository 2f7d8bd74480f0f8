"""What people type and paste after /vpn is read rightly, or refused with a sentence that helps."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.command import (
    ALL_EXAMPLE,
    EXAMPLE,
    HELP,
    OPTIONS_EXAMPLE,
    TEXT_LIMIT,
    Command,
    DeleteCommand,
    HelpCommand,
    parse,
    render,
)
from bot.errors import BadCommand

BARE = DeleteCommand(tunnel_ids=("vpnx-p0j11j28",))
BOTH = DeleteCommand(tunnel_ids=("vpnx-p0j11j28",), gateway_id="vpngw-7lcl5331")
TWO = DeleteCommand(tunnel_ids=("vpnx-p0j11j28", "vpnx-k2m4n6p8"), gateway_id="vpngw-7lcl5331")
ALL = DeleteCommand(tunnel_ids=(), gateway_id="vpngw-7lcl5331")
FULL = DeleteCommand(
    tunnel_ids=("vpnx-p0j11j28",),
    gateway_id="vpngw-7lcl5331",
    region="ap-guangzhou",
    reason="rebuild after INC-42",
)

id_tails = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=8)
words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
deletes = st.builds(
    lambda tunnels, gateway, **options: DeleteCommand(
        tunnel_ids=tuple(tunnels), gateway_id=gateway if tunnels else "vpngw-7lcl5331", **options
    ),
    st.lists(id_tails.map("vpnx-{}".format), max_size=5, unique=True),  # none: all of a gateway's
    st.none() | id_tails.map("vpngw-{}".format),
    region=st.none() | st.sampled_from(["ap-guangzhou", "ap-shanghai-fsi", "ap-guangzhou-open", "me-new-2"]),
    reason=st.lists(words | st.sampled_from(['"', "\\", '\\"', "--region", "—", "”"]), max_size=8).map(
        " ".join
    ),
)


def case(name: str, *values: object) -> object:
    return pytest.param(*values, id=name)


def refusal(text: str) -> str:
    with pytest.raises(BadCommand) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        case("only the tunnel", "delete vpnx-p0j11j28", BARE),
        case("gateway first", "delete vpngw-7lcl5331 vpnx-p0j11j28", BOTH),
        case("tunnel first", "delete vpnx-p0j11j28 vpngw-7lcl5331", BOTH),
        case("the same id twice", "delete vpnx-p0j11j28 vpngw-7lcl5331 vpnx-p0j11j28", BOTH),
        case("options last", OPTIONS_EXAMPLE.removeprefix("/vpn "), FULL),
        case(
            "options first",
            'delete --reason "rebuild after INC-42" --region ap-guangzhou vpngw-7lcl5331 vpnx-p0j11j28',
            FULL,
        ),
        case("the short example", EXAMPLE.removeprefix("/vpn "), BOTH),
        case("the same region twice", "delete vpnx-p0j11j28 --region ap-x1 --region ap-x1", None),
        case("several tunnels", "delete vpngw-7lcl5331 vpnx-p0j11j28 vpnx-k2m4n6p8", TWO),
        case("the gateway between its tunnels", "delete vpnx-p0j11j28 vpngw-7lcl5331 vpnx-k2m4n6p8", TWO),
        case(
            "several tunnels, some twice",
            "delete vpngw-7lcl5331 vpnx-p0j11j28 vpnx-k2m4n6p8 vpnx-p0j11j28 VPNX-K2M4N6P8",
            TWO,
        ),
        case(
            "an option between tunnels",
            "delete vpnx-p0j11j28 --region ap-x1 vpnx-k2m4n6p8 vpngw-7lcl5331",
            replace(TWO, region="ap-x1"),
        ),
        case(
            "several tunnels without a gateway",
            "delete vpnx-p0j11j28 vpnx-k2m4n6p8",
            replace(TWO, gateway_id=None),
        ),
        case("all of a gateway", ALL_EXAMPLE.removeprefix("/vpn "), ALL),
        case("--all first, and twice", "delete --all vpngw-7lcl5331 --ALL", ALL),
        case(
            "all of a gateway, with options",
            'delete vpngw-7lcl5331 --reason "office closed" --all --region ap-x1',
            replace(ALL, region="ap-x1", reason="office closed"),
        ),
        case("nothing", "", HelpCommand()),
        case("only spaces", " \u200b\u00a0", HelpCommand()),
        case("help", "help", HelpCommand()),
        case("help in capitals", "HELP!", HelpCommand()),
        case("help on a verb", "help delete", HelpCommand()),
        case("a question mark", "?", HelpCommand()),
        case("--help", "--help", HelpCommand()),
        case("--help with a long dash", "—help", HelpCommand()),
        case("--help of a verb never deletes", "delete vpnx-p0j11j28 --help", HelpCommand()),
    ],
)
def test_a_plain_command_is_read(text: str, command: Command | None) -> None:
    """The documented grammar, with ids and options in any order."""
    assert parse(text) == (command or replace(BARE, region="ap-x1"))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        case("capitals", "DELETE VPNX-P0J11J28 VPNGW-7LCL5331", BOTH),
        case("back-ticks", "delete `vpngw-7lcl5331` `vpnx-p0j11j28`", BOTH),
        case("back-ticks around all", "`delete vpngw-7lcl5331 vpnx-p0j11j28`", BOTH),
        case("quotes around ids", "delete “vpngw-7lcl5331” 'vpnx-p0j11j28'", BOTH),
        case("angle brackets from a usage line", "delete <vpngw-7lcl5331> <vpnx-p0j11j28>", BOTH),
        case("commas", "delete vpngw-7lcl5331,vpnx-p0j11j28,", BOTH),
        case("a full-width comma", "delete vpngw-7lcl5331，vpnx-p0j11j28", BOTH),
        case("trailing punctuation", "delete vpngw-7lcl5331; vpnx-p0j11j28.", BOTH),
        case("a free-standing mark", "delete vpngw-7lcl5331 vpnx-p0j11j28 !", BOTH),
        case("no-break spaces", "delete\u00a0vpngw-7lcl5331\u202fvpnx-p0j11j28", BOTH),
        case("ideographic spaces", "delete\u3000vpngw-7lcl5331\u3000vpnx-p0j11j28", BOTH),
        case("a column of ids", "delete vpngw-7lcl5331\n• vpnx-p0j11j28\n• vpnx-k2m4n6p8\n", TWO),
        case("a list with semicolons", "delete vpngw-7lcl5331: vpnx-p0j11j28; `vpnx-k2m4n6p8`;", TWO),
        case("an em-dash all", "delete vpngw-7lcl5331 —all.", ALL),
        case("line ends", "delete\r\nvpngw-7lcl5331\nvpnx-p0j11j28\n", BOTH),
        case("zero-width spaces", "delete vpngw-\u200b7lcl5331 vpnx-p0j1\u200d1j28\u2060", BOTH),
        case("a byte order mark", "\ufeffdelete vpngw-7lcl5331 \ufeffvpnx-p0j11j28", BOTH),
        case("direction marks", "delete \u202avpngw-7lcl5331\u202c \u2066vpnx-p0j11j28\u2069", BOTH),
        case("full-width letters", "ｄｅｌｅｔｅ ｖｐｎｇｗ－７ｌｃｌ５３３１ vpnx-p0j11j28", BOTH),
        case("no-break hyphens", "delete vpngw‑7lcl5331 vpnx‑p0j11j28", BOTH),
        case("long dashes in ids", "delete vpngw–7lcl5331 vpnx—p0j11j28", BOTH),
        case("em-dash options", f"{render(BOTH)} —region ap-guangzhou —reason “rebuild after INC-42”", FULL),
        case("en-dash options", f"{render(BOTH)} –region ap-guangzhou –reason „rebuild after INC-42“", FULL),
        case(
            "two long dashes", f"{render(BOTH)} ––region AP-Guangzhou ——reason «rebuild after INC-42»", FULL
        ),
        case("equals signs", f'{render(BOTH)} --region=ap-guangzhou --reason="rebuild after INC-42"', FULL),
        case(
            "capital options", f"{render(BOTH)} --REGION `ap-guangzhou` --Reason 'rebuild after INC-42'", FULL
        ),
        case(
            "a comma after an option",
            f'{render(BOTH)} --region, ap-guangzhou, --reason: "{FULL.reason}",',
            FULL,
        ),
    ],
)
def test_what_phones_and_pastes_do_is_forgiven(text: str, command: Command) -> None:
    """Only the looks changed, so the same command is read."""
    assert parse(text) == command


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        case("quoted", '"moved to BGP"', "moved to BGP"),
        case("apostrophe in double quotes", '"customer\'s office"', "customer's office"),
        case("apostrophe in single quotes", "'customer's office'", "customer's office"),
        case("apostrophe in curly quotes", "‘customer’s office’", "customer’s office"),
        case("mixed pair", '“moved to BGP"', "moved to BGP"),
        case("escaped quotes", r'"the \"old\" one"', 'the "old" one'),
        case("a backslash of its own", r'"see C:\temp"', r"see C:\temp"),
        case("an option inside quotes", '"drop --region now"', "drop --region now"),
        case("spaces and marks inside", '"a \u00a0\u202e b\n"', "a b"),
        case("unquoted to the end", "rebuild after INC-42", "rebuild after INC-42"),
        case("unquoted with an apostrophe", "customer's office closed", "customer's office closed"),
        case("unquoted with quotes later", 'see "the plan"', 'see "the plan"'),
        case("unquoted with a dash of prose", "rebuild — see INC-42 - now", "rebuild — see INC-42 - now"),
        case("unquoted with a dash inside a word", "rebuild—then renew", "rebuild—then renew"),
        case("unquoted with punctuation", "done, see INC-42.", "done, see INC-42."),
        case("as long as allowed", "x" * 500, "x" * 500),
        case("another tunnel inside", "replaced by vpnx-f49l6u0z", "replaced by vpnx-f49l6u0z"),
    ],
)
def test_a_reason_is_taken_as_it_was_meant(tail: str, reason: str) -> None:
    """Quoted: what stands between the quotes. Unquoted: every word up to the next option."""
    assert parse(f"delete vpnx-p0j11j28 --reason {tail}") == replace(BARE, reason=reason)


@pytest.mark.parametrize("dashes", ["--", "—", "–"])
def test_an_unquoted_reason_ends_at_the_next_option(dashes: str) -> None:
    """A region behind an unquoted reason is still the region."""
    text = (
        f"delete vpnx-p0j11j28 {dashes}reason rebuild after INC-42 {dashes}region ap-guangzhou vpngw-7lcl5331"
    )
    assert parse(text) == FULL


@pytest.mark.parametrize(
    ("text", "offending"),
    [
        case("an unknown verb", "delte vpnx-p0j11j28", "“delte” is not a command; did you mean delete?"),
        case("a foreign verb", "remove vpnx-p0j11j28", "“remove” is not a command."),
        case("no verb", "vpnx-p0j11j28", "“vpnx-p0j11j28” is not a command."),
        case("no ids", "delete", "delete"),
        case("no tunnel", "delete vpngw-7lcl5331", "“vpngw-7lcl5331” is a gateway"),
        case("two gateways", "delete vpngw-7lcl5331 vpngw-00000000", "“vpngw-00000000” is a second gateway"),
        case("all and a tunnel", f"{render(BOTH)} --all", "either --all or the ids of tunnels, not both"),
        case("all of two gateways", "delete --all vpngw-7lcl5331 vpngw-00000000", "is a second gateway"),
        case("all of no gateway", "delete --all", "--all needs the id of its gateway"),
        case("all without dashes", "delete vpngw-7lcl5331 all", "“all” is not an id or an option; did you"),
        case("a star for all", "delete vpngw-7lcl5331 *", "or --all, is missing"),
        case("an id after --all=", "delete --all=vpngw-7lcl5331 vpnx-p0j11j28", "not both"),
        case("one bad id among good ones", f"{render(TWO)} vpnx-f49l6u0", "“vpnx-f49l6u0” is not a tunnel"),
        case("two regions", f"{render(BARE)} --region ap-x1 --region ap-x2", "“ap-x2” is a second --region"),
        case("two reasons", f'{render(BARE)} --reason "a" --reason "b"', "“b” is a second --reason"),
        case("a short id", "delete vpnx-p0j11j2", "“vpnx-p0j11j2” is not a tunnel id"),
        case("a long id", "delete vpnx-p0j11j289", "“vpnx-p0j11j289” is not a tunnel id"),
        case("an ellipsis for the id", "delete vpngw-… vpnx-…", "“vpngw-” is not a gateway id"),
        case("an underscore", "delete vpnx_p0j11j28", "“vpnx_p0j11j28” is not a tunnel id"),
        case("glued ids", "delete vpngw-7lcl5331/vpnx-p0j11j28", "is not a gateway id"),
        case("a Cyrillic letter in an id", "delete vpnx-р0j11j28", "“р” (CYRILLIC SMALL LETTER ER)"),
        case("a Cyrillic letter in a prefix", "delete vрnx-p0j11j28", "“vрnx-p0j11j28” has a “р” (CYRILLIC"),
        case("a Cyrillic letter in a verb", "dеlete vpnx-p0j11j28", "CYRILLIC SMALL LETTER IE"),
        case(
            "a Greek letter in a region", f"{render(BARE)} --region αp-guangzhou", "GREEK SMALL LETTER ALPHA"
        ),
        case("an unknown word", "delete now vpnx-p0j11j28", "“now” is not an id or an option."),
        case("another kind of id", "delete vpc-p0j11j28", "“vpc-p0j11j28” is not an id or an option."),
        case("an unknown option", "delete vpnx-p0j11j28 --force", "“--force” is not an option."),
        case(
            "a mistyped option", "delete vpnx-p0j11j28 --regoin ap-x1", "“--regoin” is not an option; did you"
        ),
        case(
            "one hyphen", "delete vpnx-p0j11j28 -region ap-x1", "“-region” is not an id or an option; did you"
        ),
        case("a bare option word", "delete vpnx-p0j11j28 region ap-x1", "did you mean --region?"),
        case("a dash alone", "delete vpnx-p0j11j28 —", "“—” is not an option."),
        case("a mistyped option after a reason", f"{render(BARE)} --reason a b --regoin c", "“--regoin”"),
        case("no region", "delete vpnx-p0j11j28 --region", "--region has no region"),
        case("an option for a region", "delete vpnx-p0j11j28 --region --reason x", "--region has no region"),
        case(
            "more than a region", f"{render(BARE)} --region ap-x1/a", "“ap-x1/a” does not look like a region"
        ),
        case("a city for a region", "delete vpnx-p0j11j28 --region guangzhou", "“guangzhou”"),
        case(
            "an id for a region",
            "delete --region vpnx-p0j11j28",
            "“vpnx-p0j11j28” does not look like a region",
        ),
        case("no reason", "delete vpnx-p0j11j28 --reason", "--reason has no text"),
        case("an empty reason", 'delete vpnx-p0j11j28 --reason "\u200b "', "--reason has no text"),
        case(
            "an option for a reason", "delete vpnx-p0j11j28 --reason --region ap-x1", "--reason has no text"
        ),
        case("a long reason", f"{render(BARE)} --reason {'x' * 501}", "--reason has 501 characters"),
        case(
            "an unclosed quote", 'delete vpnx-p0j11j28 --reason "rebuild it', 'The quote " in “"rebuild it”'
        ),
        case("an unclosed curly quote", "delete vpnx-p0j11j28 --reason “rebuild", "The quote “ in "),
        case("an apostrophe closes nothing", "delete vpnx-p0j11j28 --reason 'don't", "The quote ' in "),
        case("words after the reason", f'{render(BARE)} --reason "the "old" one"', "“one” is not an id"),
        case(
            "an id that the reason took", "delete --reason rebuild VPNX-p0j11j28", "“vpnx-p0j11j28” stands in"
        ),
    ],
)
def test_anything_else_is_refused_by_name(text: str, offending: str) -> None:
    """The sentence names the offending word and shows an example that is itself right."""
    sentence = refusal(text)
    assert offending in sentence
    _, shown = sentence.split(" Example: /vpn ")
    assert parse(shown) in (BOTH, FULL, ALL)


def test_the_letter_o_is_not_taken_for_a_zero() -> None:
    """Two ids that look alike are two tunnels."""
    assert parse("delete vpnx-p0j11j28") != parse("delete vpnx-poj11j28")


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "delete " + "x" * 1_900, f"{render(BARE)} --reason {'x' * 1_900}"]
)
def test_a_long_text_gets_a_short_answer(text: str) -> None:
    """The answer says what is wrong without repeating it all."""
    assert len(refusal(text)) < 300


def test_a_text_beyond_the_limit_is_never_cut_and_then_obeyed() -> None:
    """What stands behind the 2,000th character might have changed the meaning."""
    assert "10000 characters" in refusal(render(BARE).ljust(10_000))


def test_a_thousand_typed_ids_are_too_long_for_a_command_and_the_sentence_says_what_to_do() -> None:
    """So many are asked for with --all."""
    ids = " ".join(f"vpnx-{number:08d}" for number in range(1000))
    sentence = refusal(f"delete vpngw-7lcl5331 {ids}")
    assert f"at most {TEXT_LIMIT}" in sentence
    assert "--all" in sentence


def test_an_echoed_word_is_short_and_shows_what_it_is() -> None:
    """No control or direction character comes back, and at most 40 characters do."""
    sentence = refusal("delete a\u202eb\x07c\ud800d" + "e" * 100)
    assert f"“abcd{'e' * 35}…”" in sentence


def test_help_shows_examples_that_work() -> None:
    """What help tells to type is read as help says, and needs no escaping in Slack."""
    shown = [line.split(" (")[0] for line in HELP.splitlines() if line.startswith("/vpn delete vpn")]
    assert [parse(line.removeprefix("/vpn ")) for line in shown] == [BOTH, BARE, TWO, ALL, FULL]
    assert not set("&<>") & set(HELP)


@given(deletes)
@example(replace(BARE, reason='\\" "'))
def test_a_rendered_command_reads_as_itself(command: DeleteCommand) -> None:
    """`render` writes what `parse` reads, whatever stands in the reason."""
    assert parse(render(command)) == command


def test_rendered_help_reads_as_itself() -> None:
    """Help has a canonical text too."""
    assert parse(render(HelpCommand())) == HelpCommand()


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
        "--all",
        "--region",
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
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text breaks the parser, and what it reads is canonical: writable, short, encodable."""
    try:
        command = parse(text)
    except BadCommand as refused:
        sentence = str(refused)
        assert len(sentence) < 300
        assert " Example: /vpn delete " in sentence
        assert sentence.encode()
    else:
        assert parse(render(command)) == command
        assert render(command).encode()

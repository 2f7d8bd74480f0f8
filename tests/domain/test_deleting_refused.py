"""What can't be read after /vpn delete is refused with a sentence that helps."""

import pytest

from bot.domain.command import TEXT_LIMIT, render
from tests.domain.spoken import BARE, BOTH, EXAMPLES, TWO, case, refusal


@pytest.mark.parametrize(
    ("text", "offending"),
    [
        case("an unknown verb", "delte vpnx-p0j11j28", "“delte” is not a command; did you mean delete?"),
        case("a foreign verb", "remove vpnx-p0j11j28", "“remove” is not a command."),
        case("no verb", "vpnx-p0j11j28", "“vpnx-p0j11j28” is not a command."),
        case("a mistyped freeze", "freez all 2h x", "“freez” is not a command; did you mean freeze?"),
        case("a mistyped history", "histroy", "“histroy” is not a command; did you mean history?"),
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
            "break-glass without a reason",
            f"{render(BOTH)} --break-glass INC-1",
            "--break-glass needs a --reason",
        ),
        case("break-glass without a number", f"{render(BOTH)} --break-glass", "no incident's number"),
        case("an option for a number", f"{render(BOTH)} --break-glass --reason x", "no incident's number"),
        case("a long number", f"{render(BOTH)} --break-glass {'1' * 41} --reason x", "is not an incident's"),
        case(
            "a number without any", f"{render(BOTH)} --break-glass - --reason x", "“-” is not an incident's"
        ),
        case(
            "an odd number", f"{render(BOTH)} --break-glass INC+1 --reason x", "“INC+1” is not an incident's"
        ),
        case(
            "a Cyrillic number", f"{render(BOTH)} --break-glass ІNC-1 --reason x", "BYELORUSSIAN-UKRAINIAN I"
        ),
        case(
            "two numbers",
            f"{render(BOTH)} --break-glass INC-1 --break-glass inc-1 --reason x",
            "“inc-1” is a second --break-glass",
        ),
        case("a person", f"{render(BOTH)} <@U012AB3CD|ana>", "“@ana” is not an id or an option"),
        case(
            "an id that the reason took", "delete --reason rebuild VPNX-p0j11j28", "“vpnx-p0j11j28” stands in"
        ),
    ],
)
def test_anything_else_is_refused_by_name(text: str, offending: str) -> None:
    """The sentence names the offending word and shows an example that is itself right."""
    sentence = refusal(text)
    assert offending in sentence
    assert sentence.split(" Example: ")[1] in EXAMPLES


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

"""What people type and paste after /vpn delete is read rightly."""

from dataclasses import replace

import pytest

from bot.domain.command import Command, HelpCommand, parse, render
from bot.domain.examples import ALL_EXAMPLE, BREAK_GLASS_EXAMPLE, EXAMPLE, OPTIONS_EXAMPLE
from tests.domain.spoken import ALL, BARE, BOTH, FULL, GLASS, TWO, case


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
        case("break-glass", BREAK_GLASS_EXAMPLE.removeprefix("/vpn "), GLASS),
        case(
            "break-glass first, and twice",
            f"delete --break-glass INC-123 --reason {GLASS.reason} --break-glass INC-123 {render(BOTH)[7:]}",
            GLASS,
        ),
        case(
            "break-glass with a ticket's address",
            'delete vpnx-p0j11j28 --break-glass net/ops#1_2.3 --reason "x"',
            replace(BARE, break_glass="net/ops#1_2.3", reason="x"),
        ),
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
        case(
            "angle brackets as Slack sends them", "delete &lt;vpngw-7lcl5331&gt; &lt;vpnx-p0j11j28&gt;", BOTH
        ),
        case(
            "an id that Slack took for a link",
            "delete vpngw-7lcl5331 <http://vpnx-p0j11j28|vpnx-p0j11j28>",
            BOTH,
        ),
        case(
            "em-dash break-glass", f"{render(BOTH)} —break‑glass `INC–123`, —reason “{GLASS.reason}”", GLASS
        ),
        case("capital break-glass", f"{render(BOTH)} --Break-Glass=INC-123 --REASON '{GLASS.reason}'", GLASS),
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
        case("a mention", '"<@U012AB3CD|ana> asked in <#C012|general>"', "@ana asked in #general"),
        case("pings", "<!here> <!subteam^S012|@oncall> look", "@here @oncall look"),
        case("a link", "see <https://x.example/?a=1&amp;b=2>", "see https://x.example/?a=1&b=2"),
        case("markup characters", '"a &lt; b &amp; c"', "a < b & c"),
        case("a mention typed out", "&lt;@U012AB3CD&gt;", "<@U012AB3CD>"),
        case("entities typed out", "'&amp;lt;!here&amp;gt;'", "&lt;!here&gt;"),
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


def test_the_letter_o_is_not_taken_for_a_zero() -> None:
    """Two ids that look alike are two tunnels."""
    assert parse("delete vpnx-p0j11j28") != parse("delete vpnx-poj11j28")

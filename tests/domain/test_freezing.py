"""What hurried people type after /vpn freeze, unfreeze and freezes is read rightly, or refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import Command, FreezeCommand, FreezesCommand, HelpCommand, UnfreezeCommand, parse
from bot.domain.when import Day, Until
from tests.domain.spoken import EXAMPLES, case, refusal

GATEWAY = "vpngw-7lcl5331"
TWO_HOURS = FreezeCommand(scope=GATEWAY, for_s=7200.0, reason="moving the office")
ALL = replace(TWO_HOURS, scope="all")
EVENING = FreezeCommand(scope="all", until=Until(hour=18, minute=0), reason="audit day")
DATED = replace(EVENING, until=Until(hour=18, minute=0, date=Day(2026, 11, 24)))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        case("scope first", f"freeze {GATEWAY} 2h moving the office", TWO_HOURS),
        case("time first", f"freeze 2h {GATEWAY} moving the office", TWO_HOURS),
        case("for", f"freeze {GATEWAY} for 2h moving the office", TWO_HOURS),
        case("for first", "freeze for 2 hours all moving the office", ALL),
        case("dashes before all", "freeze --all 2h moving the office", ALL),
        case("quotes", f"freeze {GATEWAY} 2h “moving the office”", TWO_HOURS),
        case("an option", f'freeze {GATEWAY} 2h --reason "moving the office"', TWO_HOURS),
        case("an option without quotes", f"freeze {GATEWAY} 2h —reason moving the office", TWO_HOURS),
        case("the option first", f"freeze —Reason “moving the office” {GATEWAY} 2h", TWO_HOURS),
        case("marks and commas", f"FREEZE `{GATEWAY.upper()}`, 2H: moving the office", TWO_HOURS),
        case("a dash before the reason", f"freeze {GATEWAY} 2h — moving the office", TWO_HOURS),
        case("full-width letters", "ｆｒｅｅｚｅ ａｌｌ ２ｈ moving the office", ALL),
        case("a mention", "freeze all 2h <@U012AB3CD|ana> moves", replace(ALL, reason="@ana moves")),
        case(
            "all hands",
            "freeze all 2h all hands: --no deletes",
            replace(ALL, reason="all hands: --no deletes"),
        ),
        case("for in the reason", "freeze all 2h for maintenance", replace(ALL, reason="for maintenance")),
        case(
            "a number in the reason", "freeze all 2h 30 tunnels move", replace(ALL, reason="30 tunnels move")
        ),
        case("until in the reason", "freeze all 2h until told", replace(ALL, reason="until told")),
        case("a time in quotes", 'freeze all 2h "3 days late"', replace(ALL, reason="3 days late")),
        case(
            "a gateway under all", f"freeze all 2h {GATEWAY} moves", replace(ALL, reason=f"{GATEWAY} moves")
        ),
        case("quotes inside", 'freeze all 2h "the" plan', replace(ALL, reason='"the" plan')),
        case("an open quote", "freeze all 2h 'til noon", replace(ALL, reason="'til noon")),
        case("until", "freeze all until 18:00 audit day", EVENING),
        case("until first", "freeze till 18:00 all, audit day", EVENING),
        case("a bare clock time", "freeze all 18:00 audit day", EVENING),
        case("a date", "freeze all until 2026-11-24 18:00 audit day", DATED),
        case("a date after the time", "freeze all until 18:00 2026-11-24 audit day", DATED),
        case("a date and time in one", "freeze all until 2026-11-24T18:00 audit day", DATED),
        case("a date with long dashes", "freeze all until 2026–11–24 18：00 audit day", DATED),
        case("help", "freeze all --help", HelpCommand()),
        case("unfreeze", f"unfreeze {GATEWAY}", UnfreezeCommand(scope=GATEWAY)),
        case("unfreeze all", "Unfreeze `ALL`, all.", UnfreezeCommand(scope="all")),
        case("help on unfreeze", "unfreeze --help", HelpCommand()),
        case("freezes", "Freezes!", FreezesCommand()),
        case("help on freezes", "freezes —help", HelpCommand()),
    ],
)
def test_a_plain_command_is_read(text: str, command: Command) -> None:
    """Scope and time in either order, then the reason, which is all the rest."""
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "offending"),
    [
        case("nothing", "freeze", "The id of a gateway to freeze (vpngw-…), or all, is missing"),
        case("no scope", "freeze 2h", "The id of a gateway to freeze (vpngw-…), or all, is missing"),
        case("no time", "freeze all", "How long to freeze"),
        case("no reason", "freeze all 2h", "The reason is missing"),
        case("an empty reason", 'freeze all 2h ""', "The reason is missing"),
        case("an empty option", "freeze all 2h --reason", "--reason has no text"),
        case("a reason that took it all", "freeze --reason moving all 2h", "The id of a gateway"),
        case("two reasons", "freeze all 2h --reason 'a' --reason 'b'", "“b” is a second reason"),
        case("a reason after one", "freeze all --reason 'a' 2h b", "“b” comes after the reason"),
        case(
            "a long reason", f"freeze all 2h {'x' * 501}", "The reason has 501 characters, and may have 500"
        ),
        case("the reason first", "freeze moving all 2h", "“moving” is not the id of a gateway"),
        case("the reason before the time", "freeze all moving 2h", "“moving” is not a time"),
        case("the reason before the scope", "freeze 2h moving all", "“moving” is not the id of a gateway"),
        case("a tunnel", "freeze vpnx-p0j11j28 2h x", "“vpnx-p0j11j28” is a tunnel"),
        case("half a gateway", "freeze vpngw-7lcl 2h x", "“vpngw-7lcl” is not a gateway id"),
        case("a second gateway", f"freeze {GATEWAY} 2h vpngw-00000000 x", "“vpngw-00000000” follows"),
        case("a second time", "freeze all 2h until 18:00 x", "“until” follows"),
        case("a longer time after a shorter", "freeze all 30m 2h x", "“2h” follows"),
        case(
            "a mistyped option",
            "freeze all 2h --raeson x",
            "“--raeson” is not an option; did you mean --reason",
        ),
        case("no unit", "freeze all 30 x", "“30” has no unit"),
        case("an unknown unit", "freeze all 2mo x", "“2mo” is not a time"),
        case("too short", "freeze all 59s x", "59s is outside 1m to 30d"),
        case("none at all", "freeze all 0m x", "0m is outside 1m to 30d"),
        case("too long", "freeze all 30d 1m x", "30d1m is outside 1m to 30d"),
        case("very long", "freeze all 9999999d x", "9999999d is outside"),
        case("for nothing", "freeze all for a while", "“a” is not a duration"),
        case("for and the end", "freeze all for", "“for” is not a duration"),
        case("until and the end", "freeze all until", "“until” is not a clock time"),
        case("until a duration", "freeze all until 2h x", "“2h” is not a clock time"),
        case("until tomorrow", "freeze all until tomorrow x", "“tomorrow” is not a clock time"),
        case("no such hour", "freeze all until 25:00 x", "“25:00” is not a time of day"),
        case("midnight by another name", "freeze all until 24:00 x", "“24:00” is not a time of day"),
        case("no such minute", "freeze all until 18:60 x", "“18:60” is not a time of day"),
        case("no such date", "freeze all until 2026-02-30 18:00 x", "“2026-02-30” is not a date"),
        case("no such year", "freeze all until 0000-01-01 18:00 x", "“0000-01-01” is not a date"),
        case("a date alone", "freeze all until 2026-11-24 x", "“2026-11-24” has no clock time"),
        case("twelve hours", "freeze all until 6:00 pm x", "“pm” can't stand after 06:00"),
        case("twelve hours in one", "freeze all until 6:00pm x", "“6:00pm” is not a clock time"),
        case("another time zone", "freeze all until 18:00 UTC x", "“UTC” can't stand after 18:00"),
        case("a day after the time", "freeze all until 9:00 tomorrow x", "“tomorrow” can't stand after"),
        case("a weekday after the time", "freeze all until 18:00 Friday x", "“Friday” can't stand after"),
        *(
            case(f"{word} after the time", f"freeze all until 18:00 {word} x", "can't stand after 18:00")
            for word in (
                *("UTC+8", "GMT-3", "CET", "JST", "PDT", "+08:00", "-3", "h", "o'clock", "next Friday"),
                *("on Friday", "this week", "on 24", "Nov 24", "Nov, 24", "September 1", "11/24", "24.11."),
            )
        ),
        case("a Cyrillic all", "freeze аll 2h x", "CYRILLIC SMALL LETTER A"),
        case("Arabic digits", "freeze all ٢h x", "ARABIC-INDIC DIGIT TWO"),
        case("unfreeze nothing", "unfreeze", "After unfreeze, the id of a gateway"),
        case("unfreeze a tunnel", "unfreeze vpnx-p0j11j28", "“vpnx-p0j11j28” is a tunnel"),
        case("unfreeze two", f"unfreeze {GATEWAY} all", "“all” is a second gateway"),
        case("unfreeze with more", "unfreeze all now", "“now” is not the id of a gateway"),
        case("freezes with more", "freezes all", "“all” is too much"),
        case("a mistyped verb", "unfreze all", "did you mean unfreeze? Example: /vpn unfreeze"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, offending: str) -> None:
    """The sentence names the offending word and shows an example of that verb."""
    sentence = refusal(text)
    assert offending in sentence
    shown = sentence.split(" Example: ")[1]
    assert shown in EXAMPLES
    assert shown.split()[1] in {text.split()[0], "unfreeze"}


@given(
    scope=st.sampled_from(["all", GATEWAY, f"`{GATEWAY}`", "ALL,", "--all"]),
    time=st.sampled_from(
        ["2h", "120 min", "for 2h", "1h 60m", "for 1 hour and 60 minutes", "`2h`", "2 HOURS,"]
    ),
    reason=st.sampled_from(["moving the office", "“moving the office”", "—reason “moving the office”"]),
    swapped=st.booleans(),
)
def test_looks_and_order_change_nothing(scope: str, time: str, reason: str, swapped: bool) -> None:
    """Whatever stands first, the same freeze is read."""
    first, then = (time, scope) if swapped else (scope, time)
    read = parse(f"freeze {first} {then} {reason}")
    assert read == (ALL if "all" in scope.lower() else TWO_HOURS)


@pytest.mark.parametrize(
    "reason",
    [
        *("on call handover", "may be flaky", "market open", "next sprint", "this is a test", "second shift"),
        *("the office moves", "in maintenance", "of course"),
    ],
)
def test_a_reason_that_only_looks_a_little_like_a_day_is_a_reason(reason: str) -> None:
    """And in quotes, any is."""
    asked = parse(f"freeze all until 18:00 {reason}")
    assert isinstance(asked, FreezeCommand)
    assert (asked.until, asked.reason) == (Until(hour=18, minute=0), reason)
    quoted = parse('freeze all until 18:00 "Friday is audit day"')
    assert isinstance(quoted, FreezeCommand)
    assert quoted.reason == "Friday is audit day"

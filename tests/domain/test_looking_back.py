"""What people type after /vpn history is read rightly, or refused; only Slack's own mentions name people."""

import pytest

from bot.domain.command import Command, HelpCommand, HistoryCommand, parse
from bot.domain.when import Day
from tests.domain.spoken import EXAMPLES, case, refusal

ANA = "<@U012AB3CD|ana>"
WEEK_S = 7 * 86_400.0


@pytest.mark.parametrize(
    ("text", "command"),
    [
        case("everything", "history", HistoryCommand()),
        case("a tunnel", "history vpnx-p0j11j28", HistoryCommand(tunnel_id="vpnx-p0j11j28")),
        case("a gateway", "History `VPNGW-7LCL5331`.", HistoryCommand(gateway_id="vpngw-7lcl5331")),
        case("a person", f"history {ANA}", HistoryCommand(user_id="U012AB3CD")),
        case("a person without a label", "history <@W012AB3CD>", HistoryCommand(user_id="W012AB3CD")),
        case("a label like a command", "history <@U012AB3CD|since 1d>", HistoryCommand(user_id="U012AB3CD")),
        case("a week", "history since 7d", HistoryCommand(since=WEEK_S)),
        case("a week in words", "history --since 7 days", HistoryCommand(since=WEEK_S)),
        case("a date", "history since 2026-11-20", HistoryCommand(since=Day(2026, 11, 20))),
        case(
            "the same twice",
            f"history since 7d {ANA} {ANA} since 7d",
            HistoryCommand(user_id="U012AB3CD", since=WEEK_S),
        ),
        case(
            "one of each",
            f"history since 7d, {ANA}, vpngw-7lcl5331, vpnx-p0j11j28",
            HistoryCommand(
                tunnel_id="vpnx-p0j11j28", gateway_id="vpngw-7lcl5331", user_id="U012AB3CD", since=WEEK_S
            ),
        ),
        case("help", "history --help", HelpCommand()),
    ],
)
def test_a_plain_command_is_read(text: str, command: Command) -> None:
    """Each kind once, in any order."""
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "offending"),
    [
        case(
            "a plain name",
            "history @ana",
            "“@ana” is not a person that Slack knows. Pick the person from Slack's",
        ),
        case("a mention typed out", "history &lt;@U012AB3CD&gt;", "“@U012AB3CD” is not a person that Slack"),
        case("an escaped mention typed out", "history &amp;lt;@U012AB3CD&amp;gt;", "“&lt” is not the id"),
        case("a user group", "history <!subteam^S012|@oncall>", "“@oncall” is not a person"),
        case("everybody", "history <!here>", "“@here” is not a person"),
        case("a channel", "history <#C012|general>", "“#general” is a channel"),
        case("two people", f"history {ANA} <@U056|ben>", "“U056” is a second person"),
        case("two tunnels", "history vpnx-p0j11j28 vpnx-k2m4n6p8", "“vpnx-k2m4n6p8” is a second tunnel"),
        case("two gateways", "history vpngw-7lcl5331 vpngw-00000000", "“vpngw-00000000” is a second gateway"),
        case("half an id", "history vpnx-p0j1", "“vpnx-p0j1” is not a tunnel id"),
        case("since twice", "history since 7d since 8d", "since stands there twice"),
        case("since nothing", "history since", "since has no time after it"),
        case("since a word", "history since yesterday", "“yesterday” is not a duration"),
        case("since a clock time", "history since 9:00", "“9:00” is not a duration"),
        case("since no date", "history since 2026-02-30", "“2026-02-30” is not a date in the calendar"),
        case("since ages", "history since 3651d", "3651d is outside 1m to 3650d"),
        case("no since", "history 7d", "“7d” is not the id of a tunnel or gateway, a person or since"),
        case("a mistyped since", "history sinse 7d", "did you mean since?"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, offending: str) -> None:
    """The sentence names the offending word and shows a right history."""
    sentence = refusal(text)
    assert offending in sentence
    shown = sentence.split(" Example: ")[1]
    assert shown in EXAMPLES
    assert shown.startswith("/vpn history")

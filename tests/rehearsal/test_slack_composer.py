"""What somebody typed arrives as Slack sends it."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.typed import as_typed
from bot.rehearsal.northwind import ANA, CHEN, northwind
from bot.rehearsal.slack_composer import as_sent

NORTHWIND = northwind()


def sent(text: str, typist: str = ANA) -> str:
    return as_sent(text, NORTHWIND.people[typist], NORTHWIND)


def test_it_escapes_as_the_manifest_asks_slack_to() -> None:
    """Mentions come marked up because the manifest says so; else they would come as they were typed."""
    manifest = yaml.safe_load((Path(__file__).parents[2] / "manifest.yml").read_text("utf-8"))
    assert [one["should_escape"] for one in manifest["features"]["slash_commands"]] == [True]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        pytest.param("  ask @ana, please ", "ask <@U0ANA000001|ana>, please", id="a person"),
        pytest.param("(@ana)", "(<@U0ANA000001|ana>)", id="a person in brackets"),
        pytest.param("@deploy-bot", "<@U0DEPLOY001|deploy-bot>", id="a name with a hyphen"),
        pytest.param("@anabel @nobody", "@anabel @nobody", id="unknown people"),
        pytest.param("ana@ben.example", "ana@ben.example", id="an address"),
        pytest.param("see #network-ops", "see <#C0NETOPS001|network-ops>", id="a channel"),
        pytest.param("#war-room", "<#C0WARROOM01|war-room>", id="a private channel"),
        pytest.param("#ana INC#general", "#ana INC#general", id="no channels"),
        pytest.param("@network-oncall", "<!subteam^S0ONCALL001|@network-oncall>", id="a user group"),
        pytest.param("@here @channel @everyone", "<!here> <!channel> <!everyone>", id="everybody"),
        pytest.param("https://x.example/a", "<https://x.example/a>", id="a link"),
        pytest.param("see http://x.example/@ana.", "see <http://x.example/@ana>.", id="a name in a link"),
        pytest.param(
            "<https://x.example?a&b>", "&lt;<https://x.example?a&amp;b>&gt;", id="a link in brackets"
        ),
        pytest.param("a & <b>", "a &amp; &lt;b&gt;", id="markup characters"),
        pytest.param("<@U0ANA000001>", "&lt;@U0ANA000001&gt;", id="a mention typed out"),
        pytest.param("&lt;!here&gt;", "&amp;lt;!here&amp;gt;", id="entities typed out"),
    ],
)
def test_what_slack_knows_is_marked_up(typed: str, text: str) -> None:
    """& < > first, so that only Slack's own mark-up has a bare bracket."""
    assert sent(typed) == text


def test_a_private_channel_is_unknown_to_whoever_is_not_in_it() -> None:
    """Slack doesn't tell its id."""
    assert sent("#war-room", CHEN) == "#war-room"


pieces = st.sampled_from(
    [
        "@ana",
        "#general",
        "@here",
        "@network-oncall",
        "https://x.example/?a=1&b=2",
        "&lt;",
        "<",
        ">",
        "&",
        "|",
        " ",
    ]
)


@given(st.lists(pieces | st.text(max_size=5), max_size=12).map(" ".join))
def test_the_bot_reads_just_what_was_typed(typed: str) -> None:
    """Whatever Slack marks up and escapes, its undoing gives the typed text back."""
    assert as_typed(sent(typed)) == typed.strip()

"""Slack's mark-up is undone in the right order, and nothing that was typed becomes a mention."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.typed import as_sent, as_typed, take_people


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        pytest.param("ask <@U012AB3CD|ana>", "ask @ana", id="a person"),
        pytest.param("<@U012AB3CD|@ana>", "@ana", id="a label with its sign"),
        pytest.param("<@U012AB3CD>", "@U012AB3CD", id="a person without a label"),
        pytest.param("in <#C012|general>", "in #general", id="a channel"),
        pytest.param("<#C012|>", "#C012", id="a channel without a label"),
        pytest.param("<!subteam^S012|@oncall>", "@oncall", id="a user group"),
        pytest.param("<!subteam^S012>", "@S012", id="a user group without a label"),
        pytest.param("<!here> <!channel> <!everyone|everyone>", "@here @channel @everyone", id="everybody"),
        pytest.param("<https://x.example/?a=1&amp;b=2>", "https://x.example/?a=1&b=2", id="a link"),
        pytest.param("<http://x.example|x.example>", "x.example", id="a link that Slack completed"),
        pytest.param("<mailto:ana@x.example|ana@x.example>", "ana@x.example", id="an address"),
        pytest.param("<http://vpnx-p0j11j28|vpnx-p0j11j28>", "vpnx-p0j11j28", id="an id taken for a link"),
        pytest.param("a &amp; &lt;b&gt;", "a & <b>", id="entities"),
        pytest.param("&lt;@U012AB3CD|ana&gt;", "<@U012AB3CD|ana>", id="a mention typed out"),
        pytest.param("&amp;lt;@U012AB3CD&amp;gt;", "&lt;@U012AB3CD&gt;", id="an escaped mention typed out"),
        pytest.param("<@U012AB3CD|&lt;!here&gt;>", "@<!here>", id="a hostile label"),
        pytest.param("1 < 2", "1 < 2", id="a bracket alone"),
    ],
)
def test_it_reads_as_it_was_typed(sent: str, typed: str) -> None:
    """Mentions and links read as their labels, without any mark-up."""
    assert as_typed(sent) == typed


@pytest.mark.parametrize(
    ("sent", "people", "others"),
    [
        pytest.param("history <@U012AB3CD|ana> x", ["U012AB3CD"], "history   x", id="a mention"),
        pytest.param("<@W012AB3CD>", ["W012AB3CD"], " ", id="a person of the organisation"),
        pytest.param("&lt;@U012AB3CD|ana&gt;", [], "&lt;@U012AB3CD|ana&gt;", id="typed out"),
        pytest.param("&amp;lt;@U012AB3CD&amp;gt;", [], "&amp;lt;@U012AB3CD&amp;gt;", id="entities typed out"),
        pytest.param("<!subteam^S012|@oncall>", [], "<!subteam^S012|@oncall>", id="a user group"),
        pytest.param("<@U012|a> <@U034|b>", ["U012", "U034"], "   ", id="two"),
    ],
)
def test_only_slacks_own_mentions_name_people(sent: str, people: list[str], others: str) -> None:
    """A bare bracket is always Slack's: a typed one comes as an entity."""
    assert take_people(sent) == (people, others)


@given(
    st.text() | st.lists(st.sampled_from(["<@U012AB3CD>", "&lt;", "&amp;", "<!here>", "|", ">"])).map("".join)
)
def test_text_without_mentions_survives_slack(text: str) -> None:
    """What was escaped is what was typed, and mentions nobody."""
    assert as_typed(as_sent(text)) == text
    assert take_people(as_sent(text))[0] == []

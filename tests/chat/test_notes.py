"""What one person is told privately: safe for any foreign word, and true about who was first."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import notes
from bot.domain.command import HELP, parse
from bot.domain.model import Deletion, State, Tunnel
from bot.errors import BadCommand
from tests.chat.hostile import assert_fit, batch_of, deletions, foreign, tunnels
from tests.chat.test_cards import CONFIRMED, PENDING, T0


@given(deletion=st.none() | deletions, blocker=st.none() | deletions, tunnel=tunnels)
def test_any_note_is_one_that_slack_takes_and_that_pings_nobody(
    deletion: Deletion | None, blocker: Deletion | None, tunnel: Tunnel
) -> None:
    """Only the people who decided are mentioned."""
    said = [notes.too_late(deletion, blocker, "U0DORA00001")]
    if deletion:
        said += [
            notes.no_such_tunnel(deletion, [deletion.tunnel_id] * 900, blocker),
            notes.no_tunnels(replace(deletion, gateway_id="vpngw-7lcl5331")),
            notes.other_gateway(replace(deletion, gateway_id="vpngw-7lcl5331"), tunnel),
            notes.cannot_post(deletion),
        ]
    for body in said:
        assert_fit(body, deletion, blocker)


@given(text=foreign)
def test_what_people_type_comes_back_unread_by_slack(text: str) -> None:
    """The sentence about a bad command quotes its words, and they mention nobody."""
    for typed in (text, f"delete {text}", f"delete vpnx-p0j11j28 --region {text}"):
        try:
            parse(typed)
        except BadCommand as refusal:
            assert_fit(notes.private(str(refusal)))


def test_the_help_fits_into_one_private_message() -> None:
    """All of it, with its <ids> escaped."""
    assert_fit(notes.private(HELP))


@pytest.mark.parametrize(
    ("deletion", "blocker", "told"),
    [
        (None, None, "This card isn't in vpn-bot's ledger, so the click did nothing."),
        (
            CONFIRMED,
            None,
            "<@U0BEN000001> confirmed this before you, at 22:14:20 UTC. Your click did nothing.",
        ),
        (
            replace(CONFIRMED, state=State.CANCELLED),
            None,
            "<@U0BEN000001> cancelled this before you, at 22:14:20 UTC. Your click did nothing.",
        ),
        (
            replace(CONFIRMED, state=State.CANCELLED, code="Stopped"),
            None,
            "<@U0BEN000001> confirmed this before you, at 22:14:20 UTC. Your click did nothing.",
        ),
        (
            replace(PENDING, state=State.EXPIRED, ended_at=T0),
            None,
            "The card for vpnx-p0j11j28 is no longer open (expired); your click did nothing.",
        ),
        (
            PENDING,
            CONFIRMED,
            (
                "vpnx-p0j11j28 is being deleted already: <@U0BEN000001> confirmed it on another card in "
                "<#C0NETOPS001>. Your click did nothing."
            ),
        ),
    ],
    ids=["unknown card", "confirmed", "cancelled", "stopped", "expired", "another card"],
)
def test_a_late_click_is_told_who_decided(
    deletion: Deletion | None, blocker: Deletion | None, told: str
) -> None:
    """Who was first, what they decided, and that this click did nothing."""
    assert notes.too_late(deletion, blocker, "U0DORA00001") == {"text": told}


def test_who_clicks_twice_is_not_told_of_themselves() -> None:
    """As if somebody else had been first."""
    confirmed = replace(PENDING, state=State.CONFIRMED, decided_by="U0BEN000001", decided_at=T0)
    told = notes.too_late(confirmed, None, "U0BEN000001")["text"]
    assert told.startswith("You confirmed this at ")
    assert "<@" not in told


def test_a_missing_tunnel_is_answered_with_what_may_be_wrong() -> None:
    """The region; no other is made up."""
    text = notes.no_such_tunnel(PENDING, ["vpnx-p0j11j28"], None)["text"]
    assert "is no VPN tunnel vpnx-p0j11j28 in ap-guangzhou" in text
    assert text.endswith("/vpn delete vpnx-p0j11j28 --region &lt;region&gt;")
    both = notes.no_such_tunnel(PENDING, ["vpnx-p0j11j28", "vpnx-k2m4n6p8"], None)["text"]
    assert "are no VPN tunnels vpnx-p0j11j28, vpnx-k2m4n6p8 in" in both


def test_a_tunnel_that_this_bot_deleted_is_answered_with_that() -> None:
    """Nobody has to look for it in another region."""
    gone = replace(PENDING, state=State.GONE, ended_at=T0)
    text = notes.no_such_tunnel(PENDING, [PENDING.tunnel_id], gone)["text"]
    assert f"vpn-bot deleted {PENDING.tunnel_id} at 2023-11-14 22:13 UTC; <@U0ANA000001> had asked" in text
    assert "region, say" not in text


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([State.CANCELLED], "Stopped: vpnx-p0j11j28 is left alone."),
        ([State.DELETING], "Too late to stop: the cloud has been asked already."),
        ([State.VOID], "There is nothing left to stop on this card."),
        ([State.CANCELLED] * 2, "Stopped: 2 of 2 are left alone."),
        (
            [State.CANCELLED, State.GONE, State.DELETING],
            "Stopped: 1 of 3 are left alone; 2 had been sent before.",
        ),
        ([State.GONE, State.DELETING], "Too late to stop: the cloud has been asked already."),
        ([State.GONE, State.REFUSED], "There is nothing left to stop on this card."),
    ],
)
def test_a_stop_says_what_had_been_sent_before_it(states: list[State], told: str) -> None:
    """Nobody believes in a stop that came too late."""
    assert notes.stopped(batch_of(*(replace(CONFIRMED, state=state) for state in states))) == {"text": told}


def test_too_many_tunnels_are_counted_against_the_setting() -> None:
    """The sentence has both numbers and the setting's name."""
    text = notes.too_many(31, 20)["text"]
    for part in ("31 tunnels", "about 20", "VPN_BOT_MAX_BATCH", "Nothing was done"):
        assert part in text


def test_another_gateway_is_named_and_the_command_shown() -> None:
    """What was typed, what is true, and what to type instead."""
    text = notes.other_gateway(
        replace(PENDING, gateway_id="vpngw-typed000"),
        Tunnel(tunnel_id="vpnx-p0j11j28", gateway_id="vpngw-true0000"),
    )["text"]
    assert "isn't on gateway vpngw-typed000; it is on vpngw-true0000" in text
    assert text.endswith("/vpn delete vpngw-true0000 vpnx-p0j11j28")


def test_where_the_bot_cannot_post_it_says_how_to_invite_it() -> None:
    """And that nothing will be deleted meanwhile."""
    text = notes.cannot_post(PENDING)["text"]
    assert "`/invite @vpn-bot`" in text
    assert "`/vpn delete vpnx-p0j11j28`" in text
    assert "nothing will be deleted" in text

"""What one person is told privately: safe for any foreign word, and true about who was first."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.chat import notes
from bot.chat.blocks import escape
from bot.domain.command import HELP, DeleteCommand, parse
from bot.domain.explain import CodeKind
from bot.domain.model import Deletion, State, Tunnel
from bot.domain.slack_codes import SLACK_CODES
from bot.domain.typed import as_sent
from bot.errors import BadCommand
from bot.rehearsal.limits import objects
from tests.chat.hostile import assert_fit, batch_of, deletions, foreign, tunnels
from tests.chat.test_cards import CONFIRMED, PENDING, T0
from tests.domain import spoken

NOT_INVITED = "not_in_channel"
CODES = ("not_in_channel", "is_archived", "restricted_action", "<!channel>", "x" * 200)


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
            *(notes.cannot_post(deletion, code) for code in CODES),
            *(notes.no_card(deletion, code, kind) for code in CODES for kind in CodeKind),
            *(notes.kit_not_said(deletion, code, kind) for code in CODES for kind in CodeKind),
        ]
        said += [notes.directly(deletion, body) for body in said]
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
            (
                "The card for vpnx-p0j11j28 is no longer open: expired: nobody decided in time. "
                "Your click did nothing."
            ),
        ),
        (
            replace(
                PENDING,
                state=State.VOID,
                code="not_in_channel",
                code_kind=CodeKind.SLACK,
            ),
            None,
            (
                "The card for vpnx-p0j11j28 is no longer open: not deleted: the card could not be posted: "
                "vpn-bot isn't in that channel. Your click did nothing."
            ),
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
    ids=["unknown card", "confirmed", "cancelled", "stopped", "expired", "void", "another card"],
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
    """The region; no other is made up, and nothing is shown to paste that can't be read."""
    text = notes.no_such_tunnel(PENDING, ["vpnx-p0j11j28"], None)["text"]
    assert "is no VPN tunnel vpnx-p0j11j28 in ap-guangzhou" in text
    assert text.endswith("add --region and its name to the command.")
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
    assert "/vpn delete vpngw-true0000 vpnx-p0j11j28" in text


def test_where_the_bot_cannot_post_it_says_how_to_invite_it() -> None:
    """And that nothing will be deleted meanwhile."""
    text = notes.cannot_post(PENDING, NOT_INVITED)["text"]
    assert "type /invite @vpn-bot" in text
    assert "nothing will be deleted" in text


@pytest.mark.parametrize("code", SLACK_CODES)
def test_where_an_announcement_fails_nobody_is_told_to_ask_again(code: str) -> None:
    """The deletion goes on, and so does a freeze; only the other channel is to be mended."""
    for note in (notes.cannot_announce("C0GENERAL01", code), notes.cannot_tell("C0GENERAL01", code)):
        assert "ask again" not in note["text"].lower()


def asked_for(command: DeleteCommand) -> Deletion:
    """The ask that such a command makes, in the region that it named or another."""
    return replace(
        PENDING,
        state=State.ASKED,
        tunnel=None,
        tunnel_id=next(iter(command.tunnel_ids), ""),
        wanted=command.tunnel_ids,
        batch_size=max(1, len(command.tunnel_ids)),
        gateway_id=command.gateway_id,
        region=command.region or "ap-guangzhou",
        reason=command.reason,
        break_glass=command.break_glass,
    )


def suggested(body: dict[str, Any]) -> str:
    """The command that a note shows, as somebody copies it from Slack: it is also the end of its text."""
    (block,) = (one for one in objects(body["blocks"]) if one.get("type") == "rich_text_preformatted")
    command = str(block["elements"][0]["text"])
    assert body["text"].endswith(escape(command))
    return command


@given(command=spoken.deletes)
@example(replace(spoken.GLASS, region="ap-singapore", reason='it said "no", <twice> & `once`'))
def test_a_command_that_a_note_shows_means_what_was_meant(command: DeleteCommand) -> None:
    """Pasted as it stands it asks for the same, in the same region, with the same reason and incident.

    The gateway alone is another: the tunnel's own, or, of several tunnels, none.
    """
    asked = asked_for(command)
    same = replace(command, region=asked.region)
    several = len(command.tunnel_ids) > 1
    notes_with_what_they_mean = {
        "cannot post": (
            notes.cannot_post(asked, NOT_INVITED),
            replace(same, gateway_id=None) if several else same,
        )
    }
    if command.tunnel_ids:
        tunnel = Tunnel(tunnel_id=command.tunnel_ids[0], gateway_id="vpngw-true0000")
        notes_with_what_they_mean["other gateway"] = (
            notes.other_gateway(replace(asked, gateway_id="vpngw-typed000"), tunnel),
            replace(same, gateway_id=None if several else "vpngw-true0000"),
        )
    for body, meant in notes_with_what_they_mean.values():
        pasted = suggested(body)
        assert pasted.startswith("/vpn ")
        assert parse(as_sent(pasted.removeprefix("/vpn "))) == meant


def test_a_command_that_could_not_be_read_is_not_shown() -> None:
    """Too long, or about something that the ledger no longer tells: then it isn't guessed."""
    many = asked_for(replace(spoken.BARE, tunnel_ids=tuple(f"vpnx-{n:08}" for n in range(200))))
    damaged = replace(PENDING, wanted=(), batch_size=3, tunnel=None)
    for deletion in (many, damaged):
        body = notes.cannot_post(deletion, "not_in_channel")
        assert "blocks" not in body
        assert body["text"].endswith("then ask again.")

"""The connection to PostgreSQL is lost at the COMMIT of what somebody did: what they are told is so."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from bot.rehearsal.slack_people import Ack
from bot.rehearsal.stage import Stage
from handlers.desk import (
    LOOK_AT_FREEZES,
    LOOK_AT_THE_CARD,
    LOOK_FOR_A_CARD,
    STOP_IS_KEPT,
    STOP_IS_UNCLEAR,
    TRY_AGAIN,
)
from tests.e2e.careful import CAREFUL, confirm_typed, dialog, errors, type_into
from tests.e2e.play import CHANNEL, Play, words
from tests.relay import Relay, relay

ANSWERED_WITHIN_MS = 3_000
WINDOW_S = 60
HELD_BY = {
    "asked": "SELECT count(*) FROM deletions WHERE reason = %s",
    "decided": "SELECT count(*) FROM deletions WHERE tunnel_id = %s AND decided_at IS NOT NULL",
    "stopped": "SELECT count(*) FROM deletions WHERE tunnel_id = %s AND stopped_by IS NOT NULL",
    "again": "SELECT count(*) - 1 FROM deletions WHERE tunnel_id = %s",
    "frozen": "SELECT count(*) FROM freezes WHERE reason = %s",
    "unfrozen": "SELECT count(*) FROM freezes WHERE reason = %s AND lifted_at IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A stage whose bot reaches its database through a relay; `url` leads there directly."""

    play: Play
    relay: Relay
    url: str

    def count(self, what: str, about: str) -> int:
        """How often the ledger holds it, read behind the relay's back."""
        with psycopg.connect(self.url) as connection:
            (found,) = connection.execute(HELD_BY[what].encode(), [about]).fetchone() or (0,)
            return int(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that a person does. marks: what only its transaction holds; held: by which words to look.

    do: gives the private answer, "" for none. done: part of the answer where it was taken.
    """

    marks: tuple[str, ...]
    held: tuple[str, str]
    do: Callable[[], str]
    done: str
    unclear: str
    not_done: str = TRY_AGAIN


@contextmanager
def opened(postgres_server: str, **settings: str) -> Iterator[Place]:
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = f"{postgres_server.rpartition('/')[0]}/{name}"
    with (
        relay(url) as (running, through),
        Stage(settings={**settings, "VPN_BOT_DATABASE_URL": through}) as stage,
    ):
        stage.start_bot()
        yield Place(Play(stage), running, url)


@pytest.fixture(scope="module")
def plain(postgres_server: str) -> Iterator[Place]:
    """One click decides."""
    with opened(postgres_server) as place:
        yield place


@pytest.fixture(scope="module")
def careful(postgres_server: str) -> Iterator[Place]:
    """A typed id decides, and then there is time for Stop."""
    with opened(postgres_server, **{**CAREFUL, "VPN_BOT_ABORT_WINDOW_S": str(WINDOW_S)}) as place:
        yield place


def answer(ack: Ack) -> str:
    """What was answered at once."""
    assert ack.acked, ack.error
    assert ack.ms < ANSWERED_WITHIN_MS
    response = ack.response or {}
    return words(response.get("blocks", ())) or str(response.get("text", ""))


def pressed(play: Play, ts: str, action_id: str) -> str:
    """What Ben is told for a press; "" where nothing is said within the time for the slowest answer."""
    before = len(play.private("ben"))
    assert answer(play.stage.slack.press("ben", CHANNEL, ts, action_id)) == ""
    try:
        return play.wait(lambda: (play.private("ben")[before:] or [""])[0], 1.0)
    except TimeoutError:
        return ""


def ask(place: Place) -> Deed:
    reason, tunnel = f"reason-{secrets.token_hex(4)}", place.play.stage.vpc.add_tunnel()
    return Deed(
        marks=(reason,),
        held=("asked", reason),
        do=lambda: answer(place.play.ask(f"delete {tunnel} --reason {reason}")),
        done="Looking up",
        unclear=LOOK_FOR_A_CARD,
    )


def click(place: Place, action_id: str = "confirm_deletion") -> Deed:
    card = place.play.new_card()
    return Deed(
        marks=("clicked",),
        held=("decided", card.tunnel_id),
        do=lambda: pressed(place.play, card.ts, action_id),
        done="",
        unclear=LOOK_AT_THE_CARD,
    )


def cancel(place: Place) -> Deed:
    return click(place, "cancel_deletion")


def ask_again(place: Place) -> Deed:
    card = place.play.new_card(options="--reason again")
    place.play.stage.vpc.set_state(card.tunnel_id, VpnConnectionName="renamed")
    card.confirm()
    card.wait_reply("what matters has changed")
    place.play.wait(lambda: "fresh_card" in [button["action_id"] for button in card.message.buttons])
    return Deed(
        marks=("asked", card.tunnel_id),
        held=("again", card.tunnel_id),
        do=lambda: pressed(place.play, card.ts, "fresh_card"),
        done="",
        unclear=LOOK_FOR_A_CARD,
    )


def freeze(place: Place) -> Deed:
    reason = f"reason-{secrets.token_hex(4)}"
    return Deed(
        marks=(reason,),
        held=("frozen", reason),
        do=lambda: answer(place.play.ask(f"freeze vpngw-7lcl5332 1h {reason}")),
        done="Frozen",
        unclear=LOOK_AT_FREEZES,
    )


def unfreeze(place: Place) -> Deed:
    reason = f"reason-{secrets.token_hex(4)}"
    assert "Frozen" in answer(place.play.ask(f"freeze vpngw-7lcl5332 1h {reason}"))
    return Deed(
        # With the gateway: what the outbox writes of another unfreeze's message has the word too.
        marks=("unfrozen", "vpngw-7lcl5332"),
        held=("unfrozen", reason),
        do=lambda: answer(place.play.ask("unfreeze vpngw-7lcl5332")),
        done="Unfrozen",
        unclear=LOOK_AT_FREEZES,
    )


def type_it(place: Place) -> Deed:
    card = place.play.new_card()
    view = dialog(card, "ben")

    def do() -> str:
        ack = type_into(place.play, "ben", view, card.tunnel_id)
        assert ack.acked, ack.error
        assert ack.ms < ANSWERED_WITHIN_MS
        if errors(ack):
            return str(errors(ack)["tunnel_id"])
        left = [one for one in place.play.stage.slack.views("ben") if one.view_id == view.view_id]
        return words(left[0].body["blocks"]) if left else ""

    return Deed(
        marks=("clicked",), held=("decided", card.tunnel_id), do=do, done="", unclear=LOOK_AT_THE_CARD
    )


def stop(place: Place) -> Deed:
    card = place.play.new_card()
    confirm_typed(card)
    card.wait_text("Deleting in")
    return Deed(
        marks=("stopped",),
        held=("stopped", card.tunnel_id),
        do=lambda: pressed(place.play, card.ts, "stop_deletion"),
        done="Stopped",
        unclear=STOP_IS_UNCLEAR,
        not_done=STOP_IS_KEPT,
    )


DEEDS = {
    **{f"plain {deed.__name__}": deed for deed in (ask, click, cancel, ask_again, freeze, unfreeze)},
    **{f"careful {deed.__name__}": deed for deed in (type_it, stop)},
}


@pytest.mark.parametrize("stay_down", [False, True], ids=["cut", "cut and away"])
@pytest.mark.parametrize("forwarded", [True, False], ids=["committed", "not committed"])
@pytest.mark.parametrize("name", DEEDS)
def test_what_is_said_is_what_the_ledger_holds(
    request: pytest.FixtureRequest, name: str, forwarded: bool, stay_down: bool
) -> None:
    """Taken, surely not, or not known: and where it isn't known, where to look. A Stop is taken later."""
    place: Place = request.getfixturevalue(name.split()[0])
    deed = DEEDS[name](place)
    assert place.count(*deed.held) == 0
    marks = [mark.encode() for mark in deed.marks]
    cut = place.relay.cut_commit(*marks, forwarded=forwarded, stay_down=stay_down)
    said = deed.do()
    cut.wait()
    held = place.count(*deed.held)
    place.relay.open()
    if deed.not_done == STOP_IS_KEPT:
        # It is written again once the ledger is back, which may have been before one could look.
        place.play.wait(lambda: place.count(*deed.held) == 1)
    else:
        assert held == forwarded
    if stay_down:
        assert deed.unclear in said
    elif forwarded:
        assert deed.done in said
        assert deed.not_done not in said
        assert "isn't known" not in said
    else:
        assert deed.not_done in said


def test_a_freeze_that_holds_is_said_to_hold_whatever_fails_next(plain: Place) -> None:
    """One transaction places it and looks whether the gateway is known."""
    reason = f"reason-{secrets.token_hex(4)}"
    cut = plain.relay.cut_after(reason.encode())
    said = answer(plain.play.ask(f"freeze vpngw-7lcl5332 1h {reason}"))
    cut.wait()
    plain.relay.open()
    assert "Frozen" in said
    assert "never met vpngw-7lcl5332 before" in said
    assert plain.count("frozen", reason) == 1


def test_who_may_not_is_told_so_although_the_ledger_is_away(plain: Place) -> None:
    """Trying again in a minute would not help Dora."""
    card = plain.play.new_card()
    plain.relay.shut()
    said = answer(plain.play.ask("delete vpnx-p0j11j28", "dora"))
    plain.relay.open()
    assert "aren't one of vpn-bot's operators" in said
    card.cancel()
    card.wait_text("Cancelled")


def test_what_may_have_been_taken_goes_on_by_itself(plain: Place) -> None:
    """A card comes for an ask whose COMMIT was carried out, although nobody was told so."""
    reason, tunnel = f"reason-{secrets.token_hex(4)}", plain.play.stage.vpc.add_tunnel()
    plain.relay.cut_commit(reason.encode(), forwarded=True, stay_down=True)
    assert answer(plain.play.ask(f"delete {tunnel} --reason {reason}")) == LOOK_FOR_A_CARD
    plain.relay.open()
    plain.play.wait(
        lambda: next((m for m in plain.play.stage.slack.messages(CHANNEL) if tunnel in m.text), None)
    )

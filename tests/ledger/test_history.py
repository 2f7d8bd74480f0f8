"""The audit trail: of one tunnel, with what happened to the card that it shared; of a person; since when."""

from dataclasses import replace

from bot.domain.model import State
from bot.ledger.history import History, HistoryQuery
from tests.ledger.opened import ANA, BEN, T0, TUNNEL, Replica

SECOND = replace(TUNNEL, tunnel_id="vpnx-k2m4n6p8")
ALONE = replace(TUNNEL, tunnel_id="vpnx-a10ne000")


def test_the_trail_of_a_tunnel_of_several_has_who_asked_and_confirmed(first: Replica) -> None:
    """These stand under the card's id; what happened to its other tunnels isn't shown."""
    first.clear(first.show(TUNNEL, SECOND))
    for held in first.claims.claim(10, [State.CONFIRMED]):
        first.claims.send(held)
    first.show(ALONE)
    history = History(first.database)
    trail = list(history.events(HistoryQuery(tunnel_id=SECOND.tunnel_id)))
    assert [event.kind for event in trail] == ["asked", "shown", "clicked", "confirmed", "sent"]
    assert [event.tunnel_id for event in trail if event.tunnel_id] == [SECOND.tunnel_id]
    assert {event.actor for event in trail if event.kind == "confirmed"} == {BEN}
    alone = history.events(HistoryQuery(tunnel_id=ALONE.tunnel_id))
    assert [event.kind for event in alone] == ["asked", "shown"]


def test_the_trail_of_a_person_has_what_they_did_and_no_more(first: Replica) -> None:
    """Not what others did to what they had asked for."""
    first.decide(first.show(), by=BEN)
    history = History(first.database)
    for person, kinds in ((ANA, ["asked"]), (BEN, ["clicked", "confirmed"])):
        assert [event.kind for event in history.events(HistoryQuery(user_id=person))] == kinds


def test_since_a_moment_is_that_moment_and_all_after_it(first: Replica) -> None:
    """Of the trail, what happened since; of the deletions, those that were asked for since."""
    card = first.show()
    first.clock.now = T0 + 60
    first.decide(card)
    history = History(first.database)
    found = {
        since: (
            [event.kind for event in history.events(HistoryQuery(since=T0 + since))],
            len(history.deletions(HistoryQuery(since=T0 + since), limit=9)),
        )
        for since in (0, 1, 60, 61)
    }
    assert found == {
        0: (["asked", "shown", "clicked", "confirmed"], 1),
        1: (["clicked", "confirmed"], 0),
        60: (["clicked", "confirmed"], 0),
        61: ([], 0),
    }

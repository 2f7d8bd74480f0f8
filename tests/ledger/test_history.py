"""The audit trail of one tunnel: its own events, and those of the card that it shared."""

from dataclasses import replace

from bot.domain.model import State
from bot.ledger.history import History, HistoryQuery
from tests.ledger.opened import BEN, TUNNEL, Replica

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

"""The last look before anything is sent: is what was confirmed still what the card showed?"""

from collections.abc import Iterator, Mapping, Set

from bot.chat import replies
from bot.domain.explain import OwnCode
from bot.domain.model import Deletion, Saying, State, Tunnel
from bot.domain.risk import Change, Surroundings, changes
from bot.domain.undo import changed, from_text, kit_for
from bot.errors import NoUndoKit
from bot.ledger.cards import Cards, Confirmed
from bot.ledger.claims import Claims
from bot.ledger.rows import Held
from bot.work.lookout import Lookout, passing
from bot.work.tries import Tries

KIT_AGAIN_S = 0.2


class Clearing:
    """Lets a confirmed card go on, makes it wait, or voids it; it never sends anything."""

    def __init__(self, *, lookout: Lookout, claims: Claims, cards: Cards, tries: Tries) -> None:
        self._lookout = lookout
        self._claims = claims
        self._cards = cards
        self._tries = tries

    def clear(self, held: Held) -> bool:
        """Whether this deletion may be sent right now; where not, what comes next is written.

        A card with several tunnels is cleared as a whole, and then each of them comes again.
        """
        deletion = held.deletion
        confirmed = self._cards.confirmed(deletion)
        if confirmed.freeze is not None:
            self._void(held, OwnCode.FROZEN, replies.frozen_since(confirmed.freeze))
        elif confirmed.kits_unsaid or confirmed.kits.keys() < {row.deletion_id for row in confirmed.rows}:
            self._wait_for_kits(held)
        else:
            around = self._lookout.around(deletion.region, self._known(confirmed))
            was_unread = any(row.stake and row.stake.unread for row in confirmed.rows)
            why = "" if was_unread else passing(around.values())
            if why:
                self._look_again(held, why)
            elif found := list(self._changes(confirmed, around)):
                self._void(held, OwnCode.CHANGED, replies.changed(deletion, found))
            elif deletion.batch_size > 1:
                self._cards.clear(held)
            else:
                return True
        return False

    @staticmethod
    def _known(confirmed: Confirmed) -> Iterator[Tunnel]:
        return (row.tunnel for row in confirmed.rows if row.tunnel is not None)

    def _changes(
        self, confirmed: Confirmed, around: Mapping[str, Surroundings]
    ) -> Iterator[tuple[str, tuple[Change, ...]]]:
        """Each tunnel's id with what isn't as the card showed it; nothing for one that is the same."""
        leaving = confirmed.leaving | {row.tunnel_id for row in confirmed.rows}
        for row in confirmed.rows:
            found = self._compare(row, confirmed, around, leaving)
            if found:
                yield row.tunnel_id, found

    def _compare(
        self,
        row: Deletion,
        confirmed: Confirmed,
        around: Mapping[str, Surroundings],
        leaving: Set[str],
    ) -> tuple[Change, ...]:
        if row.tunnel is None or row.stake is None:
            return ()  # damaged: it is set aside when its turn comes, and never sent
        surroundings = around[row.tunnel_id]
        now = surroundings.now
        if not isinstance(now, Tunnel):
            gone = "isn't there any more" if now is None else "can't be read"
            return (Change(what="The tunnel", before=row.tunnel.state, now=gone),)
        stake = self._lookout.stake(now, surroundings, leaving)
        found = changes(row.tunnel, row.stake, now, stake)
        if found:
            return found
        try:
            kit = kit_for(now, surroundings.routes, row.region)
        except NoUndoKit as error:
            return (Change(what="Undo kit", before="", now=str(error)),)
        other = changed(from_text(confirmed.kits[row.deletion_id]), kit)
        return (Change(what="Other settings", before="", now=", ".join(other)),) if other else ()

    def _wait_for_kits(self, held: Held) -> None:
        if self._tries.in_time(held.deletion):
            self._claims.advance(held, State.CONFIRMED, event=None, after_s=KIT_AGAIN_S)
        else:
            self._void(held, OwnCode.NO_KIT, replies.not_cleared(OwnCode.NO_KIT))

    def _look_again(self, held: Held, code: str) -> None:
        """The look failed, and nothing is sent without one; said once, and tried until the deadline."""
        deletion = held.deletion
        if not self._tries.in_time(deletion):
            self._void(held, code, replies.not_cleared(code))
            return
        body = replies.waiting(deletion, code, deletion.retry_until or 0)
        self._claims.advance(
            held,
            State.CONFIRMED,
            event="look failed",
            after_s=self._tries.pause_s(deletion),
            says=[Saying(kind="waiting", body=body)],
            waiting_code=code,
            attempts=deletion.attempts + 1,
        )

    def _void(self, held: Held, code: str, body: Mapping[str, object]) -> None:
        self._cards.void(held, code, Saying(kind="void", body=body))

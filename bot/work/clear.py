"""The last look before anything is sent: is what was confirmed still what the card showed?"""

from collections.abc import Mapping, Sequence

from bot.chat import replies
from bot.domain.explain import OwnCode
from bot.domain.model import Deletion, Route, Saying, State, Tunnel, Unreadable
from bot.domain.risk import HEALTH_CHECK, NET_STATUS, STATE, Change, Surroundings, changes, own_changes
from bot.domain.undo import UndoKit, changed, from_text, kit_for
from bot.errors import NoUndoKit
from bot.ledger.cards import Cards, Confirmed
from bot.ledger.claims import Claims
from bot.ledger.rows import Held
from bot.work.lookout import Lookout, passing
from bot.work.tries import Tries

KIT_AGAIN_S = 0.2
# The tunnels of a card that was cleared are sent one after the other; after a standstill, each is looked at.
CLEARED_FOR_S = 30.0
MAY_BE_OURS = (STATE, NET_STATUS, HEALTH_CHECK)
# Why it could not be read now, "" where it was; else each tunnel's id with what isn't as the card showed it.
Look = tuple[str, list[tuple[str, tuple[Change, ...]]]]


class Clearing:
    """Lets a confirmed card go on, makes it wait, or voids it; it never sends anything."""

    def __init__(self, *, lookout: Lookout, claims: Claims, cards: Cards, tries: Tries) -> None:
        self._lookout = lookout
        self._claims = claims
        self._cards = cards
        self._tries = tries

    def clear(self, held: Held) -> bool:
        """Whether this deletion may be sent right now; where not, what comes next is written.

        A card with several tunnels is cleared as a whole, and then each of them comes again. Whatever is
        sent once more is looked at once more.
        """
        deletion = held.deletion
        with_its_card = deletion.cleared_at is None and deletion.sent_at is None
        if self._was_just_cleared(deletion):
            return True
        if (left_s := self._tries.window_left_s(deletion)) > 0:
            self._claims.advance(held, State.CONFIRMED, event="clock set ahead", after_s=left_s)
            return False
        confirmed = self._cards.confirmed(deletion)
        if confirmed.freeze is not None:
            self._end(held, OwnCode.FROZEN, replies.frozen_since(confirmed.freeze))
        elif confirmed.kits_lost or confirmed.kits.keys() < {row.deletion_id for row in confirmed.rows}:
            self._end(held, OwnCode.NO_KIT, replies.not_cleared(OwnCode.NO_KIT))
        elif confirmed.kits_due:
            self._wait_for_kits(held)
        else:
            why, found = self._look_at_all(confirmed) if with_its_card else self._look_at_one(confirmed)
            if why:
                self._look_again(held, why)
            elif found:
                self._end(held, OwnCode.CHANGED, replies.changed(deletion, found))
            elif deletion.batch_size > 1 and with_its_card:
                self._cards.clear(held)
            else:
                return True
        return False

    def _was_just_cleared(self, deletion: Deletion) -> bool:
        since_s = self._tries.clock() - (deletion.cleared_at or 0)
        return deletion.sent_at is None and 0 <= since_s < CLEARED_FOR_S

    def _look_at_all(self, confirmed: Confirmed) -> Look:
        known = (row.tunnel for row in confirmed.rows if row.tunnel is not None)
        around = self._lookout.around(confirmed.rows[0].region, known)
        was_unread = any(row.stake and row.stake.unread for row in confirmed.rows)
        why = "" if was_unread else passing(around.values())
        compared = [(row.tunnel_id, self._compare(row, confirmed, around)) for row in confirmed.rows]
        return why, [(tunnel_id, found) for tunnel_id, found in compared if found]

    def _look_at_one(self, confirmed: Confirmed) -> Look:
        """The tunnel by itself: a card of a thousand can't be looked at around each that is sent again."""
        (row,) = confirmed.rows
        if row.tunnel is None:
            raise ValueError("confirmed, and never shown")
        now = self._lookout.again(row.region, row.tunnel_id)
        if isinstance(now, Unreadable) and now.passing:
            return now.passing, []
        if not isinstance(now, Tunnel):
            return "", [(row.tunnel_id, _not_there(row.tunnel, now))]
        kit = from_text(confirmed.kits[row.deletion_id])
        # What the cloud was waited for may have passed; a try that perhaps was carried out changes more.
        but = MAY_BE_OURS if row.unclear else () if row.sent_at is None else (STATE,)
        found = own_changes(row.tunnel, now, but=but)
        found = found or _other_settings(kit, now, kit.routes)
        return "", [(row.tunnel_id, found)] if found else []

    def _compare(
        self, row: Deletion, confirmed: Confirmed, around: Mapping[str, Surroundings]
    ) -> tuple[Change, ...]:
        if row.tunnel is None or row.stake is None:
            return ()  # damaged: it is set aside when its turn comes, and never sent
        surroundings = around[row.tunnel_id]
        now = surroundings.now
        if not isinstance(now, Tunnel):
            return _not_there(row.tunnel, now)
        stake = self._lookout.stake(now, surroundings, confirmed.leaving)
        found = changes(row.tunnel, row.stake, now, stake)
        kit = from_text(confirmed.kits[row.deletion_id])
        return found or _other_settings(kit, now, surroundings.routes)

    def _wait_for_kits(self, held: Held) -> None:
        if self._tries.in_time(held.deletion):
            self._claims.advance(held, State.CONFIRMED, event=None, after_s=KIT_AGAIN_S)
        else:
            self._end(held, OwnCode.NO_KIT, replies.not_cleared(OwnCode.NO_KIT))

    def _look_again(self, held: Held, code: str) -> None:
        """The look failed, and nothing is sent without one; said once, and tried until the deadline."""
        deletion = held.deletion
        if not self._tries.in_time(deletion):
            self._end(held, code, replies.not_cleared(code))
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

    def _end(self, held: Held, code: str, body: Mapping[str, object]) -> None:
        """It isn't sent. body: why, for the thread."""
        deletion, says = held.deletion, Saying(kind="void", body=body)
        if deletion.unclear:
            # An earlier try may have been carried out: the end is said after one more look.
            self._claims.advance(
                held, State.DELETING, event="not sent again", code=code, retry_until=self._tries.clock()
            )
        elif deletion.batch_size > 1 and deletion.cleared_at is None:
            self._cards.void(held, code, says)
        else:
            self._claims.advance(held, State.VOID, event="void", code=code, says=[says])


def _not_there(before: Tunnel, now: Unreadable | None) -> tuple[Change, ...]:
    what = "isn't there any more" if now is None else "can't be read"
    return (Change(what="The tunnel", before=before.state, now=what),)


def _other_settings(said: UndoKit, now: Tunnel, routes: Sequence[Route] | Unreadable) -> tuple[Change, ...]:
    """What the undo kit in the thread doesn't bring back any more."""
    try:
        kit = kit_for(now, routes, said.region)
    except NoUndoKit as error:
        return (Change(what="Undo kit", before="", now=str(error)),)
    other = changed(said, kit)
    return (Change(what="Other settings", before="", now=", ".join(other)),) if other else ()

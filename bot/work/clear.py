"""The last look before anything is sent: is what was confirmed still what the card showed?"""

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from bot.chat import replies
from bot.domain.changes_in_words import in_words, is_being_deleted
from bot.domain.explain import CodeKind, OwnCode
from bot.domain.model import Deletion, Freeze, Saying, State, Tunnel, Unreadable
from bot.domain.risk import (
    ELSEWHERE,
    NO_LONGER_EXISTS,
    ON_ANOTHER_GATEWAY,
    Change,
    changes,
    changes_since_a_try,
)
from bot.domain.undo import from_text, other_settings
from bot.ledger.cards import Cards, Confirmed
from bot.ledger.claims import Claims
from bot.ledger.deciding import PACE_S
from bot.ledger.rows import Held
from bot.work.abort_window import Passed, Window
from bot.work.lookout import Lookout, passing
from bot.work.looks import Look, Looks
from bot.work.tries import Tries

KIT_AGAIN_S = 0.2
SAID_AFTER_S = 2.0
# Due for longer than this, a deletion was left alone: its bot was away, or a clock leapt ahead.
LATE_S = 6.0

_NONE: Mapping[str, OwnCode] = MappingProxyType({})
Found = Sequence[tuple[str, Sequence[Change]]]  # tunnels' ids, with what isn't as it was shown


class Clearing:
    """Lets a confirmed card go on, makes it wait, or voids it; it never sends anything."""

    def __init__(
        self,
        *,
        lookout: Lookout,
        claims: Claims,
        cards: Cards,
        tries: Tries,
        window: Window,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookout = lookout
        self._claims = claims
        self._cards = cards
        self._tries = tries
        self._window = window
        self._looks = Looks(monotonic)

    def clear(self, held: Held) -> bool:
        """Whether this deletion may be sent right now; where not, what comes next is written.

        A card with several tunnels is cleared as a whole, and then each of them comes again, to be compared
        with a look that is some seconds old at most. Whatever is sent once more is looked at once more.
        """
        deletion = held.deletion
        confirmed = self._cards.confirmed(deletion)
        if self._is_too_late(held):
            self._end(held, OwnCode.TOO_LATE, replies.not_cleared(deletion, OwnCode.TOO_LATE))
        elif self._window.is_card_gone(deletion):
            self._end(held, OwnCode.CARD_GONE, replies.not_cleared(deletion, OwnCode.CARD_GONE))
        elif confirmed.freeze is not None:
            self.freeze(held, confirmed.freeze)
        elif confirmed.kits_lost or confirmed.kits.keys() < {row.deletion_id for row in confirmed.rows}:
            self._end(held, OwnCode.NO_KIT, replies.not_cleared(deletion, OwnCode.NO_KIT))
        elif confirmed.kits_due:
            self._wait(held, KIT_AGAIN_S, OwnCode.NO_KIT)
        elif deletion.tunnel is None or deletion.stake is None:
            self._end(held, OwnCode.SET_ASIDE, replies.set_aside(deletion))
        elif _is_first(deletion) and deletion.window_s and not self._had_window(held):
            pass
        else:
            return self._is_as_shown(held, confirmed)
        return False

    def freeze(self, held: Held, freeze: Freeze) -> None:
        """A freeze holds by now: this isn't sent."""
        self._end(held, OwnCode.FROZEN, replies.frozen_since(held.deletion, freeze))

    def _is_too_late(self, held: Held) -> bool:
        """Nobody tried until the time to try was over: what people confirmed then is long ago.

        Or the clock was set back since: nobody knows how long ago that is.
        """
        deletion = held.deletion
        if deletion.sent_at is not None:
            return False
        set_back = (deletion.decided_at or 0.0) > self._tries.clock() + LATE_S
        its_turn_s = LATE_S + 2 * PACE_S * deletion.batch_size
        return set_back or (held.late_s > its_turn_s and not self._tries.in_time(deletion))

    def _had_window(self, held: Held) -> bool:
        """Whether people could press Stop in all of the abort window."""
        passed = self._window.passed(held)
        code: str | None = {Passed.TOO_LATE: OwnCode.TOO_LATE, Passed.NO_CARD: OwnCode.CARD_GONE}.get(passed)
        if code is not None:
            slacks = self._window.refused_code(held.deletion)
            kind = CodeKind.OWN if slacks is None else CodeKind.SLACK
            code = slacks or code
            self._end(held, code, replies.not_cleared(held.deletion, code, kind), kind=kind)
        return passed is Passed.YES

    def _is_as_shown(self, held: Held, confirmed: Confirmed) -> bool:
        deletion = held.deletion
        look = self._look(deletion, confirmed)
        around = [
            (row.stake, look.around[row.tunnel_id]) for row in confirmed.rows if row.tunnel and row.stake
        ]
        unread = next(filter(None, (passing(stake, one) for stake, one in around)), "")
        unseen = next((one.now for _, one in around if isinstance(one.now, Unreadable)), None)
        if unseen and not unseen.passing:
            self._end(held, unseen.code, replies.not_cleared(deletion, unseen.code))
        elif unseen or unread:
            self._look_again(held, unseen.code if unseen else unread)
        elif found := self._compare_all(confirmed, look):
            self._changed(held, confirmed, found)
        elif deletion.batch_size > 1 and _is_first(deletion):
            self._cards.clear(held)
        else:
            return True
        return False

    def _changed(self, held: Held, confirmed: Confirmed, found: Found) -> None:
        deletion = held.deletion
        found = self._where_they_are(deletion.region, confirmed, found)
        gone = frozenset(one for one, changes in found if NO_LONGER_EXISTS in changes)
        if len(gone) == len(confirmed.rows) and not deletion.unclear:
            left_out = dict.fromkeys(gone, OwnCode.ALREADY_GONE)
            self._end(held, OwnCode.ALREADY_GONE, replies.already_gone(deletion), left_out=left_out)
            return
        busy = [one for one, changes in found if is_being_deleted(changes)]
        left_out = dict.fromkeys(gone, OwnCode.ALREADY_GONE) | dict.fromkeys(busy, OwnCode.BEING_DELETED)
        fresh = len(left_out) < len(confirmed.rows)
        code = OwnCode.BEING_DELETED if busy and deletion.batch_size == 1 else OwnCode.CHANGED
        words, body = in_words(found, deletion.batch_size), replies.changed(deletion, found, fresh=fresh)
        self._end(held, code, body, message=words, left_out=left_out)

    def _where_they_are(self, region: str, confirmed: Confirmed, found: Found) -> Found:
        """What is known of those that are no longer on their gateways: gone, or on another one."""
        missing = [tunnel_id for tunnel_id, changes in found if ELSEWHERE in changes]
        there = self._lookout.on_any_gateway(region, missing) if missing else {}
        if there is None:
            return found
        moved = {row.tunnel_id for row in confirmed.rows if _is_on_another(row, there.get(row.tunnel_id))}
        told = dict.fromkeys(set(missing) - there.keys(), (NO_LONGER_EXISTS,))
        told |= dict.fromkeys(moved, (ON_ANOTHER_GATEWAY,))
        return [(tunnel_id, told.get(tunnel_id, changes)) for tunnel_id, changes in found]

    def _look(self, deletion: Deletion, confirmed: Confirmed) -> Look:
        region, card_id = deletion.region, deletion.card_id

        def read(tunnels: Sequence[Tunnel]) -> Look:
            leaving = self._cards.leaving(region, card_id)
            return Look(around=self._lookout.around(region, tunnels), leaving=leaving)

        if deletion.batch_size == 1:
            return read([row.tunnel for row in confirmed.rows if row.tunnel is not None])
        return self._looks.of(card_id, deletion.tunnel_id, lambda: read(self._cards.to_send(card_id)))

    def _compare_all(self, confirmed: Confirmed, look: Look) -> list[tuple[str, tuple[Change, ...]]]:
        """Each tunnel's id with what isn't as the card showed it; nothing for one that is the same."""
        compared = [(row.tunnel_id, self._compare(row, confirmed.kits, look)) for row in confirmed.rows]
        return [(tunnel_id, found) for tunnel_id, found in compared if found]

    def _compare(self, row: Deletion, kits: Mapping[str, str], look: Look) -> tuple[Change, ...]:
        if row.tunnel is None or row.stake is None:
            return ()  # damaged: it is set aside when its turn comes, and never sent
        around = look.around[row.tunnel_id]
        if not isinstance(around.now, Tunnel):
            return (ELSEWHERE,)
        stake = self._lookout.stake(around.now, around, look.leaving)
        kit = from_text(kits[row.deletion_id])
        if row.sent_at is None:
            found = changes(row.tunnel, row.stake, around.now, stake)
            return found or other_settings(kit, around.now, around.routes, around.ccn_routes)
        found = changes_since_a_try(row.tunnel, row.stake, around.now, stake, unclear=row.unclear)
        return found or other_settings(kit, around.now, kit.routes, kit.ccn_routes or ())

    def _wait(self, held: Held, after_s: float, code: str) -> None:
        """What has to be so first isn't yet; until the deadline. The card tells of kits that take long."""
        deletion = held.deletion
        if self._tries.in_time(deletion):
            long = code == OwnCode.NO_KIT and self._tries.clock() - (deletion.send_at or 0.0) > SAID_AFTER_S
            waiting = code if long else deletion.waiting_code
            self._claims.advance(held, State.CONFIRMED, event=None, after_s=after_s, waiting_code=waiting)
        else:
            self._end(held, code, replies.not_cleared(deletion, code))

    def _look_again(self, held: Held, code: str) -> None:
        """The look failed, and nothing is sent without one; said once, and tried until the deadline."""
        deletion = held.deletion
        if not self._tries.in_time(deletion):
            self._end(held, code, replies.not_cleared(deletion, code))
            return
        body = replies.waiting(deletion, code, deletion.retry_until or 0, look=True)
        self._claims.advance(
            held,
            State.CONFIRMED,
            event="look failed",
            after_s=self._tries.pause_s(deletion),
            says=[Saying(kind="waiting", body=body)],
            waiting_code=code,
            attempts=deletion.attempts + 1,
        )

    def _end(
        self,
        held: Held,
        code: str,
        body: Mapping[str, object],
        *,
        message: str | None = None,
        left_out: Mapping[str, OwnCode] = _NONE,
        kind: CodeKind | None = None,
    ) -> None:
        """It isn't sent. body: why, for the thread; message: in a few words, for the card.

        left_out: the tunnels that no fresh card can be about, and why. kind: the code's, where it is Slack's.
        """
        deletion, says = held.deletion, Saying(kind="void", body=body)
        if deletion.unclear:
            # An earlier try may have been carried out: the end is said after one more look.
            self._claims.advance(
                held, State.DELETING, event="not sent again", code=code, retry_until=self._tries.clock()
            )
        elif deletion.batch_size > 1 and deletion.cleared_at is None:
            self._cards.void(held, code, says, message=message, left_out=left_out, kind=kind)
        else:
            self._claims.advance(
                held,
                State.VOID,
                event="void",
                code=code,
                code_kind=kind,
                detail=message,
                says=[says],
                message=message,
            )


def _is_first(deletion: Deletion) -> bool:
    """Whether nothing of its card has been cleared or sent."""
    return deletion.cleared_at is None and deletion.sent_at is None


def _is_on_another(row: Deletion, seen: Tunnel | None) -> bool:
    return seen is not None and seen.gateway_id != row.gateway_id

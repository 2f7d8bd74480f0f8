"""What the worker does with a deletion that was decided on: one function a step, to the end.

A step may run twice, its effect may not: DELETING is written before DeleteVpnConnection is sent, and
whoever finds a deletion in that state looks at the tunnel before sending again.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from bot.chat import replies
from bot.cloud.client import VpcClient
from bot.domain.explain import Again, OwnCode, explain, means_gone
from bot.domain.model import Freeze, Saying, State
from bot.errors import CloudError, NotSent, OutcomeUnknown, Refused
from bot.ledger.claims import Claims
from bot.ledger.leases import Leases
from bot.ledger.rows import Held
from bot.work.clear import Clearing
from bot.work.prepare import Preparing, Seen, look_up_each
from bot.work.tries import FIRST_PAUSE_S, Tries, code_of, unless_lost

MOST_FAULTS = 5
log = logging.getLogger(__name__)


class Steps:
    """The steps, over a cloud client and the ledger. They raise LedgerFailed, and no other of ours."""

    def __init__(
        self,
        *,
        cloud: VpcClient,
        claims: Claims,
        leases: Leases,
        preparing: Preparing,
        clearing: Clearing,
        tries: Tries,
    ) -> None:
        self._cloud = cloud
        self._claims = claims
        self._leases = leases
        self._preparing = preparing
        self._clearing = clearing
        self._tries = tries

    def prepare(self, group: Sequence[Held]) -> None:
        """Look up what was asked for, many asks together, and show the cards."""
        self._preparing.prepare(self._readable(group))

    def verify(self, group: Sequence[Held]) -> None:
        """Look whether accepted deletions are done, many in one call."""
        group = self._readable(group)
        # By the first look most tunnels are gone.
        for seen, held in look_up_each(
            self._cloud, group, lambda deletion: [deletion.tunnel_id], mostly_gone=True
        ):
            unless_lost(self._verify, held, seen)

    def act(self, held: Held) -> None:
        """One step of a deletion that somebody decided on, or that nobody decided on in time."""
        step = {
            State.PENDING: self._claims.expire,
            State.CONFIRMED: self._delete,
            State.DELETING: self._recover,
        }[held.deletion.state]
        # An expiry reads nothing of the row.
        for one in [held] if held.deletion.state is State.PENDING else self._readable([held]):
            unless_lost(step, one)

    def broke(self, held: Held) -> None:
        """A step raised what it shouldn't; after some times it is set aside, and the thread says so."""
        log.error("step broke deletion=%s state=%s", held.deletion.deletion_id, held.deletion.state)
        self._claims.broke(
            held,
            most=1 if held.damaged else MOST_FAULTS,
            after_s=FIRST_PAUSE_S,
            says=lambda deletion: [Saying(kind="set aside", body=replies.set_aside(deletion))],
        )

    def _readable(self, group: Sequence[Held]) -> list[Held]:
        """Without the damaged rows: these are set aside, since no further look makes them whole."""
        for held in group:
            if held.damaged:
                unless_lost(self.broke, held)
        return [held for held in group if not held.damaged]

    def _delete(self, held: Held) -> None:
        was_unclear, tried = held.deletion.unclear, held.deletion.waiting_code
        if tried and held.deletion.sent_at and not self._tries.in_time(held.deletion):
            self._not_again(held, tried, unclear=was_unclear)
            return
        if not self._clearing.clear(held):
            return
        deletion = self._claims.send(held)
        if isinstance(deletion, Freeze):
            self._clearing.freeze(held, deletion)
            return
        held = replace(held, deletion=deletion)
        try:
            accepted = self._cloud.delete_vpn_connection(
                region=deletion.region,
                gateway_id=deletion.gateway_id or "",
                tunnel_id=deletion.tunnel_id,
                check=lambda: self._leases.check(held),
            )
        except Refused as error:
            self._refused(held, error, was_unclear=was_unclear)
        except NotSent as error:
            self._try_later(held, error, unclear=was_unclear)
        except OutcomeUnknown as error:
            self._claims.advance(
                held,
                State.DELETING,
                event="no clear answer",
                after_s=self._tries.pause_s(deletion),
                code=code_of(error),
                request_id=error.request_id,
                attempts=deletion.attempts + 1,
            )
        else:
            self._claims.advance(
                held,
                State.VERIFYING,
                event="answered",
                detail="accepted",
                after_s=FIRST_PAUSE_S,
                says=[Saying(kind="accepted", body=replies.accepted(deletion, accepted.request_id))],
                request_id=accepted.request_id,
                code=None,
                waiting_code=None,
                attempts=0,
            )

    def _refused(self, held: Held, error: Refused, *, was_unclear: bool) -> None:
        deletion = held.deletion
        if was_unclear and means_gone(error.code):
            # It isn't there, and an earlier try of ours may have been the one that removed it.
            self._gone(held)
        elif explain(error.code).again is Again.WAIT and (was_unclear or self._tries.in_time(deletion)):
            self._try_later(held, error, unclear=was_unclear)
        else:
            body = replies.refused(deletion, error.code, error.message, error.request_id)
            self._claims.advance(
                held,
                State.REFUSED,
                event="answered",
                says=[Saying(kind="refused", body=body)],
                code=error.code,
                message=error.message,
                request_id=error.request_id,
            )

    def _try_later(self, held: Held, error: Refused | NotSent, *, unclear: bool) -> None:
        """Nothing was done this time; send again after a pause, until the deadline."""
        deletion, code = held.deletion, code_of(error)
        if self._tries.in_time(deletion):
            body = replies.waiting(deletion, code, deletion.retry_until or 0)
            self._claims.advance(
                held,
                State.CONFIRMED,
                event="waiting",
                after_s=self._tries.pause_s(deletion),
                says=[Saying(kind="waiting", body=body)],
                waiting_code=code,
                code=code,
                request_id=getattr(error, "request_id", None),
                unclear=unclear,
                attempts=deletion.attempts + 1,
            )
        else:
            self._not_again(held, code, unclear=unclear)

    def _not_again(self, held: Held, code: str, *, unclear: bool) -> None:
        """The time is up, or somebody pressed Stop, and the last try did nothing."""
        if unclear:
            # An earlier try may have been carried out: the end is said after one more look.
            self._claims.advance(held, State.DELETING, event="time is up", code=code)
            return
        body = replies.refused(held.deletion, code, "", held.deletion.request_id)
        says = [Saying(kind="refused", body=body)]
        self._claims.advance(held, State.REFUSED, event="not sent again", says=says, code=code)

    def _recover(self, held: Held) -> None:
        """DeleteVpnConnection may have been sent, and there is no answer: look before doing it again."""
        deletion = held.deletion
        code = deletion.code or OwnCode.NO_ANSWER
        try:
            seen = self._cloud.look_up(region=deletion.region, tunnel_ids=[deletion.tunnel_id])
        except CloudError:
            if self._tries.in_time(deletion):
                pause_s = self._tries.pause_s(deletion)
                self._claims.advance(
                    held, State.DELETING, event="look failed", after_s=pause_s, attempts=deletion.attempts + 1
                )
            else:
                # The look's own failure says nothing of what became of the deletion.
                self._give_up(held, code, None)
            return
        tunnel = seen.get(deletion.tunnel_id)
        if tunnel is None:
            self._gone(held)
        elif tunnel.state == "DELETING":
            says = [Saying(kind="accepted", body=replies.seen_deleting(deletion))]
            self._claims.advance(
                held, State.VERIFYING, event="seen deleting", after_s=FIRST_PAUSE_S, says=says, attempts=0
            )
        elif self._tries.in_time(deletion):
            says = [Saying(kind="again", body=replies.sending_again(deletion, code, tunnel.state))]
            self._claims.advance(held, State.CONFIRMED, event="still there", says=says, waiting_code=code)
        else:
            self._give_up(held, code, tunnel.state)

    def _verify(self, held: Held, seen: Seen) -> None:
        deletion = held.deletion
        waited_s = self._tries.waited_s(deletion.sent_at or deletion.asked_at)
        if not isinstance(seen, CloudError) and deletion.tunnel_id not in seen:
            self._gone(held)
            return
        state = deletion.last_seen
        if not isinstance(seen, CloudError):
            state = seen[deletion.tunnel_id].state
        if waited_s < self._tries.limits.verify_timeout_s:
            pause_s = self._tries.pause_s(deletion)
            self._claims.advance(
                held,
                State.VERIFYING,
                event=None,
                after_s=pause_s,
                last_seen=state,
                attempts=deletion.attempts + 1,
            )
        else:
            says = [Saying(kind="still there", body=replies.still_there(deletion, state, waited_s))]
            self._claims.advance(
                held, State.UNKNOWN, event="still there", says=says, last_seen=state, code=OwnCode.STILL_THERE
            )

    def _gone(self, held: Held) -> None:
        deletion = held.deletion
        after_s = self._tries.clock() - deletion.sent_at if deletion.sent_at else None
        if after_s is not None and after_s < 0:
            after_s = None  # the clock was set back
        says = [Saying(kind="gone", body=replies.gone(deletion, after_s))]
        self._claims.advance(held, State.GONE, event="gone", says=says, code=None)

    def _give_up(self, held: Held, code: str, state: str | None) -> None:
        deletion = held.deletion
        says = [Saying(kind="gave up", body=replies.gave_up(deletion, code, state))]
        self._claims.advance(held, State.UNKNOWN, event="gave up", says=says, code=code)

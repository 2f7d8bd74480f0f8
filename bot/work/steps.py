"""What the worker does with a deletion that was decided on: one function a step, to the end.

A step may run twice, its effect may not: DELETING is written before DeleteVpnConnection is sent, and
whoever finds a deletion in that state looks at the tunnel before sending again.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from bot.chat import replies
from bot.cloud.client import VpcClient
from bot.domain.explain import Again, explain, means_gone
from bot.domain.model import Freeze, Saying, State
from bot.errors import NotSent, OutcomeUnknown, Refused
from bot.ledger.claims import Claims
from bot.ledger.leases import Leases
from bot.ledger.rows import Held
from bot.work.clear import Clearing
from bot.work.prepare import Preparing
from bot.work.tries import FIRST_PAUSE_S, Tries, code_of, said, unless_lost
from bot.work.verify import Verifying

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
        self._verifying = Verifying(cloud=cloud, claims=claims, tries=tries)

    def prepare(self, group: Sequence[Held]) -> None:
        """Look up what was asked for, many asks together, and show the cards."""
        self._preparing.prepare(self._readable(group))

    def verify(self, group: Sequence[Held]) -> None:
        """Look whether accepted deletions are done, many in one call."""
        self._verifying.verify(self._readable(group))

    def act(self, held: Held) -> None:
        """One step of a deletion that somebody decided on, or that nobody decided on in time."""
        step = {
            State.PENDING: self._claims.expire,
            State.CONFIRMED: self._delete,
            State.DELETING: self._verifying.recover,
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
        was, was_unclear, tried = held.deletion, held.deletion.unclear, held.deletion.waiting_code
        if tried and was.sent_at and not self._tries.in_time(was):
            # What was waited for may be a look; the message is the last try's.
            message = was.message or "" if tried == was.code else ""
            self._not_again(held, tried, message, was.request_id, unclear=was_unclear)
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
                message=said(error) or None,
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
            self._verifying.gone(held)
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
            body = replies.waiting(deletion, code, deletion.retry_until or 0, error.reason)
            self._claims.advance(
                held,
                State.CONFIRMED,
                event="waiting",
                after_s=self._tries.pause_s(deletion),
                says=[Saying(kind="waiting", body=body)],
                waiting_code=code,
                code=code,
                message=said(error) or None,
                request_id=error.request_id,
                unclear=unclear,
                attempts=deletion.attempts + 1,
            )
        else:
            self._not_again(held, code, said(error), error.request_id, unclear=unclear)

    def _not_again(
        self, held: Held, code: str, message: str, request_id: str | None, *, unclear: bool
    ) -> None:
        """The time is up, or somebody pressed Stop, and the last try did nothing."""
        if unclear:
            # An earlier try may have been carried out: the end is said after one more look.
            self._claims.advance(held, State.DELETING, event="time is up", code=code, message=message or None)
            return
        body = replies.refused(held.deletion, code, message, request_id)
        self._claims.advance(
            held,
            State.REFUSED,
            event="not sent again",
            says=[Saying(kind="refused", body=body)],
            code=code,
            message=message or None,
            request_id=request_id,
        )

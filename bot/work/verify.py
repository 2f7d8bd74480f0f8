"""After a deletion was sent: is the tunnel gone? Only a look that succeeded tells; a failed one is none."""

from collections.abc import Sequence
from typing import Any

from bot.chat import looks, replies
from bot.chat.blocks import Body
from bot.cloud.client import VpcClient
from bot.domain.explain import OwnCode
from bot.domain.model import Deletion, Saying, State, Tunnel
from bot.errors import CloudError
from bot.ledger.claims import Claims
from bot.ledger.rows import Held
from bot.work.look_up import Seen, look_up_each
from bot.work.tries import FIRST_PAUSE_S, Tries, code_of, unless_lost, unreadable


class Verifying:
    """Looks at what was, or may have been, sent. Raises LedgerUnavailable, and LeaseLost from `recover`."""

    def __init__(self, *, cloud: VpcClient, claims: Claims, tries: Tries) -> None:
        self._cloud = cloud
        self._claims = claims
        self._tries = tries

    def verify(self, group: Sequence[Held]) -> None:
        """Look whether accepted deletions are done, many in one call."""
        # By the first look most tunnels are gone.
        for seen, held in look_up_each(
            self._cloud, group, lambda deletion: [deletion.tunnel_id], mostly_gone=True
        ):
            unless_lost(self._verify, held, seen)

    def recover(self, held: Held) -> None:
        """DeleteVpnConnection may have been sent, and there is no answer: look before doing it again."""
        deletion = held.deletion
        try:
            seen = self._cloud.look_up(region=deletion.region, tunnel_ids=[deletion.tunnel_id])
        except CloudError as error:
            self._not_seen_after_a_doubt(held, error)
            return
        tunnel = seen.get(deletion.tunnel_id)
        if tunnel is None:
            self.gone(held)
        elif tunnel.state == "DELETING":
            says = [Saying(kind="accepted", body=replies.seen_deleting(deletion))]
            self._claims.advance(
                held,
                State.VERIFYING,
                event="seen deleting",
                after_s=FIRST_PAUSE_S,
                says=says,
                attempts=0,
                **self._seen(tunnel),
            )
        else:
            self._stands_after_a_doubt(held, tunnel)

    def gone(self, held: Held) -> None:
        """The tunnel isn't there any more."""
        deletion = held.deletion
        after_s = self._tries.clock() - deletion.sent_at if deletion.sent_at else None
        if after_s is not None and after_s < 0:
            after_s = None  # the clock was set back
        says = [Saying(kind="gone", body=replies.gone(deletion, after_s))]
        self._claims.advance(
            held, State.GONE, event="gone", says=says, code=None, look_code=None, look_request_id=None
        )

    def _verify(self, held: Held, seen: Seen) -> None:
        tunnel_id = held.deletion.tunnel_id
        if isinstance(seen, CloudError):
            self._not_seen(held, seen)
        elif tunnel_id in seen:
            self._stands(held, seen[tunnel_id])
        else:
            self.gone(held)

    def _stands(self, held: Held, tunnel: Tunnel) -> None:
        deletion, waited_s = held.deletion, self._waited_s(held.deletion)
        if waited_s < self._tries.limits.verify_timeout_s:
            self._look_again(held, event=None, **self._seen(tunnel))
            return
        body = looks.still_there(deletion, tunnel.state, self._tries.clock(), waited_s)
        self._claims.advance(
            held,
            State.UNKNOWN,
            event="still there",
            says=[Saying(kind="still there", body=body)],
            code=OwnCode.STILL_THERE,
            **self._seen(tunnel),
        )

    def _not_seen(self, held: Held, error: CloudError) -> None:
        deletion = held.deletion
        if self._waited_s(deletion) < self._tries.limits.verify_timeout_s:
            # The audit trail has why the looks fail once, however many there are.
            is_new = deletion.look_code != code_of(error)
            self._look_again(held, event="look failed" if is_new else None, **_failed(error))
            return
        body = looks.not_seen(deletion, unreadable(error))
        self._claims.advance(
            held,
            State.UNKNOWN,
            event="not seen",
            says=[Saying(kind="not seen", body=body)],
            code=OwnCode.NOT_SEEN,
            **_failed(error),
        )

    def _stands_after_a_doubt(self, held: Held, tunnel: Tunnel) -> None:
        deletion = held.deletion
        code = deletion.code or OwnCode.NO_ANSWER
        if self._tries.in_time(deletion):
            says = [Saying(kind="again", body=replies.sending_again(deletion, code, tunnel.state))]
            self._claims.advance(
                held,
                State.CONFIRMED,
                event="still there",
                says=says,
                waiting_code=code,
                **self._seen(tunnel),
            )
            return
        body = looks.gave_up(deletion, code, (tunnel.state, self._tries.clock()), None)
        self._give_up(held, code, body, **self._seen(tunnel))

    def _not_seen_after_a_doubt(self, held: Held, error: CloudError) -> None:
        deletion = held.deletion
        if self._tries.in_time(deletion):
            pause_s = self._tries.pause_s(deletion)
            self._claims.advance(
                held,
                State.DELETING,
                event="look failed",
                after_s=pause_s,
                attempts=deletion.attempts + 1,
                **_failed(error),
            )
            return
        # The look's own failure says nothing of what became of the deletion: its code is kept beside.
        code = deletion.code or OwnCode.NO_ANSWER
        at = deletion.last_seen_at
        seen = (deletion.last_seen or "", at) if at is not None else None
        body = looks.gave_up(deletion, code, seen, unreadable(error))
        self._give_up(held, code, body, **{**_failed(error), "detail": code})

    def _give_up(self, held: Held, code: str, body: Body, **changes: Any) -> None:
        says = [Saying(kind="gave up", body=body)]
        self._claims.advance(held, State.UNKNOWN, event="gave up", says=says, code=code, **changes)

    def _look_again(self, held: Held, **changes: Any) -> None:
        deletion = held.deletion
        pause_s = self._tries.pause_s(deletion)
        self._claims.advance(
            held, State.VERIFYING, after_s=pause_s, attempts=deletion.attempts + 1, **changes
        )

    def _waited_s(self, deletion: Deletion) -> float:
        return self._tries.waited_s(deletion.sent_at or deletion.asked_at)

    def _seen(self, tunnel: Tunnel) -> dict[str, Any]:
        """What a look that succeeded leaves in the ledger."""
        at = self._tries.clock()
        return {"last_seen": tunnel.state, "last_seen_at": at, "look_code": None, "look_request_id": None}


def _failed(error: CloudError) -> dict[str, Any]:
    """What a look that failed leaves in the ledger and in the audit trail."""
    code, number = code_of(error), error.request_id
    return {"look_code": code, "look_request_id": number, "detail": code, "event_request_id": number}

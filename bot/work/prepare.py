"""From an ask to its card: look the tunnels up, see what is at stake, show it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from bot.chat import kits, notes, replies
from bot.chat.blocks import Body
from bot.cloud.client import VpcClient
from bot.domain.explain import OwnCode
from bot.domain.model import Deletion, State, Tier, Tunnel
from bot.domain.policy import Verdict
from bot.domain.risk import Surroundings, highest
from bot.domain.undo import kit_for, to_text
from bot.errors import CloudError, NoUndoKit
from bot.ledger.cards import Cards, Shown
from bot.ledger.claims import Claims
from bot.ledger.rows import Held
from bot.work.look_up import Seen, look_up_each
from bot.work.lookout import Lookout
from bot.work.tries import Tries, code_of, is_final, said, unless_lost

# In these states the cloud deletes nothing; a word that isn't documented counts as risk, on the card.
NOT_NOW = {"DELETING": OwnCode.BEING_DELETED, "PENDING": OwnCode.BEING_MADE}
MayAsk = Callable[[Deletion, Collection[str]], Verdict]
NobodyLeft = Callable[[Deletion, Collection[str]], Verdict | None]


class Preparing:
    """The steps before there is a card.

    may_ask: whether the requester may, on these gateways. nobody_left: why nobody could confirm it then.
    """

    def __init__(
        self,
        *,
        cloud: VpcClient,
        lookout: Lookout,
        claims: Claims,
        cards: Cards,
        tries: Tries,
        may_ask: MayAsk,
        nobody_left: NobodyLeft,
    ) -> None:
        self._cloud = cloud
        self._lookout = lookout
        self._claims = claims
        self._cards = cards
        self._tries = tries
        self._may_ask = may_ask
        self._nobody_left = nobody_left

    def prepare(self, group: Sequence[Held]) -> None:
        """Look up what was asked for, many asks together, and show the cards."""
        found: list[tuple[Held, list[Tunnel]]] = []
        for held in group:
            if not held.deletion.wanted:
                unless_lost(self._list_all, held, found)
        named = [held for held in group if held.deletion.wanted]
        for seen, held in look_up_each(self._cloud, named, lambda deletion: deletion.wanted):
            unless_lost(self._match, held, seen, found)
        for region in {held.deletion.region for held, _ in found}:
            here = [(held, tunnels) for held, tunnels in found if held.deletion.region == region]
            around = self._lookout.around(region, (tunnel for _, tunnels in here for tunnel in tunnels))
            for held, tunnels in here:
                unless_lost(self._show, held, tunnels, around)

    def _match(self, held: Held, seen: Seen, found: list[tuple[Held, list[Tunnel]]]) -> None:
        asked = held.deletion
        if isinstance(seen, CloudError):
            self._later(held, seen)
            return
        missing = [tunnel_id for tunnel_id in asked.wanted if tunnel_id not in seen]
        tunnels = [seen[tunnel_id] for tunnel_id in asked.wanted if tunnel_id in seen]
        elsewhere = [tunnel for tunnel in tunnels if asked.gateway_id not in (None, tunnel.gateway_id)]
        if missing:
            gone = self._cards.last_gone(asked.region, missing[0])
            self._turn_down(held, "ResourceNotFound", notes.no_such_tunnel(asked, missing, gone))
        elif elsewhere:
            self._turn_down(held, OwnCode.OTHER_GATEWAY, notes.other_gateway(asked, elsewhere[0]))
        else:
            self._take(held, tunnels, found)

    def _take(self, held: Held, tunnels: list[Tunnel], found: list[tuple[Held, list[Tunnel]]]) -> None:
        """A card is made only for tunnels that a Confirm could delete."""
        busy = [tunnel for state in NOT_NOW for tunnel in tunnels if tunnel.state == state]
        if busy:
            others = [tunnel for tunnel in tunnels if tunnel.state not in NOT_NOW]
            self._turn_down(held, NOT_NOW[busy[0].state], notes.not_now(held.deletion, busy, others))
            return
        found.append((held, tunnels))

    def _list_all(self, held: Held, found: list[tuple[Held, list[Tunnel]]]) -> None:
        asked, most = held.deletion, self._tries.limits.max_batch
        if not asked.gateway_id:
            raise ValueError("all tunnels, and of no gateway")
        try:
            tunnels = self._cloud.list_tunnels(region=asked.region, gateway_id=asked.gateway_id)
        except CloudError as error:
            self._later(held, error)
            return
        if not tunnels:
            self._turn_down(held, OwnCode.NO_TUNNELS, notes.no_tunnels(asked))
        elif len(tunnels) > most:
            self._turn_down(held, OwnCode.TOO_MANY, notes.too_many(len(tunnels), most))
        else:
            self._take(held, list(tunnels), found)

    def _show(self, held: Held, tunnels: list[Tunnel], around: Mapping[str, Surroundings]) -> None:
        asked = held.deletion
        gateway_ids = {tunnel.gateway_id for tunnel in tunnels}
        verdict = self._may_ask(asked, gateway_ids)
        if not verdict.allowed:
            self._turn_down(held, OwnCode.NOT_ALLOWED, notes.refusal(verdict), detail=verdict.rule)
            return
        leaving = self._cards.leaving(asked.region, asked.card_id)
        leaving |= {tunnel.tunnel_id for tunnel in tunnels}
        stakes = [self._lookout.stake(tunnel, around[tunnel.tunnel_id], leaving) for tunnel in tunnels]
        tier = highest(stake.tier for stake in stakes)
        if nobody := self._nobody_left(replace(asked, tier=tier), gateway_ids):
            self._turn_down(held, OwnCode.NOBODY_LEFT, notes.refusal(nobody), detail=nobody.rule)
            return
        may_be_deleted = tier is not Tier.FORBIDDEN
        try:
            shown = [
                Shown(
                    tunnel=tunnel,
                    stake=stake,
                    kit=self._kit(tunnel, around, asked.region) if may_be_deleted else "",
                )
                for tunnel, stake in zip(tunnels, stakes, strict=True)
            ]
        except NoUndoKit as error:
            self._turn_down(held, OwnCode.NO_KIT, notes.no_kit(str(error)))
            return
        self._cards.show(held, shown, ttl_s=self._tries.limits.confirm_ttl_s, kit_pages=kits.pages)

    @staticmethod
    def _kit(tunnel: Tunnel, around: Mapping[str, Surroundings], region: str) -> str:
        near = around[tunnel.tunnel_id]
        return to_text(kit_for(tunnel, near.routes, region, ccn_routes=near.ccn_routes))

    def _later(self, held: Held, error: CloudError) -> None:
        """Looking changes nothing, so it is tried again after any failure but a final refusal."""
        asked, code = held.deletion, code_of(error)
        until = asked.asked_at + self._tries.limits.retry_for_s
        if is_final(error) or self._tries.clock() >= until:
            tell = replies.refused(asked, code, said(error), error.request_id, look=True)
            self._turn_down(held, code, tell, request_id=error.request_id)
            return
        first = asked.waiting_code is None
        self._claims.advance(
            held,
            State.ASKED,
            event="look-up failed",
            after_s=self._tries.pause_s(asked),
            tell=replies.waiting(asked, code, until, error.reason, look=True) if first else None,
            waiting_code=code,
            attempts=asked.attempts + 1,
        )

    def _turn_down(
        self, held: Held, code: str, tell: Body, *, request_id: str | None = None, detail: str | None = None
    ) -> None:
        """End an ask before it has a card; only the requester is told."""
        self._claims.advance(
            held,
            State.REFUSED,
            event="turned down",
            detail=detail,
            code=code,
            tell=tell,
            request_id=request_id,
        )

"""A card's deletions as one: shown together, and after the confirm cleared or voided together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, insert, or_, select, update

from bot.domain.explain import CodeKind, OwnCode
from bot.domain.model import IN_FLIGHT, Deletion, Freeze, Saying, Stake, State, Tier, Tunnel
from bot.domain.risk import highest
from bot.ledger.claims import write_held
from bot.ledger.codes import coded
from bot.ledger.database import Database, take_turn
from bot.ledger.freezes import over
from bot.ledger.rows import (
    ANNOUNCEMENT,
    CARD,
    PROGRESS,
    Held,
    add_event,
    add_post,
    add_says,
    deletion_from,
    new_id,
    released,
    stake_to_text,
    touch,
    tunnel_to_text,
)
from bot.ledger.tables import deletions, kits, posts

KIT = "kit"
LIST = "list"
LIST_ROWS = 50
SHOWN_ON_CARD = 20
ROWS_AT_ONCE = 100
_NEVER_BY_ITSELF = 1e12
_IN_FLIGHT = [state.value for state in IN_FLIGHT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One tunnel of a card, what is at stake with it, and its undo kit as text; "" on a protected card."""

    tunnel: Tunnel
    stake: Stake
    kit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What was confirmed, for the last look before anything is sent.

    rows: the deletions that are to be sent: a card's, or, once it was cleared, the one that is asked about.
    kits: theirs, as text; kits_due: whether a message with kits is still to be said; kits_lost: whether one
    never will be. freeze: what holds over a whole card; for one deletion, Claims.send looks.
    """

    rows: tuple[Deletion, ...]
    kits: Mapping[str, str]
    kits_due: bool
    kits_lost: bool
    freeze: Freeze | None


class Cards:
    """What happens to all rows of a card at once. Raises LeaseLost and LedgerUnavailable, as Claims does.

    announce_channel: where one message follows every card; None for nowhere.
    """

    def __init__(self, database: Database, *, announce_channel: str | None = None) -> None:
        self._database = database
        self._announce_channel = announce_channel

    def show(
        self,
        held: Held,
        shown: Sequence[Shown],
        *,
        ttl_s: float,
        kit_pages: Callable[[Sequence[tuple[str, str]]], Iterable[Mapping[str, object]]],
    ) -> None:
        """The ask was looked up: one deletion for each tunnel, and the card that is to be decided on.

        With a protected tunnel among them there is nothing to decide: the card says so, and that is its end.
        kit_pages: from each deletion's id and its kit to the thread's messages with these.
        """
        was = held.deletion
        tier = highest(one.stake.tier for one in shown)
        ids = [was.deletion_id, *(new_id() for _ in shown[1:])]
        with self._database.write() as tx:
            if tier is Tier.FORBIDDEN:
                outcome = {
                    "state": State.REFUSED.value,
                    **coded(OwnCode.PROTECTED),
                    "ended_at": tx.now,
                    "response_url": None,
                }
            else:
                outcome = {"state": State.PENDING.value, "expires_at": tx.now + ttl_s}
            for_all = {
                **outcome,
                "tier": tier.value,
                "batch_size": len(shown),
                "waiting_code": None,
                "attempts": 0,
                **released(),
            }
            # The first one expires for all of them.
            write_held(tx, held, **for_all, **_seen(shown[0]), next_at=tx.now + ttl_s)
            names = ("card_id", "region", "reason", "channel_id", "requester_id", "asked_at", "break_glass")
            asked = {name: getattr(was, name) for name in names}
            for start in range(1, len(shown), ROWS_AT_ONCE):
                others = [
                    {"deletion_id": one_id, **asked, **for_all, **_seen(one), "next_at": _NEVER_BY_ITSELF}
                    for one_id, one in list(zip(ids, shown, strict=True))[start : start + ROWS_AT_ONCE]
                ]
                tx.connection.execute(insert(deletions), others)
            add_post(tx, was, CARD, None, response_url=was.response_url)
            if len(shown) > SHOWN_ON_CARD:
                for page in range(-(-len(shown) // LIST_ROWS)):
                    add_post(tx, was, f"{LIST} {page}", None)
            if tier is not Tier.FORBIDDEN:
                said = [(one_id, one.kit) for one_id, one in zip(ids, shown, strict=True)]
                rows = [{"deletion_id": one, "card_id": was.card_id, "kit": kit} for one, kit in said]
                tx.connection.execute(insert(kits), rows)
                for number, message in enumerate(kit_pages(said)):
                    add_post(tx, was, f"{KIT} {number}", message)
            if self._announce_channel:
                there = {"channel_id": self._announce_channel, "response_url": was.response_url}
                add_post(tx, was, ANNOUNCEMENT, None, **there)
            about = {"deletion_id": was.deletion_id, "channel_id": was.channel_id}
            count = "1 tunnel" if len(shown) == 1 else f"{len(shown)} tunnels"
            add_event(tx, "shown", detail=f"{count}, {tier} risk", **about)
            if tier is Tier.FORBIDDEN:
                add_event(tx, "refused", actor=was.requester_id, detail=OwnCode.PROTECTED, **about)

    def leaving(self, region: str, card_id: str) -> frozenset[str]:
        """The tunnels in a region that are on their way out: with this card, or confirmed on another."""
        going = or_(deletions.c.state.in_(_IN_FLIGHT), deletions.c.card_id == card_id)
        with self._database.read() as tx:
            found = select(deletions.c.tunnel_id).where(deletions.c.region == region, going)
            return frozenset(tx.connection.execute(found).scalars())

    def last_gone(self, region: str, tunnel_id: str) -> Deletion | None:
        """The last time that this bot deleted such a tunnel."""
        of_it = (deletions.c.tunnel_id == tunnel_id, deletions.c.region == region)
        gone = select(deletions).where(*of_it, deletions.c.state == State.GONE.value)
        with self._database.read() as tx:
            row = (
                tx.connection.execute(gone.order_by(deletions.c.ended_at.desc()).limit(1)).mappings().first()
            )
            return None if row is None else deletion_from(row)

    def to_send(self, card_id: str) -> list[Tunnel]:
        """The card's tunnels that are confirmed, and not accepted yet."""
        confirmed = (deletions.c.card_id == card_id, deletions.c.state == State.CONFIRMED.value)
        with self._database.read() as tx:
            rows = tx.connection.execute(select(deletions).where(*confirmed)).mappings()
            found = [deletion_from(row).tunnel for row in rows]
        return [tunnel for tunnel in found if tunnel is not None]

    def confirmed(self, deletion: Deletion) -> Confirmed:
        """What the last look before sending goes by."""
        whole_card = deletion.batch_size > 1 and deletion.cleared_at is None
        of_card = deletions.c.card_id == deletion.card_id
        to_send = (deletions.c.state == State.CONFIRMED.value, deletions.c.unclear.is_(False))
        is_kit = and_(posts.c.kind.like(f"{KIT} %"), posts.c.ts.is_(None))
        said = select(posts.c.shown < posts.c.wanted)
        with self._database.read() as tx:
            rows: tuple[Deletion, ...] = (deletion,)
            if whole_card:
                found = tx.connection.execute(select(deletions).where(of_card, *to_send)).mappings()
                rows = tuple(deletion_from(row) for row in found)
            which = (
                kits.c.card_id == deletion.card_id
                if whole_card
                else kits.c.deletion_id == deletion.deletion_id
            )
            texts = tx.connection.execute(select(kits.c.deletion_id, kits.c.kit).where(which))
            messages = tx.connection.execute(said.where(posts.c.card_id == deletion.card_id, is_kit))
            unsaid = [bool(due) for due in messages.scalars()]
            return Confirmed(
                rows=rows,
                kits={row[0]: row[1] for row in texts},
                kits_due=any(unsaid),
                kits_lost=not all(unsaid),
                freeze=over(tx, {row.gateway_id or "" for row in rows}) if whole_card else None,
            )

    def clear(self, held: Held) -> None:
        """Every tunnel of the card is as it was shown: all of them may be sent."""
        was = held.deletion
        with self._database.write() as tx:
            take_turn(tx)
            free = {"cleared_at": tx.now, "waiting_code": None, **released()}
            write_held(tx, held, next_at=tx.now, **free)
            others = _unsent(was.card_id)
            tx.connection.execute(update(deletions).where(others).values(next_at=tx.now, **free))
            touch(tx, was.card_id, PROGRESS)  # and the card follows it: the abort window is over

    def void(
        self,
        held: Held,
        code: str,
        says: Saying,
        *,
        message: str | None = None,
        left_out: Mapping[str, OwnCode],
        kind: CodeKind | None = None,
    ) -> None:
        """The card can't stand, although it was confirmed: nothing is sent.

        says: why, for the thread; message: in a few words, for the card. left_out: the tunnels that no
        fresh card can be about, and why. kind: whose code it is, where that is Slack's.
        """
        was = held.deletion
        with self._database.write() as tx:
            take_turn(tx)
            ended = {"state": State.VOID.value, **coded(code, kind), "ended_at": tx.now, "response_url": None}
            ended |= {"message": message, **released()}
            write_held(tx, held, **ended)
            tx.connection.execute(update(deletions).where(_unsent(was.card_id)).values(**ended))
            of_card = and_(deletions.c.card_id == was.card_id, deletions.c.state == State.VOID.value)
            for why in set(left_out.values()):
                ids = [tunnel_id for tunnel_id, other in left_out.items() if other is why]
                these = update(deletions).where(of_card, deletions.c.tunnel_id.in_(ids))
                tx.connection.execute(these.values(code=why.value))
            # In the order in which the worker touches them: else two could wait for each other.
            touch(tx, was.card_id, PROGRESS)
            touch(tx, was.card_id, CARD)
            add_says(tx, was, [says])
            detail = f"{code}: {message}" if message else code
            add_event(tx, "void", deletion_id=was.card_id, channel_id=was.channel_id, detail=detail)


def _seen(shown: Shown) -> dict[str, Any]:
    return {
        "tunnel_id": shown.tunnel.tunnel_id,
        "gateway_id": shown.tunnel.gateway_id,
        "tunnel": tunnel_to_text(shown.tunnel),
        "stake": stake_to_text(shown.stake),
    }


def _unsent(card_id: str) -> Any:
    return and_(
        deletions.c.card_id == card_id,
        deletions.c.state == State.CONFIRMED.value,
        deletions.c.unclear.is_(False),
        deletions.c.cleared_at.is_(None),
    )

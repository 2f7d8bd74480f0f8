"""Between the ledger's rows and the domain's values, and the small writes that several verbs share."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, RowMapping, Table, and_, bindparam, func, select, update

from bot.domain.explain import CodeKind
from bot.domain.model import Batch, Deletion, Saying, SecurityPolicy, Stake, State, Tier, Tunnel
from bot.ledger.database import Transaction
from bot.ledger.tables import deletions, events, posts

# Posts that are drawn from the deletions when they are said, and drawn anew whenever these change.
CARD = "card"
PROGRESS = "progress"
ANNOUNCEMENT = "announcement"
# How the card's deletions ended, for the requester alone: for where its thread can't be told.
ELSEWHERE = "elsewhere"
# The first word of the kinds of what else the requester alone is told.
TOLD = "told"
# Statements that never change are made once: making one costs more than running it.
_BY_ID = select(deletions).where(deletions.c.deletion_id == bindparam("by_id"))
_TOUCH = (
    update(posts)
    .where(posts.c.card_id == bindparam("of_card"), posts.c.kind.in_(bindparam("kinds", expanding=True)))
    .values(wanted=posts.c.wanted + 1)
)
_DELETION_FIELDS = tuple(field.name for field in fields(Deletion))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A deletion that this worker holds; `fence` proves it at the next write, `until` is its lease's end.

    until: on this process's own monotonic clock, so that a process that was frozen knows that it was.
    damaged: part of the row can't be read, so it may not be acted on. late_s: how long it had been due.
    """

    deletion: Deletion
    damaged: bool = False
    late_s: float = 0.0
    fence: int
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPost:
    """Something to be said that this worker holds.

    text: the body as JSON; None for what is drawn from the deletions when it is said.
    unclear: an earlier try may have reached Slack, so the channel must be read first.
    closed_code: why Slack took nothing in its card's thread the last time; None where it did.
    """

    post_id: int
    card_id: str
    kind: str
    channel_id: str
    text: str | None
    ts: str | None
    thread_ts: str | None
    private_to: str | None
    response_url: str | None
    unclear: bool
    attempts: int
    created_at: float
    wanted: int
    fence: int
    until: float
    closed_code: str | None = None

    @property
    def body(self) -> Mapping[str, Any] | None:
        """What is to be said, where it isn't drawn; raises ValueError where it can't be read."""
        return None if self.text is None else dict(json.loads(self.text))


def new_id() -> str:
    """An opaque id: letters and digits, so that it is one word to a shell and to a double click."""
    return secrets.token_hex(10)


def tunnel_to_text(tunnel: Tunnel | None) -> str | None:
    """A tunnel as the JSON text that the ledger keeps: ASCII, so that any text of the cloud's can be kept."""
    return None if tunnel is None else json.dumps({**asdict(tunnel), "wire": ""})


def tunnel_from_text(text: str | None) -> Tunnel | None:
    """The tunnel that `tunnel_to_text` wrote."""
    if text is None:
        return None
    kept = json.loads(text)
    kept["policies"] = tuple(
        SecurityPolicy(local_cidr=policy["local_cidr"], remote_cidrs=tuple(policy["remote_cidrs"]))
        for policy in kept["policies"]
    )
    kept["tags"] = tuple((key, value) for key, value in kept["tags"])
    kept["odd"] = tuple(kept.get("odd", ()))
    return Tunnel(**kept)


def stake_to_text(stake: Stake) -> str:
    """A stake as the JSON text that the ledger keeps."""
    return json.dumps(asdict(stake))


def _stake_from_text(text: str | None) -> Stake | None:
    if text is None:
        return None
    kept: dict[str, Any] = json.loads(text)
    kept = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return Stake(**{**kept, "tier": Tier(str(kept["tier"]))})


def held_from(row: RowMapping, *, until: float, now: float) -> Held:
    """A row of the deletions table that was just claimed."""
    deletion, damaged = _read(row)
    late_s = now - row["next_at"]
    return Held(deletion=deletion, damaged=damaged, late_s=late_s, fence=row["fence"], until=until)


def deletion_from(row: RowMapping) -> Deletion:
    """The deletion in a row of the deletions table, without what can't be read of it."""
    return _read(row)[0]


def _read(row: RowMapping) -> tuple[Deletion, bool]:
    """The deletion, and whether its JSON is damaged: then it has no tunnel, no stake and no `wanted`.

    It can be shown nevertheless, so that one damaged row of a batch leaves the others their card.
    """
    values = {name: row[name] for name in _DELETION_FIELDS}
    values["state"], values["tier"] = State(values["state"]), Tier(values["tier"])
    values["code_kind"] = CodeKind(values["code_kind"]) if values["code_kind"] else None
    try:
        values["tunnel"] = tunnel_from_text(row["tunnel"])
        values["stake"] = _stake_from_text(row["stake"])
        values["wanted"] = tuple(json.loads(row["wanted"] or "[]"))
    except (ValueError, TypeError, KeyError, AttributeError):  # no JSON, or none of ours
        return Deletion(**{**values, "tunnel": None, "stake": None, "wanted": ()}), True
    return Deletion(**values), False


def deletion_by_id(tx: Transaction, deletion_id: str) -> Deletion | None:
    """The deletion as it is in this transaction."""
    row = tx.connection.execute(_BY_ID, {"by_id": deletion_id}).mappings().first()
    return None if row is None else deletion_from(row)


def read_batch(
    tx: Transaction, card_id: str, *, first: int, skip: int = 0, not_gone: bool = False
) -> Batch | None:
    """A card's deletions: counts of all, and `first` rows after `skip` (not_gone: of those that aren't)."""
    lead = deletion_by_id(tx, card_id)
    if lead is None:
        return None
    of_card = deletions.c.card_id == card_id
    counts = select(deletions.c.state, func.count()).where(of_card).group_by(deletions.c.state)
    query = select(deletions).where(of_card).order_by(deletions.c.tunnel_id).limit(first).offset(skip)
    if not_gone:
        query = query.where(deletions.c.state != State.GONE.value)
    trying = deletions.c.state.in_([State.CONFIRMED.value, State.DELETING.value])
    waiting = (
        select(deletions.c.waiting_code, func.count())
        .where(of_card, trying, deletions.c.waiting_code.is_not(None))
        .group_by(deletions.c.waiting_code)
    )
    rows = tx.connection.execute(query).mappings()
    return Batch(
        lead=lead,
        counts={State(state): count for state, count in tx.connection.execute(counts)},
        rows=tuple(deletion_from(row) for row in rows),
        waiting={str(code): int(count) for code, count in tx.connection.execute(waiting)},
    )


def lease_free(table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Due, and held by nobody who is alive; `now` is to be given when it is executed."""
    now: BindParameter[float] = bindparam("now")
    return table.c.next_at <= now, table.c.lease_until <= now


def released() -> dict[str, Any]:
    """The column values of a row that nobody holds."""
    return {"owner": None, "lease_until": 0.0}


@lru_cache(maxsize=8)
def upsert(dialect_name: str, table: Table) -> Any:
    """The dialect's own INSERT, which has ON CONFLICT; the other dialect's is never loaded."""
    return import_module(f"sqlalchemy.dialects.{dialect_name}").insert(table)


@lru_cache(maxsize=2)
def _post_once(dialect_name: str) -> Any:
    return upsert(dialect_name, posts).on_conflict_do_nothing(index_elements=["card_id", "kind"])


def add_post(
    tx: Transaction, deletion: Deletion, kind: str, body: Mapping[str, object] | None, **columns: Any
) -> None:
    """Queue a post; a kind that the card has already is not queued again. body None: drawn when said."""
    add_post_of(tx, deletion.card_id, kind, body, **{"channel_id": deletion.channel_id, **columns})


def add_post_of(
    tx: Transaction, card_id: str, kind: str, body: Mapping[str, object] | None, **columns: Any
) -> None:
    """Queue a post of a card, or of what has none: then each is a message of its own in its channel."""
    values = {
        "card_id": card_id,
        "kind": kind,
        "body": None if body is None else json.dumps(body),
        "created_at": tx.now,
        "next_at": tx.now,
        **columns,
    }
    tx.connection.execute(_post_once(tx.connection.dialect.name), values)


def add_says(tx: Transaction, deletion: Deletion, says: Iterable[Saying]) -> None:
    """Queue messages for the card's thread."""
    for saying in says:
        add_post(tx, deletion, saying.kind, saying.body)


def add_private(tx: Transaction, deletion: Deletion, kind: str, body: Mapping[str, object]) -> None:
    """Queue a message that only the requester sees; directly, where there is no response_url any more."""
    told = {"private_to": deletion.requester_id, "response_url": deletion.response_url}
    add_post(tx, deletion, f"{TOLD} {kind}", body, **told)


def touch(tx: Transaction, card_id: str, kind: str) -> None:
    """A drawn post no longer shows what is true: it is due. An announcement follows its card."""
    kinds = [kind, ANNOUNCEMENT] if kind == CARD else [kind]
    tx.connection.execute(_TOUCH, {"of_card": card_id, "kinds": kinds})


def begin_window(tx: Transaction, card_id: str) -> None:
    """The card is to be drawn as it is from now on: with Stop on it, from when people have time to press."""
    touch(tx, card_id, CARD)
    card = and_(posts.c.card_id == card_id, posts.c.kind == CARD)
    new = {"drawn_at": None, "stop_s": 0.0, "stop_counted_at": None, "refused_code": None}
    tx.connection.execute(update(posts).where(card).values(**new))


def add_event(tx: Transaction, kind: str, **columns: Any) -> None:
    """Append to the audit trail."""
    tx.connection.execute(events.insert(), {"at": tx.now, "kind": kind, **columns})

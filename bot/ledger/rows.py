"""Between the ledger's rows and the domain's values."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.model import Deletion, Saying, SecurityPolicy, State, Tunnel
from bot.ledger.database import Transaction
from bot.ledger.tables import events, posts

_DELETION_FIELDS = tuple(field.name for field in fields(Deletion))
CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A deletion that this worker holds; `fence` proves it at the next write."""

    deletion: Deletion
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPost:
    """Something to be said that this worker holds.

    body: None for the card, which is drawn from the deletion when it is said.
    unclear: an earlier try may have reached Slack, so the channel must be read first.
    """

    post_id: int
    card_id: str
    kind: str
    channel_id: str
    body: Mapping[str, Any] | None
    ts: str | None
    thread_ts: str | None
    private_to: str | None
    response_url: str | None
    unclear: bool
    attempts: int
    created_at: float
    wanted: int
    fence: int


def tunnel_to_text(tunnel: Tunnel | None) -> str | None:
    """A tunnel as the JSON text that the ledger keeps."""
    return None if tunnel is None else json.dumps(asdict(tunnel), ensure_ascii=False)


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
    return Tunnel(**kept)


def deletion_from(row: RowMapping) -> Deletion:
    """The deletion in a row of the deletions table."""
    values = {name: row[name] for name in _DELETION_FIELDS}
    values["state"] = State(values["state"])
    values["tunnel"] = tunnel_from_text(values["tunnel"])
    return Deletion(**values)


def lease_free(table: Any, now: float) -> ColumnElement[bool]:
    """Due, and held by nobody who is alive."""
    return and_(table.c.next_at <= now, table.c.lease_until <= now)


def released() -> dict[str, Any]:
    """The column values of a row that nobody holds."""
    return {"owner": None, "lease_until": 0.0}


def insert_once(tx: Transaction, table: Any, values: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Insert, or leave the row that has these keys as it is."""
    dialect = postgresql if tx.connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing(index_elements=list(keys))
    tx.connection.execute(statement)


def add_says(tx: Transaction, deletion: Deletion, says: Iterable[Saying]) -> None:
    """Queue messages for the card's thread; a kind that is there already is not said again."""
    for saying in says:
        values = {
            "card_id": deletion.card_id,
            "kind": saying.kind,
            "channel_id": deletion.channel_id,
            "body": json.dumps(saying.body, ensure_ascii=False),
            "created_at": tx.now,
            "next_at": tx.now,
        }
        insert_once(tx, posts, values, ("card_id", "kind"))


def add_private(
    tx: Transaction,
    *,
    card_id: str,
    kind: str,
    channel_id: str,
    user_id: str,
    response_url: str,
    body: Mapping[str, object],
) -> None:
    """Queue a message that only `user_id` sees."""
    values = {
        "card_id": card_id,
        "kind": kind,
        "channel_id": channel_id,
        "private_to": user_id,
        "response_url": response_url,
        "body": json.dumps(body, ensure_ascii=False),
        "created_at": tx.now,
        "next_at": tx.now,
    }
    insert_once(tx, posts, values, ("card_id", "kind"))


def touch_card(tx: Transaction, card_id: str) -> None:
    """The card no longer shows what is true: it is due."""
    is_card = and_(posts.c.card_id == card_id, posts.c.kind == CARD)
    tx.connection.execute(update(posts).where(is_card).values(wanted=posts.c.wanted + 1))


def add_event(tx: Transaction, kind: str, **columns: Any) -> None:
    """Append to the audit trail."""
    tx.connection.execute(events.insert().values(at=tx.now, kind=kind, **columns))

"""The ledger's tables. Times are epoch seconds (UTC) as floats; ids are opaque text."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

from bot.domain.model import IN_FLIGHT

metadata = MetaData()


def _lease_columns() -> list[Column[object]]:
    """What a worker needs to hold a row: `fence` grows with every claim and guards every write."""
    return [
        Column("next_at", Double, nullable=False),
        Column("owner", Text),
        Column("lease_until", Double, nullable=False, server_default="0"),
        Column("fence", Integer, nullable=False, server_default="0"),
        Column("attempts", Integer, nullable=False, server_default="0"),
        # How often a step of ours broke on this row; it is set aside before it breaks everything else.
        Column("faults", Integer, nullable=False, server_default="0"),
    ]


deletions = Table(
    "deletions",
    metadata,
    Column("deletion_id", Text, primary_key=True),
    Column("card_id", Text, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("tunnel_id", Text, nullable=False, index=True),
    Column("gateway_id", Text),
    # The ids that were asked for, as JSON; [] for all of the gateway's. Until the card is shown, one row
    # stands for them all.
    Column("wanted", Text),
    Column("batch_size", Integer, nullable=False, server_default="1"),
    Column("region", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("requester_id", Text, nullable=False),
    Column("response_url", Text),
    Column("tunnel", Text),
    Column("asked_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("decided_by", Text),
    Column("decided_at", Double),
    Column("retry_until", Double),
    Column("waiting_code", Text),
    Column("sent_at", Double),
    # An earlier DeleteVpnConnection may have been carried out although nothing said so.
    Column("unclear", Boolean, nullable=False, server_default=text("false")),
    Column("request_id", Text),
    Column("code", Text),
    # Whose code it is: the cloud's, Slack's or our own.
    Column("code_kind", Text),
    Column("message", Text),
    # The state in the last look that succeeded since it was sent, and when that was; why the latest look
    # failed, null where it didn't, and that look's own RequestId.
    Column("last_seen", Text),
    Column("last_seen_at", Double),
    Column("look_code", Text),
    Column("look_request_id", Text),
    Column("ended_at", Double),
    # The whole card's tier; `stake` has this tunnel's own, as JSON.
    Column("tier", Text, nullable=False, server_default="low"),
    Column("stake", Text),
    # The incident that lifts the second person; empty for none.
    Column("break_glass", Text, nullable=False, server_default=""),
    # The end of the abort window, and how long it is; null where there is none.
    Column("send_at", Double),
    Column("window_s", Double),
    # When people had had all of it, and the card was to say so.
    Column("window_over_at", Double),
    # Who pressed Stop, where that kept it from being sent.
    Column("stopped_by", Text),
    # When the card's tunnels were read again after the confirm, and were as they were shown.
    Column("cleared_at", Double),
    *_lease_columns(),
    Index("deletions_due", "state", "next_at"),
    Index("deletions_asked", "asked_at"),
)

# What is to be said in Slack. The card (kind "card") is posted once and then edited: it is due while
# shown < wanted. Every other row is one message in the card's thread, or, with `private_to`, one ephemeral.
posts = Table(
    "posts",
    metadata,
    Column("post_id", Integer, primary_key=True, autoincrement=True),
    Column("card_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("private_to", Text),
    Column("response_url", Text),
    Column("body", Text),
    Column("ts", Text),
    Column("wanted", Integer, nullable=False, server_default="1"),
    Column("shown", Integer, nullable=False, server_default="0"),
    Column("unclear", Boolean, nullable=False, server_default=text("false")),
    # When a card was first drawn since its abort window began (with Stop on it), or was over.
    Column("drawn_at", Double),
    # For how many seconds of the abort window Stop could be pressed, and up to when that was counted.
    Column("stop_s", Double, nullable=False, server_default="0"),
    Column("stop_counted_at", Double),
    # Of a card: Slack said that it no longer exists. Nothing is said in its thread any more.
    Column("root_gone", Boolean, nullable=False, server_default=text("false")),
    # Of a card: Slack's code for why its thread takes nothing now; null where it does.
    Column("closed_code", Text),
    # Of a card: Slack's code for why it was not changed in the abort window; null where it was.
    Column("refused_code", Text),
    Column("created_at", Double, nullable=False),
    *_lease_columns(),
    Index("posts_once", "card_id", "kind", unique=True),
)

# What makes a tunnel again, as JSON; written with the card, before anything can be confirmed.
kits = Table(
    "kits",
    metadata,
    Column("deletion_id", Text, primary_key=True),
    Column("card_id", Text, nullable=False, index=True),
    Column("kit", Text, nullable=False),
)

# Until when nothing may be confirmed on a gateway ("vpngw-…") or anywhere ("all").
freezes = Table(
    "freezes",
    metadata,
    Column("freeze_id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("until", Double, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("at", Double, nullable=False),
    # Null in lifted_by alone: it ran out by itself.
    Column("lifted_by", Text),
    Column("lifted_at", Double),
)

# Append-only: who did what, when. Never updated, never deleted before its deletion is.
events = Table(
    "events",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("at", Double, nullable=False),
    Column("kind", Text, nullable=False),
    # Of what happened to a card as a whole, its id, and no tunnel's.
    Column("deletion_id", Text, index=True),
    Column("tunnel_id", Text),
    Column("actor", Text),
    Column("channel_id", Text),
    Column("request_id", Text),
    Column("detail", Text),
)

# When the next call of an action in a region may be sent, for all replicas together.
paces = Table(
    "paces",
    metadata,
    Column("key", Text, primary_key=True),
    Column("next_at", Double, nullable=False),
)

# Partial indexes as plain text, which is the same on both databases; naming a dialect would load it.
_in_flight = ", ".join(repr(state.value) for state in IN_FLIGHT)
PARTIAL_INDEXES = (
    # A tunnel has at most one deletion under way.
    f"CREATE UNIQUE INDEX one_in_flight ON deletions (region, tunnel_id) WHERE state IN ({_in_flight})",
    "CREATE INDEX deletions_held ON deletions (owner) WHERE lease_until > 0",
    "CREATE INDEX posts_held ON posts (owner) WHERE lease_until > 0",
    "CREATE INDEX posts_due ON posts (next_at) WHERE shown < wanted",
)

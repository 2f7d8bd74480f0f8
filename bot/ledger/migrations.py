"""Schema versions: numbered, forward-only, and safe when several replicas start at once.

An empty database gets the tables as they are now and the newest number; an older one gets each later
migration in turn. A change to tables.py comes with a migration appended here.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Column, Connection, Double, Integer, MetaData, Table, func, inspect, select, text

from bot.domain.explain import OwnCode
from bot.errors import BadSettings
from bot.ledger.database import Database
from bot.ledger.tables import PARTIAL_INDEXES, metadata

Migration = Callable[[Connection], None]
_own_codes = ", ".join(repr(code.value) for code in OwnCode)
# Slack's codes have no capitals, and all others do.
_own = f"WHEN code IN ({_own_codes}) THEN 'own'"
_KINDS = (
    f"UPDATE deletions SET code_kind = CASE {_own} "  # noqa: S608  # our own words
    "WHEN code = lower(code) THEN 'slack' ELSE 'cloud' END WHERE code IS NOT NULL"
)


def _safe_by_design(connection: Connection) -> None:
    """Version 2: tiers, stakes, undo kits, freezes, abort windows.

    A card that was pending shows none of that, so it has to be asked for anew.
    """
    double = "DOUBLE" if connection.dialect.name == "sqlite" else "DOUBLE PRECISION"
    for column in (
        "tier TEXT NOT NULL DEFAULT 'low'",
        "stake TEXT",
        "break_glass TEXT NOT NULL DEFAULT ''",
        f"send_at {double}",
        f"window_s {double}",
        "stopped_by TEXT",
        f"cleared_at {double}",
    ):
        connection.execute(text(f"ALTER TABLE deletions ADD COLUMN {column}"))
    for statement in (
        "ALTER TABLE events ADD COLUMN tunnel_id TEXT",
        f"ALTER TABLE posts ADD COLUMN drawn_at {double}",
        "CREATE TABLE kits (deletion_id TEXT NOT NULL PRIMARY KEY, card_id TEXT NOT NULL, kit TEXT NOT NULL)",
        "CREATE INDEX ix_kits_card_id ON kits (card_id)",
        (
            "CREATE TABLE freezes (freeze_id TEXT NOT NULL PRIMARY KEY, scope TEXT NOT NULL, "
            f"until {double} NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL, channel_id TEXT NOT NULL, "
            f"at {double} NOT NULL, lifted_by TEXT, lifted_at {double})"
        ),
        "CREATE INDEX ix_freezes_until ON freezes (until)",
        # Confirmed and not sent: the worker reads the tunnel again before it sends anything.
        "UPDATE deletions SET expires_at = 0, next_at = 0 WHERE state = 'pending'",
    ):
        connection.execute(text(statement))


def _true_words(connection: Connection) -> None:
    """Version 3: what it takes to say only what was seen."""
    double = "DOUBLE" if connection.dialect.name == "sqlite" else "DOUBLE PRECISION"
    statements: tuple[str, ...] = (
        f"ALTER TABLE deletions ADD COLUMN window_over_at {double}",
        f"ALTER TABLE posts ADD COLUMN stop_s {double} NOT NULL DEFAULT '0'",
        f"ALTER TABLE posts ADD COLUMN stop_counted_at {double}",
        "ALTER TABLE posts ADD COLUMN root_gone BOOLEAN NOT NULL DEFAULT false",
        "ALTER TABLE posts ADD COLUMN closed_code TEXT",
        "ALTER TABLE posts ADD COLUMN refused_code TEXT",
        "ALTER TABLE deletions ADD COLUMN code_kind TEXT",
        "UPDATE deletions SET code = 'OwnFault' WHERE code = 'own_fault'",
        _KINDS,
        f"ALTER TABLE deletions ADD COLUMN last_seen_at {double}",
        "ALTER TABLE deletions ADD COLUMN look_code TEXT",
        "ALTER TABLE deletions ADD COLUMN look_request_id TEXT",
    )
    for statement in statements:
        connection.execute(text(statement))


# The first version is the tables themselves; each entry leads from one version to the next.
MIGRATIONS: tuple[Migration, ...] = (_safe_by_design, _true_words)
_LOCK_KEY = 0x76706E626F74  # "vpnbot"; any number, as long as every replica takes the same

_versions = Table(
    "schema_versions",
    MetaData(),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Double, nullable=False),
)


def check_version(database: Database) -> None:
    """Raise BadSettings unless the database is a ledger of this version; it changes nothing."""
    newest = len(MIGRATIONS) + 1
    with database.read() as tx:
        if not inspect(tx.connection).has_table(_versions.name):
            raise BadSettings("VPN_BOT_DATABASE_URL names a database that is no ledger of vpn-bot.")
        found = int(tx.connection.execute(select(func.max(_versions.c.version))).scalar_one())
    if found != newest:
        raise BadSettings(
            f"The ledger has schema {found}, and this vpn-bot knows {newest}: use the copy that runs the "
            "bot. Nothing was changed."
        )


def migrate(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring the database to the newest version, in one transaction; returns that version.

    Raises BadSettings when the database is newer than this program.
    """
    newest = len(migrations) + 1
    with database.write() as tx:
        if tx.connection.dialect.name == "postgresql":
            # SQLite's write transaction already excludes other replicas; this does it on PostgreSQL.
            tx.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        is_new = not inspect(tx.connection).has_table(_versions.name)
        if is_new:
            metadata.create_all(tx.connection)
            for index in PARTIAL_INDEXES:
                tx.connection.exec_driver_sql(index)
            _versions.create(tx.connection)
            steps: Sequence[int] = [newest]
        else:
            found = int(tx.connection.execute(select(func.max(_versions.c.version))).scalar_one())
            if found > newest:
                raise BadSettings(
                    f"The ledger was written by a newer vpn-bot (schema {found}; this one knows {newest}). "
                    "Upgrade this copy; nothing was changed."
                )
            steps = range(found + 1, newest + 1)
            for version in steps:
                migrations[version - 2](tx.connection)
        for version in steps:
            tx.connection.execute(_versions.insert().values(version=version, applied_at=tx.now))
    return newest

"""The write behind the ledger check is one that counts."""

import time
from pathlib import Path

from sqlalchemy import func, select

from bot.ledger.database import Database
from bot.ledger.migrations import migrate
from bot.ledger.probe import prove_writable
from bot.ledger.tables import events


def test_the_probe_reaches_the_disk_and_leaves_no_row(tmp_path: Path) -> None:
    """A transaction that only begins and ends would be green on a full disk: this one writes pages."""
    database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", clock=time.time)
    migrate(database)
    log = tmp_path / "ledger.sqlite3-wal"
    before = log.stat().st_size
    prove_writable(database)
    assert log.stat().st_size > before
    with database.read() as tx:
        assert tx.connection.execute(select(func.count()).select_from(events)).scalar_one() == 0
    database.close()

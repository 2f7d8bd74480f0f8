"""A ledger of schema version 1, written down as SQL, so that tests can begin with a ledger that old.

`python -m tests.ledger.frozen` writes it down anew, as bot/ledger makes it now: right until version 1 is
released, and wrong from then on.
"""

import re
import tempfile
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, event

from bot.ledger.database import Database
from bot.ledger.migrations import migrate
from tests.postgres import find_initdb, postgres


def version_1(dialect: str) -> list[str]:
    """The statements that make a ledger of version 1."""
    written = _file(dialect).read_text("utf-8").split(";\n")
    return [*filter(None, written), "INSERT INTO schema_versions VALUES (1, 0)"]


def _file(dialect: str) -> Path:
    return Path(__file__).with_name(f"version_1.{dialect}.sql")


def _write_down(url: str) -> None:
    """Keep what makes an empty database a ledger."""
    made: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.strip().startswith("CREATE"):
            made.append(re.sub(r"\s+\n", "\n", statement.strip()))

    event.listen(Engine, "before_cursor_execute", note)
    database = Database(url, clock=time.time)
    migrate(database)
    database.close()
    event.remove(Engine, "before_cursor_execute", note)
    _file(url.partition(":")[0]).write_text(";\n".join(made) + ";\n", "utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        _write_down(f"sqlite:///{folder}/ledger.sqlite3")
    initdb = find_initdb()
    assert initdb is not None, "PostgreSQL is needed"
    with postgres(initdb) as server:
        _write_down(server)

"""A ledger that is only read, from beside the bot."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import BadSettings
from bot.ledger.database import Database
from bot.ledger.history import History
from bot.ledger.migrations import check_version


class Ledger:
    """The ledger that a URL names, as it is: nothing is made, migrated or written.

    Raises BadSettings where there is none, or one of another version; LedgerUnavailable.
    """

    def __init__(self, url: str) -> None:
        with suppress(ArgumentError):
            parsed = make_url(url)
            file = parsed.database if parsed.get_backend_name() == "sqlite" else None
            if file is not None and not Path(file).is_file():
                raise BadSettings(f"There is no ledger at {file}. VPN_BOT_DATABASE_URL says where it is.")
        self._database = Database(url, clock=time.time)
        self.history = History(self._database)

    def __enter__(self) -> Self:
        check_version(self._database)
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def now(self) -> float:
        """The time as the ledger has it, in epoch seconds."""
        with self._database.read() as tx:
            return tx.now

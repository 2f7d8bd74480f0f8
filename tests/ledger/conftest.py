"""Ledgers in a file of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.opened import Clock, Replica


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def first(path: Path, clock: Clock) -> Iterator[Replica]:
    replica = Replica.open(path, clock)
    yield replica
    replica.database.close()


@pytest.fixture
def second(first: Replica, path: Path) -> Iterator[Replica]:
    """Another process on the same file."""
    replica = Replica.open(path, first.clock, owner="second")
    yield replica
    replica.database.close()

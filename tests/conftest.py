"""Databases for tests: SQLite files, and databases of their own on one real PostgreSQL."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import find_initdb, postgres

# Properties hold on a busy machine too; what may take how long is measured elsewhere, on one that is idle.
settings.register_profile(
    "vpn-bot", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("vpn-bot")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a superuser's database on a server that runs as long as the tests do."""
    initdb = find_initdb()
    if initdb is None:
        pytest.skip("no initdb on this machine: install PostgreSQL (Debian: apt-get install postgresql)")
    with postgres(initdb) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """An empty database on PostgreSQL."""
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{postgres_server.rpartition('/')[0]}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url

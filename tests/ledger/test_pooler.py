"""PostgreSQL behind PgBouncer in transaction mode: one connection serves everybody, and nothing hangs."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text

from bot.domain.model import State
from bot.errors import LedgerUnavailable
from bot.ledger.database import Database
from bot.ledger.migrations import migrate
from bot.ledger.probe import prove_writable
from bot.ledger.tables import events
from bot.rehearsal.stage import Stage
from tests.e2e.play import Play
from tests.ledger.opened import TUNNEL, Clock, Replica, ask
from tests.pgbouncer import find_pgbouncer, pgbouncer
from tests.relay import relay

POOL_SIZE = 2
REPLICAS, JOBS = 3, 12
CUT_WITHIN_S = 2.9


@pytest.fixture
def pooled_url(postgres_url: str) -> Iterator[str]:
    """An empty database behind a pooler with fewer connections than clients."""
    program = find_pgbouncer()
    if program is None:
        pytest.skip("no pgbouncer on this machine: install it (Debian: apt-get install pgbouncer)")
    with pgbouncer(program, postgres_url, size=POOL_SIZE) as url:
        yield url


@pytest.fixture
def open_database() -> Iterator[Callable[[str], Database]]:
    """Opens ledgers as processes would."""
    with ExitStack() as stack:

        def make(url: str) -> Database:
            database = Database(url, clock=time.time)
            stack.callback(database.close)
            return database

        yield make


def test_replicas_behind_a_pooler_do_all_work_once(
    pooled_url: str, open_database: Callable[[str], Database]
) -> None:
    """Every kind of statement, often enough to be prepared, on connections that change hands each time."""
    databases = [open_database(pooled_url) for _ in range(REPLICAS)]
    with ThreadPoolExecutor(REPLICAS) as threads:
        assert len(set(threads.map(migrate, databases))) == 1
        replicas = [
            Replica.over(database, Clock(), f"replica {number}") for number, database in enumerate(databases)
        ]

        def work(number: int) -> list[str]:
            replica, done = replicas[number], []
            for job in range(JOBS):
                tunnel = replace(TUNNEL, tunnel_id=f"vpnx-{number:03}{job:05}")
                card_id = replica.ledger.ask(ask(tunnel.tunnel_id))
                for held in replica.claims.claim(1, [State.ASKED]):
                    replica.show_held(held, replace(TUNNEL, tunnel_id=held.deletion.tunnel_id))
                    done.append(held.deletion.card_id)
                assert replica.now(card_id).tunnel_id == tunnel.tunnel_id
                replica.leases.renew()
                prove_writable(replica.database)
            return done

        shown = [card_id for done in threads.map(work, range(REPLICAS)) for card_id in done]
    assert len(shown) == len(set(shown)) == REPLICAS * JOBS
    assert replicas[0].events().count("shown") == REPLICAS * JOBS


@pytest.mark.parametrize("way", ["read", "write"])
@pytest.mark.parametrize("through", ["postgres_url", "pooled_url"])
def test_a_statement_that_hangs_is_cut(
    request: pytest.FixtureRequest, open_database: Callable[[str], Database], through: str, way: str
) -> None:
    """By the server itself, so that nothing goes on there either; the next one works."""
    url = request.getfixturevalue(through)
    database = open_database(url)
    migrate(database)
    began = time.monotonic()
    with pytest.raises(LedgerUnavailable, match="statement timeout"), getattr(database, way)() as tx:
        tx.connection.execute(text("SELECT pg_sleep(30)"))
    assert time.monotonic() - began < CUT_WITHIN_S
    prove_writable(database)


@pytest.mark.parametrize("through", ["postgres_url", "pooled_url"])
def test_a_lock_is_not_waited_for_longer_than_a_listener_can(
    request: pytest.FixtureRequest, open_database: Callable[[str], Database], through: str
) -> None:
    """Somebody else holds the whole table."""
    database = open_database(request.getfixturevalue(through))
    migrate(database)
    with psycopg.connect(request.getfixturevalue("postgres_url")) as other:
        other.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(LedgerUnavailable, match="timeout"):
            prove_writable(database)
        assert time.monotonic() - began < CUT_WITHIN_S
    prove_writable(database)


def test_what_is_set_for_a_transaction_is_gone_with_it(
    pooled_url: str, open_database: Callable[[str], Database]
) -> None:
    """The pooler's other clients wait as long as they like."""
    database = open_database(pooled_url)
    migrate(database)
    with psycopg.connect(pooled_url, autocommit=True, prepare_threshold=None) as other:
        for _ in range(2 * POOL_SIZE):
            prove_writable(database)
            with database.read() as tx:
                tx.connection.execute(events.select())
            assert other.execute("SHOW statement_timeout").fetchone() == ("0",)
            assert other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


def test_a_pooler_that_has_no_connection_left_keeps_no_listener_waiting(
    pooled_url: str, open_database: Callable[[str], Database]
) -> None:
    """It would keep a statement for two minutes, where no time-out of the server's counts."""
    database = open_database(pooled_url)
    migrate(database)
    with ExitStack() as stack:
        for _ in range(POOL_SIZE):
            other = stack.enter_context(psycopg.connect(pooled_url, prepare_threshold=None))
            other.execute("SELECT 1")
        began = time.monotonic()
        with pytest.raises(LedgerUnavailable):
            prove_writable(database)
        assert time.monotonic() - began < CUT_WITHIN_S
    prove_writable(database)


def test_a_server_process_that_is_frozen_keeps_no_listener_waiting(
    postgres_url: str, open_database: Callable[[str], Database]
) -> None:
    """Its machine answers, so TCP has nothing to give up."""
    database = open_database(postgres_url)
    migrate(database)
    frozen: list[int] = []

    def read() -> None:
        with database.read() as tx:
            frozen.append(tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
            os.kill(frozen[0], signal.SIGSTOP)
            tx.connection.execute(text("SELECT 1"))

    began = time.monotonic()
    try:
        with pytest.raises(LedgerUnavailable):
            read()
        assert time.monotonic() - began < CUT_WITHIN_S
    finally:
        for process in frozen:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
    prove_writable(database)


def test_a_commit_whose_answer_is_lost_before_the_pooler_is_looked_up_through_it(
    pooled_url: str, open_database: Callable[[str], Database]
) -> None:
    """Any of its connections can tell."""
    with relay(pooled_url) as (running, url):
        replica = Replica.over(open_database(url), Clock(), "first")
        lost = running.cut_commit(b"moving to CCN", forwarded=True, stay_down=False)
        card_id = replica.ledger.ask(ask())
        lost.wait()
        assert replica.now(card_id).state is State.ASKED
        cut = running.cut_commit(b"moving to CCN", forwarded=False, stay_down=False)
        with pytest.raises(LedgerUnavailable):
            replica.ledger.ask(ask())
        cut.wait()
        assert replica.events() == ["asked"]


def test_the_bot_works_behind_a_pooler(pooled_url: str) -> None:
    """Two replicas, from the ask to the end, more than once."""
    with Stage(settings={"VPN_BOT_DATABASE_URL": pooled_url}) as stage:
        for _ in range(2):
            stage.start_bot()
        play = Play(stage)
        cards = [play.new_card() for _ in range(6)]
        for card in cards:
            card.confirm()
        for card in cards:
            card.wait_reply("is gone")
            assert card.deletes == 1
        assert "ledger un" not in "".join(bot.log_text for bot in stage.bots)

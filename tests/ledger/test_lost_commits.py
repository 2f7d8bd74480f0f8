"""A connection that is lost at COMMIT: done, surely not, or not known; on the ledger's own verbs."""

import ctypes
import platform
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import text

from bot.domain.model import Decision, State
from bot.domain.policy import Verdict
from bot.errors import LedgerFailed, LedgerUnavailable, LedgerUnclear
from bot.ledger.database import Database
from tests.ledger.opened import ALLOWED, BEN, RETRY_S, TUNNEL, Clock, Replica, ask
from tests.relay import Relay, relay

ANSWERED_WITHIN_S = 2.9
REASON = "moving to CCN"


@pytest.fixture
def cutting(postgres_url: str) -> Iterator[tuple[Replica, Relay]]:
    """A replica that reaches PostgreSQL through a relay."""
    with relay(postgres_url) as (running, url):
        database = Database(url, clock=time.time)
        yield Replica.over(database, Clock(), "first"), running
        database.close()


def outcome(call: Callable[[], object]) -> str:
    """What a call came to, in time."""
    began = time.monotonic()
    try:
        call()
    except LedgerFailed as error:
        said = type(error).__name__
    else:
        said = "done"
    assert time.monotonic() - began < ANSWERED_WITHIN_S
    return said


@pytest.mark.parametrize(
    ("forwarded", "stay_down", "expected"),
    [
        (True, False, "done"),
        (False, False, "LedgerUnavailable"),
        (True, True, "LedgerUnclear"),
        (False, True, "LedgerUnclear"),
    ],
    ids=["committed", "not committed", "committed, and away", "not committed, and away"],
)
def test_a_lost_answer_to_commit_is_looked_up_and_unclear_only_where_nobody_can_tell(
    cutting: tuple[Replica, Relay], forwarded: bool, stay_down: bool, expected: str
) -> None:
    """Done where it took place, nothing done where it didn't; both only while the database can be asked."""
    replica, running = cutting
    cut = running.cut_commit(REASON.encode(), forwarded=forwarded, stay_down=stay_down)
    assert outcome(lambda: replica.ledger.ask(ask())) == expected
    cut.wait()
    running.open()
    assert replica.events() == ["asked"] * forwarded


def test_a_connection_that_is_lost_before_commit_surely_did_nothing(cutting: tuple[Replica, Relay]) -> None:
    """Nobody was told to commit."""
    replica, running = cutting

    def write() -> None:
        with replica.database.write() as tx:
            tx.connection.execute(text("SELECT 1"))
            running.shut()
            tx.connection.execute(text("SELECT 1"))

    assert outcome(write) == "LedgerUnavailable"
    assert outcome(lambda: replica.ledger.ask(ask())) == "LedgerUnavailable"
    running.open()
    assert outcome(lambda: replica.ledger.ask(ask())) == "done"


def test_a_commit_that_the_server_refuses_surely_did_nothing(cutting: tuple[Replica, Relay]) -> None:
    """It answered: what was written is rolled back, whatever the connection does next."""
    replica, _ = cutting

    def write() -> None:
        with replica.database.write() as tx:
            for statement in (
                "CREATE TABLE pairs (one INT PRIMARY KEY, other INT)",
                "CREATE FUNCTION refuse() RETURNS trigger AS 'BEGIN RAISE ''no''; END' LANGUAGE plpgsql",
                (
                    "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON pairs INITIALLY DEFERRED "
                    "FOR EACH ROW EXECUTE FUNCTION refuse()"
                ),
                "INSERT INTO pairs VALUES (1, 2)",
            ):
                tx.connection.execute(text(statement))

    assert outcome(write) == "LedgerUnavailable"


def test_a_server_that_took_over_is_not_believed(cutting: tuple[Replica, Relay], postgres_url: str) -> None:
    """It numbers its transactions anew: the same number may be another's."""
    replica, running = cutting
    with psycopg.connect(postgres_url, autocommit=True) as other:
        # As a standby would, this one says that it has run since another moment.
        other.execute(
            "CREATE FUNCTION public.pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql "
            "AS 'SELECT now()'"
        )
        name = postgres_url.rpartition("/")[2]
        other.execute(f"ALTER DATABASE {name} SET search_path = public, pg_catalog".encode())
    running.cut_commit(REASON.encode(), forwarded=True, stay_down=False)
    assert outcome(lambda: replica.ledger.ask(ask())) == "LedgerUnclear"


def test_a_click_that_decided_nothing_is_answered_whatever_became_of_its_trace(
    cutting: tuple[Replica, Relay],
) -> None:
    """It was refused: nobody has to wonder whether it was taken."""
    replica, running = cutting
    card_id = replica.show()
    no = Verdict(allowed=False, rule="not one of them")
    running.cut_commit(b"not one of them", forwarded=False, stay_down=True)
    decided = replica.ledger.decide(card_id, Decision.CONFIRM, by=BEN, rule=lambda _: no, retry_for_s=RETRY_S)
    assert decided.refusal == no
    running.open()
    assert replica.now(card_id).state is State.PENDING


@pytest.mark.parametrize("forwarded", [True, False], ids=["committed", "not committed"])
def test_a_sent_that_may_not_be_written_is_found_as_it_is_written(
    cutting: tuple[Replica, Relay], forwarded: bool
) -> None:
    """Whoever takes the row next looks first where it may have been sent, and sends where it wasn't."""
    replica, running = cutting
    card_id = replica.show(TUNNEL)
    assert replica.ledger.decide(
        card_id, Decision.CONFIRM, by=BEN, rule=lambda _: ALLOWED, retry_for_s=RETRY_S
    ).won
    held = replica.take(State.CONFIRMED)
    running.cut_commit(b"sent", forwarded=forwarded, stay_down=True)
    assert outcome(lambda: replica.claims.send(held)) == "LedgerUnclear"
    running.open()
    found = replica.now(card_id)
    assert (found.state, found.unclear) == ((State.DELETING, True) if forwarded else (State.CONFIRMED, False))


def _without_sync(call: Callable[[], None]) -> None:
    """Run it in a thread in which every fsync and fdatasync fails with EIO (seccomp)."""

    class Instruction(ctypes.Structure):
        _fields_ = (
            ("code", ctypes.c_ushort),
            ("yes", ctypes.c_ubyte),
            ("no", ctypes.c_ubyte),
            ("value", ctypes.c_uint32),
        )

    class Program(ctypes.Structure):
        _fields_ = (("count", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction)))

    load, is_equal, leave = 0x20, 0x15, 0x06
    fsync, fdatasync, allow, fail_eio = 74, 75, 0x7FFF0000, 0x00050005
    steps = [
        (load, 0, 0, 0),  # the system call's number
        (is_equal, 1, 0, fsync),
        (is_equal, 0, 1, fdatasync),
        (leave, 0, 0, fail_eio),
        (leave, 0, 0, allow),
    ]
    program = Program(len(steps), (Instruction * len(steps))(*(Instruction(*step) for step in steps)))
    failed: list[BaseException] = []

    def run() -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            no_new_privileges, set_seccomp, filter_mode = 38, 22, 2
            assert libc.prctl(no_new_privileges, 1, 0, 0, 0) == 0
            if libc.prctl(set_seccomp, filter_mode, ctypes.byref(program), 0, 0) != 0:
                pytest.skip("this kernel lets no thread filter its system calls")
            call()
        except BaseException as error:  # noqa: BLE001  # raised again where the test runs
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"), reason="numbers of Linux on x86_64"
)
def test_a_file_whose_commit_could_not_be_synced_is_unclear(first: Replica) -> None:
    """The commit may be on the disk: another process that opens the file after a crash would find it."""

    def write() -> None:
        with pytest.raises(LedgerUnclear, match="disk I/O error"):
            first.ledger.ask(ask())

    _without_sync(write)
    assert first.events() == []
    first.ledger.ask(ask())
    assert first.events() == ["asked"]


def test_a_file_that_takes_no_more_pages_surely_did_nothing(first: Replica) -> None:
    """Its last page was not written."""
    with first.database.write() as tx:
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerUnavailable, match="full"):
        first.ledger.refuse(actor="U0X", channel_id="C0X", rule="x" * 100_000)

"""One line for the cloud calls of all replicas: never more than the rate, and a pause holds for everybody."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from bot.cloud.pace import Pace
from bot.errors import LedgerUnavailable
from bot.ledger.database import Database
from bot.ledger.migrations import migrate
from bot.ledger.slots import Slots
from bot.ledger.tables import paces
from tests.ledger.opened import Clock

REPLICAS = 3
KEY, OTHER = "DeleteVpnConnection ap-guangzhou", "DeleteVpnConnection eu-frankfurt"
TOGETHER_WITHIN_S = 10.0
ALLOWED = 100
ROUTES_ALLOWED = 20


@pytest.fixture
def slots(database_url: str) -> Iterator[list[Slots]]:
    """Three replicas' slots, each over a database of its own."""
    with ExitStack() as open_databases:
        databases = [Database(database_url, clock=time.time) for _ in range(REPLICAS)]
        for database in databases:
            open_databases.callback(database.close)
        migrate(databases[0])
        yield [Slots(database) for database in databases]


def most_in_a_second(times: list[float]) -> int:
    """The most of these times that any sliding second holds."""
    times = sorted(times)
    return max(sum(at <= later < at + 1 for later in times) for at in times)


def test_three_replicas_take_each_slot_once_and_leave_none_out(slots: list[Slots]) -> None:
    """Twenty reservations each, all at once, in slots of a minute: sixty slots in a row."""
    gap_s, each = 60.0, 20
    together = threading.Barrier(REPLICAS)

    def reserve(line: Slots) -> list[float]:
        together.wait(TOGETHER_WITHIN_S)
        return [time.monotonic() + line.reserve(KEY, gap_s) for _ in range(each)]

    with ThreadPoolExecutor(REPLICAS) as replicas:
        taken = sorted(at for some in replicas.map(reserve, slots) for at in some)
    # Each time is out by as long as its call took: by far less than half a minute.
    assert [round((at - taken[0]) / gap_s) for at in taken] == list(range(REPLICAS * each))


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("DeleteVpnConnection", ALLOWED),
        ("DescribeVpnConnections", ALLOWED),
        ("DescribeVpnGatewayRoutes", ROUTES_ALLOWED),
        ("DescribeVpnGatewayCcnRoutes", ROUTES_ALLOWED),
    ],
)
def test_calls_of_three_replicas_keep_the_clouds_rate(slots: list[Slots], action: str, allowed: int) -> None:
    """Two threads each, for a second and a half: no sliding second has more than the cloud allows."""
    together = threading.Barrier(2 * REPLICAS)

    def call(line: Slots) -> list[float]:
        pace = Pace(line)
        together.wait(TOGETHER_WITHIN_S)
        ends, left = time.monotonic() + 1.5, []
        while time.monotonic() < ends:
            pace.wait(action, "ap-guangzhou")
            left.append(time.monotonic())
        return left

    with ThreadPoolExecutor(2 * REPLICAS) as threads:
        left = [at for some in threads.map(call, slots * 2) for at in some]
    assert most_in_a_second(left) <= allowed


def test_a_pause_holds_for_every_replica_and_for_no_other_line(slots: list[Slots]) -> None:
    """The cloud said that it was too much: nobody calls for a while, and then one at a time."""
    first, second, third = slots
    first.pause(KEY, 100)
    assert [second.reserve(KEY, 10), third.reserve(KEY, 10)] == pytest.approx([100, 110], abs=5)
    assert first.reserve(OTHER, 1) == 0
    second.pause(KEY, 10)
    assert third.reserve(KEY, 10) == pytest.approx(120, abs=5), "a shorter pause must not end a longer one"


def test_a_replica_that_freezes_with_the_line_in_its_hands_loses_it(postgres_url: str) -> None:
    """PostgreSQL ends its transaction before the others have waited too long; they never notice."""
    frozen, living = (Database(postgres_url, clock=time.time) for _ in range(2))
    with ExitStack() as open_databases:
        open_databases.callback(frozen.close)
        open_databases.callback(living.close)
        migrate(living)
        assert Slots(living).reserve(KEY, 1.0) == 0
        reserved: list[float] = []

        def freeze_with_the_line() -> None:
            with frozen.write() as tx:
                tx.connection.execute(update(paces).values(next_at=paces.c.next_at + 1000))
                reserved.append(Slots(living).reserve(KEY, 1.0))

        with pytest.raises(LedgerUnavailable):
            freeze_with_the_line()
        assert reserved == [pytest.approx(0.0, abs=1.0)]


@given(st.lists(st.tuples(st.integers(0, REPLICAS - 1), st.floats(0, 0.4)), min_size=1, max_size=60))
@settings(max_examples=40)
def test_no_sliding_second_has_more_than_the_rate_whoever_asks_when(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, float]]
) -> None:
    """To the digit, by a clock that the test moves: idle time saves nothing up, and no slot is skipped."""
    rate = 10
    path: Path = tmp_path_factory.mktemp("slots") / "ledger.sqlite3"
    clock = Clock(0.0)
    with ExitStack() as open_databases:
        databases = [Database(f"sqlite:///{path}", clock=clock) for _ in range(REPLICAS)]
        for database in databases:
            open_databases.callback(database.close)
        migrate(databases[0])
        lines = [Slots(database) for database in databases]
        given_slots, free_at = [], 0.0
        for replica, pause_s in asked:
            clock.now += pause_s
            slot = clock.now + lines[replica].reserve(KEY, 1 / rate)
            assert slot == pytest.approx(max(clock.now, free_at))
            free_at = slot + 1 / rate
            given_slots.append(slot)
    assert most_in_a_second([slot + 1e-6 * number for number, slot in enumerate(given_slots)]) <= rate


@given(st.lists(st.floats(0, 0.4), min_size=1, max_size=60), st.integers(1, 6))
@settings(max_examples=40)
def test_after_a_pause_as_many_as_may_leave_at_once(
    tmp_path_factory: pytest.TempPathFactory, pauses_s: list[float], at_once: int
) -> None:
    """And no sliding second has more than these and the rate."""
    rate = 10
    path: Path = tmp_path_factory.mktemp("slots") / "ledger.sqlite3"
    clock = Clock(0.0)
    database = Database(f"sqlite:///{path}", clock=clock)
    migrate(database)
    line = Slots(database)
    spare_s = (at_once - 1) / rate
    assert [line.reserve(KEY, 1 / rate, spare_s) <= 1e-9 for _ in range(at_once + 1)] == [True] * at_once + [
        False
    ]
    clock.now += 10
    left = []
    for pause_s in pauses_s:
        clock.now += pause_s
        left.append(clock.now + max(0.0, line.reserve(KEY, 1 / rate, spare_s)))
    database.close()
    assert most_in_a_second([at + 1e-6 * number for number, at in enumerate(left)]) <= rate + at_once

"""The loop: everything due is done once, whatever breaks, and nothing is held for longer than it must be."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from bot.domain.model import State
from bot.errors import LeaseLost, LedgerUnavailable, LedgerUnclear
from bot.ledger.rows import HeldPost
from bot.ledger.set_back import put_right
from bot.ledger.tables import posts
from bot.work import worker as worker_module
from bot.work.deliver import Delivery
from bot.work.worker import Lane, Worker
from tests.ledger.opened import LEASE_S, TUNNEL, Clock, Replica, ask
from tests.work.cloud import STANDS, Cloud
from tests.work.scene import steps_over

DEADLINE_S = 10.0


def wait(condition: Callable[[], object]) -> None:
    """Wait until it is true, for at most ten seconds."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "not within ten seconds"
        time.sleep(0.005)


@dataclass
class Queue:
    """Due numbers for a lane, and what became of them."""

    due: list[int]
    run: Callable[[int], None] = lambda _number: None
    claims: int = 0
    done: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    claim_error: Exception | None = None

    def claim(self, limit: int) -> list[int]:
        self.claims += 1
        if self.claim_error is not None:
            raise self.claim_error
        taken, self.due[:] = self.due[:limit], self.due[limit:]
        return taken

    def run_all(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.run(number)
        self.done += numbers


@contextmanager
def lane(queue: Queue, *, threads: int = 2, together: int = 1) -> Iterator[Lane[int]]:
    running = Lane(
        "test",
        queue.claim,
        queue.run_all,
        threads=threads,
        together=together,
        after=queue.over.extend,
        broke=queue.broken.append,
    )
    running.start()
    try:
        yield running
    finally:
        running.stop()
    assert running.wait_idle(time.monotonic() + DEADLINE_S)


def test_everything_due_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the lane says of each when it's over."""
    monkeypatch.setattr(worker_module, "POLL_S", 0.01)
    queue = Queue(due=list(range(50)))
    with lane(queue, threads=4, together=3):
        wait(lambda: len(queue.over) == 50)
    assert sorted(queue.done) == sorted(queue.over) == list(range(50))


def test_a_wake_is_quicker_than_the_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local write is seen at once, although the next poll is an hour away."""
    monkeypatch.setattr(worker_module, "POLL_S", 3_600.0)
    queue = Queue(due=[])
    with lane(queue) as running:
        wait(lambda: queue.claims == 1)
        queue.due.append(7)
        running.wake()
        wait(lambda: queue.done)
    assert queue.done == [7]


def test_without_a_wake_it_is_found_at_the_next_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another replica wrote wakes nobody here."""
    monkeypatch.setattr(worker_module, "POLL_S", 0.02)
    queue = Queue(due=[])
    with lane(queue):
        wait(lambda: queue.claims > 1)
        queue.due.append(7)
        wait(lambda: queue.done)
    assert queue.done == [7]


def test_no_more_run_at_once_than_there_are_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """And none is claimed that would have to wait while its lease runs."""
    monkeypatch.setattr(worker_module, "POLL_S", 0.01)
    go, running_now = threading.Event(), Counter[str]()

    def run(_number: int) -> None:
        running_now["now"] += 1
        go.wait(DEADLINE_S)

    queue = Queue(due=list(range(6)), run=run)
    with lane(queue, threads=3) as running:
        wait(lambda: running_now["now"] == 3)
        beat = running.beat_at
        wait(lambda: running.beat_at > beat)
        assert len(queue.due) == 3
        go.set()
        wait(lambda: len(queue.done) == 6)


@pytest.mark.parametrize(
    "error",
    [LedgerUnavailable("locked"), LedgerUnclear("lost"), ZeroDivisionError()],
    ids=["away", "unclear", "fault"],
)
def test_a_claim_that_fails_stops_no_lane(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """It heals by itself, whatever it was."""
    monkeypatch.setattr(worker_module, "POLL_S", 0.01)
    queue = Queue(due=[1], claim_error=error)
    with lane(queue):
        wait(lambda: queue.claims > 3)
        queue.claim_error = None
        wait(lambda: queue.done)
    assert queue.done == [1]


def test_one_row_that_breaks_is_set_back_and_its_group_is_run_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A poisoned row never blocks the others."""
    monkeypatch.setattr(worker_module, "POLL_S", 0.01)

    def run(number: int) -> None:
        if number == 2:
            raise ZeroDivisionError

    queue = Queue(due=[1, 2, 3], run=run)
    with lane(queue, together=3):
        wait(lambda: queue.broken == [2] and {1, 3} <= set(queue.done))
    assert 2 not in queue.done


@pytest.mark.parametrize(
    "error",
    [LedgerUnavailable("locked"), LedgerUnclear("lost"), LeaseLost("x")],
    ids=["away", "unclear", "lost"],
)
def test_a_row_that_cannot_even_be_set_back_ends_no_lane(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It is left to its lease."""
    monkeypatch.setattr(worker_module, "POLL_S", 0.01)

    def fail(_number: int) -> None:
        raise error

    def run(number: int) -> None:
        if number == 1:
            raise ZeroDivisionError

    queue = Queue(due=[1], run=run)
    queue.broken = cast("list[int]", type("Refusing", (list,), {"append": staticmethod(fail)})())
    with lane(queue):
        wait(lambda: queue.over == [1])
        queue.due.append(2)
        wait(lambda: queue.done)
    assert queue.done == [2]


class Told:
    """Stands for Slack: whatever is to be said is said at once."""

    def __init__(self, replica: Replica) -> None:
        self._outbox = replica.outbox
        self.said: list[str] = []

    def deliver(self, post: HeldPost) -> None:
        self.said.append(f"{post.card_id}/{post.kind}")
        self._outbox.said(post, "1.1")

    def broke(self, post: HeldPost) -> None:
        self._outbox.later(post, 1, unclear=False)


@contextmanager
def working(replica: Replica, cloud: Cloud) -> Iterator[Told]:
    """A worker on this replica's ledger."""
    told = Told(replica)
    worker = Worker(
        leases=replica.leases,
        claims=replica.claims,
        outbox=replica.outbox,
        steps=steps_over(replica, cloud),
        delivery=cast(Delivery, told),
        put_right=partial(put_right, replica.database),
    )
    worker.start()
    try:
        yield told
    finally:
        worker.stop(DEADLINE_S)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls and heartbeats every few milliseconds."""
    monkeypatch.setattr(worker_module, "POLL_S", 0.01)
    monkeypatch.setattr(worker_module, "LEASE_S", 0.03)


class Stepping(Clock):
    """A clock that goes ten times as fast as the wall's."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def __call__(self) -> float:
        return self.now + (time.monotonic() - self._began) * 10


@pytest.fixture
def fast(path: Path) -> Iterator[Callable[[str], Replica]]:
    """Replicas on one file, whose clock is quick: a lease is over after 0.3 s."""
    clock, opened = Stepping(), list[Replica]()

    def open_one(owner: str) -> Replica:
        opened.append(Replica.open(path, clock, owner))
        return opened[-1]

    yield open_one
    for replica in opened:
        replica.database.close()


def confirmed(replica: Replica) -> str:
    """A card that an earlier process left confirmed."""
    card = replica.show()
    assert replica.decide(card).won
    return card


@pytest.mark.usefixtures("quick")
def test_two_workers_on_one_ledger_do_everything_once(first: Replica, second: Replica) -> None:
    """Fifteen tunnels, from the confirm to “gone”: one call each, every message said by one of them."""
    cards, tunnels = [], {}
    for number in range(15):
        tunnel_id = f"vpnx-{number:08}"
        cards.append(first.ledger.ask(ask(tunnel_id)))
        tunnels[tunnel_id] = replace(TUNNEL, tunnel_id=tunnel_id)
        first.show_held(first.take(State.ASKED), tunnels[tunnel_id])
    for card in cards:
        first.decide(card)
    cloud = Cloud(look=tunnels, vanishes=True)
    with working(first, cloud) as one, working(second, cloud) as other:
        wait(lambda: all(first.now(card).state is State.VERIFYING for card in cards))
        first.clock.now += 1
        wait(lambda: all(first.now(card).state is State.GONE for card in cards))
        wait(lambda: not any(row["shown"] < row["wanted"] for row in first.rows(posts)))
    assert len(cloud.deleted) == len(set(cloud.deleted)) == len(cards)
    said = Counter(one.said + other.said)
    assert {key: count for key, count in said.items() if count > 1 and not key.endswith("/card")} == {}
    assert {key.partition("/")[2] for key in said} == {"card", "accepted", "gone"}


@pytest.mark.usefixtures("quick")
def test_a_row_whose_step_the_ledger_failed_is_taken_again_when_its_lease_is_over(
    fast: Callable[[str], Replica],
) -> None:
    """The heartbeat keeps alive what is worked on, and nothing that was given up."""
    only, card = fast("only"), confirmed(fast("earlier"))
    calls = 0

    def away_once() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise LedgerUnavailable("locked")

    cloud = Cloud(look={TUNNEL.tunnel_id: TUNNEL}, before_delete=away_once)
    with working(only, cloud):
        wait(lambda: only.now(card).state is State.VERIFYING)
    assert calls == 2
    assert len(cloud.deleted) == 1


@pytest.mark.usefixtures("quick")
def test_a_step_that_takes_long_keeps_its_row(fast: Callable[[str], Replica]) -> None:
    """For three leases nobody takes it over, because its process lives."""
    holder, other, card = fast("holder"), fast("other"), confirmed(fast("earlier"))
    go = threading.Event()
    cloud = Cloud(look=STANDS, vanishes=True, before_delete=lambda: cast(None, go.wait(DEADLINE_S)))
    with working(holder, cloud):
        wait(lambda: holder.now(card).state is State.DELETING)
        until = holder.clock() + 3 * LEASE_S
        wait(lambda: other.claims.claim(1, [State.DELETING]) or holder.clock() > until)
        assert holder.clock() > until
        go.set()
        wait(lambda: holder.now(card).state is State.GONE)


@pytest.mark.usefixtures("quick")
def test_told_to_stop_it_finishes_what_runs_and_gives_back_the_rest(first: Replica, second: Replica) -> None:
    """A successor can go on at once, without waiting for a lease."""
    card = first.show()
    first.decide(card)
    go = threading.Event()
    cloud = Cloud(look=STANDS, vanishes=True, before_delete=lambda: cast(None, go.wait(DEADLINE_S)))
    with working(first, cloud):
        wait(lambda: first.now(card).state is State.DELETING)
        first.ledger.ask(ask("vpnx-later000"))
        threading.Timer(0.05, go.set).start()
    assert first.now(card).state in (State.VERIFYING, State.GONE)
    first.clock.now += 1
    with working(second, cloud):
        wait(lambda: first.now(card).state is State.GONE)
    assert len(cloud.deleted) == 1

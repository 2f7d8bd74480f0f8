"""The loop: claim what is due, run its step in a thread, renew the leases, wake at once when told."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from bot.domain.model import State
from bot.errors import LeaseLost, LedgerFailed
from bot.ledger.claims import Claims
from bot.ledger.leases import LEASE_S, Leases
from bot.ledger.outbox import Outbox
from bot.ledger.rows import Held, HeldPost
from bot.work.deliver import Delivery
from bot.work.steps import Steps

POLL_S = 0.25
BEAT_WITHIN_S = 5.0
LOOKED_UP_TOGETHER = 100
DELETE_THREADS = 8
POST_THREADS = 4
# People come first: there is one interpreter and one writer, and an ack has three seconds.
QUIET_S = 0.025
LONGEST_COURTESY_S = 2.0
T = TypeVar("T")
log = logging.getLogger(__name__)


class Listeners:
    """When somebody last typed or clicked; what can wait a moment lets them go first."""

    def __init__(self) -> None:
        self._heard_at = 0.0

    def heard(self) -> None:
        """A listener has just written."""
        self._heard_at = time.monotonic()

    def let_pass(self) -> None:
        """Return once no listener has written for a moment, or after two seconds."""
        deadline = time.monotonic() + LONGEST_COURTESY_S
        while (now := time.monotonic()) < deadline and (quiet_s := now - self._heard_at) < QUIET_S:
            time.sleep(QUIET_S - quiet_s)


class Lane(Generic[T]):
    """One kind of work: claims due rows, `together` at a time, and runs them in `threads` threads."""

    def __init__(
        self,
        name: str,
        claim: Callable[[int], list[T]],
        run: Callable[[Sequence[T]], None],
        *,
        threads: int,
        together: int = 1,
        before: Callable[[], None] = lambda: None,
        after: Callable[[Sequence[T]], None],
        broke: Callable[[T], None],
    ) -> None:
        self._claim = claim
        self._run = run
        self._together = together
        self._before = before
        self._after = after
        self._broke = broke
        self._threads = threads
        self._free = threading.Semaphore(threads)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=f"{name}-lane", daemon=True)
        self.beat_at = time.monotonic()

    def start(self) -> None:
        """Begin to claim."""
        self._thread.start()

    def wake(self) -> None:
        """Something may be due now: look at once, not only at the next poll."""
        self._due.set()

    def stop(self) -> None:
        """Claim nothing more; what runs goes on."""
        self._stopping.set()
        self._due.set()

    def wait_idle(self, deadline: float) -> bool:
        """After `stop`: wait until nothing runs any more; whether that was so by `deadline` (monotonic)."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return all(
            self._free.acquire(timeout=max(0.0, deadline - time.monotonic())) for _ in range(self._threads)
        )

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self.beat_at = time.monotonic()
            if not self._free.acquire(timeout=POLL_S):
                continue
            self._due.clear()
            self._before()
            claimed = self._claim_some()
            if claimed:
                self._pool.submit(self._run_one, claimed)
            else:
                self._free.release()
                self._due.wait(POLL_S)

    def _claim_some(self) -> list[T]:
        try:
            return self._claim(self._together)
        except LedgerFailed as error:
            log.warning("ledger unavailable: %s", error)
        except Exception:  # a fault of ours must not end the lane: without it nothing is done any more
            log.exception("a claim broke")
        return []

    def _run_one(self, claimed: Sequence[T]) -> None:
        try:
            self._try(claimed)
        finally:
            self._free.release()
            self._after(claimed)
            self.wake()

    def _try(self, claimed: Sequence[T]) -> None:
        try:
            self._run(claimed)
        except LedgerFailed as error:
            # Written or not: when the rows' lease has run out, whoever takes them goes by what stands there.
            log.warning("ledger unavailable in a step: %s", error)
        except Exception:  # a fault of ours must not end the lane, nor may one row block the others
            if len(claimed) > 1:
                for one in claimed:
                    self._try([one])
                return
            log.exception("a step broke")
            self._set_back(claimed[0])

    def _set_back(self, one: T) -> None:
        try:
            self._broke(one)
        except (LedgerFailed, LeaseLost) as error:
            log.warning("left to its lease: %s", error)
        except Exception:  # likewise: it is tried again when its lease has run out
            log.exception("a row could not be set back")


class Worker:
    """Looks, deletes, verifies and posts, each in a lane of its own: a slow one never holds up the others."""

    def __init__(
        self,
        *,
        leases: Leases,
        claims: Claims,
        outbox: Outbox,
        steps: Steps,
        delivery: Delivery,
        put_right: Callable[[], None],
    ) -> None:
        """put_right: called with every heartbeat, for clocks that were set and freezes that ran out."""
        self._leases = leases
        self._put_right = put_right

        def held(*states: State) -> Callable[[int], list[Held]]:
            return lambda limit: claims.claim(limit, states)

        def step_over(*next_lanes: Lane[Any]) -> Callable[[Sequence[Held | HeldPost]], None]:
            def after(done: Sequence[Held | HeldPost]) -> None:
                leases.end(done)
                for lane in next_lanes:
                    lane.wake()

            return after

        self._listeners = Listeners()
        post: Lane[HeldPost] = Lane(
            "post",
            outbox.claim,
            lambda one: delivery.deliver(one[0]),
            threads=POST_THREADS,
            before=self._listeners.let_pass,
            after=step_over(),
            broke=delivery.broke,
        )
        # One look at a time: what comes in meanwhile goes together in the next call.
        look: Lane[Held] = Lane(
            "look",
            held(State.ASKED),
            steps.prepare,
            threads=1,
            together=LOOKED_UP_TOGETHER,
            before=self._listeners.let_pass,
            after=step_over(post),
            broke=steps.broke,
        )
        verify: Lane[Held] = Lane(
            "verify",
            held(State.VERIFYING),
            steps.verify,
            threads=1,
            together=LOOKED_UP_TOGETHER,
            after=step_over(post),
            broke=steps.broke,
        )
        delete: Lane[Held] = Lane(
            "delete",
            held(State.CONFIRMED, State.DELETING, State.PENDING),
            lambda one: steps.act(one[0]),
            threads=DELETE_THREADS,
            after=step_over(post),
            broke=steps.broke,
        )
        self._lanes: tuple[Lane[Any], ...] = (post, look, verify, delete)
        self._heard_by = (delete, look, post)
        self._stopped = threading.Event()
        self._heart = threading.Thread(target=self._renew, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._heart.start()
        for lane in self._lanes:
            lane.start()

    def wake(self) -> None:
        """A listener has written: something may be due now."""
        self._listeners.heard()
        for lane in self._heard_by:
            lane.wake()

    def beating(self) -> bool:
        """Whether every lane has looked for work lately."""
        oldest = min(lane.beat_at for lane in self._lanes)
        return time.monotonic() - oldest < BEAT_WITHIN_S

    def stop(self, within_s: float) -> None:
        """Claim nothing more, give the running steps so many seconds, then give back what is still held.

        A step that is still running then writes nothing more once somebody else has taken its row.
        """
        deadline = time.monotonic() + within_s
        for lane in self._lanes:
            lane.stop()
        if not all(lane.wait_idle(deadline) for lane in self._lanes):
            log.warning("steps that still run are given back")
        self._stopped.set()
        self._heart.join()
        try:
            self._leases.give_back()
        except LedgerFailed as error:
            log.warning("leases run out by themselves: %s", error)

    def _renew(self) -> None:
        while not self._stopped.wait(LEASE_S / 3):
            try:
                self._leases.renew()
                self._put_right()
            except LedgerFailed as error:
                log.warning("ledger unavailable for the heartbeat: %s", error)

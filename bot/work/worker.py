"""The loop: claim what is due, run its step in a thread, renew the leases, wake at once when told."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from bot.domain.model import State
from bot.errors import LeaseLost, LedgerUnavailable
from bot.ledger.claims import LEASE_S, Claims, Leases
from bot.ledger.outbox import Outbox
from bot.ledger.rows import Held
from bot.work.deliver import Delivery
from bot.work.steps import Steps

POLL_S = 0.25
LOOKED_UP_TOGETHER = 100
DELETE_THREADS = 8
POST_THREADS = 4
T = TypeVar("T")
log = logging.getLogger(__name__)


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
        after: Callable[[], None],
        broke: Callable[[T], None],
    ) -> None:
        self._claim = claim
        self._run = run
        self._together = together
        self._after = after
        self._broke = broke
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
        """Claim nothing more, and wait for the steps that are running."""
        self._stopping.set()
        self._due.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self.beat_at = time.monotonic()
            if not self._free.acquire(timeout=POLL_S):
                continue
            self._due.clear()
            claimed = self._claim_some()
            if claimed:
                self._pool.submit(self._run_one, claimed)
            else:
                self._free.release()
                self._due.wait(POLL_S)

    def _claim_some(self) -> list[T]:
        try:
            return self._claim(self._together)
        except LedgerUnavailable as error:
            log.warning("ledger unavailable: %s", error)
            return []

    def _run_one(self, claimed: Sequence[T]) -> None:
        try:
            self._try(claimed)
        finally:
            self._free.release()
            self._after()

    def _try(self, claimed: Sequence[T]) -> None:
        try:
            self._run(claimed)
        except LedgerUnavailable as error:
            # The rows stay as they were; when their lease has run out they are taken again.
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
        except (LedgerUnavailable, LeaseLost) as error:
            log.warning("left to its lease: %s", error)


class Worker:
    """Looks, deletes, verifies and posts, each in a lane of its own: a slow one never holds up the others."""

    def __init__(
        self, *, leases: Leases, claims: Claims, outbox: Outbox, steps: Steps, delivery: Delivery
    ) -> None:
        self._leases = leases

        def held(*states: State) -> Callable[[int], list[Held]]:
            return lambda limit: claims.claim(limit, states)

        # One look at a time: what comes in meanwhile goes together in the next call.
        self._lanes: tuple[Lane[Any], ...] = (
            Lane(
                "look",
                held(State.ASKED),
                steps.prepare,
                threads=1,
                together=LOOKED_UP_TOGETHER,
                after=self.wake,
                broke=steps.broke,
            ),
            Lane(
                "verify",
                held(State.VERIFYING),
                steps.verify,
                threads=1,
                together=LOOKED_UP_TOGETHER,
                after=self.wake,
                broke=steps.broke,
            ),
            Lane(
                "delete",
                held(State.CONFIRMED, State.DELETING, State.PENDING),
                lambda one: steps.act(one[0]),
                threads=DELETE_THREADS,
                after=self.wake,
                broke=steps.broke,
            ),
            Lane(
                "post",
                outbox.claim,
                lambda one: delivery.deliver(one[0]),
                threads=POST_THREADS,
                after=self.wake,
                broke=delivery.broke,
            ),
        )
        self._stopped = threading.Event()
        self._heart = threading.Thread(target=self._renew, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._heart.start()
        for lane in self._lanes:
            lane.start()

    def wake(self) -> None:
        """A local write may have made something due."""
        for lane in self._lanes:
            lane.wake()

    def stop(self) -> None:
        """Claim nothing more, finish the running steps, give the rest back."""
        for lane in self._lanes:
            lane.stop()
        self._stopped.set()
        self._heart.join()
        try:
            self._leases.give_back()
        except LedgerUnavailable as error:
            log.warning("leases run out by themselves: %s", error)

    def _renew(self) -> None:
        while not self._stopped.wait(LEASE_S / 3):
            try:
                self._leases.renew()
            except LedgerUnavailable as error:
                log.warning("ledger unavailable for the heartbeat: %s", error)

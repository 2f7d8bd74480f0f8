"""The ledger check: rare, bounded, and true."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from bot.errors import LedgerUnavailable
from bot.health import PROBE_AGAIN_S, LedgerProbe

WITHIN_S = 0.2


def test_however_many_ask_the_ledger_is_written_at_most_once_a_second() -> None:
    """Probes of several monitors together cost one write; the next second costs another."""
    now, writes = [1000.0], []
    probe = LedgerProbe(lambda: writes.append(now[0]), monotonic=lambda: now[0])
    assert all(probe().ok for _ in range(20))
    assert writes == [1000.0]
    now[0] += PROBE_AGAIN_S + 0.1
    assert probe().ok
    assert writes == [1000.0, now[0]]


def test_a_write_that_fails_is_red_without_the_databases_own_words() -> None:
    """A driver's error may name hosts and users: the log gets it, whoever asks over HTTP doesn't."""

    def write() -> None:
        raise LedgerUnavailable("connection to db-1.example.net as vpnbot failed")

    check = LedgerProbe(write)()
    assert not check.ok
    assert "example.net" not in check.reason


def test_a_write_that_hangs_is_red_in_time_and_gathers_no_queue() -> None:
    """Readiness answers within its time, however often a hung database is asked about."""
    released, begun = threading.Event(), []

    def write() -> None:
        begun.append(threading.get_ident())
        released.wait()

    probe = LedgerProbe(write, monotonic=count(step=10).__next__, within_s=WITHIN_S)
    started = time.monotonic()
    with ThreadPoolExecutor(4) as monitors:
        checks = list(monitors.map(lambda _: probe(), range(4)))
    assert time.monotonic() - started < WITHIN_S + 1
    assert not any(check.ok for check in checks)
    released.set()
    assert probe().ok
    # The one that hung, and at most one more for the last question.
    assert len(begun) in (1, 2)

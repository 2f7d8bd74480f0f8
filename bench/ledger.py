"""The ledger by itself: ask and decide, a three-step job beside DBOS, and the history of a long life."""

# `make check` runs where DBOS isn't installed.
# mypy: disable-error-code="import-untyped, import-not-found"

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.table import Row
from bot.domain.model import Ask, Decision, Saying, Stake, State, Tier, Tunnel
from bot.domain.policy import Verdict
from bot.ledger.cards import Cards, Shown
from bot.ledger.claims import Claims
from bot.ledger.database import Database
from bot.ledger.history import History, HistoryQuery
from bot.ledger.leases import Leases
from bot.ledger.migrations import migrate
from bot.ledger.store import Ledger
from bot.ledger.tables import deletions
from tests.postgres import find_initdb, postgres

JOBS, ROUNDS = 100, 3
HISTORY_ROWS, CHUNK = 100_000, 5_000
ALLOWED = Verdict(allowed=True, rule="anybody")
TARGET_MS, HISTORY_TARGET_MS = 5.0, 10.0


def run() -> list[Row]:
    """Medians; DBOS runs on the same database server, in a process of its own, in turns with ours."""
    with tempfile.TemporaryDirectory() as folder:
        sqlite = f"sqlite:///{Path(folder) / 'ledger.sqlite3'}"
        rows = [_ask_and_decide("SQLite", sqlite)]
        rows.append(_three_steps("SQLite", sqlite, f"sqlite:///{Path(folder) / 'dbos.sqlite3'}"))
        rows.append(_history("SQLite", f"sqlite:///{Path(folder) / 'long.sqlite3'}"))
    initdb = find_initdb()
    if initdb is not None:
        with postgres(initdb) as url:
            rows += [_ask_and_decide("PostgreSQL", url), _three_steps("PostgreSQL", url, url)]
            rows.append(_history("PostgreSQL", url))
    return rows


class _Books:
    """A ledger with a worker's side, and asks for as many tunnels as one likes."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, clock=time.time)
        migrate(self.database)
        self.ledger = Ledger(self.database)
        self.history = History(self.database)
        self.cards = Cards(self.database)
        self.claims = Claims(self.database, Leases(self.database, owner="bench"))
        self._count = time.time_ns() % 2**32

    def ask(self) -> str:
        self._count += 1
        return self.ledger.ask(
            Ask(
                tunnel_ids=(f"vpnx-{self._count:08x}"[:13],),
                gateway_id="vpngw-7lcl5331",
                region="ap-guangzhou",
                reason="",
                channel_id="C0BENCH",
                requester_id="U0BENCH",
                response_url="",
            )
        )

    def show(self) -> None:
        for held in self.claims.claim(100, [State.ASKED]):
            tunnel = Tunnel(tunnel_id=held.deletion.tunnel_id, gateway_id="vpngw-7lcl5331")
            shown = Shown(tunnel=tunnel, stake=Stake(tier=Tier.LOW), kit="{}")
            self.cards.show(held, [shown], ttl_s=900, kit_pages=lambda _: [{"text": "Undo kit"}])

    def confirm(self, card_id: str) -> None:
        assert self.ledger.decide(
            card_id, Decision.CONFIRM, by="U0BENCH", rule=lambda _: ALLOWED, retry_for_s=300
        ).won

    def delete(self) -> None:
        """The three steps after a confirm, as the worker writes them: sent, accepted, gone."""
        (held,) = self.claims.claim(1, [State.CONFIRMED])
        self.claims.advance(held, State.DELETING, event="sent")
        (held,) = self.claims.claim(1, [State.DELETING])
        says = [Saying(kind="accepted", body={"text": "accepted"})]
        self.claims.advance(held, State.VERIFYING, event="accepted", says=says)
        (held,) = self.claims.claim(1, [State.VERIFYING])
        self.claims.advance(held, State.GONE, event="gone", says=[Saying(kind="gone", body={"text": "gone"})])


@contextmanager
def _books(url: str) -> Iterator[_Books]:
    books = _Books(url)
    yield books
    books.database.close()


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _ask_and_decide(name: str, url: str) -> Row:
    with _books(url) as books:
        times = []
        for _ in range(JOBS):
            cards: list[str] = []
            asking_ms = _ms(lambda cards=cards: cards.append(books.ask()))  # type: ignore[misc]  # bound at once
            books.show()
            times.append(asking_ms + _ms(lambda card=cards[0]: books.confirm(card)))  # type: ignore[misc]  # likewise
            books.delete()
    p50 = statistics.median(times)
    return Row(f"ask + decide, {name}, p50", p50, None, "ms", f"< {TARGET_MS:g} ms", p50 < TARGET_MS)


def _three_steps(name: str, url: str, dbos_url: str) -> Row:
    ours, peer = [], []
    for _ in range(ROUNDS):
        with _books(url) as books:
            times = []
            for _ in range(JOBS):
                card_id = books.ask()
                books.show()
                books.confirm(card_id)
                times.append(_ms(books.delete))
        ours.append(statistics.median(times))
        peer_bench = [
            sys.executable,
            "-P",
            str(Path(__file__).with_name("peer_dbos.py")),
            dbos_url,
            str(JOBS),
        ]
        answer = subprocess.run(peer_bench, check=True, capture_output=True, text=True, timeout=120)
        peer.append(float(answer.stdout.splitlines()[-1]))
    mine, theirs = statistics.median(ours), statistics.median(peer)
    return Row(f"a three-step job, {name} (peer: DBOS 3.4)", mine, theirs, "ms", "< peer", mine < theirs)


def _history(name: str, url: str) -> Row:
    with _books(url) as books:
        for start in range(0, HISTORY_ROWS, CHUNK):
            with books.database.write() as tx:
                tx.connection.execute(deletions.insert(), [_ended(start + i, tx.now) for i in range(CHUNK)])
        p50 = statistics.median(
            _ms(lambda: books.history.deletions(HistoryQuery(), limit=20)) for _ in range(JOBS)
        )
    target = f"< {HISTORY_TARGET_MS:g} ms"
    return Row(
        f"last 20 of {HISTORY_ROWS:,} deletions, {name}, p50",
        p50,
        None,
        "ms",
        target,
        p50 < HISTORY_TARGET_MS,
    )


def _ended(number: int, now: float) -> dict[str, object]:
    """A deletion of long ago, as a row."""
    deletion_id, at = f"old-{number:06}", now - number * 60
    who = {"channel_id": "C0BENCH", "requester_id": "U0BENCH", "decided_by": "U0BENCH"}
    when = {"asked_at": at, "decided_at": at, "sent_at": at, "ended_at": at, "next_at": at}
    what = {
        "tunnel_id": f"vpnx-{number:08}",
        "region": "ap-guangzhou",
        "reason": "",
        "state": State.GONE.value,
    }
    return {"deletion_id": deletion_id, "card_id": deletion_id, **who, **when, **what}

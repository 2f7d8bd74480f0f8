"""What ended long ago is forgotten, in small pieces; what hasn't ended never is."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import Table, func, select, update

from bot.domain.model import Ask, Decision, State, Tunnel
from bot.ledger.cards import Cards
from bot.ledger.claims import Claims
from bot.ledger.database import Database
from bot.ledger.leases import Leases
from bot.ledger.migrations import migrate
from bot.ledger.outbox import Outbox
from bot.ledger.retention import Retention
from bot.ledger.slots import Slots
from bot.ledger.store import Ledger
from bot.ledger.tables import deletions, events, paces, posts
from tests.ledger.opened import ALLOWED, show

KEEP_S = 1_000.0
TIMES = (
    (deletions, "ended_at"),
    (events, "at"),
    (posts, "created_at"),
    (posts, "next_at"),
    (paces, "next_at"),
)


@dataclass(frozen=True)
class Books:
    """One ledger, with what a bot does to it."""

    database: Database
    ledger: Ledger
    claims: Claims
    outbox: Outbox
    retention: Retention

    def show(self, *tunnel_ids: str) -> str:
        """A card that waits for a click; returns its id."""
        asked = Ask(
            tunnel_ids=tunnel_ids,
            gateway_id=None,
            region="ap-guangzhou",
            reason="",
            channel_id="C0NETOPS001",
            requester_id="U0ANA000001",
            response_url="https://hooks.slack.test/x",
        )
        card_id = self.ledger.ask(asked)
        (held,) = self.claims.claim(1, [State.ASKED])
        tunnels = [Tunnel(tunnel_id=tunnel_id, gateway_id="vpngw-7lcl5331") for tunnel_id in tunnel_ids]
        show(Cards(self.database), held, *tunnels)
        return card_id

    def decide(self, card_id: str, decision: Decision) -> None:
        """Click."""
        assert self.ledger.decide(
            card_id, decision, by="U0BEN000001", rule=lambda _: ALLOWED, retry_for_s=300
        ).won

    def cancelled(self, *tunnel_ids: str) -> str:
        """A card that has ended, with everything said; returns its id."""
        card_id = self.show(*tunnel_ids)
        self.decide(card_id, Decision.CANCEL)
        self.say_all()
        return card_id

    def say_all(self) -> None:
        """Say everything that is due."""
        while said := self.outbox.claim(100):
            for post in said:
                self.outbox.said(post, "1700000000.000001")

    def let_pass(self, seconds: float) -> None:
        """Everything that happened is so much older: both databases tell the time themselves."""
        with self.database.write() as tx:
            for table, column in TIMES:
                older = {column: table.c[column] - seconds}
                tx.connection.execute(update(table).values(**older))

    def count(self, table: Table) -> int:
        """How many rows a table has."""
        with self.database.read() as tx:
            return int(tx.connection.execute(select(func.count()).select_from(table)).scalar_one())

    def cards(self) -> set[str]:
        """The cards that the ledger knows."""
        with self.database.read() as tx:
            return set(tx.connection.execute(select(deletions.c.card_id)).scalars())


@pytest.fixture
def open_books(database_url: str) -> Iterator[Callable[[], Books]]:
    """Opens the same ledger as one more replica."""
    opened: list[Books] = []

    def open_once_more() -> Books:
        database = Database(database_url, clock=time.time)
        migrate(database)
        leases = Leases(database, owner=f"replica {len(opened)}")
        opened.append(
            Books(
                database=database,
                ledger=Ledger(database),
                claims=Claims(database, leases),
                outbox=Outbox(database, leases),
                retention=Retention(database, keep_s=KEEP_S),
            )
        )
        return opened[-1]

    yield open_once_more
    for books in opened:
        books.database.close()


@pytest.fixture
def books(open_books: Callable[[], Books]) -> Books:
    return open_books()


def test_what_ended_too_long_ago_goes_with_its_posts_and_events(books: Books) -> None:
    """And what ended later stays whole."""
    books.cancelled("vpnx-00000001")
    books.let_pass(KEEP_S)
    kept = books.cancelled("vpnx-00000002")
    assert books.retention.remove_some(100) == 1
    assert books.cards() == {kept}
    assert (books.count(posts), books.count(events)) == (1, 5)
    assert books.retention.remove_some(100) == 0


@pytest.mark.parametrize("state", [state for state in State if not state.ended])
def test_what_has_not_ended_is_never_removed(books: Books, state: State) -> None:
    """However old it is; nor is a word of its audit trail."""
    card_id = books.show("vpnx-00000001")
    books.say_all()
    with books.database.write() as tx:
        tx.connection.execute(update(deletions).values(state=state.value))
    books.let_pass(100 * KEEP_S)
    trail = books.count(events)
    assert books.retention.remove_some(100) == 0
    assert books.cards() == {card_id}
    assert books.count(events) == trail


def test_a_batch_stays_until_its_last_tunnel_ended_long_ago(books: Books) -> None:
    """A card is forgotten as a whole or not at all."""
    card_id = books.show("vpnx-00000001", "vpnx-00000002")
    books.decide(card_id, Decision.CONFIRM)
    Cards(books.database).clear(*books.claims.claim(2, [State.CONFIRMED]))
    for held in books.claims.claim(2, [State.CONFIRMED]):
        books.let_pass(0.9 * KEEP_S)
        assert books.retention.remove_some(100) == 0
        books.claims.advance(held, State.REFUSED, event="refused", code="FailedOperation")
        books.say_all()
    books.let_pass(0.9 * KEEP_S)
    books.say_all()  # the card follows its tunnels, some seconds later
    assert books.retention.remove_some(100) == 0
    assert books.count(deletions) == 2
    books.let_pass(0.2 * KEEP_S)
    assert books.retention.remove_some(100) == 2
    assert [books.count(table) for table in (deletions, posts, events)] == [0, 0, 0]


def test_what_is_still_to_be_said_keeps_its_card(books: Books) -> None:
    """Slack may be away for long; a result isn't forgotten before it is told."""
    books.decide(books.show("vpnx-00000001"), Decision.CANCEL)
    books.let_pass(2 * KEEP_S)
    assert books.retention.remove_some(100) == 0
    books.say_all()
    assert books.retention.remove_some(100) == 1


def test_old_rows_go_in_pieces(books: Books) -> None:
    """No transaction is longer than a piece; a large card goes in several."""
    books.cancelled(*(f"vpnx-{number:08}" for number in range(5)))
    books.let_pass(2 * KEEP_S)
    assert [books.retention.remove_some(2) for _ in range(4)] == [2, 2, 1, 0]
    assert [books.count(table) for table in (deletions, posts, events)] == [0, 0, 0]


def test_what_belongs_to_no_deletion_goes_too_when_it_is_old(books: Books) -> None:
    """Refusals of people and the pace of calls."""
    slots = Slots(books.database)
    for region in ("ap-guangzhou", "ap-tokyo"):
        books.ledger.refuse(actor="U0EVE000001", channel_id="C0NETOPS001", rule="operators")
        slots.reserve(f"DeleteVpnConnection {region}", 0.01)
        books.let_pass(0.6 * KEEP_S)
    assert books.retention.remove_some(100) == 2
    assert (books.count(events), books.count(paces)) == (1, 1)


def test_several_replicas_may_tidy_at_once(open_books: Callable[[], Books]) -> None:
    """Each row is removed once, and nobody is hindered."""
    replicas = [open_books() for _ in range(3)]
    for number in range(30):
        replicas[0].cancelled(f"vpnx-{number:08}")
    replicas[0].let_pass(2 * KEEP_S)

    def tidy(replica: Books) -> int:
        removed = 0
        while replica.count(deletions):
            removed += replica.retention.remove_some(4)
        return removed

    with ThreadPoolExecutor(3) as threads:
        assert sum(threads.map(tidy, replicas)) == 30
    assert [replicas[0].count(table) for table in (deletions, posts, events)] == [0, 0, 0]

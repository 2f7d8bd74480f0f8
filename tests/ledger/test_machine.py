"""Any order of asks, clicks, claims, results, crashes and late writes keeps what the ledger promises."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)
from sqlalchemy import select

from bot.domain.explain import CodeKind
from bot.domain.model import IN_FLIGHT, Decision, Deletion, Saying, State
from bot.errors import LeaseLost
from bot.ledger.batches import SUMMARY
from bot.ledger.cards import Cards
from bot.ledger.claims import Claims
from bot.ledger.database import Database
from bot.ledger.leases import Leases
from bot.ledger.migrations import migrate
from bot.ledger.outbox import Outbox
from bot.ledger.rows import Held, HeldPost
from bot.ledger.store import Ledger
from bot.ledger.tables import deletions, events, posts
from tests.ledger.opened import ALLOWED, ANA, BEN, CHEN, LEASE_S, RETRY_S, TTL_S, TUNNEL, Clock, ask, show

TUNNELS = ("vpnx-00000001", "vpnx-00000002", "vpnx-00000003")
REGIONS = ("ap-guangzhou", "eu-frankfurt")
OWNERS = 3
WORKED_ON = (State.ASKED, State.PENDING, *IN_FLIGHT)
# Where each step may lead; CONFIRMED only to DELETING, because the intent is written before the call.
LEADS_TO = {
    State.DELETING: (
        State.VERIFYING,
        State.CONFIRMED,
        State.DELETING,
        State.REFUSED,
        State.GONE,
        State.UNKNOWN,
    ),
    State.VERIFYING: (State.VERIFYING, State.GONE, State.UNKNOWN),
}
Row = dict[str, Any]

owners = st.integers(0, OWNERS - 1)
people = st.sampled_from([ANA, BEN, CHEN])
regions = st.sampled_from(REGIONS)
several = st.lists(st.sampled_from(TUNNELS), min_size=1, max_size=3, unique=True)


@dataclass(frozen=True)
class Owner:
    """One process's hands; what it held stays in the test's hands when it crashes."""

    leases: Leases
    claims: Claims
    cards: Cards
    outbox: Outbox


@dataclass(frozen=True)
class Working:
    """A deletion that was claimed, perhaps long ago."""

    owner: Owner
    held: Held


@dataclass(frozen=True)
class Delivering:
    """A post that was claimed, perhaps long ago."""

    owner: Owner
    post: HeldPost


class LedgerMachine(RuleBasedStateMachine):
    """Three owners on one file; `slack` has what stands in Slack, by its key."""

    cards: Bundle[str] = Bundle("cards")
    working: Bundle[Working] = Bundle("working")
    delivering: Bundle[Delivering] = Bundle("delivering")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.database = Database(f"sqlite:///{self.folder.name}/ledger.sqlite3", clock=self.clock)
        migrate(self.database)
        self.ledger = Ledger(self.database)
        self.started = 0
        self.owners = [self.start() for _ in range(OWNERS)]
        self.slack: dict[str, str] = {}
        self.decisions: dict[str, tuple[str, Decision]] = {}
        self.ended: dict[str, Row] = {}
        self.fences: dict[str, int] = {}

    def start(self) -> Owner:
        self.started += 1
        leases = Leases(self.database, owner=f"owner {self.started}", lease_s=LEASE_S, monotonic=self.clock)
        claims, outbox = Claims(self.database, leases), Outbox(self.database, leases)
        return Owner(leases, claims, Cards(self.database), outbox)

    def rows(self, table: Any) -> list[Row]:
        with self.database.read() as tx:
            return [dict(row) for row in tx.connection.execute(select(table)).mappings()]

    def everything(self) -> list[list[Row]]:
        return [self.rows(table) for table in (deletions, posts, events)]

    def row(self, deletion_id: str) -> Row:
        return next(row for row in self.rows(deletions) if row["deletion_id"] == deletion_id)

    def of_card(self, card_id: str) -> list[Row]:
        return [row for row in self.rows(deletions) if row["card_id"] == card_id]

    def refused(self, write: Callable[[], object]) -> None:
        """It raises LeaseLost and changes nothing."""
        before = self.everything()
        try:
            write()
        except LeaseLost:
            assert self.everything() == before
        else:
            raise AssertionError("somebody wrote what wasn't theirs any more")

    # What people do.

    @initialize(target=cards, tunnels=several, region=regions)
    def first_card(self, tunnels: list[str], region: str) -> Any:
        return self.shown(0, tunnels, region)

    @rule(target=cards, tunnels=several, region=regions)
    def ask(self, tunnels: list[str], region: str) -> Any:
        return self.ledger.ask(ask(*tunnels, region=region))

    @rule(target=cards, tunnels=several, region=regions, owner=owners)
    def ask_and_look_up(self, tunnels: list[str], region: str, owner: int) -> Any:
        return self.shown(owner, tunnels, region)

    def shown(self, owner: int, tunnels: list[str], region: str) -> str:
        """An ask that is looked up at once, with all others that are due."""
        card_id = self.ledger.ask(ask(*tunnels, region=region))
        for held in self.owners[owner].claims.claim(100, [State.ASKED]):
            self.prepare(Working(self.owners[owner], held), choice=2)
        return card_id

    @rule(target=working, card_id=cards, owner=owners)
    def confirm_and_claim(self, card_id: str, owner: int) -> Any:
        """The usual way, in one go."""
        self.click(card_id, Decision.CONFIRM, ANA, 0)
        return self.claim(owner, 9)

    @rule(
        card_id=cards,
        decision=st.sampled_from(Decision),
        by=people,
        after_s=st.sampled_from([0.0, 0.0, TTL_S]),
    )
    def click(self, card_id: str, decision: Decision, by: str, after_s: float) -> None:
        self.clock.now += after_s
        card = self.of_card(card_id)
        is_open = card[0]["state"] == State.PENDING and self.clock.now < card[0]["expires_at"]
        mine = {(row["region"], row["tunnel_id"]) for row in card}
        busy = {
            (row["region"], row["tunnel_id"]) for row in self.rows(deletions) if row["state"] in IN_FLIGHT
        }
        blocked = is_open and decision is Decision.CONFIRM and bool(mine & busy)
        decided = self.ledger.decide(card_id, decision, by=by, rule=lambda _: ALLOWED, retry_for_s=RETRY_S)
        assert decided.won == (is_open and not blocked)
        assert (decided.blocked_by is not None) == blocked
        assert decided.deletion is not None
        if decided.won:
            assert card_id not in self.decisions
            self.decisions[card_id] = by, decision
        if card_id in self.decisions:
            assert decided.deletion.decided_by == self.decisions[card_id][0]

    @rule(card_id=cards, by=people)
    def stop(self, card_id: str, by: str) -> None:
        before = {row["deletion_id"]: row for row in self.of_card(card_id)}
        self.ledger.stop(card_id, by=by)
        for row in self.of_card(card_id):
            was = before[row["deletion_id"]]
            unsent = was["state"] == State.CONFIRMED and not was["unclear"]
            assert row["state"] == (State.CANCELLED if unsent else was["state"])

    @rule(card_id=cards)
    def void(self, card_id: str) -> None:
        """Its card couldn't be posted."""
        before = {row["state"] for row in self.of_card(card_id)}
        self.ledger.void(
            card_id, code="not_in_channel", kind=CodeKind.SLACK, tell=lambda _: {"text": "invite me"}
        )
        after = {row["state"] for row in self.of_card(card_id)}
        assert after == ({State.VOID} if before == {State.PENDING} else before)

    # What time and processes do.

    @rule(seconds=st.sampled_from([0.25, 1.0, LEASE_S, LEASE_S, 60.0, TTL_S]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(owner=owners)
    def heartbeat(self, owner: int) -> None:
        self.owners[owner].leases.renew()

    @rule(owner=owners)
    def crash(self, owner: int) -> None:
        self.owners[owner] = self.start()

    @rule(owner=owners)
    def leave(self, owner: int) -> None:
        self.owners[owner].leases.give_back()
        self.owners[owner] = self.start()

    @rule(target=working, owner=owners, limit=st.sampled_from([1, 2, 9]))
    def claim(self, owner: int, limit: int) -> Any:
        before = {row["deletion_id"]: row for row in self.rows(deletions)}
        taken = self.owners[owner].claims.claim(limit, WORKED_ON)
        for held in taken:
            was = before[held.deletion.deletion_id]
            assert was["lease_until"] <= self.clock.now
            assert was["next_at"] <= self.clock.now
            assert held.fence == was["fence"] + 1
        return multiple(*(Working(self.owners[owner], held) for held in taken))

    @rule(target=delivering, owner=owners, limit=st.sampled_from([1, 2, 9]))
    def claim_posts(self, owner: int, limit: int) -> Any:
        before = {row["post_id"]: row for row in self.rows(posts)}
        taken = self.owners[owner].outbox.claim(limit)
        for post in taken:
            assert before[post.post_id]["lease_until"] <= self.clock.now
            earlier = [row for row in before.values() if row["card_id"] == post.card_id]
            earlier = [row for row in earlier if row["post_id"] < post.post_id and not row["private_to"]]
            assert post.private_to or all(row["shown"] >= row["wanted"] for row in earlier)
        return multiple(*(Delivering(self.owners[owner], post) for post in taken))

    # What a step comes to, in time or late.

    @rule(work=working)
    def look_at_the_lease(self, work: Working) -> None:
        """Whoever is told that a row is its own has it: nobody else has taken it."""
        try:
            work.owner.leases.check(work.held)
        except LeaseLost:
            return
        assert self.row(work.held.deletion.deletion_id)["fence"] == work.held.fence

    @rule(target=working, work=consumes(working), choice=st.integers(0, 5), after_s=st.sampled_from([0, 5]))
    def step(self, work: Working, choice: int, after_s: float) -> Any:
        was, claims = work.held.deletion, work.owner.claims
        row = self.row(was.deletion_id)
        if was.state is State.PENDING:
            self.expire(work)
            return multiple()

        def write() -> Held | None:
            if was.state is State.ASKED:
                self.prepare(work, choice)
                return None
            if was.state is State.CONFIRMED:
                sent = claims.send(work.held)
                assert isinstance(sent, Deletion)
                return replace(work.held, deletion=sent)
            to = LEADS_TO[was.state][choice % len(LEADS_TO[was.state])]
            says = [Saying(kind=to.value, body={"text": to.value})]
            claims.advance(work.held, to, event=to.value, after_s=after_s, says=says)
            return None

        if row["fence"] != work.held.fence or row["state"] != was.state:
            self.refused(write)
            return multiple()
        kept = write()
        return Working(work.owner, kept) if kept else multiple()

    @rule(owner=owners, choices=st.lists(st.integers(0, 5), min_size=1, max_size=4))
    def work(self, owner: int, choices: list[int]) -> None:
        """An owner that lives takes all that is due some steps further."""
        for choice in choices:
            for held in self.owners[owner].claims.claim(9, WORKED_ON):
                further = self.step(Working(self.owners[owner], held), choice, 0)
                if isinstance(further, Working):
                    self.step(further, choice, 0)

    @rule(work=consumes(working), most=st.integers(1, 2))
    def fault(self, work: Working, most: int) -> None:
        was = work.held.deletion
        row = self.row(was.deletion_id)
        if was.state is State.PENDING:
            return

        def write() -> None:
            says = [Saying(kind="set aside", body={"text": "set aside"})]
            work.owner.claims.broke(work.held, most=most, after_s=1, says=lambda _: says)

        if row["fence"] != work.held.fence or row["state"] != was.state:
            self.refused(write)
        else:
            write()

    @rule(work=consumes(working), unchanged=st.booleans())
    def look_once_more(self, work: Working, unchanged: bool) -> None:
        """A confirmed card is cleared as a whole, or voided as a whole."""
        was, cards = work.held.deletion, work.owner.cards
        card = self.of_card(was.card_id)
        if was.state is not State.CONFIRMED or was.unclear or was.cleared_at is not None:
            return
        if not unchanged and {row["state"] for row in card} != {State.CONFIRMED}:
            return

        def write() -> None:
            if unchanged:
                cards.clear(work.held)
            else:
                cards.void(work.held, "Changed", Saying(kind="void", body={"text": "void"}), left_out={})

        row = self.row(was.deletion_id)
        if row["fence"] != work.held.fence or row["state"] != was.state:
            self.refused(write)
            return
        write()
        for row in self.of_card(was.card_id):
            if not unchanged:
                assert row["state"] == State.VOID
            elif row["state"] == State.CONFIRMED and not row["unclear"]:
                assert (row["cleared_at"], row["next_at"]) == (self.clock.now, self.clock.now)

    def prepare(self, work: Working, choice: int) -> None:
        was, claims = work.held.deletion, work.owner.claims
        if choice == 0:
            claims.advance(work.held, State.REFUSED, event="turned down", tell={"text": "no"})
        elif choice == 1:
            claims.advance(work.held, State.ASKED, event="look-up failed", after_s=1, tell={"text": "wait"})
        else:
            found = [replace(TUNNEL, tunnel_id=tunnel_id) for tunnel_id in was.wanted]
            show(work.owner.cards, work.held, *found)

    def expire(self, work: Working) -> None:
        card_id = work.held.deletion.card_id
        before = self.everything()
        was_open = self.of_card(card_id)[0]["state"] == State.PENDING
        work.owner.claims.expire(work.held)
        if was_open:
            assert {row["state"] for row in self.of_card(card_id)} == {State.EXPIRED}
        else:
            assert self.everything() == before

    # What is said, as bot.work.deliver says it.

    @rule(say=consumes(delivering), fate=st.sampled_from(["said", "crash", "failed", "pause", "drop"]))
    def say(self, say: Delivering, fate: str) -> None:
        post, outbox = say.post, say.owner.outbox
        row = next(row for row in self.rows(posts) if row["post_id"] == post.post_id)
        mine = row["fence"] == post.fence
        try:
            say.owner.leases.check(post)
        except LeaseLost:
            ts = "too late to post"
        else:
            assert mine
            if fate in ("failed", "pause", "drop"):
                ts = "never posted"
            else:
                ts = self.post(post)
                if fate == "crash":
                    return
        writes: dict[str, Callable[[], None]] = {
            "said": lambda: outbox.said(post, ts),
            "crash": lambda: outbox.said(post, ts),
            "failed": lambda: outbox.later(post, 1, unclear=post.unclear),
            "pause": lambda: outbox.pause(post, 1, unclear=post.unclear),
            "drop": lambda: outbox.drop(post, "no access"),
        }
        if not mine:
            self.refused(writes[fate])
        elif ts == "too late to post":
            outbox.later(post, 1, unclear=post.unclear)
        else:
            writes[fate]()

    def post(self, post: HeldPost) -> str:
        """Say it in Slack as the poster does: change it, find it where there is doubt, or post it anew."""
        key = f"{post.card_id}/{post.kind}"
        if post.ts is not None:
            assert self.slack[key] == post.ts
            return post.ts
        if post.unclear and key in self.slack:
            return self.slack[key]
        assert key not in self.slack, "said twice"
        self.slack[key] = f"{len(self.slack)}.0"
        return self.slack[key]

    # What holds at any time.

    @invariant()
    def a_tunnel_has_one_deletion_under_way(self) -> None:
        busy = [
            (row["region"], row["tunnel_id"]) for row in self.rows(deletions) if row["state"] in IN_FLIGHT
        ]
        assert max(Counter(busy).values(), default=0) <= 1

    @invariant()
    def what_has_ended_stays_as_it_is(self) -> None:
        for row in self.rows(deletions):
            if State(row["state"]).ended:
                assert self.ended.setdefault(row["deletion_id"], row) == row
            else:
                assert row["deletion_id"] not in self.ended

    @invariant()
    def the_first_decision_stands_and_nothing_is_deleted_without_one(self) -> None:
        for row in self.rows(deletions):
            by, decision = self.decisions.get(row["card_id"], (None, None))
            assert row["decided_by"] == by
            if row["state"] in (*IN_FLIGHT, State.GONE) or row["sent_at"] is not None:
                assert decision is Decision.CONFIRM
            if row["state"] == State.EXPIRED:
                assert row["ended_at"] >= row["expires_at"]

    @invariant()
    def fences_only_grow(self) -> None:
        fences = {row["deletion_id"]: row["fence"] for row in self.rows(deletions)}
        fences |= {f"post {row['post_id']}": row["fence"] for row in self.rows(posts)}
        assert all(fence >= self.fences.get(key, 0) for key, fence in fences.items())
        self.fences = fences

    @invariant()
    def everything_is_queued_once(self) -> None:
        queued = Counter((row["card_id"], row["kind"]) for row in self.rows(posts))
        assert max(queued.values(), default=0) <= 1

    @invariant()
    def a_batch_has_its_summary_when_it_has_ended_and_not_before(self) -> None:
        queued = Counter(row["card_id"] for row in self.rows(posts) if row["kind"].startswith(SUMMARY))
        for card_id, (_, decision) in self.decisions.items():
            card = self.of_card(card_id)
            states = {State(row["state"]) for row in card}
            over = all(state.ended for state in states)
            is_due = len(card) > 1 and over and decision is Decision.CONFIRM
            # The thread of a card that is void as a whole has said why.
            assert queued[card_id] == is_due or (states == {State.VOID} and queued[card_id] <= is_due)

    def teardown(self) -> None:
        """Whatever happened: one owner that lives finishes every deletion and says all that is left."""
        try:
            last = self.start()
            for _ in range(10):
                self.clock.now += TTL_S
                for held in last.claims.claim(100, WORKED_ON):
                    self.finish(last, held)
            for _ in range(20):
                self.clock.now += LEASE_S
                for post in last.outbox.claim(100):
                    last.outbox.said(post, self.post(post) if post.private_to is None else "private")
            assert [row for row in self.rows(deletions) if not State(row["state"]).ended] == []
            assert [row for row in self.rows(posts) if row["shown"] < row["wanted"]] == []
        finally:
            self.database.close()
            self.folder.cleanup()

    def finish(self, owner: Owner, held: Held) -> None:
        if held.deletion.state is State.ASKED:
            self.prepare(Working(owner, held), choice=0)
        elif held.deletion.state is State.PENDING:
            owner.claims.expire(held)
        else:
            to = {State.CONFIRMED: State.DELETING, State.DELETING: State.VERIFYING}
            owner.claims.advance(held, to.get(held.deletion.state, State.GONE), event="on")


LedgerMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40)
TestLedger = LedgerMachine.TestCase

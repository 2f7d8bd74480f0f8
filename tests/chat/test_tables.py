"""Tables: whatever their cells hold, Slack takes them, and what isn't shown is said."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import batch_thread, records
from bot.chat.blocks import Block, Body, person, value
from bot.chat.tables import CELL_LIMIT, LISTED_LIMIT, listed, table
from bot.domain.model import Deletion, SecurityPolicy, State
from bot.domain.text import clean
from bot.ledger.batches import SUMMARY_ROWS
from bot.ledger.cards import LIST_ROWS
from bot.rehearsal.limits import check_message
from tests.chat.hostile import batch_of, foreign
from tests.chat.test_cards import CONFIRMED, PENDING, TUNNEL

SLACKS_LIMIT = 10_000
letters = st.sampled_from(["x", "名", "🙂", "&", "<!channel>"])
long_cells = st.tuples(letters, st.integers(0, 300)).map(lambda pair: (pair[0] * pair[1])[:300])
texts = foreign | long_cells


def shown(block: Block) -> list[list[str]]:
    """Each cell's text; a mention as Slack writes it."""

    def text(cell: Block) -> str:
        if cell["type"] == "raw_text":
            return str(cell["text"])
        (one,) = cell["elements"][0]["elements"]
        return str(one.get("text") or f"<@{one['user_id']}>")

    return [[text(cell) for cell in row] for row in block["rows"]]


def size(block: Block) -> int:
    """All characters, those outside the BMP twice: the most that Slack may count."""
    return sum(len(text.encode("utf-16-le")) // 2 for row in shown(block) for text in row)


def table_of(body: Body) -> Block:
    (found,) = (block for block in body["blocks"] if block["type"] == "table")
    return dict(found)


@settings(max_examples=60)
@given(
    rows=st.lists(st.lists(texts, min_size=5, max_size=5), min_size=1, max_size=3), times=st.integers(1, 33)
)
def test_any_table_is_within_slacks_limit_and_cuts_visibly(rows: list[list[str]], times: int) -> None:
    """Emoji, CJK, mark-up, full lengths: no row is dropped, and a cell that is cut ends with “…”."""
    block = table(rows * times)
    check_message("x", [block])
    assert size(block) <= SLACKS_LIMIT
    found = shown(block)
    assert len(found) == len(rows * times)
    for cells, row in zip(found, rows * times, strict=True):
        for text, cell in zip(cells, row, strict=True):
            whole = clean(cell, 10**6) or "–"
            assert text == whole or (text.endswith("…") and whole.startswith(text[:-1]))


def test_a_small_table_is_cut_no_further_than_a_cell_may_be() -> None:
    """Other tables' limits are not its own."""
    assert shown(table([["x" * 200, value("y"), person("U0ANA000001")]])) == [
        ["x" * (CELL_LIMIT - 1) + "…", "y", "<@U0ANA000001>"]
    ]


def _asked(name: str, number: int) -> Deletion:
    policy = SecurityPolicy(local_cidr="10.0.0.0/16", remote_cidrs=(name, f"172.16.{number}.0/24"))
    tunnel = replace(TUNNEL, name=name, policies=(policy,) * 2)
    return replace(PENDING, tunnel_id=f"vpnx-{number:08}", tunnel=tunnel)


@settings(max_examples=20)
@given(name=texts)
def test_ids_and_request_ids_are_whole_in_every_table(name: str) -> None:
    """Of the largest list, summary and history, with names and codes as long as they come."""
    asked = [_asked(name, number) for number in range(LIST_ROWS)]
    ended = [
        replace(
            CONFIRMED,
            tunnel_id=one.tunnel_id,
            state=State.REFUSED,
            code="UnsupportedOperation.DeleteVpnConnInvalidState" * 2,
            request_id=f"{number:08}-2a3b-4c5d-6e7f-0123456789ab",
            message=name,
        )
        for number, one in enumerate(asked)
    ]
    listing = batch_thread.listing(batch_of(*asked), 0)
    summary = batch_thread.summary(batch_of(*ended[:SUMMARY_ROWS]), 0)
    history = records.history(ended[: records.ROWS])
    for body in (listing, summary, history):
        check_message(body["text"], body["blocks"])
        assert size(table_of(body)) <= SLACKS_LIMIT
    assert [row[0] for row in shown(table_of(listing))[1:]] == [one.tunnel_id for one in asked]
    assert [row[-1] for row in shown(table_of(summary))[1:]] == [
        one.request_id for one in ended[:SUMMARY_ROWS]
    ]
    assert [row[-1] for row in shown(table_of(history))[1:]] == [
        one.request_id for one in ended[: records.ROWS]
    ]


@given(st.lists(st.from_regex(r"[0-9a-f:./]{1,40}", fullmatch=True), max_size=40))
def test_a_list_in_a_cell_counts_what_it_leaves_out(words: list[str]) -> None:
    """Nobody takes three networks for all of them."""
    text, _, more = listed(words).partition(" and ")
    named = text.split(", ") if text else []
    assert len(named) + int(more.removesuffix(" more") or 0) == len(set(words))
    assert set(named) <= set(words)
    assert len(text) <= LISTED_LIMIT


def test_twelve_networks_are_three_and_nine_more() -> None:
    """As it reads."""
    networks = [f"172.16.{number}.0/24" for number in range(12)]
    assert listed(networks) == ", ".join(networks[:4]) + " and 8 more"

"""The word that has to be typed, and what is forgiven."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.confirmation import is_typed, word_to_type
from bot.domain.model import Proposal
from tests.chat.test_cards import PENDING

TUNNEL = "vpnx-p0j11j28"


@pytest.mark.parametrize(
    ("size", "gateways", "word"),
    [
        (1, ("vpngw-7lcl5331",), TUNNEL),
        (5, ("vpngw-7lcl5331",), "vpngw-7lcl5331"),
        (5, ("vpngw-7lcl5331", "vpngw-ccn0q2w8"), TUNNEL),
        (1, (), TUNNEL),
    ],
)
def test_the_word_names_what_is_deleted(size: int, gateways: tuple[str, ...], word: str) -> None:
    """One tunnel by its own id; many by their gateway's."""
    proposal = Proposal(lead=replace(PENDING, batch_size=size), gateway_ids=gateways, freeze=None)
    assert word_to_type(proposal) == word


@pytest.mark.parametrize(
    "text", [TUNNEL, f"  {TUNNEL} ", "VPNX-P0J11J28", f"`{TUNNEL}`", f"“{TUNNEL}”.", "ｖｐｎｘ-p0j11j28"]
)
def test_how_it_is_typed_is_forgiven(text: str) -> None:
    """Phones write capitals, and people paste quotes."""
    assert is_typed(text, TUNNEL)


@pytest.mark.parametrize(
    "text", ["", " ", "vpnx-p0j11j29", "p0j11j28", f"{TUNNEL} {TUNNEL}", "yes", "vpnx–p0j11j28"]
)
def test_another_word_is_not_it(text: str) -> None:
    """Nothing like it, nor a part of it."""
    assert not is_typed(text, TUNNEL)


@given(st.text(max_size=30))
def test_no_text_is_typed_where_there_is_no_word(text: str) -> None:
    """A card without an id can't be confirmed by typing nothing."""
    assert not is_typed(text, "")

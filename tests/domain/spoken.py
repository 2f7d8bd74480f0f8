"""Commands as values, strategies that make them, and how a refusal is read: for the tests of the parser."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st

from bot.domain import examples
from bot.domain.command import (
    Command,
    DeleteCommand,
    FreezeCommand,
    FreezesCommand,
    HelpCommand,
    HistoryCommand,
    UnfreezeCommand,
    parse,
)
from bot.domain.when import Day, Until
from bot.errors import BadCommand

BARE = DeleteCommand(tunnel_ids=("vpnx-p0j11j28",))
BOTH = DeleteCommand(tunnel_ids=("vpnx-p0j11j28",), gateway_id="vpngw-7lcl5331")
TWO = DeleteCommand(tunnel_ids=("vpnx-p0j11j28", "vpnx-k2m4n6p8"), gateway_id="vpngw-7lcl5331")
ALL = DeleteCommand(tunnel_ids=(), gateway_id="vpngw-7lcl5331")
FULL = DeleteCommand(
    tunnel_ids=("vpnx-p0j11j28",),
    gateway_id="vpngw-7lcl5331",
    region="ap-guangzhou",
    reason="rebuild after INC-42",
)

GLASS = replace(BOTH, break_glass="INC-123", reason="the office is cut off")

EXAMPLES = [text for name, text in vars(examples).items() if name.endswith("EXAMPLE")]

id_tails = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=8)
words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
reasons = st.lists(
    words
    | st.sampled_from(['"', "\\", '\\"', "--region", "—", "”", "&lt;", "<@U012AB3CD|ana>", "<!here>", "2h"]),
    max_size=8,
).map(" ".join)
gateway_ids = id_tails.map("vpngw-{}".format)
scopes = gateway_ids | st.just("all")
days = st.dates(Day(1970, 1, 1))
deletes = st.builds(
    lambda tunnels, gateway, reason, ticket, **options: DeleteCommand(
        tunnel_ids=tuple(tunnels),
        gateway_id=gateway if tunnels else "vpngw-7lcl5331",
        reason=reason,
        break_glass=ticket if reason else "",
        **options,
    ),
    st.lists(id_tails.map("vpnx-{}".format), max_size=5, unique=True),  # none: all of a gateway's
    st.none() | gateway_ids,
    reasons,
    st.just("") | st.from_regex(r"[0-9A-Za-z#/][0-9A-Za-z\-_#/.]{0,38}[0-9A-Za-z]", fullmatch=True),
    region=st.none() | st.sampled_from(["ap-guangzhou", "ap-shanghai-fsi", "ap-guangzhou-open", "me-new-2"]),
)
freezes = st.builds(FreezeCommand, scope=scopes, reason=reasons.filter(bool)).flatmap(
    lambda freeze: st.one_of(
        st.builds(lambda length: replace(freeze, for_s=float(length)), st.integers(60, 30 * 86_400)),
        st.builds(
            lambda hour, minute, date: replace(freeze, until=Until(hour=hour, minute=minute, date=date)),
            st.integers(0, 23),
            st.integers(0, 59),
            st.none() | days,
        ),
    )
)
histories = st.builds(
    HistoryCommand,
    tunnel_id=st.none() | id_tails.map("vpnx-{}".format),
    gateway_id=st.none() | gateway_ids,
    user_id=st.none() | st.from_regex(r"[UW][0-9A-Z]{8,12}", fullmatch=True),
    since=st.none() | days | st.integers(60, 3_650 * 86_400).map(float),
)
commands: st.SearchStrategy[Command] = st.one_of(
    deletes,
    freezes,
    histories,
    st.builds(UnfreezeCommand, scope=scopes),
    st.sampled_from([FreezesCommand(), HelpCommand()]),
)


def case(name: str, *values: object) -> object:
    return pytest.param(*values, id=name)


def refusal(text: str) -> str:
    with pytest.raises(BadCommand) as caught:
        parse(text)
    return str(caught.value)

"""Deletions with hostile words in every foreign field, and what every message of ours must keep to."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from bot.domain.explain import CodeKind
from bot.domain.model import Batch, Deletion, SecurityPolicy, Stake, State, Tier, Tunnel
from bot.rehearsal.limits import check_message, objects, pings_everyone

STRANGER = "U0EVE000001"
FRAGMENTS = (
    *("<!channel>", "<!here|here>", "<!everyone>", f"<@{STRANGER}>", "<#C0GENERAL01>"),
    *("<!subteam^S0ONCALL001>", "<https://example.com|console>", "<!date^0^{date}|now>"),
    *("&lt;!channel&gt;", "&", "<", ">", "*b*", "`", "~", "@channel", ":fire:", '"', "{", "名前", "🙂"),
    *("\u202e", "\u2066", "\u200b", "\x00", "\x07", "\x1b[31m", "\n", "\r\n", "\u2028", "\ud800", "\ue000"),
)

_LONG = tuple((fragment * 10_000)[:10_000] for fragment in ("<!channel> ", "&", "x", "\u202e\u200b", "名"))
foreign = st.sampled_from(["", *FRAGMENTS, "".join(FRAGMENTS), *_LONG]) | st.text(max_size=8)
"""Any text that the cloud or a person gave, up to 10,000 characters."""

durations = st.floats(0, 90_000)
_times = st.floats(0, 4_000_000_000)
_people = st.sampled_from(["U0ANA000001", "U0BEN000001", "W0CHEN00001"])
_policy = st.builds(SecurityPolicy, local_cidr=foreign, remote_cidrs=st.lists(foreign, max_size=3).map(tuple))
_policies = st.builds(
    lambda policies, times: tuple(policies * times),
    st.lists(_policy, max_size=3),
    st.sampled_from([1, 1, 40]),
)
tunnels = st.builds(
    Tunnel,
    tunnel_id=foreign,
    gateway_id=foreign,
    name=foreign,
    vpc_id=foreign,
    customer_gateway_id=foreign,
    state=foreign | st.sampled_from(["AVAILABLE", "DELETING", "PENDING", ""]),
    net_status=foreign | st.sampled_from(["AVAILABLE", "UNAVAILABLE", ""]),
    health_check_status=foreign,
    route_type=foreign,
    created_time=foreign,
    policies=_policies,
    tags=st.lists(st.tuples(foreign, foreign), max_size=2).map(tuple),
)
_counts = st.none() | st.integers(0, 999)
stakes = st.builds(
    Stake,
    tier=st.sampled_from(Tier),
    reasons=st.lists(foreign, max_size=3).map(tuple),
    routes=st.none() | st.lists(foreign, max_size=12).map(tuple),
    gateway_left=_counts,
    customer_left=_counts,
    unread=st.lists(foreign, max_size=2).map(tuple),
)
codes = foreign | st.sampled_from(
    ["ResourceNotFound", "RequestLimitExceeded.IPLimitExceeded", "<!channel>.x", "not_in_channel"]
)
# tunnel_id and region have passed the parser, Slack's own ids come from Slack: these aren't foreign text.
deletions = st.builds(
    Deletion,
    deletion_id=st.just("d-0123456789abcdef"),
    card_id=st.just("c-0123456789abcdef"),
    state=st.sampled_from(State),
    tunnel_id=st.sampled_from(["vpnx-p0j11j28", "vpnx-00000000", "vpnx-zzzzzzzz"]),
    gateway_id=st.none() | foreign,
    region=st.sampled_from(["ap-guangzhou", "ap-singapore", "xx" + "-a1234567890123456789" * 3]),
    reason=foreign,
    channel_id=st.just("C0NETOPS001"),
    requester_id=_people,
    asked_at=_times,
    tunnel=st.none() | tunnels,
    expires_at=st.none() | _times,
    decided_by=st.none() | _people,
    decided_at=st.none() | _times,
    sent_at=st.none() | _times,
    request_id=st.none() | foreign,
    code=st.none() | codes,
    code_kind=st.none() | st.sampled_from(CodeKind),
    message=st.none() | foreign,
    ended_at=st.none() | _times,
    waiting_code=st.none() | codes,
    last_seen=st.none() | foreign,
    response_url=st.none() | st.just("https://hooks.slack.test/actions/canary"),
    tier=st.sampled_from(Tier),
    stake=st.none() | stakes,
    break_glass=st.sampled_from(["", "INC-42", "OPS_1#2"]),
    send_at=st.none() | _times,
)


def batch_of(deletion: Deletion, *more: Deletion) -> Batch:
    """A card with these deletions, all of them at hand."""
    rows = (deletion, *more)
    return Batch(lead=deletion, counts=Counter(row.state for row in rows), rows=rows)


def _paged(rows: list[Deletion], times: int, shown: int) -> Batch:
    whole = batch_of(*rows * times)
    return replace(whole, rows=whole.rows[:shown])


batches = st.builds(
    _paged, st.lists(deletions, min_size=2, max_size=3), st.sampled_from([1, 10, 300]), st.integers(0, 50)
)
"""Up to 900 deletions on one card, of which up to 50 are at hand."""


def assert_fit(body: Mapping[str, Any], *known: Deletion | None) -> None:
    """The message keeps Slack's limits, mentions nobody but the deletions' own people, and hides nothing."""
    assert body.keys() <= {"text", "blocks"}
    blocks = body.get("blocks")
    check_message(body["text"], blocks)
    assert not pings_everyone(body["text"], blocks)
    people = {
        person for deletion in known if deletion for person in (deletion.requester_id, deletion.decided_by)
    }
    channels = {deletion.channel_id for deletion in known if deletion}
    allowed = {*(f"<@{person}>" for person in people), *(f"<#{channel}>" for channel in channels)}
    for place in _mrkdwn_places(body):
        assert_escaped(place, allowed)
    for found in objects(blocks or []):
        assert found.get("type") not in {"broadcast", "usergroup", "link", "emoji", "image"}
        assert "url" not in found
        assert found.get("type") != "user" or found["user_id"] in people
        assert found.get("type") != "channel" or found["channel_id"] in channels
    for text in _strings(blocks):
        assert "\n" not in text.removesuffix("\n") or text == "\n"
    for text in _strings(body):
        assert not [char for char in text if unicodedata.category(char)[0] == "C" and char != "\n"]


def assert_escaped(text: str, allowed: set[str]) -> None:
    """Nothing in `text` is mark-up but the allowed mentions, and every & is an escape."""
    rest = re.sub(r"<[^<>]*>", lambda found: "" if found[0] in allowed else found[0], text)
    assert "<" not in rest
    assert ">" not in rest
    assert not re.search(r"&(?!(amp|lt|gt);)", text)


def _mrkdwn_places(body: Mapping[str, Any]) -> Iterator[str]:
    yield body["text"]
    for found in objects(body.get("blocks") or []):
        if found.get("type") in {"mrkdwn", "markdown"}:
            yield found["text"]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)

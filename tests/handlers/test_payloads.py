"""Payloads are read field by field, and whatever isn't as Slack documents it is told by its name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadPayload
from handlers.payloads import Click, Submission, Typed, read

PERSON = {"user": {"id": "U0ANA000001", "team_id": "T0HOME00001"}}
COMMAND = {
    "command": "/vpn",
    "user_id": "U0ANA000001",
    "team_id": "T0HOME00001",
    "channel_id": "C0NETOPS001",
    "text": "help",
    "response_url": "https://hooks.slack.com/commands/1",
}
CLICK = {
    "type": "block_actions",
    **PERSON,
    "container": {"type": "message", "channel_id": "C0NETOPS001"},
    "actions": [{"type": "button", "action_id": "stop_deletion", "block_id": "decide", "value": "d1"}],
    "trigger_id": "1.2",
    "response_url": "https://hooks.slack.com/actions/1",
}
SUBMISSION = {
    "type": "view_submission",
    **PERSON,
    "view": {
        "callback_id": "typed_confirmation",
        "private_metadata": "d1",
        "state": {"values": {"tunnel_id": {"value": {"type": "plain_text_input", "value": "vpnx-p0j11j28"}}}},
    },
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def paths(found: Any) -> list[tuple[str | int, ...]]:
    """Every place in a document, the whole of it first."""
    inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [(), *((name, *rest) for name, part in inner for rest in paths(part))]


def changed(found: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The document with another value at a place."""
    if not path:
        return value
    copy = json.loads(json.dumps(found))
    at = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return copy


@pytest.mark.parametrize("payload", [COMMAND, CLICK, SUBMISSION], ids=["command", "click", "submission"])
@given(data=st.data())
def test_whatever_stands_anywhere_a_payload_is_read_whole_or_refused_by_name(
    payload: dict[str, Any], data: st.DataObject
) -> None:
    """No other exception; and what is read is the same when it is read again, as the listener does."""
    place = data.draw(st.sampled_from(paths(payload)))
    odd = changed(payload, place, data.draw(ANYTHING))
    try:
        found = read(odd)
    except BadPayload:
        return
    assert type(found).of(found.body) == found
    assert json.dumps(found.body).encode()


@given(ANYTHING)
def test_anything_at_all_is_no_payload(odd: Any) -> None:
    """None of it is a command, a click or a dialog, so it is refused."""
    with pytest.raises(BadPayload):
        read(odd)


def test_only_what_was_read_goes_on() -> None:
    """Bolt and the listeners meet nothing that wasn't looked at."""
    for payload, kind in ((COMMAND, Typed), (CLICK, Click), (SUBMISSION, Submission)):
        found = read({**payload, "authorizations": 5, "event": 5, "channel": 5, "view.x": 5})
        assert isinstance(found, kind)
        assert not {"authorizations", "event", "channel", "view.x"} & found.body.keys()


@pytest.mark.parametrize(
    ("more", "enterprise_id"),
    [
        ({}, ""),
        ({"enterprise": None, "team": None}, ""),
        ({"enterprise": {"id": "E0ORG", "name": "Org"}}, "E0ORG"),
        ({"enterprise": None, "team": {"id": "T0HOME00001", "enterprise_id": "E0ORG"}}, "E0ORG"),
    ],
)
def test_the_organization_is_read_where_slack_may_put_it(more: dict[str, Any], enterprise_id: str) -> None:
    """`enterprise`, or the team's; a command has a field of its own."""
    assert read({**CLICK, **more}).person.enterprise_id == enterprise_id
    assert read({**COMMAND, "enterprise_id": enterprise_id}).person.enterprise_id == enterprise_id


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (None, "payload"),
        ({}, "payload"),
        ({"type": "shortcut"}, "type"),
        ({**COMMAND, "command": "/other"}, "command"),
        (changed(CLICK, ("user", "team_id"), None), "user.team_id"),
        (changed(CLICK, ("actions",), []), "actions"),
        (changed(CLICK, ("actions", 0, "action_id"), "other"), "actions[0].action_id"),
        (changed(CLICK, ("actions", 0, "value"), 5), "actions[0].value"),
        ({**CLICK, "enterprise": {"name": "Org"}}, "enterprise.id"),
        ({**CLICK, "response_url": "http://["}, "response_url"),
        ({**CLICK, "response_url": "file:///etc/passwd"}, "response_url"),
        (changed(SUBMISSION, ("view", "state", "values"), {}), "view.state.values.tunnel_id"),
    ],
)
def test_the_name_of_the_field_is_its_path(payload: Any, field: str) -> None:
    """Whoever reads the log finds it in Slack's documents."""
    with pytest.raises(BadPayload) as raised:
        read(payload)
    assert str(raised.value) == field

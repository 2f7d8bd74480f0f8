"""Who is in the operators' user groups: what isn't known freshly grants nothing."""

import threading
from collections.abc import Iterator

import pytest

from bot.chat.groups import MAX_AGE_S, UserGroups
from bot.rehearsal.northwind import BEN, CHEN, ON_CALL
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.slack_faults import Fault
from tests.chat.raw_server import answering
from tests.rehearsal.local_slack import BOT_TOKEN, local_slack

LIST = "usergroups.users.list"
MEMBERS = frozenset({BEN, CHEN})
FAULTS = {
    "HTTP 500": Fault.http(500),
    "not JSON": Fault.http(200),
    "reset": Fault.reset_before(),
    "no scope": Fault.refuse("missing_scope"),
    "no such group": Fault.refuse("no_such_subteam"),
    "internal error": Fault.refuse("internal_error"),
}


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with local_slack() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


def groups(api_url: str, clock: Clock, *group_ids: str) -> UserGroups:
    return UserGroups(BOT_TOKEN, api_url, group_ids or (ON_CALL,), monotonic=clock)


def test_before_the_first_read_nobody_is_a_member(slack: LocalSlack, clock: Clock) -> None:
    """None, which grants nothing; not an empty group, which would be a fact."""
    assert groups(slack.api_url, clock).members(ON_CALL) is None


def test_after_a_read_the_members_are_known_for_five_minutes(slack: LocalSlack, clock: Clock) -> None:
    """To the second: what is older grants nothing any more."""
    known = groups(slack.api_url, clock)
    known.refresh()
    assert known.members(ON_CALL) == MEMBERS
    clock.now += MAX_AGE_S
    assert known.members(ON_CALL) == MEMBERS
    clock.now += 0.001
    assert known.members(ON_CALL) is None
    known.refresh()
    assert known.members(ON_CALL) == MEMBERS


def test_a_group_that_was_not_asked_for_is_never_known(slack: LocalSlack, clock: Clock) -> None:
    """Only the groups of the setting."""
    known = groups(slack.api_url, clock)
    known.refresh()
    assert known.members("S0OTHER0001") is None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_group_that_cannot_be_read_keeps_what_was_known_until_it_is_too_old(
    slack: LocalSlack, clock: Clock, fault: str
) -> None:
    """A hiccup locks nobody out; a long one locks everybody out."""
    known = groups(slack.api_url, clock)
    slack.inject(LIST, FAULTS[fault])
    known.refresh()
    assert known.members(ON_CALL) is None
    known.refresh()
    clock.now += MAX_AGE_S
    slack.inject(LIST, FAULTS[fault])
    known.refresh()
    assert known.members(ON_CALL) == MEMBERS
    clock.now += 1
    assert known.members(ON_CALL) is None


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"ok": tr',
        b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"ok": tr',
        b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"ok": true}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xfe\xfd",
        b"hello\r\n\r\n",
    ],
    ids=["cut off", "half a document", "no users", "no text", "no HTTP"],
)
def test_an_answer_that_cannot_be_read_grants_nothing_and_stops_nothing(answer: bytes, clock: Clock) -> None:
    """The refreshing thread outlives whatever Slack, or something on the way, answers."""
    with answering(answer) as url:
        known = groups(url, clock)
        known.refresh()
    assert known.members(ON_CALL) is None


def test_one_unreadable_group_does_not_hide_the_others(slack: LocalSlack, clock: Clock) -> None:
    """Each group is read by itself."""
    known = groups(slack.api_url, clock, "S0MISSING01", ON_CALL)
    known.refresh()
    assert known.members("S0MISSING01") is None
    assert known.members(ON_CALL) == MEMBERS


def test_somebody_who_left_the_group_is_out_after_the_next_read(slack: LocalSlack, clock: Clock) -> None:
    """The members are those of the latest read, not of all reads."""
    known = groups(slack.api_url, clock)
    known.refresh()
    group = slack.workspace.groups.pop(ON_CALL)
    slack.workspace.groups[ON_CALL] = type(group)(
        group_id=ON_CALL, name=group.name, members=frozenset({CHEN})
    )
    known.refresh()
    slack.workspace.groups[ON_CALL] = group
    assert known.members(ON_CALL) == frozenset({CHEN})


def test_once_started_the_groups_are_read_by_themselves(slack: LocalSlack) -> None:
    """In a thread that ends when it is told to."""
    known = UserGroups(BOT_TOKEN, slack.api_url, [ON_CALL])
    reads = len(slack.traffic)
    known.start()
    slack.wait_for(lambda: len(slack.traffic) > reads)
    known.stop()
    for thread in threading.enumerate():
        if thread.name == "user-groups":
            thread.join(5)
            assert not thread.is_alive()
    assert known.members(ON_CALL) == MEMBERS

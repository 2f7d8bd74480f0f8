"""Who is in the operators' user groups, and who is active: what isn't known freshly grants nothing."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.chat import directory
from bot.chat.directory import (
    FIRST_WITHIN_S,
    MAX_AGE_S,
    MOST_NOTICED,
    PEOPLE_AT_A_TIME,
    PEOPLE_EVERY_S,
    Directory,
)
from bot.domain.people import Membership, Standing
from bot.rehearsal.northwind import ANA, BEN, CHEN, DORA, EVE, FINN, ON_CALL, OTHER_BOT, SLACKBOT, join_grid
from bot.rehearsal.slack import LocalSlack
from bot.rehearsal.slack_faults import Fault
from tests.chat.raw_server import answering
from tests.rehearsal.local_slack import BOT_TOKEN, SCOPES, local_slack

LIST, INFO = "usergroups.users.list", "users.info"
MEMBERS = frozenset({BEN, CHEN})
UNREADABLE = {
    "HTTP 500": Fault.http(500),
    "not JSON": Fault.http(200),
    "reset": Fault.reset_before(),
    "no scope": Fault.refuse("missing_scope"),
    "internal error": Fault.refuse("internal_error"),
    "revoked": Fault.refuse("account_inactive"),
}
NO_ANSWERS = {
    "cut off": b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"ok": tr',
    "half a document": b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"ok": tr',
    "nothing in it": b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"ok": true}',
    "a list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "a word": b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"ok"',
    "a number": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3",
    "a refusal without a word": b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"ok": false}',
    "no text": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xfe\xfd",
    "no HTTP": b"hello\r\n\r\n",
}


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with local_slack(scopes=SCOPES | {"users:read"}) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


def known_by(
    api_url: str, clock: Clock, *, groups: tuple[str, ...] = (ON_CALL,), people: tuple[str, ...] = ()
) -> Directory:
    return Directory(BOT_TOKEN, api_url, group_ids=groups, user_ids=people, monotonic=clock)


def asked(slack: LocalSlack, method: str, since: int) -> int:
    """How many calls of a method there were since then."""
    return sum(one.name == method for one in slack.traffic[since:])


def test_before_the_first_read_nothing_is_known(slack: LocalSlack, clock: Clock) -> None:
    """None, which grants nothing; not an empty group, which would be a fact."""
    known = known_by(slack.api_url, clock, people=(ANA,))
    assert known.members(ON_CALL) is None
    assert known.standing(ANA) is None
    assert known.tz_offset_s(ANA) is None


def test_after_a_read_everything_is_known_for_five_minutes(slack: LocalSlack, clock: Clock) -> None:
    """To the second: what is older grants nothing any more."""
    known = known_by(slack.api_url, clock, people=(ANA,))
    known.refresh()
    clock.now += MAX_AGE_S
    assert (known.members(ON_CALL), known.standing(ANA)) == (MEMBERS, Standing.ACTIVE)
    clock.now += 0.001
    assert (known.members(ON_CALL), known.standing(ANA)) == (None, None)
    known.refresh()
    assert (known.members(ON_CALL), known.standing(ANA)) == (MEMBERS, Standing.ACTIVE)


@pytest.mark.parametrize(
    ("user_id", "standing"),
    [
        (ANA, Standing.ACTIVE),
        (FINN, Standing.DEACTIVATED),
        (OTHER_BOT, Standing.BOT),
        (SLACKBOT, Standing.BOT),
        ("U0NOBODY001", Standing.DEACTIVATED),
    ],
    ids=["active", "deactivated", "bot", "Slackbot", "nobody"],
)
def test_slack_tells_who_is_active(slack: LocalSlack, clock: Clock, user_id: str, standing: Standing) -> None:
    """Whoever Slack doesn't know is as good as deactivated."""
    known = known_by(slack.api_url, clock, people=(user_id,))
    known.refresh()
    assert known.standing(user_id) is standing


@pytest.mark.parametrize(
    ("user", "standing"),
    [
        (b'"deleted": false, "is_bot": false', Standing.ACTIVE),
        (b'"name": "ana"', Standing.ACTIVE),
        (b'"deleted": true, "is_bot": true', Standing.DEACTIVATED),
        (b'"deleted": null', Standing.DEACTIVATED),
        (b'"deleted": "yes"', Standing.DEACTIVATED),
        (b'"is_workflow_bot": true', Standing.BOT),
        (b'"is_bot": 1', Standing.BOT),
        (b'"id": "U0EVE000001"', None),
    ],
    ids=["plain", "left out", "both", "null", "a word", "workflow", "a number", "somebody else"],
)
def test_a_person_is_read_as_slack_documents_it(clock: Clock, user: bytes, standing: Standing | None) -> None:
    """`deleted` is left out of some active people; what is odd there grants nothing."""
    body = b'{"ok": true, "user": {"id": "U0ANA000001", ' + user + b"}}"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with answering(answer) as url:
        known = known_by(url, clock, groups=(), people=(ANA,))
        known.refresh()
    assert known.standing(ANA) is standing


def test_slackbot_is_a_bot_although_slack_does_not_say_so(clock: Clock) -> None:
    """users.info has is_bot false for it."""
    body = b'{"ok": true, "user": {"id": "USLACKBOT", "deleted": false, "is_bot": false}}'
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)) as url:
        known = known_by(url, clock, groups=(), people=(SLACKBOT,))
        known.refresh()
    assert known.standing(SLACKBOT) is Standing.BOT


def test_what_was_not_asked_for_is_never_known(slack: LocalSlack, clock: Clock) -> None:
    """Only the groups and people of the rules."""
    known = known_by(slack.api_url, clock)
    known.refresh()
    assert known.members("S0OTHER0001") is None
    assert known.standing(DORA) is None


def test_the_members_of_the_groups_are_known_too(slack: LocalSlack, clock: Clock) -> None:
    """At once, with the group itself; and the offsets of their clocks with them, also once they are old."""
    known = known_by(slack.api_url, clock)
    known.refresh()
    assert {known.standing(BEN), known.standing(CHEN)} == {Standing.ACTIVE}
    clock.now += MAX_AGE_S + 1
    assert (known.tz_offset_s(BEN), known.tz_offset_s(CHEN)) == (0, 8 * 3600)


@pytest.mark.parametrize("fault", UNREADABLE)
@pytest.mark.parametrize("method", [LIST, INFO])
def test_what_cannot_be_read_keeps_what_was_known_until_it_is_too_old(
    slack: LocalSlack, clock: Clock, method: str, fault: str
) -> None:
    """A hiccup locks nobody out; a long one locks everybody out."""
    wanted = {"groups": (ON_CALL,)} if method == LIST else {"groups": (), "people": (ANA,)}
    known = known_by(slack.api_url, clock, **wanted)

    def found() -> object:
        return known.members(ON_CALL) if method == LIST else known.standing(ANA)

    slack.inject(method, UNREADABLE[fault])
    known.refresh()
    assert found() is None
    known.refresh()
    clock.now += MAX_AGE_S
    slack.inject(method, UNREADABLE[fault])
    known.refresh()
    assert found() == (MEMBERS if method == LIST else Standing.ACTIVE)
    clock.now += 1
    assert found() is None


@pytest.mark.parametrize("answer", NO_ANSWERS)
@pytest.mark.parametrize("wanted", ["a group", "a person"])
def test_an_answer_that_cannot_be_read_grants_nothing_and_stops_nothing(
    answer: str, wanted: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The refreshing thread outlives whatever Slack, or something on the way, answers; the log tells."""
    with answering(NO_ANSWERS[answer]) as url:
        people = (ANA,) if wanted == "a person" else ()
        known = known_by(url, clock, groups=() if people else (ON_CALL,), people=people)
        known.refresh()
    assert known.members(ON_CALL) is None
    assert known.standing(ANA) is None
    assert "unreadable" in caplog.text


def test_without_the_scope_the_log_says_what_to_do(
    slack: LocalSlack, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """An app that was installed from an earlier manifest lacks users:read."""
    slack.inject(INFO, Fault.refuse("missing_scope"))
    known_by(slack.api_url, clock, groups=(), people=(ANA,)).refresh()
    assert "missing_scope (reinstall the app from the present manifest.yml)" in caplog.text


def test_one_unreadable_group_does_not_hide_the_others(
    slack: LocalSlack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each group is read by itself."""
    slack.inject(LIST, Fault.refuse("internal_error"))
    known = known_by(slack.api_url, clock, groups=("S0ONCALL002", ON_CALL))
    monkeypatch.setattr(directory, "AT_ONCE", 1)
    known.refresh()
    assert known.members("S0ONCALL002") is None
    assert known.members(ON_CALL) == MEMBERS


def test_somebody_who_left_the_group_is_out_after_the_next_read(slack: LocalSlack, clock: Clock) -> None:
    """The members are those of the latest read, not of all reads; nobody asks about whoever left."""
    known = known_by(slack.api_url, clock)
    known.refresh()
    group = slack.workspace.groups[ON_CALL]
    slack.workspace.groups[ON_CALL] = replace(group, members=frozenset({CHEN}))
    known.refresh()
    slack.workspace.groups[ON_CALL] = group
    assert known.members(ON_CALL) == frozenset({CHEN})
    assert known.standing(BEN) is None


def test_somebody_who_joins_the_group_is_known_at_once(slack: LocalSlack, clock: Clock) -> None:
    """In the same read, although everybody else was asked about lately."""
    known = known_by(slack.api_url, clock)
    known.refresh()
    before = len(slack.traffic)
    group = slack.workspace.groups[ON_CALL]
    slack.workspace.groups[ON_CALL] = replace(group, members=MEMBERS | {DORA})
    known.refresh()
    slack.workspace.groups[ON_CALL] = group
    assert known.standing(DORA) is Standing.ACTIVE
    assert asked(slack, INFO, before) == 1


def test_somebody_deactivated_may_not_after_the_next_read(slack: LocalSlack, clock: Clock) -> None:
    """Also where the group still lists them, as Slack's does for a while."""
    known = known_by(slack.api_url, clock)
    known.refresh()
    ben = slack.workspace.people[BEN]
    slack.workspace.people[BEN] = replace(ben, deleted=True)
    clock.now += PEOPLE_EVERY_S
    known.refresh()
    slack.workspace.people[BEN] = ben
    assert known.standing(BEN) is Standing.DEACTIVATED


def test_people_are_asked_about_less_often_than_groups(slack: LocalSlack, clock: Clock) -> None:
    """Slack answers users.info about a hundred times a minute, however many people the groups have."""
    known = known_by(slack.api_url, clock, people=(ANA, BEN))
    before = len(slack.traffic)
    known.refresh()
    clock.now += PEOPLE_EVERY_S - 1
    known.refresh()
    assert (asked(slack, LIST, before), asked(slack, INFO, before)) == (2, 3)
    clock.now += 1
    known.refresh()
    assert (asked(slack, LIST, before), asked(slack, INFO, before)) == (3, 6)


def test_of_very_many_people_the_longest_unknown_come_first(
    slack: LocalSlack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as Slack answers in a minute; the others at the next read, and nobody never."""
    assert PEOPLE_AT_A_TIME <= 100
    monkeypatch.setattr(directory, "PEOPLE_AT_A_TIME", 2)
    known = known_by(slack.api_url, clock, groups=(), people=(ANA, BEN, CHEN, DORA))
    known.refresh()
    assert [known.standing(one) for one in (ANA, BEN, CHEN, DORA)].count(Standing.ACTIVE) == 2
    clock.now += PEOPLE_EVERY_S
    known.refresh()
    assert [known.standing(one) for one in (ANA, BEN, CHEN, DORA)].count(Standing.ACTIVE) == 4


def test_started_it_knows_everything_before_the_first_command(slack: LocalSlack) -> None:
    """start() reads once itself, and goes on in a thread that ends when it is told to."""
    known = Directory(BOT_TOKEN, slack.api_url, group_ids=[ON_CALL], user_ids=[ANA])
    known.start()
    assert known.members(ON_CALL) == MEMBERS
    assert {known.standing(one) for one in (ANA, BEN, CHEN)} == {Standing.ACTIVE}
    known.stop()
    for thread in threading.enumerate():
        if thread.name.startswith("directory"):
            thread.join(5)
            assert not thread.is_alive()


def test_a_slack_that_hangs_delays_the_start_by_three_seconds_at_most(
    slack: LocalSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group that isn't answered hides nobody who may by their own id."""
    assert FIRST_WITHIN_S <= 3
    monkeypatch.setattr(directory, "FIRST_WITHIN_S", 0.5)
    gate = slack.hold(LIST)
    known = Directory(BOT_TOKEN, slack.api_url, group_ids=[ON_CALL], user_ids=[ANA])
    began = time.monotonic()
    known.start()
    assert time.monotonic() - began < 3
    assert known.members(ON_CALL) is None
    slack.wait_for(lambda: known.standing(ANA))
    known.stop()
    gate.release()


def test_a_slack_that_cannot_be_reached_starts_all_the_same() -> None:
    """It grants nothing, and raises nothing."""
    known = Directory(BOT_TOKEN, "http://127.0.0.1:9/api/", group_ids=[ON_CALL], user_ids=[ANA])
    known.start()
    known.stop()
    assert known.members(ON_CALL) is None
    assert known.standing(ANA) is None


def test_after_a_start_that_failed_it_is_read_again_soon(
    slack: LocalSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is turned away for a minute because Slack had a hiccup when the bot started."""
    monkeypatch.setattr(directory, "FIRST_RETRY_S", 0.1)
    for _ in range(3):
        slack.inject(INFO, Fault.http(500))
    slack.inject(LIST, Fault.http(500))
    known = Directory(BOT_TOKEN, slack.api_url, group_ids=[ON_CALL], user_ids=[ANA])
    known.start()
    assert known.members(ON_CALL) is None
    slack.wait_for(lambda: known.members(ON_CALL) and known.standing(ANA) and known.standing(BEN))
    known.stop()
    assert directory.REFRESH_S > 15 > directory.FIRST_RETRY_S


def test_on_enterprise_grid_the_workspaces_of_people_are_known(clock: Clock) -> None:
    """From users.info, for five minutes, with their standing; the organization too."""
    with local_slack(scopes=SCOPES | {"users:read"}) as slack:
        join_grid(slack.workspace)
        known = known_by(slack.api_url, clock, people=(EVE,))
        assert known.membership(BEN) is None
        known.refresh()
    both = frozenset({"T0HOME00001", "T0SALES0001"})
    assert known.membership(BEN) == Membership(teams=both, enterprise_id="E0NORTHWIND")
    assert known.membership(CHEN) == Membership(teams=both, enterprise_id="E0NORTHWIND")
    assert known.membership(EVE) == Membership(teams=frozenset({"T0PARTNER01"}))
    clock.now += MAX_AGE_S + 1
    assert known.membership(BEN) is None


@pytest.mark.parametrize(
    "enterprise_user",
    [
        *(b"[]", b'"E0ORG"', b"{}", b'{"enterprise_id": "E0ORG"}', b'{"teams": ["T0HOME"]}'),
        *(b'{"enterprise_id": 1, "teams": []}', b'{"enterprise_id": "E0ORG", "teams": ["T0HOME", null]}'),
    ],
)
def test_an_odd_enterprise_user_grants_nothing(clock: Clock, enterprise_user: bytes) -> None:
    """What isn't as Slack documents it is as good as not read."""
    body = b'{"ok": true, "user": {"id": "U0ANA000001", "enterprise_user": ' + enterprise_user + b"}}"
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)) as url:
        known = known_by(url, clock, groups=(), people=(ANA,))
        known.refresh()
    assert (known.standing(ANA), known.membership(ANA)) == (None, None)


def test_somebody_who_is_noticed_is_read_at_once_and_the_latest_fifty_stay(slack: LocalSlack) -> None:
    """Although no rule names them; more would cost Slack's patience."""
    known = Directory(BOT_TOKEN, slack.api_url, group_ids=[], user_ids=[])
    known.start()
    known.notice(DORA)
    slack.wait_for(lambda: known.standing(DORA))
    before = len(slack.traffic)
    for index in range(MOST_NOTICED):
        known.notice(f"U0NOBODY{index:03}")
    slack.wait_for(lambda: all(known.standing(f"U0NOBODY{index:03}") for index in range(MOST_NOTICED)))
    slack.wait_for(lambda: known.standing(DORA) is None)
    known.stop()
    assert asked(slack, INFO, before) == MOST_NOTICED


@pytest.mark.parametrize("word", ["no_such_subteam", "plan_upgrade_required"])
def test_a_group_that_does_not_exist_is_empty_and_not_unknown(
    slack: LocalSlack, clock: Clock, caplog: pytest.LogCaptureFixture, word: str
) -> None:
    """Nobody is told to try again in a minute for ever; the log tells once, /readyz as long as it is so."""
    known = known_by(slack.api_url, clock)
    for _ in range(3):
        slack.inject(LIST, Fault.refuse(word))
        assert known.refresh()
    assert known.members(ON_CALL) == frozenset()
    assert known.check().ok
    assert ON_CALL in known.check().reason
    assert caplog.text.count("nobody may do anything by it") == 1
    known.refresh()
    assert known.members(ON_CALL) == MEMBERS
    assert ON_CALL not in known.check().reason


def test_a_group_without_active_members_is_told_of(
    slack: LocalSlack, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A group of bots and of people who left; one that nobody has read yet is not said to be empty."""
    group, people = slack.workspace.groups[ON_CALL], dict(slack.workspace.people)
    slack.workspace.groups[ON_CALL] = replace(group, members=frozenset({FINN, OTHER_BOT}))
    known = known_by(slack.api_url, clock)
    assert "isn't known now" in known.check().reason
    known.refresh()
    slack.workspace.groups[ON_CALL] = group
    slack.workspace.people.update(people)
    assert f"the user group {ON_CALL} has no active members" in known.check().reason
    assert f"the user group {ON_CALL} has no active members" in caplog.text

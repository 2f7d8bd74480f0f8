"""Steps at edges that end-to-end tests can't bring about: deadlines to the moment, doubts, lost leases."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cloud.answers import described
from bot.domain.explain import OwnCode
from bot.domain.model import State
from bot.errors import CloudError, LeaseLost, NotSent, OutcomeUnknown, Refused
from bot.ledger.tables import deletions, events
from bot.work.tries import FIRST_PAUSE_S, LONGEST_PAUSE_S
from tests.ledger.opened import LEASE_S, RETRY_S, T0, TUNNEL, Replica, ask
from tests.work.cloud import GONE, STANDS, Cloud, Look
from tests.work.scene import OTHER, VERIFY_S, Scene, steps_over

NOT_FOUND = Refused("ResourceNotFound", "no such tunnel", "r-404")
BUSY = Refused("UnsupportedOperation.MutexOperationTaskRunning", "busy", "r-busy")
FORBIDDEN = Refused("UnauthorizedOperation", "not allowed", "r-no")
NO_ANSWER = OutcomeUnknown("reset")
UNREACHABLE = NotSent("refused")


@pytest.mark.parametrize(("unclear", "state"), [(True, State.GONE), (False, State.REFUSED)])
@pytest.mark.parametrize("code", ["ResourceNotFound", "UnsupportedOperation.RecordNotExists"])
def test_not_found_is_success_only_where_an_earlier_try_may_have_done_it(
    scene: Scene, code: str, unclear: bool, state: State
) -> None:
    """After a lost answer it's ours, and gone; without one, somebody else's doing is not called ours."""
    scene.confirmed(unclear=unclear).cloud.delete = Refused(code, "", "r-404")
    assert scene.act(State.CONFIRMED).state is state
    assert scene.said == ["gone" if unclear else "refused"]


def test_a_try_that_was_refused_leaves_an_older_doubt_standing(scene: Scene) -> None:
    """Lost answer, then “busy”, then “not found”: the first one may have done it."""
    scene.confirmed(unclear=True).cloud.delete = BUSY
    assert scene.act(State.CONFIRMED).unclear
    scene.cloud.delete = NOT_FOUND
    assert scene.at(LONGEST_PAUSE_S).act(State.CONFIRMED).state is State.GONE


def test_a_try_that_surely_did_nothing_raises_no_doubt(scene: Scene) -> None:
    """“Busy” and a refused connection changed nothing, and “not found” after them isn't ours."""
    scene.confirmed()
    for seconds, error in enumerate([BUSY, UNREACHABLE]):
        scene.cloud.delete = error
        assert not scene.at(10 * seconds).act(State.CONFIRMED).unclear
    scene.cloud.delete = NOT_FOUND
    assert scene.at(20).act(State.CONFIRMED).state is State.REFUSED


@pytest.mark.parametrize("error", [BUSY, UNREACHABLE], ids=["busy", "unreachable"])
@pytest.mark.parametrize(
    ("early_s", "state"), [(0.001, State.CONFIRMED), (0, State.REFUSED)], ids=["in time", "at the deadline"]
)
def test_retries_end_at_the_deadline_to_the_moment(
    scene: Scene, error: CloudError, early_s: float, state: State
) -> None:
    """Waiting until then, said once; after it the end, with the code."""
    scene.confirmed(retry_until=T0 + RETRY_S, sent_at=T0).cloud.delete = error
    ended = scene.at(RETRY_S - early_s).act(State.CONFIRMED)
    assert ended.state is state
    assert scene.said == ["waiting" if early_s else "refused"]
    assert ended.code in ("UnsupportedOperation.MutexOperationTaskRunning", "CloudUnreachable")


@pytest.mark.parametrize("error", [BUSY, UNREACHABLE], ids=["busy", "unreachable"])
@pytest.mark.parametrize(
    ("look", "state", "reply"),
    [
        (GONE, State.GONE, "gone"),
        ({TUNNEL.tunnel_id: replace(TUNNEL, state="DELETING")}, State.VERIFYING, "accepted"),
        (STANDS, State.UNKNOWN, "gave up"),
        (NO_ANSWER, State.UNKNOWN, "gave up"),
    ],
    ids=["gone", "being deleted", "stands", "look fails"],
)
def test_at_the_deadline_a_doubt_is_looked_into_and_never_called_not_deleted(
    scene: Scene, error: CloudError, look: Look, state: State, reply: str
) -> None:
    """An earlier try may have been carried out: only a look can tell, and it is taken before the end."""
    scene.confirmed(retry_until=T0 + RETRY_S, unclear=True).cloud.delete = error
    scene.at(RETRY_S).act(State.CONFIRMED)
    scene.cloud.look = look
    assert scene.act(State.DELETING).state is state
    assert scene.said == [reply]


def test_a_look_that_fails_is_repeated_until_the_deadline(scene: Scene) -> None:
    """In time it stays DELETING, and nothing is sent; at the deadline it says that nothing is known."""
    scene.confirmed(retry_until=T0 + RETRY_S).cloud.delete = NO_ANSWER
    scene.act(State.CONFIRMED)
    scene.cloud.look = UNREACHABLE
    assert scene.at(RETRY_S - 0.001).act(State.DELETING).state is State.DELETING
    assert scene.at(RETRY_S + LONGEST_PAUSE_S).act(State.DELETING).state is State.UNKNOWN
    assert len(scene.cloud.deleted) == 1
    assert scene.text("gave up") == (
        "It isn't known whether vpnx-p0j11j28 was deleted; "
        "looking at it failed: Tencent Cloud can't be reached."
    )


def test_a_lost_answer_to_a_deletion_that_began_is_not_asked_again(scene: Scene) -> None:
    """Seen in state DELETING: accepted, and the RequestId is said to be lost."""
    scene.confirmed().cloud.delete = NO_ANSWER
    scene.act(State.CONFIRMED)
    scene.cloud.look = {TUNNEL.tunnel_id: replace(TUNNEL, state="DELETING")}
    assert scene.at(1).act(State.DELETING).state is State.VERIFYING
    assert "No clear answer came" in scene.text("accepted")
    assert len(scene.cloud.deleted) == 1


@pytest.mark.parametrize(
    ("early_s", "state"), [(0.001, State.VERIFYING), (0, State.UNKNOWN)], ids=["in time", "at the limit"]
)
def test_still_there_is_said_at_the_time_limit_to_the_moment(
    scene: Scene, early_s: float, state: State
) -> None:
    """With the state that was seen and the RequestId; before that, silence."""
    scene.confirmed()
    scene.act(State.CONFIRMED)
    scene.cloud.look = {TUNNEL.tunnel_id: replace(TUNNEL, state="DELETING")}
    seen = scene.at(VERIFY_S - early_s).verify()
    assert (seen.state, seen.last_seen, seen.request_id) == (state, "DELETING", "r-1")
    assert scene.said == ["accepted", *(["still there"] if state is State.UNKNOWN else [])]


def test_looks_that_fail_until_the_limit_end_with_what_was_last_seen(scene: Scene) -> None:
    """A failed look is never taken for gone, nor for still there: since when nothing was seen is said."""
    scene.confirmed()
    scene.act(State.CONFIRMED)
    scene.cloud.look = {TUNNEL.tunnel_id: replace(TUNNEL, state="DELETING")}
    scene.at(1).verify()
    scene.cloud.look = UNREACHABLE
    assert scene.at(60).verify().state is State.VERIFYING
    assert scene.at(VERIFY_S).verify().state is State.UNKNOWN
    assert scene.said == ["accepted", "not seen"]
    assert scene.text("not seen") == (
        "It isn't known whether vpnx-p0j11j28 is gone: it could not be looked at since 22:13:21 UTC: "
        "Tencent Cloud can't be reached (CloudUnreachable)."
    )
    ended = scene.now
    assert (ended.code, ended.look_code) == (OwnCode.NOT_SEEN, OwnCode.UNREACHABLE)
    assert (ended.last_seen, ended.last_seen_at) == ("DELETING", T0 + 1)


def test_a_look_that_succeeds_again_takes_the_failure_back(scene: Scene) -> None:
    """Why a look failed is kept while it is so, and the audit trail keeps that it was, once."""
    scene.confirmed()
    scene.act(State.CONFIRMED)
    scene.cloud.look = FORBIDDEN
    for seconds in (1, 20):
        failed = scene.at(seconds).verify()
        assert (failed.look_code, failed.look_request_id) == (FORBIDDEN.code, "r-no")
    scene.cloud.look = {TUNNEL.tunnel_id: replace(TUNNEL, state="DELETING")}
    seen = scene.at(VERIFY_S).verify()
    assert (seen.code, seen.last_seen_at) == (OwnCode.STILL_THERE, T0 + VERIFY_S)
    assert (seen.look_code, seen.look_request_id) == (None, None)
    trail = [row for row in scene.replica.rows(events) if row["kind"] == "look failed"]
    assert [(row["detail"], row["request_id"]) for row in trail] == [(FORBIDDEN.code, "r-no")]


def test_the_last_look_decides_however_late_it_comes(scene: Scene) -> None:
    """A tunnel that went while nobody could look is gone, although the time limit has passed."""
    scene.confirmed()
    scene.act(State.CONFIRMED)
    scene.cloud.look = UNREACHABLE
    scene.at(VERIFY_S - 1).verify()
    scene.cloud.look = GONE
    assert scene.at(VERIFY_S + LONGEST_PAUSE_S).verify().state is State.GONE
    assert scene.said == ["accepted", "gone"]


def test_a_doubt_that_cannot_be_looked_into_keeps_both_codes(scene: Scene) -> None:
    """Why the deletion is in doubt, and why the look failed, with the RequestId of each."""
    scene.confirmed(retry_until=T0 + RETRY_S)
    scene.cloud.delete = OutcomeUnknown("", code="InternalError", request_id="r-sent")
    scene.act(State.CONFIRMED)
    scene.cloud.look = FORBIDDEN
    ended = scene.at(RETRY_S).act(State.DELETING)
    assert (ended.state, ended.code, ended.request_id) == (State.UNKNOWN, "InternalError", "r-sent")
    assert (ended.look_code, ended.look_request_id) == (FORBIDDEN.code, "r-no")
    body = scene.body("gave up")
    assert all(part in body for part in ("InternalError", "r-sent", FORBIDDEN.code, "r-no"))


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InvalidParameterValue.Malformed"])
def test_only_the_ask_that_is_refused_is_turned_down(scene: Scene, code: str) -> None:
    """Seven people ask at one moment, the cloud refuses one's id: the six others have their cards."""
    ids = [f"vpnx-0000000{number}" for number in range(7)]
    cards = {tunnel_id: scene.replica.ledger.ask(ask(tunnel_id)) for tunnel_id in ids}
    scene.cloud.look = {tunnel_id: replace(TUNNEL, tunnel_id=tunnel_id) for tunnel_id in ids}
    scene.cloud.poison = {ids[4]: Refused(code, "", "r-no")}
    scene.steps.prepare(scene.replica.claims.claim(10, [State.ASKED]))
    ended = {tunnel_id: scene.replica.now(card_id) for tunnel_id, card_id in cards.items()}
    refused = ended.pop(ids[4])
    assert (refused.state, refused.code, refused.request_id) == (State.REFUSED, code, "r-no")
    assert {one.state for one in ended.values()} == {State.PENDING}
    assert len(scene.cloud.looked) <= 2 * len(ids) - 1


def test_an_ask_for_several_stands_or_falls_as_one(scene: Scene) -> None:
    """A card for some of what was asked for would not be what was asked for."""
    card_id = scene.replica.ledger.ask(ask(TUNNEL.tunnel_id, OTHER.tunnel_id))
    scene.cloud.look = {TUNNEL.tunnel_id: TUNNEL}
    scene.cloud.poison = {OTHER.tunnel_id: FORBIDDEN}
    scene.steps.prepare([scene.replica.take(State.ASKED)])
    assert scene.replica.now(card_id).state is State.REFUSED
    assert len(scene.cloud.looked) == 1


def test_a_refusal_of_the_keys_is_asked_for_once(scene: Scene) -> None:
    """The bot's keys are refused whatever it asks for: nobody is looked at alone for that."""
    for number in range(7):
        scene.replica.ledger.ask(ask(f"vpnx-0000000{number}"))
    scene.cloud.look = Refused("AuthFailure.TokenFailure", "", "r-no")
    scene.steps.prepare(scene.replica.claims.claim(10, [State.ASKED]))
    assert len(scene.cloud.looked) == 1
    assert {row["state"] for row in scene.replica.rows(deletions)} == {"refused"}


@pytest.mark.parametrize(
    "error",
    [FORBIDDEN, OutcomeUnknown("", code=OwnCode.UNREADABLE_ENTRY), OutcomeUnknown("", code="IncompleteList")],
    ids=["not allowed", "unreadable entry", "incomplete list"],
)
def test_a_tunnel_that_cannot_be_looked_at_keeps_no_other_from_being_seen_gone(
    scene: Scene, error: CloudError
) -> None:
    """Verified together: the other is gone, and this one alone isn't known."""
    scene.cloud.look = {TUNNEL.tunnel_id: TUNNEL, OTHER.tunnel_id: OTHER}
    for tunnel in (TUNNEL, OTHER):
        scene.card_id = scene.replica.show(tunnel)
        assert scene.replica.decide(scene.card_id).won
        scene.replica.skip_last_look()
        scene.act(State.CONFIRMED)
    held = scene.at(10).replica.claims.claim(2, [State.VERIFYING])
    assert len(held) == 2
    scene.cloud.look = GONE
    scene.cloud.poison = {OTHER.tunnel_id: error}
    scene.steps.verify(held)
    states = {row["tunnel_id"]: (row["state"], row["look_code"]) for row in scene.replica.rows(deletions)}
    assert states == {TUNNEL.tunnel_id: ("gone", None), OTHER.tunnel_id: ("verifying", error.code)}


def test_a_worker_that_lost_its_row_while_it_waited_for_its_turn_sends_nothing(
    scene: Scene, second: Replica
) -> None:
    """Another took it over meanwhile: the call isn't made, nothing is written."""
    scene.confirmed()
    held = replace(scene.replica.take(State.CONFIRMED), until=0.0)

    def taken_over() -> None:
        scene.replica.clock.now += LEASE_S
        second.take(State.DELETING)
        scene.replica.leases.renew()

    scene.cloud.before_delete = taken_over
    scene.steps.act(held)
    assert scene.cloud.deleted == []
    assert scene.now.state is State.DELETING


def test_one_lost_row_does_not_keep_the_others_of_its_group(scene: Scene, second: Replica) -> None:
    """Looked up together, written one by one."""
    for tunnel in (TUNNEL, OTHER):
        scene.replica.ledger.ask(ask(tunnel.tunnel_id))
    group = scene.replica.claims.claim(2, [State.ASKED])
    scene.replica.clock.now += LEASE_S
    lost, *_ = second.claims.claim(1, [State.ASKED])
    scene.cloud.look = {TUNNEL.tunnel_id: TUNNEL, OTHER.tunnel_id: OTHER}
    scene.steps.prepare(group)
    states = {held.deletion.deletion_id: scene.replica.now(held.deletion.deletion_id).state for held in group}
    assert states.pop(lost.deletion.deletion_id) is State.ASKED
    assert list(states.values()) == [State.PENDING]


def test_each_region_is_looked_up_by_itself_and_one_that_fails_is_alone(scene: Scene) -> None:
    """One call for all of a region's ids; the other region's card is shown."""
    for number in range(3):
        scene.replica.ledger.ask(ask(TUNNEL.tunnel_id, region="ap-tokyo"))
        scene.replica.ledger.ask(ask(f"vpnx-0000000{number}", region="ap-seoul"))
    scene.cloud.regions = {"ap-tokyo": STANDS, "ap-seoul": UNREACHABLE}
    scene.steps.prepare(scene.replica.claims.claim(10, [State.ASKED]))
    assert sorted(scene.cloud.looked) == [
        ("ap-seoul", ("vpnx-00000000", "vpnx-00000001", "vpnx-00000002")),
        ("ap-tokyo", (TUNNEL.tunnel_id,)),
    ]
    states = [(row["region"], row["state"]) for row in scene.replica.rows(deletions)]
    assert sorted(states) == [("ap-seoul", "asked")] * 3 + [("ap-tokyo", "pending")] * 3


def test_a_look_up_that_keeps_failing_is_told_once_and_ends_at_the_deadline(scene: Scene) -> None:
    """The requester reads that the bot waits, and in the end why there is no card."""
    card_id = scene.replica.ledger.ask(ask())
    scene.cloud.look = NO_ANSWER
    for seconds in (0, 10, 20, RETRY_S - 0.001):
        scene.at(seconds).steps.prepare([scene.replica.take(State.ASKED)])
        assert scene.replica.now(card_id).state is State.ASKED
    assert scene.replica.queued() == ["told look-up failed"]
    scene.at(RETRY_S + LONGEST_PAUSE_S).steps.prepare([scene.replica.take(State.ASKED)])
    assert scene.replica.now(card_id).state is State.REFUSED
    assert scene.replica.queued() == ["told look-up failed", "told turned down"]


@given(attempts=st.integers(0, 2_000), jitter=st.floats(0, 1, exclude_max=True))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_pauses_double_up_to_ten_seconds_and_never_march_in_step(
    scene: Scene, attempts: int, jitter: float
) -> None:
    """Between half and the whole of the doubled pause, however many tries went before."""
    with scene.replica.database.write() as tx:
        tx.connection.execute(deletions.delete())
    scene.at(0).confirmed(attempts=attempts, retry_until=None).cloud.delete = BUSY
    steps_over(scene.replica, scene.cloud, jitter).act(scene.replica.take(State.CONFIRMED))
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempts, 100))
    (row,) = scene.replica.rows(deletions)
    pause_s = row["next_at"] - T0
    assert longest / 2 - 1e-6 <= pause_s <= longest + 1e-6
    assert pause_s == pytest.approx(longest * (1 - jitter / 2), abs=1e-6)


@pytest.mark.parametrize("error", [LeaseLost("x"), FORBIDDEN], ids=["lost", "refused"])
def test_a_step_of_somebody_elses_row_is_no_fault(scene: Scene, error: Exception) -> None:
    """LeaseLost ends the step quietly; nothing but LedgerUnavailable leaves it."""

    def fail() -> None:
        raise error

    scene.confirmed().cloud.before_delete = fail
    scene.steps.act(scene.replica.take(State.CONFIRMED))
    assert scene.now.state is (State.DELETING if isinstance(error, LeaseLost) else State.REFUSED)


@pytest.mark.parametrize("name", ["half \ud83d pair", "nul \x00", "<!channel>" * 1_000, "\u202e\u200b"])
def test_whatever_a_tunnel_is_called_its_card_is_shown(scene: Scene, name: str) -> None:
    """As the cloud's answer is read: half a surrogate pair once stopped a step for good."""
    entry = {
        "VpnConnectionId": TUNNEL.tunnel_id,
        "VpnGatewayId": f"vpngw-{name}",
        "CustomerGatewayId": "cgw-2wqq41m9",
        "VpnConnectionName": name,
    }
    answer = {"RequestId": "r-1", "TotalCount": 1, "VpnConnectionSet": [entry]}
    scene.cloud.look = {tunnel.tunnel_id: tunnel for tunnel in described(answer).tunnels}
    card_id = scene.replica.ledger.ask(ask())
    scene.steps.prepare([scene.replica.take(State.ASKED)])
    assert scene.replica.now(card_id).state is State.PENDING
    assert scene.replica.queued()[:2] == ["card", "kit 0"]


def test_a_protected_tunnel_is_called_that_whatever_its_kit(first: Replica) -> None:
    """“No undo kit” would send people to look for the wrong thing."""
    tunnel = replace(TUNNEL, wire="{}", tags=(("vpn-bot:protect", "yes"),))
    card_id = first.ledger.ask(ask())
    steps_over(first, Cloud(look={TUNNEL.tunnel_id: tunnel})).prepare([first.take(State.ASKED)])
    assert (first.now(card_id).state, first.now(card_id).code) == (State.REFUSED, OwnCode.PROTECTED)

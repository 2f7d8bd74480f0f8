"""How the local VPC goes wrong on demand."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from bot.rehearsal.vpc import MAIN_GATEWAY, Fault, LocalVpc
from tests.rehearsal.vpc_caller import SECRET_ID, SECRET_KEY, TOKEN, Caller

DELETE = "DeleteVpnConnection"
MUTEX = "UnsupportedOperation.MutexOperationTaskRunning"


@pytest.fixture(scope="module")
def vpc() -> Iterator[LocalVpc]:
    """A local VPC on the real clock, whose deletions take longer than the tests."""
    with LocalVpc(secret_id=SECRET_ID, secret_key=SECRET_KEY, token=TOKEN, delete_takes_s=600) as running:
        yield running


@pytest.fixture
def caller(vpc: LocalVpc) -> Iterator[Caller]:
    """Signs as the VPC's account."""
    calling = Caller(vpc.url)
    yield calling
    calling.close()


@pytest.fixture
def deletion(vpc: LocalVpc) -> dict[str, str]:
    """The parameters that delete a new tunnel."""
    return {"VpnGatewayId": MAIN_GATEWAY, "VpnConnectionId": vpc.add_tunnel()}


def was_done(vpc: LocalVpc, deletion: dict[str, str]) -> bool:
    """Whether the deletion was carried out."""
    return vpc.state(deletion["VpnConnectionId"]) == "DELETING"


def test_faults_are_used_up_in_their_order(vpc: LocalVpc, caller: Caller, deletion: dict[str, str]) -> None:
    """Two refusals, another one, then the truth; other actions never notice."""
    vpc.fault(DELETE, Fault.refuse(MUTEX), times=2)
    vpc.fault(DELETE, Fault.refuse("ResourceInUse", "in use"))
    assert caller.code("DescribeVpnGateways") is None
    assert [caller.code(DELETE, deletion) for _ in range(2)] == [MUTEX, MUTEX]
    assert caller.call(DELETE, deletion)["Error"] == {"Code": "ResourceInUse", "Message": "in use"}
    assert not was_done(vpc, deletion)
    assert caller.code(DELETE, deletion) is None
    assert was_done(vpc, deletion)
    assert [call.fault for call in vpc.deletes(deletion["VpnConnectionId"])] == [
        f"refuse {MUTEX}",
        f"refuse {MUTEX}",
        "refuse ResourceInUse",
        None,
    ]


def test_a_malformed_request_uses_up_no_fault(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str]
) -> None:
    """A fault never hides a caller's own mistake."""
    vpc.fault(DELETE, Fault.refuse(MUTEX))
    assert caller.code(DELETE, {}) == "MissingParameter"
    assert caller.code(DELETE, deletion, secret_key="other") == "AuthFailure.SignatureFailure"
    assert caller.code(DELETE, deletion) == MUTEX


def test_a_fault_for_an_unknown_action_is_a_mistake(vpc: LocalVpc) -> None:
    """A misspelt action would wait for ever: it is refused where it is written."""
    with pytest.raises(ValueError, match="DeleteVpnConection"):
        vpc.fault("DeleteVpnConection", Fault.empty())
    with pytest.raises(ValueError, match="DeleteVpnConection"):
        vpc.hold("DeleteVpnConection")


def test_an_unknown_outcome_may_have_been_done(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str]
) -> None:
    """InternalError after the work was done."""
    vpc.fault(DELETE, Fault.unknown_after())
    assert caller.code(DELETE, deletion) == "InternalError"
    assert was_done(vpc, deletion)


@pytest.mark.parametrize("carried_out", [True, False], ids=["done", "not-done"])
@pytest.mark.parametrize("status", [200, 502])
def test_html_comes_with_any_status(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str], status: int, carried_out: bool
) -> None:
    """A page of HTML in place of JSON, whether or not the work was done."""
    vpc.fault(DELETE, Fault.html(status, carried_out=carried_out))
    answer = caller.post(DELETE, deletion)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert answer.text.startswith("<html>")
    assert was_done(vpc, deletion) is carried_out
    assert vpc.calls[-1].answer is None


@pytest.mark.parametrize("carried_out", [True, False], ids=["done", "not-done"])
def test_an_empty_body_is_still_a_200(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str], carried_out: bool
) -> None:
    """Nothing at all, under the Content-Type of JSON."""
    vpc.fault(DELETE, Fault.empty(carried_out=carried_out))
    answer = caller.post(DELETE, deletion)
    assert (answer.status_code, answer.content) == (200, b"")
    assert was_done(vpc, deletion) is carried_out


def test_a_truncated_body_is_no_json(vpc: LocalVpc, caller: Caller, deletion: dict[str, str]) -> None:
    """Half an answer that claims to be whole; the work was done."""
    vpc.fault(DELETE, Fault.truncated())
    answer = caller.post(DELETE, deletion)
    assert answer.content.startswith(b'{"Response"')
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert was_done(vpc, deletion)


def test_an_answer_can_be_cut_off(vpc: LocalVpc, caller: Caller, deletion: dict[str, str]) -> None:
    """Half an answer, then the connection ends; the work was done."""
    vpc.fault(DELETE, Fault.cut_off())
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        caller.post(DELETE, deletion)
    assert was_done(vpc, deletion)


@pytest.mark.parametrize(
    ("fault", "carried_out"),
    [(Fault.reset_before(), False), (Fault.reset_after(), True)],
    ids=["before", "after"],
)
def test_a_connection_can_be_reset(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str], fault: Fault, carried_out: bool
) -> None:
    """A reset (RST) looks the same to the caller, whether or not the work was done."""
    vpc.fault(DELETE, fault)
    with pytest.raises(requests.exceptions.ConnectionError, match="reset by peer"):
        caller.post(DELETE, deletion)
    assert was_done(vpc, deletion) is carried_out
    assert [call.fault for call in vpc.deletes(deletion["VpnConnectionId"])] == [fault.word]


def test_a_slow_answer_was_carried_out_at_once(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str]
) -> None:
    """The caller gives up waiting; the work was done, and once."""
    vpc.fault(DELETE, Fault.slow(30))
    with pytest.raises(requests.exceptions.ReadTimeout):
        caller.post(DELETE, deletion, timeout_s=0.1)
    assert was_done(vpc, deletion)
    assert len(vpc.deletes(deletion["VpnConnectionId"])) == 1


def test_a_slow_answer_comes_in_the_end(vpc: LocalVpc, caller: Caller, deletion: dict[str, str]) -> None:
    """Slow, and true."""
    vpc.fault(DELETE, Fault.slow(0.1))
    answer = caller.post(DELETE, deletion)
    assert "RequestId" in answer.json()["Response"]
    assert answer.elapsed.total_seconds() >= 0.1


def test_json_may_come_under_another_content_type(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str]
) -> None:
    """The answer itself is as ever, an error included."""
    vpc.fault(DELETE, Fault.content_type(), times=2)
    first, second = caller.post(DELETE, deletion), caller.post(DELETE, deletion)
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "Error" not in first.json()["Response"]
    assert second.json()["Response"]["Error"]["Code"] == "UnsupportedOperation.DeleteVpnConnInvalidState"


def test_a_request_id_may_be_missing(vpc: LocalVpc, caller: Caller, deletion: dict[str, str]) -> None:
    """Success without a RequestId."""
    vpc.fault(DELETE, Fault.omit_request_id())
    assert json.loads(caller.post(DELETE, deletion).content) == {"Response": {}}
    assert was_done(vpc, deletion)


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_a_request_can_be_held(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str], carried_out: bool
) -> None:
    """Held before or after the work, while other actions pass; released, it is answered as ever."""
    gate = vpc.hold(DELETE, carried_out=carried_out)
    with ThreadPoolExecutor(1) as pool, gate:
        answer = pool.submit(caller.code, DELETE, deletion)
        gate.wait_reached(timeout_s=5)
        assert was_done(vpc, deletion) is carried_out
        assert not answer.done()
        aside = Caller(vpc.url)
        assert aside.code("DescribeVpnGateways") is None
        aside.close()
        gate.release()
        assert answer.result(timeout=5) is None
    assert was_done(vpc, deletion)


def test_a_released_gate_lets_all_pass(vpc: LocalVpc, caller: Caller, deletion: dict[str, str]) -> None:
    """A gate holds nobody after its release."""
    with vpc.hold(DELETE) as gate:
        with pytest.raises(TimeoutError):
            gate.wait_reached(timeout_s=0.01)
        gate.release()
    assert caller.code(DELETE, deletion) is None


def test_a_held_request_is_done_though_its_caller_died(
    vpc: LocalVpc, caller: Caller, deletion: dict[str, str]
) -> None:
    """What reached the cloud is carried out, even if nobody is left to read the answer."""
    with vpc.hold(DELETE) as gate:
        with pytest.raises(requests.exceptions.ReadTimeout):
            caller.post(DELETE, deletion, timeout_s=0.1)
        gate.wait_reached(timeout_s=5)
        assert not was_done(vpc, deletion)
    vpc.wait_for(lambda: was_done(vpc, deletion), timeout_s=5)
    assert len(vpc.deletes(deletion["VpnConnectionId"])) == 1

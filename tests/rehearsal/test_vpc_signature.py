"""Who may call the local VPC, and in which form."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rehearsal.vpc import LocalVpc
from bot.rehearsal.vpc_faults import ApiError
from bot.rehearsal.vpc_signature import Account, Request, verify
from tests.rehearsal.vpc_caller import SECRET_ID, SECRET_KEY, T0, TOKEN, Caller, Clock

LOOK = "DescribeVpnConnections"


@pytest.fixture(scope="module")
def clock() -> Clock:
    """One clock for caller and VPC."""
    return Clock()


@pytest.fixture(scope="module")
def vpc(clock: Clock) -> Iterator[LocalVpc]:
    """A local VPC with temporary credentials; nothing here changes its world."""
    with LocalVpc(secret_id=SECRET_ID, secret_key=SECRET_KEY, token=TOKEN, clock=clock) as running:
        yield running


@pytest.fixture
def caller(vpc: LocalVpc, clock: Clock) -> Iterator[Caller]:
    """Signs as the VPC's account, in a second of its own."""
    clock.now += 2
    calling = Caller(vpc.url, clock)
    yield calling
    calling.close()


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param("content-type;host", id="the-least"),
        pytest.param("content-type;host;x-tc-action", id="with-action"),
        pytest.param("content-type;host;x-tc-action;x-tc-region;x-tc-timestamp;x-tc-version", id="with-all"),
    ],
)
def test_a_right_signature_is_let_in(caller: Caller, signed: str) -> None:
    """Content-Type and Host must be signed, further headers may be."""
    assert caller.code(LOOK, signed=signed) is None


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_json_with_or_without_charset_is_let_in(caller: Caller, content_type: str) -> None:
    """Both spellings of JSON that the documents use are taken, each signed as it was sent."""
    assert caller.code(LOOK, headers={"Content-Type": content_type}) is None


@pytest.mark.parametrize("skew_s", [-300, 300])
def test_five_minutes_of_skew_are_let_in(caller: Caller, skew_s: int) -> None:
    """A clock that is off by just five minutes still passes."""
    assert caller.code(LOOK, timestamp=caller.clock() + skew_s) is None


@pytest.mark.parametrize(
    ("bends", "code"),
    [
        pytest.param({"secret_id": "AKIDother"}, "SecretIdNotFound", id="another-secret-id"),
        pytest.param({"secret_key": "other"}, "SignatureFailure", id="another-secret-key"),
        pytest.param({"sent": b'{"Limit": 1}'}, "SignatureFailure", id="body-changed-after-signing"),
        pytest.param({"sent": b"{ }"}, "SignatureFailure", id="same-json-other-bytes"),
        pytest.param(
            {"tampered": {"X-TC-Action": "DeleteVpnConnection"}},
            "SignatureFailure",
            id="signed-action-changed",
        ),
        pytest.param(
            {"tampered": {"Content-Type": "application/json; charset=utf-8"}},
            "SignatureFailure",
            id="content-type-changed",
        ),
        pytest.param(
            {"headers": {"Host": "vpc.tencentcloudapi.com"}, "tampered": {"Host": None}},
            "SignatureFailure",
            id="signed-for-another-host",
        ),
        pytest.param(
            {"tampered": {"X-TC-Timestamp": str(int(T0))}}, "SignatureFailure", id="timestamp-changed"
        ),
        pytest.param({"timestamp": T0 - 400}, "SignatureExpire", id="clock-behind"),
        pytest.param({"timestamp": T0 + 600}, "SignatureExpire", id="clock-ahead"),
        pytest.param({"headers": {"X-TC-Token": None}}, "TokenFailure", id="no-token"),
        pytest.param({"headers": {"X-TC-Token": "other"}}, "TokenFailure", id="wrong-token"),
        pytest.param({"tampered": {"Authorization": None}}, "InvalidAuthorization", id="unsigned"),
        pytest.param({"tampered": {"Authorization": "SKIP"}}, "InvalidAuthorization", id="not-tc3"),
        pytest.param({"signed": "content-type"}, "InvalidAuthorization", id="host-not-signed"),
        pytest.param({"signed": "host;x-tc-action"}, "InvalidAuthorization", id="content-type-not-signed"),
        pytest.param({"signed": "host;content-type"}, "InvalidAuthorization", id="signed-headers-unsorted"),
        pytest.param({"signed": "content-type;host;x-nil"}, "InvalidAuthorization", id="signed-but-not-sent"),
        pytest.param({"scope": "2023-11-14/cvm/tc3_request"}, "InvalidAuthorization", id="another-service"),
        pytest.param({"scope": "2023-11-13/vpc/tc3_request"}, "InvalidAuthorization", id="another-date"),
        pytest.param({"scope": "2023-11-14/vpc/tc2_request"}, "InvalidAuthorization", id="another-ending"),
        pytest.param(
            {"tampered": {"X-TC-Timestamp": "soon"}}, "InvalidAuthorization", id="timestamp-not-a-number"
        ),
    ],
)
def test_a_wrong_signature_is_refused_by_name(caller: Caller, bends: dict[str, Any], code: str) -> None:
    """Each way to sign wrongly has the code that the cloud gives it, with HTTP 200 and a RequestId."""
    assert caller.code(LOOK, **bends) == f"AuthFailure.{code}"


def test_a_token_for_a_permanent_key_is_refused() -> None:
    """An account without a token takes none."""
    with LocalVpc(secret_id=SECRET_ID, secret_key=SECRET_KEY) as vpc:
        caller = Caller(vpc.url, token=None)
        assert caller.code(LOOK) is None
        assert caller.code(LOOK, headers={"X-TC-Token": "x"}) == "AuthFailure.TokenFailure"
        caller.close()


@pytest.mark.parametrize(
    ("bends", "code"),
    [
        pytest.param({"headers": {"X-TC-Version": None}}, "MissingParameter", id="no-version"),
        pytest.param({"headers": {"X-TC-Version": "2016-01-01"}}, "NoSuchVersion", id="wrong-version"),
        pytest.param({"headers": {"X-TC-Region": None}}, "MissingParameter", id="no-region"),
        pytest.param({"headers": {"X-TC-Region": ""}}, "UnsupportedRegion", id="empty-region"),
        pytest.param({"headers": {"X-TC-Region": "Guangzhou"}}, "UnsupportedRegion", id="not-a-region"),
        pytest.param({"headers": {"X-TC-Region": "ap_guangzhou"}}, "UnsupportedRegion", id="underscore"),
        pytest.param(
            {"headers": {"X-TC-Action": None}, "signed": "content-type;host"},
            "MissingParameter",
            id="no-action",
        ),
        pytest.param({"headers": {"X-TC-Action": "DropAll"}}, "InvalidAction", id="unknown-action"),
        pytest.param({"tampered": {"X-TC-Timestamp": None}}, "MissingParameter", id="no-timestamp"),
        pytest.param({"headers": {"Content-Type": "text/plain"}}, "InvalidRequest", id="not-json-type"),
        pytest.param({"path": "/v3"}, "InvalidRequest", id="another-path"),
        pytest.param({"path": "/?a=b"}, "InvalidRequest", id="query"),
        pytest.param({"method": "GET"}, "UnsupportedProtocol", id="get"),
        pytest.param({"method": "PUT"}, "UnsupportedProtocol", id="put"),
        pytest.param({"body": b""}, "InvalidRequest", id="empty-body"),
        pytest.param({"body": b"{"}, "InvalidRequest", id="broken-json"),
        pytest.param({"body": b"[" * 100_000}, "InvalidRequest", id="too-deep"),
        pytest.param({"body": b"\xff"}, "InvalidRequest", id="not-utf-8"),
        pytest.param({"body": b"[]"}, "InvalidParameter", id="not-an-object"),
        pytest.param({"body": b" " * 10_000_001}, "RequestSizeLimitExceeded", id="over-ten-megabytes"),
    ],
)
def test_a_wrong_form_is_refused_by_name(caller: Caller, bends: dict[str, Any], code: str) -> None:
    """Method, path, headers and body must be as documented."""
    assert caller.code(LOOK, **bends) == code


@pytest.mark.parametrize("region", ["ap-guangzhou-open", "ap-shanghai-fsi", "me-saudi-arabia", "xx-newplace"])
def test_a_region_is_known_by_its_shape(caller: Caller, region: str) -> None:
    """New regions appear: what looks like one is one, if an empty one."""
    assert caller.call(LOOK, headers={"X-TC-Region": region})["TotalCount"] == 0


@given(claim=st.text() | st.from_regex(r"TC3-HMAC-SHA256 Credential=.*, SignedHeaders=.*, Signature=.*"))
def test_no_authorization_brings_the_check_down(claim: str) -> None:
    """Whatever stands in Authorization, the check refuses it by a code of its own and shows none of it."""
    headers = {"authorization": claim, "x-tc-timestamp": "1700000000"}
    request = Request(method="POST", path="/", query="", headers=headers, body=b"")
    account = Account(secret_id=SECRET_ID, secret_key=SECRET_KEY, token=None)
    with pytest.raises(ApiError, match=r"AuthFailure\."):
        verify(request, account, T0)
    assert request.masked_headers()["authorization"] == "***"


def test_the_check_agrees_with_a_vector_made_elsewhere() -> None:
    """A signature from the shared vectors passes as it stands, and no longer once a byte differs."""
    body = b'{"VpnGatewayId": "vpngw-7lcl5331", "VpnConnectionId": "vpnx-p0j11j28"}'
    headers = {
        "content-type": "application/json",
        "host": "vpc.tencentcloudapi.com",
        "x-tc-timestamp": "1700000000",
        "authorization": (
            "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2023-11-14/vpc/tc3_request, "
            "SignedHeaders=content-type;host, "
            "Signature=47d188d940d522577d6633307232988c02674b8d24cb3be43856bf86f23308cd"
        ),
    }
    account = Account(secret_id="AKIDEXAMPLE", secret_key="SECRETEXAMPLE", token=None)
    verify(Request(method="POST", path="/", query="", headers=headers, body=body), account, T0)
    with pytest.raises(ApiError, match=r"AuthFailure\.SignatureFailure"):
        verify(Request(method="POST", path="/", query="", headers=headers, body=body + b" "), account, T0)

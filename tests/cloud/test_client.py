"""VpcClient over real sockets: each kind of answer, and what is told of it."""

import asyncio
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, Response

from bot.cloud.answers import Accepted
from bot.cloud.client import VpcClient
from bot.errors import BotError, CloudError, OutcomeUnknown, Refused
from bot.rehearsal.server import reset
from tests.cloud.leaks import everything_in
from tests.cloud.vpc import (
    PRE_SHARE_KEY,
    REQUEST_ID,
    SECRET_KEY,
    T0,
    TOKEN,
    Call,
    Reply,
    StrictVpc,
    has,
    has_no_end,
    never_answers,
    resets,
    says,
    says_error,
    tunnel,
)

REGION = "ap-guangzhou"
TUNNEL_ID = "vpnx-p0j11j28"
YES = {"Response": {"RequestId": REQUEST_ID}}
KEY_IN_AN_ODD_SET = {"TotalCount": 2, "VpnConnectionSet": [tunnel(TUNNEL_ID)], "RequestId": REQUEST_ID}


def delete(client: VpcClient, tunnel_id: str = TUNNEL_ID) -> Accepted:
    """Ask for the deletion of a tunnel."""
    return client.delete_vpn_connection(region=REGION, gateway_id="vpngw-7lcl5331", tunnel_id=tunnel_id)


async def resets_in_the_answer(call: Call) -> Response:
    """Send the whole answer but for its end, and reset."""

    async def then_reset() -> None:
        reset(call.request)

    body = json.dumps(YES).encode()
    return Response(body, headers={"content-length": "5000"}, background=BackgroundTask(then_reset))


def test_a_deletion_is_sent_as_documented(client: VpcClient, vpc: StrictVpc) -> None:
    """DeleteVpnConnection goes out once, signed, with both ids, version, region and language."""
    assert delete(client) == Accepted(request_id=REQUEST_ID)
    (call,) = vpc.calls
    assert call.fields == {"VpnGatewayId": "vpngw-7lcl5331", "VpnConnectionId": TUNNEL_ID}
    sent = {name: call.headers[name] for name in call.headers if name.startswith("x-tc-")}
    assert sent == {
        "x-tc-action": "DeleteVpnConnection",
        "x-tc-version": "2017-03-12",
        "x-tc-region": REGION,
        "x-tc-language": "en-US",
        "x-tc-timestamp": str(T0),
        "x-tc-token": TOKEN,
    }


def test_a_description_is_sent_as_documented(client: VpcClient, vpc: StrictVpc) -> None:
    """DescribeVpnConnections asks by ids, for as many as one call can give."""
    vpc.replies.append(has(TUNNEL_ID))
    described = client.describe_vpn_connections(region=REGION, tunnel_ids=[TUNNEL_ID, "vpnx-none"])
    assert vpc.calls[0].fields == {"VpnConnectionIds": [TUNNEL_ID, "vpnx-none"], "Limit": 100}
    assert [found.tunnel_id for found in described.tunnels] == [TUNNEL_ID]
    assert (described.total_count, described.request_id) == (1, REQUEST_ID)


@pytest.mark.parametrize("number", [0, 101])
def test_one_call_describes_1_to_100(client: VpcClient, vpc: StrictVpc, number: int) -> None:
    """Without ids the cloud would describe all tunnels, and more than 100 it refuses: neither is sent."""
    with pytest.raises(ValueError, match=f"not {number}"):
        client.describe_vpn_connections(region=REGION, tunnel_ids=["vpnx-1"] * number)
    assert vpc.calls == []


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "text/html", "application/json;charset=gbk", ""]
)
def test_the_content_type_of_an_answer_does_not_matter(
    client: VpcClient, vpc: StrictVpc, content_type: str
) -> None:
    """JSON is JSON: a charset or a wrong type makes neither a success of an error nor the reverse."""
    error = {"Response": {"Error": {"Code": "AuthFailure", "Message": "no"}, "RequestId": REQUEST_ID}}
    vpc.replies += [says(YES, content_type=content_type), says(error, content_type=content_type)]
    assert delete(client).request_id == REQUEST_ID
    with pytest.raises(Refused):
        delete(client)


@pytest.mark.parametrize("status", [200, 400, 404])
def test_an_error_code_is_a_refusal(client: VpcClient, vpc: StrictVpc, status: int) -> None:
    """The cloud's no comes with its code, its message and its RequestId."""
    vpc.replies.append(says_error("ResourceNotFound", "no such tunnel", status))
    with pytest.raises(Refused) as refusal:
        delete(client)
    assert (refusal.value.code, refusal.value.message, refusal.value.request_id) == (
        "ResourceNotFound",
        "no such tunnel",
        REQUEST_ID,
    )


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(resets, id="reset after the request"),
        pytest.param(resets_in_the_answer, id="reset in the answer"),
        pytest.param(never_answers, id="no answer"),
        pytest.param(has_no_end, id="truncated body"),
        pytest.param(says(b""), id="empty body"),
        pytest.param(says(b'{"Response": {"RequestId": "3c14'), id="half a document"),
        pytest.param(says(b"<html>OK</html>", content_type="text/html"), id="HTML with 200"),
        pytest.param(says(b"\x1f\x8b not gzip", encoding="gzip"), id="broken gzip"),
        pytest.param(says(b"<html>Bad Gateway</html>", 502), id="HTML with 502"),
        pytest.param(says(b"<html>Forbidden</html>", 403), id="HTML with 403"),
        pytest.param(says(b"", 413), id="413"),
        pytest.param(says(YES, 500), id="success with 500"),
        pytest.param(says(YES, 307, location="/elsewhere"), id="redirect"),
        pytest.param(says(b"", 301, location="http://[broken"), id="broken redirect"),
        pytest.param(says({"Response": {}}), id="no RequestId"),
        pytest.param(says_error("InternalError"), id="InternalError"),
        pytest.param(says_error("ServiceUnavailable", status=503), id="ServiceUnavailable"),
    ],
)
def test_anything_else_is_an_unknown_outcome_and_sent_once(
    client: VpcClient, vpc: StrictVpc, reply: Reply
) -> None:
    """Whatever may have been carried out is told as unknown, never as a success, and never sent again."""
    vpc.replies.append(reply)
    with pytest.raises(OutcomeUnknown):
        delete(client)
    assert len(vpc.calls) == 1
    assert delete(client).request_id == REQUEST_ID


def test_one_connection_serves_call_after_call(client: VpcClient, vpc: StrictVpc) -> None:
    """Keep-alive: calls in a row share a connection, refusals among them too."""
    for _ in range(3):
        delete(client)
        vpc.replies.append(says_error("AuthFailure"))
        with pytest.raises(Refused):
            delete(client)
    assert len({call.port for call in vpc.calls}) == 1


def test_a_pooled_connection_that_died_is_replaced(client: VpcClient, vpc: StrictVpc) -> None:
    """A keep-alive connection that the cloud has dropped meanwhile costs no call."""
    dropped = threading.Event()

    async def answers_then_drops(call: Call) -> Response:
        async def drop() -> None:
            reset(call.request)
            asyncio.get_running_loop().call_soon(dropped.set)  # the loop sends the RST before it gets here

        return JSONResponse(YES, background=BackgroundTask(drop))

    vpc.replies.append(answers_then_drops)
    delete(client)
    assert dropped.wait(5)
    assert delete(client).request_id == REQUEST_ID
    assert len({call.port for call in vpc.calls}) == 2


def test_sixteen_threads_share_a_client(client: VpcClient, vpc: StrictVpc) -> None:
    """Threads that call at once each get their own answer, over at most a connection each."""

    async def echoes(call: Call) -> Response:
        return JSONResponse({"Response": {"RequestId": call.fields["VpnConnectionId"]}})

    vpc.otherwise = echoes
    ids = [f"vpnx-{number}" for number in range(160)]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda tunnel_id: delete(client, tunnel_id).request_id, ids))
    assert answers == ids
    assert len({call.port for call in vpc.calls}) <= 16


def test_netrc_changes_nothing(
    client: VpcClient, vpc: StrictVpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ~/.netrc entry for the endpoint does not replace the signature."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    delete(client)
    assert vpc.calls[0].headers["authorization"].startswith("TC3-HMAC-SHA256 ")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param(says_error("AuthFailure"), Refused, id="refused"),
        pytest.param(resets, OutcomeUnknown, id="reset"),
        pytest.param(never_answers, OutcomeUnknown, id="no answer"),
        pytest.param(has_no_end, OutcomeUnknown, id="truncated body"),
        pytest.param(says(f'{{"PreShareKey": "{PRE_SHARE_KEY}'.encode()), OutcomeUnknown, id="no JSON"),
        pytest.param(says({"PreShareKey": PRE_SHARE_KEY}), OutcomeUnknown, id="no Response"),
        pytest.param(says({"Response": KEY_IN_AN_ODD_SET}), OutcomeUnknown, id="incomplete set"),
    ],
)
def test_no_error_or_log_line_holds_a_secret(
    client: VpcClient,
    vpc: StrictVpc,
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
    kind: type[CloudError],
) -> None:
    """No key, token or body is within reach of an exception, its causes, or the log at any level."""
    caplog.set_level(logging.DEBUG)
    vpc.replies.append(reply)
    with pytest.raises(kind) as error:
        client.describe_vpn_connections(region=REGION, tunnel_ids=[TUNNEL_ID])
    for text in (everything_in(error.value), caplog.text, repr(client)):
        for secret in (SECRET_KEY, TOKEN, PRE_SHARE_KEY, "Signature="):
            assert secret not in text


def test_described_tunnels_hold_no_pre_share_key(
    client: VpcClient, vpc: StrictVpc, caplog: pytest.LogCaptureFixture
) -> None:
    """The key that the cloud sends along is gone before anything of ours is made."""
    caplog.set_level(logging.DEBUG)
    vpc.replies.append(has(TUNNEL_ID))
    described = client.describe_vpn_connections(region=REGION, tunnel_ids=[TUNNEL_ID])
    assert TUNNEL_ID in repr(described)
    assert PRE_SHARE_KEY not in repr(described) + caplog.text


def test_each_call_is_one_log_line(
    client: VpcClient, vpc: StrictVpc, caplog: pytest.LogCaptureFixture
) -> None:
    """A log line says what was called about what, what came of it, and the RequestId; unclear ones warn."""
    caplog.set_level(logging.INFO, "bot.cloud")
    vpc.replies += [
        says(YES),
        says_error("AuthFailure"),
        says_error("InternalError"),
        resets,
        has(TUNNEL_ID),
    ]
    for _ in range(4):
        try:
            delete(client)
        except BotError:
            continue
    client.describe_vpn_connections(region=REGION, tunnel_ids=[TUNNEL_ID, "vpnx-none"])
    lines = [(record.levelname, record.getMessage().rpartition(" ms=")[0]) for record in caplog.records]
    deletion = f"action=DeleteVpnConnection region={REGION} tunnel={TUNNEL_ID}"
    description = f"action=DescribeVpnConnections region={REGION} tunnels=2"
    assert lines == [
        ("INFO", f"{deletion} answer=Accepted code=None cause=None request_id={REQUEST_ID}"),
        ("INFO", f"{deletion} answer=Refused code=AuthFailure cause=None request_id={REQUEST_ID}"),
        (
            "WARNING",
            (
                f"{deletion} answer=OutcomeUnknown code=InternalError "
                f"cause='the cloud answered InternalError' request_id={REQUEST_ID}"
            ),
        ),
        (
            "WARNING",
            (
                f"{deletion} answer=OutcomeUnknown code=ConnectionLost cause='Connection reset by peer' "
                "request_id=None"
            ),
        ),
        (
            "INFO",
            f"{description} answer=Described code=None cause=None request_id={REQUEST_ID}",
        ),
    ]

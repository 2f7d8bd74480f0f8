"""A local VPC API: it checks each request as the cloud would and answers what a test has scripted."""

import hashlib
import hmac
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.rehearsal.server import reset

T0 = 1_700_000_000
SECRET_ID = "AKIDEXAMPLE"
SECRET_KEY = "canary-secret-key"
TOKEN = "canary-token"
PRE_SHARE_KEY = "canary-pre-share-key"
REQUEST_ID = "3c140219-cfe9-470e-b241-907877d6fb03"
SIGNED = ("content-type", "host", "x-tc-action")

Reply = Callable[["Call"], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request as it arrived; `port` is the client's, one for each connection."""

    action: str
    headers: Mapping[str, str]
    body: bytes
    port: int
    request: Request

    @property
    def fields(self) -> dict[str, object]:
        """The body's JSON."""
        fields: dict[str, object] = json.loads(self.body)
        return fields


class StrictVpc:
    """An ASGI app; `replies` are used up in order, then `otherwise` answers."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.replies: deque[Reply] = deque()
        self.otherwise: Reply = says({"Response": {"RequestId": REQUEST_ID}})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        assert request.client is not None
        call = Call(
            action=request.headers.get("x-tc-action", ""),
            headers=dict(request.headers),
            body=await request.body(),
            port=request.client.port,
            request=request,
        )
        self.calls.append(call)
        wrong = _what_is_wrong(call)
        if wrong:
            reply = says({"Response": {"Error": {"Code": "AuthFailure", "Message": wrong}}})
        else:
            reply = self.replies.popleft() if self.replies else self.otherwise
        response = await reply(call)
        await response(scope, receive, send)


def _what_is_wrong(call: Call) -> str:
    """Why the cloud would turn the request away; "" when it wouldn't. Signs with code of its own."""
    request = call.request
    if (request.method, request.url.path, request.url.query) != ("POST", "/", ""):
        return "not a POST to /"
    if call.headers.get("x-tc-version") != "2017-03-12" or not call.headers.get("x-tc-region"):
        return "X-TC-Version or X-TC-Region is missing"
    if call.headers.get("x-tc-timestamp") != str(T0):
        return "the clock is wrong"
    if call.headers.get("authorization") != sign(call.headers, call.body):
        return "the signature doesn't match"
    return ""


def sign(headers: Mapping[str, str], body: bytes) -> str:
    """The Authorization that belongs to these lower-case headers and this body, by the document."""
    timestamp = headers["x-tc-timestamp"]
    date = datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%d")
    lines = "".join(f"{name}:{headers[name].strip().lower()}\n" for name in SIGNED)
    canonical = f"POST\n/\n\n{lines}\n{';'.join(SIGNED)}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{date}/vpc/tc3_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"TC3{SECRET_KEY}".encode()
    for part in (date, "vpc", "tc3_request", f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return (
        f"TC3-HMAC-SHA256 Credential={SECRET_ID}/{scope}, "
        f"SignedHeaders={';'.join(SIGNED)}, Signature={key.hex()}"
    )


def says(
    content: object,
    status: int = 200,
    *,
    content_type: str = "application/json",
    encoding: str = "identity",
    location: str = "/",
) -> Reply:
    """Answer `content`: bytes as they are, anything else as JSON."""

    async def reply(_: Call) -> Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"content-type": content_type, "content-encoding": encoding, "location": location}
        return Response(body, status, headers)

    return reply


def says_error(code: str, message: str = "no", status: int = 200) -> Reply:
    """Answer as the cloud refuses: an error code, most often with HTTP 200."""
    error = {"Code": code, "Message": message}
    return says({"Response": {"Error": error, "RequestId": REQUEST_ID}}, status)


async def resets(call: Call) -> Response:
    """Take the whole request, then let the connection die."""
    reset(call.request)
    return Response()


async def never_answers(call: Call) -> Response:
    """Take the whole request and keep silent until the client has gone."""
    while (await call.request.receive())["type"] != "http.disconnect":
        pass
    return Response()


async def has_no_end(_: Call) -> Response:
    """Close the connection in the middle of an answer that holds a secret."""
    body = f'{{"Response": {{"VpnConnectionSet": [{{"PreShareKey": "{PRE_SHARE_KEY}"'.encode()
    return Response(body, headers={"content-type": "application/json", "content-length": "5000"})


def tunnel(tunnel_id: str) -> dict[str, object]:
    """A VpnConnection as DescribeVpnConnections shows it, its key included."""
    return {
        "VpnConnectionId": tunnel_id,
        "VpnConnectionName": "to the office",
        "VpcId": "vpc-1",
        "VpnGatewayId": "vpngw-7lcl5331",
        "CustomerGatewayId": "cgw-1",
        "PreShareKey": PRE_SHARE_KEY,
        "RouteType": "STATIC",
        "CreatedTime": "2023-11-14 10:00:00",
        "State": "AVAILABLE",
        "NetStatus": "UNAVAILABLE",
        "EnableHealthCheck": True,
        "HealthCheckStatus": "AVAILABLE",
        "SecurityPolicyDatabaseSet": [
            {"LocalCidrBlock": "10.0.0.0/16", "RemoteCidrBlock": ["172.16.0.0/24", "172.16.1.0/24"]}
        ],
        "TagSet": [{"Key": "team", "Value": "network"}],
    }


def has(*tunnel_ids: str, refuses_missing: str = "") -> Reply:
    """Describe the asked tunnels that are among `tunnel_ids`, at most 100 in one call.

    With `refuses_missing`, a call that asks for any other tunnel is refused with that code; a filter with up
    to five ids is not.
    """

    async def reply(call: Call) -> Response:
        filters = call.fields.get("Filters")
        if isinstance(filters, list):
            ((by, values),) = (one.values() for one in filters)
            listed = [tunnel(one) for one in tunnel_ids if one in values]
            assert (by, len(values) <= 5) == ("vpn-connection-id", True)
            return await says(
                {"Response": {"TotalCount": len(listed), "VpnConnectionSet": listed, "RequestId": REQUEST_ID}}
            )(call)
        asked = call.fields["VpnConnectionIds"]
        assert isinstance(asked, list)
        if call.action != "DescribeVpnConnections" or not 1 <= len(asked) <= call.fields["Limit"] == 100:  # type: ignore[operator]  # a wrong type fails the test, as it should
            return await says_error("InvalidParameter")(call)
        found = [tunnel(tunnel_id) for tunnel_id in asked if tunnel_id in tunnel_ids]
        if refuses_missing and len(found) < len(asked):
            return await says_error(refuses_missing)(call)
        fields = {"TotalCount": len(found), "VpnConnectionSet": found, "RequestId": REQUEST_ID}
        return JSONResponse({"Response": fields})

    return reply

"""CPU time of signing one request and of one signed call, ours and the official SDK's, in the same run.

Both call the same server in a process of its own, so that only the client's CPU is counted.
"""

# The SDK has no types, and `make check` runs where it isn't installed.
# mypy: disable-error-code="import-untyped, import-not-found"

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import requests
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.vpc.v20170312.models import DeleteVpnConnectionRequest
from tencentcloud.vpc.v20170312.vpc_client import VpcClient as SdkClient

from bench.table import Row
from bot.cloud.auth import TC3Auth
from bot.cloud.client import VpcClient
from bot.cloud.credentials import Credentials
from bot.rehearsal.server import LoopbackServer

SECRET_ID, SECRET_KEY, REGION = "AKIDEXAMPLE", "SECRETEXAMPLE", "ap-guangzhou"
GATEWAY_ID, TUNNEL_ID = "vpngw-7lcl5331", "vpnx-p0j11j28"
BODY = f'{{"VpnGatewayId": "{GATEWAY_ID}", "VpnConnectionId": "{TUNNEL_ID}"}}'
ROUNDS, SIGNATURES_A_ROUND, CALLS_A_ROUND = 9, 2_000, 200
SIGN_TARGET_US, CALL_TARGET_SHARE = 25.0, 0.8


def run() -> list[Row]:
    """Medians over the rounds."""
    sign, sdk_sign = _compare(_our_signing(), _sdk_signing(), SIGNATURES_A_ROUND)
    with _server() as address:
        call, sdk_call = _compare(_our_call(address), _sdk_call(address), CALLS_A_ROUND)
    target = f"≤ {SIGN_TARGET_US:g} µs"
    share = f"≤ {CALL_TARGET_SHARE:g} × peer"
    return [
        Row("sign one request, CPU", sign, sdk_sign, "µs", target, sign <= SIGN_TARGET_US),
        Row("one signed call, CPU", call, sdk_call, "µs", share, call <= CALL_TARGET_SHARE * sdk_call),
    ]


def _compare(ours: Callable[[], object], peer: Callable[[], object], times: int) -> tuple[float, float]:
    """Median CPU time of one run of each, in µs, in turns, so that both meet the same noise."""
    rounds = [(_cpu_us(ours, times), _cpu_us(peer, times)) for _ in range(ROUNDS + 1)][1:]
    return statistics.median(r[0] for r in rounds), statistics.median(r[1] for r in rounds)


def _cpu_us(once: Callable[[], object], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        once()
    return (time.process_time() - started) / times * 1e6


def _our_signing() -> Callable[[], object]:
    request = requests.Request(
        "POST",
        "https://vpc.tencentcloudapi.com",
        headers={"Content-Type": "application/json", "X-TC-Action": "DeleteVpnConnection"},
        data=BODY.encode(),
    ).prepare()
    auth = TC3Auth(_credentials(), service="vpc", clock=time.time)
    return lambda: auth(request)


def _sdk_signing() -> Callable[[], object]:
    """The SDK's signature alone: its Authorization line and headers, which ours includes, are left out."""
    client = _sdk_client("vpc.tencentcloudapi.com")
    request = RequestInternal("vpc.tencentcloudapi.com", "POST", "/", data=BODY)
    request.header = {
        "Content-Type": "application/json",
        "Host": "vpc.tencentcloudapi.com",
        "X-TC-Timestamp": "1700000000",
    }
    return lambda: client._get_tc3_signature({}, request, "2023-11-14", "vpc", SECRET_KEY)


def _our_call(address: str) -> Callable[[], object]:
    client = VpcClient(f"http://{address}", _credentials())
    return lambda: client.delete_vpn_connection(region=REGION, gateway_id=GATEWAY_ID, tunnel_id=TUNNEL_ID)


def _sdk_call(address: str) -> Callable[[], object]:
    client = _sdk_client(address)

    def call() -> object:
        request = DeleteVpnConnectionRequest()
        request.VpnGatewayId, request.VpnConnectionId = GATEWAY_ID, TUNNEL_ID
        return client.DeleteVpnConnection(request)

    return call


def _credentials() -> Credentials:
    return Credentials(secret_id=SECRET_ID, secret_key=SecretStr(SECRET_KEY))


def _sdk_client(address: str) -> SdkClient:
    http = HttpProfile(protocol="http", endpoint=address, keepAlive=True)
    return SdkClient(Credential(SECRET_ID, SECRET_KEY), REGION, ClientProfile(httpProfile=http))


@contextmanager
def _server() -> Iterator[str]:
    """`host:port` of a server in another process that accepts every deletion."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join()


def _serve(pipe: Connection) -> None:
    with LoopbackServer(_accept_everything) as server:
        pipe.send(f"127.0.0.1:{server.port}")
        pipe.recv()


async def _accept_everything(scope: Scope, receive: Receive, send: Send) -> None:
    await Request(scope, receive).body()
    answer = JSONResponse({"Response": {"RequestId": "3c140219-cfe9-470e-b241-907877d6fb03"}})
    await answer(scope, receive, send)

"""What was surely not sent, and which way requests go."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.cloud.auth import TC3Auth
from bot.cloud.client import VpcClient
from bot.cloud.credentials import Credentials
from bot.cloud.transport import Transport
from bot.errors import BadSettings, NotSent
from tests.cloud.leaks import everything_in
from tests.cloud.vpc import REQUEST_ID, SECRET_KEY, T0, TOKEN, StrictVpc
from tests.forward_proxy import CLOUD as CLOUD_BEHIND
from tests.forward_proxy import ForwardProxy, certificate

CLOUD = "https://vpc.tencentcloudapi.com"
PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that each test starts from."""
    for name in [*PROXIES, *map(str.lower, PROXIES)]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def nobody() -> Iterator[str]:
    """HOST:PORT where nobody listens: bound, so that nobody else can."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{unused.getsockname()[1]}"


@contextmanager
def peer(answer: Callable[[socket.socket, bytes], None]) -> Iterator[str]:
    """HOST:PORT of a peer that reads the head of one request, answers, and hangs up."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            head = b""
            while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
                head += more
            answer(connection, head)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


def delete(endpoint: str, credentials: Credentials) -> str:
    """Delete a tunnel through a client of its own; the RequestId."""
    client = VpcClient(endpoint, credentials, clock=lambda: T0, connect_timeout_s=0.2, read_timeout_s=5)
    try:
        accepted = client.delete_vpn_connection(region="ap-guangzhou", gateway_id="g", tunnel_id="t")
    finally:
        client.close()
    return accepted.request_id


def assert_clean(error: BaseException) -> None:
    """No secret is within reach of the exception."""
    assert SECRET_KEY not in everything_in(error)
    assert error.__cause__ is error.__context__ is None


def test_a_refused_connection_is_not_sent(nobody: str, credentials: Credentials) -> None:
    """Where nobody listens, nothing arrives, and the reason is named."""
    with pytest.raises(NotSent, match="Connection refused") as error:
        delete(f"http://{nobody}", credentials)
    assert_clean(error.value)


def test_a_failed_tls_handshake_is_not_sent(endpoint: str, vpc: StrictVpc, credentials: Credentials) -> None:
    """A peer that doesn't speak TLS gets no request."""
    with pytest.raises(NotSent) as error:
        delete(endpoint.replace("http://", "https://"), credentials)
    assert vpc.calls == []
    assert_clean(error.value)


def test_a_tls_handshake_that_hangs_is_not_sent(credentials: Credentials) -> None:
    """A peer that accepts and keeps silent is given up after the connect time-out."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(NotSent, match="timed out") as error,
    ):
        delete(f"https://127.0.0.1:{silent.getsockname()[1]}", credentials)
    assert_clean(error.value)


def test_a_connection_that_dies_under_the_body_is_not_sent(credentials: Credentials) -> None:
    """A request of which the peer can have read only a part can't have been carried out."""
    with peer(lambda connection, _: connection.close()) as address:
        transport = Transport(
            f"http://{address}",
            TC3Auth(credentials, service="vpc", clock=lambda: T0),
            {"Content-Type": "application/json"},
            connect_timeout_s=5,
            read_timeout_s=5,
            pool_size=1,
        )
        with pytest.raises(NotSent) as error:
            transport.post({"X-TC-Action": "DeleteVpnConnection"}, b" " * 50_000_000)
        transport.close()
    assert_clean(error.value)


def test_an_https_proxy_of_the_environment_is_used(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is asked for a tunnel to the cloud and sees no secret; when it refuses, nothing was sent."""
    heads: list[bytes] = []

    def refuse(connection: socket.socket, head: bytes) -> None:
        heads.append(head)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with peer(refuse) as address:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        with pytest.raises(NotSent) as error:
            delete(CLOUD, credentials)
    assert heads[0].startswith(b"CONNECT vpc.tencentcloudapi.com:443 ")
    assert b"Authorization" not in heads[0]
    assert TOKEN.encode() not in heads[0]
    assert_clean(error.value)


def test_a_dead_proxy_is_not_sent(
    nobody: str, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its proxy the request doesn't leave, and the proxy's password stays out of the message."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary-password@{nobody}")
    with pytest.raises(NotSent, match="Connection refused") as error:
        delete(CLOUD, credentials)
    assert "canary-password" not in str(error.value)
    assert_clean(error.value)


def test_only_the_certificates_that_are_named_are_trusted(
    endpoint: str, credentials: Credentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Through a proxy too: with the cloud's own certificate it answers; with another one nothing is sent,
    whatever requests itself would trust."""
    tls, other = certificate(tmp_path), certificate(tmp_path, "other")
    with ForwardProxy({CLOUD_BEHIND: urlsplit(endpoint).port or 0}, tls, b"u:\xe5\xaf\x86") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:%E5%AF%86@{proxy.address}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls.path))
        assert delete(f"https://{CLOUD_BEHIND}", credentials) == REQUEST_ID
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.path))
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tls.path))
        with pytest.raises(NotSent) as error:
            delete(f"https://{CLOUD_BEHIND}", credentials)
    assert_clean(error.value)


def test_loopback_goes_through_no_proxy(
    endpoint: str, nobody: str, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain HTTP, and the token in it, never leaves this machine for a proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{nobody}")
    assert delete(endpoint, credentials) == REQUEST_ID


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://vpc.tencentcloudapi.com",
        "https://VPC.tencentcloudapi.com/",
        "https://vpc.ap-shanghai-fsi.tencentcloudapi.com:8443",
        "https://10.0.0.7",
        "http://127.0.0.1:8080",
        "http://127.9.9.9",
        "http://localhost:8080/",
        "http://[::1]:8080",
    ],
)
def test_https_anywhere_and_http_on_loopback_are_accepted(endpoint: str, credentials: Credentials) -> None:
    """Every endpoint that keeps the call private can be set."""
    VpcClient(endpoint, credentials).close()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://vpc.tencentcloudapi.com",
        "http://10.0.0.7:8080",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://[::2]",
        "vpc.tencentcloudapi.com",
        "ftp://127.0.0.1",
        "https://",
        "https://user:secret@vpc.tencentcloudapi.com",
        "https://vpc.tencentcloudapi.com/v3",
        "https://vpc.tencentcloudapi.com?Action=DescribeRegions",
        "https://vpc.tencentcloudapi.com:70000",
        "https://vpc.tencentcloudapi.com\n",
        "https://.example",
        "",
    ],
)
def test_any_other_endpoint_is_a_bad_setting(endpoint: str, credentials: Credentials) -> None:
    """The message names the setting and says what it must be, without repeating a password in it."""
    with pytest.raises(BadSettings, match=r"^VPN_BOT_VPC_ENDPOINT must .*https://") as error:
        VpcClient(endpoint, credentials)
    assert "secret" not in str(error.value)

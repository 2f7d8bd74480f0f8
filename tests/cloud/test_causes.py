"""A call that fails keeps its cause: by a code that people are told, and a reason in the log."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import certifi
import pytest

from bot.cloud.client import VpcClient
from bot.cloud.credentials import Credentials
from bot.domain.explain import OwnCode
from bot.errors import CloudError, NotSent, OutcomeUnknown
from bot.outbound import trust_store
from tests.cloud.leaks import everything_in
from tests.cloud.test_transport import CLOUD, no_proxies, nobody, peer
from tests.cloud.vpc import SECRET_KEY, T0, TOKEN, Reply, StrictVpc, has_no_end, never_answers, resets, says

__all__ = ["no_proxies", "nobody"]

OPENSSL = shutil.which("openssl")


def failure(endpoint: str, credentials: Credentials) -> CloudError:
    """What a look at this endpoint raises."""
    client = VpcClient(endpoint, credentials, clock=lambda: T0, connect_timeout_s=0.3, read_timeout_s=0.3)
    with closing(client), pytest.raises(CloudError) as error:
        client.describe_vpn_connections(region="ap-guangzhou", tunnel_ids=["vpnx-p0j11j28"])
    assert not any(secret in everything_in(error.value) for secret in (SECRET_KEY, TOKEN))
    return error.value


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, in one file."""
    if OPENSSL is None:
        pytest.skip("openssl makes the certificate, and it isn't installed")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=127.0.0.1", "-days", "1"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text(key.read_text() + certificate.read_text())
    return both


@contextmanager
def tls_peer(certificate: Path) -> Iterator[str]:
    """The URL of a peer that shows this certificate to whoever connects, and says nothing more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                return  # the client has hung up on it, as it should

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


def test_a_name_that_is_not_known_is_dns(credentials: Credentials) -> None:
    """The host of the endpoint has no address."""
    error = failure("https://vpc.tencentcloudapi.invalid", credentials)
    assert isinstance(error, NotSent)
    assert error.code == OwnCode.NAME_NOT_FOUND


def test_a_refused_connection_is_told_from_one_that_hangs(nobody: str, credentials: Credentials) -> None:
    """Nobody listens, or somebody listens and never takes it up."""
    error = failure(f"http://{nobody}", credentials)
    assert isinstance(error, NotSent)
    assert (error.code, error.reason) == (OwnCode.CONNECTION_REFUSED, "Connection refused")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(f"https://127.0.0.1:{silent.getsockname()[1]}", credentials)
    assert isinstance(error, NotSent)
    assert (error.code, error.reason) == (OwnCode.CONNECT_TIMED_OUT, "timed out")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", None])
def test_an_untrusted_certificate_names_the_ca_file_and_the_setting(
    certificate: Path,
    tmp_path: Path,
    credentials: Credentials,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
) -> None:
    """Which CAs counted, and which setting names others: without both, nobody can mend it."""
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(shutil.copy(certifi.where(), tmp_path / "other-ca.pem")))
    with tls_peer(certificate) as url:
        error = failure(url, credentials)
    assert isinstance(error, NotSent)
    assert error.code == OwnCode.UNTRUSTED
    assert "self-signed certificate" in error.reason
    assert f"{variable or 'REQUESTS_CA_BUNDLE'} can name others" in error.reason
    assert trust_store().path in error.reason


def test_a_peer_that_speaks_no_tls_is_said_so(endpoint: str, credentials: Credentials) -> None:
    """Plain HTTP on the port that was named."""
    error = failure(endpoint.replace("http://", "https://"), credentials)
    assert isinstance(error, NotSent)
    assert error.code == OwnCode.NO_TLS


def test_a_proxy_that_refuses_is_told_from_one_that_is_away(
    nobody: str, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its HTTP status; what else it says, and its password, stay out."""

    def refuse(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 407 canary-phrase\r\n\r\n")

    def failed_by(address: str) -> CloudError:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary-password@{address}")
        return failure(CLOUD, credentials)

    with peer(refuse) as address:
        refused = failed_by(address)
    errors = {
        "answered HTTP 407": refused,
        "can't be reached: Connection refused": failed_by(nobody),
        "can't be reached: ": failed_by("proxy.invalid:3128"),
    }
    for reason, error in errors.items():
        assert isinstance(error, NotSent)
        assert error.code == OwnCode.PROXY
        assert f"the proxy that HTTPS_PROXY names {reason}" in error.reason
        assert "canary" not in error.reason


@pytest.mark.parametrize(
    ("reply", "code", "reason"),
    [
        pytest.param(never_answers, OwnCode.ANSWER_TIMED_OUT, "timed out", id="hangs"),
        pytest.param(resets, OwnCode.CONNECTION_LOST, "Connection reset by peer", id="reset"),
        pytest.param(has_no_end, OwnCode.CONNECTION_LOST, "IncompleteRead", id="cut off"),
        pytest.param(says(b"<html>", 502), OwnCode.UNREADABLE_ANSWER, "HTTP 502", id="HTML 502"),
        pytest.param(says(b"<html>"), OwnCode.UNREADABLE_ANSWER, "HTTP 200", id="HTML 200"),
        pytest.param(
            says(b"no gzip", encoding="gzip"), OwnCode.UNREADABLE_ANSWER, "", id="another encoding than said"
        ),
    ],
)
def test_an_answer_that_does_not_come_says_how(
    endpoint: str, vpc: StrictVpc, credentials: Credentials, reply: Reply, code: OwnCode, reason: str
) -> None:
    """Silence, a broken connection and a page of somebody else's are three things."""
    vpc.replies.append(reply)
    error = failure(endpoint, credentials)
    assert isinstance(error, OutcomeUnknown)
    assert error.code == code
    assert reason in error.reason


def test_a_peer_that_speaks_no_http_is_no_broken_connection(credentials: Credentials) -> None:
    """An SSH server on the port that was named."""

    def greet(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"SSH-2.0-canary\r\n")

    with peer(greet) as address:
        error = failure(f"http://{address}", credentials)
    assert isinstance(error, OutcomeUnknown)
    assert error.code == OwnCode.UNREADABLE_ANSWER
    assert "canary" not in error.reason


@pytest.mark.parametrize("entry", [{}, {"VpnConnectionId": ""}, {"VpnConnectionId": None}], ids=str)
def test_an_entry_without_an_id_is_no_broken_connection(
    endpoint: str, vpc: StrictVpc, credentials: Credentials, entry: dict[str, object]
) -> None:
    """One being created: said as that, with the RequestId."""
    answer = {"TotalCount": 1, "VpnConnectionSet": [entry], "RequestId": "r-1"}
    vpc.replies.append(says({"Response": answer}))
    error = failure(endpoint, credentials)
    assert isinstance(error, OutcomeUnknown)
    assert (error.code, error.request_id) == (OwnCode.UNREADABLE_ENTRY, "r-1")

"""TC3Auth over real prepared requests."""

import time
from pathlib import Path

import pytest
import requests
from freezegun import freeze_time
from pydantic import SecretStr

from bot.cloud.auth import TC3Auth
from bot.cloud.credentials import Credentials
from tests.cloud.vpc import SECRET_ID, SECRET_KEY, T0, TOKEN, StrictVpc, sign

ACTION = {"Content-Type": "application/json", "X-TC-Action": "DeleteVpnConnection"}
BODY = b'{"VpnConnectionId": "vpnx-p0j11j28"}'


def prepared(url: str = "https://vpc.tencentcloudapi.com", data: object = BODY) -> requests.PreparedRequest:
    """A request that lacks nothing but its signature."""
    return requests.Request("POST", url, headers=ACTION, data=data).prepare()


def lower(request: requests.PreparedRequest) -> dict[str, str]:
    """The headers as the cloud reads them."""
    return {name.lower(): str(value) for name, value in request.headers.items()}


@pytest.fixture
def auth(credentials: Credentials) -> TC3Auth:
    """Signs with temporary keys at T0."""
    return TC3Auth(credentials, service="vpc", clock=lambda: T0 + 0.9)


def test_the_prepared_bytes_are_signed(auth: TC3Auth) -> None:
    """The signature is over the body, Host, Content-Type and action that are sent."""
    headers = lower(auth(prepared()))
    assert headers["authorization"] == sign(headers, BODY)
    assert headers["x-tc-timestamp"] == str(T0)
    assert headers["x-tc-token"] == TOKEN


def test_text_is_signed_as_the_bytes_it_is_sent_as(auth: TC3Auth) -> None:
    """A body of text goes out as UTF-8 and is signed as that."""
    headers = lower(auth(prepared(data='{"Name": "广州"}')))
    assert headers["authorization"] == sign(headers, '{"Name": "广州"}'.encode())


def test_a_stream_is_not_signed(auth: TC3Auth) -> None:
    """A body that can be read only once is refused instead of signed as something else."""
    with pytest.raises(TypeError):
        auth(prepared(data=iter([BODY])))


def test_permanent_keys_send_no_token() -> None:
    """X-TC-Token goes with temporary keys only."""
    permanent = Credentials(secret_id=SECRET_ID, secret_key=SecretStr(SECRET_KEY))
    assert "X-TC-Token" not in TC3Auth(permanent, service="vpc", clock=lambda: T0)(prepared()).headers


@pytest.mark.parametrize(
    ("url", "host"),
    [
        pytest.param("http://127.0.0.1:8123", "127.0.0.1:8123", id="loopback port"),
        pytest.param("http://[::1]:8123/", "[::1]:8123", id="IPv6"),
        pytest.param("https://vpc.tencentcloudapi.com", "vpc.tencentcloudapi.com", id="no port"),
        pytest.param("https://vpc.tencentcloudapi.com:443", "vpc.tencentcloudapi.com", id="HTTPS port"),
        pytest.param("http://localhost:80", "localhost", id="HTTP port"),
        pytest.param("https://vpc.tencentcloudapi.com:80", "vpc.tencentcloudapi.com:80", id="odd port"),
    ],
)
def test_host_is_the_one_of_the_url(auth: TC3Auth, url: str, host: str) -> None:
    """Host bears the port unless it is the scheme's own, and is signed like that."""
    headers = lower(auth(prepared(url)))
    assert headers["host"] == host
    assert headers["authorization"] == sign(headers, BODY)


def test_a_given_host_is_kept(auth: TC3Auth) -> None:
    """A Host that the request already bears is the one that is sent, so it is the one that is signed."""
    request = prepared()
    request.headers["Host"] = "vpc.intl.tencentcloudapi.com"
    headers = lower(auth(request))
    assert headers["host"] == "vpc.intl.tencentcloudapi.com"
    assert headers["authorization"] == sign(headers, BODY)


def test_signing_again_replaces_the_signature(auth: TC3Auth) -> None:
    """A request can be signed a second time without a trace of the first."""
    once = lower(auth(prepared()))
    assert lower(auth(auth(prepared()))) == once


def test_the_key_changes_at_midnight_utc(credentials: Credentials) -> None:
    """One signer that lives through midnight, and a clock that steps back over it, sign each day's scope."""
    auth = TC3Auth(credentials, service="vpc", clock=lambda: time.time())
    for instant, date in [
        ("2023-11-14T23:59:59Z", "2023-11-14"),
        ("2023-11-15T00:00:00Z", "2023-11-15"),
        ("2023-11-14T23:59:59Z", "2023-11-14"),
        ("2024-02-29T00:00:00Z", "2024-02-29"),
    ]:
        with freeze_time(instant):
            headers = lower(auth(prepared()))
        assert f"/{date}/vpc/tc3_request" in headers["authorization"]
        assert headers["authorization"] == sign(headers, BODY)


def test_netrc_does_not_replace_the_signature(
    endpoint: str, vpc: StrictVpc, auth: TC3Auth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ~/.netrc entry for the host leaves the signature alone, even through requests' own Session."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    headers = ACTION | {"X-TC-Version": "2017-03-12", "X-TC-Region": "ap-guangzhou"}
    with requests.Session() as session:
        unsigned = session.prepare_request(requests.Request("POST", endpoint, headers=headers, data=BODY))
        assert str(unsigned.headers["Authorization"]).startswith("Basic ")
        answer = session.post(endpoint, headers=headers, data=BODY, auth=auth, timeout=5)
    assert "Error" not in answer.json()["Response"]
    assert vpc.calls[0].headers["authorization"].startswith("TC3-HMAC-SHA256 ")


def test_secrets_are_in_no_repr(credentials: Credentials, auth: TC3Auth) -> None:
    """Neither the keys nor the signer show a secret when printed."""
    shown = f"{credentials!r} {credentials} {auth!r} {auth}"
    assert SECRET_ID in shown
    assert SECRET_KEY not in shown
    assert TOKEN not in shown

"""Which proxy and which certificates count, and what is said of those that can't be used."""

import base64
import os
import socket
import ssl
from pathlib import Path
from urllib.error import URLError

import pytest

from bot import outbound
from bot.errors import BadSettings
from bot.outbound import proxy_for

SLACK = "https://slack.com/api/"
SOCKET = "wss://wss-primary.slack.com/link/?ticket=1"
CLOUD = "https://vpc.tencentcloudapi.com"


@pytest.fixture(autouse=True)
def no_way_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no proxy and no certificates."""
    for name in os.environ:
        if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(name)


def address_for(url: str) -> str | None:
    """HOST:PORT of the proxy on the way to a URL."""
    proxy = proxy_for(url)
    return proxy.address if proxy else None


@pytest.mark.parametrize("url", [SLACK, SOCKET, CLOUD], ids=["web-api", "socket", "cloud"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_every_way_leads_through_the_same_proxy(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    """Web API, socket and cloud alike, whatever the case of the name."""
    monkeypatch.setenv(name, "http://proxy.example:3128")
    assert address_for(url) == "proxy.example:3128"


def test_the_name_that_is_nearer_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small letters before capitals, the scheme's own before ALL_PROXY; an empty value is none."""
    monkeypatch.setenv("ALL_PROXY", "http://all:1")
    monkeypatch.setenv("HTTP_PROXY", "http://plain:2")
    assert (address_for(SLACK), address_for("http://slack.test/api/")) == ("all:1", "plain:2")
    monkeypatch.setenv("HTTPS_PROXY", "http://capitals:3")
    assert address_for(SOCKET) == "capitals:3"
    monkeypatch.setenv("https_proxy", "http://small:4")
    assert address_for(SOCKET) == "small:4"
    monkeypatch.setenv("https_proxy", "")
    monkeypatch.delenv("ALL_PROXY")
    assert address_for(SOCKET) is None


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("direct", "url", "bypassed"),
    [
        ("slack.com", SLACK, True),
        ("slack.com", SOCKET, True),
        (".slack.com", SOCKET, True),
        ("example.com, slack.com", SLACK, True),
        ("slack.com", CLOUD, False),
        ("slack.com:443", SOCKET, True),
        ("slack.com:8443", SOCKET, False),
        ("vpc.tencentcloudapi.com:8443", f"{CLOUD}:8443", True),
        ("*", CLOUD, True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.1.2.3", "https://10.1.2.3", True),
    ],
)
def test_no_proxy_counts_for_every_way(
    monkeypatch: pytest.MonkeyPatch, name: str, direct: str, url: str, bypassed: bool
) -> None:
    """Hosts, suffixes, ports (the default one too), networks and `*`."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv(name, direct)
    assert (proxy_for(url) is None) is bypassed


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/api/", "ws://localhost:1", "https://[::1]:1", "https://127.9.9.9"]
)
def test_this_machine_is_reached_directly(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A proxy elsewhere would reach another machine's loopback."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    assert proxy_for(url) is None


@pytest.mark.parametrize(
    ("value", "address", "credentials"),
    [
        ("proxy.example:3128", "proxy.example:3128", None),
        ("http://proxy.example", "proxy.example:80", None),
        ("http://proxy.example:3128/", "proxy.example:3128", None),
        (" http://[fd00::1]:3128 ", "[fd00::1]:3128", None),
        ("HTTP://u:p@proxy.example:1", "proxy.example:1", b"u:p"),
        ("u:p@proxy.example:1", "proxy.example:1", b"u:p"),
        ("http://u@proxy.example:1", "proxy.example:1", b"u:"),
        ("http://a%40b:%2F%3A%23%20%25@proxy.example:1", "proxy.example:1", b"a@b:/:# %"),
        ("http://u:p@ss:word@proxy.example:1", "proxy.example:1", b"u:p@ss:word"),
        ("http://u:%E5%AF%86@proxy.example:1", "proxy.example:1", "u:密".encode()),
        ("http://u:%E9@proxy.example:1", "proxy.example:1", b"u:\xe9"),
    ],
)
def test_a_proxy_is_read_as_it_is_written(
    monkeypatch: pytest.MonkeyPatch, value: str, address: str, credentials: bytes | None
) -> None:
    """User and password byte for byte, whatever is percent-encoded; neither shows in the address or repr."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    proxy = proxy_for(SLACK)
    assert proxy is not None
    assert (proxy.address, proxy.url) == (address, f"http://{address}")
    wanted = (
        {}
        if credentials is None
        else {"Proxy-Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
    )
    assert proxy.headers == wanted
    assert "Basic" not in repr(proxy)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value",
    [
        "http://u:canary@p:31z8",
        "http://u:canary@p:70000",
        "http://u:canary@p:0",
        "http://u:canary@",
        "http://u:canary@p q:1",
        "http://u:can/ary@p:1",
        "http://u:1/canary@p:1",
        "http://u:1#canary@p:1",
        "http://u:1?canary@p:1",
        "http://u:canary@[::1",
        "https://u:canary@p:1",
        "socks5://u:canary@p:1",
        "socks5h://u:canary@p:1",
        "ftp://u:canary@p:1",
        "u:canary://p:1",
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_sentence_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """It names the variable and what to write; NO_PROXY=* excuses nothing, for Slack names hosts later."""
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(BadSettings, match=rf"^{name} must .*http://") as error:
        outbound.check(SLACK, CLOUD)
    assert "canary" not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_proxy_that_nothing_goes_through_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many machines set ALL_PROXY to SOCKS for others, beside the ones that count."""
    monkeypatch.setenv("ALL_PROXY", "socks5://p:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://p:2")
    outbound.check(SLACK, CLOUD)
    assert address_for(SLACK) == "p:2"


def test_the_first_certificates_that_are_named_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """REQUESTS_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR, the system's: in this order, for everybody."""
    unnamed = outbound.trust_store()
    assert unnamed.variable is None
    for name in ("SSL_CERT_DIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / name))
        store = outbound.trust_store()
        assert (store.variable, store.path) == (name, str(tmp_path / name))
        assert str(store) == f"{name} ({tmp_path / name})"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    assert outbound.trust_store().variable == "SSL_CERT_FILE"


def test_without_the_systems_certificates_there_are_certifis(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A slim container image has none of its own."""
    nowhere = str(tmp_path / "none")
    empty = ssl.DefaultVerifyPaths("", "", "SSL_CERT_FILE", nowhere, "SSL_CERT_DIR", nowhere)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: empty)
    assert str(outbound.trust_store()).startswith("certifi's (")
    assert outbound.ssl_context().get_ca_certs()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "No such file"),
        ("not PEM", "PEM"),
        ("empty", "PEM"),
        ("a folder without hashes", "openssl rehash"),
    ],
)
def test_certificates_that_cannot_be_read_are_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, kind: str, words: str
) -> None:
    """It names the variable, the place, what is wrong and what to do."""
    place = tmp_path / "ca.pem"
    if kind == "a folder without hashes":
        place.mkdir()
        (place / "ca.crt").write_text("", "ascii")
    elif kind != "missing":
        place.write_text("no certificate" if kind == "not PEM" else "", "ascii")
    monkeypatch.setenv(name, str(place))
    with pytest.raises(BadSettings, match=f"^{name}: .*{words}") as error:
        outbound.check(SLACK, CLOUD)
    assert str(place) in str(error.value)


def test_the_certificates_are_read_once() -> None:
    """A message's client is made for each message; reading the store takes milliseconds."""
    assert outbound.ssl_context() is outbound.ssl_context()
    assert outbound.ssl_context().verify_mode is ssl.CERT_REQUIRED
    assert outbound.ssl_context().check_hostname


@pytest.mark.parametrize(
    ("error", "direct", "by_proxy"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused", "{} can't be reached: {}"),
        (socket.gaierror(-2, "x"), "its name can't be resolved", "{} can't be reached: {}"),
        (TimeoutError(), "timed out", "{1}, on the way through {0}"),
        (ConnectionResetError(104, "Connection reset"), "Connection reset", "{1}, on the way through {0}"),
        (URLError(OSError("Tunnel connection failed: 403 No")), "OSError", "{} answered HTTP 403"),
    ],
    ids=["refused", "name", "hangs", "reset", "answered"],
)
def test_what_fails_behind_a_proxy_is_said_of_the_proxy(
    monkeypatch: pytest.MonkeyPatch, error: OSError, direct: str, by_proxy: str
) -> None:
    """By its variable, never its address: a name that isn't found, and a port that refuses, are its own."""
    assert outbound.cause(error, SOCKET) == direct
    monkeypatch.setenv("ALL_PROXY", "http://u:canary@proxy.example:3128")
    said = outbound.cause(error, SOCKET)
    assert said == by_proxy.format("the proxy that ALL_PROXY names", direct)

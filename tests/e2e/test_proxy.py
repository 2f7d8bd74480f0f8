"""The running bot behind a forward proxy: TLS, credentials and certificates alike for all that leaves it."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.rehearsal.stage import Stage
from tests.e2e.play import Play
from tests.e2e.visits import WITHIN_S
from tests.forward_proxy import CLOUD, SLACK, Certificate, ForwardProxy, certificate

CREDENTIALS = b"bot@corp:p/a#s?s%:\xe5\xaf\x86 word"
WRITTEN = "bot%40corp:p%2Fa%23s%3Fs%25:%E5%AF%86%20word"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """The certificate of every host behind the proxy."""
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Slack is https://slack.test, the cloud https://vpc.test; no bot runs yet."""
    with Stage(slack_url=f"https://{SLACK}") as stage:
        yield stage


def ports(stage: Stage) -> dict[str, int]:
    """Where the hosts behind the proxy really are."""
    return {name: urlsplit(url).port or 0 for name, url in ((SLACK, stage.slack.url), (CLOUD, stage.vpc.url))}


@pytest.mark.parametrize("store", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_whole_deletion_works_through_a_proxy_with_a_password(
    stage: Stage, tls: Certificate, store: str
) -> None:
    """Web API, socket, response_url and cloud: all by the proxy, all by the one store of certificates."""
    with ForwardProxy(ports(stage), tls, CREDENTIALS) as proxy:
        bot = stage.start_bot(
            HTTPS_PROXY=f"http://{WRITTEN}@{proxy.address}",
            VPN_BOT_VPC_ENDPOINT=f"https://{CLOUD}",
            **{store: str(tls.path)},  # type: ignore[arg-type]  # a name of the environment
        )
        play = Play(stage)
        card = play.new_card()
        assert card.confirm().acked
        card.wait_reply("is gone")
        assert card.cancel(stale=True).acked
        play.wait_private("ben", "confirmed")

        assert proxy.asked == {f"CONNECT {SLACK}:443", f"CONNECT {CLOUD}:443"}
        assert proxy.refused == []
        assert bot.terminate() == 0
    sent = "".join(proxy.heads)
    assert "xoxb-" not in sent
    assert "xapp-" not in sent
    play.assert_no_canary()
    assert all(secret not in bot.log_text for secret in ("word", WRITTEN, "Traceback"))


def test_no_proxy_counts_for_the_running_bot(stage: Stage, tls: Certificate) -> None:
    """What it names is asked for by its own name, which nobody here resolves; the proxy hears nothing."""
    with ForwardProxy(ports(stage), tls) as proxy:
        bot = stage.start_bot(
            wait=False,
            HTTPS_PROXY=f"http://{proxy.address}",
            NO_PROXY=".test",
            SSL_CERT_FILE=str(tls.path),
        )
        assert bot.wait(WITHIN_S) == 2
        assert proxy.heads == []
    assert "Slack can't be reached at SLACK_API_URL (its name can't be resolved)" in bot.log_text


def test_a_plain_url_goes_through_http_proxy(tls: Certificate) -> None:
    """Web API and response_urls at an http:// address beyond this machine; HTTPS_PROXY is for others."""
    with (
        Stage(http=True, slack_url=f"http://{SLACK}") as stage,
        ForwardProxy(ports(stage), tls, b"u:p") as proxy,
    ):
        bot = stage.start_bot(HTTP_PROXY=f"http://u:p@{proxy.address}", HTTPS_PROXY="http://127.0.0.1:9")
        play = Play(stage)
        card = play.new_card()
        assert card.cancel().acked
        card.wait_text("Cancelled")
        assert card.confirm(stale=True).acked
        play.wait_private("ben", "ancelled")
        assert f"POST http://{SLACK}/api/auth.test" in proxy.asked
        assert any("/actions/" in target for target in proxy.asked)
        assert proxy.refused == []
        assert bot.terminate() == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"HTTPS_PROXY": "http://u:canary@p:31z8"}, "HTTPS_PROXY must be http://HOST:PORT"),
        ({"HTTPS_PROXY": "socks5://u:canary@p:1080"}, "a proxy that speaks socks5 can't be used"),
        ({"SSL_CERT_FILE": "/canary/none.pem"}, "SSL_CERT_FILE: /canary/none.pem can't be read"),
        ({"REQUESTS_CA_BUNDLE": __file__}, "isn't a file of certificates in PEM form"),
    ],
    ids=["bad-port", "socks", "no-certificates", "not-PEM"],
)
def test_a_way_out_that_cannot_be_used_is_a_sentence_at_the_start(
    settings: dict[str, str], sentence: str
) -> None:
    """Exit 2, the variable and what to write, even before anything goes that way; no password."""
    with Stage() as stage:
        bot = stage.start_bot(wait=False, **settings)
        assert bot.wait(WITHIN_S) == 2
        said = bot.log_text
    assert sentence in said
    assert "u:canary" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize("what", ["another password", "another store", "nobody listens", "no such name"])
def test_a_proxy_or_certificate_that_does_not_fit_is_a_sentence_at_the_start(
    stage: Stage, tls: Certificate, tmp_path: Path, what: str
) -> None:
    """The cause that is known is said: the proxy's answer, that it is away, or whose certificates counted."""
    store = certificate(tmp_path, "other") if what == "another store" else tls
    with ForwardProxy(ports(stage), tls, CREDENTIALS) as proxy:
        away = {"nobody listens": "127.0.0.1:9", "no such name": "nope.invalid:3128"}
        address = away.get(what, proxy.address)
        user = "u:canary" if what == "another password" or what in away else WRITTEN
        bot = stage.start_bot(
            wait=False, HTTPS_PROXY=f"http://{user}@{address}", SSL_CERT_FILE=str(store.path)
        )
        assert bot.wait(WITHIN_S) == 2
    cause = {
        "another password": "the proxy that HTTPS_PROXY names answered HTTP 407",
        "another store": "its certificate isn't trusted: self-signed certificate; "
        f"what counts is SSL_CERT_FILE ({store.path})",
        "nobody listens": "the proxy that HTTPS_PROXY names can't be reached: Connection refused",
        "no such name": "the proxy that HTTPS_PROXY names can't be reached: its name can't be resolved",
    }[what]
    assert f"Slack can't be reached at SLACK_API_URL ({cause})" in bot.log_text
    assert all(secret not in bot.log_text for secret in ("canary", "word", "Traceback"))

"""Without an app token, Slack's requests come over HTTP: signed, fresh and small, or not at all."""

import http.client
import signal
import time
from collections.abc import Iterator

import pytest

from bot.rehearsal.stage import Stage
from tests.e2e.play import Play
from tests.e2e.visits import WITHIN_S, checks, query, signed, typed, visit

EVENTS = "/slack/events"
STOP_WITHIN_S = 10.0
TWO_MEGABYTES = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """A bot in HTTP mode; no secret of it may have leaked when the module ends."""
    with Stage(http=True) as stage:
        stage.start_bot()
        play = Play(stage)
        yield play
        play.assert_no_canary()
        assert stage.signing_secret not in stage.bots[0].log_text


def test_a_whole_deletion_works_over_signed_requests(play: Play) -> None:
    """Asked, shown, confirmed, gone: without one socket."""
    card = play.new_card()
    assert card.confirm().acked
    card.wait_reply("is gone")
    assert (card.deletes, card.count("is gone")) == (1, 1)
    assert play.stage.slack.sockets == 0


def test_the_private_answer_comes_with_the_ack(play: Play) -> None:
    """The HTTP response is the ack and carries the answer."""
    ack = play.ask("help")
    assert ack.response is not None
    assert "/vpn delete" in ack.response["text"]


def test_readiness_does_not_rest_on_traffic(play: Play) -> None:
    """Nobody has to type for the bot to be ready; the reason still says when Slack last came."""
    assert play.ask("help").acked
    report = checks(play.stage)
    assert report["slack"]["ok"] is True
    assert "last request" in report["slack"]["reason"]


@pytest.mark.parametrize("what", ["another secret", "six minutes old", "six minutes ahead", "no signature"])
def test_a_request_that_slack_did_not_sign_just_now_is_refused_and_does_nothing(
    play: Play, what: str
) -> None:
    """401, no row, no message; the very same body is taken when it is signed well."""
    body = typed(play.stage, f"delete {play.stage.vpc.add_tunnel()}")
    secret = play.stage.signing_secret
    headers = {
        "another secret": signed(secret[::-1], body),
        "six minutes old": signed(secret, body, age_s=360),
        "six minutes ahead": signed(secret, body, age_s=-360),
        "no signature": {"Content-Type": "application/x-www-form-urlencoded"},
    }[what]
    asks = query(play.stage, "SELECT count(*) FROM deletions")
    messages = len(play.stage.slack.messages("network-ops"))

    assert visit(play.stage, EVENTS, "POST", body, headers).status_code == 401
    assert query(play.stage, "SELECT count(*) FROM deletions") == asks
    assert len(play.stage.slack.messages("network-ops")) == messages

    assert visit(play.stage, EVENTS, "POST", body, signed(secret, body)).status_code == 200
    assert query(play.stage, "SELECT count(*) FROM deletions") != asks


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Slack-Request-Timestamp", b"yesterday"), ("X-Slack-Signature", "v0=é".encode()), ("", b"")],
    ids=["time-without-number", "signature-not-ascii", "body-not-utf-8"],
)
def test_rubbish_is_refused_like_any_unsigned_request(play: Play, name: str, value: bytes) -> None:
    """401 and no traceback: strangers can't fill the log with faults of ours."""
    body = b"\xff\xfe{"
    headers: dict[str, str | bytes] = {**signed(play.stage.signing_secret, b"other"), name: value}
    headers.pop("", None)
    assert visit(play.stage, EVENTS, "POST", body, headers).status_code == 401
    assert "Traceback" not in play.stage.bots[0].log_text


def test_slacks_unsigned_check_of_the_certificate_gets_an_empty_200_and_does_nothing(play: Play) -> None:
    """Slack sends it now and then, to see whether our TLS works: nothing is logged or dispatched."""
    logged, log = len(play.stage.bots[0].log_text), play.stage.bots[0]
    heard = checks(play.stage)["slack"]["reason"]
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = visit(play.stage, EVENTS, "POST", b"ssl_check=1&token=s3cr3t", form)
    assert (answer.status_code, answer.content) == (200, b"")
    assert log.log_text[logged:] == ""
    assert heard.partition(" came ")[0] == checks(play.stage)["slack"]["reason"].partition(" came ")[0]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"ssl_check=0&token=s3cr3t", "application/x-www-form-urlencoded"),
        (b"ssl_check=1", "application/json"),
        (b'{"ssl_check": 1}', "application/json"),
        (b"text=ssl_check%3D1", "application/x-www-form-urlencoded"),
        (b"ssl_check=1&ssl_check=2", "application/x-www-form-urlencoded"),
        (b"ssl_check=1&pad=" + b"x" * 5_000, "application/x-www-form-urlencoded"),
    ],
    ids=["zero", "another type", "JSON", "in a value", "twice", "long"],
)
def test_what_only_looks_like_the_certificate_check_is_refused(play: Play, body: bytes, kind: str) -> None:
    """401, as for any request that isn't signed."""
    assert visit(play.stage, EVENTS, "POST", body, {"Content-Type": kind}).status_code == 401


def test_an_unsigned_command_that_calls_itself_a_certificate_check_does_nothing(play: Play) -> None:
    """It gets the empty 200, and no row is written."""
    body = b"ssl_check=1&" + typed(play.stage, f"delete {play.stage.vpc.add_tunnel()}")
    asks = query(play.stage, "SELECT count(*) FROM deletions")
    answer = visit(play.stage, EVENTS, "POST", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert query(play.stage, "SELECT count(*) FROM deletions") == asks


def test_a_body_over_a_megabyte_is_refused_from_its_length_alone(play: Play) -> None:
    """413 before it is read; a whole megabyte is still read (and then refused for its signature)."""
    connection = http.client.HTTPConnection("127.0.0.1", play.stage.http_port, timeout=WITHIN_S)
    connection.putrequest("POST", EVENTS)
    connection.putheader("Content-Length", str(TWO_MEGABYTES))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    assert visit(play.stage, EVENTS, "POST", b"x" * (TWO_MEGABYTES // 2)).status_code == 401


def test_without_app_token_and_signing_secret_the_bot_says_that_it_needs_one() -> None:
    """Exit 2, both settings named; likewise without a port in HTTP mode."""
    with Stage(http=True) as stage:
        neither = stage.start_bot(wait=False, SLACK_SIGNING_SECRET="")
        no_port = stage.start_bot(wait=False, VPN_BOT_HTTP_PORT="0")
        assert (neither.wait(WITHIN_S), no_port.wait(WITHIN_S)) == (2, 2)
        assert "Neither SLACK_APP_TOKEN (for Socket Mode) nor SLACK_SIGNING_SECRET" in neither.log_text
        assert "VPN_BOT_HTTP_PORT can't be 0" in no_port.log_text
        assert "Traceback" not in neither.log_text + no_port.log_text


def test_sigterm_turns_requests_away_and_lets_the_running_step_end() -> None:
    """Alive but not ready while it leaves, no new work; the answer that it waits for is kept; exit 0."""
    with Stage(http=True) as stage:
        bot = stage.start_bot()
        card = Play(stage).new_card()
        with stage.vpc.hold("DeleteVpnConnection", carried_out=True) as gate:
            card.confirm()
            gate.wait_reached(WITHIN_S)
            began = time.monotonic()
            bot.signal(signal.SIGTERM)
            body = typed(stage, "help")
            headers = signed(stage.signing_secret, body)
            stage.vpc.wait_for(
                lambda: visit(stage, EVENTS, "POST", body, headers).status_code == 503, STOP_WITHIN_S
            )
            assert visit(stage, "/readyz").status_code == 503
            assert visit(stage, "/healthz").status_code == 200
        assert bot.wait(STOP_WITHIN_S) == 0
        assert time.monotonic() - began < STOP_WITHIN_S
        assert query(stage, "SELECT state, request_id IS NOT NULL FROM deletions") == [("verifying", 1)]
        assert "Traceback" not in bot.log_text

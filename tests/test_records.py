"""`vpn-bot history` and `vpn-bot undo-kit` as processes, on the ledger that a bot has written."""

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.ledger.database import Database
from bot.ledger.migrations import migrate
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc_seed import HOSTILE_TUNNEL
from tests.e2e.play import Card, Play

Run = Callable[..., subprocess.CompletedProcess[str]]
KINDS = {
    "asked",
    "shown",
    "posted",
    "clicked",
    "confirmed",
    "cancelled",
    "sent",
    "answered",
    "gone",
    "refused",
}


def vpn_bot(database_url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # our own program
        [sys.executable, "-m", "bot", *words],
        env={"VPN_BOT_DATABASE_URL": database_url, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Play, Card, Card]]:
    """One deletion that went, one of a hostile name that was cancelled, one refusal of a person."""
    with Stage() as stage:
        stage.start_bot()
        play = Play(stage)
        gone = play.new_card(options='--break-glass INC-42 --reason "=cmd|nobody else is up"')
        gone.confirm("ben")
        gone.wait_reply("is gone")
        kept = play.new_card(HOSTILE_TUNNEL)
        kept.confirm("dora")
        play.wait_private("dora", "aren't one of")
        kept.cancel("chen")
        kept.wait_text("Cancelled")
        yield play, gone, kept
        play.assert_no_canary()


@pytest.fixture
def run(played: tuple[Play, Card, Card]) -> Run:
    return lambda *words: vpn_bot(played[0].stage.environment["VPN_BOT_DATABASE_URL"], *words)


def test_the_history_as_json_has_every_deletion_newest_first(
    played: tuple[Play, Card, Card], run: Run
) -> None:
    """With who, when, why, and the cloud's RequestId."""
    play, gone, kept = played
    newest, oldest = json.loads(run("history", "--format", "json").stdout)
    assert (newest["tunnel_id"], newest["state"], newest["decided_by"]) == (
        kept.tunnel_id,
        "cancelled",
        "U0CHEN00001",
    )
    (call,) = play.stage.vpc.deletes(gone.tunnel_id)
    assert call.answer is not None
    assert oldest["request_id"] == call.answer["Response"]["RequestId"]
    assert (oldest["break_glass"], oldest["requester"]) == ("INC-42", "U0ANA000001")
    assert oldest["asked_at"] < oldest["decided_at"] < oldest["sent_at"] < oldest["ended_at"]


def test_it_is_narrowed_by_tunnel_gateway_person_and_time(played: tuple[Play, Card, Card], run: Run) -> None:
    """Each by its id; what isn't an id is said."""
    _, gone, _ = played

    def found(*words: str) -> int:
        return len(json.loads(run("history", *words, "--format", "json").stdout))

    assert found(gone.tunnel_id) == found("U0BEN000001") == found("--limit", "1") == 1
    assert found("vpngw-7lcl5331") == found("U0ANA000001") == found("--since", "1h") == 2
    assert found("vpngw-ccn0q2w8") == 0
    (one,) = json.loads(run("history", gone.tunnel_id, "--format", "json").stdout)
    assert found(one["deletion_id"]) == found(one["request_id"]) == 1
    for words in (("--since", "7d rubbish"), ("--since", "5"), ("--since", "2026-11-20 18:00")):
        refused = run("history", *words)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "--since takes one such as 7d" in refused.stderr
    wrong = run("history", "everything")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "is no id of a tunnel, a gateway, a user or a deletion" in wrong.stderr


def test_in_slack_it_is_narrowed_likewise(played: tuple[Play, Card, Card]) -> None:
    """By a mention for a person; none fits what was asked for from some day to come on."""
    play, gone, _ = played

    def found(text: str) -> int:
        blocks = (play.ask(f"history {text}").response or {}).get("blocks", [])
        return sum(len(block["rows"]) - 1 for block in blocks if block["type"] == "table")

    assert found("vpngw-7lcl5331") == found("@ana") == found("since 1h") == found("") == 2
    assert found(gone.tunnel_id) == found("@ben") == 1
    assert found("vpngw-ccn0q2w8") == found("since 2999-01-01") == 0


def test_more_than_a_table_holds_are_counted_and_only_what_was_not_typed_is_suggested() -> None:
    """What was typed already is no advice; another time is."""
    with Stage() as stage:
        stage.start_bot()
        play = Play(stage)
        asks = stage.vpc.add_tunnels(21)
        for one in (asks[:20], asks[20:]):
            assert play.ask(f"delete {' '.join(one)}").acked
        first, gateway = asks[0], stage.vpc.describe(asks[0])["VpnGatewayId"]

        def said(text: str) -> str:
            return str((play.ask(f"history {text}").response or {})["text"])

        stage.vpc.wait_for(lambda: said("since 7d").startswith("The latest 20 of 21;"), 30)
        stage.vpc.wait_for(lambda: said(gateway).startswith("The latest 20 of 21;"), 30)
        assert said("") == "The latest 20 of 21; narrow it with a tunnel, a gateway, @somebody, or since 7d."
        assert said("since 7d") == (
            "The latest 20 of 21; narrow it with a tunnel, a gateway, @somebody, or a later since."
        )
        assert said(gateway) == "The latest 20 of 21; narrow it with a tunnel, @somebody, or since 7d."
        assert said(f"{gateway} @ana since 7d") == (
            "The latest 20 of 21; narrow it with a tunnel or a later since."
        )
        assert said(first) == "1 ask, 0 tunnels gone."


def test_the_table_is_for_people_and_the_csv_for_spreadsheets(run: Run) -> None:
    """No cell of it begins a formula, and no control character reaches the terminal."""
    table = run("history").stdout
    assert table.splitlines()[0].split()[:3] == ["asked_at", "state", "code"]
    rows = list(csv.DictReader(io.StringIO(run("history", "--format", "csv").stdout)))
    assert [row["reason"] for row in rows] == ["", "'=cmd|nobody else is up"]
    for text in (table, run("history", "--format", "csv").stdout, run("history", "--events").stdout):
        assert all(char.isprintable() or char == "\n" for char in text)


def test_the_audit_trail_has_every_event_with_its_time_person_channel_and_request_id(run: Run) -> None:
    """Oldest first; posted once a message, sent before answered before gone."""
    trail = json.loads(run("history", "--events", "--format", "json").stdout)
    assert {event["event"] for event in trail} >= KINDS
    assert [event["at"] for event in trail] == sorted(event["at"] for event in trail)
    kinds = [event["event"] for event in trail]
    assert (
        kinds.index("asked")
        < kinds.index("confirmed")
        < kinds.index("sent")
        < kinds.index("answered")
        < kinds.index("gone")
    )
    asked = next(event for event in trail if event["event"] == "asked")
    assert asked["detail"].startswith("vpnx-")
    assert asked["detail"].endswith("in ap-guangzhou, break-glass INC-42")
    refused = next(event for event in trail if event["event"] == "refused")
    assert (refused["actor"], refused["channel"]) == ("U0DORA00001", "C0NETOPS001")
    confirmed = next(event for event in trail if event["event"] == "confirmed")
    assert "operator" in confirmed["detail"] or "approver" in confirmed["detail"]
    assert next(event for event in trail if event["event"] == "gone")["request_id"]


def test_the_undo_kit_is_printed_again(played: tuple[Play, Card, Card], run: Run) -> None:
    """The thread's own words say how; of an unknown id it says so."""
    _, gone, _ = played
    (kit,) = gone.kits
    deletion_id = kit.partition("vpn-bot undo-kit ")[2].split()[0]
    printed = run("undo-kit", deletion_id)
    assert printed.returncode == 0
    assert run("undo-kit", gone.tunnel_id).stdout == printed.stdout
    assert run("undo-kit", f" {gone.tunnel_id.upper()}").stdout == printed.stdout
    for rubbish in ("\udcff\udcfe", "'; --", "<!channel>"):
        none = run("undo-kit", rubbish)
        assert (none.returncode, none.stdout) == (1, "")
        assert none.stderr == "There is no undo kit of such a tunnel or deletion. See vpn-bot history.\n"
    assert (
        json.loads(printed.stdout.partition("\n\n")[0])["VpnConnectionName"] == f"tunnel-{gone.tunnel_id[5:]}"
    )
    assert "tccli vpc CreateVpnConnection --region ap-guangzhou" in printed.stdout
    missing = run("undo-kit", "nothing")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "no undo kit" in missing.stderr


def test_an_empty_history_has_the_same_columns(run: Run) -> None:
    """A spreadsheet that is filled later finds them where they will be."""
    empty, whole = run("history", "vpnx-never000", "--format", "csv"), run("history", "--format", "csv")
    assert empty.stdout.strip() == whole.stdout.splitlines()[0]
    assert json.loads(run("history", "vpnx-never000", "--format", "json").stdout) == []


def test_where_there_is_no_ledger_none_is_made(tmp_path: Path) -> None:
    """One sentence, exit code 2."""
    answer = vpn_bot(f"sqlite:///{tmp_path / 'none.sqlite3'}", "history")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "There is no ledger" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_of_another_version_is_left_alone(tmp_path: Path) -> None:
    """Reading never migrates."""
    database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", clock=time.time)
    migrate(database, [lambda _: None] * 5)
    database.close()
    answer = vpn_bot(f"sqlite:///{tmp_path / 'ledger.sqlite3'}", "history")
    assert answer.returncode == 2
    assert "schema 6" in answer.stderr

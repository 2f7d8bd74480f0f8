"""Whatever dies, freezes or is cut off, and when: what was confirmed is done once, and said once."""

import os
import re
import secrets
from collections import Counter

import psycopg
import pytest

from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc import CANARY_PSK
from tests.chaos.chaos import CUT, Chaos, Plan, finished
from tests.e2e.play import CHANNEL, Card, Play

SEED = int(os.environ.get("VPN_BOT_CHAOS_SEED") or secrets.randbelow(10**6))
SHORT = {"deletions": 12, "kills": 4}
LONG = {"deletions": 60, "kills": 25}
KEPT = ("SELECT * FROM deletions", "SELECT * FROM posts", "SELECT * FROM events")


def said_twice(stage: Stage) -> list[str]:
    """What stands in Slack more than once, by the key under which it was said."""
    keys = Counter(
        message.metadata["event_payload"]["key"]
        for message in stage.slack.messages(CHANNEL)
        if message.metadata is not None
    )
    return [key for key, count in keys.items() if count > 1]


def sent_for_nothing(stage: Stage) -> list[str]:
    """Tunnels whose deletion was asked for after an answer had said that they don't exist."""
    seen_gone: set[str] = set()
    again: list[str] = []
    for call in stage.vpc.calls:
        answer = call.answer or {}
        message = answer.get("Response", {}).get("Error", {}).get("Message", "")
        missing = re.fullmatch(r"The resource (vpnx-\w+) does not exist\.", message)
        if call.action == "DeleteVpnConnection" and call.body["VpnConnectionId"] in seen_gone:
            again.append(call.body["VpnConnectionId"])
        elif missing:
            seen_gone.add(missing[1])
    return again


def leaked(stage: Stage, database_url: str | None) -> list[str]:
    """Secrets of this stage that stand in Slack, in a log, or in the ledger."""
    kept = Play(stage).everything_said().encode()
    kept += b"\n".join(path.read_bytes() for path in stage.folder.iterdir() if path.is_file())
    if database_url is not None:
        with psycopg.connect(database_url) as connection:
            for query in KEPT:
                kept += repr(connection.execute(query).fetchall()).encode()
    secret = [CANARY_PSK, stage.secret_key, stage.bot_token, stage.app_token]
    return [word for word in secret if word.encode() in kept]


def last_words(stage: Stage) -> str:
    """How the latest logs end."""
    return "\n".join(bot.log_text[-1500:] for bot in stage.bots[-3:])


def check_play(plan: Plan, database_url: str | None = None) -> None:
    """Play a plan, look at everything that came of it, and print the figures."""
    print(f"\nchaos: {plan}")  # noqa: T201  # the seed is what a failure is played again with

    def cut_database() -> None:
        with psycopg.connect(database_url or "", autocommit=True) as connection:
            connection.execute(CUT, {"database": connection.info.dbname})

    settings = {"VPN_BOT_DATABASE_URL": database_url} if database_url else {}
    with Stage(settings=settings) as stage:
        chaos = Chaos(stage, plan, cut_database if database_url else None)
        try:
            cards = chaos.run()
        except (AssertionError, TimeoutError) as error:
            error.add_note(last_words(stage))
            raise
        lost = [card.tunnel_id for card in cards if stage.vpc.exists(card.tunnel_id) or not finished(card)]
        twice = said_twice(stage) + sent_for_nothing(stage)
        print(f"chaos: {chaos.figures}  duplicates {len(twice)}  lost {len(lost)}")  # noqa: T201  # `make chaos`
        assert (lost, twice) == ([], []), last_words(stage)
        for card in cards:
            check_thread(card)
        assert len([m for m in stage.slack.messages(CHANNEL) if m.thread_ts is None]) == plan.deletions
        assert chaos.died_by_themselves() == []
        assert [bot.log_text for bot in stage.bots if "a step broke" in bot.log_text] == []
        assert stage.slack.mass_pings == ()
        assert leaked(stage, database_url) == []


def check_thread(card: Card) -> None:
    """One "gone", at most one "accepted", and a card that says so."""
    assert card.count("is gone") == 1, card.replies
    assert card.count("accepted the deletion") + card.count("No clear answer came, but") <= 1, card.replies
    assert card.message.buttons == ()


def test_one_process_on_sqlite() -> None:
    """Killed, frozen, cut off: all is deleted once and said once."""
    check_play(Plan(**SHORT, replicas=1, seed=SEED))


def test_three_replicas_on_postgresql(postgres_url: str) -> None:
    """The same, with connections to the database cut as well."""
    check_play(Plan(**SHORT, replicas=3, seed=SEED), postgres_url)


@pytest.mark.chaos
def test_one_process_on_sqlite_for_long() -> None:
    """Sixty deletions, twenty-five kills."""
    check_play(Plan(**LONG, replicas=1, seed=SEED))


@pytest.mark.chaos
def test_three_replicas_on_postgresql_for_long(postgres_url: str) -> None:
    """Sixty deletions, twenty-five kills, three replicas."""
    check_play(Plan(**LONG, replicas=3, seed=SEED), postgres_url)

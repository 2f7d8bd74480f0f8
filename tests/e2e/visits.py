"""Visiting a bot's HTTP server, as a probe, a load balancer or Slack does."""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import requests

from bot.rehearsal.slack_http import signature
from bot.rehearsal.stage import Stage

WITHIN_S = 15.0


def visit(
    stage: Stage,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str | bytes] | None = None,
) -> requests.Response:
    """One request to the bot's HTTP server, whatever proxy the environment names."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, stage.url + path, data=body, headers=headers, timeout=WITHIN_S)


def checks(stage: Stage) -> dict[str, Any]:
    """What /readyz says of each check; its status must fit."""
    answer = visit(stage, "/readyz")
    report: dict[str, Any] = answer.json()
    assert answer.status_code == (200 if report["ready"] else 503)
    assert report["ready"] == all(check["ok"] for check in report["checks"].values())
    return dict(report["checks"])


def wait_check(stage: Stage, name: str, *, ok: bool) -> str:
    """Wait until one check is as expected; returns its reason."""
    reasons: list[str] = []

    def is_so() -> bool:
        check = checks(stage)[name]
        reasons.append(check["reason"])
        return check["ok"] is ok

    stage.vpc.wait_for(is_so, WITHIN_S)
    return reasons[-1]


def wait_ready(stage: Stage) -> None:
    """Wait until every check is green."""
    stage.vpc.wait_for(lambda: visit(stage, "/readyz").status_code == 200, WITHIN_S)


def typed(stage: Stage, text: str) -> bytes:
    """The body of a slash command that Ana types, as Slack sends it."""
    workspace = stage.slack.workspace
    person, channel = workspace.person("ana"), workspace.channel("network-ops")
    return urlencode(
        {
            "command": "/vpn",
            "text": text,
            "user_id": person.user_id,
            "team_id": person.team.team_id,
            "channel_id": channel.channel_id,
            "response_url": f"{stage.slack.url}/commands/none",
            "trigger_id": "1.2.3",
        }
    ).encode()


def signed(secret: str, body: bytes, age_s: float = 0.0) -> dict[str, str]:
    """The headers with which Slack sends such a body."""
    timestamp = str(int(time.time() - age_s))
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature(secret, timestamp, body),
    }


def query(stage: Stage, sql: str) -> list[tuple[Any, ...]]:
    """Look into the bot's ledger."""
    with closing(sqlite3.connect(stage.folder / "ledger.sqlite3")) as ledger:
        return ledger.execute(sql).fetchall()

"""`vpn-bot run` that kills itself (SIGKILL) at a chosen moment: `crashing_bot.py N`.

A moment is just before or just after a commit that wrote something, or an HTTP request. They are counted
from the first ask on; with N = 0 nothing is killed. Every moment is written to standard error.
"""

import os
import signal
import sys
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter
from sqlalchemy import Connection

from bot.cli import main
from bot.ledger.store import Ledger

_lock = threading.Lock()
_crash_at = int(sys.argv.pop())
_count = 0
_asked = threading.Event()
_changes: dict[int, int] = {}


def _moment(what: str) -> None:
    global _count
    with _lock:
        _count += 1
        os.write(2, f"moment {_count} {what}\n".encode())
        if _count == _crash_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(original: Callable[..., Any], what: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _asked.is_set():
            return original(*args, **kwargs)
        _moment(f"before {what}")
        answer = original(*args, **kwargs)
        _moment(f"after {what}")
        return answer

    return call


def _commit(original: Callable[[Connection], None]) -> Callable[[Connection], None]:
    def commit(connection: Connection) -> None:
        driver = connection.connection.dbapi_connection
        changes = driver.total_changes if driver is not None else 0
        wrote, _changes[id(driver)] = changes != _changes.get(id(driver), 0), changes
        counts = wrote and _asked.is_set()
        if counts:
            _moment("before commit")
        original(connection)
        if counts:
            _moment("after commit")

    return commit


def _ask(original: Callable[..., str]) -> Callable[..., str]:
    def ask(*args: Any) -> str:
        deletion_id = original(*args)
        _asked.set()
        _moment("after commit")
        return deletion_id

    return ask


Ledger.ask = _ask(Ledger.ask)  # type: ignore[method-assign]  # the first moment: on disk, not acked
Connection.commit = _commit(Connection.commit)  # type: ignore[method-assign, assignment]  # the point
HTTPAdapter.send = _wrapped(HTTPAdapter.send, "cloud call")  # type: ignore[method-assign]  # likewise
urllib.request.OpenerDirector.open = _wrapped(  # type: ignore[method-assign]  # likewise
    urllib.request.OpenerDirector.open, "Slack call"
)
main(["run"])

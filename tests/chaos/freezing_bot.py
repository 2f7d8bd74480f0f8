"""`vpn-bot run` that freezes itself (SIGSTOP) as it is about to send: `freezing_bot.py delete|reply`.

delete: the first DeleteVpnConnection. reply: the third message, which is the one after the card and its undo
kit, so the card is confirmed by then. In both cases the lease has been looked at, and nothing has left yet.
"""

import signal
import sys
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

from requests.adapters import HTTPAdapter

from bot.cli import main

_moment = sys.argv.pop()
_posts = 0


def _is_moment(request: Any) -> bool:
    global _posts
    _posts += getattr(request, "full_url", "").endswith("chat.postMessage")
    if _moment == "reply":
        return _posts == 3
    return bool(request.headers.get("X-TC-Action") == "DeleteVpnConnection")


def _freezing(original: Callable[..., Any]) -> Callable[..., Any]:
    def send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        global _moment
        if _moment and _is_moment(request):
            _moment = ""
            # To this very thread: sent to the process, it may stop some milliseconds later, after the look.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        return original(self, request, *args, **options)

    return send


HTTPAdapter.send = _freezing(HTTPAdapter.send)  # type: ignore[method-assign]  # that is the point
_open = urllib.request.OpenerDirector.open
urllib.request.OpenerDirector.open = _freezing(_open)  # type: ignore[method-assign]  # likewise
main(["run"])

"""`vpn-bot run` that pings Slack often and pauses briefly between its connections."""

from functools import partial

import bot.app
from bot.chat.connection import SocketMode
from bot.chat.socket_failures import Pauses
from bot.cli import main

FIRST_S, LONGEST_S, SETTLED_S = 0.3, 1.0, 0.7
PING_INTERVAL_S = 0.3

if __name__ == "__main__":
    brisk = Pauses(first_s=FIRST_S, longest_s=LONGEST_S, settled_s=SETTLED_S)
    socket_mode = partial(SocketMode, pauses=brisk, ping_interval_s=PING_INTERVAL_S)
    bot.app.SocketMode = socket_mode  # type: ignore[assignment, attr-defined]  # that is the point
    main(["run"])

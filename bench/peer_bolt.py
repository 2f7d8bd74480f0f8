"""A bare Bolt app as the peer: it acks and echoes in the ack, keeps nothing, and runs on default settings."""

import os
from typing import Any

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

app = App(client=WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))


@app.command("/vpn")
def echo(ack: Ack, command: dict[str, Any]) -> None:
    """Say back what was typed; a `respond` would cost it one more request."""
    ack(command["text"])


if __name__ == "__main__":
    SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()  # type: ignore[no-untyped-call]  # Bolt's is untyped

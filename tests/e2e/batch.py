"""A batch as a person sees it: its card, its tables, its progress and its summary."""

import re
from collections import Counter

from bot.rehearsal.workspace import Message
from tests.e2e.play import CHANNEL, Card, Play, shown

DELETE = "DeleteVpnConnection"
NOT_NOW = "UnsupportedOperation.DeleteVpnConnInvalidState"
PATIENCE_S = 60.0


def roots(play: Play, channel: str = CHANNEL) -> list[Message]:
    """What stands in the channel itself."""
    return [message for message in play.stage.slack.messages(channel) if message.thread_ts is None]


def ask(play: Play, text: str, user: str = "ana") -> Card:
    """Type `/vpn delete …` and wait for the card."""
    seen = {message.ts for message in roots(play)}
    assert play.ask(f"delete {text}", user).acked
    card = play.wait(
        lambda: next((m for m in roots(play) if m.ts not in seen and m.buttons), None), PATIENCE_S
    )
    return Card(play, "", card.ts)


def stop(card: Card, user: str, *, stale: bool = False) -> None:
    """Press Stop, as soon as it is there."""
    slack = card.play.stage.slack
    card.play.wait(lambda: "stop_deletion" in [b["action_id"] for b in card.message.buttons], PATIENCE_S)
    assert slack.press(user, CHANNEL, card.ts, "stop_deletion", stale=stale).acked


def table(message: Message) -> list[list[str]]:
    """The cells of a message's table, without its heading."""
    return [
        [cell["text"] for cell in row]
        for block in message.blocks
        if block["type"] == "table"
        for row in block["rows"][1:]
    ]


def thread(card: Card, part: str) -> list[Message]:
    """The card's replies that show `part`."""
    return [m for m in card.play.stage.slack.thread(CHANNEL, card.ts)[1:] if part in shown(m)]


def progress(card: Card) -> Message:
    """The one message with a bar."""
    (message,) = (
        m for m in card.play.stage.slack.thread(CHANNEL, card.ts)[1:] if re.search("[█░]", shown(m))
    )
    return message


def summary(card: Card) -> tuple[str, list[list[str]]]:
    """Wait for the end: its first message's sentence, and the rows of all that isn't gone."""
    sentence = card.wait_reply("tunnels are gone.", PATIENCE_S)
    gone, size = map(int, re.findall(r"\d+", sentence)[:2])

    def rows() -> list[list[str]]:
        found = [row for message in thread(card, "tunnels are gone.") for row in table(message)]
        return [row for row in found if row[1] != "gone"]

    card.play.wait(lambda: len(rows()) >= size - gone, PATIENCE_S)
    return sentence.partition("Tunnel")[0], rows()


def carried_out(play: Play) -> Counter[str]:
    """How often the cloud deleted each tunnel."""
    return Counter(
        call.received["VpnConnectionId"]
        for call in play.stage.vpc.calls
        if call.action == DELETE and call.code is None
    )


def on_gateway(play: Play, gateway_id: str) -> set[str]:
    """The tunnels that a gateway has now."""
    vpc = play.stage.vpc
    with vpc.lock:
        vpc.settle()
        return {t for t, tunnel in vpc.tunnels.items() if tunnel.fields["VpnGatewayId"] == gateway_id}

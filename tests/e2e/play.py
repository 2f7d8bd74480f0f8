"""Playing people on a stage: ask, press, and wait for what the bot says."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from bot.rehearsal.slack_people import Ack
from bot.rehearsal.stage import Stage
from bot.rehearsal.vpc import MAIN_GATEWAY
from bot.rehearsal.vpc_fields import CANARY_PSK
from bot.rehearsal.workspace import Message

CHANNEL = "network-ops"
TIMEOUT_S = 15.0
KIT = "Undo kit"
T = TypeVar("T")


def words(blocks: Any) -> str:
    """Every text in some blocks, one after the other, as a reader sees it."""
    if isinstance(blocks, dict):
        own = [blocks["text"]] if isinstance(blocks.get("text"), str) else []
        own += [f"<@{blocks['user_id']}>"] if "user_id" in blocks else []
        return "".join([*own, *(words(part) for part in blocks.values() if isinstance(part, dict | list))])
    if isinstance(blocks, list | tuple):
        return "".join(words(part) for part in blocks)
    return ""


def shown(message: Message) -> str:
    """What a message shows: its blocks, or its text where it has none."""
    return words(message.blocks) or message.text


@dataclass(frozen=True, slots=True)
class Card:
    """One deletion's card, by its place in Slack."""

    play: "Play"
    tunnel_id: str
    ts: str

    @property
    def message(self) -> Message:
        """The card as it is shown now."""
        return next(m for m in self.play.stage.slack.messages(CHANNEL) if m.ts == self.ts)

    @property
    def text(self) -> str:
        """Everything that the card shows now."""
        return shown(self.message)

    @property
    def replies(self) -> list[str]:
        """What the thread shows, without the card and its undo kits."""
        return [text for text in self._thread if not text.startswith(KIT)]

    @property
    def kits(self) -> list[str]:
        """The thread's messages with undo kits."""
        return [text for text in self._thread if text.startswith(KIT)]

    @property
    def _thread(self) -> list[str]:
        return [shown(message) for message in self.play.stage.slack.thread(CHANNEL, self.ts)[1:]]

    def confirm(self, user: str = "ben", *, stale: bool = False) -> Ack:
        """Press Confirm."""
        return self.play.stage.slack.press(user, CHANNEL, self.ts, "confirm_deletion", stale=stale)

    def cancel(self, user: str = "ben", *, stale: bool = False) -> Ack:
        """Press Cancel."""
        return self.play.stage.slack.press(user, CHANNEL, self.ts, "cancel_deletion", stale=stale)

    def wait_reply(self, part: str, timeout_s: float = TIMEOUT_S) -> str:
        """Wait until a reply shows `part`; returns the whole reply."""
        return self.play.wait(lambda: next((r for r in self.replies if part in r), ""), timeout_s)

    def wait_text(self, part: str, timeout_s: float = TIMEOUT_S) -> str:
        """Wait until the card shows `part`; returns all that it shows."""
        return self.play.wait(lambda: self.text if part in self.text else "", timeout_s)

    def count(self, part: str) -> int:
        """How many replies show `part`."""
        return sum(part in reply for reply in self.replies)

    @property
    def deletes(self) -> int:
        """How many DeleteVpnConnection for this tunnel reached the cloud."""
        return len(self.play.stage.vpc.deletes(self.tunnel_id))


class Play:
    """A stage with a way to wait on it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def wait(self, look: Callable[[], T | None], timeout_s: float = TIMEOUT_S) -> T:
        """Wait until `look` gives something true, and return it."""
        return self.stage.slack.wait_for(look, timeout_s)

    def ask(self, text: str, user: str = "ana", channel: str = CHANNEL) -> Ack:
        """Type `/vpn …`."""
        return self.stage.slack.command(user, channel, text)

    def new_card(self, tunnel_id: str | None = None, *, options: str = "", **fields: Any) -> Card:
        """Ask for a (new) tunnel's deletion and wait for its card."""
        tunnel_id = tunnel_id or self.stage.vpc.add_tunnel(**fields)
        gateway_id = self.stage.vpc.describe(tunnel_id)["VpnGatewayId"]
        seen = {message.ts for message in self.stage.slack.messages(CHANNEL)}
        assert self.ask(f"delete {gateway_id} {tunnel_id} {options}").acked

        def card() -> Message | None:
            messages = self.stage.slack.messages(CHANNEL)
            return next((m for m in messages if m.ts not in seen and tunnel_id in m.text and m.buttons), None)

        return Card(self, tunnel_id, self.wait(card).ts)

    def private(self, user: str) -> list[str]:
        """What this person was told privately, oldest first."""
        return [shown(message) for message in self.stage.slack.ephemerals(user)]

    def wait_private(self, user: str, part: str, timeout_s: float = TIMEOUT_S) -> str:
        """Wait until this person is told something with `part` in it."""
        return self.wait(lambda: next((t for t in self.private(user) if part in t), ""), timeout_s)

    def everything_said(self) -> str:
        """All text and payloads that ever reached Slack, or that anybody there sent."""
        messages = chain.from_iterable(
            self.stage.slack.messages(channel) for channel in self.stage.slack.workspace.channels
        )
        return repr([*messages, *self.stage.slack.ephemerals()])

    def assert_no_canary(self) -> None:
        """No secret of this stage stands in Slack, a log, or a byte of the ledger."""
        secrets = [CANARY_PSK, self.stage.secret_key, self.stage.bot_token, self.stage.app_token]
        files = [path for path in self.stage.folder.iterdir() if path.is_file()]
        assert any("ledger" in path.name for path in files)
        kept = b"\n".join(path.read_bytes() for path in files) + self.everything_said().encode()
        for secret in secrets:
            assert secret.encode() not in kept


__all__ = ["CHANNEL", "MAIN_GATEWAY", "Card", "Play", "shown"]

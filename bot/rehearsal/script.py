"""What scenes are made of: people who do the same things every time, and a look at whether they came true."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bot.rehearsal.northwind import ANA, NETWORK_OPS
from bot.rehearsal.players import Players
from bot.rehearsal.stage import Stage
from bot.rehearsal.transcript import StepMissing, Transcript
from bot.rehearsal.vpc_log import Call
from bot.rehearsal.workspace import Message

STEP_S = 6.0
CONFIRM, CANCEL, STOP = "confirm_deletion", "cancel_deletion", "stop_deletion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One tunnel's card in #network-ops."""

    ts: str
    tunnel_id: str


class Script:
    """What scenes are made of. Each step raises StepMissing where it doesn't happen.

    A reader of the page gets `pause_s` between the steps; on_step is told what comes next.
    """

    def __init__(
        self,
        stage: Stage,
        players: Players,
        transcript: Transcript,
        *,
        pause_s: float = 0.0,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stage = stage
        self._players = players
        self._transcript = transcript
        self._pause_s = pause_s
        self._on_step = on_step

    def _step(self, what: str, pauses: float = 1.0) -> None:
        self._on_step(what)
        self._transcript.pause(self._pause_s * pauses)

    def _until(self, what: str, look: Callable[[], bool]) -> None:
        self._transcript.until(what, look, STEP_S)

    def ask(self, text: str, tunnel_id: str) -> Card:
        """Ana types, and the card appears."""
        self._step(f"Ana types {text}")
        before = {message.ts for message in self._stage.slack.messages(NETWORK_OPS)}
        self._players.type(ANA, NETWORK_OPS, text)

        def card() -> Message | None:
            said = self._stage.slack.messages(NETWORK_OPS)
            return next((one for one in said if one.ts not in before and one.buttons), None)

        shown = self._transcript.until(f"The card for {tunnel_id} appears", card, STEP_S)
        return Card(ts=shown.ts, tunnel_id=tunnel_id)

    def confirm_typed(self, card: Card, who: str) -> None:
        """One person presses Confirm and types the tunnel's id into the dialog."""
        self.press(card, who, CONFIRM)
        view = self._transcript.until(
            f"{self._name(who)} gets the dialog that takes the id",
            lambda: next(iter(self._stage.slack.views(who)), None),
            STEP_S,
        )
        self._step(f"{self._name(who)} types {card.tunnel_id}", pauses=2.0)
        self._players.submit(who, view.view_id, {"tunnel_id": {"value": card.tunnel_id}})

    def sees_own_confirm_refused(self, card: Card, who: str) -> None:
        """Whoever asked for something risky can't be the second person."""
        self.press(card, who, CONFIRM)

        def told() -> bool:
            return any("somebody else" in one.text for one in self._stage.slack.ephemerals(who))

        self._until(f"{self._name(who)} is told privately that it takes somebody else", told)
        self._tick(f"{self._name(who)} asked for it, and can't confirm it")

    def say(self, who: str, text: str, answer: str) -> None:
        """Somebody types a command that is answered at once."""
        self._step(f"{self._name(who)} types {text}")
        self._players.type(who, NETWORK_OPS, text)

        def told() -> bool:
            return any(_shows(one, answer) for one in self._stage.slack.ephemerals(who))

        self._until(f"{self._name(who)} reads “{answer}”", told)

    def rename(self, card: Card, name: str) -> None:
        """Somebody changes the tunnel in the console while the card is open."""
        self._step(f"Somebody renames {card.tunnel_id} to {name} in the console")
        self._transcript.say("somebody else", f"renames {card.tunnel_id} to {name}", fg="cyan")
        self._stage.vpc.set_state(card.tunnel_id, VpnConnectionName=name)

    def sees_void(self, card: Card, what: str) -> None:
        """The card is void, the thread says what changed, and nothing was asked of the cloud."""
        self._until(f"The thread says that it is now {what}", lambda: self._thread_shows(card, what))
        self._until("The card says why not", lambda: "was not deleted by vpn-bot: " in self._root(card).text)
        self._expect("Nothing was asked of the cloud", not self._stage.vpc.deletes(card.tunnel_id))
        self._tick("what was confirmed isn't what is there: void; no DeleteVpnConnection was sent")

    def sees_frozen(self, card: Card, why: str) -> None:
        """The card shows the freeze and why, and offers no Confirm while it holds."""
        self._until("The card shows the freeze", lambda: _shows(self._root(card), why))
        self._expect("Nobody can press Confirm", not self._offers(card, CONFIRM))
        self._tick("frozen: nothing can be confirmed, and everybody sees who froze it and why")

    def sees_thawed(self, card: Card) -> None:
        """The freeze is over, and Confirm is back."""
        self._until("Confirm is back on the card", lambda: self._offers(card, CONFIRM))

    def _offers(self, card: Card, action_id: str) -> bool:
        return action_id in [button["action_id"] for button in self._root(card).buttons]

    def stop(self, card: Card, who: str) -> None:
        """Somebody presses Stop before anything is sent."""
        self._until("The card counts down", lambda: _shows(self._root(card), "Deleting in"))
        self.press(card, who, STOP)
        self._closed(card, f"says that {self._name(who)} stopped it", lambda root: "Stopped" in root.text)
        self._expect("Nothing was asked of the cloud", not self._stage.vpc.deletes(card.tunnel_id))
        self._tick("stopped within the abort window; no DeleteVpnConnection was sent")

    def press(self, card: Card, who: str, action_id: str) -> None:
        """One person presses a button of the card."""
        verb = {CONFIRM: "Confirm", CANCEL: "Cancel", STOP: "Stop"}[action_id]
        self._step(f"The card is there. {self._name(who)} presses {verb}", pauses=2.0)
        self._players.press(who, NETWORK_OPS, card.ts, action_id)

    def press_together(self, card: Card, *people: str) -> None:
        """Several people press Confirm at the same moment; each has the button before their eyes."""
        self._step(f"{' and '.join(map(self._name, people))} press Confirm at once")
        with ThreadPoolExecutor(len(people)) as hands:
            pressed = [
                hands.submit(self._players.press, who, NETWORK_OPS, card.ts, CONFIRM, stale=True)
                for who in people
            ]
        for one in pressed:
            one.result()

    def sees_gone(self, card: Card) -> None:
        """The tunnel goes; the thread has the RequestId, the card no buttons."""
        self._step("Accepted; now the tunnel has to go", pauses=0.0)
        self._until(f"{card.tunnel_id} goes", lambda: not self._stage.vpc.exists(card.tunnel_id))
        number = self._only_delete(card)
        self._until(
            f"The thread says gone, with RequestId {number}",
            lambda: (
                self._thread_shows(card, number) and self._thread_shows(card, f"{card.tunnel_id} is gone")
            ),
        )
        self._closed(card, "says that it is gone", lambda root: "is gone" in root.text)
        self._tick(f"one DeleteVpnConnection, the tunnel is gone, RequestId {number} is in the thread")

    def sees_refusal(self, card: Card, code: str) -> None:
        """The cloud's no is in the thread, explained, with its code and RequestId; the tunnel stays."""
        number = self._only_delete(card)
        self._until(
            f"The thread explains {code}",
            lambda: self._thread_shows(card, number) and self._thread_shows(card, code),
        )
        self._closed(card, "shows the refusal", lambda root: "not deleted" in root.text)
        self._expect(f"{card.tunnel_id} stays", self._stage.vpc.exists(card.tunnel_id))
        self._tick(f"{code} and RequestId {number} are in the thread, explained; the tunnel stays")

    def sees_one_winner(self, *people: str) -> None:
        """Whoever lost is told privately who decided."""

        def loser() -> str | None:
            for who, other in (people, people[::-1]):
                told = [one.text for one in self._stage.slack.ephemerals(who)]
                if any(f"<@{other}>" in text for text in told):
                    return who
            return None

        lost = self._transcript.until("The slower one is told privately who decided", loser, STEP_S)
        self._tick(f"{self._name(lost)} was told privately who was first")

    def sees_cancelled(self, card: Card, who: str) -> None:
        """The card says who cancelled; nothing was asked of the cloud."""
        self._closed(card, f"says that {self._name(who)} cancelled", lambda root: _shows(root, who))
        self._expect("Nothing was asked of the cloud", not self._stage.vpc.deletes(card.tunnel_id))
        self._expect(f"{card.tunnel_id} stays", self._stage.vpc.exists(card.tunnel_id))
        self._tick("no DeleteVpnConnection was sent; the tunnel stays")

    def _only_delete(self, card: Card) -> str:
        """The RequestId of the only DeleteVpnConnection for the card's tunnel."""
        calls: list[Call] = self._transcript.until(
            "DeleteVpnConnection reaches the cloud",
            lambda: self._stage.vpc.deletes(card.tunnel_id),
            STEP_S,
        )
        self._expect(f"One DeleteVpnConnection for {card.tunnel_id}, not {len(calls)}", len(calls) == 1)
        return str((calls[0].answer or {})["Response"]["RequestId"])

    def _closed(self, card: Card, what: str, look: Callable[[Message], bool]) -> None:
        def closed() -> bool:
            root = self._root(card)
            return not root.buttons and look(root)

        self._until(f"The card loses its buttons and {what}", closed)

    def _root(self, card: Card) -> Message:
        return self._stage.slack.thread(NETWORK_OPS, card.ts)[0]

    def _replies(self, card: Card) -> tuple[Message, ...]:
        return self._stage.slack.thread(NETWORK_OPS, card.ts)[1:]

    def _thread_shows(self, card: Card, words: str) -> bool:
        return any(_shows(reply, words) for reply in self._replies(card))

    def _expect(self, what: str, true: bool) -> None:
        if not true:
            self._transcript.drain()
            raise StepMissing(f"{what}: this isn't so.")

    def _tick(self, what: str) -> None:
        self._transcript.say("✓", what, fg="green")
        self._transcript.drain()

    def _name(self, who: str) -> str:
        return self._stage.slack.workspace.person(who).real_name.partition(" ")[0]


def _shows(message: Message, words: str) -> bool:
    return words in json.dumps(message.blocks)

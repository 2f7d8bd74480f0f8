"""A Slack workspace: its people, user groups, channels and what was said in them."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from bot.rehearsal.limits import ApiError, objects, pings_everyone
from bot.rehearsal.teams import HOME, Team

Block = dict[str, Any]
Observer = Callable[["Happening"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, or a bot; `team` is another than the home team for Slack Connect; tz_offset: seconds.

    On Enterprise Grid they may be of more workspaces, `also_in`; `acts_from` is what payloads then name as
    their team: a workspace, or the organization. "" for `team`.
    """

    user_id: str
    name: str
    real_name: str
    team: Team = HOME
    is_bot: bool = False
    deleted: bool = False
    tz_offset: int = 0
    also_in: tuple[Team, ...] = ()
    acts_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A user group, `S…`."""

    group_id: str
    name: str
    members: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A public or private channel, or a direct message with the bot. In an archived one nobody writes."""

    channel_id: str
    name: str
    members: frozenset[str]
    kind: Literal["public", "private", "im"] = "public"
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """How a message read before it was changed at `at` (epoch seconds)."""

    at: float
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is shown now; `edits` holds what it said before, oldest first."""

    channel: str
    ts: str
    author: str
    text: str
    blocks: tuple[Block, ...] = ()
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    edits: tuple[Edit, ...] = ()

    @property
    def buttons(self) -> tuple[Block, ...]:
        """The buttons that it shows now."""
        return buttons(self.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ephemeral(Message):
    """A message that only `reader` sees."""

    reader: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that changed, for whoever watches.

    `kind` and `item`: message, update and delete (Message), ephemeral (also when replaced) and
    ephemeral_deleted (Ephemeral), view and view_closed (View), exchange (Exchange), sockets (their number).
    """

    kind: str
    item: Any


class Workspace:
    """Holds everything behind one lock, `changed`, and notifies it after every change.

    Messages are values: a change makes a new one with the same `ts`.
    """

    def __init__(
        self,
        *,
        people: Iterable[Person],
        groups: Iterable[Group],
        channels: Iterable[Channel],
        bot: str,
        team: Team = HOME,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.team = team
        self.org_wide = False  # whether the app is installed for the whole organization of `team`
        self.clock = clock
        self.changed = threading.Condition()
        self.people = {person.user_id: person for person in people}
        self.groups = {group.group_id: group for group in groups}
        self.channels = {channel.channel_id: channel for channel in channels}
        self.bot = self.people[bot]
        self.mass_pings: list[Message] = []
        self._messages: defaultdict[str, dict[str, Message]] = defaultdict(dict)
        self._ephemerals: dict[str, Ephemeral] = {}
        self._observers: list[Observer] = []
        self._last_micros = 0

    def person(self, who: str) -> Person:
        """A person by id or name; KeyError."""
        return self.people.get(who) or _named(self.people.values(), who)

    def channel(self, which: str) -> Channel:
        """A channel by id or (#)name; KeyError."""
        return self.channels.get(which) or _named(self.channels.values(), which.removeprefix("#"))

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call the observer at every change, in order, from the thread that changes; call the result to stop.

        It runs under the lock: it must be quick, must not wait and must not raise.
        """
        with self.changed:
            self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def tell(self, kind: str, item: Any) -> None:
        """Let observers and waiters know."""
        with self.changed:
            for observer in tuple(self._observers):
                observer(Happening(kind=kind, item=item))
            self.changed.notify_all()

    def _next_ts(self) -> str:
        self._last_micros = max(int(self.clock() * 1_000_000), self._last_micros + 1)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def post(self, **fields: Any) -> Message:
        """Add a message of these fields; its `ts` is the time in microseconds, later than all before it."""
        with self.changed:
            message = Message(ts=self._next_ts(), **fields)
            self._messages[message.channel][message.ts] = message
            self._note_mass_ping(message)
            self.tell("message", message)
            return message

    def show(self, **fields: Any) -> Ephemeral:
        """Show something to one person, its `reader`."""
        with self.changed:
            ephemeral = Ephemeral(ts=self._next_ts(), **fields)
            self._ephemerals[ephemeral.ts] = ephemeral
            self._note_mass_ping(ephemeral)
            self.tell("ephemeral", ephemeral)
            return ephemeral

    def edit(self, message: Message, text: str, blocks: tuple[Block, ...], **more: Any) -> Message:
        """Show other text and blocks from now on."""
        with self.changed:
            before = Edit(at=self.clock(), text=message.text, blocks=message.blocks)
            after = replace(message, text=text, blocks=blocks, edits=(*message.edits, before), **more)
            if isinstance(after, Ephemeral):
                self._ephemerals[after.ts] = after
            else:
                self._messages[after.channel][after.ts] = after
            self._note_mass_ping(after)
            self.tell("ephemeral" if isinstance(after, Ephemeral) else "update", after)
            return after

    def delete(self, message: Message) -> None:
        """Take a message away, for everybody who saw it."""
        with self.changed:
            if isinstance(message, Ephemeral):
                del self._ephemerals[message.ts]
            else:
                del self._messages[message.channel][message.ts]
            self.tell("ephemeral_deleted" if isinstance(message, Ephemeral) else "delete", message)

    def message(self, channel: str, ts: str) -> Message:
        """One message; ApiError message_not_found."""
        with self.changed:
            found = self._messages[channel].get(ts)
        if found is None:
            raise ApiError("message_not_found")
        return found

    def seen(self, reader: str, channel: str, ts: str) -> Message:
        """One message or ephemeral that this person sees; ApiError message_not_found."""
        with self.changed:
            ephemeral = self._ephemerals.get(ts)
            if ephemeral and (ephemeral.reader, ephemeral.channel) == (reader, channel):
                return ephemeral
            return self.message(channel, ts)

    def messages(self, channel: str) -> tuple[Message, ...]:
        """Everything in a channel, threads included, in reading order."""
        with self.changed:
            return tuple(self._messages[channel].values())

    def thread(self, channel: str, root_ts: str) -> tuple[Message, ...]:
        """A thread: its root, then its replies."""
        return tuple(one for one in self.messages(channel) if root_ts in (one.ts, one.thread_ts))

    def ephemerals(self, reader: str | None, channel: str | None) -> tuple[Ephemeral, ...]:
        """What was shown privately, to one person or in one channel when given."""
        with self.changed:
            return tuple(
                one
                for one in self._ephemerals.values()
                if reader in (None, one.reader) and channel in (None, one.channel)
            )

    def _note_mass_ping(self, message: Message) -> None:
        if pings_everyone(message.text, list(message.blocks)):
            self.mass_pings.append(message)


def buttons(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The buttons that blocks show."""
    return tuple(found for found in objects(list(blocks)) if found.get("type") == "button")


def _named(things: Iterable[Any], name: str) -> Any:
    for thing in things:
        if thing.name == name:
            return thing
    raise KeyError(name)

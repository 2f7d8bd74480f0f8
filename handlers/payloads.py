"""Slack's payloads, read field by field at one place: what isn't as Slack documents it is told by its name.

Only what is read here goes on, so neither Bolt nor a listener meets anything else.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from bot.chat import dialogs, pieces
from bot.domain.people import Person
from bot.errors import BadPayload

COMMAND = "/vpn"
ACTIONS = frozenset(
    {pieces.CONFIRM_ACTION, pieces.CANCEL_ACTION, pieces.STOP_ACTION, pieces.FRESH_ACTION},
)
VIEWS = frozenset({dialogs.TYPED_VIEW})
CLICK, SUBMISSION = "block_actions", "view_submission"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A slash command."""

    person: Person
    channel_id: str
    text: str
    response_url: str

    @classmethod
    def of(cls, payload: Mapping[str, object]) -> Self:
        """Read it; BadPayload."""
        part = _Part(payload)
        part.one_of("command", {COMMAND})
        return cls(
            person=Person(
                user_id=part.text("user_id"),
                team_id=part.text("team_id"),
                enterprise_id=part.maybe("enterprise_id"),
            ),
            channel_id=part.text("channel_id"),
            text=part.maybe("text"),
            response_url=part.url("response_url"),
        )

    @property
    def body(self) -> dict[str, Any]:
        """The payload again, with nothing else in it."""
        return {
            "command": COMMAND,
            "user_id": self.person.user_id,
            "team_id": self.person.team_id,
            "enterprise_id": self.person.enterprise_id,
            "channel_id": self.channel_id,
            "text": self.text,
            "response_url": self.response_url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A pressed button; its value is the id of a card."""

    person: Person
    channel_id: str
    action_id: str
    card_id: str
    trigger_id: str
    response_url: str

    @classmethod
    def of(cls, payload: Mapping[str, object]) -> Self:
        """Read it; BadPayload."""
        part = _Part(payload)
        action = part.first("actions")
        return cls(
            person=_person(part),
            channel_id=part.part("container").text("channel_id"),
            action_id=action.one_of("action_id", ACTIONS),
            card_id=action.text("value"),
            trigger_id=part.text("trigger_id"),
            response_url=part.url("response_url"),
        )

    @property
    def body(self) -> dict[str, Any]:
        """The payload again, with nothing else in it."""
        return {
            "type": CLICK,
            **_shown(self.person),
            "container": {"channel_id": self.channel_id},
            "actions": [{"type": "button", "action_id": self.action_id, "value": self.card_id}],
            "trigger_id": self.trigger_id,
            "response_url": self.response_url,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The typed confirmation, with what was typed into it."""

    person: Person
    card_id: str
    entered: str

    @classmethod
    def of(cls, payload: Mapping[str, object]) -> Self:
        """Read it; BadPayload."""
        part = _Part(payload)
        view = part.part("view")
        view.one_of("callback_id", VIEWS)
        values = view.part("state").part("values")
        return cls(
            person=_person(part),
            card_id=view.text("private_metadata"),
            entered=values.part(dialogs.TYPED_BLOCK).part(dialogs.TYPED_ACTION).maybe("value"),
        )

    @property
    def body(self) -> dict[str, Any]:
        """The payload again, with nothing else in it."""
        values = {dialogs.TYPED_BLOCK: {dialogs.TYPED_ACTION: {"value": self.entered}}}
        return {
            "type": SUBMISSION,
            **_shown(self.person),
            "view": {
                "type": "modal",
                "callback_id": dialogs.TYPED_VIEW,
                "private_metadata": self.card_id,
                "state": {"values": values},
            },
        }


_KINDS: Mapping[str, Callable[[Mapping[str, object]], Click | Submission]] = {
    CLICK: Click.of,
    SUBMISSION: Submission.of,
}


def read(payload: object) -> Typed | Click | Submission:
    """Whatever Slack sent; BadPayload carries the name of the field that isn't as documented."""
    if not isinstance(payload, Mapping) or not payload:
        raise BadPayload("payload")
    if "command" in payload:
        return Typed.of(payload)
    return _KINDS[_Part(payload).one_of("type", _KINDS)](payload)


def is_url(value: object) -> bool:
    """Whether it is a web address that can be asked."""
    try:
        parts = urlsplit(value) if isinstance(value, str) and _is_plain(value) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc)


def _person(part: "_Part") -> Person:
    user, enterprise, team = part.part("user"), part.maybe_part("enterprise"), part.maybe_part("team")
    user_id, team_id = user.text("id"), user.text("team_id")
    if enterprise is not None:
        return Person(user_id=user_id, team_id=team_id, enterprise_id=enterprise.text("id"))
    of_team = team.maybe("enterprise_id") if team else ""
    return Person(user_id=user_id, team_id=team_id, enterprise_id=of_team)


def _shown(person: Person) -> dict[str, Any]:
    enterprise = {"id": person.enterprise_id} if person.enterprise_id else None
    return {"user": {"id": person.user_id, "team_id": person.team_id}, "enterprise": enterprise}


@dataclass(frozen=True, slots=True)
class _Part:
    """An object in a payload, and the path to it; every method raises BadPayload with the field's path."""

    found: Mapping[str, object]
    path: str = ""

    def text(self, name: str) -> str:
        """A string that says something."""
        value = self.found.get(name)
        if not isinstance(value, str) or not value or not _is_plain(value):
            raise self._bad(name)
        return value

    def maybe(self, name: str) -> str:
        """A string that may be empty, null or left out."""
        value = self.found.get(name)
        return "" if value is None or value == "" else self.text(name)

    def one_of(self, name: str, known: Container[str]) -> str:
        """One of the strings that this app has given to Slack, or knows of it."""
        value = self.text(name)
        if value not in known:
            raise self._bad(name)
        return value

    def url(self, name: str) -> str:
        """A web address."""
        if not is_url(self.found.get(name)):
            raise self._bad(name)
        return self.text(name)

    def part(self, name: str) -> "_Part":
        """An object."""
        value = self.found.get(name)
        if not isinstance(value, Mapping):
            raise self._bad(name)
        return _Part(value, f"{self.path}{name}.")

    def maybe_part(self, name: str) -> "_Part | None":
        """An object that may be null or left out."""
        return None if self.found.get(name) is None else self.part(name)

    def first(self, name: str) -> "_Part":
        """The first of a list of objects."""
        value = self.found.get(name)
        if not isinstance(value, list) or not value or not isinstance(value[0], Mapping):
            raise self._bad(name)
        return _Part(value[0], f"{self.path}{name}[0].")

    def _bad(self, name: str) -> BadPayload:
        return BadPayload(f"{self.path}{name}")


def _is_plain(text: str) -> bool:
    """Whether a database keeps it and UTF-8 carries it: no NUL, no half of a character."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)

"""What a person typed, read back from what Slack made of it.

With `should_escape: true` Slack sends people, channels, user groups and links marked up, and every & < >
that somebody typed as an entity. So a bare `<` is always Slack's own: who is mentioned is read before any
entity is, and nothing that was typed can turn into a mention.
"""

import re

_MARK_UP = re.compile(r"<([^<>]*)>")
_PERSON = re.compile(r"<@([UW][0-9A-Z]{2,20})(?:\|[^<>]*)?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # & last: "&amp;lt;" is a typed "&lt;"


def as_typed(sent: str) -> str:
    """The text with mentions and links as they were typed, and without any mark-up."""
    text = _MARK_UP.sub(_label, sent)
    for entity, char in _ENTITIES:
        text = text.replace(entity, char)
    return text


def as_sent(typed: str) -> str:
    """Text without mentions, as Slack sends it: `as_typed(as_sent(text)) == text`."""
    for entity, char in reversed(_ENTITIES):
        typed = typed.replace(char, entity)
    return typed


def take_people(sent: str) -> tuple[list[str], str]:
    """Give the ids of the people who are mentioned, and what was sent besides."""
    return _PERSON.findall(sent), _PERSON.sub(" ", sent)


def _label(mark_up: re.Match[str]) -> str:
    target, _, label = mark_up[1].partition("|")
    sign = {"!": "@"}.get(target[:1], target[:1])
    if sign not in {"@", "#"}:
        return label or target
    return sign + (label or target[1:].removeprefix("subteam^")).removeprefix(sign)

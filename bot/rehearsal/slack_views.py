"""Modals, and the trigger ids that may open them."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.rehearsal.limits import ApiError, check_view
from bot.rehearsal.workspace import Workspace

TRIGGER_LIFE_S = 3.0


class NoSuchInput(Exception):
    """A person can't fill this in: the view has no such field, or a required field is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A modal that one person sees now; `body` is what the app sent."""

    view_id: str
    reader: str
    body: dict[str, Any]
    hash: str
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """Its input blocks by block_id."""
        return {block["block_id"]: block for block in self.body["blocks"] if block["type"] == "input"}

    def state(self, values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """`state` of a submission with these values, by block_id and action_id; NoSuchInput."""
        for block_id, fields in values.items():
            for action_id in fields:
                if self.inputs.get(block_id, {}).get("element", {}).get("action_id") != action_id:
                    raise NoSuchInput(f"{block_id}/{action_id}")
        return {"values": {block_id: _filled(block, values) for block_id, block in self.inputs.items()}}


def _filled(block: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    element = block["element"]
    value = values.get(block["block_id"], {}).get(element["action_id"])
    if not value and not block.get("optional"):
        raise NoSuchInput(f"{block['block_id']} is required")
    return {element["action_id"]: {"type": element["type"], **_entered(element, value)}}


def _entered(element: Mapping[str, Any], value: Any) -> dict[str, Any]:
    if element["type"] == "plain_text_input":
        shortest, longest = element.get("min_length", 0), element.get("max_length", 3_000)
        if value and not shortest <= len(value) <= longest:
            raise NoSuchInput(f"{element['action_id']} takes {shortest} to {longest} characters")
        return {"value": value}
    wanted = {value} if isinstance(value, str) else set(value or ())
    chosen = [option for option in element["options"] if option["value"] in wanted]
    if len(chosen) != len(wanted):
        raise NoSuchInput(f"{element['action_id']} has no option {value}")
    if element["type"] == "checkboxes":
        return {"selected_options": chosen}
    return {"selected_option": chosen[0] if chosen else None}


class Views:
    """The modals that are open."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._clock: Callable[[], float] = workspace.clock
        self._triggers: dict[str, tuple[str, float]] = {}
        self._open: dict[str, View] = {}

    def trigger(self, reader: str) -> str:
        """A trigger id with which the app may open one modal for this person within three seconds."""
        trigger_id = f"{uuid.uuid4().int % 10**12}.{uuid.uuid4().hex}"
        self._triggers[trigger_id] = (reader, self._clock())
        return trigger_id

    def open(self, trigger_id: Any, body: Any) -> View:
        """Show a modal; ApiError: invalid or expired trigger_id, invalid_arguments."""
        reader, since = self._triggers.pop(trigger_id, (None, 0.0))
        if reader is None:
            raise ApiError("invalid_trigger_id")
        if self._clock() - since > TRIGGER_LIFE_S:
            raise ApiError("expired_trigger_id")
        check_view(body)
        return self._show(
            View(view_id=f"V{uuid.uuid4().hex[:10].upper()}", reader=reader, body=body, hash="")
        )

    def update(self, view_id: Any, external_id: Any, body: Any, expected_hash: Any = None) -> View:
        """Show another body; ApiError not_found, hash_conflict, invalid_arguments."""
        for view in tuple(self._open.values()):
            if view.view_id == view_id or (external_id and view.body.get("external_id") == external_id):
                if expected_hash not in (None, view.hash):
                    raise ApiError("hash_conflict")
                check_view(body)
                return self._show(replace(view, body=body, errors={}))
        raise ApiError("not_found")

    def refuse(self, view: View, errors: Any) -> View:
        """Show the app's errors beside the inputs; ApiError where they name no input block."""
        if not isinstance(errors, dict) or not errors or not errors.keys() <= view.inputs.keys():
            raise ApiError("invalid_arguments", "errors must be sentences by block_id of an input block")
        return self._show(replace(view, errors=errors))

    def _show(self, view: View) -> View:
        blocks = [{"block_id": uuid.uuid4().hex[:5], **block} for block in view.body["blocks"]]
        shown = replace(view, body={**view.body, "blocks": blocks}, hash=uuid.uuid4().hex[:10])
        with self._workspace.changed:
            self._open[shown.view_id] = shown
            self._workspace.tell("view", shown)
        return shown

    def close(self, view: View) -> None:
        """Take it away."""
        with self._workspace.changed:
            self._open.pop(view.view_id, None)
            self._workspace.tell("view_closed", view)

    def get(self, view_id: str) -> View:
        """One open modal; KeyError."""
        return self._open[view_id]

    def shown(self, reader: str) -> tuple[View, ...]:
        """The modals that a person sees."""
        return tuple(view for view in tuple(self._open.values()) if view.reader == reader)

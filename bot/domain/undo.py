"""What makes a deleted tunnel again: CreateVpnConnection's parameters, taken from what the cloud showed.

Source: VPC 2017-03-12, CreateVpnConnection and the VpnConnection of DescribeVpnConnections.
"""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.domain.ccn import CcnRoute, may_pass, on_ccn
from bot.domain.model import Route, Tunnel, Unreadable
from bot.domain.risk import Change
from bot.domain.text import clean
from bot.domain.undo_fields import INTEGRITY, OLD_INTEGRITY, PATH_LIMIT, read_parameters
from bot.errors import NoUndoKit

PSK = "REPLACE-WITH-THE-PRE-SHARED-KEY"
NAME_LIMIT = 60
DESCRIPTION_LIMIT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoKit:
    """Enough to make a tunnel again, but for its pre-shared key.

    parameters: in the API's own names; routes: those that pointed at the tunnel; ccn_routes: those of its
    gateway that may have led through it, None where the gateway is a VPC's. Each *_unread: why they aren't
    known, "" where they are. unknown: fields that the cloud showed, and that aren't known here.
    """

    region: str
    tunnel_id: str
    parameters: Mapping[str, object]
    routes: tuple[Route, ...] = ()
    routes_unread: str = ""
    ccn_routes: tuple[CcnRoute, ...] | None = None
    ccn_routes_unread: str = ""
    unknown: tuple[str, ...] = ()


_REQUIRED = ("VpnGatewayId", "CustomerGatewayId", "VpnConnectionName")


def kit_for(
    tunnel: Tunnel,
    routes: Sequence[Route] | Unreadable,
    region: str,
    *,
    ccn_routes: Sequence[CcnRoute] | Unreadable = (),
) -> UndoKit:
    """The kit of a tunnel as the cloud has just shown it.

    Raises NoUndoKit, with a sentence, where what it showed isn't enough, or can't be handed on whole.
    """
    try:
        shown = json.loads(tunnel.wire)
    except ValueError:
        shown = None
    if not isinstance(shown, dict):
        raise NoUndoKit(f"What the cloud showed of {tunnel.tunnel_id} can't be read.")
    try:
        parameters, unknown = read_parameters(shown)
    except NoUndoKit as what:
        raise NoUndoKit(f"Of {tunnel.tunnel_id} the cloud shows {what}.") from None
    for name in _REQUIRED:
        if name not in parameters:
            raise NoUndoKit(f"The cloud showed no {name} of {tunnel.tunnel_id}.")
    # A longer one can't have been given, and would only be refused.
    parameters["VpnConnectionName"] = str(parameters["VpnConnectionName"])[:NAME_LIMIT]
    if not parameters.get("EnableHealthCheck"):
        for name in ("EnableHealthCheck", "HealthCheckLocalIp", "HealthCheckRemoteIp", "HealthCheckConfig"):
            parameters.pop(name, None)
    parameters["PreShareKey"] = PSK
    read = () if isinstance(routes, Unreadable) else routes
    pointing = tuple(route for route in read if route.instance_id == tunnel.tunnel_id)
    passing = () if isinstance(ccn_routes, Unreadable) else may_pass(tunnel, ccn_routes)
    return UndoKit(
        region=region,
        tunnel_id=tunnel.tunnel_id,
        parameters=parameters,
        routes=pointing,
        routes_unread=routes.why if isinstance(routes, Unreadable) else "",
        ccn_routes=passing if on_ccn(tunnel) else None,
        ccn_routes_unread=ccn_routes.why if isinstance(ccn_routes, Unreadable) else "",
        unknown=(*unknown, *_unknown_of(tunnel.tunnel_id, pointing)),
    )


def _unknown_of(tunnel_id: str, routes: Sequence[Route]) -> list[str]:
    """The fields of its routes that aren't known, by their paths; NoUndoKit where one can't be read."""
    for route in routes:
        if route.odd:
            raise NoUndoKit(
                f"Of {tunnel_id} the cloud shows {_path(route.odd[0])} of the route to {route.destination}, "
                "which this version of vpn-bot can't read."
            )
    return sorted({_path(name) for route in routes for name in route.unknown})


def _path(name: str) -> str:
    return clean(f"Routes.{name}", PATH_LIMIT)


def changed(before: UndoKit, now: UndoKit) -> tuple[str, ...]:
    """The parameters that differ, by their full names, sorted, and “routes”; no list's order matters.

    With them each field that isn't known and that the cloud didn't show before: no kit has said so.
    """
    old, new = (dict(_settings(kit)) for kit in (before, now))
    came = {*now.unknown} - {*before.unknown}
    return tuple(sorted(came | {name for name in {*old, *new} if old.get(name) != new.get(name)}))


def _settings(kit: UndoKit) -> Iterator[tuple[str, object]]:
    """Each setting that a kit brings back, by its full name."""
    for name, value in kit.parameters.items():
        inner = value if isinstance(value, Mapping) else {}
        for part, one in inner.items():
            # The cloud may show it by one of its names now and by the other later.
            path = f"{name}.{part}"
            yield INTEGRITY if path == OLD_INTEGRITY else path, _ordered(one)
        if not inner:
            yield name, _ordered(value)
    yield "routes", sorted(map(repr, kit.routes))
    yield "CCN routes", sorted(map(repr, kit.ccn_routes or ()))


def _ordered(value: object) -> object:
    """With every list in one order: the cloud promises none."""
    if isinstance(value, Mapping):
        return {name: _ordered(one) for name, one in value.items()}
    return sorted(map(_ordered, value), key=repr) if isinstance(value, list) else value


def to_text(kit: UndoKit) -> str:
    """The kit as the ledger keeps it: JSON, in ASCII."""
    return json.dumps(asdict(kit), separators=(",", ":"))


def from_text(text: str) -> UndoKit:
    """The kit that `to_text` wrote; ValueError where it can't be read."""
    try:
        kept = json.loads(text)
        routes = tuple(map(_kept_route, kept.pop("routes")))
        ccn = kept.pop("ccn_routes", None)
        ccn_routes = None if ccn is None else tuple(CcnRoute(**route) for route in ccn)
        unknown = tuple(map(str, kept.pop("unknown", ())))
        return UndoKit(**kept, routes=routes, ccn_routes=ccn_routes, unknown=unknown)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("the undo kit is damaged") from None


def _kept_route(kept: dict[str, Any]) -> Route:
    """JSON has no tuples."""
    return Route(**{**kept, **{name: tuple(kept.get(name, ())) for name in ("unknown", "odd")}})


def as_json(kit: UndoKit) -> str:
    """CreateVpnConnection's parameters, indented and in ASCII, so that nothing in them is invisible."""
    return json.dumps(kit.parameters, indent=2)


def as_command(kit: UndoKit) -> str:
    """The same as one tccli command for a POSIX shell, whatever names and tags hold."""
    words = ["tccli", "vpc", "CreateVpnConnection", "--region", kit.region]
    for name, value in kit.parameters.items():
        text = (
            value if isinstance(value, str) else str(value) if isinstance(value, bool | int) else _json(value)
        )
        # A value with a dash in front would be taken for an option.
        words += [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]
    return " ".join(map(_quoted, words))


def route_text(route: Route) -> str:
    """A route for people: where to, whether it is on, its priority, its type, and what is written on it."""
    priority = "" if route.priority is None else f"priority {route.priority}"
    kind = f"type {route.kind}" if route.kind else ""
    described = f"“{clean(route.description, DESCRIPTION_LIMIT)}”" if route.description else ""
    return ", ".join(filter(None, (route.destination, route.status, priority, kind, described)))


def ccn_route_text(route: CcnRoute) -> str:
    """A route of a Cloud Connect Network for people."""
    return ", ".join(filter(None, (route.destination, route.status)))


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _quoted(word: str) -> str:
    """A word for the shell; what a terminal would hide or obey is written as an escape, as POSIX has it.

    A shell takes line breaks from the end of what it substitutes; nothing that the cloud takes ends so.
    """
    if word.isprintable():
        return shlex.quote(word)
    escaped = "".join(char if char.isprintable() and char not in "\\'" else _escape(char) for char in word)
    return f"\"$(printf %b '{escaped}')\""


def _escape(char: str) -> str:
    return "".join(f"\\0{byte:03o}" for byte in char.encode("utf-8", "replace"))


def other_settings(
    said: UndoKit,
    now: Tunnel,
    routes: Sequence[Route] | Unreadable,
    ccn_routes: Sequence[CcnRoute] | Unreadable,
) -> tuple[Change, ...]:
    """What the undo kit in the thread doesn't bring back any more."""
    try:
        kit = kit_for(now, routes, said.region, ccn_routes=ccn_routes)
    except NoUndoKit as error:
        return (Change(what="Undo kit", before=None, now=str(error)),)
    other = changed(said, kit)
    return (Change(what="Other settings", before=None, now=", ".join(other)),) if other else ()

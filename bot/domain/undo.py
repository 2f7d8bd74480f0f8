"""What makes a deleted tunnel again: CreateVpnConnection's parameters, taken from what the cloud showed.

Source: VPC 2017-03-12, CreateVpnConnection and the VpnConnection of DescribeVpnConnections.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from bot.domain.model import Route, Tunnel, Unreadable
from bot.errors import NoUndoKit

PSK = "REPLACE-WITH-THE-PRE-SHARED-KEY"
NAME_LIMIT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoKit:
    """Enough to make a tunnel again, but for its pre-shared key.

    parameters: in the API's own names; routes: those that pointed at the tunnel; routes_unread: why they
    aren't known, "" where they are.
    """

    region: str
    tunnel_id: str
    parameters: Mapping[str, object]
    routes: tuple[Route, ...] = ()
    routes_unread: str = ""


_NOTHING: tuple[object, ...] = (None, "", [], {})
# From a value that isn't nothing to what is handed on; NoUndoKit where it isn't of the documented kind.
Take = Callable[[object], object]


def _text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NoUndoKit("no text")
    return str(value)


def _number(value: object) -> object:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):
        return int(value)
    raise NoUndoKit("no whole number")


def _flag(value: object) -> object:
    flags = {"true": True, "1": True, "false": False, "0": False}
    try:
        return flags[str(value).lower()]
    except KeyError:
        raise NoUndoKit("neither true nor false") from None


def _list_of(take: Take) -> Take:
    def read(value: object) -> object:
        values = value if isinstance(value, list) else [value]
        return [take(one) for one in values if one not in _NOTHING]

    return read


def _shape(**fields: Take) -> Callable[[object], dict[str, object]]:
    """An object with these fields and no others: what the cloud adds one day isn't handed on unseen."""

    def read(value: object) -> dict[str, object]:
        if not isinstance(value, dict):
            raise NoUndoKit("no object")
        taken = {name: _read(take, value.get(name)) for name, take in fields.items()}
        return {name: one for name, one in taken.items() if one is not None}

    return read


def _tag(value: object) -> object:
    return {"Key": "", "Value": "", **_shape(Key=_text, Value=_text)(value)}


def _read(take: Take, value: object) -> object | None:
    """What is handed on of a field; None where the cloud showed nothing."""
    taken = None if value in _NOTHING else take(value)
    return None if taken in _NOTHING else taken


_POLICY = _shape(LocalCidrBlock=_text, RemoteCidrBlock=_list_of(_text))
_IKE = _shape(
    PropoEncryAlgorithm=_text,
    PropoAuthenAlgorithm=_text,
    ExchangeMode=_text,
    LocalIdentity=_text,
    RemoteIdentity=_text,
    LocalAddress=_text,
    RemoteAddress=_text,
    LocalFqdnName=_text,
    RemoteFqdnName=_text,
    DhGroupName=_text,
    IKESaLifetimeSeconds=_number,
    IKEVersion=_text,
)
_IPSEC = _shape(
    EncryptAlgorithm=_text,
    IntegrityAlgorith=_text,
    IPSECSaLifetimeSeconds=_number,
    PfsDhGroup=_text,
    IPSECSaLifetimeTraffic=_number,
)
_PROBE = _shape(ProbeType=_text, ProbeInterval=_number, ProbeThreshold=_number, ProbeTimeout=_number)
_BGP = _shape(TunnelCidr=_text, LocalBgpIp=_text, RemoteBgpIp=_text)
# CreateVpnConnection's parameter: the field of the VpnConnection that it comes from, and how it is read.
_PARAMETERS: Mapping[str, tuple[str, Take]] = {
    "VpcId": ("VpcId", _text),
    "VpnGatewayId": ("VpnGatewayId", _text),
    "CustomerGatewayId": ("CustomerGatewayId", _text),
    "VpnConnectionName": ("VpnConnectionName", _text),
    "SecurityPolicyDatabases": ("SecurityPolicyDatabaseSet", _list_of(_POLICY)),
    "IKEOptionsSpecification": ("IKEOptionsSpecification", _IKE),
    "IPSECOptionsSpecification": ("IPSECOptionsSpecification", _IPSEC),
    "RouteType": ("RouteType", _text),
    "NegotiationType": ("NegotiationType", _text),
    "EnableHealthCheck": ("EnableHealthCheck", _flag),
    "HealthCheckLocalIp": ("HealthCheckLocalIp", _text),
    "HealthCheckRemoteIp": ("HealthCheckRemoteIp", _text),
    "HealthCheckConfig": ("HealthCheckConfig", _PROBE),
    "DpdEnable": ("DpdEnable", _number),
    "DpdTimeout": ("DpdTimeout", _text),
    "DpdAction": ("DpdAction", _text),
    "Tags": ("TagSet", _list_of(_tag)),
    "BgpConfig": ("BgpConfig", _BGP),
}
_REQUIRED = ("VpnGatewayId", "CustomerGatewayId", "VpnConnectionName")


def kit_for(tunnel: Tunnel, routes: Sequence[Route] | Unreadable, region: str) -> UndoKit:
    """The kit of a tunnel as the cloud has just shown it.

    Raises NoUndoKit, with a sentence, where what it showed isn't enough, or can't be handed on whole.
    """
    try:
        shown = json.loads(tunnel.wire)
    except ValueError:
        shown = None
    if not isinstance(shown, dict):
        raise NoUndoKit(f"What the cloud showed of {tunnel.tunnel_id} can't be read.")
    parameters: dict[str, object] = {}
    for name, (field, take) in _PARAMETERS.items():
        try:
            taken = _read(take, shown.get(field))
        except NoUndoKit as error:
            raise NoUndoKit(
                f"The cloud showed the {field} of {tunnel.tunnel_id} in a form that isn't known ({error})."
            ) from None
        if taken is not None:
            parameters[name] = taken
    for name in _REQUIRED:
        if name not in parameters:
            raise NoUndoKit(f"The cloud showed no {name} of {tunnel.tunnel_id}.")
    # A longer one can't have been given, and would only be refused.
    parameters["VpnConnectionName"] = str(parameters["VpnConnectionName"])[:NAME_LIMIT]
    if not parameters.get("EnableHealthCheck"):
        for name in ("EnableHealthCheck", "HealthCheckLocalIp", "HealthCheckRemoteIp", "HealthCheckConfig"):
            parameters.pop(name, None)
    parameters["PreShareKey"] = PSK
    unread = isinstance(routes, Unreadable)
    pointing = () if isinstance(routes, Unreadable) else routes
    return UndoKit(
        region=region,
        tunnel_id=tunnel.tunnel_id,
        parameters=parameters,
        routes=tuple(route for route in pointing if route.instance_id == tunnel.tunnel_id),
        routes_unread=routes.why if unread and isinstance(routes, Unreadable) else "",
    )


def changed(before: UndoKit, now: UndoKit) -> tuple[str, ...]:
    """The names of the parameters that differ, sorted, and “routes”; no list's order matters."""
    old, new = ({**kit.parameters, "routes": list(map(repr, kit.routes))} for kit in (before, now))
    return tuple(sorted(name for name in {*old, *new} if _ordered(old.get(name)) != _ordered(new.get(name))))


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
        routes = tuple(Route(**route) for route in kept.pop("routes"))
        return UndoKit(**kept, routes=routes)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("the undo kit is damaged") from None


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
    """A route for people: where to, whether it is on, and its priority."""
    priority = "" if route.priority is None else f", priority {route.priority}"
    return f"{route.destination}, {route.status}{priority}"


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

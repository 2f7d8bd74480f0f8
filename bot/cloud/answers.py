"""What the cloud's answers mean: pure functions from a status and a JSON document to values and refusals.

Source: Tencent Cloud API 3.0, "Responses" and VPC 2017-03-12, DescribeVpnConnections.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Generic, TypeVar

from bot.domain.ccn import CcnRoute
from bot.domain.model import Route, SecurityPolicy, Tunnel
from bot.errors import OutcomeUnknown, Refused

# The cloud answers these when it doesn't know itself whether the call was carried out.
UNKNOWN_OUTCOME_CODES = ("InternalError", "InternalServerError", "ServiceUnavailable")

_WORD = re.compile(r"[\x21-\x7e]{1,128}")
# Named like a secret, whatever the cloud may add; "Key" alone is a tag's.
_SECRET_NAME = re.compile(r"(?is)(?!key$).*(key|psk|secret|password|passphrase|token|credential).*")

_HIDDEN = "(hidden)"

# Tunnels of these kinds go by routes, and may have no policies.
_ROUTED = frozenset({"static", "staticroute", "bgp"})

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The cloud took the call; what it asked for happens later."""

    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """The tunnels of one DescribeVpnConnections, in its order; `total_count` is the cloud's own figure.

    None where it showed none.
    """

    tunnels: tuple[Tunnel, ...]
    total_count: int | None
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """A part of a list: its items by what tells them apart, and the cloud's own figure for the whole.

    total_count: None where the cloud showed none, as the documents allow for routes.
    """

    items: Mapping[str, Item]
    total_count: int | None
    request_id: str


def document(body: bytes) -> object:
    """The JSON in `body` without what any field named like a secret holds, or None when it isn't JSON.

    Doesn't raise, because a JSONDecodeError keeps the whole body, and with it the keys, within reach.
    """
    try:
        return json.loads(body, object_hook=_without_secrets)
    except (ValueError, RecursionError):
        return None


def response(status: int, document: object) -> Mapping[str, object]:
    """The fields of a successful answer (HTTP `status`, its JSON); `RequestId` among them is a string.

    Raises Refused when the cloud said no, OutcomeUnknown for everything that is neither a yes nor a no.
    """
    fields = document.get("Response") if isinstance(document, dict) else None
    if not isinstance(fields, dict):
        raise OutcomeUnknown(f"HTTP {status} without an answer of the API")
    request_id = _word(fields.get("RequestId"))
    if "Error" in fields:
        raise _error(status, fields["Error"], request_id)
    if status != 200 or request_id is None:
        raise OutcomeUnknown(f"HTTP {status} with neither a success nor an error", request_id=request_id)
    return fields


def accepted(fields: Mapping[str, object]) -> Accepted:
    """What a call without an answer of its own gives."""
    return Accepted(request_id=str(fields["RequestId"]))


def described(fields: Mapping[str, object], *, is_page: bool = False) -> Described:
    """The tunnels in an answer of DescribeVpnConnections; fields may be missing, new or of another type.

    Raises OutcomeUnknown when the set is incomplete (and isn't one page of several), or one of its entries
    bears no id: a tunnel that can't be read must not pass for one that is gone.
    """
    request_id = str(fields["RequestId"])
    entries, total_count = _list(fields, "VpnConnectionSet", "tunnels")
    if not is_page and (total_count or 0) > len(entries):
        raise OutcomeUnknown("the list of tunnels is incomplete", request_id=request_id)
    tunnels = tuple(map(_tunnel, entries))
    if not all(tunnel.tunnel_id for tunnel in tunnels):
        raise OutcomeUnknown("a tunnel in the list can't be read", request_id=request_id)
    return Described(tunnels=tunnels, total_count=total_count, request_id=request_id)


def tunnels(fields: Mapping[str, object]) -> Page[Tunnel]:
    """`described`, for one page of several."""
    page = described(fields, is_page=True)
    by_id = {tunnel.tunnel_id: tunnel for tunnel in page.tunnels}
    return Page(items=by_id, total_count=page.total_count, request_id=page.request_id)


def routes(fields: Mapping[str, object]) -> Page[Route]:
    """The routes in a page of DescribeVpnGatewayRoutes.

    Raises OutcomeUnknown when one can't be read: it may point at the tunnel that is asked about.
    """
    entries, total_count = _list(fields, "Routes", "routes")
    request_id = str(fields["RequestId"])
    by_id = {_text(entry.get("RouteId")) or repr(entry): _route(entry) for entry in entries}
    if not all(route.destination and route.instance_id for route in by_id.values()):
        raise OutcomeUnknown("a route in the list can't be read", request_id=request_id)
    return Page(items=by_id, total_count=total_count, request_id=request_id)


def ccn_routes(fields: Mapping[str, object]) -> Page[CcnRoute]:
    """The routes in a page of DescribeVpnGatewayCcnRoutes.

    Raises OutcomeUnknown when one can't be read: it may lead through the tunnel that is asked about.
    """
    entries, total_count = _list(fields, "RouteSet", "CCN routes")
    request_id = str(fields["RequestId"])
    by_id = {_text(entry.get("RouteId")) or repr(entry): _ccn_route(entry) for entry in entries}
    if not all(route.destination for route in by_id.values()):
        raise OutcomeUnknown("a CCN route in the list can't be read", request_id=request_id)
    return Page(items=by_id, total_count=total_count, request_id=request_id)


def _ccn_route(fields: Mapping[str, object]) -> CcnRoute:
    return CcnRoute(destination=_text(fields.get("DestinationCidrBlock")), status=_text(fields.get("Status")))


def _without_secrets(fields: dict[str, object]) -> dict[str, object]:
    """With the names alone of those: whoever makes a tunnel again must know that there was something."""
    return {name: _HIDDEN if _is_secret(name) and value else value for name, value in fields.items()}


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    """Whether a field is named like a secret; a list of tunnels has the same few names again and again."""
    return _SECRET_NAME.fullmatch(name) is not None


def _list(fields: Mapping[str, object], name: str, what: str) -> tuple[list[dict[str, object]], int | None]:
    """The objects in a list and the cloud's count of all; OutcomeUnknown when anything else is in it."""
    entries = fields.get(name)
    total_count = _count(fields.get("TotalCount"))
    if entries is None and total_count == 0:
        return [], 0
    objects = _objects(entries)
    if not isinstance(entries, list) or len(objects) < len(entries):
        raise OutcomeUnknown(f"the list of {what} can't be read", request_id=str(fields["RequestId"]))
    return objects, total_count


def _error(status: int, error: object, request_id: str | None) -> Refused | OutcomeUnknown:
    code = _word(error.get("Code")) if isinstance(error, dict) else None
    if not isinstance(error, dict) or code is None:
        return OutcomeUnknown(f"HTTP {status} with an error that has no code", request_id=request_id)
    if code.startswith(UNKNOWN_OUTCOME_CODES):
        return OutcomeUnknown(f"the cloud answered {code}", code=code, request_id=request_id)
    if status == 200 or 400 <= status < 500:
        return Refused(code, _text(error.get("Message")), request_id)
    return OutcomeUnknown(f"HTTP {status} with {code}", code=code, request_id=request_id)


def _tunnel(fields: Mapping[str, object]) -> Tunnel:
    return Tunnel(
        tunnel_id=_text(fields.get("VpnConnectionId")),
        gateway_id=_text(fields.get("VpnGatewayId")),
        name=_text(fields.get("VpnConnectionName")),
        vpc_id=_text(fields.get("VpcId")),
        customer_gateway_id=_text(fields.get("CustomerGatewayId")),
        state=_text(fields.get("State")),
        net_status=_text(fields.get("NetStatus")),
        health_check_enabled=_flag(fields.get("EnableHealthCheck")),
        health_check_status=_text(fields.get("HealthCheckStatus")),
        route_type=_text(fields.get("RouteType")),
        created_time=_text(fields.get("CreatedTime")),
        policies=tuple(
            SecurityPolicy(
                local_cidr=_text(policy.get("LocalCidrBlock")),
                remote_cidrs=_texts(policy.get("RemoteCidrBlock")),
            )
            for policy in _objects(fields.get("SecurityPolicyDatabaseSet"))
        ),
        tags=tuple(
            (_text(tag.get("Key")), _text(tag.get("Value"))) for tag in _objects(fields.get("TagSet"))
        ),
        odd=tuple(_odd(fields)),
        bgp=_bgp(fields.get("BgpConfig")),
        wire=_wire(fields),
    )


def _odd(fields: Mapping[str, object]) -> Iterator[str]:
    """The names of fields that can't be read as documented, and whose absence may hide what is at stake."""
    routed = _text(fields.get("RouteType")).lower() in _ROUTED
    tags, policies, bgp = (fields.get(name) for name in ("TagSet", "SecurityPolicyDatabaseSet", "BgpConfig"))
    if not _all_have(tags, "Key"):
        yield "TagSet"
    if not _all_have(policies, "LocalCidrBlock", "RemoteCidrBlock") and not (policies is None and routed):
        yield "SecurityPolicyDatabaseSet"
    if bgp is not None and not isinstance(bgp, dict):
        yield "BgpConfig"
    if fields.get("EnableHealthCheck") is not None and _flag(fields.get("EnableHealthCheck")) is None:
        yield "EnableHealthCheck"
    if _flag(fields.get("EnableHealthCheck")) and not _text(fields.get("HealthCheckStatus")):
        yield "HealthCheckStatus"


def _all_have(entries: object, *names: str) -> bool:
    """Whether it is a list of objects that have all of these."""
    objects = _objects(entries)
    whole = isinstance(entries, list) and len(objects) == len(entries)
    return whole and all(_texts(entry.get(name)) for entry in objects for name in names)


def _bgp(config: object) -> str:
    """Both ends of a BGP session: “AS 64551 169.254.128.1 ↔ AS 65530 169.254.128.2”."""
    if not isinstance(config, dict):
        return ""
    ends = (
        " ".join(filter(None, [f"AS {asn}" if (asn := _text(config.get(f"{side}BgpAsn"))) else "", address]))
        for side in ("Local", "Remote")
        for address in [_text(config.get(f"{side}BgpIp"))]
    )
    return " ↔ ".join(end or "?" for end in ends)


def _route(fields: Mapping[str, object]) -> Route:
    return Route(
        destination=_text(fields.get("DestinationCidrBlock")),
        instance_type=_text(fields.get("InstanceType")),
        instance_id=_text(fields.get("InstanceId")),
        priority=_count(fields.get("Priority")),
        status=_text(fields.get("Status")),
        kind=_text(fields.get("Type")),
        description=_text(fields.get("Description")),
    )


def _wire(fields: Mapping[str, object]) -> str:
    """The fields as JSON; "" where they are nested too deep to be written, which no tunnel is."""
    try:
        return json.dumps(fields, separators=(",", ":"))
    except RecursionError:
        return ""


def _word(value: object) -> str | None:
    """A code or an id: printable, without spaces, short enough for a log line; None for anything else."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _text(value: object) -> str:
    """A string, or a number that came in its place; "" for anything else."""
    if isinstance(value, str):
        # JSON may hold half a surrogate pair and NUL; no database keeps them. A thousand tunnels share most
        # of their texts, so each is kept once.
        return intern(value.encode(errors="replace").decode().replace("\0", ""))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(text for text in map(_text, values) if text)


def _objects(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _count(value: object) -> int | None:
    text = _text(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _flag(value: object) -> bool | None:
    text = str(value).lower() if isinstance(value, bool) else _text(value).lower()
    return {"true": True, "1": True, "false": False, "0": False}.get(text)

"""What the cloud's answers mean: pure functions from a status and a JSON document to values and refusals.

Source: Tencent Cloud API 3.0, "Responses" and VPC 2017-03-12, DescribeVpnConnections.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from bot.cloud import lenient
from bot.domain.model import SecurityPolicy, Tunnel
from bot.domain.own_codes import OwnCode
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
        raise lenient.not_an_answer(f"HTTP {status} without an answer of the API")
    request_id = _word(fields.get("RequestId"))
    if "Error" in fields:
        raise _error(status, fields["Error"], request_id)
    if status != 200 or request_id is None:
        raise lenient.not_an_answer(f"HTTP {status} with neither a success nor an error", request_id)
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
    entries, total_count = lenient.entries(fields, "VpnConnectionSet", "tunnels")
    if not is_page and (total_count or 0) > len(entries):
        raise OutcomeUnknown(
            f"{len(entries)} of {total_count} tunnels are listed",
            code=OwnCode.INCOMPLETE_LIST,
            request_id=request_id,
        )
    tunnels = tuple(map(_tunnel, entries))
    if not all(tunnel.tunnel_id for tunnel in tunnels):
        raise lenient.unreadable_entry("a tunnel has no id", request_id)
    return Described(tunnels=tunnels, total_count=total_count, request_id=request_id)


def tunnels(fields: Mapping[str, object]) -> Page[Tunnel]:
    """`described`, for one page of several."""
    page = described(fields, is_page=True)
    by_id = {tunnel.tunnel_id: tunnel for tunnel in page.tunnels}
    return Page(items=by_id, total_count=page.total_count, request_id=page.request_id)


def _without_secrets(fields: dict[str, object]) -> dict[str, object]:
    """With the names alone of those: whoever makes a tunnel again must know that there was something."""
    return {name: _HIDDEN if _is_secret(name) and value else value for name, value in fields.items()}


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    """Whether a field is named like a secret; a list of tunnels has the same few names again and again."""
    return _SECRET_NAME.fullmatch(name) is not None


def _error(status: int, error: object, request_id: str | None) -> Refused | OutcomeUnknown:
    code = _word(error.get("Code")) if isinstance(error, dict) else None
    if not isinstance(error, dict) or code is None:
        return lenient.not_an_answer(f"HTTP {status} with an error that has no code", request_id)
    if code.startswith(UNKNOWN_OUTCOME_CODES):
        return OutcomeUnknown(f"the cloud answered {code}", code=code, request_id=request_id)
    if status == 200 or 400 <= status < 500:
        return Refused(code, lenient.text(error.get("Message")), request_id)
    return OutcomeUnknown(f"HTTP {status} with {code}", code=code, request_id=request_id)


def _tunnel(fields: Mapping[str, object]) -> Tunnel:
    return Tunnel(
        tunnel_id=lenient.text(fields.get("VpnConnectionId")),
        gateway_id=lenient.text(fields.get("VpnGatewayId")),
        name=lenient.text(fields.get("VpnConnectionName")),
        vpc_id=lenient.text(fields.get("VpcId")),
        customer_gateway_id=lenient.text(fields.get("CustomerGatewayId")),
        state=lenient.text(fields.get("State")),
        net_status=lenient.text(fields.get("NetStatus")),
        health_check_enabled=lenient.flag(fields.get("EnableHealthCheck")),
        health_check_status=lenient.text(fields.get("HealthCheckStatus")),
        route_type=lenient.text(fields.get("RouteType")),
        created_time=lenient.text(fields.get("CreatedTime")),
        policies=tuple(
            SecurityPolicy(
                local_cidr=lenient.text(policy.get("LocalCidrBlock")),
                remote_cidrs=lenient.texts(policy.get("RemoteCidrBlock")),
            )
            for policy in lenient.objects(fields.get("SecurityPolicyDatabaseSet"))
        ),
        tags=tuple(
            (lenient.text(tag.get("Key")), lenient.text(tag.get("Value")))
            for tag in lenient.objects(fields.get("TagSet"))
        ),
        odd=tuple(_odd(fields)),
        bgp=_bgp(fields.get("BgpConfig")),
        wire=_wire(fields),
    )


def _odd(fields: Mapping[str, object]) -> Iterator[str]:
    """The names of fields that can't be read as documented, and whose absence may hide what is at stake."""
    routed = lenient.text(fields.get("RouteType")).lower() in _ROUTED
    tags, policies, bgp = (fields.get(name) for name in ("TagSet", "SecurityPolicyDatabaseSet", "BgpConfig"))
    if not _all_have(tags, "Key"):
        yield "TagSet"
    if not _all_have(policies, "LocalCidrBlock", "RemoteCidrBlock") and not (policies is None and routed):
        yield "SecurityPolicyDatabaseSet"
    if bgp is not None and not isinstance(bgp, dict):
        yield "BgpConfig"
    if fields.get("EnableHealthCheck") is not None and lenient.flag(fields.get("EnableHealthCheck")) is None:
        yield "EnableHealthCheck"
    if lenient.flag(fields.get("EnableHealthCheck")) and not lenient.text(fields.get("HealthCheckStatus")):
        yield "HealthCheckStatus"


def _all_have(entries: object, *names: str) -> bool:
    """Whether it is a list of objects that have all of these."""
    objects = lenient.objects(entries)
    whole = isinstance(entries, list) and len(objects) == len(entries)
    return whole and all(lenient.texts(entry.get(name)) for entry in objects for name in names)


def _bgp(config: object) -> str:
    """Both ends of a BGP session: “AS 64551 169.254.128.1 ↔ AS 65530 169.254.128.2”."""
    if not isinstance(config, dict):
        return ""
    ends = (
        (lenient.text(config.get(f"{side}BgpAsn")), lenient.text(config.get(f"{side}BgpIp")))
        for side in ("Local", "Remote")
    )
    shown = (" ".join(filter(None, [f"AS {asn}" if asn else "", address])) for asn, address in ends)
    return " ↔ ".join(end or "?" for end in shown)


def _wire(fields: Mapping[str, object]) -> str:
    """The fields as JSON; "" where they are nested too deep to be written, which no tunnel is."""
    try:
        return json.dumps(fields, separators=(",", ":"))
    except RecursionError:
        return ""


def _word(value: object) -> str | None:
    """A code or an id: printable, without spaces, short enough for a log line; None for anything else."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None

"""What CreateVpnConnection takes, read from what DescribeVpnConnections showed; nothing is left out unsaid.

Source: VPC 2017-03-12, CreateVpnConnection, VpnConnection and the objects in it.
"""

import re
from collections.abc import Callable, Mapping

from bot.domain.text import clean
from bot.errors import NoUndoKit

OLD_INTEGRITY = "IPSECOptionsSpecification.IntegrityAlgorith"
INTEGRITY = "IPSECOptionsSpecification.IntegrityAlgorithm"
_NOTHING: tuple[object, ...] = (None, "", [], {})
PATH_LIMIT = 160
# From a value that isn't nothing, and its path, to what is handed on; NoUndoKit where it isn't as documented.
Take = Callable[[object, str], object]


def read_parameters(shown: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
    """The parameters of CreateVpnConnection that the cloud showed, and what it showed that isn't known.

    Of the latter there are only simple fields of the tunnel itself, which may say how it runs: one that is
    an object, and any in another object, are settings that would be lost.

    Raises NoUndoKit, with half a sentence, where something can't be handed on as it is.
    """
    parameters: dict[str, object] = {}
    for name, (field, take) in _PARAMETERS.items():
        taken = _read(take, shown.get(field), field)
        if taken is not None:
            parameters[name] = taken
    _check_integrity(parameters.get("IPSECOptionsSpecification"))
    known = {field for field, _ in _PARAMETERS.values()} | _NOT_TAKEN
    unknown = [name for name in shown if name not in known and shown[name] not in _NOTHING]
    for name in unknown:
        if isinstance(shown[name], dict | list):
            raise _unknown("", name)
    return parameters, tuple(clean(name, PATH_LIMIT) for name in sorted(unknown))


def _check_integrity(ipsec: object) -> None:
    """One thing under two names, the older one misspelt; without either, a new tunnel would get SHA1."""
    if not isinstance(ipsec, dict):
        return
    old, new = ipsec.get("IntegrityAlgorith"), ipsec.get("IntegrityAlgorithm")
    if old and new and old != new:
        raise NoUndoKit(
            f"{OLD_INTEGRITY} as {clean(old, 40)} and {INTEGRITY} as {clean(new, 40)}, which disagree"
        )
    # These modes check integrity themselves.
    if not old and not new and "GCM" not in str(ipsec.get("EncryptAlgorithm")):
        raise NoUndoKit(f"no {INTEGRITY}")


def _read(take: Take, value: object, path: str) -> object | None:
    """What is handed on of a field; None where the cloud showed nothing."""
    taken = None if value in _NOTHING else take(value, path)
    return None if taken in _NOTHING else taken


def _odd(path: str, why: str) -> NoUndoKit:
    return NoUndoKit(f"{clean(path, PATH_LIMIT)} in a form that isn't known ({why})")


def _unknown(path: str, name: str) -> NoUndoKit:
    where = f"{path}.{name}" if path else name
    return NoUndoKit(f"{clean(where, PATH_LIMIT)}, a field that this version of vpn-bot doesn't know")


def _text(value: object, path: str) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _odd(path, "no text")
    return str(value)


def _number(value: object, path: str) -> object:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):
        return int(value)
    raise _odd(path, "no whole number")


def _flag(value: object, path: str) -> object:
    flags = {"true": True, "1": True, "false": False, "0": False}
    try:
        return flags[str(value).lower()]
    except KeyError:
        raise _odd(path, "neither true nor false") from None


def _list_of(take: Take) -> Take:
    def read(value: object, path: str) -> object:
        values = value if isinstance(value, list) else [value]
        return [take(one, f"{path}.{number}") for number, one in enumerate(values) if one not in _NOTHING]

    return read


def _shape(*, _but: tuple[str, ...] = (), **fields: Take) -> Take:
    """An object with these fields; those in `_but` aren't handed on. With any other, there is no kit."""

    def read(value: object, path: str) -> object:
        if not isinstance(value, dict):
            raise _odd(path, "no object")
        for name in value:
            if name not in fields and name not in _but and value[name] not in _NOTHING:
                raise _unknown(path, name)
        taken = {name: _read(take, value.get(name), f"{path}.{name}") for name, take in fields.items()}
        return {name: one for name, one in taken.items() if one is not None}

    return read


def _tag(value: object, path: str) -> object:
    read = _shape(Key=_text, Value=_text)(value, path)
    return {"Key": "", "Value": "", **read} if isinstance(read, dict) else read


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
    IntegrityAlgorithm=_text,
    IPSECSaLifetimeSeconds=_number,
    PfsDhGroup=_text,
    IPSECSaLifetimeTraffic=_number,
)
_PROBE = _shape(ProbeType=_text, ProbeInterval=_number, ProbeThreshold=_number, ProbeTimeout=_number)
# The numbers of the autonomous systems are the gateways' own.
_BGP = _shape(TunnelCidr=_text, LocalBgpIp=_text, RemoteBgpIp=_text, _but=("LocalBgpAsn", "RemoteBgpAsn"))
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
# What a new tunnel gets from the cloud, or its owner supplies.
_NOT_TAKEN = frozenset(
    {
        *("VpnConnectionId", "VpnProto", "EncryptProto", "CreatedTime", "State", "NetStatus"),
        *("HealthCheckStatus", "PreShareKey"),
    }
)

"""What has changed since a card was made, in a few words of ours; none of them are foreign."""

from collections.abc import Collection, Sequence

from bot.domain.risk import (
    ELSEWHERE,
    NET_STATUS,
    NO_LONGER_EXISTS,
    ON_ANOTHER_GATEWAY,
    STATE,
    Change,
)

NEXT = "; "
_KEPT, _SHOWN = 5, 2
_IS_PROTECTED, _PROTECTED = "it is protected", "it is now protected"
_SOMEBODY_ELSE = "somebody else is deleting it (DELETING)"
_FIRST = (_SOMEBODY_ELSE, _PROTECTED)
_FIXED = {
    ELSEWHERE.what: "it is no longer on its gateway",
    ON_ANOTHER_GATEWAY.what: "it moved to another gateway",
    NO_LONGER_EXISTS.what: "it no longer exists",
    "Gateway": "it moved to another gateway",
    "Customer gateway": "it has another customer gateway",
    "Name": "it was renamed",
    "Undo kit": "no undo kit can be made any more",
    "CIDRs": "its CIDRs changed",
    "Tags": "its tags changed",
    "BGP": "its BGP changed",
    "Created": "its creation time changed",
    "CCN routes": "its CCN routes changed",
}
_NET = {"AVAILABLE": "it came up", "UNAVAILABLE": "it went down"}


def is_being_deleted(changes: Collection[Change]) -> bool:
    """Whether the cloud deletes the tunnel by now, although nothing was sent for this card."""
    return any(one.what == STATE and one.now == "DELETING" for one in changes)


def in_words(found: Sequence[tuple[str, Sequence[Change]]], size: int) -> str:
    """What changed, joined with NEXT. found: tunnels' ids with their changes. size: the whole card's."""
    if size == 1:
        return NEXT.join(_kept([word for _, changes in found for word in _words(changes)]))
    gone = [tunnel_id for tunnel_id, changes in found if NO_LONGER_EXISTS in changes]
    first = [f"{gone[0]} of the {size} no longer exists"] if gone else []
    if gone[1:]:
        first = [f"{len(gone)} of the {size} no longer exist"]
    others = [
        f"{one} changed: {', '.join(_words(changes)[:_SHOWN])}" for one, changes in found if one not in gone
    ]
    return NEXT.join(_kept([*first, *others]))


def shortly(words: str) -> str:
    """The first two of what `in_words` gave; that there is more is shown."""
    each = words.split(NEXT)
    return NEXT.join([*each[:_SHOWN], *(["…"] if each[_SHOWN:] else [])])


def _kept(words: Sequence[str]) -> list[str]:
    more = len(words) - _KEPT
    return [*words[:_KEPT], *([f"and {more} more"] if more > 0 else [])]


def _words(changes: Sequence[Change]) -> list[str]:
    words = dict.fromkeys(_word(change) for change in changes)
    return sorted(words, key=lambda word: word not in _FIRST)


def _word(change: Change) -> str:
    if change.what == STATE and change.now == "DELETING":
        return _SOMEBODY_ELSE
    if change.what == NET_STATUS and change.now in _NET:
        return _NET[change.now]
    if change.what == "Risk" and _IS_PROTECTED in change.now and _IS_PROTECTED not in (change.before or ""):
        return _PROTECTED
    return _FIXED.get(change.what, f"its {change.what.lower()} changed")

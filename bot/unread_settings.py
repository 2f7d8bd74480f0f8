"""Names that look like settings of vpn-bot, and that it doesn't read."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

_PREFIX = re.compile("VPN_BOT_|TENCENTCLOUD_|SLACK_")
# Kubernetes tells every container of the services beside it, one that is called vpn-bot among them.
_KUBERNETES = re.compile(
    r"[A-Z_]+_(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_\w+)|(VPN_BOT|TENCENTCLOUD|SLACK)_PORT"
)
# What others call the same thing: Terraform, AWS by habit, and much of what is written for Slack.
_OTHER_NAMES = {
    "TENCENTCLOUD_SECURITY_TOKEN": "TENCENTCLOUD_TOKEN",
    "TENCENTCLOUD_SESSION_TOKEN": "TENCENTCLOUD_TOKEN",
    "SLACK_TOKEN": "SLACK_BOT_TOKEN",
    "SLACK_API_TOKEN": "SLACK_BOT_TOKEN",
}
_ALIKE = 0.75


def unread(names: Iterable[str], known: Collection[str]) -> list[str]:
    """A sentence for each of these names that is none of the known ones, in order; all in capitals.

    Only names that begin like a setting of this bot are told. Some are there for other programs, so the
    sentence says no more than that vpn-bot doesn't read them.
    """
    strange = {name for name in names if _PREFIX.match(name) and not _KUBERNETES.fullmatch(name)}
    return [
        f"vpn-bot does not read {name}." + (f" Did you mean {near}?" if near else "")
        for name in sorted(strange.difference(known))
        for near in [_nearest(name, known)]
    ]


def _nearest(name: str, known: Collection[str]) -> str:
    """The setting that was probably meant; "" for none.

    Only what follows the prefix is compared: by that alone, all names of one prefix are alike.
    """
    if name in _OTHER_NAMES:
        return _OTHER_NAMES[name]
    prefix = name[: match.end()] if (match := _PREFIX.match(name)) else ""
    tails = [one.removeprefix(prefix) for one in known if one.startswith(prefix)]
    near = get_close_matches(name.removeprefix(prefix), tails, n=1, cutoff=_ALIKE)
    return prefix + near[0] if near else ""

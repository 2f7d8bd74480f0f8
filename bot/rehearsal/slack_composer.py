"""What Slack makes of the text behind a slash command with `should_escape: true` (pure)."""

import re

from bot.rehearsal.workspace import Person, Workspace

_EVERYBODY = ("here", "channel", "everyone")
_URL = r"https?://(?:&amp;|[^\s|&])*[\w/]"


def as_sent(text: str, typist: Person, workspace: Workspace) -> str:
    """& < > as entities, then every name that Slack knows, and every URL, marked up.

    Channels are those that the typist can see. What Slack doesn't know stays as it was typed.
    """
    text = text.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    known = {
        **{f"@{word}": f"<!{word}>" for word in _EVERYBODY},
        **{f"@{one.name}": f"<!subteam^{one.group_id}|@{one.name}>" for one in workspace.groups.values()},
        **{f"@{one.name}": f"<@{one.user_id}|{one.name}>" for one in workspace.people.values()},
        **{
            f"#{one.name}": f"<#{one.channel_id}|{one.name}>"
            for one in workspace.channels.values()
            if one.kind == "public" or (one.kind == "private" and typist.user_id in one.members)
        },
    }
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    return re.sub(
        rf"{_URL}|(?<![\w.@#-])(?:{names})(?![\w-])",
        lambda found: known.get(found[0]) or f"<{found[0]}>",
        text,
    )

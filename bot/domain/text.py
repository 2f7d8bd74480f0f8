"""Foreign text made fit to be shown: names, tags, reasons and messages that people or the cloud gave us."""

import unicodedata

_ELLIPSIS = "…"


def clean(text: str, limit: int) -> str:
    """`text` on one line, without control, bidirectional or invisible characters, at most `limit` long."""
    shown = "".join(" " if _is_space(char) else char for char in text[: limit * 4] if not _is_hidden(char))
    shown = " ".join(shown.split())
    if len(shown) > limit or len(text) > limit * 4:
        return shown[: limit - 1].rstrip() + _ELLIPSIS
    return shown


def _is_space(char: str) -> bool:
    return char in "\t\r\n" or unicodedata.category(char) in {"Zs", "Zl", "Zp"}


def _is_hidden(char: str) -> bool:
    return char not in "\t\r\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"}

"""How the ledger keeps a code: with its kind beside it."""

from bot.domain.explain import CodeKind, kind_of


def coded(code: str | None, kind: CodeKind | None = None) -> dict[str, str | None]:
    """The columns of a code. kind: whose it is; without it the cloud's, or our own."""
    return {"code": code, "code_kind": (kind or kind_of(code)).value if code else None}

"""`vpn-bot run` with a fault of its own: a listener breaks once the ledger has taken an ask or a decision."""

from collections.abc import Callable
from typing import Any

from bot.cli import main
from bot.ledger.store import Ledger


def _breaking(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        taken = original(*args, **named)
        if isinstance(taken, str) or taken.won:
            raise ZeroDivisionError
        return taken

    return call


for _name in ("ask", "decide"):
    setattr(Ledger, _name, _breaking(getattr(Ledger, _name)))
main(["run"])

"""`vpn-bot run` whose worker hangs while there is a file `stuck` in its folder."""

import time
from pathlib import Path
from typing import Any

from bot.cli import main
from bot.work.worker import Lane

_claim_some = Lane._claim_some


def _claim_when_free(lane: Lane[Any]) -> list[Any]:
    while Path("stuck").exists():
        time.sleep(0.02)
    return _claim_some(lane)


Lane._claim_some = _claim_when_free  # type: ignore[assignment, method-assign]  # that is the point
main(["run"])

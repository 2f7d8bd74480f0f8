"""Log lines as text or JSON, on standard error. Never bodies, tokens or keys."""

import json
import logging
import sys
from typing import Literal


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(log_format: Literal["text", "json"]) -> None:
    """Set up the root logger; libraries speak only when something is wrong."""
    stream = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    stream.setFormatter(_JsonLines() if log_format == "json" else text)
    logging.basicConfig(level=logging.WARNING, handlers=[stream], force=True)
    for ours in ("bot", "handlers"):
        logging.getLogger(ours).setLevel(logging.INFO)
    # Bolt and its clients log payloads and tokens at DEBUG; they never get there.
    logging.getLogger("bot.slack").setLevel(logging.WARNING)

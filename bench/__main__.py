"""`python -m bench [ack] [click] [signing] [idle]`: measure, and print one table.

A missed target is a result like any other: the exit code is 0 unless something broke.
"""

import importlib
import os
import platform
import sys
from datetime import UTC, datetime

from bench.table import Row, markdown

BENCHMARKS = ("ack", "click", "signing", "idle", "sockets", "batch", "ledger", "growth")


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.")
    rows: list[Row] = []
    for name in names or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"bench.{name}").run()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_machine()}\n\n{markdown(rows)}")


def _machine() -> str:
    """What the figures depend on; the load tells whether the machine had something else to do."""
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load not known"
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, {load}"


if __name__ == "__main__":
    main(sys.argv[1:])

"""Peer: a three-step job on DBOS. `peer_dbos.py DATABASE_URL JOBS` prints the median of a job in ms."""

# `make check` runs where DBOS isn't installed.
# mypy: disable-error-code="import-untyped, import-not-found, untyped-decorator"

import statistics
import sys
import time

from dbos import DBOS, DBOSConfig

url, jobs = sys.argv[1], int(sys.argv[2])
config: DBOSConfig = {
    "name": "peer",
    "system_database_url": url,
    "log_level": "ERROR",
}
DBOS(config=config)


@DBOS.step()
def step(number: int) -> int:
    return number


@DBOS.workflow()
def job(number: int) -> int:
    return int(step(number) + step(number) + step(number))


DBOS.launch()
times = []
for number in range(jobs):
    began = time.perf_counter()
    job(number)
    times.append((time.perf_counter() - began) * 1000)
print(statistics.median(times), flush=True)
DBOS.destroy()

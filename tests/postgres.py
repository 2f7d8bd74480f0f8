"""A real PostgreSQL on loopback for the tests, from whatever PostgreSQL this machine has."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT_S = 30


def find_initdb() -> Path | None:
    """initdb, from PATH or from Debian's folders (newest version first); None where there is none."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = shutil.which("initdb")
    return known[0] if known else Path(found).resolve() if found else None


@dataclass(frozen=True)
class Server:
    """One server with an empty database for a superuser, who is at `url`. Both verbs wait until it's done.

    stop: at once, cutting every connection, as when the server's machine dies.
    """

    url: str
    start: Callable[[], None]
    stop: Callable[[], None]


@contextmanager
def postgres(initdb: Path) -> Iterator[str]:
    """A server that runs as long as the context is open; gives its URL."""
    with server(initdb) as running:
        yield running.url


@contextmanager
def server(initdb: Path) -> Iterator[Server]:
    """Start a server of its own in an empty folder."""
    # PostgreSQL refuses to run as root; Debian's package brings this user.
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    with tempfile.TemporaryDirectory(prefix="vpn-bot-postgres-") as folder:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        cluster = Path(folder) / "cluster"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [initdb.with_name(program), *arguments],
                check=True,
                user=owner.pw_uid,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                timeout=START_TIMEOUT_S,
            )

        run(
            "initdb",
            "--no-sync",
            "--auth=trust",
            "--username=vpnbot",
            "--encoding=UTF8",
            "--pgdata",
            str(cluster),
        )
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' "
            "-c max_connections=200"
        )
        log = str(Path(folder) / "log")

        def control(verb: str, *arguments: str) -> None:
            run("pg_ctl", "--wait", "--pgdata", str(cluster), *arguments, verb)

        def start() -> None:
            control("start", "--options", options, "--log", log)

        def stop() -> None:
            if (cluster / "postmaster.pid").exists():
                control("stop", "--mode=immediate")

        start()
        try:
            yield Server(url=f"postgresql://vpnbot@127.0.0.1:{port}/postgres", start=start, stop=stop)
        finally:
            stop()

"""A real PostgreSQL on loopback for the tests, from whatever PostgreSQL this machine has."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_TIMEOUT_S = 30


def find_initdb() -> Path | None:
    """initdb, from PATH or from Debian's folders (newest version first); None where there is none."""
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = shutil.which("initdb")
    return known[0] if known else Path(found).resolve() if found else None


@contextmanager
def postgres(initdb: Path) -> Iterator[str]:
    """Start a server of its own in an empty folder; gives the URL of a superuser's empty database."""
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

        run("initdb", "--auth=trust", "--username=vpnbot", "--encoding=UTF8", "--pgdata", str(cluster))
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c max_connections=200"
        log = str(Path(folder) / "log")
        run("pg_ctl", "--wait", "--pgdata", str(cluster), "--options", options, "--log", log, "start")
        try:
            yield f"postgresql://vpnbot@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "--wait", "--mode=immediate", "--pgdata", str(cluster), "stop")

"""A real PgBouncer on loopback for the tests: transactions of all clients share a few connections."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

START_TIMEOUT_S = 10.0
LOOK_AGAIN_S = 0.05
_SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
logfile = {folder}/log
"""


def find_pgbouncer() -> str | None:
    """PgBouncer's path, from PATH or where Debian puts it; None where there is none."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pgbouncer(program: str, url: str, *, size: int) -> Iterator[str]:
    """Run it before the database at `url` with `size` connections; gives the URL that leads through it."""
    server, _, name = url.rpartition("/")
    user, _, address = server.removeprefix("postgresql://").rpartition("@")
    host, _, port = address.partition(":")
    # It refuses to run as root, as PostgreSQL does; Debian's package runs it as this user.
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    with tempfile.TemporaryDirectory(prefix="vpn-bot-pgbouncer-") as folder, socket.socket() as free:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        free.bind(("127.0.0.1", 0))
        listen = free.getsockname()[1]
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(
            _SETTINGS.format(host=host, port=port, user=user, listen=listen, size=size, folder=folder)
        )
        free.close()
        running = subprocess.Popen([program, "-q", settings], user=owner.pw_uid, cwd=folder)
        try:
            _wait_listening(listen, running)
            yield f"postgresql://{user}@127.0.0.1:{listen}/{name}"
        finally:
            running.kill()
            running.wait()


def _wait_listening(port: int, running: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while running.poll() is None and time.monotonic() < deadline:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        with suppress(subprocess.TimeoutExpired):
            running.wait(LOOK_AGAIN_S)
    raise AssertionError("PgBouncer does not listen")

"""A PgBouncer of the tests' own, which hands each transaction to whichever of few server processes is free."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import make_url

from tests.store import postgres

BACKENDS: Final = 3  # fewer than there are processes and threads, so that they mix
SETTINGS: Final = """\
[databases]
* = host=127.0.0.1 port={to_port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {backends}
max_client_conn = 300
"""


def why_not() -> str:
    """Why there can be none here, "" where there can."""
    return postgres.why_not() or ("" if binary() else "PgBouncer is not installed here (apt-get install pgbouncer)")


def binary() -> str | None:
    return shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")


@contextmanager
def pooling(url: str) -> Iterator[str]:
    """The address of the same database by way of a pooler."""
    place, port, command = make_url(url), postgres.free_port(), binary()
    assert command
    user = postgres.owner()
    folder = Path(tempfile.mkdtemp(prefix="paybot-pooler-"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        SETTINGS.format(to_port=place.port, user=place.username, password=place.password, port=port, backends=BACKENDS)
    )
    if user:
        for each in (folder, settings):
            os.chown(each, user.pw_uid, user.pw_gid)
    who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    process = subprocess.Popen([command, "-q", str(settings)], cwd=folder, **who)
    try:
        listening(port, process)
        yield place.set(port=port).render_as_string(hide_password=False)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def listening(port: int, process: subprocess.Popen[bytes], limit_s: float = 10.0) -> None:
    """Waits until it takes connections."""
    end = time.monotonic() + limit_s
    while True:
        assert process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)
        else:
            return

"""A PostgreSQL of the sandbox's own, for bots that share a store: on loopback, in a folder that is removed, never as root."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("initdb", "pg_ctl", "postgres")
MISSING = "PostgreSQL is not installed here (Debian: apt-get install postgresql)"
AS_ROOT = "PostgreSQL does not run as root, and there is no other user here"
SETTINGS = "fsync = off\nunix_socket_directories = ''\n"  # what it holds ends with the sandbox
USER = "paybot"
KEPT = 'read _; exec "$0" -D "$1" -m immediate -w stop'  # once the sandbox has let go of the pipe, however it ended
STOPPING_S = 30.0


def why_not() -> str:
    """Why there can be no server here, "" where there can."""
    if programs() is None:
        return MISSING
    return AS_ROOT if os.geteuid() == 0 and owner() is None else ""


def programs() -> Path | None:
    """The folder with the newest server of this machine."""
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(3), reverse=True)
    return next((each for each in folders if all((each / name).exists() for name in NAMES)), None)


def owner() -> pwd.struct_passwd | None:
    """Whom it runs as where we are root; None: nobody else is there, or it runs as we do."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name: each for each in pwd.getpwall()}
    return names.get("postgres") or names.get("nobody")


@contextmanager
def running() -> Iterator[str]:
    """The URL of an empty database, whose server runs until this is left. Raises OSError where it does not start."""
    folder, user, password = Path(tempfile.mkdtemp(prefix="paybot-sandbox-postgres-")), owner(), secrets.token_hex(16)
    who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    data, log, bin_ = folder / "data", folder / "log", programs() or Path()
    try:
        (folder / "password").write_text(password, encoding="utf-8")
        if user:
            for each in (folder, folder / "password"):
                os.chown(each, user.pw_uid, user.pw_gid)
        how = ["-U", USER, "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync", "-E", "UTF8", "--no-locale"]
        done(folder, who, bin_ / "initdb", "-D", data, *how)
        with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS)
        port = free_port()
        options = f"-c listen_addresses=127.0.0.1 -p {port}"
        done(folder, who, bin_ / "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        keeper = subprocess.Popen(  # noqa: S603 - its own program, with words of our own
            ["/bin/sh", "-c", KEPT, str(bin_ / "pg_ctl"), str(data)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **who,
        )
        try:
            yield f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres"
        finally:
            keeper.communicate(timeout=STOPPING_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def done(folder: Path, who: dict[str, Any], *command: str | Path) -> None:
    """Runs one of its programs, whose words go to a file: a pipe would stay open in the server. Raises OSError."""
    with (folder / "said").open("w+", encoding="utf-8") as said:
        code = subprocess.run(  # noqa: S603 - its own programs, with words of our own
            [str(part) for part in command],
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for the sandbox, which stops it
            **who,
        ).returncode
        said.seek(0)
        if code:
            raise OSError(f"PostgreSQL: {said.read().strip()[-300:]}")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

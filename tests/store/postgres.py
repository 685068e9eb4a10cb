"""A PostgreSQL of the tests' own: on loopback, in a folder that is removed, as a user that is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bot.store import tables
from bot.store.database import Database

PASSWORD = "s3cret-of-the-tests"
SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nunix_socket_directories = ''\nmax_connections = 60\n"


def binaries() -> Path | None:
    """The folder with the newest server on this machine."""
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(3), reverse=True)
    return next((each for each in folders if all((each / name).exists() for name in ("initdb", "pg_ctl", "postgres"))), None)


def why_not() -> str:
    """Why there can be no server here, "" where there can."""
    if binaries() is None:
        return "PostgreSQL is not installed here (apt-get install postgresql)"
    if os.geteuid() == 0 and owner() is None:
        return "PostgreSQL does not run as root, and there is no other user here"
    return ""


def owner() -> pwd.struct_passwd | None:
    """Whom the server runs as; None: as we are."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name: each for each in pwd.getpwall()}
    return names.get("postgres") or names.get("nobody")


class Server:
    """A running server: one database with paybot's tables, emptied for each test, and new ones for those who make tables."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._made = 0
        self._kept = self.empty()
        store = Database(self._kept)
        store.open()
        store.close()

    def url(self, name: str, password: str = PASSWORD) -> str:
        return f"postgresql://paybot:{password}@127.0.0.1:{self._port}/{name}"

    def empty(self) -> str:
        """A new database without a table."""
        self._made += 1
        self.run(f"CREATE DATABASE test{self._made} TEMPLATE template0 STRATEGY file_copy")
        return self.url(f"test{self._made}")

    def clean(self) -> str:
        """The database that holds paybot's tables, without a row and without anybody at it."""
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paybot'")
        with psycopg.connect(self._kept) as connection:
            connection.execute("SET session_replication_role = replica")  # the audit's guard does not see this
            rows = set(tables.metadata.tables) - {tables.oldest_schema.name}
            connection.execute(f"TRUNCATE {', '.join(sorted(rows))}")
            connection.execute("ALTER TABLE audit ENABLE TRIGGER ALL")
        return self._kept

    def run(self, statement: str) -> list[Any]:
        """One statement as the operator, outside any transaction; its rows."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


@contextmanager
def running() -> Iterator[Server]:
    """A server from its making to its end."""
    bin_, user = binaries(), owner()
    assert bin_ is not None
    folder = Path(tempfile.mkdtemp(prefix="paybot-postgres-"))
    try:
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        if user:
            for each in (folder, folder / "password"):
                os.chown(each, user.pw_uid, user.pw_gid)
        who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        data = folder / "data"
        initdb = [bin_ / "initdb", "-D", data, "-U", "paybot", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}"]
        run([*initdb, "--no-sync", "-E", "UTF8", "--no-locale"], folder, who)
        with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(SETTINGS)
        port = free_port()
        start = ["-l", folder / "log", "-o", f"-c listen_addresses=127.0.0.1 -p {port}", "-w", "start"]
        run([bin_ / "pg_ctl", "-D", data, *start], folder, who)
        try:
            yield Server(port)
        finally:
            run([bin_ / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], folder, who)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list[Any], folder: Path, who: dict[str, Any]) -> None:
    # A pipe would stay open in the server: what it says goes to a file.
    with (folder / "said").open("w+", encoding="utf-8") as said:
        done = subprocess.run(
            [str(part) for part in command], check=False, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **who
        )
        said.seek(0)
        assert done.returncode == 0, said.read()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])

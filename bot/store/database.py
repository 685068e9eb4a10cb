"""The database: opened once, upgraded to the newest schema, used in short transactions. Knows the drivers' errors."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from bot.ports import StoreError

MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_S = 5.0
POOL = 8
LATER = ("40001", "40P01", "55P03", "57P01", "57P02", "57P03", "08", "53")  # PostgreSQL's states after which the same can succeed


def utc_now() -> datetime:
    return datetime.now(UTC)


class Database:
    """One SQLite file, used by this process alone, or a PostgreSQL that several share. Threads may use it at once."""

    def __init__(self, url: str, now: Callable[[], datetime] = utc_now, busy_s: float = BUSY_S) -> None:
        self._url = _driven(url)
        self.now = now
        self._busy_s = busy_s
        self._engine: Engine | None = None
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Takes the file for this process, looks it over and brings it up to date. Raises StoreError."""
        try:
            if self._file:
                self._lock = locked(self._file)
            self._engine = self._made()
            with translated(self._url):
                self._check()
                self._upgrade()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._engine:
            self._engine.dispose()
            self._engine = None
        if self._lock:
            self._lock.close()
            self._lock = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction: all of it, or nothing. Raises StoreError; `retriable` says that the same may succeed later."""
        if self._engine is None:
            raise StoreError("the store is not open", retriable=True)
        with translated(self._url), self._engine.begin() as connection:
            yield connection

    def healthy(self) -> bool:
        """Whether it can be read now."""
        try:
            with self.begin() as connection:
                connection.execute(text("SELECT 1"))
        except StoreError:
            return False
        return True

    @property
    def _file(self) -> Path | None:
        name = self._url.database
        return Path(name) if self._url.get_backend_name() == "sqlite" and name and name != ":memory:" else None

    def _made(self) -> Engine:
        if self._url.get_backend_name() != "sqlite":
            options = f"-c statement_timeout={int(1000 * self._busy_s)} -c lock_timeout={int(1000 * self._busy_s)}"
            return create_engine(
                self._url,
                pool_size=POOL,
                pool_pre_ping=True,
                connect_args={"connect_timeout": int(self._busy_s), "options": options},
            )
        engine = create_engine(self._url, poolclass=NullPool, connect_args={"timeout": self._busy_s, "check_same_thread": False})

        @event.listens_for(engine, "connect")
        def prepared(connection: Any, _: Any) -> None:
            connection.isolation_level = None  # transactions begin as we say
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begun(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        return engine

    def _check(self) -> None:
        """A damaged file is refused, and never made anew: what it knows may be all there is."""
        if self._engine is None or not self._file:
            return
        with self._engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check").scalar()
        if found != "ok":
            raise StoreError(f"{self._file} is damaged; put a backup in its place (see docs/database.md)", retriable=False)

    def _upgrade(self) -> None:
        from alembic import command  # noqa: PLC0415 - only when the store is opened
        from alembic.config import Config  # noqa: PLC0415
        from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
        from alembic.script import ScriptDirectory  # noqa: PLC0415

        if self._engine is None:
            return
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
        with self._engine.begin() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
            if present is not None and present not in known:
                raise StoreError(
                    f"its schema ({present}) is newer than this paybot; run the version that wrote it", retriable=False
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _driven(url: str) -> URL:
    made = make_url(url)
    return made.set(drivername="postgresql+psycopg") if made.get_backend_name() in ("postgresql", "postgres") else made


def locked(file: Path) -> IO[str]:
    """The file's lock, which the kernel lets go of when this process ends, however it ends."""
    beside = file.with_name(f"{file.name}.lock")
    try:
        lock = beside.open("a+")
    except OSError as error:
        raise StoreError(f"{beside} cannot be written: {error.strerror}", retriable=False) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        other = lock.read(20).strip()
        lock.close()
        raise StoreError(f"{file} is in use by another paybot (process {other or 'unknown'})", retriable=False) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """What SQLAlchemy and the drivers raise, as StoreErrors that hold no statement, no value and no password."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _said(error, url) from error
    except exc.TimeoutError as error:
        raise StoreError("has no free connection", retriable=True) from error


WORDS = {  # SQLite's error, by how its name begins: what it means, and whether the same may succeed later
    "SQLITE_CORRUPT": ("is damaged; put a backup in its place (see docs/database.md)", False),
    "SQLITE_NOTADB": ("is no database; put a backup in its place (see docs/database.md)", False),
    "SQLITE_BUSY": ("is locked by another program", True),
    "SQLITE_LOCKED": ("is locked by another program", True),
    "SQLITE_FULL": ("has no room left on its disk", True),
    "SQLITE_READONLY": ("cannot be written", True),
    "SQLITE_CANTOPEN": ("cannot be opened", True),
    "SQLITE_PERM": ("cannot be written", True),
    "SQLITE_IOERR": ("cannot be read or written: its disk fails", True),
}


def _said(error: exc.DBAPIError, url: URL) -> StoreError:
    if url.get_backend_name() == "sqlite":
        name = str(getattr(error.orig, "sqlite_errorname", ""))
        words, later = next((WORDS[start] for start in WORDS if name.startswith(start)), (f"refused it ({name})", False))
        return StoreError(f"{url.database} {words}", retriable=later)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    later = (
        error.connection_invalidated or isinstance(error, exc.OperationalError | exc.InterfaceError) or state.startswith(LATER)
    )
    return StoreError("the database did not do it" + (f" ({state})" if state else ""), retriable=later)

"""The database: opened once, brought up to date, used in short transactions that are there whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.ports import StoreError
from bot.store import schema, tables
from bot.store.faults import translated, unwritable
from bot.store.lock import Lock

BUSY_S: Final = 5.0
POOL: Final = 8  # connections that are kept; as many more for a while
IDLE_MS: Final = 10_000  # a transaction holds rows no longer when its process stands still: none of ours waits for anything else
READING: Final = "paybot_reading"  # the option of a connection that only reads
# Each transaction sets its own limits, so that a pooler between may hand any connection to anybody.
LIMITS: Final = (
    "SELECT set_config('statement_timeout', '{ms}', true), set_config('lock_timeout', '{ms}', true), "
    "set_config('idle_in_transaction_session_timeout', '{idle}', true)"
)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Database:
    """One SQLite file, which this process has to itself, or a PostgreSQL that several share. Threads may use it at once.

    `busy_s` is the longest that a transaction waits for others. `now` is the clock of whoever has nothing but the database.
    `newest` is the version of the schema that this code is for, `steps` the folder that leads there.
    """

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime] = utc_now,
        busy_s: float = BUSY_S,
        *,
        newest: str = schema.NEWEST,
        steps: Path = schema.MIGRATIONS,
    ) -> None:
        self.now = now
        self._newest = newest
        self._steps = steps
        self._text = url
        self._busy_s = busy_s
        self._place = "the database"
        self._file: Path | None = None
        self._known_as: tuple[int, int] | None = None
        self._lock: Lock | None = None
        self._engine: Engine | None = None
        self._turn = threading.Lock()  # SQLite has one writer: threads wait here, not in its busy loop
        self._failed = False
        self._opener: int | None = None  # the thread that brings the schema up to date; until then nobody else may use it

    def open(self) -> None:
        """Makes it or looks it over, and brings it up to date. Raises StoreError; a damaged file is never made anew."""
        if self._engine:
            return
        url = parsed(self._text)
        self._opener = threading.get_ident()
        try:
            if url.get_backend_name() == "sqlite":
                self._open_file(url)
            else:
                self._place = f"the database {url.database} on {url.host or 'this machine'}"
                self._engine = self._postgres(url)
                with self.begin() as conn:
                    schema.upgrade(conn, self._place, self._newest, self._steps)
        except BaseException:
            self.close()
            raise
        finally:
            self._opener = None

    def close(self) -> None:
        """Lets go of the connections and then of the file's lock."""
        if self._engine:
            self._engine.dispose()
            self._engine = None
        if self._lock:
            self._lock.release()
            self._lock = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One transaction. Raises StoreError, and nothing of it has happened; `retriable` says that the same can succeed later.

        Only where PostgreSQL goes away during the commit itself it may have happened all the same.
        """
        engine = self._ready()
        try:
            with self._alone(), translated(self._place), engine.begin() as conn:
                yield conn
        except StoreError:
            self._failed = True
            engine.dispose()  # a connection that was made while its file could only be read would never write
            raise
        self._failed = False

    def healthy(self) -> bool:
        """Whether it can be read now, and written where that failed last."""
        try:
            if self._failed:
                with self.begin() as conn:
                    conn.execute(text("SELECT 1"))
                return True
            with translated(self._place), self._ready().connect().execution_options(**{READING: True}) as conn:
                conn.execute(text("SELECT version_num FROM alembic_version"))
        except StoreError:
            return False
        return True

    @property
    def shared(self) -> bool:
        """Whether other processes may work on it, too."""
        return not self._text.startswith("sqlite")

    def check_version(self) -> None:
        """Raises StoreError, not retriable, where a newer paybot has brought the schema further than this one can go on with."""
        with self.begin() as conn:
            schema.is_ahead(conn, self._place, schema.version(conn, self._place), self._newest)

    def _ready(self) -> Engine:
        if self._engine is None or self._opener not in (None, threading.get_ident()):
            raise StoreError("the store is not open", retriable=True)
        if self._file and self._known_as and identity(self._file) != self._known_as:
            raise StoreError(f"{self._file} was removed or replaced while paybot ran; start it again", retriable=False)
        return self._engine

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A thread's turn to write the SQLite file."""
        if not self._file:
            yield
            return
        if not self._turn.acquire(timeout=self._busy_s):
            raise StoreError(f"{self._place} is busy", retriable=True)
        try:
            yield
        finally:
            self._turn.release()

    # --- SQLite ---------------------------------------------------------------------------------------------------

    def _open_file(self, url: URL) -> None:
        self._file = file = Path(url.database or "").absolute()
        self._place = str(url.database)
        self._lock = Lock(file.resolve())
        make_private(file)
        self._engine = self._sqlite(url)
        with translated(self._place), self._engine.connect().execution_options(**{READING: True}) as conn:
            if (found := conn.execute(text("PRAGMA quick_check(1)")).scalar()) != "ok":
                raise StoreError(f"{file} is damaged ({found}); put a backup in its place (docs/database.md)", retriable=False)
        with self.begin() as conn:
            schema.upgrade(conn, self._place, self._newest, self._steps)
            forget_owners(conn)
        self._known_as = identity(file)

    def _sqlite(self, url: URL) -> Engine:
        engine = create_engine(
            url,
            pool_size=POOL,
            max_overflow=POOL,
            pool_timeout=self._busy_s,
            hide_parameters=True,
            connect_args={"timeout": self._busy_s},
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, record: object) -> None:
            connection.isolation_level = None  # a transaction begins where we say, and not where the driver guesses
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

        @event.listens_for(engine, "begin")
        def begin(conn: Connection) -> None:
            conn.exec_driver_sql("BEGIN" if conn.get_execution_options().get(READING) else "BEGIN IMMEDIATE")

        return engine

    # --- PostgreSQL -----------------------------------------------------------------------------------------------

    def _postgres(self, url: URL) -> Engine:
        ms = int(1000 * self._busy_s)
        engine = create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_size=POOL,
            max_overflow=POOL,
            pool_timeout=self._busy_s,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                "connect_timeout": max(2, int(self._busy_s)),  # libpq takes no less than two seconds
                "tcp_user_timeout": 2 * ms,
                "keepalives_idle": 10,  # a server that is gone without a word is noticed also while its answer is waited for
                "keepalives_interval": 5,
                "keepalives_count": 2,
                "prepare_threshold": None,  # as a pooler between may hand the next transaction to another server process
                "application_name": "paybot",
            }
            | dict(url.query),
        )

        @event.listens_for(engine, "begin")
        def begin(conn: Connection) -> None:
            conn.exec_driver_sql(LIMITS.format(ms=ms, idle=IDLE_MS))

        return engine


def parsed(text_: str) -> URL:
    """The address with the driver that paybot has for it. Raises StoreError, which says nothing of what stands in it."""
    try:
        url = make_url(text_)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):  # their words may hold the password
        raise StoreError(
            "is no address of a database: a special character in the password must be written as %40 and the like",
            retriable=False,
        ) from None
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and url.database and ":memory:" not in url.database:
        return url
    raise StoreError('must begin with "sqlite:///" and name a file, or with "postgresql://" and name a server', retriable=False)


def make_private(file: Path) -> None:
    """Makes the file where there is none, for its owner's eyes only. Raises StoreError where it cannot be written."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise unwritable(file, error) from error


def identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def forget_owners(conn: Connection) -> None:
    """Whoever had claimed something has ended, as this process has the file to itself: what it left is free at once."""
    conn.execute(update(tables.outbox).where(tables.outbox.c.settled.is_(None)).values(lease_until=None))
    conn.execute(tables.tick.delete().where(tables.tick.c.finished.is_(None)))
    conn.execute(update(tables.digest_run).where(tables.digest_run.c.finished.is_(None)).values(claimed=tables.EPOCH))

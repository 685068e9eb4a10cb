"""What SQLAlchemy and the drivers raise, as StoreErrors: in words, without a statement, a value or a password."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from bot.ports import StoreError

# SQLite's primary result codes (sqlite.org/rescode.html): the words, and whether the same can succeed later.
SQLITE: Final[Mapping[int, tuple[str, bool]]] = {
    3: ("cannot be written: its permissions forbid it", True),
    5: ("is locked by another program", True),
    6: ("is locked by another program", True),
    8: ("is read-only", True),
    10: ("cannot be read or written: its disk fails or is full", True),
    11: ("is damaged; put a backup in its place (docs/database.md)", False),
    13: ("has no room left: its disk is full", True),
    14: ("cannot be opened", True),
    26: ("is no SQLite database; put a backup in its place (docs/database.md)", False),
}
# PostgreSQL's error codes, or the classes that they begin with (its manual, appendix A).
POSTGRES: Final[Mapping[str, tuple[str, bool]]] = {
    "08": ("does not answer", True),
    "23505": ("had the same row written by another process at the same time", True),
    "25006": ("is read-only", True),
    "25P03": ("ended a transaction that stood still", True),
    "28": ("does not let paybot in: user or password is wrong", False),
    "3D000": ("does not exist on its server", False),
    "40": ("was changed by another process at the same time", True),
    "42501": ("does not allow paybot's user to do that", False),
    "53100": ("has no room left: its server's disk is full", True),
    "53": ("has no resources left on its server", True),
    "55P03": ("is locked by another program", True),
    "57014": ("took too long", True),
    "57P": ("is shutting down or starting", True),
    "58": ("cannot be read or written: its server's disk fails", True),
    "XX001": ("is damaged; restore a backup (docs/database.md)", False),
    "XX002": ("is damaged; restore a backup (docs/database.md)", False),
}
AWAY: Final = ("does not answer", True)
UNIQUE: Final = frozenset({1555, 2067})  # SQLite: a primary key, another unique index
NO_ENTRY: Final = (
    "authentication failed",
    "no pg_hba.conf entry",
    "role ",
    "password",
)  # libpq has no code for what happens at connecting
FILES: Final[Mapping[int, str]] = {
    errno.ENOENT: "its folder does not exist",
    errno.ENOTDIR: "its folder does not exist",
    errno.EACCES: "paybot's user may not write there",
    errno.EPERM: "paybot's user may not write there",
    errno.EROFS: "its file system is read-only",
    errno.ENOSPC: "its disk is full",
    errno.EDQUOT: "the user's share of the disk is full",
    errno.EISDIR: "it is a folder",
}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Whatever a driver says of `place` ("paybot.db", "the database paybot on db.example"), as a StoreError.

    Faults of paybot's own (a wrong statement, a value that no column takes) pass as they are.
    """
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreError(f"{place} has too much to do at once", retriable=True) from error
    except exc.DBAPIError as error:
        words = _sqlite(error) if hasattr(error.orig, "sqlite_errorcode") else _postgres(error)
        if words is None:
            raise
        raise StoreError(f"{place} {words[0]}", retriable=words[1]) from error


def unwritable(place: object, error: OSError) -> StoreError:
    """The words for a file that cannot be made or opened."""
    return StoreError(f"{place} cannot be written: {FILES.get(error.errno or 0, error.strerror)}", retriable=False)


def _sqlite(error: exc.DBAPIError) -> tuple[str, bool] | None:
    code = int(getattr(error.orig, "sqlite_errorcode", 0))
    return POSTGRES["23505"] if code in UNIQUE else SQLITE.get(code & 0xFF)


def _postgres(error: exc.DBAPIError) -> tuple[str, bool] | None:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    known = next((words for code, words in POSTGRES.items() if state.startswith(code)), None)
    if known:
        return known
    if state or not isinstance(error, exc.OperationalError | exc.InterfaceError):
        return None
    said = str(error.orig)
    if "FATAL" in said and "does not exist" in said and "database" in said:
        return POSTGRES["3D000"]
    return POSTGRES["28"] if "FATAL" in said and any(part in said for part in NO_ENTRY) else AWAY

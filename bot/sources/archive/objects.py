"""Where an archive's files lie: a bucket or a folder. Listed and read; nothing is ever written there."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bot.config import Aws
from bot.ports import SourceError
from bot.sources.archive.table import UnreadableObject
from bot.sources.aws import clients, part, translated
from bot.sources.retry import Deadline

PAGES = 1_000  # of a listing, a thousand objects each
PIECE = 1 << 20
GONE = "has gone since it was listed"


@dataclass(frozen=True, slots=True)
class Object:
    """A file of an archive: its key below the archive's place, and what changes when its content does."""

    key: str
    etag: str
    size: int

    @property
    def digest(self) -> str:
        """A name for its content, fit for a file."""
        return hashlib.sha256(f"{self.key}\0{self.etag}\0{self.size}".encode()).hexdigest()[:40]


class Place(Protocol):
    """Lists and reads objects; raises SourceError and nothing else. Threads may share it."""

    def listed(self, prefix: str, deadline: Deadline) -> Iterator[Object]:
        """Every object whose key begins with the prefix."""
        ...

    def heads(self, delimiter: str, deadline: Deadline) -> tuple[str, ...]:
        """What keys begin with, up to and with the first delimiter; a thousand at most, none where a listing costs nothing."""
        ...

    def fetch(self, wanted: Object, target: Path, deadline: Deadline) -> None:
        """Writes the object's content, as it is, into a file. Raises UnreadableObject where it has gone since it was listed."""
        ...


class Folder:
    """An archive that was copied to a disk, in the layout it has in its bucket."""

    def __init__(self, where: str) -> None:
        self._root = Path(where)

    def listed(self, prefix: str, deadline: Deadline) -> Iterator[Object]:
        if not self._root.is_dir():
            raise SourceError("has no such folder: see its setting", "bad_request")
        start = self._root / prefix
        below = start if prefix.endswith("/") or not prefix else start.parent
        try:
            for path in sorted(below.rglob("*")) if below.is_dir() else ():
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix) and path.is_file():
                    known = path.stat()
                    yield Object(key, f"{known.st_mtime_ns}", known.st_size)
        except OSError as error:
            raise SourceError("has a folder that paybot may not read", "denied") from error

    def heads(self, delimiter: str, deadline: Deadline) -> tuple[str, ...]:
        return ()

    def fetch(self, wanted: Object, target: Path, deadline: Deadline) -> None:
        try:
            shutil.copyfile(self._root / wanted.key, target)
        except FileNotFoundError as error:
            raise UnreadableObject(GONE) from error
        except PermissionError as error:
            raise SourceError("has a file that paybot may not read", "denied") from error


class Bucket:
    """An archive in S3."""

    def __init__(self, where: str, settings: Aws) -> None:
        bucket, _, prefix = where.removeprefix("s3://").partition("/")
        self._bucket = bucket
        self._prefix = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
        self._clients = clients(settings)
        self._what = f"bucket called {bucket}"

    def listed(self, prefix: str, deadline: Deadline) -> Iterator[Object]:
        more: Mapping[str, str] = {}
        where = {"Bucket": self._bucket, "Prefix": self._prefix + prefix}
        for _ in range(PAGES):
            answer = self._clients.call("s3", "list_objects_v2", deadline, self._what, **where, **more)
            for found in answer.get("Contents", ()):
                key = str(found["Key"]).removeprefix(self._prefix)
                yield Object(key, str(found["ETag"]).strip('"'), int(found["Size"]))
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": part(answer, "NextContinuationToken", str)}

    def heads(self, delimiter: str, deadline: Deadline) -> tuple[str, ...]:
        asked = {"Bucket": self._bucket, "Prefix": self._prefix, "Delimiter": delimiter}
        answer = self._clients.call("s3", "list_objects_v2", deadline, self._what, **asked)
        return tuple(str(found["Prefix"]).removeprefix(self._prefix) for found in answer.get("CommonPrefixes", ()))

    def fetch(self, wanted: Object, target: Path, deadline: Deadline) -> None:
        asked = {"Bucket": self._bucket, "Key": self._prefix + wanted.key}
        try:
            body: Any = self._clients.call("s3", "get_object", deadline, "object of that name any more", **asked)["Body"]
        except SourceError as error:
            if error.kind == "bad_request":
                raise UnreadableObject(GONE) from error
            raise
        with translated(deadline, "object of that name any more"), body, target.open("wb") as file:
            while piece := body.read(PIECE):
                deadline.left()
                file.write(piece)


def place(where: str, settings: Aws | None) -> Place:
    """The place that a setting names: `s3://bucket/prefix/` or a folder."""
    return Bucket(where, settings or Aws()) if where.startswith("s3://") else Folder(where)

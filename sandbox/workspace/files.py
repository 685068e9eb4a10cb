"""Uploaded files: asked for, sent, completed, and some time later ready to be shown."""

from __future__ import annotations

import mimetypes
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, replace

MOST_FILES = 400
LARGEST = 20_000_000  # bytes
READY_AFTER_S = 0.15  # how long Slack looks at a file before it knows its type
LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class File:
    """A file; `completed_at` is the monotonic second of its completion, None before."""

    id: str
    name: str
    key: str  # what the upload URL ends with
    title: str = ""
    alt: str = ""
    content: bytes = b""
    sent: bool = False
    completed_at: float | None = None

    @property
    def mimetype(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"


class Files:
    """The files of the workspace; the oldest are forgotten. `seconds` is a monotonic clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._files: dict[str, File] = {}

    def ask(self, name: str, alt: str) -> File:
        """A place for a file that is about to be sent."""
        file = File("F" + "".join(secrets.choice(LETTERS) for _ in range(10)), name, secrets.token_urlsafe(12), alt=alt)
        self._files[file.id] = file
        if len(self._files) > MOST_FILES:
            self._files.pop(next(iter(self._files)))
        return file

    def send(self, key: str, content: bytes) -> bool:
        """Takes the bytes for the upload URL that ends with `key`; False when there is no such URL, or it was used."""
        file = next((file for file in self._files.values() if file.key == key and not file.sent), None)
        if file is None:
            return False
        self._files[file.id] = replace(file, content=content, sent=True)
        return True

    def complete(self, id_: str, title: str) -> File | None:
        """Makes the file one of the workspace; None when its bytes have not come."""
        file = self._files.get(id_)
        if file is None or not file.sent:
            return None
        self._files[id_] = done = replace(file, title=title or file.name, completed_at=self._seconds())
        return done

    def find(self, id_: str) -> File | None:
        return self._files.get(id_)

    def ready(self, id_: str) -> bool:
        """Whether the file can be shown: it was completed and Slack has looked at it."""
        file = self._files.get(id_)
        return file is not None and file.completed_at is not None and self._seconds() >= file.completed_at + READY_AFTER_S

"""The lock beside a SQLite file: one paybot at a time, and none is locked out by one that has died."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bot.ports import StoreError
from bot.store.faults import unwritable


class Lock:
    """Held from its making on, until `release` or the end of the process, however it ends: the kernel lets go of it.

    Raises StoreError, naming the file and the other process, where another has it. The file itself stays: to remove it would
    let a third one lock a file of the same name.
    """

    def __init__(self, file: Path) -> None:
        beside = file.with_name(f"{file.name}.lock")
        try:
            self._open = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unwritable(beside, error) from error
        try:
            fcntl.flock(self._open, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._open, 0)
            os.pwrite(self._open, str(os.getpid()).encode(), 0)
        except BlockingIOError as error:
            raise self._taken(file) from error
        except OSError as error:
            os.close(self._open)
            raise unwritable(beside, error) from error

    def release(self) -> None:
        """Once is enough: what else has the number of the open file meanwhile is not closed."""
        opened, self._open = self._open, -1
        if opened >= 0:
            os.close(opened)

    def _taken(self, file: Path) -> StoreError:
        other = os.pread(self._open, 20, 0).decode("ascii", "replace")
        os.close(self._open)
        return StoreError(
            f"{file} is in use by another paybot (process {other or 'unknown'}); stop that one first, "
            "or let several share a PostgreSQL",
            retriable=False,
        )

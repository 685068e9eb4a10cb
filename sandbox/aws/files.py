"""Archive files as they are delivered: their names, when they appear, and how they write times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sandbox.chance import Ints

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class File:
    """One file: its key in the bucket, when it appears there (epoch milliseconds), and its text before compression."""

    key: str
    ready_ms: int
    text: bytes


class Archive(Protocol):
    """An archive whose files can be made for any day at any time."""

    prefix: str

    def day_in(self, listed: str) -> int | None:
        """The day (epoch milliseconds) to which a listing's prefix or a key belongs, None where it names none."""
        ...

    def files(self, day_ms: int, since_ms: int, now_ms: int) -> Iterator[File]:
        """The files of a day that appeared after `since_ms` and until `now_ms`."""
        ...


def stamps(times_ms: Ints) -> NDArray[np.str_]:
    """Times as ISO has them, with milliseconds and without a zone: UTC."""
    return np.asarray(np.datetime_as_string(times_ms.astype("datetime64[ms]")))

"""Archive files as they are delivered: their names, when they appear, and columns of events written as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb
from numpy.typing import NDArray

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


def lines(expression: str, columns: Mapping[str, NDArray[Any]]) -> bytes:
    """One line for each row, by an SQL expression over the columns (`happened` stands for `at`, which is SQL's own word).

    DuckDB writes a day's 260,000 lines in about a second, and lets other threads work meanwhile.
    """
    if not len(next(iter(columns.values()))):
        return b""
    named = {"happened" if name == "at" else name: values for name, values in columns.items()}
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.register("events", named)
        found = engine.execute(f"SELECT {expression} AS line FROM events").fetchnumpy()  # noqa: S608 - the expressions are our own
    return ("\n".join(found["line"].tolist()) + "\n").encode()

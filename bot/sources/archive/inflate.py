"""A fetched file without its compression, if it has one: its content says so, never its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path
from typing import Any, BinaryIO

from bot.sources.archive.table import UnreadableObject

MAGIC = b"\x1f\x8b"
PIECE = 1 << 20
MOST = 8_000_000_000  # bytes inflated: beyond any archive's file, and a bomb's end


@contextmanager
def inflated(source: Path) -> Iterator[Path]:
    """The plain file; raises UnreadableObject for one that is empty or not whole gzip."""
    with source.open("rb") as file:
        start = file.read(2)
    if not start:
        raise UnreadableObject("is empty")
    if start != MAGIC:
        yield source
        return
    plain = source.with_suffix(".plain")
    try:
        _inflate(source, plain)
        yield plain
    finally:
        plain.unlink(missing_ok=True)


def _inflate(source: Path, plain: Path) -> None:
    from isal import igzip, isal_zlib  # noqa: PLC0415 - a quarter of zlib's time

    broken: Any = (EOFError, BadGzipFile, isal_zlib.error)

    try:
        with igzip.open(source, "rb") as packed, plain.open("wb") as file:  # type: ignore[no-untyped-call]
            _copied(packed, file)
    except broken as error:
        raise UnreadableObject("is not whole gzip") from error


def _copied(packed: BinaryIO, file: BinaryIO) -> None:
    written = 0
    while piece := packed.read(PIECE):
        written += file.write(piece)
        if written > MOST:
            raise UnreadableObject("is larger than any file of an archive")


def quoted(path: Path) -> str:
    """A path as SQL's text."""
    return "'" + str(path).replace("'", "''") + "'"

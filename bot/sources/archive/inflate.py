"""A fetched file without its compression, if it has one: its content says so, never its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from gzip import BadGzipFile
from pathlib import Path
from typing import Any, BinaryIO

from bot.sources.archive.table import UnreadableObject

MAGIC = b"\x1f\x8b"
PIECE = 1 << 22  # bytes: larger ones only take memory
LONGEST = 1 << 25  # bytes of a line
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
        with pieces(source) as texts, plain.open("wb") as file:
            file.writelines(texts)
        yield plain
    finally:
        plain.unlink(missing_ok=True)


@contextmanager
def pieces(source: Path, size: int = PIECE) -> Iterator[Iterator[bytes]]:
    """The plain file as texts of some `size` bytes, each of whole lines; raises UnreadableObject as `inflated`."""
    from isal import isal_zlib  # noqa: PLC0415 - a quarter of zlib's time

    broken: Any = (EOFError, BadGzipFile, isal_zlib.error)
    with ExitStack() as stack:
        file = stack.enter_context(source.open("rb"))
        try:
            yield _whole_lines(_plain(stack, file), size)
        except broken as error:
            raise UnreadableObject("is not whole gzip") from error


def _plain(stack: ExitStack, file: BinaryIO) -> BinaryIO:
    """What the file says when it is inflated, if it is gzip."""
    from isal import igzip  # noqa: PLC0415

    start = file.read(2)
    if not start:
        raise UnreadableObject("is empty")
    file.seek(0)
    if start != MAGIC:
        return file
    packed: BinaryIO = stack.enter_context(igzip.IGzipFile(fileobj=file))  # type: ignore[no-untyped-call, assignment]
    return packed


def _whole_lines(plain: BinaryIO, size: int) -> Iterator[bytes]:
    written = 0
    while piece := plain.read(size):
        end = plain.readline(LONGEST)
        written += len(piece) + len(end)
        if written > MOST or len(end) == LONGEST:
            raise UnreadableObject("is larger than any file of an archive")
        yield piece + end


def quoted(path: Path) -> str:
    """A path as SQL's text."""
    return "'" + str(path).replace("'", "''") + "'"

"""How settings are read: the environment first, then the file, each value by its shape; every fault is collected.

A fault of the file names its line: `paybot.toml:12: …`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.shapes import Misfit, Shape, meant, secret, shown, text

FILE = "paybot.toml"
FILE_LIMIT = 1_000_000  # bytes; no settings are longer
STATEMENT_LIMIT = 20_000  # characters of one key with its value; lines after a longer one are not told
WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")  # how the parser ends its faults
EXCESS = (ValueError, RecursionError)  # what the parser raises besides its own fault
# What Kubernetes puts into the environment of every pod beside a service named "paybot" or "paybot-…".
KUBERNETES = re.compile(r"PAYBOT_(\w+_)?(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_(TCP|UDP|SCTP)\w*)")

TableShapes = Mapping[str, Callable[[object], Any]]


@dataclass(frozen=True, slots=True)
class Known:
    """What may be set: settings, secrets, the file's tables by key, and tables that are checked elsewhere."""

    settings: Mapping[str, Shape[Any]]
    secrets: Mapping[str, Shape[Any]]
    tables: Mapping[str, TableShapes]
    elsewhere: frozenset[str] = frozenset()

    def names(self) -> tuple[str, ...]:
        return (*self.settings, *self.secrets, *(f"{name}_FILE" for name in self.secrets), "PAYBOT_CONFIG")


@dataclass(frozen=True, slots=True)
class File:
    """A settings file: its name, its text, and what it says."""

    name: str = FILE
    text: str = ""
    document: Mapping[str, object] = field(default_factory=dict)

    def at(self, *path: str) -> str:
        """Where a key or a table stands: "paybot.toml:12"; the file alone where no line is known."""
        line = line_of(self.text, *path)
        return f"{self.name}:{line}" if line else self.name


class Reading:
    """What was found. `values` are by name ("DD_SITE") or by table and key ("answers.deadline").

    `given` are the names that were set at all, rightly or not: a wrong setting is not also a missing one. `tables` are those
    that are checked elsewhere, as they stand.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.given: set[str] = set()
        self.faults: list[str] = []
        self.tables: dict[str, Mapping[str, object]] = {}
        self.file = File()

    def take(self, name: str, where: str, shape: Callable[[Any], Any], value: object) -> None:
        """Keeps the value in its shape, or its fault."""
        self.given.add(name)
        try:
            self.values[name] = shape(value)
        except Misfit as error:
            self.faults.append(f"{where}: {error}")

    def table(self, name: str) -> dict[str, Any]:
        """The values of one table by key."""
        return {key.removeprefix(f"{name}."): value for key, value in self.values.items() if key.startswith(f"{name}.")}


def read_settings(known: Known, environ: Mapping[str, str], folder: Path | None) -> Reading:
    """Everything that is set, each value in its shape, and every fault on the way."""
    reading = Reading()
    strangers(reading, known, environ)
    reading.file = file = file_of(reading, environ, folder)
    for name, shape in known.settings.items():
        if environ.get(name, "").strip():
            reading.take(name, name, shape, environ[name].strip())
        elif name in file.document:
            reading.take(name, f"{file.at(name)}: {name}", text(shape), file.document[name])
    for name, shape in known.secrets.items():
        read_secret(reading, name, shape, environ)
    read_tables(reading, known, file)
    return reading


def strangers(reading: Reading, known: Known, environ: Mapping[str, str]) -> None:
    """A `PAYBOT_…` in the environment that nothing reads is a typing error. Other prefixes belong to other programs, too."""
    for name, value in environ.items():
        kubernetes = KUBERNETES.fullmatch(name) or (name.endswith("_PORT") and "://" in value)
        if name.startswith("PAYBOT_") and name not in known.names() and not kubernetes:
            reading.faults.append(f"{name}: is not a setting{meant(name, known.names())}")


def read_secret(reading: Reading, name: str, shape: Shape[Any], environ: Mapping[str, str]) -> None:
    """A secret from its own name or from the file that `<NAME>_FILE` names."""
    value, path = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if value and path:
        reading.faults.append(f"{name}: is set, and {name}_FILE too; one of them must go")
    if value:
        reading.take(name, name, shape, value)
    elif path:
        reading.take(name, f"{name}_FILE", lambda where: shape(kept(Path(where))), path)


def kept(path: Path) -> str:
    """The secret that a file keeps."""
    found = contents(path).decode("utf-8", "replace").strip()
    if not found:
        raise Misfit(f"{shown(path)} is empty")
    return secret(found)


def contents(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FILE_LIMIT)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise Misfit(f"{shown(path)} cannot be read: {getattr(error, 'strerror', None) or 'not a path'}") from None


def file_of(reading: Reading, environ: Mapping[str, str], folder: Path | None) -> File:
    """The settings file; an empty one where there is none."""
    wanted = environ.get("PAYBOT_CONFIG", "").strip()
    path = (folder or Path()) / (wanted or FILE)
    if not wanted and (folder is None or not path.is_file()):
        return File()
    try:
        return parsed(path.name, contents(path))
    except NotToml as error:
        reading.faults.append(str(error))
    except Misfit as error:
        reading.faults.append(f"PAYBOT_CONFIG: {error}" if wanted else f"{path.name}: {error}")
    return File(path.name)


class NotToml(Exception):
    """A file that no parser reads: one line with its name, the line and the reason."""


def parsed(name: str, content: bytes) -> File:
    """The file of this name and content. Raises NotToml."""
    from tomllib import TOMLDecodeError, loads  # noqa: PLC0415 - most starts have no file

    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotToml(f"{name}:{line}: is not UTF-8") from None
    try:
        return File(name, text, loads(text))
    except TOMLDecodeError as error:
        raise NotToml(f"{name}:{unparsed(text, str(error))}") from None
    except EXCESS:
        raise NotToml(
            f"{name}:{excessive(text)}: is not TOML that can be read: a number is too long, or lists too deep"
        ) from None


def unparsed(text: str, said: str) -> str:
    """The line and the reason of a parser's fault: "12: is not TOML: Cannot overwrite a value"."""
    found = WHERE.search(said)
    reason = WHERE.sub("", said)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    twice = "; it stands there twice" if "Cannot overwrite" in reason else ""
    return f"{line}: is not TOML: {' '.join(reason.split())}{twice}"


def excessive(text: str) -> int:
    """The line of what a parser has no room for."""
    last = 0
    with suppress(*EXCESS):
        for number, _ in statements(text):
            last = number
    return last + 1


def line_of(text: str, *path: str) -> int:
    """The line on which a key or a table of this TOML text begins, or the nearest table around it; 0 where none is known."""
    lines = lines_by_path(text)
    return next((lines[path[:depth]] for depth in range(len(path), 0, -1) if path[:depth] in lines), 0)


@lru_cache(maxsize=2)
def lines_by_path(text: str) -> Mapping[tuple[str, ...], int]:
    """The line of each key and table of a TOML text."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    begun = 1
    for last, (header, said) in statements(text):
        own = tuple(paths(said))
        for path in own:
            found.setdefault(path if header else (*table, *path), begun)
        table = own[-1] if header else table
        begun = last + 1
    return found


def statements(text: str) -> Iterator[tuple[int, tuple[bool, object]]]:
    """Each statement of a TOML text by its last line: whether it is a table's header, and what it says alone.

    A parser reads them one by one, so that no form of them is missed.
    """
    from tomllib import TOMLDecodeError, loads  # noqa: PLC0415 - as above

    statement = ""
    for number, line in enumerate(text.split("\n"), start=1):
        statement += f"{line}\n"
        try:
            said = loads(statement)
        except TOMLDecodeError:  # it goes on in the next line
            if len(statement) > STATEMENT_LIMIT:
                return
            continue
        yield number, (statement.lstrip().startswith("["), said)
        statement = ""


def paths(tree: object) -> Iterator[tuple[str, ...]]:
    """The path of every key in a tree of tables, outer ones first; of a list of tables those in it."""
    match tree:
        case dict():
            for key, value in tree.items():
                yield (key,)
                yield from ((key, *path) for path in paths(value))
        case [dict() as only]:
            yield from paths(only)


def read_tables(reading: Reading, known: Known, file: File) -> None:
    for name, value in file.document.items():
        if name in known.secrets:
            where = f"{file.at(name)}: {name}"
            reading.faults.append(f"{where} is a secret: set it in the environment, or name its file in {name}_FILE")
        elif name in known.tables or name in known.elsewhere:
            read_table(reading, known, file, name, value)
        elif name not in known.settings:
            known_here = (*known.settings, *known.tables, *known.elsewhere)
            reading.faults.append(f"{file.at(name)}: {shown(name)} is not a setting{meant(name, known_here)}")


def read_table(reading: Reading, known: Known, file: File, name: str, value: object) -> None:
    """A table; one that is checked elsewhere is kept as it is."""
    if not isinstance(value, Mapping):
        reading.faults.append(f"{file.at(name)}: {name} is a table: write [{name}] above its keys")
    elif name in known.elsewhere:
        reading.tables[name] = value
    else:
        read_keys(reading, known.tables[name], file, name, value)


def read_keys(reading: Reading, shapes: TableShapes, file: File, name: str, table: Mapping[str, object]) -> None:
    for key, value in table.items():
        where = file.at(name, key)
        if key in shapes:
            reading.take(f"{name}.{key}", f"{where}: {name}.{key}", shapes[key], value)
        else:
            own, known = f"{name}.{key}", tuple(f"{name}.{each}" for each in shapes)
            reading.faults.append(f"{where}: {shown(own)} is not a setting{meant(own, known)}")

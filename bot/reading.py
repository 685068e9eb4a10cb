"""How settings are read: the environment first, then the file, each value by its shape; every fault is collected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.shapes import Misfit, Shape, meant, secret, shown, text

FILE = "paybot.toml"
FILE_LIMIT = 1_000_000  # bytes; no settings are longer
# What Kubernetes puts into the environment of every pod beside a service named "paybot" or "paybot-…".
KUBERNETES = re.compile(r"PAYBOT_(\w+_)?(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_(TCP|UDP|SCTP)\w*)")

TableShapes = Mapping[str, Callable[[object], Any]]


@dataclass(frozen=True, slots=True)
class Known:
    """What may be set: settings, secrets, the file's tables by key, and kinds of tables that bear names of their own."""

    settings: Mapping[str, Shape[Any]]
    secrets: Mapping[str, Shape[Any]]
    tables: Mapping[str, TableShapes]
    named_tables: Mapping[str, TableShapes] = field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        return (*self.settings, *self.secrets, *(f"{name}_FILE" for name in self.secrets), "PAYBOT_CONFIG")


class Reading:
    """What was found. `values` are by name ("DD_SITE") or by table and key ("answers.deadline").

    `given` are the names that were set at all, rightly or not: a wrong setting is not also a missing one.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.given: set[str] = set()
        self.faults: list[str] = []

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
    file, document = file_of(reading, environ, folder)
    for name, shape in known.settings.items():
        if environ.get(name, "").strip():
            reading.take(name, name, shape, environ[name].strip())
        elif name in document:
            reading.take(name, f"{file}: {name}", text(shape), document[name])
    for name, shape in known.secrets.items():
        read_secret(reading, name, shape, environ)
    read_tables(reading, known, file, document)
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


def file_of(reading: Reading, environ: Mapping[str, str], folder: Path | None) -> tuple[str, Mapping[str, object]]:
    """The settings file as its name and its contents; empty where there is none."""
    wanted = environ.get("PAYBOT_CONFIG", "").strip()
    path = (folder or Path()) / (wanted or FILE)
    if not wanted and (folder is None or not path.is_file()):
        return FILE, {}
    from tomllib import TOMLDecodeError, loads  # noqa: PLC0415 - most starts have no file

    try:
        return path.name, loads(contents(path).decode())
    except TOMLDecodeError as error:
        reading.faults.append(f"{path.name}: is not TOML: {error}")
    except UnicodeDecodeError:
        reading.faults.append(f"{path.name}: is not UTF-8")
    except Misfit as error:
        reading.faults.append(f"PAYBOT_CONFIG: {error}" if wanted else f"{path.name}: {error}")
    return path.name, {}


def read_tables(reading: Reading, known: Known, file: str, document: Mapping[str, object]) -> None:
    for name, value in document.items():
        if name in known.secrets:
            reading.faults.append(f"{file}: {name} is a secret: set it in the environment, or name its file in {name}_FILE")
        elif name in known.tables or name in known.named_tables:
            read_table(reading, known, file, name, value)
        elif name not in known.settings:
            known_here = (*known.settings, *known.tables, *known.named_tables)
            reading.faults.append(f'{file}: "{name}" is not a setting{meant(name, known_here)}')


def read_table(reading: Reading, known: Known, file: str, name: str, value: object) -> None:
    """A table, or each of the tables in it where there is one for each name ([rules.webhook-lag])."""
    if not isinstance(value, Mapping):
        reading.faults.append(f"{file}: {name} is a table: write [{name}] above its keys")
    elif name in known.tables:
        read_keys(reading, known.tables[name], file, name, value)
    else:
        for own, table in value.items():
            if isinstance(table, Mapping):
                read_keys(reading, known.named_tables[name], file, f"{name}.{own}", table)
            else:
                reading.faults.append(f'{file}: "{name}.{own}" is not a setting; [{name}.<name>] is a table of its own')


def read_keys(reading: Reading, shapes: TableShapes, file: str, name: str, table: Mapping[str, object]) -> None:
    for key, value in table.items():
        if key in shapes:
            reading.take(f"{name}.{key}", f"{file}: {name}.{key}", shapes[key], value)
        else:
            reading.faults.append(f'{file}: "{name}.{key}" is not a setting{meant(f"{name}.{key}", prefixed(name, shapes))}')


def prefixed(name: str, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{name}.{key}" for key in keys)

"""The company's log lines as Elasticsearch would hold them: the event stream, seen as documents with mapped fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sandbox.chance import Ints
from sandbox.declines import CODES, NO_CODE
from sandbox.ledger import Rows
from sandbox.lives import KINDS, Kind
from sandbox.world import World

INDEX = "payments-000001"
Form = Literal["date", "long", "keyword"]
Mask = NDArray[np.bool_]

_UNLOGGED: tuple[Kind, ...] = ("checkout.submitted", "checkout.idle", "retry.queued", "retry.dead")
LOGGED: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind not in _UNLOGGED)
_OUTCOMES: Mapping[Kind, str] = {
    "checkout.completed": "success",
    "checkout.failed": "failure",
    "webhook.processed": "success",
    "receipt.rendered": "success",
    "receipt.failed": "failure",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Documents of one environment and kind, sorted by time."""

    env: str
    kind: Kind
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: slice | Mask | Ints) -> Part:
        return Part(self.env, self.kind, self.rows[which])


Documents = tuple[Part, ...]


def documents(world: World) -> Documents:
    """Every log line until now."""
    return tuple(Part(env, kind, world.events(kind, env)) for env in world.envs for kind in LOGGED)


def count(docs: Iterable[Part]) -> int:
    return sum(len(part) for part in docs)


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is mapped, and where its values are.

    `of` gives one word that all documents of a part share, or a number for each, or None where they lack the field. A keyword's
    numbers stand for words by `word` and back by `number` (None: no such word); `gap` is the number of a document that lacks it.
    """

    form: Form
    of: Callable[[Part], str | NDArray[np.integer[Any]] | None]
    word: Callable[[int], str] = str
    number: Callable[[str], int | None] = int
    gap: int | None = None


def _session_name(session: int) -> str:
    return f"cs_live_{session:012x}"


def _receipt_name(session: int) -> str:
    return f"rcpt_{session:012x}"


def _receipt_path(session: int) -> str:
    return f"/receipts/{_receipt_name(session)}.pdf"


def _back(name: Callable[[int], str]) -> Callable[[str], int | None]:
    """The session that a name was made of, or None for a foreign name."""
    prefix, _, suffix = name(0).partition(f"{0:012x}")

    def session(word: str) -> int | None:
        digits = word.removeprefix(prefix).removesuffix(suffix)
        try:
            number = int(digits, 16)
        except ValueError:
            return None
        return number if name(number) == word else None

    return session


def _code_number(word: str) -> int | None:
    return CODES.index(word) if word in CODES else None


def _outcome(part: Part) -> str | Ints | None:
    if part.kind == "retry.completed":
        return np.where(part.rows.code == NO_CODE, 1, 0)
    return _OUTCOMES.get(part.kind)


def _when(
    column: Callable[[Rows], NDArray[np.integer[Any]]], *prefixes: str
) -> Callable[[Part], NDArray[np.integer[Any]] | None]:
    return lambda part: column(part.rows) if part.kind.startswith(prefixes) else None


_SUCCESS = ("failure", "success")

FIELDS: Mapping[str, Field] = {
    "@timestamp": Field("date", lambda part: part.rows.time),
    "service.name": Field("keyword", lambda part: "payments"),
    "service.environment": Field("keyword", lambda part: part.env),
    "event.action": Field("keyword", lambda part: part.kind),
    "event.outcome": Field(
        "keyword", _outcome, _SUCCESS.__getitem__, lambda word: _SUCCESS.index(word) if word in _SUCCESS else None
    ),
    "stripe.decline_code": Field(
        "keyword", _when(lambda rows: rows.code, "checkout.failed"), CODES.__getitem__, _code_number, gap=NO_CODE
    ),
    "retry.attempt": Field("long", _when(lambda rows: rows.attempt, "retry.")),
    "webhook.lag_ms": Field("long", _when(lambda rows: rows.ms, "webhook.")),
    "checkout.session_id": Field("keyword", lambda part: part.rows.session, _session_name, _back(_session_name)),
    "receipt.id": Field("keyword", _when(lambda rows: rows.session, "receipt."), _receipt_name, _back(_receipt_name)),
    "receipt.path": Field("keyword", _when(lambda rows: rows.session, "receipt."), _receipt_path, _back(_receipt_path)),
}


def there(field: Field, values: NDArray[np.integer[Any]]) -> Mask:
    """Which documents have the field, of a part whose documents may."""
    return np.ones(len(values), np.bool_) if field.gap is None else values != field.gap


def source(part: Part, place: int) -> dict[str, Any]:
    """One document as it was indexed."""
    one = part[slice(place, place + 1)]
    found: dict[str, Any] = {}
    for name, field in FIELDS.items():
        values = field.of(one)
        if values is None or (not isinstance(values, str) and not there(field, values)[0]):
            continue
        found[name] = values if isinstance(values, str) else shown(field, int(values[0]))
    return found


def shown(field: Field, number: int) -> str | int:
    """A value as it stands in a document."""
    if field.form == "date":
        return iso(number)
    return number if field.form == "long" else field.word(number)


def iso(time_ms: int) -> str:
    """Epoch milliseconds as Elasticsearch writes a date: 2026-11-22T14:00:00.000Z."""
    time = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"

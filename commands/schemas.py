"""Whether Segment's events keep to the tracking plan: one JSON Schema for each of the seed's events, in `events/`.

Events are checked by their shapes (property -> JSON type), of which a million events have a handful: what is missing, of the
wrong type, or not in the plan. What a value says (a pattern, a least number) is not checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

Kind = Literal["missing", "wrong type", "unknown", "unknown event"]
OF_TYPE: Mapping[str, Any] = {
    "string": "aaa",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "null": None,
}
KINDS: Mapping[str, Kind] = {"required": "missing", "type": "wrong type", "additionalProperties": "unknown"}


@dataclass(frozen=True, slots=True)
class Violation:
    """What an event does against the plan: which property, what the plan wants and what was found (JSON types)."""

    kind: Kind
    field: str = ""
    expected: str = ""
    found: str = ""


@lru_cache(maxsize=1)
def plan() -> Mapping[str, Mapping[str, Any]]:
    """The schemas by event name."""
    found = (
        json.loads(path.read_text(encoding="utf-8")) for path in files("commands.events").iterdir() if path.name.endswith(".json")
    )
    return {str(schema["title"]): schema for schema in found}


@lru_cache(maxsize=4096)
def violations(event: str, shape: str) -> tuple[Violation, ...]:
    """What events of this shape do against the plan; `shape` is JSON text of property -> JSON type."""
    schema = plan().get(event)
    if schema is None:
        return (Violation("unknown event", event[:100]),)
    types = shape_of(shape)
    return tuple(sorted(set(_found(schema, types)), key=lambda each: (each.kind, each.field)))


def shape_of(text: str) -> Mapping[str, str]:
    """The types by property; whatever is nested is an object or an array, and no shape at all has no properties."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        name: "object" if isinstance(kind, dict) else "array" if isinstance(kind, list) else str(kind)
        for name, kind in found.items()
    }


def _found(schema: Mapping[str, Any], types: Mapping[str, str]) -> Iterator[Violation]:
    for error in _validator(str(schema["title"])).iter_errors({name: _of(kind) for name, kind in types.items()}):
        kind = KINDS.get(str(error.validator))
        if kind == "missing":
            yield from (Violation(kind, name, _type(schema, name)) for name in schema["required"] if name not in types)
        elif kind == "unknown":
            yield from (Violation(kind, name[:100], "", types[name]) for name in types if name not in schema["properties"])
        elif kind == "wrong type":
            name = str(error.path[0])
            yield Violation(kind, name, _type(schema, name), types[name])


def _of(kind: str) -> Any:
    """A value of that type, fit for every pattern of the plan: only its type is looked at."""
    return {} if kind == "object" else [] if kind == "array" else OF_TYPE.get(kind, "")


def _type(schema: Mapping[str, Any], name: str) -> str:
    return str(schema["properties"].get(name, {}).get("type", ""))


@lru_cache(maxsize=16)
def _validator(event: str) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only the funnel needs it

    return Draft202012Validator(plan()[event])

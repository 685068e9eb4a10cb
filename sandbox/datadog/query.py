"""Datadog's query and formula language, as far as the sandbox speaks it: text to an expression tree.

One grammar serves both: a query's leaves are `avg:metric{scope}`, a formula's leaves the queries' names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DEPTH = 40
_LONGEST = 1000  # a formula of many terms is as deep as it is long


class QueryError(Exception):
    """The request is not one that Datadog would answer; the message goes into its `errors`."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A query, by the name that the request gives it."""

    name: str


@dataclass(frozen=True, slots=True)
class Selector:
    """`p95:metric{env:prod,!attempt:1} by {attempt}.rollup(max, 300)`.

    `scope` holds (tag, wanted): wanted False for `!tag`. `modifier` is "", "as_count" or "as_rate"; `rollup_s` 0 is the request's
    own interval, `rollup` "" the default method.
    """

    aggregator: str
    metric: str
    scope: tuple[tuple[str, bool], ...]
    by: tuple[str, ...] = ()
    modifier: str = ""
    rollup: str = ""
    rollup_s: int = 0

    def wants(self, tags: tuple[str, ...]) -> bool:
        return all((tag in tags) is wanted for tag, wanted in self.scope)


@dataclass(frozen=True, slots=True)
class Operation:
    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class DefaultZero:
    of: Expression


@dataclass(frozen=True, slots=True)
class MovingRollup:
    of: Expression
    seconds: int
    method: str


Expression = Number | Name | Selector | Operation | DefaultZero | MovingRollup

_METHODS = ("avg", "sum", "min", "max", "count")
_SELECTOR = re.compile(
    r"\s*(?P<aggregator>avg|sum|min|max|p50|p75|p90|p95|p99):(?P<metric>[A-Za-z][\w.]*)\{(?P<scope>[^{}]*)\}"
    r"(?:\s*by\s*\{(?P<by>[^{}]*)\})?"
)
_CALL = re.compile(r"\.(as_count|as_rate|rollup)\(\s*([^()]*?)\s*\)")
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)")
_WORD = re.compile(r"\s*([A-Za-z_]\w*)")
_MOVING = re.compile(r"\s*,\s*(\d+)\s*(?:,\s*['\"]?(\w+)['\"]?\s*)?")


def parse_query(text: str) -> Expression:
    """A metrics query; raises QueryError."""
    return _Reader(text, queries=True).whole()


def parse_formula(text: str) -> Expression:
    """A formula over named queries; raises QueryError."""
    return _Reader(text, queries=False).whole()


class _Reader:
    """Reads one text by recursive descent."""

    def __init__(self, text: str, *, queries: bool) -> None:
        self._text = text
        self._at = 0
        if len(text) > _LONGEST:
            raise QueryError(f"Error parsing query: longer than {_LONGEST} characters.")
        self._queries = queries
        self._depth = 0

    def whole(self) -> Expression:
        found = self._sum()
        if self._text[self._at :].strip():
            raise self._fault()
        return found

    def _fault(self) -> QueryError:
        return QueryError(
            f"Error parsing query: unable to parse {self._text}: Rule 'scope_expr' didn't match at position {self._at}."
        )

    def _sum(self) -> Expression:
        self._depth += 1
        if self._depth > _DEPTH:
            raise self._fault()
        left = self._product()
        while sign := self._sign("+-"):
            left = Operation(sign, left, self._product())
        self._depth -= 1
        return left

    def _product(self) -> Expression:
        left = self._atom()
        while sign := self._sign("*/"):
            left = Operation(sign, left, self._atom())
        return left

    def _sign(self, signs: str) -> str:
        rest = self._text[self._at :].lstrip()
        if not rest or rest[0] not in signs:
            return ""
        self._at = len(self._text) - len(rest) + 1
        return rest[0]

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def _atom(self) -> Expression:
        if self._sign("("):
            return self._closed(self._sum())
        if number := self._take(_NUMBER):
            return Number(float(number[1]))
        if self._queries and (selector := self._take(_SELECTOR)):
            return self._selector(selector)
        if word := self._take(_WORD):
            return self._function(word[1]) if self._sign("(") else self._name(word[1])
        raise self._fault()

    def _closed(self, inner: Expression) -> Expression:
        if not self._sign(")"):
            raise self._fault()
        return inner

    def _name(self, name: str) -> Name:
        if self._queries:
            raise self._fault()
        return Name(name)

    def _function(self, name: str) -> Expression:
        if name == "default_zero":
            return self._closed(DefaultZero(self._sum()))
        if name != "moving_rollup":
            raise QueryError(f"Error parsing query: unknown function {name}.")
        inner = self._sum()
        arguments = self._take(_MOVING)
        if not arguments or (arguments[2] or "avg") not in _METHODS:
            raise self._fault()
        return self._closed(MovingRollup(inner, int(arguments[1]), arguments[2] or "avg"))

    def _selector(self, found: re.Match[str]) -> Selector:
        modifier, rollup, rollup_s = "", "", 0
        while call := self._take(_CALL):
            if call[1] == "rollup":
                rollup, rollup_s = self._rollup(call[2])
            else:
                modifier = call[1]
        by = tuple(tag.strip() for tag in (found["by"] or "").split(",") if tag.strip())
        return Selector(found["aggregator"], found["metric"], self._scope(found["scope"]), by, modifier, rollup, rollup_s)

    def _scope(self, text: str) -> tuple[tuple[str, bool], ...]:
        words = [word.strip() for word in re.split(r",|\bAND\b", text)]
        if not all(words):
            raise self._fault()
        return tuple((word.lstrip("!"), not word.startswith("!")) for word in words if word != "*")

    def _rollup(self, text: str) -> tuple[str, int]:
        parts = [part.strip() for part in text.split(",")]
        method = "" if parts[0].isdigit() else parts.pop(0)
        seconds = parts.pop(0) if parts else "0"
        if parts or (method and method not in _METHODS) or not seconds.isdigit():
            raise self._fault()
        return method, int(seconds)

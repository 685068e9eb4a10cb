"""Datadog's metric queries as text: what its grammar refuses, seen before it is asked.

Only what is surely wrong is a fault, as a query that is refused here stops the start: functions and their arguments are read for
their form alone.
"""

from __future__ import annotations

import re
from typing import NoReturn

from bot.shapes import Misfit, meant, shown

DEPTH = 40
AGGREGATORS = ("avg", "sum", "min", "max", "count")
METHODS = ("as_count", "as_rate", "rollup", "fill", "weighted")

PERCENTILE = re.compile(r"p\d{1,2}(?:\.\d{1,3})?")
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
SELECTED = re.compile(r"(?:(?P<aggregator>\w+(?:\.\d+)?)(?:\([^(){}]*\))?\s*:\s*)?(?P<metric>\$?[A-Za-z_][\w.]*)\s*\{")
SCOPE = re.compile(r"(?P<inside>[^{}]*)\}")
BY = re.compile(r"by\s*\{(?P<inside>[^{}]*)\}")
METHOD = re.compile(r"\.\s*(\w+)\s*\(")
FUNCTION = re.compile(r"([A-Za-z_]\w*)\s*\(")
ARGUMENT = re.compile(
    r"(?:'[^']*'|\"[^\"]*\"|[A-Za-z_]\w*\s*=\s*(?:'[^']*'|\"[^\"]*\"|[\w.-]+)|-?\d+(?:\.\d+)?|[A-Za-z_]\w*)(?=\s*[,)])"
)
SPACE = re.compile(r"\s*")


def fitting(text: str) -> None:
    """Returns where a metric query, its `$names` still in it, is one that Datadog can read. Raises Misfit."""
    _Reader(text).whole()


class _Reader:
    """Reads one text by recursive descent."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> None:
        self._sum()
        if self._rest():
            self._refuse("there must be +, -, * or /, or the end")

    def _sum(self) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise Misfit("is too deep: it has more than 40 levels of brackets")
        self._term()
        while self._sign("+-*/"):
            self._term()
        self._depth -= 1

    def _term(self) -> None:
        while self._sign("-"):
            pass
        if self._take(NUMBER):
            return
        if self._sign("("):
            self._sum()
            self._close()
        elif found := self._take(SELECTED):
            self._selector(found)
        elif self._take(FUNCTION):
            self._arguments()
        else:
            self._refuse("there must be a metric with its {…}, a number, a function or a bracket")
        while found := self._take(METHOD):
            if found[1] not in METHODS and (near := meant(found[1], METHODS)):
                raise Misfit(f"names .{found[1]}(), which Datadog does not have{near}")
            self._arguments()

    def _selector(self, found: re.Match[str]) -> None:
        aggregator = found["aggregator"] or "avg"
        if aggregator not in AGGREGATORS and not PERCENTILE.fullmatch(aggregator):
            near = meant(aggregator, AGGREGATORS)
            raise Misfit(f"aggregates by {shown(aggregator)}, which is none of {', '.join(AGGREGATORS)} and p50 to p99{near}")
        self._listed(self._take(SCOPE), "{…}")
        if by := self._take(BY):
            self._listed(by, "by {…}")

    def _listed(self, found: re.Match[str] | None, where: str) -> None:
        """The tags between braces, none of them empty."""
        if found is None:
            self._refuse("a brace is not closed")
        if not all(each.strip() for each in found["inside"].split(",")):
            raise Misfit(f"has nothing where {where} needs a tag")

    def _arguments(self) -> None:
        """What stands between a function's brackets, whose opening one has been read: words, numbers, texts, expressions."""
        if self._sign(")"):
            return
        while True:
            if not self._take(ARGUMENT):
                self._sum()
            if not self._sign(","):
                break
        self._close()

    def _close(self) -> None:
        if not self._sign(")"):
            self._refuse('there must be ")"')

    def _sign(self, signs: str) -> bool:
        rest = self._rest()
        if not rest or rest[0] not in signs:
            return False
        self._at += 1
        return True

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self._rest()
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found

    def _rest(self) -> str:
        """What has not been read, from the next sign on."""
        space = SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 60]

    def _refuse(self, said: str) -> NoReturn:
        rest = self._rest()
        raise Misfit(f"cannot be read {f'from {shown(rest)} on' if rest else 'at its end'}: {said}")

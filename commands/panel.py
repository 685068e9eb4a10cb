"""The shape of a section: what it asks of which source, and how the answers become panels, words and tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from charts.data import Series, Table
from charts.spec import Chart, Mark

if TYPE_CHECKING:
    from commands.args import Ask, Window

Found = Series | Table
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Query:
    """One question to one source, in that source's own language with `$names` for what settings choose.

    `over` asks for that long before the window's end instead of the window; `lead` asks for so much more before its start (a
    rolling mean needs it); `compare` also asks it for the compared window of an ask "vs yesterday".
    """

    source: str
    text: str
    options: Mapping[str, str] = field(default_factory=dict)
    over: timedelta | None = None
    lead: timedelta = timedelta(0)
    compare: bool = True

    def start_in(self, window: Window) -> datetime:
        """Where what it looks at begins."""
        return (window.end - self.over if self.over else window.start) - self.lead


@dataclass(frozen=True, slots=True)
class Gap:
    """A source that did not answer: who, why in words that are safe to show, and which panels lack it.

    `compared` says that only the compared window lacks it.
    """

    source: str
    said: str
    missing: tuple[str, ...] = ()
    compared: bool = False

    def sentence(self) -> str:
        """The gap as people read it: "Elasticsearch did not answer in 8 s; missing here: failure reasons."."""
        return f"{self.source} {self.said}; missing here: {', '.join(self.missing) or 'its part'}."


@dataclass(frozen=True, slots=True)
class Limits:
    """What answers are judged by, as far as operators tune it.

    `agreement_pct`: how far the counts of two sources may part before an answer says so, in per cent of the larger one.
    """

    agreement_pct: float = 2.0


@dataclass(frozen=True, slots=True)
class Data:
    """What the sources gave, by the query's key: a query that gave nothing is an empty series or a table with no rows.

    `before` holds the compared window's answers, still with their own times. `faults` says by key what was wrong with a source
    that gave no answer ("Datadog did not answer in 8 s").
    """

    found: Mapping[str, Found] = field(default_factory=dict)
    before: Mapping[str, Found] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()

    def series(self, key: str) -> Series:
        found = self.found.get(key)
        return found if isinstance(found, Series) else Series(key)

    def table(self, key: str) -> Table:
        found = self.found.get(key)
        return found if isinstance(found, Table) else Table()

    def earlier(self, key: str) -> Series:
        found = self.before.get(key)
        return found if isinstance(found, Series) else Series(key)

    def earlier_table(self, key: str) -> Table:
        found = self.before.get(key)
        return found if isinstance(found, Table) else Table()

    def why(self, *keys: str) -> str:
        """What a panel says in its place when these queries gave nothing."""
        fault = next((self.faults[key] for key in keys if key in self.faults), None)
        return f"no data: {fault}" if fault else "no data in this range"

    def part(self, name: str) -> Data:
        """The data of one section among those of several, where its keys are prefixed with "<name>."."""
        return replace(self, found=_own(self.found, name), before=_own(self.before, name), faults=_own(self.faults, name))


def _own(all_: Mapping[str, V], name: str) -> dict[str, V]:
    """The entries whose keys begin with the section's name, by the rest of their keys."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): value for key, value in all_.items() if key.startswith(prefix)}


@dataclass(frozen=True, slots=True)
class TitledTable:
    """A table as it stands in a message: its heading, its rows, and small print ("24 h to 14:00, share of 412 failures")."""

    title: str
    table: Table
    note: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of a section: `name` is what a gap says is missing; `draw` makes its chart or its table.

    `details` names what single queries add to it: that is all that is missing where they alone failed.
    """

    name: str
    queries: Mapping[str, Query]
    draw: Callable[[Data, Ask], Chart | TitledTable]
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Marks:
    """What happened meanwhile: the events to ask for, and how they become marks in the panels."""

    name: str
    queries: Mapping[str, Query]
    draw: Callable[[Data, Ask], tuple[Mark, ...]]


@dataclass(frozen=True, slots=True)
class Brief:
    """A section in one panel, for the overview: which of its queries that takes, and the chart that they make."""

    queries: tuple[str, ...]
    draw: Callable[[Data, Ask], Chart]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the dashboard: its panels, who owns it, and the one sentence that a tired person reads first.

    `brief` is its row of the overview; the overview itself has none.
    """

    name: str
    title: str
    owner: str
    panels: tuple[Panel, ...]
    headline: Callable[[Data, Ask], str]
    marks: Marks | None = None
    brief: Brief | None = None

    def asked(self) -> Mapping[str, Query]:
        """Every query of every part, by its key (keys are unique within a section)."""
        parts = (*self.panels, *((self.marks,) if self.marks else ()))
        return {key: query for part in parts for key, query in part.queries.items()}

    def lacking(self, keys: Collection[str]) -> tuple[str, ...]:
        """What is missing without these queries: parts by their names, or the details that they would have added."""
        parts = [(part.name, part.queries, part.details) for part in self.panels]
        parts += [(self.marks.name, self.marks.queries, {})] if self.marks else []
        named = (details.get(key, name) for name, queries, details in parts for key in queries if key in keys)
        return tuple(dict.fromkeys(named))

"""What a tick asks: the queries of all rules in one fetch for each source and environment, and the answers sorted by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from bot.alerts.rule import Rule
from bot.ports import Source, SourceError
from charts.data import Series, Table
from commands.panel import Query
from commands.window import Window

STEP = timedelta(minutes=1)  # of the buckets that rules are judged by

Answer = tuple[Series, ...] | Table | SourceError
Own = Mapping[str, Answer]  # the answers of one rule in one environment, by the keys of its queries
Place = tuple[Rule, str]  # a rule in one of its environments


@runtime_checkable
class ByGroup(Protocol):
    """A source that can answer a query by group: several series, each named by its tags."""

    def series(
        self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float
    ) -> Mapping[str, tuple[Series, ...]]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One fetch: everything that rules want of a source in an environment, by keys "<rule> <key>". Equal only to itself."""

    source: str
    env: str
    queries: Mapping[str, Query]

    @property
    def name(self) -> str:
        return f"{self.source} {self.env}"


def calls_of(rules: Iterable[Rule], env: str) -> tuple[Call, ...]:
    """The fetches of a tick; `env` is the settings' environment, where a rule names none."""
    queries: defaultdict[tuple[str, str], dict[str, Query]] = defaultdict(dict)
    for rule in rules:
        for where in rule.environments or (env,):
            for key, query in rule.queries.items():
                queries[query.source, where][f"{rule.name} {key}"] = query
    return tuple(Call(source, where, own) for (source, where), own in queries.items())


def window_of(rules: Iterable[Rule], end: datetime, back: timedelta = timedelta(0)) -> Window:
    """The window up to `end` that holds what every rule looks at, at any moment of the last `back` too."""
    longest = max((rule.over for rule in rules), default=STEP)
    return Window(end - longest - back, end, STEP, "UTC", "alerts", "alerts")


def fetched(source: Source, call: Call, window: Window, timeout_s: float) -> Mapping[str, Answer]:
    """The answers to a call. Raises SourceError where there is none at all."""
    if isinstance(source, ByGroup):
        return dict(source.series(call.queries, window, call.env, timeout_s))
    found = source.fetch(call.queries, window, call.env, timeout_s)
    return {key: (answer,) if isinstance(answer, Series) else answer for key, answer in found.items()}


def places_of(rules: Iterable[Rule], env: str) -> tuple[Place, ...]:
    """Every rule in each of its environments, in their order."""
    return tuple((rule, where) for rule in rules for where in dict.fromkeys(rule.environments or (env,)))


def sorted_by_place(
    places: Iterable[Place], outcomes: Mapping[Call, Mapping[str, Answer] | Exception]
) -> Iterator[tuple[Rule, str, Own]]:
    """The answers of each place; a call that failed is the failure of all its queries."""
    said = {(call.source, call.env): outcome for call, outcome in outcomes.items()}
    for rule, where in places:
        queries = rule.queries.items()
        yield rule, where, {key: _answer(said.get((query.source, where)), f"{rule.name} {key}") for key, query in queries}


def sorted_by_rule(
    rules: Iterable[Rule], env: str, outcomes: Mapping[Call, Mapping[str, Answer] | Exception]
) -> Mapping[tuple[str, str], Own]:
    """The same by the names of the rules and their environments."""
    return {(rule.name, where): own for rule, where, own in sorted_by_place(places_of(rules, env), outcomes)}


def _answer(outcome: Mapping[str, Answer] | Exception | None, key: str) -> Answer:
    if outcome is None:
        return SourceError("is not configured", "not_configured")
    if isinstance(outcome, SourceError):
        return outcome
    if isinstance(outcome, TimeoutError):
        return SourceError("did not answer in time", "timeout")
    if isinstance(outcome, Exception):
        return SourceError("could not be read (a fault of paybot's own, logged)", "bug")
    return outcome.get(key, SourceError("left a question out", "bad_answer"))

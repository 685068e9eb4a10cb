"""Datadog's metrics and events as sources."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Self
from urllib.parse import urlencode

from bot.config import Config, Datadog
from bot.ports import Answers, Link, SourceError
from bot.sources.datadog_api import DatadogApi
from bot.sources.events import Search
from bot.sources.limits import told_until
from bot.sources.names import NAME, filled
from bot.sources.retry import Deadline, apart, some
from bot.sources.scalars import Whole
from bot.sources.timeseries import Curve, Request
from charts.data import Series
from commands.args import Ask, Window
from commands.panel import Query

Lines = tuple[Series, ...] | SourceError  # of one query

Now = Callable[[], datetime]

NEEDS = "needs DD_API_KEY and DD_APP_KEY"
TIMESERIES = "/api/v2/query/timeseries"
SCALAR = "/api/v2/query/scalar"
PULSE = "pulse"  # no query's key: the line that shows when the company was heard, of a gauge that is sent every minute
ALIVE = "avg:$sessions_active{$scope}"
QUERIES = 10  # in one request, beside the pulse; Datadog documents no limit
GROUPS = 1_000  # of one query: more is no chart, and each would be an alert of its own
RECENT = timedelta(minutes=30)  # a rule asks about now; a backtest, which asks the same way, about long ago
SETTLE = timedelta(seconds=60)  # as for alerts; Datadog documents no lag for what agents send
TAG = re.compile(r"[\w.:/-]{1,190}")  # what may stand in a tag; no brace, comma or space can leave the scope


class DatadogMetrics:
    """Metric queries such as `avg:$success_rate{$scope}`, all of a fetch in one request.

    `$scope` is the environment's tag, every other name a metric of the settings. Options: `rate` "percent" (a share that is
    wanted in per cent, however the metric is sent); `unit`; `fill` "zero", of a counter, which sends nothing where nothing
    happened: such a bucket is 0 where PULSE shows that the company was heard, and stays unknown else; `whole` "percentile", of a
    percentile query: one point for the whole window, as percentiles must not be averaged.
    """

    title = "Datadog"
    needs = NEEDS

    def __init__(self, settings: Datadog, now: Now, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._api = DatadogApi(settings, clock)

    @classmethod
    def of(cls, config: Config, now: Now) -> Self | None:
        """The source, where Datadog's keys are set."""
        return cls(config.datadog, now) if config.datadog else None

    def warm(self) -> None:
        """Imports and connects what the first fetch would otherwise wait for."""
        self._api.warm()

    def budget(self) -> tuple[tuple[str, int, int], ...]:
        """What Datadog told of its limits on these questions."""
        return self._api.budget()

    def stop(self) -> None:
        """Nothing: it starts nothing that outlives a question."""

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """One Series for each query. A query that asks by group ("by {host}") has no single series: SourceError.

        Near the end of Datadog's request limit this waits a moment or is refused, as the rest is kept for `series`.
        """
        with told_until(self._now, window.zone):
            found = self._lines(queries, window, env, Deadline(timeout_s), rules=False)
        return {key: lines if isinstance(lines, SourceError) else single(key, lines) for key, lines in found.items()}

    def series(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Mapping[str, Lines]:
        """Every series of every query: one named by its key, or one for each group, named by its tags.

        This is how rules ask. What they ask about now is asked until Datadog itself refuses.
        """
        recent = window.end > self._now() - RECENT
        with told_until(self._now, window.zone):
            return self._lines(queries, window, env, Deadline(timeout_s), rules=recent)

    def _lines(
        self, queries: Mapping[str, Query], window: Window, env: str, deadline: Deadline, *, rules: bool
    ) -> Mapping[str, Lines]:
        settled = (self._now() - SETTLE).timestamp()
        whole = {key: query for key, query in queries.items() if "whole" in query.options}
        found: dict[str, Lines] = {}
        pulse: Lines = ()
        for request in self._requests({key: query for key, query in queries.items() if key not in whole}, window, env):
            found |= self._asked(request, deadline, settled, rules=rules)
            pulse = found.pop(PULSE, pulse)
            found |= {key: zeros(key, found[key], pulse) for key in found if key in queries and fills(queries[key])}
        for asked in self._whole(whole, window, env):
            found |= self._numbers(asked, deadline, rules=rules)
        empty = {key: (Series(key, unit=query.options.get("unit", "")),) for key, query in queries.items()}
        return some(empty | {key: bounded(groups) for key, groups in found.items() if groups})

    def _asked(self, request: Request, deadline: Deadline, settled: float, *, rules: bool) -> dict[str, Lines]:
        """The lines of a request, by its curves' keys; a curve that Datadog refuses has its refusal."""

        def asked(curves: tuple[Curve, ...]) -> dict[str, Lines]:
            part = replace(request, curves=curves)
            return {**part.read(self._api.post(TIMESERIES, part.body(), deadline, rules=rules), settled)}

        return {**apart(asked, request.curves, lambda curve: curve.key)}

    def _numbers(self, whole: Whole, deadline: Deadline, *, rules: bool) -> dict[str, Lines]:
        """The same of queries that want one number."""

        def asked(keys: tuple[str, ...]) -> dict[str, Lines]:
            part = replace(whole, texts={key: whole.texts[key] for key in keys})
            return {**part.read(self._api.post(SCALAR, part.body(), deadline, rules=rules))}

        return {**apart(asked, whole.texts, str)}

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """The Metrics Explorer with the asked metrics, environment and range."""
        names = [name for query in queries.values() for name in NAME.findall(query.text)]
        metrics = dict.fromkeys(self._settings.metrics[name] for name in names if name in self._settings.metrics)
        shown = {
            "from_ts": milliseconds(ask.window.start),
            "to_ts": milliseconds(ask.window.end),
            "live": "false",
            "exp_metric": ",".join(metrics),
            "exp_scope": f"env:{ask.env}",
            "exp_agg": "avg",
            "exp_row_type": "metric",
        }
        return Link("Datadog", f"{pages(self._settings)}/metric/explorer?{urlencode(shown)}")

    def probe(self, timeout_s: float) -> str:
        """Whether the keys are good (the API key alone, then both with a query), how fast it is, and whether there is data."""
        deadline = Deadline(timeout_s)
        self._api.get("/api/v1/validate", deadline, rules=True)  # as a probe, too, watches for people
        start = time.perf_counter()
        metric = self._settings.metrics["success_rate"]
        now = int(self._now().timestamp())
        request = Request((Curve("probe", f"avg:{metric}{{*}}", "q", "", now - 3600),), now, 60)
        found = request.read(self._api.post(TIMESERIES, request.body(), deadline, rules=True), now)
        took_ms = 1000 * (time.perf_counter() - start)
        return f"answers in {took_ms:.0f} ms; {metric} has {'data' if any(found['probe']) else 'no data'} in the last hour"

    def _requests(self, queries: Mapping[str, Query], window: Window, env: str) -> Iterator[Request]:
        """One request for the queries that look back equally far, whatever more they want before that."""
        names = self._names(env)
        step = int(window.step.total_seconds())
        end = floored(window.end, step)
        for over in dict.fromkeys(query.over for query in queries.values()):
            curves = [self._curve(key, query, window, names) for key, query in queries.items() if query.over == over]
            wanted = (curve for curve in curves if curve.start < end)
            alive = Curve(PULSE, filled(ALIVE, names), "q", "", min((curve.start for curve in curves), default=end))
            pulse = (alive,) if any(fills(queries[curve.key]) for curve in curves) else ()
            while batch := tuple(islice(wanted, QUERIES)):
                yield Request((*batch, *pulse), end, step)
                pulse = ()  # it serves all counters of these requests

    def _whole(self, queries: Mapping[str, Query], window: Window, env: str) -> Iterator[Whole]:
        """One request for the queries that want one number of equally long."""
        names = self._names(env)
        for start in dict.fromkeys(query.start_in(window) for query in queries.values()):
            texts = {key: filled(query.text, names) for key, query in queries.items() if query.start_in(window) == start}
            yield Whole(texts, int(start.timestamp()), int(window.end.timestamp()))

    def _names(self, env: str) -> Mapping[str, str]:
        return {**self._settings.metrics, "scope": f"env:{tag(env)}"}

    def _curve(self, key: str, query: Query, window: Window, names: Mapping[str, str]) -> Curve:
        in_per_cent = query.options.get("rate") == "percent" and self._settings.scale == "ratio"
        start = floored(query.start_in(window), int(window.step.total_seconds()))
        return Curve(key, filled(query.text, names), "q * 100" if in_per_cent else "q", query.options.get("unit", ""), start)


class DatadogEvents:
    """Event searches such as `env:$env kind:deploy`; each gives a Table of time (epoch s), title, message and tags."""

    title = "Datadog events"
    needs = NEEDS

    def __init__(self, settings: Datadog, now: Now, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._api = DatadogApi(settings, clock)

    @classmethod
    def of(cls, config: Config, now: Now) -> Self | None:
        """The source, where Datadog's keys are set."""
        return cls(config.datadog, now) if config.datadog else None

    def warm(self) -> None:
        """Imports and connects what the first fetch would otherwise wait for."""
        self._api.warm()

    def budget(self) -> tuple[tuple[str, int, int], ...]:
        """What Datadog told of its limits on these questions."""
        return self._api.budget()

    def stop(self) -> None:
        """Nothing: it starts nothing that outlives a question."""

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """One Table for each query, oldest event first, the newest 300 at most. Datadog takes one search at a time."""
        ask = self._ask(Deadline(timeout_s), rules=False)
        with told_until(self._now, window.zone):
            return {key: self._search(query, window, env).found(ask) for key, query in queries.items()}

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """None: the link to the metrics shows Datadog's events of that time too."""
        return None

    def probe(self, timeout_s: float) -> str:
        """Whether the keys may search events, and how long a search of the last hour took."""
        start = time.perf_counter()
        now = self._now()
        Search("*", now - timedelta(hours=1), now).found(self._ask(Deadline(timeout_s), rules=True))
        return f"answers in {1000 * (time.perf_counter() - start):.0f} ms"

    def _search(self, query: Query, window: Window, env: str) -> Search:
        start = query.start_in(window)
        name = tag(env)
        quoted = f'"{name}"' if ":" in name or "/" in name else name
        return Search(filled(query.text, {"env": quoted}), start, window.end)

    def _ask(self, deadline: Deadline, *, rules: bool) -> Callable[[Mapping[str, Any]], Any]:
        return lambda page: self._api.post("/api/v2/events/search", page, deadline, rules=rules)


def fills(query: Query) -> bool:
    return query.options.get("fill") == "zero"


def bounded(lines: Lines) -> Lines:
    """A query's lines, if they are few enough to be looked at."""
    if isinstance(lines, tuple) and len(lines) > GROUPS:
        return SourceError(f"answered in {len(lines):,} groups, of which paybot looks at {GROUPS:,} at most", "bad_answer")
    return lines


def zeros(key: str, lines: Lines, pulse: Lines) -> Lines:
    """A counter's lines with its zeros, as far as it and the pulse were answered."""
    return with_zeros(key, lines, pulse) if isinstance(lines, tuple) and isinstance(pulse, tuple) else lines


def with_zeros(key: str, groups: tuple[Series, ...], pulse: tuple[Series, ...]) -> tuple[Series, ...]:
    """A counter's line with 0 where it has no point and the pulse has one; a counter that never counted is 0 all along."""
    if not pulse or len(groups) > 1:
        return groups
    line = groups[0] if groups else replace(pulse[0], name=key, values=(None,) * len(pulse[0].times))
    zeros = dict.fromkeys((time for time, _ in pulse[0].known()), 0.0)
    unknown: dict[float, float | None] = dict.fromkeys(line.times)
    points = sorted((unknown | zeros | dict(line.known())).items())
    return (replace(line, times=tuple(time for time, _ in points), values=tuple(value for _, value in points)),)


def single(key: str, groups: Sequence[Series]) -> Series:
    if len(groups) != 1:
        raise SourceError(f"answered in {len(groups)} groups where one line was asked ({key})", "bad_answer")
    return groups[0]


def tag(env: str) -> str:
    """The environment as it stands in a tag; raises SourceError for what no tag can hold."""
    if not TAG.fullmatch(env):
        raise SourceError("cannot be asked about an environment of that name", "bad_request")
    return env


def floored(moment: datetime, step: int) -> int:
    """Epoch seconds, down to the start of a bucket: Datadog aligns buckets to multiples of their width."""
    return int(moment.timestamp()) // step * step


def milliseconds(moment: datetime) -> str:
    return str(int(moment.astimezone(UTC).timestamp() * 1000))


def pages(settings: Datadog) -> str:
    """The base URL of the pages for people: `app.` before a bare domain, the site itself where it names a region (us5.…)."""
    site = settings.site
    return settings.pages.rstrip("/") or (f"https://app.{site}" if site.count(".") == 1 else f"https://{site}")

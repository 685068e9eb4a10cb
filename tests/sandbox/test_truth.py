"""The bot's answers against the company's own events: every number, counted again in the plainest way there is.

Nothing of the reference below calls what it checks. It goes from events to minutes, from minutes to buckets, from buckets to the
rolling mean, and only borrows the words in which numbers and times are written.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from statistics import fmean

import pytest
from starlette.routing import Mount

from bot.answer import Analyst, Answer
from bot.config import Answers, Datadog, Elastic
from bot.observe import Metrics
from bot.ports import Source
from bot.sources.datadog import DatadogEvents, DatadogMetrics
from bot.sources.elastic import Elastic as ElasticSource
from charts.data import Series
from commands.args import Ask, Wish, parse
from commands.words import change, clock, count, percent, span, stamp
from sandbox import datadog, elastic
from sandbox.declines import CODES
from sandbox.faults import Faults
from sandbox.lives import Kind
from sandbox.scenarios import SCENARIOS, episode
from sandbox.world import World
from tests.fakes import FakeRenderer
from tests.sandbox.company import DAY, HOUR, MINUTE, fresh, served

NOW = datetime(2026, 11, 2, 14, 0, 30, tzinfo=UTC)  # the day after New York changed its clocks, a week after Berlin did
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
ASKS = 60
Line = dict[int, float]  # value by the start of its bucket, epoch seconds


@cache
def company() -> World:
    """Seventeen days with outages that are over, small, long ago and still going on."""
    outage, storm = SCENARIOS["issuer-outage"], SCENARIOS["retry-storm"]
    past = (
        episode(outage, NOW - 8 * DAY, 40 * MINUTE, 0.8),
        episode(outage, NOW - 3 * DAY, 3 * HOUR, 0.6),
        episode(storm, NOW - 26 * HOUR, 1 * HOUR),
        episode(outage, NOW - 5 * HOUR, 25 * MINUTE),
        episode(outage, NOW - 20 * MINUTE),
    )
    return fresh(seed=11, history=17 * DAY, past=past, at=NOW)


@pytest.fixture(scope="module")
def analyst() -> Iterator[Analyst]:
    faults = Faults(latency_ms=0)
    vendors = [
        Mount("/datadog", routes=datadog.routes(company(), faults, real=NOW.timestamp)),
        Mount("/elastic", routes=elastic.routes(company(), faults)),
    ]
    with served(vendors, "") as url:
        metrics = Datadog(api_key=datadog.API_KEY, app_key=datadog.APP_KEY, host=f"{url}/datadog")
        logs = Elastic(url=f"{url}/elastic", api_key=elastic.API_KEY)
        sources: dict[str, Source] = {
            "datadog": DatadogMetrics(metrics, lambda: NOW),
            "datadog_events": DatadogEvents(metrics, lambda: NOW),
            "elastic": ElasticSource(logs, lambda: NOW),
        }
        made = Analyst(sources, FakeRenderer(), Answers(), Metrics())
        yield made
        made.stop()


# --- the reference --------------------------------------------------------------------------------------------------


@cache
def per_minute(kind: Kind, env: str, *, first: bool = False) -> Counter[int]:
    """Events of each minute, by the minute's start; `first` counts only those of first payments."""
    rows = company().events(kind, env)
    pairs = zip(rows.time.tolist(), rows.attempt.tolist(), strict=True)
    return Counter(time // 60_000 * 60 for time, attempt in pairs if not first or attempt == 0)


@cache
def metric(name: str, env: str) -> Line:
    """A metric as it is sent: one value for each minute, none for a minute without payments."""
    minutes = range(company().begin_ms // 60_000 * 60, int(NOW.timestamp()) // 60 * 60, 60)  # the first one is half a minute
    if name == "rate":
        done, bad = per_minute("checkout.completed", env), per_minute("checkout.failed", env)
        return {at: 100 * done[at] / (done[at] + bad[at]) for at in minutes[1:] if done[at] + bad[at]}
    opened: tuple[Kind, ...] = ("checkout.started",) if name == "active" else ("checkout.submitted", "retry.initiated")
    open_, sent = 0, {}
    for at in minutes:
        ended = sum(per_minute(kind, env, first=name == "active")[at] for kind in ("checkout.completed", "checkout.failed"))
        idle = per_minute("checkout.idle", env)[at] if name == "active" else 0
        open_ += sum(per_minute(kind, env)[at] for kind in opened) - ended - idle
        sent[at] = float(open_)
    return {at: sent[at] for at in minutes[1:]}


def buckets(sent: Line, start: float, end: float, step: int) -> Line:
    """The mean of what was sent in each whole bucket that begins at `start` or later and has ended, a minute ago at least."""
    until = min(end, NOW.timestamp() - 60)
    first = int(-(-start // step)) * step
    inside = {at: [sent[t] for t in range(at, at + step, 60) if t in sent] for at in range(first, int(until) - step + 1, step)}
    return {at: fmean(values) for at, values in inside.items() if values}


def rolling(sent: Line, start: float, end: float, step: int) -> Line:
    """At each bucket the mean of the buckets of a quarter of an hour, a third of which must be known."""
    if step >= 900:
        return buckets(sent, start, end, step)
    every = buckets(sent, start - 1800, end, step)
    last = max(every, default=0)
    near = {
        at: [every[t] for t in range(at - 900 + step, at + 1, step) if t in every]
        for at in range(int(-(-start // step)) * step, last + 1, step)
    }
    return {at: fmean(values) for at, values in near.items() if 3 * len(values) * step >= 900}


@dataclass(frozen=True)
class Expected:
    """What the answer to an ask must say."""

    ask: Ask

    def line(self, name: str, *, earlier: bool = False, smooth: bool = False) -> Line:
        window = self.ask.against if earlier and self.ask.against else self.ask.window
        start, end, step = window.start.timestamp(), window.end.timestamp(), int(window.step.total_seconds())
        found = (rolling if smooth else buckets)(metric(name, self.ask.env), start, end, step)
        later = int((self.ask.window.start - window.start).total_seconds())
        return {at + later: value for at, value in found.items()}

    def failures(self, hours_ago: float, hours: float) -> Counter[str]:
        end = self.ask.window.end - timedelta(hours=hours_ago)
        low, high = (int(moment.timestamp() * 1000) for moment in (end - timedelta(hours=hours), end))
        rows = company().events("checkout.failed", self.ask.env)
        return Counter(CODES[c] for t, c in zip(rows.time.tolist(), rows.code.tolist(), strict=True) if low <= t < high)

    def low(self) -> list[tuple[int, int, float]]:
        """The stretches below 97 %: start, end, worst."""
        found: list[list[tuple[int, float]]] = []
        was_low = False
        for at, value in sorted(self.line("rate", smooth=True).items()):
            if value < 97:
                found += [] if was_low else [[]]
                found[-1].append((at, value))
            was_low = value < 97
        step = int(self.ask.window.step.total_seconds())
        return [(part[0][0], part[-1][0] + step, min(value for _, value in part)) for part in found]

    def at(self, seconds: float) -> str:
        written = stamp if self.ask.window.length > DAY else clock
        return written(datetime.fromtimestamp(seconds, UTC), self.ask.window.zone)

    def between(self, start: float, end: float) -> str:
        first, last = (datetime.fromtimestamp(at, UTC) for at in (start, end))
        zone = self.ask.window.zone
        return span(first, last, zone) if self.ask.window.length > DAY else f"{clock(first, zone)} to {clock(last, zone)}"

    def behind(self, name: str, *, smooth: bool = False) -> Line:
        """The compared line as far as it lies behind the asked window."""
        start, end = self.ask.window.start.timestamp(), self.ask.window.end.timestamp()
        return {at: value for at, value in self.line(name, earlier=True, smooth=smooth).items() if start <= at < end}

    def compared(self, name: str, unit: str) -> str:
        """Both means over the buckets of which the other line has one at that time; off the grid, the one that covers it."""
        here, before, step = self.line(name), self.behind(name), int(self.ask.window.step.total_seconds())
        both = [(value, before[then]) for at, value in here.items() for then in before if then <= at < then + step]
        words = self.ask.against.words if self.ask.against else ""
        if not both:
            return f"no data for {words}"
        return f"on average {change(fmean(now for now, _ in both), fmean(then for _, then in both), unit, words)}"


# --- sixty questions ------------------------------------------------------------------------------------------------


def question(number: int) -> Ask:
    """A random question that people may type: range, comparison, environment and zone, by its number."""
    dice = random.Random(number)
    minutes = dice.choice((5, 15, 37, 60, 90, 360, 725, 1440, 2000, 4320, 7 * 1440, 8 * 1440))
    end = NOW - dice.choice((1, 3, 26, 50)) * HOUR - dice.randrange(3600) * timedelta(seconds=1)
    day, hours = end.astimezone(UTC).date(), sorted(dice.sample(range(24 * 60), 2))
    first, last = (f"{minute // 60:02}:{minute % 60:02}" for minute in (hours[0], max(hours[1], hours[0] + 6) % 1440))
    fixed = f"{day - timedelta(days=1)} {first}..{last}"
    range_ = dice.choice((f"{minutes}m", f"{minutes}m", fixed, "yesterday", "today"))
    words = [range_, dice.choice(("", "vs yesterday", "vs last week", "vs 37m")), dice.choice(("", "env:staging"))]
    heard = parse(
        " ".join(["checkout", *filter(None, words)]),
        now=NOW,
        zone=dice.choice(ZONES),
        env="prod",
        sections=("checkout",),
        default_section="checkout",
    )
    assert isinstance(heard, Wish)
    return heard.ask


def same(series: Series, line: Line) -> bool:
    drawn = dict(series.known())
    return drawn.keys() == line.keys() and all(drawn[at] == pytest.approx(value, abs=1e-6) for at, value in line.items())


def lines(answer: Answer) -> dict[str, Series]:
    """What is drawn, by its label."""
    charts = answer.picture.charts if answer.picture else ()
    return {f"{chart.title}/{line.role}": line.series for chart in charts for line in chart.lines()}


@pytest.mark.parametrize("number", range(ASKS))
def test_every_number_is_that_of_the_events(analyst: Analyst, number: int) -> None:
    """Lines, numbers, lowest points, breaches, comparisons, and the reasons with count, share and change."""
    ask = question(number)
    answer, expected = analyst.answer(ask), Expected(ask)
    assert answer.gaps == ()
    the_picture_is_true(answer, expected)
    the_words_are_true(answer, expected)
    the_table_is_true(answer, expected)
    the_reason_is_true(answer.headline, expected)


def the_picture_is_true(answer: Answer, expected: Expected) -> None:
    """Every point of every line, and no point more."""
    drawn = lines(answer)
    wanted = {"Success rate/main": expected.line("rate", smooth=True), "Sessions/main": expected.line("active")}
    wanted |= {"Sessions/second": expected.line("pending")}
    if expected.ask.against:
        wanted |= {"Success rate/before": expected.behind("rate", smooth=True), "Sessions/before": expected.behind("active")}
    for label, line in wanted.items():
        assert same(drawn.get(label, Series(label)), line), label


def the_words_are_true(answer: Answer, expected: Expected) -> None:
    rate, sessions = answer.facts
    line = expected.line("rate", smooth=True)
    if not line:
        assert "no data" in rate
        assert "unknown" in answer.headline
        return
    now, step = line[max(line)], expected.ask.window.step.total_seconds()
    if expected.ask.window.end.timestamp() - max(line) - step <= max(600, 2 * step):
        assert rate.startswith(f"Success rate: {percent(now, 97)}")
        assert f" {percent(now, 97)}" in answer.headline
        active, pending = (expected.line(name) for name in ("active", "pending"))
        assert f"{count(active[max(active)])} active, {count(pending[max(pending)])} pending" in sessions
    bottom = min(line, key=lambda at: (line[at], at))
    if expected.ask.against:
        assert rate.endswith(expected.compared("rate", "%"))
        assert sessions.endswith(expected.compared("active", "share"))
    else:
        assert rate.endswith(f"lowest {percent(line[bottom], 97)} at {expected.at(bottom)}")
    the_breach_is_true(answer.headline, expected, ends_low=now < 97)


def the_breach_is_true(headline: str, expected: Expected, *, ends_low: bool) -> None:
    low = expected.low()
    if ends_low:
        assert f" {expected.at(low[-1][0])} (" in headline
        assert f"lowest {percent(low[-1][2], 97)}" in headline
    elif low:
        start, end, worst = min(low, key=lambda breach: breach[2])
        many = "a breach" if len(low) == 1 else f"{len(low)} breaches, the worst"
        assert f"after {many} from {expected.between(start, end)} (lowest {percent(worst, 97)}" in headline
    else:
        assert f"above the {percent(97)} target" in headline


def the_table_is_true(answer: Answer, expected: Expected) -> None:
    now, before = expected.failures(0, 24), expected.failures(24, 24)
    ranked = sorted(now, key=lambda code: (-now[code], code))[:10]
    if not now:
        assert answer.tables == ()
        return
    (listed,) = answer.tables
    for code, row in zip(ranked, listed.table.rows, strict=True):
        assert row[:2] == (code, now[code])
        assert row[2] == pytest.approx(100 * now[code] / now.total())
        assert row[3] == (pytest.approx(100 * (now[code] / before[code] - 1)) if before[code] else "new")
    assert listed.note.startswith(f"Share of all {count(now.total())} failed payments")
    assert f"{len(now)} different reasons" in listed.note or len(now) == 1


def the_reason_is_true(headline: str, expected: Expected) -> None:
    """The counts of a reason that is named, how many were usual, and that no other rose more; none is named in calm."""
    named = re.search(
        r"; (\S+) rose most: (\S+) of (\S+) failures in (the last|this)[^,]*, usually (?:about ([\d,]+)|hardly)", headline
    )
    if not named:
        assert "rose most" not in headline
        return
    hours = min(24.0, expected.ask.window.length / HOUR)
    here, before = expected.failures(0, hours), expected.failures(24, 24)
    usual = {code: here.total() * before[code] / before.total() for code in CODES}
    code = named[1]
    assert (named[2], named[3]) == (count(here[code]), count(here.total()))
    assert (named[5] or "0") == count(round(usual[code]))
    assert here[code] - usual[code] == pytest.approx(max(here[each] - usual[each] for each in CODES))
    assert expected.low() != []

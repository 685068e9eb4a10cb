"""Datadog's request limit near its end: dashboards stop first, rules when they are refused, and all go on once it is renewed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.questions import Call, fetched
from bot.config import Datadog
from bot.ports import SourceError
from bot.sources.datadog import DatadogEvents, DatadogMetrics
from bot.sources.limits import Limit, Limits, number, together
from commands.panel import Query
from sandbox import datadog
from sandbox.faults import Faults
from tests.sandbox.company import NOW, fresh, served
from tests.sources.test_datadog import RATE, points
from tests.sources.vendor import NOON, Answer, serving, window

RULES, DASHBOARDS = None, 30.0
PATH = "/api/v2/query/timeseries"


@pytest.mark.parametrize(
    ("remaining", "refused", "now", "reserve", "wait_s"),
    [
        (31, False, 10.0, DASHBOARDS, 0.0),
        (30, False, 10.0, DASHBOARDS, 50.0),
        (0, False, 10.0, DASHBOARDS, 50.0),
        (0, False, 10.0, RULES, 0.0),
        (0, True, 10.0, RULES, 50.0),
        (99, True, 10.0, DASHBOARDS, 50.0),
        (0, True, 60.0, DASHBOARDS, 0.0),
    ],
)
def test_who_waits_and_how_long(remaining: int, refused: bool, now: float, reserve: float | None, wait_s: float) -> None:
    """Dashboards leave the reserve, rules nothing; after a refusal all wait; from the renewal on nobody does."""
    assert Limit(100, remaining, 60.0, refused).wait_s(now, reserve) == wait_s


@pytest.mark.parametrize(("rules_per_s", "reserve"), [(0.0, 30.0), (0.1, 30.0), (0.5, 50.0), (9.0, 80.0)])
def test_the_reserve_is_what_the_rules_will_need(rules_per_s: float, reserve: float) -> None:
    """A third of it, more where the rules ask more than that until the renewal, never all of it."""
    assert Limit(100, 40, 100.0).reserve(rules_per_s, now=0.0) == reserve


@given(st.integers(1, 10_000), st.integers(0, 10_000), st.floats(0, 100), st.floats(0, 4000), st.floats(0, 4000))
def test_whoever_may_ask_the_rules_may_too(size: int, remaining: int, rate: float, now: float, resets: float) -> None:
    """No limit stops a rule and lets a dashboard pass, and a full one stops nobody."""
    limit = Limit(size, remaining, resets)
    reserve = limit.reserve(rate, now)
    assert limit.wait_s(now, None) <= limit.wait_s(now, reserve) <= max(0.0, resets - now)
    if size > 5:
        assert Limit(size, size, resets).wait_s(now, reserve) == 0


def test_an_answer_that_was_overtaken_gives_nothing_back() -> None:
    """Of two answers in one period the one that leaves less is right, and no good answer ends a refusal."""
    known = Limit(100, 20, 60.0)
    assert together(known, Limit(100, 21, 60.5), now=10).remaining == 20
    assert together(known, Limit(100, 99, 120.0), now=59).remaining == 99
    assert together(Limit(100, 0, 60.0, refused=True), Limit(100, 5, 60.0), now=10).refused
    assert not together(Limit(100, 0, 60.0, refused=True), Limit(100, 99, 120.0), now=60).refused


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5", "9" * 40, "٣"])
def test_a_header_that_is_no_number_says_nothing(text: str) -> None:
    """Whatever stands there, nobody is stopped by it."""
    limits = Limits(lambda: 1.0)
    limits.hear(PATH, 200, {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": text})
    limits.admit(PATH, rules=False)
    assert number(text) is None


def test_no_header_is_believed_for_longer_than_an_hour() -> None:
    """A proxy that says "in a year" stops nobody for a year."""
    at = [1.0]
    limits = Limits(lambda: at[0])
    limits.hear(PATH, 429, {"Retry-After": "31536000"})
    at[0] = 3599.0
    with pytest.raises(SourceError):
        limits.admit(PATH, rules=False)
    at[0] = 3602.0
    limits.admit(PATH, rules=False)


def test_a_limit_counts_for_the_paths_of_its_name_alone() -> None:
    """What is left of the one for queries says nothing about the one for events."""
    limits = Limits(lambda: 1.0)
    spent = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9", "X-RateLimit-Name": "query"}
    limits.hear(PATH, 200, spent)
    limits.hear("/scalar", 200, spent)
    limits.admit("/events", rules=False)
    for path in (PATH, "/scalar"):
        with pytest.raises(SourceError, match="nearly used up"):
            limits.admit(path, rules=False)


# --- over real HTTP -----------------------------------------------------------------------------------------------------


@dataclass
class Desk:
    """Datadog as rules and dashboards ask it, at a time of one's own; each way gives what is said, "" where all is well."""

    source: DatadogMetrics
    at: list[float]

    def dashboard(self) -> str:
        return said(lambda: self.source.fetch({"rate": RATE}, window(end=NOW), "prod", 5))

    def rule(self, ago: timedelta = timedelta(minutes=1)) -> str:
        call = Call("datadog", "prod", {"rate": RATE})
        return said(lambda: fetched(self.source, call, window(end=NOW - ago), 5))


def said(ask: Callable[[], object]) -> str:
    try:
        ask()
    except SourceError as error:
        return error.said
    return ""


@contextmanager
def desk(limit: int) -> Iterator[Desk]:
    """The sandbox's Datadog, which takes so many questions in a calendar minute of which half is over."""
    at = [NOW.timestamp()]
    faults = Faults(latency_ms=0)
    with served(datadog.routes(fresh(), faults, real=lambda: at[0], limit=limit), "/datadog") as url:
        settings = Datadog(api_key=datadog.API_KEY, app_key=datadog.APP_KEY, host=url)
        yield Desk(DatadogMetrics(settings, lambda: NOW, lambda: at[0]), at)


KEPT = "has nearly used up its request limit: the rest is kept for alerts until 14:01"


def test_dashboards_stop_first_then_rules_and_both_go_on_after_the_renewal() -> None:
    """Of ten questions a minute dashboards get seven; the rules get the rest, and nobody asks after a refusal."""
    with desk(limit=10) as one:
        assert [one.dashboard() for _ in range(9)] == [""] * 7 + [KEPT] * 2
        assert [one.rule() for _ in range(3)] == [""] * 3
        assert one.rule() == "asks us to wait 30 s"
        one.at[0] += 10
        assert (one.rule(), one.dashboard()) == ("asks us to wait 20 s",) * 2
        one.at[0] += 20
        assert (one.dashboard(), one.rule()) == ("", "")


def test_a_backtest_asks_like_a_rule_and_waits_like_a_dashboard() -> None:
    """What happened yesterday can wait; what happens now cannot."""
    with desk(limit=10) as one:
        assert [one.dashboard() for _ in range(7)] == [""] * 7
        assert one.rule(ago=timedelta(days=1)) == KEPT
        assert one.rule() == ""


@pytest.mark.usefixtures("no_pauses")
def test_a_short_moment_is_waited_for() -> None:
    """A renewal that is near enough costs a pause and no gap."""
    spent = Answer(points(98).body, headers=told(remaining=3, reset=1))
    with serving(spent, spent, points(98)) as vendor:
        source = metrics(vendor.url, map(float, range(1, 99)).__next__)
        for _ in range(2):
            source.fetch({"rate": RATE}, window(), "prod", 5)
    assert len(vendor.asked) == 2


def test_events_of_a_dashboard_are_kept_back_and_their_probe_is_not() -> None:
    """No rule asks for events, but one watches whether their source answers."""
    with serving(Answer({"data": []}, headers=told(remaining=2, reset=50))) as vendor:
        source = DatadogEvents(Datadog(api_key="a", app_key="b", host=vendor.url), lambda: NOON)
        queries = {"deploys": Query("datadog_events", "env:$env kind:deploy")}
        assert said(lambda: source.fetch(queries, window(), "prod", 5)) == ""
        assert said(lambda: source.fetch(queries, window(), "prod", 5)) == KEPT.replace("14:01", "12:01")
        assert source.probe(5)
    assert len(vendor.asked) == 2


def told(remaining: int, reset: int) -> dict[str, str]:
    limit = {"X-RateLimit-Limit": "10", "X-RateLimit-Period": "60", "X-RateLimit-Name": "query"}
    return {**limit, "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(reset)}


def metrics(url: str, clock: Callable[[], float]) -> DatadogMetrics:
    return DatadogMetrics(Datadog(api_key="a", app_key="b", host=url), lambda: NOON, clock)

"""Every other section's numbers against the company's own events, over all vendors at once.

The reference goes through events one by one, in plain Python. Its windows are old enough for all files to have come:
what a late file changes is another test's question.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial

import numpy as np
import pytest
from starlette.routing import Mount

from bot.answer import Analyst, Answer
from bot.config import Answers, Archives, Aws, Config, Datadog, Elastic, PagerDuty
from bot.observe import Metrics
from bot.sources import make
from bot.sources.alerts import OpenAlerts
from charts.data import Table, Value
from commands import SECTIONS
from commands.args import Wish, parse
from commands.words import count, percent
from sandbox import aws, datadog, elastic, pagerduty
from sandbox.aws.bus import ARCHIVE, RULES, bus, refusals
from sandbox.aws.cloudfront import EDGES, METHODS, STATUSES, requested
from sandbox.aws.segment import EVENTS, VIOLATIONS, received
from sandbox.declines import NO_CODE
from sandbox.faults import Faults
from sandbox.lives import Kind
from sandbox.scenarios import SCENARIOS, episode
from sandbox.world import World
from tests.fakes import FakeRenderer
from tests.sandbox.company import DAY, HOUR, MINUTE, fresh, ms, served

NOW = datetime(2026, 11, 4, 14, 0, 30, tzinfo=UTC)
pytestmark = pytest.mark.timeout(150)  # thirty days of archives, on a machine that has other work
WINDOWS = ("2026-11-02 06:00..12:00", "2026-11-01", "2026-11-02 09:00..10:00")  # in UTC; all is delivered two days later


@cache
def company() -> World:
    """Six days with a bit of everything."""
    past = (
        episode(SCENARIOS["issuer-outage"], NOW - 3 * DAY, 40 * MINUTE, 0.8),
        episode(SCENARIOS["expiry-wave"], NOW - 2 * DAY - 7 * HOUR, 90 * MINUTE),
        episode(SCENARIOS["renderer-down"], NOW - 2 * DAY - 4 * HOUR, 30 * MINUTE),
        episode(SCENARIOS["eventbridge-failures"], NOW - 150 * MINUTE, 20 * MINUTE),
        episode(SCENARIOS["queue-backlog"], NOW - 40 * MINUTE),
    )
    return fresh(seed=17, history=6 * DAY, past=past, at=NOW)


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analyst]:
    faults = Faults(latency_ms=0)
    cloud = aws.Cloud(company(), faults)
    routes = [
        Mount("/datadog", routes=datadog.routes(company(), faults, real=NOW.timestamp)),
        Mount("/elastic", routes=elastic.routes(company(), faults)),
        Mount("/pagerduty", routes=pagerduty.routes(company(), faults)),
        *cloud.routes(),
    ]
    with served(routes, "") as url:
        config = Config(
            answers=Answers(deadline_s=120),
            datadog=Datadog(api_key=datadog.API_KEY, app_key=datadog.APP_KEY, host=f"{url}/datadog"),
            elastic=Elastic(url=f"{url}/elastic", api_key=elastic.API_KEY),
            aws=Aws(
                region=aws.REGION,
                endpoint_url=f"{url}{aws.PATH}",
                access_key=aws.ACCESS_KEY,
                secret_key=aws.SECRET_KEY,
                event_bus=aws.BUS,
                event_log_group=aws.EVENT_LOG_GROUP,
            ),
            archives=Archives(
                cloudfront_logs=aws.CLOUDFRONT,
                segment_archive=aws.SEGMENT,
                cache=str(tmp_path_factory.mktemp("cache")),
            ),
            pagerduty=PagerDuty(api_key=pagerduty.API_KEY, api_url=f"{url}/pagerduty"),
        )
        sources = make(config, lambda: NOW)
        made = Analyst(sources, FakeRenderer(), config.answers, Metrics())
        made.also("alerts", OpenAlerts(lambda env, zone: Table()))
        yield made
        made.stop()
        for source in sources.values():
            source.stop()
    cloud.stop()


@cache
def asked(analyst: Analyst, text: str) -> Answer:
    heard = parse(text, now=NOW, zone="UTC", env="prod", sections=tuple(SECTIONS), default_section="overview")
    assert isinstance(heard, Wish)
    answer = analyst.answer(heard.ask)
    assert answer.gaps == ()
    return answer


def rows(answer: Answer, title: str) -> dict[str, tuple[Value, ...]]:
    """A table's rows by their first cells."""
    (found,) = [part for part in answer.tables if part.title.startswith(title)]
    return {str(row[0]): row[1:] for row in found.table.rows}


def fact(answer: Answer, title: str) -> str:
    (said,) = [part for part in answer.facts if part.startswith(f"{title}: ")]
    return said.removeprefix(f"{title}: ")


@dataclass(frozen=True)
class Range:
    """One of WINDOWS as times, and what happened in it."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, text: str) -> Range:
        day, _, hours = text.partition(" ")
        if not hours:
            start = datetime.fromisoformat(f"{day}T00:00+00:00")
            return cls(start, start + DAY)
        first, last = (datetime.fromisoformat(f"{day}T{hour}+00:00") for hour in hours.split(".."))
        return cls(first, last)

    def count(self, kind: Kind, *, code: int | None = None) -> int:
        found = company().truth.events(kind, self.start, self.end)
        return sum(1 for each in found.code.tolist() if code is None or each == code)

    def holds(self, at_ms: int) -> bool:
        return ms(self.start) <= at_ms < ms(self.end)


@dataclass
class Life:
    """What happened to one session: when, in epoch milliseconds, by the event's name."""

    at: dict[str, int] = field(default_factory=dict)

    def closed(self) -> int | None:
        return self.at.get("checkout.completed", self.at.get("checkout.expired"))


@cache
def lives() -> dict[int, Life]:
    """Every session with all of its events until now."""
    found: dict[int, Life] = defaultdict(Life)
    for kind in EVENTS.values():
        events = company().events(kind, "prod")
        for time, session, code in zip(events.time.tolist(), events.session.tolist(), events.code.tolist(), strict=True):
            if kind != "retry.completed" or code == NO_CODE:
                found[session].at.setdefault(kind, time)
    return dict(found)


@pytest.mark.parametrize("window", WINDOWS)
def test_retries(analyst: Analyst, window: str) -> None:
    """Begun, ended, gone through, by attempt."""
    answer, truth = asked(analyst, f"retries {window}"), Range.of(window)
    ended = company().truth.events("retry.completed", truth.start, truth.end)
    by_attempt = Counter(ended.attempt.tolist())
    good = Counter(ended.attempt[ended.code == NO_CODE].tolist())
    assert fact(answer, "Attempts") == count(truth.count("retry.initiated"))
    assert fact(answer, "Success") == f"{percent(100 * good.total() / len(ended))} of {count(len(ended))}"
    shares = ", ".join(percent(100 * good[attempt] / by_attempt[attempt]) for attempt in (1, 2, 3) if by_attempt[attempt])
    assert fact(answer, "Outcomes by attempt") == shares


def test_the_backlog(analyst: Analyst) -> None:
    """While the worker stands still: every message by what has happened to it."""
    now, truth = ms(NOW), company()
    begun = {(s, a): t for t, s, a in moments("retry.initiated")}
    ended = {(s, a): t for t, s, a in moments("retry.completed")}
    dead = {(s, a): t for t, s, a in moments("retry.dead")}
    queued = truth.events("retry.queued", "prod")
    state: Counter[str] = Counter()
    oldest = now
    for sent, session, attempt, delay in zip(
        queued.time.tolist(), queued.session.tolist(), queued.attempt.tolist(), queued.ms.tolist(), strict=True
    ):
        key = session, attempt
        if sent + delay > now:
            state["delayed"] += 1
        elif key not in begun and key not in dead:
            state["visible"] += 1
            oldest = min(oldest, sent + delay)
        elif key in begun and key not in ended:
            state["in flight"] += 1
    answer = asked(analyst, "retries 6h")
    queue, letters = (
        rows(answer, "Retry backlog")["payments-retry-prod"],
        rows(answer, "Retry backlog")["payments-retry-dead-prod"],
    )
    assert queue[:3] == (state["visible"], state["in flight"], state["delayed"])
    assert state["visible"] > 20
    assert queue[3] == pytest.approx((now - oldest) / 1000, abs=150)  # CloudWatch's newest minute is two minutes old
    assert letters[0] == len(dead)
    assert str(queue[4]).startswith("growing by ")


def moments(kind: Kind) -> Iterator[tuple[int, int, int]]:
    events = company().events(kind, "prod")
    return zip(events.time.tolist(), events.session.tolist(), events.attempt.tolist(), strict=True)


@pytest.mark.parametrize("window", WINDOWS)
def test_receipts(analyst: Analyst, window: str) -> None:
    """The percentile of the whole range within what a sketch allows; errors and downloads exactly."""
    answer, truth = asked(analyst, f"receipts {window}"), Range.of(window)
    took = company().truth.events("receipt.rendered", truth.start, truth.end).ms
    shown = float(fact(answer, "Render time, p95").split()[0].split("\u00a0")[0].replace(",", ""))
    assert shown == pytest.approx(float(np.percentile(took, 95)), rel=0.02)
    assert fact(answer, "Errors").split(" in ")[0] == count(truth.count("receipt.failed"))
    fetched = downloads(truth)
    good = sum(200 <= status < 400 for _, _, status in fetched)
    (table,) = answer.tables
    assert table.note.startswith(f"{count(len(fetched))} downloads in this range, {count(good)} of them good")


@cache
def downloads(truth: Range) -> tuple[tuple[int, int, int], ...]:
    """Time, session and status of every GET of a receipt; CloudFront logs whole seconds."""
    found = requested(company(), ms(truth.start), ms(truth.end))
    return tuple(
        (at // 1000, session, STATUSES[status])
        for at, session, asset, method, status in zip(
            found.at.tolist(),
            found.session.tolist(),
            found.asset.tolist(),
            found.method.tolist(),
            found.status.tolist(),
            strict=True,
        )
        if not asset and METHODS[method] == "GET"
    )


@pytest.mark.parametrize("window", WINDOWS)
def test_receipts_and_their_downloads(analyst: Analyst, window: str) -> None:
    """Each listed receipt is said to be downloaded if it was, with the status of the last time, from the edge that served it."""
    answer, truth = asked(analyst, f"receipts {window}"), Range.of(window)
    last = {f"rcpt_{session:012x}": (at, status) for at, session, status in downloads(truth)}
    failed = {f"rcpt_{session:012x}" for _, session, _ in moments("receipt.failed")}
    listed = rows(answer, "Recent receipts")
    assert len(listed) == (12 if truth.end - truth.start > 90 * MINUTE else 4)
    for name, (_, said, edge) in listed.items():
        if name in failed:
            assert said == "could not be rendered"
        elif name in last:
            assert str(said).endswith(f"({last[name][1]:03d})")
            assert str(edge).split(",")[0] in EDGES
        else:
            assert str(said).startswith(("not downloaded yet", "not known"))  # of a past range the logs end with it


@pytest.mark.parametrize("window", WINDOWS)
def test_window(analyst: Analyst, window: str) -> None:
    """Expired, extended, and per session: closed in the range, and expired without any retry."""
    answer, truth = asked(analyst, f"window {window}"), Range.of(window)
    assert fact(answer, "Expired").split(",")[0] == count(truth.count("checkout.expired"))
    closed = [life for life in lives().values() if (end := life.closed()) is not None and truth.holds(end)]
    lost = [life for life in closed if "checkout.completed" not in life.at and "retry.initiated" not in life.at]
    many, without, share = next(iter(rows(answer, "Expired without retry").values()))
    assert (many, without) == (len(closed), len(lost))
    assert share == pytest.approx(100 * len(lost) / len(closed))
    assert fact(answer, "Changes").startswith(f"{count(truth.count('window.extended'))} extension")


def test_overrides_are_listed(analyst: Analyst) -> None:
    """Each with its person and reason."""
    answer = asked(analyst, "window 2026-11-01")
    day = Range.of("2026-11-01")
    overrides = [mark for mark in company().marks(ms(day.start), ms(day.end)) if mark.kind == "window_override"]
    listed = [part for part in answer.tables if part.title == "Manual overrides"]
    assert [len(part.table.rows) for part in listed] == ([len(overrides)] if overrides else [0])


@pytest.mark.parametrize("window", WINDOWS)
def test_funnel(analyst: Analyst, window: str) -> None:
    """Cohorts by their start; completed, expired and open add up to started."""
    answer, truth = asked(analyst, f"funnel {window}"), Range.of(window)
    cohort = [life.at for life in lives().values() if truth.holds(life.at.get("checkout.started", 0))]
    completed = [at for at in cohort if "checkout.completed" in at]
    expired = [at for at in cohort if "checkout.completed" not in at and "checkout.expired" in at]
    tried = [at for at in cohort if "retry.initiated" in at]
    steps = {name: row[0] for name, row in rows(answer, "Funnel").items()}
    assert steps["started"] == len(cohort)
    assert steps["completed"] == len(completed)
    assert steps["expired"] == len(expired)
    assert steps["still open"] == len(cohort) - len(completed) - len(expired)
    assert steps["retried"] == len(tried)
    assert steps["recovered by a retry"] == sum("retry.completed" in at for at in tried)
    assert steps["receipt generated"] == sum("receipt.rendered" in at for at in completed)


@pytest.mark.parametrize("window", WINDOWS)
def test_schema(analyst: Analyst, window: str) -> None:
    """Every event once, whatever came twice; violations by kind."""
    truth = Range.of(window)
    tracks = received(company(), ms(truth.start), ms(NOW))
    first = {call: place for place, call in reversed(list(enumerate(tracks.call.tolist())))}
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for place in first.values():
        if truth.holds(int(tracks.at[place])):
            kinds[list(EVENTS)[tracks.event[place]]][VIOLATIONS[tracks.violation[place]]] += 1
    listed = rows(asked(analyst, f"funnel {window}"), "Schema")
    assert set(listed) == set(kinds)
    for name, counted in kinds.items():
        broken = (counted["currency missing"], counted["amount as string"], counted["unknown property"])
        assert listed[name][:4] == (counted.total(), *broken)


@pytest.mark.parametrize("window", WINDOWS[1:])
def test_sources_agree(analyst: Analyst, window: str) -> None:
    """What all of them count is the same, as nothing is under way any more."""
    for row in rows(asked(analyst, f"funnel {window}"), "Do the sources agree").values():
        assert float(str(row[-1])) <= 1.0


@pytest.mark.parametrize("window", ["3h", *WINDOWS])
def test_rules(analyst: Analyst, window: str) -> None:
    """Invocations and failures of each rule, minute by minute as CloudWatch has them."""
    truth = Range(NOW - 3 * HOUR, NOW) if window == "3h" else Range.of(window)
    listed = rows(asked(analyst, f"pipeline {window}"), "EventBridge rules")
    failed = list(refusals(company(), "prod", ms(truth.start), ms(truth.end)))
    for rule, kind in RULES.items():
        invoked, failures, throttled, dead, lost = listed[rule]
        if kind is None:
            assert listed[rule] == (None,) * 5
            continue
        assert invoked == pytest.approx(truth.count(kind), abs=0 if window in WINDOWS else 250)
        assert (failures, dead) == ((len(failed),) * 2 if rule == ARCHIVE else (0, 0))
        assert (throttled, lost) == (0, 0)


def test_errors_of_the_bus(analyst: Analyst) -> None:
    """The newest first."""
    failed = list(refusals(company(), "prod", ms(NOW - 3 * HOUR), ms(NOW)))[::-1][:10]
    (table,) = [part for part in asked(analyst, "pipeline 3h").tables if part.title == "Last execution errors"]
    assert [(row[1], str(row[3])) for row in table.table.rows] == [
        (each.rule, f"DynamoDB {each.status} {each.message}") for each in failed
    ]
    assert len(failed) == 10
    assert bus("prod") == "payments-prod"


def test_webhook_lag(analyst: Analyst) -> None:
    """The p95 of the last whole minutes, and the depth of the queue while its worker stands still."""
    answer = asked(analyst, "pipeline 3h")
    lag = float(fact(answer, "Webhook lag").split("\u00a0")[0])
    recent = company().truth.events("webhook.processed", NOW - 6 * MINUTE, NOW).ms / 1000
    assert 0.3 * float(np.percentile(recent, 95)) < lag < 3 * float(np.percentile(recent, 95))
    visible = rows(asked(analyst, "retries 6h"), "Retry backlog")["payments-retry-prod"][0]
    assert float(fact(answer, "Queue depth").split(",")[0]) == pytest.approx(float(str(visible)), abs=5)


def test_the_overview_says_what_the_sections_say(analyst: Analyst) -> None:
    """One row for each, with the number of its own answer."""
    window = WINDOWS[0]
    facts = {said.split(": ")[0]: said.split(": ")[1] for said in asked(analyst, f"overview {window}").facts}
    own = {
        "Window": "Expired",
        "Retries": "Success",
        "Receipts": "Render time, p95",
        "Funnel": "Completed",
        "Pipeline": "Webhook lag",
    }
    say = partial(asked, analyst)
    for row, panel in own.items():
        assert facts[row].split(",")[0] == fact(say(f"{row.lower()} {window}"), panel).split(",")[0]

"""Datadog's metrics over real HTTP: one request for all, and what comes back as Series."""

from __future__ import annotations

import gzip
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from subprocess import run
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.config import Datadog
from bot.ports import Answers, SourceError
from bot.sources.datadog import DatadogMetrics
from charts.data import Series
from commands.args import Ask
from commands.panel import Query
from tests.sources.test_timeseries import answer
from tests.sources.vendor import NOON, Answer, Vendor, serving, window

START = int(NOON.timestamp()) - 3600
RATE = Query("datadog", "avg:$success_rate{$scope}", {"rate": "percent", "unit": "%"}, lead=timedelta(minutes=15))
ACTIVE = Query("datadog", "sum:$sessions_active{$scope}")


def source(vendor: Vendor, clock: Callable[[], float] = time.monotonic, **settings: Any) -> DatadogMetrics:
    """Asks the vendor, two minutes after noon."""
    keys = Datadog(api_key="the-api-key", app_key="the-app-key", host=vendor.url, **settings)
    return DatadogMetrics(keys, lambda: NOON + timedelta(minutes=2), clock)


def fetch(vendor: Vendor, queries: Mapping[str, Query] | None = None, *, timeout_s: float = 5, **settings: Any) -> Answers:
    return source(vendor, **settings).fetch(queries or {"rate": RATE}, window(), "prod", timeout_s)


def points(*values: float | None, start: int = START) -> Answer:
    """An answer with one series, a value a minute from 11:00."""
    body = answer([60 * i for i in range(len(values))], list(values))
    attributes = body["data"]["attributes"]
    attributes["times"] = [1000 * (start + 60 * i) for i in range(len(values))]
    return Answer(body, headers={"content-type": "application/vnd.api+json"})


EMPTY = Answer(answer([]))


def rate(found: Answers) -> Series:
    series = found["rate"]
    assert isinstance(series, Series)
    return series


def test_all_queries_travel_in_one_request_with_the_keys() -> None:
    """Queries that differ only in what they want before the window share one signed request."""
    with serving(EMPTY) as vendor:
        fetch(vendor, {"rate": RATE, "active": ACTIVE})
    (asked,) = vendor.asked
    assert (asked.method, asked.path) == ("POST", "/api/v2/query/timeseries")
    assert (asked.headers["DD-API-KEY"], asked.headers["DD-APPLICATION-KEY"]) == ("the-api-key", "the-app-key")
    texts = [query["query"] for query in asked.json()["data"]["attributes"]["queries"]]
    assert texts == ["avg:payments.checkout.success_rate{env:prod}", "sum:payments.checkout.sessions_active{env:prod}"]


def test_the_lead_is_asked_before_the_window() -> None:
    """A rolling mean over 15 minutes is whole from the window's first minute on."""
    with serving(EMPTY) as vendor:
        fetch(vendor)
    asked = vendor.asked[0].json()["data"]["attributes"]
    assert (asked["from"], asked["to"], asked["interval"]) == (1000 * (START - 900), 1000 * (START + 3600), 60_000)


def test_a_query_that_looks_back_further_has_a_request_of_its_own() -> None:
    """A day of points is not fetched for a panel that shows an hour."""
    with serving(EMPTY) as vendor:
        fetch(vendor, {"rate": RATE, "day": Query("datadog", "sum:$sessions_active{$scope}", over=timedelta(days=1))})
    starts = [asked.json()["data"]["attributes"]["from"] for asked in vendor.asked]
    assert starts == [1000 * (START - 900), 1000 * (START + 3600 - 86_400)]


def test_many_queries_travel_in_tens() -> None:
    """FACTS 1.2: no number of queries a request is promised, so eleven take two requests."""
    with serving(EMPTY) as vendor:
        found = fetch(vendor, {f"q{number}": ACTIVE for number in range(11)})
    assert [len(asked.json()["data"]["attributes"]["queries"]) for asked in vendor.asked] == [10, 1]
    assert len(found) == 11


def test_values_come_with_unit_and_width() -> None:
    """What is drawn has its unit, and the width that tells a hole from a step."""
    with serving(points(98, None, 97)) as vendor:
        series = rate(fetch(vendor))
    assert series == Series("rate", (START, START + 60, START + 120), (98, None, 97), "%", 60)


def test_no_data_is_an_empty_series() -> None:
    """An answer without data is no failure."""
    with serving(EMPTY) as vendor:
        assert fetch(vendor) == {"rate": Series("rate", unit="%")}


def test_a_rate_sent_as_a_ratio_is_asked_in_per_cent() -> None:
    """Setting `scale`: Datadog multiplies, so that its own graphs and ours agree."""
    with serving(EMPTY) as vendor:
        fetch(vendor, {"rate": RATE, "active": ACTIVE}, scale="ratio")
    formulas = [formula["formula"] for formula in vendor.asked[0].json()["data"]["attributes"]["formulas"]]
    assert formulas == ["q0 * 100", "q1"]


def test_nan_and_infinity_are_missing() -> None:
    """Tokens that strict JSON forbids, and numbers beyond a float, become no value instead of no answer."""
    body = points(1, 2, 3, 4).raw().replace(b"[1, 2, 3, 4]", b"[NaN, -Infinity, 1e999, 98.5]")
    with serving(Answer(body)) as vendor:
        assert rate(fetch(vendor)).values == (None, None, None, 98.5)


def test_a_gzipped_answer_is_read() -> None:
    """FACTS 1.5: the client asks for gzip."""
    with serving(Answer(gzip.compress(points(98).raw()), headers={"content-encoding": "gzip"})) as vendor:
        assert rate(fetch(vendor)).values == (98,)
    assert "gzip" in vendor.asked[0].headers["Accept-Encoding"]


def test_a_grouped_answer_is_no_single_line() -> None:
    """A query by group has no one series: that is said, not summed."""
    body = answer([0], [1], [2], index=[0, 0])
    with serving(Answer(body)) as vendor, pytest.raises(SourceError, match="2 groups") as error:
        fetch(vendor)
    assert error.value.kind == "bad_answer"


@pytest.mark.parametrize("env", ["prod}", "prod,env:staging", "*} by {host", "", "p" * 200, "a b"])
def test_no_environment_can_leave_its_scope(env: str) -> None:
    """The environment is checked against what a tag can hold, and nothing is asked."""
    with serving(EMPTY) as vendor, pytest.raises(SourceError) as error:
        source(vendor).fetch({"rate": RATE}, window(), env, 5)
    assert (error.value.kind, vendor.asked) == ("bad_request", [])


def test_a_name_without_a_setting_is_our_own_fault() -> None:
    """A query with a metric that no setting names is a bug, said without asking Datadog."""
    with serving(EMPTY) as vendor, pytest.raises(SourceError) as error:
        fetch(vendor, {"rate": Query("datadog", "avg:$speed{$scope}")})
    assert (error.value.kind, vendor.asked) == ("bug", [])


def test_threads_share_one_source() -> None:
    """Eight threads that ask at once each get their answer."""
    found: list[Answers] = []
    with serving(points(98)) as vendor:
        shared = source(vendor)
        threads = [
            threading.Thread(target=lambda: found.append(shared.fetch({"rate": RATE}, window(), "prod", 5))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [rate(one).values for one in found] == [(98,)] * 8


def test_the_link_shows_the_same_metrics_scope_and_range() -> None:
    """The Metrics Explorer opens with every metric asked, encoded, at the site's own pages."""
    with serving() as vendor:
        link = source(vendor, site="datadoghq.eu").link({"rate": RATE, "active": ACTIVE}, Ask("checkout", window(), "prod&x=1"))
    assert link is not None
    url = urlsplit(link.url)
    assert (url.scheme, url.netloc, url.path) == ("https", "app.datadoghq.eu", "/metric/explorer")
    shown = parse_qs(url.query)
    assert shown["exp_metric"] == ["payments.checkout.success_rate,payments.checkout.sessions_active"]
    assert (shown["exp_scope"], shown["live"]) == (["env:prod&x=1"], ["false"])
    assert shown["from_ts"] == [str(1000 * START)]


@pytest.mark.parametrize(("site", "host"), [("us5.datadoghq.com", "us5.datadoghq.com"), ("ddog-gov.com", "app.ddog-gov.com")])
def test_pages_of_a_region_have_no_app_before_them(site: str, host: str) -> None:
    """Datadog's pages are at app.<site> only for sites without a region in their name."""
    with serving() as vendor:
        link = source(vendor, site=site).link({"rate": RATE}, Ask("checkout", window(), "prod"))
    assert link is not None
    assert urlsplit(link.url).netloc == host


def test_a_proxy_of_the_api_is_not_where_people_look() -> None:
    """The link leads to the site whatever host is asked, and elsewhere only where the pages themselves are."""
    ask = Ask("checkout", window(), "prod")
    hosts = []
    for pages in ("", "http://127.0.0.1:9/datadog/"):
        settings = Datadog(api_key="k", app_key="k", host="https://proxy.example", pages=pages)
        link = DatadogMetrics(settings, lambda: NOON).link({"rate": RATE}, ask)
        assert link is not None
        hosts.append(link.url.partition("/metric/explorer?")[0])
    assert hosts == ["https://app.datadoghq.com", "http://127.0.0.1:9/datadog"]


def test_probe_says_whether_there_is_data() -> None:
    """Both keys are tried, and a metric without data is told from one with."""
    with serving(Answer({"valid": True}), points(98, start=START + 600)) as vendor:
        said = source(vendor).probe(5)
    assert [asked.path for asked in vendor.asked] == ["/api/v1/validate", "/api/v2/query/timeseries"]
    assert said.startswith("answers in ")
    assert said.endswith("payments.checkout.success_rate has data in the last hour")


def test_importing_the_sources_imports_no_client() -> None:
    """The clients take up to 0.6 s to import: that waits until somebody asks."""
    heavy = "{'datadog_api_client', 'elasticsearch', 'elastic_transport'}"
    code = f"import sys, bot.sources; sys.exit(len({heavy} & set(sys.modules)))"
    assert run([sys.executable, "-c", code], check=False).returncode == 0

"""Answers that are none, from every vendor: one SourceError in words, in bounded time and memory, and never anything else."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session

from bot.config import ConfigError, Datadog, PagerDuty, read
from bot.config import Elastic as ElasticSettings
from bot.ports import Answers, SourceError
from bot.sources.archive.question import asked
from bot.sources.archive.reading import Job, answer
from bot.sources.archive.segment import SEGMENT
from bot.sources.aws import Clients
from bot.sources.aws_session import BoundedSession
from bot.sources.cloudwatch import CloudWatch
from bot.sources.datadog import GROUPS, DatadogMetrics
from bot.sources.elastic import Elastic
from bot.sources.pagerduty import OnCall
from commands.panel import Query
from tests.sources.archive.files import track
from tests.sources.archive.test_segment import ALL, END, HOUR, START, WHERE
from tests.sources.aws import settings
from tests.sources.test_elastic import PRODUCT, found
from tests.sources.vendor import NOON, Answer, serving, window

RATE = Query("datadog", "avg:$success_rate{$scope}")

HUGE = 200_000_000  # bytes
BODY = {"content-type": "application/json", **PRODUCT}
Ask = Callable[[str, float], Answers]  # of a vendor at this URL, within so many seconds


def datadog(url: str, timeout_s: float) -> Answers:
    keys = Datadog(api_key="a", app_key="b", host=url)
    return DatadogMetrics(keys, lambda: NOON).fetch({"q": RATE}, window(), "prod", timeout_s)


def elastic(url: str, timeout_s: float) -> Answers:
    query = Query("elastic", '{"all": {"terms": {"field": "$decline_code"}}}')
    return Elastic(ElasticSettings(url=url), lambda: NOON).fetch({"q": query}, window(), "prod", timeout_s)


def pagerduty(url: str, timeout_s: float) -> Answers:
    return OnCall(PagerDuty(api_key="k", api_url=url), lambda: NOON).fetch(
        {"q": Query("pagerduty", "oncall")}, window(), "prod", timeout_s
    )


def cloudwatch(url: str, timeout_s: float) -> Answers:
    aws = settings(url)
    query = Query("cloudwatch", '{"namespace": "AWS/SQS", "metric": "Age", "stat": "Sum", "dimensions": {}}')
    return CloudWatch(aws, "prod", Clients(aws), lambda: NOON).fetch({"q": query}, window(), "prod", timeout_s)


ALL_OF_THEM = pytest.mark.parametrize("ask", [datadog, elastic, pagerduty, cloudwatch], ids=lambda ask: ask.__name__)


def failing(ask: Ask, *answers: Answer, timeout_s: float = 5.0) -> SourceError:
    with serving(*answers) as vendor, pytest.raises(SourceError) as error:
        ask(vendor.url, timeout_s)
    return error.value


@ALL_OF_THEM
@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    "hostile",
    [
        Answer(b'{"data": {"attri', headers=BODY),
        Answer(b'{"data": {"attri', headers=BODY, length=10_000),
        Answer(b"<!doctype html><title>Sign in</title>", headers={**BODY, "content-type": "text/html"}),
        Answer(b"<!doctype html><title>Sign in</title>", headers=BODY),
        Answer(b"\x1f\x8b\x08 not gzip", headers={**BODY, "content-encoding": "gzip"}),
        Answer(b"\xff\xfe\x00\x00", headers=BODY),
        Answer(b"[" * 100_000, headers=BODY),
        Answer(b"null", headers=BODY),
    ],
    ids=["cut", "cut-off", "html", "html-as-json", "no-gzip", "no-text", "deep", "null"],
)
def test_what_is_no_answer_is_said_to_be_none(ask: Ask, hostile: Answer) -> None:
    """Cut, of another kind, unreadable: a 200 is not believed, and nothing of it is repeated."""
    error = failing(ask, hostile)
    assert error.kind in ("bad_answer", "unavailable")
    assert "html" not in error.said


@ALL_OF_THEM
@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "bomb"])
def test_two_hundred_megabytes_are_not_read(ask: Ask, packed: bool, bodies: dict[bool, bytes]) -> None:
    """Plain or as 200 kB of gzip, they are given up within seconds and 70 MB of memory."""
    coding = {"content-encoding": "gzip"} if packed else {}
    with serving(Answer(bodies[packed], headers={**BODY, **coding})) as vendor:
        tracemalloc.start()
        start = time.monotonic()
        with pytest.raises(SourceError):
            ask(vendor.url, 5.0)
        took_s, (_, peak) = time.monotonic() - start, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 70_000_000
    assert took_s < 5


@pytest.fixture(scope="module")
def bodies() -> dict[bool, bytes]:
    """200 MB of nothing, plain and packed."""
    return {False: bytes(HUGE), True: gzip.compress(bytes(HUGE), 1)}


@ALL_OF_THEM
@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("status", [302, 308])
def test_redirects_are_not_followed(ask: Ask, status: int) -> None:
    """Keys and questions go where the settings say and nowhere else, not even to the address of a cloud's own secrets."""
    with serving(Answer({"data": []})) as elsewhere:
        error = failing(ask, Answer({}, status, {**BODY, "location": f"{elsewhere.url}/latest/meta-data/"}))
    assert error.kind in ("bad_answer", "bad_request")
    assert elsewhere.asked == []


def test_a_trickle_of_people_ends_in_time() -> None:
    """A byte now and then keeps a socket's own limit away."""
    start = time.monotonic()
    failing(pagerduty, Answer(b" " * 400, headers=BODY, every_s=0.05), timeout_s=0.4)
    assert time.monotonic() - start < 3


def test_a_trickle_of_aws_ends_in_time() -> None:
    """botocore would read it for as long as it comes."""
    start = time.monotonic()
    with serving(Answer(b" " * 400, every_s=0.05)) as vendor, pytest.raises(SourceError, match=r"did not answer in 0\.3 s"):
        BoundedSession(URLLib3Session(), 0.3).send(AWSPreparedRequest("GET", vendor.url, {}, b"", stream_output=False))
    assert time.monotonic() - start < 3


def test_a_million_points_are_refused_in_words() -> None:
    """No line that people look at has so many, and reading them would take the memory of all questions."""
    ms = 1000 * (int(NOON.timestamp()) - 3600)
    body = {
        "series": [{"group_tags": [], "query_index": 0}],
        "times": list(range(ms, ms + 1_000_000)),
        "values": [[1] * 1_000_000],
    }
    error = failing(datadog, Answer({"data": {"attributes": body}}))
    assert error.said == "sent 1,000,000 points of a line, of which paybot reads 100,000 at most"


def test_ten_thousand_groups_are_refused_in_words_and_cost_the_others_nothing() -> None:
    """Each group would be an alert of its own; the query beside it has its answer."""
    many = [{"group_tags": [f"host:{number}"], "query_index": 0} for number in range(10_000)]
    series = [*many, {"group_tags": [], "query_index": 1}]
    at = [1000 * (int(NOON.timestamp()) - 3600)]
    hosts = Query("datadog", "avg:$success_rate{$scope} by {host}")
    with serving(Answer({"data": {"attributes": {"series": series, "times": at, "values": [[1]] * len(series)}}})) as vendor:
        keys = Datadog(api_key="a", app_key="b", host=vendor.url)
        lines = DatadogMetrics(keys, lambda: NOON).series({"hosts": hosts, "one": RATE}, window(), "prod", 5)
    assert str(lines["hosts"]) == f"answered in 10,000 groups, of which paybot looks at {GROUPS:,} at most"
    assert isinstance(lines["one"], tuple)


def test_ten_thousand_buckets_of_logs_are_refused_in_words() -> None:
    """The same of Elasticsearch, which itself stops at 65,536."""
    buckets = [{"key": f"k{number}", "doc_count": 1} for number in range(10_001)]
    error = failing(elastic, found(aggregations={"q": {"all": {"buckets": buckets}}}))
    assert error.said == "answered in more than 10,000 groups, which is more than paybot looks at"


def test_a_file_that_has_gone_since_it_was_listed_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    """A bucket's listing is not its content: lifecycle rules delete, and what is listed may be late."""
    listings = len(SEGMENT.prefixes(START, END, ()))
    key = "<Contents><Key>logs/{}/{}.gz</Key><ETag>&quot;e&quot;</ETag><Size>9</Size></Contents>"
    day = SEGMENT.prefixes(START, END, ())[0].strip("/")
    listed = f"<ListBucketResult>{key.format(day, 'a')}{key.format(day, 'b')}</ListBucketResult>".encode()
    gone = Answer(b"<Error><Code>NoSuchKey</Code></Error>", 404)
    content = Answer(track("checkout.started", "2026-11-22T10:00:00Z", "s1", "m1").encode() + b"\n")
    xml = {"content-type": "application/xml"}
    empty = [Answer(b"<ListBucketResult></ListBucketResult>")] * (listings - 1)
    with serving(Answer(listed), *empty, gone, content, headers=xml) as vendor:
        texts = {"q": asked(Query("segment", ALL + WHERE), SEGMENT, HOUR).text}
        outcome = answer(Job(SEGMENT, "s3://bucket/logs/", settings(vendor.url), texts, START, END, str(tmp_path), 100, 30.0))
    assert outcome.said == ""
    assert len(outcome.tables["q"].rows) == 1
    assert "1 of 2 files cannot be read" in outcome.tables["q"].notes[0]
    assert "has gone since it was listed" in outcome.tables["q"].notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "DATADOG_HOST",
        "ELASTICSEARCH_URL",
        "KIBANA_URL",
        "PAGERDUTY_API_URL",
        "PAGERDUTY_EVENTS_URL",
        "OPSGENIE_API_URL",
        "SLACK_API_URL",
    ],
)
@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/x", "gopher://host", "//host", "http://", "javascript:alert(1)"]
)
def test_an_address_that_is_not_http_is_a_fault_of_the_settings(name: str, url: str) -> None:
    """Told before anything is asked."""
    with pytest.raises(ConfigError) as raised:
        read({name: url}, None)
    assert any(fault.startswith(f"{name}: ") for fault in raised.value.faults)

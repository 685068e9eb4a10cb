"""Elasticsearch over real HTTP, through its own client: what it is asked, and every way in which it does not answer."""

from __future__ import annotations

import gzip
import socket
import time
from typing import Any
from urllib.parse import unquote

import pytest

from bot.config import Elastic as Settings
from bot.ports import SourceError
from bot.sources.elastic import Elastic
from charts.data import Table
from commands.args import Ask
from tests.sources.test_aggregations import REASONS
from tests.sources.vendor import HANG_UP, NOON, Answer, Vendor, recorded, serving, window

PRODUCT = {"X-Elastic-Product": "Elasticsearch", "content-type": "application/vnd.elasticsearch+json;compatible-with=9"}
SHARDS = {"total": 3, "successful": 3, "skipped": 0, "failed": 0}
BUCKET = {"key": "do_not_honor", "doc_count": 9, "now": {"doc_count": 7}, "before": {"doc_count": 2}}


pytestmark = pytest.mark.usefixtures("no_pauses")


def found(*buckets: Any, **envelope: Any) -> Answer:
    """A search's answer in the documented envelope, with the buckets of the query `reasons`."""
    reasons = {"doc_count": 9, "reason": {"doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": list(buckets)}}
    hits: Any = {"total": {"value": 20, "relation": "eq"}, "max_score": None, "hits": []}
    whole = {"took": 5, "timed_out": False, "_shards": SHARDS, "hits": hits, "aggregations": {"reasons": reasons}}
    return Answer(whole | envelope, headers=PRODUCT)


def source(vendor: Vendor, **settings: Any) -> Elastic:
    return Elastic(Settings(url=vendor.url, api_key="aWQ6a2V5", **settings), lambda: NOON)


def fetch(vendor: Vendor, timeout_s: float = 5, **settings: Any) -> Table:
    table = source(vendor, **settings).fetch({"reasons": REASONS}, window(), "prod", timeout_s)["reasons"]
    assert isinstance(table, Table)
    return table


def failing(vendor: Vendor, timeout_s: float = 5, **settings: Any) -> SourceError:
    with pytest.raises(SourceError) as error:
        fetch(vendor, timeout_s, **settings)
    return error.value


def test_one_search_answers_a_fetch() -> None:
    """The answer's buckets are the table's rows."""
    with serving(found(BUCKET)) as vendor:
        assert fetch(vendor).rows == (("do_not_honor", 9, 7, 2),)
    assert len(vendor.asked) == 1


def test_a_search_takes_no_partial_answer_and_sends_the_key_as_it_is() -> None:
    """FACTS 2.1, 2.2: parts are refused in the URL; the key is already in its encoded form."""
    with serving(found()) as vendor:
        fetch(vendor)
    (asked,) = vendor.asked
    assert asked.method == "POST"
    assert unquote(asked.path) == "/payments-*/_search?allow_partial_search_results=false"
    assert asked.headers["authorization"] == "ApiKey aWQ6a2V5"
    assert asked.json()["timeout"] == "4500ms"


def test_fields_are_settings() -> None:
    """A company that logs its decline code elsewhere says so once."""
    fields = {"time": "at", "environment": "stage", "kind": "what", "decline_code": "psp.code"}
    with serving(found()) as vendor:
        fetch(vendor, fields=fields)
    sent = vendor.asked[0].json()
    assert sent["query"]["bool"]["filter"][0] == {"term": {"stage": "prod"}}
    assert sent["aggs"]["reasons"]["aggs"]["reason"]["terms"]["field"] == "psp.code"


def test_an_index_without_such_lines_is_an_empty_table() -> None:
    """Nothing logged is an answer."""
    with serving(found()) as vendor:
        assert fetch(vendor).rows == ()


@pytest.mark.parametrize(
    ("envelope", "kind", "said"),
    [
        ({"timed_out": True}, "timeout", "ran out of time and gave only a part of the answer"),
        ({"_shards": {**SHARDS, "failed": 2}}, "unavailable", "could not read 2 of its 3 shards"),
        ({"_shards": {**SHARDS, "total": 0}}, "bad_answer", "has no index payments-*"),
        ({"_shards": None}, "bad_answer", "sent an answer that paybot cannot read"),
        ({"aggregations": None}, "bad_answer", "sent an answer that paybot cannot read"),
        ({"aggregations": {}}, "bad_answer", "sent an answer that paybot cannot read"),
        ({"aggregations": {"reasons": 5}}, "bad_answer", "sent an answer that paybot cannot read"),
    ],
)
def test_half_an_answer_is_none(envelope: Any, kind: str, said: str) -> None:
    """FACTS 2.2: a 200 may be partial, and a pattern that matches no index is a 200 too."""
    with serving(found(BUCKET, **envelope)) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said) == (kind, said)


@pytest.mark.parametrize(
    ("status", "kind", "said", "times"),
    [
        (400, "bad_request", "refused the question (400)", 1),
        (401, "denied", "refused our keys (401)", 1),
        (403, "denied", "refused our keys (403)", 1),
        (404, "bad_answer", "has no index payments-*", 1),
        (429, "rate_limited", "asks us to wait 1 s", 2),
        (500, "unavailable", "answered with an error of its own (500)", 3),
        (503, "unavailable", "answered with an error of its own (503)", 3),
    ],
)
def test_a_refusal_is_said_in_words(status: int, kind: str, said: str, times: int) -> None:
    """FACTS 2.1: each status as what it means; what may pass is asked again, and only that."""
    body = {"error": recorded("elasticsearch_doc_responses.json")["calendar_interval_error_400"]["error"], "status": status}
    with serving(Answer(body, status, PRODUCT)) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said, len(vendor.asked)) == (kind, said, times)


def test_a_failure_that_passes_is_asked_again() -> None:
    """A node that restarts costs a pause, not the answer; a gateway's page of HTML is a failure like others."""
    html = Answer(b"<html>bad gateway", 502, {"content-type": "text/html"})
    with serving(html, HANG_UP, found(BUCKET)) as vendor:
        assert len(fetch(vendor).rows) == 1
    assert len(vendor.asked) == 3


def test_another_product_is_named_as_such() -> None:
    """FACTS 2.1: a 200 without Elasticsearch's own header comes from something else."""
    with serving(Answer({})) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said) == ("bad_answer", "is no Elasticsearch: it does not name itself so")


@pytest.mark.parametrize("body", [b"<html>", b'{"took": 5', b"", b"[]", b"[" * 100_000])
def test_what_is_no_answer_is_unreadable(body: bytes) -> None:
    """HTML in JSON's clothes, a truncated answer, nothing at all."""
    with serving(Answer(body, headers=PRODUCT)) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said) == ("bad_answer", "sent an answer that paybot cannot read")


def test_an_unknown_type_of_answer_is_unreadable() -> None:
    """A picture is no answer."""
    with serving(Answer(b"GIF89a", headers={**PRODUCT, "content-type": "image/gif"})) as vendor:
        assert failing(vendor).kind == "bad_answer"


def test_silence_ends_with_the_time_given() -> None:
    """FACTS 2.1: the client would wait 10 s; a search that timed out is not asked again."""
    with serving(Answer(after_s=2)) as vendor:
        start = time.monotonic()
        error = failing(vendor, timeout_s=0.3)
    assert (error.kind, error.said, len(vendor.asked)) == ("timeout", "did not answer in 0.3 s", 1)
    assert time.monotonic() - start < 1.5


def test_a_trickle_ends_with_the_time_given() -> None:
    """A byte now and then keeps the socket's timeout away; the deadline ends it, and says the whole time."""
    with serving(Answer(b" " * 100, headers=PRODUCT, every_s=0.05)) as vendor:
        start = time.monotonic()
        error = failing(vendor, timeout_s=0.3)
    assert (error.kind, error.said) == ("timeout", "did not answer in 0.3 s")
    assert time.monotonic() - start < 1.0


def test_a_bomb_is_not_unpacked() -> None:
    """The client would unpack it all."""
    bomb = Answer(gzip.compress(bytes(30_000_000), 1), headers={**PRODUCT, "content-encoding": "gzip"})
    with serving(bomb, found(BUCKET)) as vendor:
        asked = source(vendor)
        with pytest.raises(SourceError, match="more than 20 MB"):
            asked.fetch({"reasons": REASONS}, window(), "prod", 5)
        assert asked.fetch({"reasons": REASONS}, window(), "prod", 5)["reasons"]


def test_nobody_listening_is_unreachable() -> None:
    """A refused connection is said in words."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        error = failing(Vendor([], url=f"http://127.0.0.1:{nobody.getsockname()[1]}"))
    assert (error.kind, error.said) == ("unavailable", "could not be reached")


@pytest.mark.parametrize("url", ["no address", "ftp://127.0.0.1", "http://127.0.0.1:port"])
def test_a_url_that_is_no_address_is_said_so(url: str) -> None:
    """The client refuses it with an exception of its own."""
    error = failing(Vendor([], url=url))
    assert (error.kind, error.said) == ("bad_request", "cannot be asked: its URL is no address")


def test_nothing_that_elasticsearch_writes_reaches_people(caplog: pytest.LogCaptureFixture) -> None:
    """Its reasons quote the question; they go to the log."""
    with serving(Answer({"error": {"type": "x", "reason": "cannot parse dana@example.com"}}, 400, PRODUCT)) as vendor:
        assert "dana" not in failing(vendor).said
    assert "cannot parse" in caplog.text


def test_probe_counts_the_last_day() -> None:
    """A key that may search, and whether anything is there."""
    with serving(found(aggregations={"recent": {"doc_count": 1234}})) as vendor:
        said = source(vendor).probe(5)
    assert said.startswith("answers in ")
    assert said.endswith("payments-* has 1,234 lines of the last 24 h")


def test_the_link_opens_discover_with_environment_kind_and_range() -> None:
    """FACTS 2.5: it needs a data view's id; the range is in UTC."""
    with serving() as vendor:
        kibana = source(vendor, kibana_url="https://kibana.example/s/payments/", data_view="pay-1")
        link = kibana.link({"reasons": REASONS}, Ask("checkout", window(), "prod"))
    assert link is not None
    assert unquote(link.url) == (
        "https://kibana.example/s/payments/app/discover#/"
        "?_g=(time:(from:'2026-11-22T11:00:00.000Z',to:'2026-11-22T12:00:00.000Z'))"
        "&_a=(dataSource:(dataViewId:'pay-1',type:dataView),interval:auto,query:(language:kuery,"
        """query:'service.environment: "prod" and event.action: "checkout.failed"'))"""
    )


@pytest.mark.parametrize("settings", [{"kibana_url": "https://kibana.example"}, {"data_view": "pay-1"}, {}])
def test_there_is_no_link_without_kibana_and_a_data_view(settings: dict[str, str]) -> None:
    """A link that opens the wrong page is worse than none."""
    with serving() as vendor:
        assert source(vendor, **settings).link({"reasons": REASONS}, Ask("checkout", window(), "prod")) is None

"""The sandbox's Datadog: its event search."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.asking import answered, post, question, refused
from tests.sandbox.company import DAY, HOUR, NOW, ms, recorded


def search(datadog: str, query: str, **page: Any) -> dict[str, Any]:
    body = {"filter": {"query": query, "from": str(ms(NOW - 2 * DAY)), "to": NOW.isoformat()}, "page": page, "sort": "timestamp"}
    answer = post(datadog, "/api/v2/events/search", body)
    assert answer.status == 200, answer.data
    found: dict[str, Any] = answer.json()
    return found


def kinds(found: dict[str, Any]) -> set[str]:
    return {tag for event in found["data"] for tag in event["attributes"]["tags"] if tag.startswith("kind:")}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("env:prod kind:window_override", {"kind:window_override"}),
        ('env:"prod" (kind:window_override OR kind:deploy)', {"kind:window_override", "kind:deploy"}),
        ("-kind:deploy", {"kind:window_override"}),
        ("kind:* AND overridden", {"kind:window_override"}),
        ("user:nobody", set()),
        ("env:staging", set()),
    ],
)
def test_events_are_found_by_tags_and_words(datadog: str, query: str, wanted: set[str]) -> None:
    """Words beside each other must all hold; OR, minus, quotes and stars mean what they mean there."""
    assert kinds(search(datadog, query, limit=100)) == wanted


def test_event_pages_follow_the_cursor(datadog: str) -> None:
    """Page by page gives what one page gives, and the last has no `meta`."""
    whole = search(datadog, "*", limit=100)["data"]
    page = search(datadog, "*", limit=2)
    found = page["data"]
    while "meta" in page:
        page = search(datadog, "*", limit=2, cursor=page["meta"]["page"]["after"])
        found += page["data"]
    assert found == whole
    assert len(whole) > 2


def test_events_have_the_recorded_shape(datadog: str) -> None:
    """Title inside, message and tags outside, as Datadog has them."""
    real = recorded("dd_v2_events_search_paged.json")["interactions"][0]["response"]["body"]["data"][0]
    ours = search(datadog, "kind:window_override")["data"][0]
    assert ours.keys() == real.keys()
    assert ours["attributes"].keys() == real["attributes"].keys()
    assert {"title", "timestamp", "evt"} <= ours["attributes"]["attributes"].keys()


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"query": "(kind:deploy"}},
        {"filter": {"query": "kind:deploy)"}},
        {"filter": {"from": "yesterday"}},
        {"page": {"limit": 0}},
        {"page": {"cursor": "nonsense"}},
    ],
)
def test_bad_event_searches_are_refused(datadog: str, body: dict[str, Any]) -> None:
    """A 400 with its error."""
    assert "input_validation_error" in refused(datadog, body, "/api/v2/events/search")


def test_overrides_are_counted_where_they_are_noted(datadog: str) -> None:
    """The metric and the events tell of the same overrides."""
    found = answered(datadog, question("sum:payments.window.override_count{env:prod}.as_count()", back=2 * DAY, interval=HOUR))
    assert sum(found["values"][0]) == len(search(datadog, "kind:window_override", limit=100)["data"])

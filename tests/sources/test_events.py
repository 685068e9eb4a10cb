"""Datadog's events over real HTTP: pages, times, titles, and what is kept of too many."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.config import Datadog
from bot.ports import SourceError
from bot.sources.datadog import DatadogEvents
from charts.data import Table
from commands.args import Ask
from commands.panel import Query
from tests.sources.vendor import NOON, Answer, Vendor, recorded, serving, window

QUERY = Query("datadog_events", "env:$env kind:window_override")
START = NOON.timestamp() - 3600


def source(vendor: Vendor) -> DatadogEvents:
    return DatadogEvents(Datadog(api_key="a", app_key="b", host=vendor.url), lambda: NOON)


def fetch(vendor: Vendor, env: str = "prod") -> Table:
    table = source(vendor).fetch({"events": QUERY}, window(), env, 5)["events"]
    assert isinstance(table, Table)
    return table


def event(minute: float, title: str = "override", **inner: Any) -> Any:
    """An event so many minutes after 11:00, in the recorded shape."""
    attributes = {"title": title, "timestamp": int(1000 * (START + 60 * minute)), **inner}
    return {"type": "event", "id": title, "attributes": {"message": "why", "tags": ["user:dana"], "attributes": attributes}}


def page(*events: Any, cursor: str = "") -> Answer:
    return Answer({"data": list(events), **({"meta": {"page": {"after": cursor}}} if cursor else {})})


def test_recorded_pages_are_followed_to_the_last() -> None:
    """FACTS 1.6: the cursor of each page asks for the next; the last page is an empty list without `meta`."""
    pages = [one["response"]["body"] for one in recorded("dd_v2_events_search_paged.json")["interactions"]]
    with serving(*map(Answer, pages)) as vendor:
        fetch(vendor)
    cursors = [asked.json()["page"].get("cursor") for asked in vendor.asked]
    assert cursors == [None, *(one["meta"]["page"]["after"] for one in pages[:-1])]


def test_a_recorded_event_has_its_time_title_message_and_tags() -> None:
    """FACTS 1.6: the title stands a level deeper than message and tags; tags that Datadog repeats are told once."""
    first = recorded("dd_v2_events_search_paged.json")["interactions"][0]["response"]["body"]["data"][0]
    first["attributes"]["attributes"]["timestamp"] = int(1000 * START)
    with serving(page(first)) as vendor:
        ((at, title, message, tags),) = fetch(vendor).rows
    assert (at, title) == (START, "[Synthetics] EVMGT pipeline test")
    assert str(message).startswith("Synthetics test check")
    assert tags == "environment:staging, source:my_apps"


def test_the_search_names_environment_and_range() -> None:
    """FACTS 1.6: from and to are strings; newest come first, so that the newest are kept."""
    with serving(page()) as vendor:
        fetch(vendor)
    (asked,) = vendor.asked
    assert asked.path == "/api/v2/events/search"
    bounds = {"from": str(int(1000 * START)), "to": str(int(1000 * NOON.timestamp()))}
    assert asked.json()["filter"] == {"query": "env:prod kind:window_override", **bounds}
    assert asked.json()["sort"] == "-timestamp"


def test_events_come_oldest_first_and_inside_the_range() -> None:
    """The end is exclusive, as everywhere."""
    with serving(page(event(60), event(59, "b"), event(1, "a"), event(-1))) as vendor:
        assert [row[1] for row in fetch(vendor).rows] == ["a", "b"]


def test_at_most_three_pages_are_read() -> None:
    """A cursor that never ends is given up; the newest events are those kept."""
    with serving(page(event(1), cursor="more")) as vendor:
        assert len(fetch(vendor).rows) == 3
    assert len(vendor.asked) == 3


def test_the_time_may_stand_in_iso_only() -> None:
    """An event without milliseconds has its ISO time; one without any time cannot be marked."""
    iso, without = event(0, "iso", timestamp=None), event(0, "without", timestamp=None)
    iso["attributes"]["timestamp"] = (NOON - timedelta(minutes=1)).isoformat()
    with serving(page(iso, without)) as vendor:
        assert [row[:2] for row in fetch(vendor).rows] == [(NOON.timestamp() - 60, "iso")]


def test_an_environment_with_a_colon_is_quoted() -> None:
    """In a search a colon would begin another condition."""
    with serving(page()) as vendor:
        fetch(vendor, "eu:prod")
    assert vendor.asked[0].json()["filter"]["query"].startswith('env:"eu:prod" ')


def test_an_environment_cannot_add_to_the_search() -> None:
    """What no tag can hold is refused without asking."""
    with serving(page()) as vendor, pytest.raises(SourceError, match="environment"):
        fetch(vendor, "prod OR env:staging")
    assert vendor.asked == []


@pytest.mark.parametrize("lie", [[], {"data": {}}, {"data": [1]}, {"data": [{"attributes": {}}]}, {"errors": ["?"]}])
def test_an_answer_of_another_shape_is_refused(lie: Any) -> None:
    """Events that are none make a gap, not an exception."""
    with serving(Answer(lie)) as vendor, pytest.raises(SourceError) as error:
        fetch(vendor)
    assert error.value.kind == "bad_answer"


def test_a_bad_cursor_is_a_refused_question() -> None:
    """FACTS 1.6: a 400 whose text is a quoted dictionary."""
    bad = Answer({"errors": ["{'errors': [u\"input_validation_error(Field 'page[cursor]' is invalid)\"]}"]}, 400)
    with serving(page(event(1), cursor="bad"), bad) as vendor, pytest.raises(SourceError) as error:
        fetch(vendor)
    assert error.value.kind == "bad_request"


def test_probe_times_a_search() -> None:
    """What `paybot check --connect` shows."""
    with serving(page()) as vendor:
        assert source(vendor).probe(5).startswith("answers in ")


def test_events_have_no_link_of_their_own() -> None:
    """One link for each vendor: that of its metrics."""
    with serving() as vendor:
        assert source(vendor).link({"events": QUERY}, Ask("checkout", window(), "prod")) is None

"""Which incident is whose, over real HTTP: a link is an extra for which nothing waits long and nothing fails."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.paging.incidents import KEPT, Incidents
from tests.paging.intents import KEY
from tests.sources.vendor import HANG_UP, Answer, Vendor, recorded, serving

URL = "https://lindenmarkt.pagerduty.com/incidents/PGR0VU2"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def finder(vendor: Vendor, clock: Clock | None = None) -> Incidents:
    return Incidents(api_key="u+key", api_url=vendor.url, clock=clock or Clock())


def listed(*incidents: dict[str, Any]) -> Answer:
    return Answer({"incidents": list(incidents), "limit": 5, "offset": 0, "more": False})


def test_an_incident_is_found_by_its_key() -> None:
    """FACTS 6.3: GET /incidents?incident_key=…, the newest first."""
    with serving(listed({"incident_key": KEY, "html_url": URL})) as vendor:
        assert finder(vendor).incident_of(KEY) == URL
    assert vendor.asked[0].path == f"/incidents?incident_key={KEY}&sort_by=created_at%3Adesc&limit=5"
    assert vendor.asked[0].headers["Authorization"] == "Token token=u+key"


def test_an_incident_with_alerts_has_no_key_of_its_own() -> None:
    """The schema in ../shared says so: PagerDuty has then looked at the keys of its alerts."""
    spec = recorded("pagerduty_rest_trimmed.json")
    assert "do not have an incident key" in spec["components"]["parameters"]["incident_key"]["description"]
    with serving(listed({"incident_key": "another", "html_url": "https://x.example"}, {"html_url": URL})) as vendor:
        assert finder(vendor).incident_of(KEY) == URL


def test_the_published_example_is_understood() -> None:
    """PagerDuty's own example of an answer."""
    spec = recorded("pagerduty_rest_trimmed.json")
    content = spec["paths"]["/incidents"]["get"]["responses"]["200"]["content"]["application/json"]
    example = content["examples"]["response"]["value"]
    key = example["incidents"][0]["incident_key"]
    with serving(Answer(example)) as vendor:
        assert finder(vendor).incident_of(key) == example["incidents"][0]["html_url"]


def test_the_keys_of_an_incidents_alerts_are_found() -> None:
    """What a webhook without a key is named by."""
    with serving(Answer({"alerts": [{"alert_key": KEY}, {"alert_key": None}, {"alert_key": "other"}, 3]})) as vendor:
        assert finder(vendor).keys_of("PGR0VU2") == (KEY, "other")
    assert vendor.asked[0].path == "/incidents/PGR0VU2/alerts?limit=100"


def test_what_was_found_is_remembered_and_what_is_not_there_is_asked_again() -> None:
    """PagerDuty opens incidents a moment later; a storm of alerts does not use up the limit meanwhile."""
    clock = Clock()
    with serving(listed(), listed({"incident_key": KEY, "html_url": URL})) as vendor:
        own = finder(vendor, clock)
        assert [own.incident_of(KEY) for _ in range(3)] == ["", "", ""]
        clock.now = 6.0
        assert [own.incident_of(KEY) for _ in range(3)] == [URL, URL, URL]
    assert len(vendor.asked) == 2


def test_what_is_remembered_is_bounded() -> None:
    """A year of alerts does not fill the memory."""
    own = Incidents(api_key="k", api_url="http://127.0.0.1:1", clock=Clock())
    for number in range(KEPT + 10):
        own.incident_of(str(number))
    assert len(own._known) == KEPT


@pytest.mark.parametrize(
    "answer",
    [
        Answer({}, 401),
        Answer({}, 429),
        Answer({}, 500),
        Answer(b"<html>"),
        Answer([]),
        Answer({"incidents": [3, {}, {"html_url": "javascript:alert(1)"}]}),
        Answer(b'{"inci', length=900),
        Answer(b"", 302, {"Location": "/elsewhere"}),
        HANG_UP,
    ],
)
def test_whatever_goes_wrong_there_is_no_link_and_no_error(answer: Answer) -> None:
    """An alert's message is worth having without it."""
    with serving(answer) as vendor:
        assert finder(vendor).incident_of(KEY) == ""
    assert len(vendor.asked) == 1


def test_a_silent_service_is_given_up_within_five_seconds() -> None:
    """FACTS 6.2: pdpyras' own limit is a minute."""
    start = time.monotonic()
    with serving(Answer({}, after_s=8)) as vendor:
        assert finder(vendor).incident_of(KEY) == ""
    assert time.monotonic() - start < 5.5

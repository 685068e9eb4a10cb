"""PagerDuty over real HTTP: who is on call, and pdpyras' traps bounded."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.config import PagerDuty
from bot.ports import SourceError
from bot.sources.pagerduty import OnCall
from charts.data import Table
from commands.panel import Query
from tests.sources.vendor import HANG_UP, NOON, Answer, Vendor, serving, window

SERVICES = Answer(
    {
        "services": [
            {"name": "Payments Checkout EU", "escalation_policy": {"id": "P0"}},
            {"name": "Payments Checkout", "escalation_policy": {"id": "P1"}},
        ]
    }
)


def person(name: str, level: int, end: str | None = "2026-11-23T08:00:00Z") -> dict[str, Any]:
    schedule = {"summary": "Payments primary"} if end else None
    return {"user": {"summary": name}, "escalation_level": level, "end": end, "start": None, "schedule": schedule}


def people(*listed: dict[str, Any]) -> Answer:
    return Answer({"oncalls": list(listed), "limit": 100, "more": False})


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def source(vendor: Vendor, clock: Clock | None = None) -> OnCall:
    return OnCall(PagerDuty(api_key="u+key", api_url=vendor.url), lambda: NOON, clock or Clock())


def fetch(asked: OnCall, timeout_s: float = 5.0) -> Table:
    found = asked.fetch({"who": Query("pagerduty", "oncall")}, window(), "prod", timeout_s)["who"]
    assert isinstance(found, Table)
    return found


def test_people_are_listed_by_level_with_their_end() -> None:
    """FACTS 6.3: somebody permanently on call has neither schedule nor end."""
    with serving(SERVICES, people(person("Bo", 2, None), person("Mira", 1))) as vendor:
        found = fetch(source(vendor))
    end = 1795420800.0
    assert found.rows == ((1, "Mira", end, "Payments primary"), (2, "Bo", None, ""))


def test_the_service_of_that_very_name_is_asked() -> None:
    """A search finds longer names too; their people would be the wrong ones to wake."""
    with serving(SERVICES, people()) as vendor:
        fetch(source(vendor))
    assert "query=Payments+Checkout" in vendor.asked[0].path
    assert "escalation_policy_ids%5B%5D=P1" in vendor.asked[1].path
    assert vendor.asked[1].headers["Authorization"] == "Token token=u+key"


def test_an_answer_is_kept_for_a_minute() -> None:
    """A team that asks in an incident does not use up the limit."""
    clock = Clock()
    with serving(SERVICES, people(person("Mira", 1)), SERVICES, people(person("Bo", 1))) as vendor:
        asked = source(vendor, clock)
        assert fetch(asked) == fetch(asked)
        clock.now = 61.0
        assert fetch(asked).rows[0][1] == "Bo"
    assert len(vendor.asked) == 4


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("answer", "said", "asked"),
    [
        (Answer({"error": {"code": 2020}}, 429), "asks us to wait", 1),
        (Answer({}, 429, {"ratelimit-reset": "40"}), "asks us to wait 40 s", 1),
        (Answer({}, 401), "refused our keys", 1),
        (Answer({}, 403), "refused our keys", 1),
        (Answer({}, 500), "error of its own", 3),
        (Answer({}, 503), "error of its own", 3),
        (HANG_UP, "could not be reached", 3),
        (Answer(b"<html>"), "cannot read", 1),
        (Answer({"services": [{"name": "other"}]}), "has no service called Payments Checkout", 1),
        (Answer({"teams": []}), "cannot read", 1),
    ],
)
def test_every_failure_is_said_and_bounded(answer: Answer, said: str, asked: int) -> None:
    """FACTS 6.2: pdpyras would ask again for ever after a 429, and sleep for minutes after other errors."""
    start = time.monotonic()
    with serving(answer) as vendor, pytest.raises(SourceError, match=said):
        fetch(source(vendor))
    assert len(vendor.asked) == asked
    assert time.monotonic() - start < 5


def test_a_silent_service_meets_the_deadline() -> None:
    """pdpyras overwrites a timeout that is given with a request; its own is a minute."""
    start = time.monotonic()
    with serving(Answer({}, after_s=5)) as vendor, pytest.raises(SourceError):
        fetch(source(vendor), 0.5)
    assert time.monotonic() - start < 2


def test_a_person_of_another_shape_is_unreadable() -> None:
    """Half a list of people is none."""
    with (
        serving(SERVICES, people({"user": {}, "escalation_level": 1})) as vendor,
        pytest.raises(SourceError, match="cannot read"),
    ):
        fetch(source(vendor))


def test_the_probe_says_whether_anybody_is_on_call() -> None:
    """`paybot check --connect`."""
    with serving(SERVICES, people(), SERVICES, people(person("Mira", 1))) as vendor:
        assert "nobody on call for Payments Checkout" in source(vendor).probe(5)

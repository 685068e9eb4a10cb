"""Logs Insights over real HTTP: polled to the end, nothing half shown, nothing left running."""

from __future__ import annotations

from typing import Any

import pytest

from bot.config import Aws, Config
from bot.ports import SourceError
from bot.sources.aws import Clients
from bot.sources.event_logs import EventLogs
from charts.data import Table
from commands.panel import Query
from tests.sources.aws import answering, fault, operations, settings
from tests.sources.vendor import NOON, Answer, window

ERRORS = Query("event_logs", "fields @timestamp, error.error_message | filter log_level = 'ERROR' | limit 10")
STARTED = Answer({"queryId": "query-1"})


def source(aws: Aws, naps: list[float] | None = None) -> EventLogs:
    return EventLogs(aws, "prod", Clients(aws), lambda: NOON, (naps if naps is not None else []).append)


def logged(url: str) -> Aws:
    return settings(url, event_log_group="/events/payments-${ENV}")


def fetch(url: str, timeout_s: float = 5.0, naps: list[float] | None = None) -> Table:
    found = source(logged(url), naps).fetch({"errors": ERRORS}, window(), "prod", timeout_s)["errors"]
    assert isinstance(found, Table)
    return found


def state(status: str, *rows: dict[str, str]) -> Answer:
    cells = [[{"field": name, "value": value} for name, value in {**row, "@ptr": "x"}.items()] for row in rows]
    return Answer({"status": status, "results": cells})


def test_the_log_is_asked_in_seconds_both_inclusive() -> None:
    """FACTS 4.3: so the last second of the window is the last that is asked."""
    with answering(STARTED, state("Complete")) as vendor:
        fetch(vendor.url)
    asked = vendor.asked[0].json()
    assert (asked["startTime"], asked["endTime"]) == (NOON.timestamp() - 3600, NOON.timestamp() - 1)
    assert (asked["logGroupName"], asked["queryString"]) == ("/events/payments-prod", ERRORS.text)


def test_rows_are_shown_once_the_query_is_complete() -> None:
    """FACTS 4.3: a running query shows a part of its rows, which is no answer."""
    half, whole = {"rule": "a"}, {"rule": "b", "error": "refused"}
    with answering(STARTED, state("Scheduled"), state("Running", half), state("Complete", whole, half)) as vendor:
        found = fetch(vendor.url)
    assert [column.title for column in found.columns] == ["rule", "error"]
    assert found.rows == (("b", "refused"), ("a", None))
    assert operations(vendor) == ["StartQuery", *3 * ["GetQueryResults"]]


def test_pauses_grow_while_it_runs() -> None:
    """A search of a second is not looked at fifty times."""
    naps: list[float] = []
    with answering(STARTED, *6 * [state("Running")], state("Complete")) as vendor:
        fetch(vendor.url, 30, naps)
    assert naps == [0.2, 0.4, 0.8, 1.0, 1.0, 1.0]


def test_a_query_that_is_late_is_called_off() -> None:
    """Nothing is left running that nobody waits for."""
    with answering(STARTED, state("Running", {"rule": "a"})) as vendor, pytest.raises(SourceError) as error:
        fetch(vendor.url, 0.6)
    assert error.value.kind == "timeout"
    assert operations(vendor)[-1] == "StopQuery"
    assert vendor.asked[-1].json() == {"queryId": "query-1"}


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout", "Unknown"])
def test_a_query_that_ended_badly_is_no_empty_log(status: str) -> None:
    """It is said, and needs no calling off."""
    with answering(STARTED, state(status)) as vendor, pytest.raises(SourceError, match="without an answer"):
        fetch(vendor.url)
    assert "StopQuery" not in operations(vendor)


def test_a_refusal_half_way_calls_off_what_runs() -> None:
    """Whatever went wrong."""
    with answering(STARTED, fault("AccessDenied", 403)) as vendor, pytest.raises(SourceError, match="lacks a right"):
        fetch(vendor.url)
    assert operations(vendor)[-1] == "StopQuery"


def test_a_log_group_that_is_not_there_is_named() -> None:
    """It is a setting."""
    nothing = pytest.raises(SourceError, match="has no log group called /events/payments-prod")
    with answering(fault("ResourceNotFoundException")) as vendor, nothing:
        fetch(vendor.url)


def test_nothing_logged_is_an_empty_table() -> None:
    """A good hour."""
    with answering(STARTED, state("Complete")) as vendor:
        assert not fetch(vendor.url)


@pytest.mark.parametrize(
    "answer", [{}, {"status": "Complete"}, {"status": "New", "results": []}, {"status": "Complete", "results": [7]}]
)
def test_an_answer_of_another_shape_is_unreadable(answer: dict[str, Any]) -> None:
    """And is no empty log either."""
    with answering(STARTED, Answer(answer)) as vendor, pytest.raises(SourceError) as error:
        fetch(vendor.url)
    assert error.value.kind == "bad_answer"


def test_without_a_log_group_the_source_is_not_configured() -> None:
    """It is named by the delivery that the operator set up; there is no usual one."""
    assert EventLogs.of(Config(aws=Aws(region="eu-west-1")), lambda: NOON) is None
    assert EventLogs.of(Config(aws=Aws(region="eu-west-1", event_log_group="g")), lambda: NOON)


def test_the_probe_runs_a_search_of_its_own() -> None:
    """`paybot check --connect` shows that the rights suffice."""
    with answering(STARTED, state("Complete", {"@timestamp": "x"})) as vendor:
        assert "something logged" in source(logged(vendor.url)).probe(5)

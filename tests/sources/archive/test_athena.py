"""Athena over real HTTP: started once, polled to the end, read page by page, called off when late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.config import Archives
from bot.ports import SourceError
from bot.sources.archive.athena import Athena, cell, read
from bot.sources.archive.segment import SEGMENT
from bot.sources.retry import Deadline
from charts.data import Table
from tests.sources.archive.files import at
from tests.sources.aws import answering, fault, operations, settings
from tests.sources.vendor import Answer, Vendor

START, END = at("2026-11-22 10:00"), at("2026-11-22 12:00")
STARTED = Answer({"QueryExecutionId": "q-1"})


def state(name: str, **more: Any) -> Answer:
    statistics = {"DataScannedInBytes": 1000}
    return Answer({"QueryExecution": {"Status": {"State": name, **more}, "Statistics": statistics}})


def page(*rows: list[str | None], kinds: tuple[str, ...] = ("varchar", "bigint"), more: str = "") -> Answer:
    """A page as Athena gives it: an absent cell is NULL."""
    listed = [{"Data": [{"VarCharValue": text} if text is not None else {} for text in row]} for row in rows]
    infos = [{"Name": f"c{number}", "Type": kind} for number, kind in enumerate(kinds)]
    result = {"Rows": listed, "ResultSetMetadata": {"ColumnInfo": infos}}
    return Answer({"ResultSet": result, **({"NextToken": more} if more else {})})


HEADER: list[str | None] = ["c0", "c1"]


class Asked:
    """Asks the vendor one text; what came, what was scanned, and how long was waited."""

    def __init__(self, vendor: Vendor, **more: Any) -> None:
        self.scanned: list[float] = []
        self.naps: list[float] = []
        archives = Archives(athena_workgroup="payments", athena_database="logs", **more)
        self.athena = Athena(archives, settings(vendor.url), self.scanned.append, self.naps.append)

    def answer(self, timeout_s: float = 10.0) -> Table:
        """Only the one text: that for how far the archive reaches is asked elsewhere."""
        return self.athena._answered("SELECT 1", Deadline(timeout_s))


def test_a_question_is_started_once_in_its_workgroup() -> None:
    """FACTS 4.6: the token makes an attempt that is made again the same one."""
    with answering(STARTED, state("SUCCEEDED"), page(HEADER)) as vendor:
        Asked(vendor, athena_output="s3://results/").answer()
    asked = vendor.asked[0].json()
    assert (asked["WorkGroup"], asked["QueryExecutionContext"]) == ("payments", {"Database": "logs"})
    assert len(asked["ClientRequestToken"]) >= 32
    assert asked["ResultConfiguration"] == {"OutputLocation": "s3://results/"}


def test_the_heading_stands_on_the_first_page_alone() -> None:
    """FACTS 4.6: the first row of the first page; NULL is an absent cell; every value is text."""
    first, second = page(HEADER, ["a", "1"], more="next"), page(["b", None])
    with answering(STARTED, state("SUCCEEDED"), first, second) as vendor:
        found = Asked(vendor).answer()
    assert found.rows == (("a", 1.0), ("b", None))
    assert vendor.asked[-1].json()["NextToken"] == "next"


def test_it_is_polled_with_growing_pauses_until_it_has_succeeded() -> None:
    """And what it scanned is told."""
    with answering(STARTED, state("QUEUED"), state("RUNNING"), state("RUNNING"), state("SUCCEEDED"), page(HEADER)) as vendor:
        asked = Asked(vendor)
        asked.answer()
    assert asked.naps == [0.2, 0.4, 0.8]
    assert asked.scanned == [1000]


def test_a_question_that_is_late_is_called_off() -> None:
    """Nothing is left scanning that nobody waits for."""
    with answering(STARTED, state("RUNNING")) as vendor, pytest.raises(SourceError) as error:
        Asked(vendor).answer(0.6)
    assert error.value.kind == "timeout"
    assert operations(vendor)[-1] == "StopQueryExecution"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (state("FAILED", StateChangeReason="SYNTAX_ERROR: sk_live_x", AthenaError={"ErrorCategory": 2}), "refused the question"),
        (state("FAILED", AthenaError={"ErrorCategory": 1}), "failed by a fault of its own"),
        (state("FAILED"), "failed"),
        (state("CANCELLED"), "called off by somebody else"),
        (state("NEW"), "cannot read"),
        (fault("AccessDeniedException"), "lacks a right"),
    ],
)
def test_what_has_no_answer_is_said_in_our_words(status: Answer, said: str) -> None:
    """Athena's own may quote data."""
    with answering(STARTED, status) as vendor, pytest.raises(SourceError, match=said) as error:
        Asked(vendor).answer()
    assert "sk_live" not in error.value.said


def test_a_workgroup_that_is_not_there_is_named() -> None:
    """It is a setting."""
    with (
        answering(fault("ResourceNotFoundException")) as vendor,
        pytest.raises(SourceError, match="no workgroup called payments"),
    ):
        Asked(vendor).answer()


def test_several_texts_are_asked_at_once_and_one_says_how_far_the_archive_reaches() -> None:
    """All with the same deadline; the last tells `until`."""
    whole = (STARTED, state("SUCCEEDED"), page(["until"], ["1795341600.5"], kinds=("double",)))
    of_any_operation = Answer({name: value for each in whole for name, value in each.body.items()})
    with answering(of_any_operation) as vendor:
        found = Asked(vendor).athena.answer({"q": "SELECT 1"}, SEGMENT, START, END, 10)
    assert found["q"].until == 1795341600.5
    assert operations(vendor).count("StartQueryExecution") == 2
    texts = [asked.json()["QueryString"] for asked in vendor.asked if "QueryString" in asked.json()]
    first, last = SEGMENT.days(START, END)
    assert any(f"day BETWEEN {first} AND {last}" in text for text in texts)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", "bigint", 3.0),
        ("3.5", "double", 3.5),
        ("1.10", "decimal(10,2)", 1.1),
        ("true", "boolean", 1.0),
        ("3", "varchar", "3"),
        (None, "bigint", None),
    ],
)
def test_values_are_what_their_columns_say(text: str | None, kind: str, value: float | str | None) -> None:
    """As the engine gives them: numbers are floats, a truth is 1 or 0, what is missing is None."""
    assert cell(text, kind) == value


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"Rows": [], "ResultSetMetadata": {}},
        {"Rows": [{"Data": []}, {"Data": []}], "ResultSetMetadata": {"ColumnInfo": [{"Name": "a", "Type": "int"}]}},
    ],
)
def test_an_answer_of_another_shape_is_unreadable(broken: dict[str, Any]) -> None:
    """Half a row is none."""
    with pytest.raises(SourceError):
        read(iter([broken]))


def test_days_of_a_question_reach_one_day_beyond_it() -> None:
    """What happened in it may have been received on the day after."""
    assert SEGMENT.days(START, END) == SEGMENT.days(START, END + timedelta(hours=1))

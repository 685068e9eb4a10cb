"""Answers outside Slack: aligned text for people, a stable shape for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.answer import Answer
from bot.ports import Link
from bot.terminal import as_json, empty, plain_text
from charts.data import Column, Series, Table
from charts.spec import Chart, Line, Picture
from commands.args import Ask, Window
from commands.panel import Gap, TitledTable

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WINDOW = Window(NOON - timedelta(hours=6), NOON, timedelta(minutes=1), "Europe/Berlin", "last 6 h", "6h")
REASONS = Table(
    (Column("Reason"), Column("Count", "count"), Column("Share", "%")),
    (("insufficient_funds", 1200, 61.5), ("do_not_honor", 7, None)),
)
CHART = Chart("Success rate", (Line(Series("rate", (0.0, 60.0), (98.0, None)), "now"),), unit="%", number="98.0 %")
ANSWER = Answer(
    ask=Ask("checkout", WINDOW, "prod"),
    title="Checkout",
    owner="Commerce Backend",
    headline="Checkout is fine.",
    reference="0123abcd",
    facts=("Success rate: 98.0 %",),
    picture=Picture("Checkout", (CHART,), 0.0, 120.0, "Europe/Berlin", "Sun 22 Nov 07:00 to 13:00"),
    tables=(TitledTable("Failure reasons", REASONS, "24 h to 13:00"),),
    gaps=(Gap("Datadog events", "is not configured", ("marks",)),),
    links=(Link("Datadog", "https://app.datadoghq.com/x"),),
    took_s=0.4321,
)


def test_the_first_line_is_the_headline_and_the_last_says_what_was_asked() -> None:
    """What a tired person reads, and what they tell a colleague."""
    lines = plain_text(ANSWER).splitlines()
    assert lines[0] == "Checkout is fine."
    assert "Sun 22 Nov 07:00 to 13:00 Europe/Berlin" in lines[-1]
    assert lines[-1].endswith("reference 0123abcd")


def test_a_table_is_aligned_with_numbers_to_the_right() -> None:
    """All rows of a column end, or begin, at the same place; what is unknown reads so."""
    lines = plain_text(ANSWER).splitlines()
    head = lines.index("Failure reasons") + 1
    assert lines[head].index("Count") + len("Count") == lines[head + 1].index("1,200") + len("1,200")
    assert lines[head + 2].endswith("no data")


def test_gaps_and_links_are_told() -> None:
    """An answer with a hole says so here, too."""
    assert "Missing: Datadog events is not configured; missing here: marks." in plain_text(ANSWER)
    assert "Datadog: https://app.datadoghq.com/x" in plain_text(ANSWER)


def test_nothing_secret_is_printed() -> None:
    """A terminal is as public as a channel: it is recorded and pasted."""
    leaking = replace(ANSWER, headline="card 4242 4242 4242 4242 of jane.doe@example.com")
    for text in (plain_text(leaking), json.dumps(as_json(leaking))):
        assert "4242 4242" not in text
        assert "jane.doe" not in text


def test_the_json_has_its_documented_keys() -> None:
    """Programs rely on them: they are only ever added to."""
    asked = ["section", "title", "owner", "env", "window", "against"]
    found = ["headline", "facts", "alt", "series", "tables", "gaps", "links", "picture_fault", "reference", "took_s"]
    assert list(as_json(ANSWER)) == asked + found


def test_the_json_holds_raw_values_and_null_for_the_unknown() -> None:
    """Numbers are not formatted, and missing is not zero."""
    found = json.loads(json.dumps(as_json(ANSWER)))
    assert found["window"]["start"] == "2026-11-22T06:00:00+00:00"
    assert found["series"][0]["values"] == [98.0, None]
    assert found["tables"][0]["rows"][1] == ["do_not_honor", 7, None]


def test_an_answer_is_empty_only_when_sources_failed_and_nothing_came() -> None:
    """A quiet night without a gap is an answer; so is one line, or one table, beside gaps."""
    bare = replace(ANSWER, picture=None, tables=())
    assert empty(bare)
    assert not empty(replace(bare, gaps=()))
    assert not empty(replace(ANSWER, tables=()))
    assert not empty(replace(ANSWER, picture=None))

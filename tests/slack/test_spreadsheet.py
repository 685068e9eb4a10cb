"""An answer's numbers as CSV."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.answer import Answer
from bot.slack.messages import csv_text
from charts.data import Column, Series, Table
from charts.spec import Chart, Line, Mark, Picture
from commands.args import Ask, Window
from commands.panel import TitledTable

END = datetime(2026, 11, 22, 13, tzinfo=UTC)
AT = END.timestamp() - 3_600
RATE = Chart("Success rate", (Line(Series("rate", (AT, AT + 60), (96.96, None)), "now"),), unit="%")
ACTIVE = Chart("Sessions", (Line(Series("active", (AT + 60,), (412.0,)), "active"),))
ANSWER = Answer(
    ask=Ask("checkout", Window(END - timedelta(hours=1), END, timedelta(minutes=1), "Europe/Berlin", "last 1 h", "1h"), "prod"),
    title="Checkout health",
    owner="",
    headline="",
    reference="1a2b3c4d",
    picture=Picture("", (RATE, ACTIVE), AT, AT + 3_600, "UTC", "", marks=(Mark(AT, "=HYPERLINK(1)"),)),
    tables=(
        TitledTable(
            "Reasons", Table((Column("Reason"), Column("Share", "%")), (("-lost, card", -1.25), ("4242424242424242", None)))
        ),
    ),
)


def rows(answer: Answer) -> list[list[str]]:
    return list(csv.reader(csv_text(answer).splitlines()))


def test_each_time_has_all_series_side_by_side() -> None:
    """Times stand in UTC and in the asker's zone; numbers are unrounded; what is missing is empty, not zero."""
    start = rows(ANSWER).index(["time (UTC)", "time (Europe/Berlin)", "Success rate: now (%)", "Sessions: active", "", "", ""])
    assert rows(ANSWER)[start + 1][:4] == ["2026-11-22T12:00:00Z", "2026-11-22T13:00:00+01:00", "96.96", ""]
    assert rows(ANSWER)[start + 2][:4] == ["2026-11-22T12:01:00Z", "2026-11-22T13:01:00+01:00", "", "412"]


def test_tables_follow_with_their_headings() -> None:
    """A table keeps its columns with their units, and its raw values."""
    assert [row[:2] for row in rows(ANSWER)[-4:-1]] == [["Reasons", ""], ["Reason", "Share (%)"], ["'-lost, card", "-1.25"]]


def test_no_cell_is_a_formula() -> None:
    """A spreadsheet runs nothing that came from data; negative numbers stay numbers."""
    assert ["2026-11-22T12:00:00Z", "2026-11-22T13:00:00+01:00", "'=HYPERLINK(1)"] in [row[:3] for row in rows(ANSWER)]


def test_the_csv_is_masked() -> None:
    """What nobody may see is not in the file either."""
    assert "4242424242424242" not in csv_text(ANSWER)
    assert rows(ANSWER)[-1][0] == "[card number]"


def test_every_line_has_the_same_number_of_fields() -> None:
    """RFC 4180: strict readers take the file; lines end with CRLF."""
    assert {len(row) for row in rows(ANSWER)} == {7}
    assert csv_text(ANSWER).count("\r\n") == len(rows(ANSWER)) == csv_text(ANSWER).count("\n")


def test_the_first_lines_say_what_it_is() -> None:
    """A file found a year later still says what it holds, also when there is nothing in it."""
    head = rows(replace(ANSWER, picture=None, tables=()))
    times = ["2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z"]
    assert head[1:] == [["Checkout health", "last 1 h", *times, "Europe/Berlin", "prod", "1a2b3c4d"]]

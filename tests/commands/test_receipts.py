"""Receipts: a p95 that is never averaged, and receipts joined with their downloads by path."""

from __future__ import annotations

import pytest

from charts.data import Column, Series, Table
from commands.panel import Data
from commands.receipts import MOST_DOWNLOADS, draw_errors, draw_recent, draw_time, headline
from tests.fakes import NOW, ask, minutes

END = NOW.timestamp()
WHOLE = Series("whole", (END - 3600,), (1426.0,), "ms", 3600)
COLUMNS = tuple(Column(title) for title in ("path", "downloads", "last", "status", "edge", "city"))


def recent(*rows: tuple[str, float, str, int]) -> Table:
    """Receipts of the log: id, seconds before NOW, path, failures."""
    columns = tuple(Column(title) for title in ("receipt", "count", "at", "path", "failed"))
    return Table(columns, tuple((name, 1, 1000 * (END - ago), path, failed) for name, ago, path, failed in rows))


def downloads(*rows: tuple[str, int, str, str], until: float | None = END - 600) -> Table:
    return Table(COLUMNS, tuple((path, 1, END - 900, status, edge, city) for path, status, edge, city in rows), until)


def listed(**found: Table) -> tuple[tuple[object, ...], ...]:
    return draw_recent(Data(dict(found)), ask(1)).table.rows


def test_the_number_is_the_percentile_of_the_whole_range() -> None:
    """The mean of the buckets' p95 would be 2,000."""
    chart = draw_time(Data({"p95": minutes("p95", [1000, 3000]), "whole": WHOLE}), ask(1))
    assert chart.number.replace("\u00a0", " ") == "1,426 ms"
    assert chart.state == "good"


def test_a_renderer_that_is_slow_now_is_not_well_however_the_range_was() -> None:
    """Two buckets beyond the limit say so, with the newest number; one may be chance."""
    chart = draw_time(Data({"p95": minutes("p95", [1000, 2400, 5493]), "whole": WHOLE}), ask(1, 1))
    assert (chart.state, chart.change.replace("\u00a0", " ")) == ("bad", "5,493 ms at 13:59")
    assert draw_time(Data({"p95": minutes("p95", [1000, 1200, 5493]), "whole": WHOLE}), ask(1)).state == "good"
    slow_now = Data({"p95": minutes("p95", [1000, 2400, 5493]), "whole": WHOLE})
    assert "within the limit of 2,000 ms, but beyond it now (5,493\u00a0ms at 13:59); errors are unknown." in headline(
        slow_now, ask(1)
    )


def test_one_wide_bucket_beyond_the_limit_is_enough() -> None:
    """Half an hour of slow receipts is no chance, also where a weekend around it was well."""
    line = Series("p95", (END - 5400, END - 3600, END - 1800), (1000.0, 1200.0, 5493.0), "ms", 1800)
    chart = draw_time(Data({"p95": line, "whole": WHOLE}), ask(2, 2))
    assert (chart.state, chart.change.replace("\u00a0", " ")) == ("bad", "5,493 ms in the newest 30 min")


def test_beyond_the_limit_is_said() -> None:
    """In the state and in the headline."""
    slow = Series("whole", (END - 3600,), (2400.0,), "ms", 3600)
    assert draw_time(Data({"p95": minutes("p95", [2400]), "whole": slow}), ask(1)).state == "bad"
    assert "beyond the limit of 2,000 ms; errors are unknown" in headline(Data({"whole": slow}), ask(1))


def test_the_comparison_is_of_whole_ranges() -> None:
    """Their percentiles, not means of points."""
    data = Data({"whole": WHOLE, "errors": minutes("e", [0.0])}, {"whole": Series("whole", (0.0,), (1400.0,), "ms", 3600)})
    assert "26\u00a0ms above last 1 h; none failed" in headline(data, ask(1, 1))


def test_no_percentile_is_no_number() -> None:
    """A source that is gone says so in the panel's place."""
    data = Data(faults={"p95": "Datadog is not configured", "whole": "Datadog is not configured"})
    assert draw_time(data, ask(1)).missing == "no data: Datadog is not configured"
    assert headline(data, ask(1)).startswith("Receipt render time is unknown: Datadog is not configured;")


def test_errors_of_a_good_hour_are_none_and_of_a_silent_one_unknown() -> None:
    """Zero is known, missing is not."""
    assert draw_errors(Data({"errors": minutes("e", [0.0] * 60)}), ask(1)).number == "0"
    assert draw_errors(Data(), ask(1)).number == ""


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, "downloaded at 13:45 (200)"),
        (304, "downloaded at 13:45 (304)"),
        (404, "failed at 13:45 (404)"),
        (0, "broken off at 13:45 (000)"),
    ],
)
def test_a_receipt_is_joined_with_its_download(status: int, said: str) -> None:
    """By the path that CloudFront serves."""
    rows = listed(recent=recent(("r1", 1800, "/r1.pdf", 0)), downloads=downloads(("/r1.pdf", status, "FRA56-P3", "Frankfurt")))
    assert rows == (("r1", "13:30", said, "FRA56-P3, Frankfurt"),)


def test_an_unknown_edge_stays_as_it_is() -> None:
    """Its code is all there is."""
    rows = listed(recent=recent(("r1", 1800, "/r1.pdf", 0)), downloads=downloads(("/r1.pdf", 200, "QQQ7", "QQQ")))
    assert rows[0][3] == "QQQ7, QQQ"


@pytest.mark.parametrize(
    ("ago", "said"), [(1800, "not downloaded yet (logs complete until 13:50)"), (60, "not known yet (logs until 13:50)")]
)
def test_logs_that_do_not_reach_so_far_say_nothing(ago: float, said: str) -> None:
    """A receipt of this minute cannot be in logs of an hour ago."""
    assert listed(recent=recent(("r1", ago, "/r1.pdf", 0)), downloads=downloads())[0][2] == said


def test_what_could_not_be_rendered_was_not_downloaded() -> None:
    """Its own words."""
    assert listed(recent=recent(("r1", 60, "/r1.pdf", 1)), downloads=downloads())[0][2] == "could not be rendered"


def test_without_logs_downloads_are_unknown() -> None:
    """And not absent."""
    data = Data({"recent": recent(("r1", 60, "/r1.pdf", 0))}, faults={"downloads": "CloudFront logs is not configured"})
    assert draw_recent(data, ask(1)).table.rows[0][2] == "unknown: no logs"


def test_receipts_that_the_logs_can_know_of_follow() -> None:
    """The newest ones are too young for the logs; each is listed once."""
    young, old = ("r1", 60, "/r1.pdf", 0), ("r0", 1800, "/r0.pdf", 0)
    rows = listed(recent=recent(young), older=recent(old, young), downloads=downloads(("/r0.pdf", 200, "SEA19", "Seattle")))
    assert [row[0] for row in rows] == ["r1", "r0"]
    assert rows[1][2:] == ("downloaded at 13:45 (200)", "SEA19, Seattle")


def test_more_downloads_than_are_listed_leave_older_receipts_unknown() -> None:
    """Not in the list is not "not downloaded" then."""
    many = downloads(*((f"/{number}.pdf", 200, "FRA56", "") for number in range(MOST_DOWNLOADS)))
    rows = listed(recent=recent(("old", 1800, "/old.pdf", 0), ("young", 700, "/young.pdf", 0)), downloads=many)
    assert [row[2] for row in rows] == ["not known: too many downloads since", "not downloaded yet (logs complete until 13:50)"]


def test_the_note_says_how_far_the_logs_reach() -> None:
    """And how downloads went on the whole."""
    statuses = Table(tuple(Column(title) for title in ("downloads", "good", "gone")), ((100.0, 97.0, 1.0),))
    note = draw_recent(Data({"recent": recent(), "downloads": downloads(), "statuses": statuses}), ask(1)).note
    assert note == "100 downloads in this range, 97 of them good; logs until 13:50; single entries come up to a day late"

"""Retries: shares counted from the log, cells that are empty and not zero, and how long the backlog takes to drain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.data import Column, Series, Table
from charts.spec import Heatmap
from commands.panel import Data
from commands.retries import drain_words, draw_attempts, draw_backlog, draw_outcomes, draw_success, grid_of, headline, share_pct
from tests.fakes import NOW, ask, minutes

TITLES = ("key", "count", "all 1", "all 2", "all 3", "ok 1", "ok 2", "ok 3")
END = NOW.timestamp()


def outcomes(*rows: tuple[float, ...]) -> Table:
    """Buckets of a minute, the last before NOW: how many ended by attempt, and how many of those went through."""
    first = END - 60 * len(rows)
    return Table(
        tuple(Column(title) for title in TITLES), tuple((first + 60 * n, sum(row[:3]), *row) for n, row in enumerate(rows))
    )


def queue(visible: float | None = 120.0, dead: float | None = 0.0) -> Table:
    columns = tuple(Column(title) for title in ("Queue", "Role", "Visible", "In flight", "Delayed"))
    return Table(columns, (("retry", "queue", visible, 3.0, 9.0), ("retry-dlq", "dead letters", dead, 0.0, 0.0)))


def test_the_share_is_counted_and_not_averaged() -> None:
    """A quiet minute with one failure weighs one retry, not as much as a minute with ninety-nine."""
    table = outcomes((99, 0, 0, 99, 0, 0), (1, 0, 0, 0, 0, 0))
    assert share_pct(table) == (99.0, 100)
    assert draw_success(Data({"outcomes": table, "rate": minutes("rate", [100, 0])}), ask(1)).number == "99\u00a0% of 100"


def test_shares_by_attempt_and_empty_cells() -> None:
    """Where nobody tried a third time there is neither share nor count."""
    grid = grid_of(outcomes((10, 4, 0, 9, 2, 0)), ask(1))
    assert grid.rows == ("attempt 1", "attempt 2", "attempt 3")
    assert (grid.values, grid.counts) == (((90.0,), (50.0,), (None,)), ((10.0,), (4.0,), (None,)))


def test_a_log_without_retries_is_no_share_of_zero() -> None:
    """Nothing ended: there is nothing to divide."""
    chart = draw_outcomes(Data({"outcomes": outcomes((0, 0, 0, 0, 0, 0))}), ask(1))
    assert isinstance(chart.layers[0], Heatmap)
    assert not chart.drawable()
    assert headline(Data({"outcomes": outcomes()}), ask(1)).startswith("No retry ended")


@pytest.mark.parametrize(
    ("visible", "depth", "said"),
    [
        (0, [5, 5], "empty"),
        (None, [5, 5], "unknown"),
        (120, [], "unknown: the last hour's rate is not"),
        (120, [240, 120], "about 1 h at the last hour's net rate"),
        (60, [300, 60], "about 15 min at the last hour's net rate"),
        (120, [100, 120], "growing by 20 an hour"),
        (120, [120, 120], "never at the last hour's net rate: it neither grows nor shrinks"),
    ],
)
def test_the_backlog_says_how_long_it_takes(visible: float | None, depth: list[float], said: str) -> None:
    """At the net rate of the last hour: what came less what went."""
    line = Series("depth", tuple(END - 3600 + 3600 * n for n in range(len(depth))), tuple(depth), step_s=60)
    assert drain_words(visible, line).replace("\u00a0", " ") == said


def test_a_few_minutes_tell_no_rate() -> None:
    """Two points of the last quarter of an hour are no hour."""
    assert drain_words(10, Series("d", (END - 900, END - 60), (20, 10), step_s=60)).startswith("unknown")


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_any_backlog_has_words(visible: int, first: int, last: int) -> None:
    """No rate divides by zero, no length is negative."""
    words = drain_words(visible, Series("d", (END - 3600, END - 60), (first, last), step_s=60))
    assert "\u2212" not in words
    assert words


def test_the_table_has_the_queue_and_its_dead_letters() -> None:
    """The age is the queue's; that of dead letters nobody measures."""
    data = Data({"queue": queue(dead=4), "age": minutes("age", [30, 95])})
    table = draw_backlog(data, ask(1)).table
    assert table.rows[0][:5] == ("retry", 120, 3, 9, 95)
    assert table.rows[1] == ("retry-dlq", 4, 0, 0, "–", "–")


def test_the_headline_says_what_waits() -> None:
    """Share, backlog, dead letters."""
    line = Series("d", (END - 3600, END), (240, 120), step_s=60)
    said = headline(Data({"outcomes": outcomes((10, 0, 0, 9, 0, 0)), "queue": queue(dead=1), "visible": line}), ask(1))
    assert said.replace("\u00a0", " ") == (
        "90 % of 10 retries succeeded (last 1 h); 120 wait in the queue, "
        "drained in about 1 h at the last hour's net rate; 1 dead letter."
    )


def test_a_source_that_is_gone_is_said_and_nothing_is_zero() -> None:
    """In the headline and in the panels' places."""
    data = Data(faults={"outcomes": "Elasticsearch did not answer in 8 s", "tried": "Datadog refused our keys (403)"})
    assert "unknown: Elasticsearch did not answer in 8 s" in headline(data, ask(1))
    assert draw_attempts(data, ask(1)).missing == "no data: Datadog refused our keys (403)"
    assert draw_attempts(data, ask(1)).number == ""


def test_a_comparison_is_counted_on_both_sides() -> None:
    """Points of the share, per cent of the total."""
    data = Data(
        {"outcomes": outcomes((10, 0, 0, 9, 0, 0)), "tried": minutes("tried", [30.0])},
        {"outcomes": outcomes((10, 0, 0, 5, 0, 0)), "tried": minutes("tried", [20.0], NOW.replace(day=21))},
    )
    assert draw_success(data, ask(1, 1)).change.replace("\u00a0", " ") == "40.0 points above last 1 h"
    assert draw_attempts(data, ask(1, 1)).change.replace("\u00a0", " ") == "50 % more than last 1 h"

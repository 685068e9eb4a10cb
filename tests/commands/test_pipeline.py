"""Pipeline: a worker that stands still reads as lag, not as calm; rules with failures come first."""

from __future__ import annotations

import pytest

from charts.data import Column, Table
from commands.panel import Data
from commands.pipeline import draw_age, draw_errors, draw_lag, draw_rules, headline, lag_now
from tests.fakes import NOW, ask, minutes

END = NOW.timestamp()


def lag(*values: tuple[float | None, float | None], until: float = END) -> Table:
    """Buckets of a minute, the last before `until`: p50 and p95 in milliseconds."""
    columns = tuple(Column(title) for title in ("key", "count", "lag.50", "lag.95"))
    return Table(columns, tuple((until - 60 * (len(values) - n), 5, *pair) for n, pair in enumerate(values)))


def last(ago_s: float | None) -> Table:
    """The newest processed event, so long before NOW; None: none in 24 h."""
    at = None if ago_s is None else 1000 * (END - ago_s)
    return Table(tuple(Column(title) for title in ("key", "count", "at")), (("events", 1, at),))


def rules(*rows: tuple[str, float | None, float | None, float | None, float | None, float | None]) -> Table:
    names = (
        "Rule",
        "Invocations",
        "FailedInvocations",
        "ThrottledRules",
        "InvocationsSentToDlq",
        "InvocationsFailedToBeSentToDlq",
    )
    return Table(tuple(Column(name) for name in names), rows)


def test_lag_is_shown_in_seconds() -> None:
    """p95 as the number, both as lines."""
    chart = draw_lag(Data({"lag": lag((400, 2800)), "last": last(5)}), ask(1))
    assert (chart.number.replace("\u00a0", " "), chart.state) == ("2.8 s", "good")
    assert [line.label for line in chart.lines()] == ["p95", "p50"]


def test_a_worker_that_stands_still_reads_as_lag() -> None:
    """FACTS and the product: it writes no lines, which must not read as calm; the line goes on as the age of the newest event."""
    data = Data({"lag": lag((400, 2800), until=END - 840), "last": last(840)})
    chart = draw_lag(data, ask(1))
    main = chart.lines()[0].series
    assert lag_now(data, ask(1)) == 840
    assert chart.state == "bad"
    assert main.last() == pytest.approx(840)
    assert [value for _, value in main.known()][1:4] == sorted(value for _, value in main.known())[1:4]
    assert headline(data, ask(1)).startswith("No webhook was processed since 13:46 (14\u00a0min): the worker may stand still")


def test_nothing_at_all_in_a_day_is_the_longest_lag() -> None:
    """No event at all counts as lag."""
    data = Data({"lag": lag(), "last": last(None)})
    assert lag_now(data, ask(1)) == 86_400
    assert "in 24 h" in headline(data, ask(1))
    assert draw_lag(data, ask(1)).drawable()


def test_a_moment_without_events_is_no_alarm() -> None:
    """Log lines may come a bucket late."""
    data = Data({"lag": lag((400, 2800)), "last": last(90)})
    assert lag_now(data, ask(1)) == pytest.approx(2.8)


def test_a_log_that_is_gone_is_unknown() -> None:
    """Neither calm nor lag."""
    data = Data(faults={"lag": "Elasticsearch refused our keys (403)", "last": "Elasticsearch refused our keys (403)"})
    assert lag_now(data, ask(1)) is None
    assert draw_lag(data, ask(1)).missing == "no data: Elasticsearch refused our keys (403)"
    assert headline(data, ask(1)).startswith("Webhook lag is unknown: Elasticsearch refused our keys (403)")


def test_rules_with_failures_come_first() -> None:
    """Then throttles, dead letters, names; what CloudWatch does not say stays unknown."""
    table = rules(("b", 5, 0, 0, 0, 0), ("silent", None, None, None, None, None), ("a", 9, 3, 0, 1, 0), ("c", 5, 0, 2, 0, 0))
    assert [row[0] for row in draw_rules(Data({"rules": table}), ask(1)).table.rows] == ["a", "c", "b", "silent"]
    assert draw_rules(Data({"rules": table}), ask(1)).table.rows[3][1:] == (None,) * 5
    assert headline(Data({"rules": table}), ask(1)).endswith("3 EventBridge invocations of a failed.")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (rules(("a", 5, 0, 0, 0, 0)), "no EventBridge rule fails."),
        (rules(("a", None, None, None, None, None)), "EventBridge sends no numbers."),
    ],
)
def test_silence_of_eventbridge_is_no_success(table: Table, said: str) -> None:
    """FACTS 4.2: zeros are not sent."""
    assert headline(Data({"rules": table}), ask(1)).endswith(said)


def test_execution_errors_are_bounded_rows() -> None:
    """What a target answers is foreign text: on one line, cut, and never a link."""
    row = (
        str(int(END * 1000)),
        "INVOCATION_ATTEMPT_PERMANENT_FAILURE",
        "arn:x/payments-retry",
        "lambda",
        "403",
        "no\n" + "x" * 900,
    )
    columns = tuple(Column(name) for name in ("a", "b", "c", "d", "e", "f"))
    (shown,) = draw_errors(Data({"errors": Table(columns, (row,))}), ask(1)).table.rows
    assert shown[:3] == ("14:00", "payments-retry", "attempt permanent failure")
    assert str(shown[3]).startswith("lambda 403 no xxx")
    assert len(str(shown[3])) == 200


def test_the_age_of_the_oldest_message_is_a_length() -> None:
    """As people say it."""
    assert draw_age(Data({"age": minutes("age", [95.0])}), ask(1)).number.replace("\u00a0", " ") == "1 min 35 s"

"""Funnel: cohorts that add up, rates of closed sessions alone, the tracking plan, and sources that part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.data import Column, Table
from charts.spec import Stack
from commands.agreement import agreement, parted
from commands.funnel import closed_share_pct, draw_cohorts, draw_schema, draw_steps, headline, open_share_pct, total
from commands.panel import Data, Limits
from commands.schemas import Violation, plan, violations
from tests.fakes import NOW, ask, minutes

END = NOW.timestamp()
NAMES = ("bucket", "started", "completed", "expired", "open", "tried", "recovered", "receipts")
GOOD = '{"session_id":"string","amount":"integer","currency":"string"}'


def cohorts(*rows: tuple[float, ...], until: float | None = END - 600) -> Table:
    """Buckets of a minute from an hour before NOW: started, completed, expired, open, tried, recovered, receipts."""
    return Table(tuple(Column(name) for name in NAMES), tuple((END - 3600 + 60 * n, *row) for n, row in enumerate(rows)), until)


def shapes(*rows: tuple[str, str, str, float]) -> Table:
    columns = tuple(Column(name) for name in ("event", "app_version", "shape", "events", "example"))
    return Table(columns, tuple((*row, "m-1") for row in rows), END - 600)


def test_rates_are_of_closed_sessions_alone() -> None:
    """Open ones may still become either: a rate of all would be biased low."""
    table = cohorts((10, 6, 2, 2, 3, 2, 6))
    assert closed_share_pct(table, "completed") == 75
    assert open_share_pct(table) == 20
    said = headline(Data({"cohorts": table}), ask(1)).replace("\u00a0", " ")
    assert said == "75 % of the sessions that are closed completed (last 1 h); 20 % of 10 are still open; complete until 13:50."


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500)), max_size=30))
def test_completed_expired_and_open_add_up(rows: list[tuple[int, int, int]]) -> None:
    """In the table as in the bars."""
    table = cohorts(*((sum(row), *row, 0, 0, 0) for row in rows))
    steps = {row[0]: row[1] for row in draw_steps(Data({"cohorts": table}), ask(1)).table.rows}
    assert not steps or steps["started"] == steps["completed"] + steps["expired"] + steps["still open"]  # type: ignore[operator]
    assert total(table, "started") == sum(map(sum, rows))


def test_no_closed_session_is_no_rate() -> None:
    """All still open: neither 0 nor 100 %."""
    data = Data({"cohorts": cohorts((4, 0, 0, 4, 0, 0, 0))})
    assert headline(data, ask(1)).startswith("No session that started in this range is closed yet (4 started)")
    assert draw_cohorts(data, ask(1)).number == ""


def test_buckets_after_the_archives_end_are_not_drawn() -> None:
    """Of those nobody knows all sessions."""
    table = cohorts(*(60 * [(1, 1, 0, 0, 0, 0, 0)]), until=END - 600)
    (stack,) = draw_cohorts(Data({"cohorts": table}), ask(1)).layers
    assert isinstance(stack, Stack)
    assert max(stack.series[0].times) == END - 660


def test_the_plan_has_the_six_events_of_the_dashboard() -> None:
    """One schema each."""
    assert set(plan()) == {
        "payments.checkout.started",
        "payments.checkout.completed",
        "payments.checkout.expired",
        "payments.retry.initiated",
        "payments.retry.completed",
        "payments.receipt.generated",
    }


@pytest.mark.parametrize(
    ("event", "shape", "found"),
    [
        ("payments.checkout.started", GOOD, ()),
        (
            "payments.checkout.started",
            '{"session_id":"string","amount":"string"}',
            (Violation("missing", "currency", "string"), Violation("wrong type", "amount", "integer", "string")),
        ),
        ("payments.checkout.started", GOOD[:-1] + ',"email":"string"}', (Violation("unknown", "email", "", "string"),)),
        ("payments.retry.initiated", GOOD, (Violation("missing", "attempt", "integer"),)),
        ("payments.checkout.strated", GOOD, (Violation("unknown event", "payments.checkout.strated"),)),
        (
            "payments.checkout.started",
            '{"session_id":"string","amount":"integer","currency":{"a":"string"}}',
            (Violation("wrong type", "currency", "string", "object"),),
        ),
        (
            "payments.checkout.started",
            '{"session_id":"string","amount":"number","currency":"null"}',
            (Violation("wrong type", "amount", "integer", "number"), Violation("wrong type", "currency", "string", "null")),
        ),
    ],
)
def test_violations_by_kind(event: str, shape: str, found: tuple[Violation, ...]) -> None:
    """Missing, of the wrong type, not in the plan; an event that the plan does not have."""
    assert violations(event, shape) == found


@given(st.text(), st.text())
def test_any_shape_is_checked(event: str, shape: str) -> None:
    """Whatever stands in the archive."""
    assert violations(event, shape) == (Violation("unknown event", event[:100]),)
    violations("payments.checkout.started", shape)


def test_the_table_counts_events_and_names_versions() -> None:
    """With one example that holds names and types, never a value."""
    bad = '{"session_id":"string","amount":"string"}'
    table = shapes(("payments.checkout.started", "5.1", GOOD, 90), ("payments.checkout.started", "5.2", bad, 10))
    (row,) = draw_schema(Data({"shapes": table}), ask(1)).table.rows
    assert row[:6] == ("payments.checkout.started", 100, 10, 10, 0, "5.2")
    assert row[6] == "currency is missing, as in m-1"
    assert "10 events break the tracking plan" in headline(
        Data({"shapes": table, "cohorts": cohorts((1, 1, 0, 0, 0, 0, 0))}), ask(1)
    )


def events(**counts: float) -> Table:
    """Segment's counts in the bucket from 13:30."""
    columns = tuple(Column(name) for name in ("bucket", "event", "events"))
    rows = ((END - 1800, f"payments.{name.replace('_', '.')}", many) for name, many in counts.items())
    return Table(columns, tuple(rows), END - 600)


def data(expired: float, metric: float, limit: float = 2.0) -> Data:
    counted = minutes("e", [*30 * [0.0], metric, *29 * [0.0]])
    return Data({"events": events(checkout_expired=expired), "agreed_expired": counted}, limits=Limits(limit))


def test_sources_that_agree_are_said_to() -> None:
    """Within the tolerance."""
    table = agreement(data(100, 101), ask(1))
    *said, least = table.table.rows[0]
    assert said == ["expired sessions", 100, 101, "–"]
    assert least == pytest.approx(100 / 101)
    assert "all within 2\u00a0%" in table.note


def test_sources_that_part_are_said_plainly() -> None:
    """Which has fewer of what."""
    assert (
        parted(data(90, 100), ask(1)).replace("\u00a0", " ")
        == "Segment has 10 % fewer expired sessions than Datadog: 90 against 100"
    )
    assert parted(data(90, 100, limit=20.0), ask(1)) == ""


def test_few_events_part_by_chance() -> None:
    """One of three is no news."""
    assert parted(data(2, 3), ask(1)) == ""


def test_only_buckets_that_all_cover_are_compared() -> None:
    """What came after the archive's end is in none of the sums."""
    late = minutes("e", [*30 * [0.0], 100.0, *28 * [0.0], 900.0])
    found = Data({"events": events(checkout_expired=100), "agreed_expired": late})
    assert agreement(found, ask(1)).table.rows[0][1:3] == (100, 100)


def test_a_source_that_gave_nothing_is_no_zero() -> None:
    """Its cell is empty, and nothing is said to part."""
    found = Data({"events": events(checkout_expired=100)}, faults={"agreed_expired": "Datadog refused our keys (403)"})
    assert agreement(found, ask(1)).table.rows[0][1:4] == (100, None, "–")
    assert parted(found, ask(1)) == ""

"""What is named as a likely reason, and when nothing is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.likely import grown_attempts, grown_edges, grown_kinds, grown_reasons, grown_regions, grown_rules
from charts.data import Column, Table, Value
from tests.fakes import reasons_table

RULE_COLUMNS = tuple(Column(name) for name in ("rule", "invocations", "failures", "throttled", "dead letters", "lost"))


def reasons(**here: int) -> Table:
    """Failure reasons as Elasticsearch gives them for a window: its own counts, and others that must not be taken for them."""
    return reasons_table({code: (900, 700, count) for code, count in here.items()})


def rules(**counts: tuple[float | None, float | None]) -> Table:
    return Table(RULE_COLUMNS, tuple((name, *pair, 0.0, 0.0, 0.0) for name, pair in counts.items()))


def said(lines: tuple[str, ...]) -> list[str]:
    return [line.replace("\u00a0", " ") for line in lines]


def test_the_reason_that_grew_is_named_with_both_shares() -> None:
    """Who reads the alert knows which code to look at, and how much more it is than usual."""
    before, since = reasons(issuer_not_available=4, do_not_honor=96), reasons(issuer_not_available=61, do_not_honor=39)
    assert said(grown_reasons(before, since)) == ["issuer_not_available (the issuer cannot be reached): 4 % → 61 % of failures"]


def test_the_largest_rises_come_first_and_are_three_at_most() -> None:
    """The list stays short enough to be read at night."""
    before = reasons(a=1, b=1, c=1, d=1, e=196)
    since = reasons(a=20, b=50, c=30, d=40, e=60)
    assert [line.partition(":")[0] for line in grown_reasons(before, since)] == ["b", "d", "c"]


def test_when_all_reasons_grow_alike_none_is_named() -> None:
    """Ten times as many failures of the usual kinds have a cause that no code tells."""
    assert grown_reasons(reasons(a=30, b=70), reasons(a=300, b=700)) == ()


def test_what_a_few_customers_met_is_no_reason() -> None:
    """Neither few failures since the start nor a usual share made of few say anything."""
    assert grown_reasons(reasons(a=0, b=100), reasons(a=4)) == ()
    assert grown_reasons(reasons(b=4), reasons(a=100)) == ()
    assert grown_reasons(reasons(b=100), reasons(a=6, b=6_000)) == ()


def test_what_the_list_leaves_out_counts_as_failures_and_is_no_reason() -> None:
    """Shares are of all failures, and "others" is nothing that one can look up."""
    rest = Table(reasons().columns, ((None, 9.0, 0.0, 0.0, 300.0),))
    since = Table(rest.columns, (*reasons(lost_card=100).rows, *rest.rows))
    assert said(grown_reasons(reasons(b=100), since)) == ["lost_card (the card is reported lost): 0 % → 25 % of failures"]


def test_a_table_of_one_window_has_only_its_count() -> None:
    """Any table of reasons will do that says how many of each there were."""
    columns = (Column("reason"), Column("count"))
    before, since = Table(columns, (("b", 50.0),)), Table(columns, (("a", 25.0), ("b", 25.0)))
    assert said(grown_reasons(before, since)) == ["a: 0 % → 50 % of failures"]


def test_a_rule_that_fails_more_is_named() -> None:
    """Of EventBridge's rules those stand out of whose invocations more fail than before."""
    before = rules(paid=(200.0, 0.0), sent=(200.0, 20.0), idle=(None, None))
    since = rules(paid=(50.0, 17.0), sent=(50.0, 6.0), idle=(None, None), new=(50.0, 50.0))
    assert said(grown_rules(before, since)) == ["paid: 0 % → 34 % of its invocations failed"]


def test_nothing_is_known_of_nothing() -> None:
    """Empty answers name no reason."""
    assert grown_reasons(Table(), Table()) == grown_rules(Table(), Table()) == ()


VALUES: st.SearchStrategy[Value] = st.none() | st.floats() | st.text(max_size=5)
TABLES = st.builds(
    Table,
    st.just(RULE_COLUMNS) | st.just(reasons().columns),
    st.lists(st.lists(VALUES, min_size=1, max_size=6).map(tuple), max_size=6).map(tuple),
)


@given(TABLES, TABLES)
def test_any_tables_give_few_lines(before: Table, since: Table) -> None:
    """Whatever a source sends, the reasons are three at most, and nothing breaks."""
    assert len(grown_reasons(before, since)) <= 3
    assert len(grown_rules(before, since)) <= 3


def table(*rows: tuple[Value, ...]) -> Table:
    """Any table: the columns' names do not matter."""
    return Table(tuple(Column(str(number)) for number in range(len(rows[0]))), rows)


def test_a_region_that_fails_more_is_named() -> None:
    """By its share of the failures; what has no region counts, and is none."""
    before, since = table(("", 50), ("eu", 25), ("us", 25)), table(("", 20), ("eu", 70), ("us", 10))
    assert said(grown_regions(before, since)) == ["region eu: 25 % → 70 % of failures"]
    assert grown_regions(table(("", 90)), table(("", 900))) == ()


def test_an_edge_that_fails_more_is_named_with_its_city() -> None:
    """A person knows the city, AWS the code; an edge of which few downloads are known says nothing."""
    before = table(("FRA56-P1", 100, 0, "Frankfurt"), ("IAD89", 100, 2, "IAD89"), ("HKG1", 3, 0, "Hong Kong"))
    since = table(("FRA56-P1", 50, 17, "Frankfurt"), ("IAD89", 50, 9, "IAD89"), ("HKG1", 50, 50, "Hong Kong"))
    assert said(grown_edges(before, since)) == [
        "FRA56-P1, Frankfurt: 0 % → 34 % of its downloads failed",
        "IAD89: 2 % → 18 % of its downloads failed",
    ]


def test_an_attempt_that_fails_more_is_named() -> None:
    """Over all buckets together."""
    columns = tuple(Column(name) for name in ("key", "count", "all 1", "all 2", "all 3", "ok 1", "ok 2", "ok 3"))
    before = Table(columns, ((0.0, 60, 40, 20, 0, 39, 19, 0), (60.0, 60, 40, 20, 0, 39, 19, 0)))
    since = Table(columns, ((120.0, 60, 40, 20, 20, 10, 19, 0),))
    assert said(grown_attempts(before, since)) == ["attempt 1: 2 % → 75 % of its retries failed"]


def test_a_kind_of_failure_is_told_by_its_share_of_all_receipts() -> None:
    """Also where it never was before; receipts that came to be count on the other side."""
    before, since = table(("", 500, 1, 299)), table(("FontMissing", 40, 40, 0), ("", 200, 2, 58))
    assert said(grown_kinds(before, since)) == ["FontMissing: 0 % → 40 % of receipts"]
    assert grown_kinds(table(("", 4, 0, 4)), since) == grown_kinds(before, table(("", 200, 90, 10))) == ()

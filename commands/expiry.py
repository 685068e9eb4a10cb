"""Payment window: what expires, what people extend and override, and how many sessions expire without a retry."""

from __future__ import annotations

from datetime import timedelta

from charts.data import Column, Table, Value
from charts.spec import Chart, Gauge, Mark, Stack, State
from commands.args import Ask
from commands.numbers import (
    at_clock,
    busiest,
    cell,
    counted,
    counted_before,
    counted_change,
    known_number,
    total_words,
    until_words,
    worst_hour,
)
from commands.panel import Brief, Data, Marks, Panel, Query, Section, TitledTable
from commands.words import change, count, percent

GOAL_PCT = 5.0
PER_HOUR = 10.0  # more expired sessions in an hour than this are worth a message
BUDGET_OVER = timedelta(days=30)
LIFE = timedelta(hours=24)  # Stripe lets a session live for so long: what is closed in a range may have begun before it

EXPIRED = Query("datadog", "sum:$expired_count{$scope}.as_count()", {"fill": "zero"})
EXTENDED = Query("datadog", "sum:$extension_count{$scope}.as_count()", {"fill": "zero"})
OVERRIDDEN = Query("datadog", "sum:$override_count{$scope}.as_count()", {"fill": "zero"})
OVERRIDES = Query("datadog_events", "env:$env kind:window_override", compare=False)
# A session is closed when it has completed or expired, and counts once, in the range in which it did; one that completed has not
# expired, whatever came twice. A retry counts whenever it was begun, also after the range.
CLOSED = """SELECT count(*) AS closed,
         count_if(completed IS NULL AND retried = 0) AS without_retry
       FROM (
         SELECT session_id,
           max(CASE WHEN event = 'payments.checkout.completed' THEN at END) AS completed,
           max(CASE WHEN event = 'payments.checkout.expired' THEN at END) AS expired,
           max(CASE WHEN event = 'payments.retry.initiated' THEN 1 ELSE 0 END) AS retried
         FROM segment_events
         WHERE day BETWEEN $first_day AND $last_day AND at >= $from
           AND event IN ('payments.checkout.completed', 'payments.checkout.expired', 'payments.retry.initiated')
         GROUP BY session_id) AS sessions
       WHERE coalesce(completed, expired) >= $window_from AND coalesce(completed, expired) < $to"""
SLO = Query("segment", CLOSED, lead=LIFE)
BUDGET = Query(
    "segment",
    """SELECT count(DISTINCT CASE WHEN event <> 'payments.retry.initiated' THEN session_id END) AS closed,
         to_unixtime(min(at)) AS since,
         (SELECT count(*) FROM (
            SELECT session_id FROM segment_events
            WHERE day BETWEEN $first_day AND $last_day AND at >= $from AND at < $to
              AND event IN ('payments.checkout.expired', 'payments.retry.initiated')
            GROUP BY session_id
            HAVING count_if(event = 'payments.checkout.expired') > 0 AND count_if(event = 'payments.retry.initiated') = 0
          ) AS lost) AS without_retry
       FROM segment_events
       WHERE day BETWEEN $first_day AND $last_day AND at >= $from AND at < $to
         AND event IN ('payments.checkout.completed', 'payments.checkout.expired')""",
    over=BUDGET_OVER,
    compare=False,
)


# --- expired --------------------------------------------------------------------------------------------------------


def draw_expired(data: Data, ask: Ask) -> Chart:
    """Every session that expired, as bars; the overrides are marks."""
    expired = counted(data, "expired", ask)
    return Chart(
        title="Expired",
        layers=(Stack((expired,), ("expired",), (counted_before(data, "expired", ask),)),),
        number=total_words(expired, ask),
        change=counted_change(data, "expired", ask) if ask.against else busiest(expired, ask),
        state=hourly_state(worst_hour(expired)),
        note="sessions",
        missing=data.why("expired"),
    )


def hourly_state(worst: float | None) -> State:
    return "plain" if worst is None else "bad" if worst > PER_HOUR else "good"


def draw_changes(data: Data, ask: Ask) -> Chart:
    """Extensions and overrides, stacked."""
    extended, overridden = counted(data, "extended", ask), counted(data, "overridden", ask)
    before = tuple(counted_before(data, key, ask) for key in ("extended", "overridden"))
    numbers = [
        f"{total_words(series, ask)} {name}{'' if series.total() == 1 else 's'}"
        for series, name in ((extended, "extension"), (overridden, "override"))
        if series.total() is not None
    ]
    return Chart(
        title="Changes",
        layers=(Stack((extended, overridden), ("extensions", "overrides"), before),),
        number=", ".join(numbers),
        change=counted_change(data, "extended", ask),
        note="payment windows extended or overridden",
        missing=data.why("extended", "overridden"),
    )


# --- expired without retry ------------------------------------------------------------------------------------------


def draw_slo(data: Data, ask: Ask) -> Chart:
    """The share of closed sessions that expired without a retry, against its goal, with the error budget that is left."""
    share = share_pct(data.table("slo"))
    return Chart(
        title="Expired without retry",
        layers=(Gauge(share, GOAL_PCT, "goal < 5 %", "below", 0.0, 2 * GOAL_PCT),),
        unit="%",
        number=percent(share, GOAL_PCT) if share is not None else "",
        change=slo_change(data, ask) or budget_words(data, ask),
        state="plain" if share is None else "good" if share < GOAL_PCT else "bad",
        note=until_words(data.table("slo"), ask),
        missing=nothing_closed(data, ask),
    )


def nothing_closed(data: Data, ask: Ask) -> str:
    """Why there is no share: an archive that does not reach to the range's end yet cannot say that nothing was closed in it."""
    closed = data.table("slo")
    if not closed:
        return data.why("slo")
    if closed.until is not None and closed.until < ask.window.end.timestamp():
        return f"none known yet: the archive is {until_words(closed, ask)}"
    return "no session was closed in this range"


def share_pct(closed: Table) -> float | None:
    """The share of the closed sessions that expired without a retry, None where none was closed."""
    many, lost = cell(closed, "closed"), cell(closed, "without_retry")
    return 100 * lost / many if many and lost is not None else None


def slo_change(data: Data, ask: Ask) -> str:
    if ask.against is None:
        return ""
    now, before = share_pct(data.table("slo")), share_pct(data.earlier_table("slo"))
    return change(now, before, "%", ask.against.words) if now is not None else ""


def budget_left_pct(data: Data) -> float | None:
    """How much of the error budget is left: GOAL_PCT of all closed sessions of 30 days may expire without a retry."""
    share = share_pct(data.table("budget"))
    return None if share is None else 100 * (1 - share / GOAL_PCT)


def budget_words(data: Data, ask: Ask) -> str:
    left = budget_left_pct(data)
    if left is None:
        return ""
    since = cell(data.table("budget"), "since")
    days = (ask.window.end.timestamp() - since) / 86_400 if since is not None else 30.0
    over = "30 days" if days > 29 else f"the {max(1, round(days))} days there are"
    return f"{percent(left)} of the budget of {over} left" if left > 0 else f"the budget of {over} is used up"


def draw_table(data: Data, ask: Ask) -> TitledTable:
    """The same in numbers."""
    closed = data.table("slo")
    many, lost = cell(closed, "closed"), cell(closed, "without_retry")
    rows: tuple[tuple[Value, ...], ...] = ()
    if many is not None:
        rows = ((ask.window.words, many, lost, share_pct(closed)),)
        if cell(data.table("budget"), "closed") is not None:
            budget = data.table("budget")
            rows += (("last 30 days", cell(budget, "closed"), cell(budget, "without_retry"), share_pct(budget)),)
    columns = (
        Column("Range"),
        Column("Sessions closed", "count"),
        Column("Expired without retry", "count"),
        Column("Share", "%"),
    )
    notes = ("goal < 5 %", budget_words(data, ask), until_words(closed, ask), *closed.notes)
    return TitledTable("Expired without retry", Table(columns, rows), "; ".join(note for note in notes if note))


# --- overrides ------------------------------------------------------------------------------------------------------


def draw_overrides(data: Data, ask: Ask) -> TitledTable:
    """Who overrode what and why, newest first, for Support Ops to review."""
    columns = (Column("Time"), Column("Who"), Column("Reason"))
    rows = tuple((at_clock(at, ask), who, reason) for at, who, reason in reversed(overrides(data, ask)))
    return TitledTable("Manual overrides", Table(columns, rows), "reviewed by Support Ops" if rows else "")


def overrides(data: Data, ask: Ask) -> list[tuple[float, str, str]]:
    """Time, person and reason of each override in the range, oldest first."""
    start, end = ask.window.start.timestamp(), ask.window.end.timestamp()
    found = ((known_number(row[0]), row) for row in data.table("overrides").rows)
    return sorted((at, person(row), reason(row)) for at, row in found if at is not None and start <= at < end)


def person(row: tuple[Value, ...]) -> str:
    """The tag `user:` of an event."""
    tags = (tag.strip() for tag in str(row[3] or "").split(","))
    return next((tag.removeprefix("user:") for tag in tags if tag.startswith("user:")), "somebody")


def reason(row: tuple[Value, ...]) -> str:
    return " ".join(str(row[2] or row[1] or "no reason given").split())


def draw_marks(data: Data, ask: Ask) -> tuple[Mark, ...]:
    return tuple(Mark(at, f"{who}: {why}") for at, who, why in overrides(data, ask))


# --- the section ----------------------------------------------------------------------------------------------------


def headline(data: Data, ask: Ask) -> str:
    """How many expired, whether an hour had too many, and how the goal stands."""
    expired = counted(data, "expired", ask)
    total, worst = expired.total(), worst_hour(expired)
    if total is None:
        said = f"How many sessions expired is unknown: {data.why('expired').removeprefix('no data: ')}"
    else:
        than = counted_change(data, "expired", ask)
        said = f"{count(total)} session{'' if total == 1 else 's'} expired ({ask.window.words}){f', {than}' if than else ''}"
        said += f"; {busiest(expired, ask) or 'more'}, beyond 10 an hour" if worst is not None and worst > PER_HOUR else ""
    share = share_pct(data.table("slo"))
    if share is None:
        slo = "" if data.table("slo") else f"expired without retry is unknown: {data.why('slo').removeprefix('no data: ')}"
    else:
        side = "within the goal of < 5 %" if share < GOAL_PCT else "beyond the goal of < 5 %"
        until = until_words(data.table("slo"), ask)
        slo = f"{percent(share, GOAL_PCT)} expired without a retry, {side}{f' ({until})' if until else ''}"
    return "; ".join(part for part in (said, slo) if part) + "."


SECTION = Section(
    name="window",
    title="Payment window & expiration",
    owner="Commerce Backend, reviewed by Support Ops",
    panels=(
        Panel("expired sessions", {"expired": EXPIRED}, draw_expired),
        Panel("extensions and overrides", {"extended": EXTENDED, "overridden": OVERRIDDEN}, draw_changes),
        Panel("expired without retry", {"slo": SLO, "budget": BUDGET}, draw_slo, {"budget": "error budget"}),
        Panel("manual overrides", {"overrides": OVERRIDES}, draw_overrides),
        Panel("the share in numbers", {"slo": SLO, "budget": BUDGET}, draw_table, {"budget": "error budget"}),
    ),
    headline=headline,
    marks=Marks("marks of manual overrides", {"overrides": OVERRIDES}, draw_marks),
    brief=Brief(("expired",), draw_expired),
)

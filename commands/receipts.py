"""Receipt generation: how long rendering takes, what fails, and whether people get what was rendered."""

from __future__ import annotations

from charts.data import Column, Series, Table, Value
from charts.spec import Chart, Line, Stack, State, Threshold
from commands.args import Ask
from commands.numbers import (
    at_clock,
    bucket,
    counted,
    counted_before,
    counted_change,
    in_window,
    known_number,
    laid_behind,
    newest,
    silence,
    total_words,
    until_words,
)
from commands.panel import Brief, Data, Panel, Query, Section, TitledTable
from commands.words import change, count, figure

LIMIT_MS = 2000.0
SURE_S = 600.0  # a bucket this wide is beyond the limit by no chance
NEWEST, SETTLED = 4, 8  # receipts that are listed: the newest, and of those that logs of downloads usually know of
SETTLED_S = 5400  # CloudFront delivers its logs within about an hour
MOST_DOWNLOADS = 5000

P95 = Query("datadog", "p95:$render_time_ms{$scope}", {"unit": "ms"})
WHOLE = Query("datadog", "p95:$render_time_ms{$scope}", {"unit": "ms", "whole": "percentile"})
ERRORS = Query("datadog", "sum:$receipt_errors{$scope}.as_count()", {"fill": "zero"})
LISTED = """{"receipt": {"terms": {"field": "$receipt_id", "size": %d, "order": {"at": "desc"}}, "aggs": {
    "at": {"max": {"field": "$time"}},
    "path": {"top_metrics": {"metrics": {"field": "$receipt_path"}, "sort": {"$time": "desc"}}},
    "failed": {"filter": {"term": {"$kind": "receipt.failed"}}}}}}"""
RECENT = Query("elastic", LISTED % NEWEST, compare=False)
OLDER = Query("elastic", LISTED % SETTLED, {"ends_before_s": str(SETTLED_S)}, compare=False)
DOWNLOADS = Query(
    "cloudfront",
    f"""SELECT path, count(*) AS downloads, max(to_unixtime(at)) AS last, max_by(status, at) AS status, max_by(edge, at) AS edge
       FROM cloudfront_logs
       WHERE day BETWEEN $first_day AND $last_day AND at >= $from AND at < $to AND method = 'GET' AND path LIKE '%receipt%'
       GROUP BY path ORDER BY 3 DESC, 1 LIMIT {MOST_DOWNLOADS}""",  # noqa: S608 - our own number
    compare=False,
)
STATUSES = Query(
    "cloudfront",
    """SELECT count(*) AS downloads, count_if(status BETWEEN 200 AND 399) AS good, count_if(status = 0) AS gone
       FROM cloudfront_logs
       WHERE day BETWEEN $first_day AND $last_day AND at >= $from AND at < $to AND method = 'GET' AND path LIKE '%receipt%'""",
    compare=False,
)


# --- render time ----------------------------------------------------------------------------------------------------


def draw_time(data: Data, ask: Ask) -> Chart:
    """The p95 of each bucket with its limit; the number is the p95 of the whole range, asked as such and never averaged."""
    line, behind = in_window(data.series("p95"), ask), laid_behind(data.earlier("p95"), ask)
    whole = whole_p95(data)
    return Chart(
        title="Render time, p95",
        layers=(
            *((Line(behind, ask.against.words, "before"),) if ask.against else ()),
            Line(line, "p95"),
            Threshold(LIMIT_MS, "limit 2,000 ms", "below"),
        ),
        unit="ms",
        number=figure(whole, "ms") if whole is not None else silence(line, ask),
        change=time_change(data, ask) if ask.against and not is_slow_now(line, ask) else now_words(line, ask),
        state="bad" if is_slow_now(line, ask) else time_state(whole),
        note="of the whole range; the line is the p95 of each bucket",
        missing=data.why("p95", "whole"),
    )


def whole_p95(data: Data) -> float | None:
    return data.series("whole").last()


def time_state(p95: float | None) -> State:
    return "plain" if p95 is None else "good" if p95 <= LIMIT_MS else "bad"


def is_slow_now(line: Series, ask: Ask) -> bool:
    """Whether the newest buckets are beyond the limit, however well the range was before: one short one may be chance."""
    many = 1 if line.step_s >= SURE_S else 2
    last = [value for _, value in line.known()[-many:]]
    return newest(line, ask) is not None and len(last) == many and min(last) > LIMIT_MS


def time_change(data: Data, ask: Ask) -> str:
    """The whole range against the whole compared range."""
    whole = whole_p95(data)
    return change(whole, data.earlier("whole").last(), "ms", ask.against.words) if ask.against and whole is not None else ""


def now_words(line: Series, ask: Ask) -> str:
    last = newest(line, ask)
    if last is None:
        return ""
    when = f"in the newest {bucket(line)}" if line.step_s >= SURE_S else f"at {at_clock(line.known()[-1][0], ask)}"
    return f"{figure(last, 'ms')} {when}"


# --- errors ---------------------------------------------------------------------------------------------------------


def draw_errors(data: Data, ask: Ask) -> Chart:
    """Receipts that could not be rendered."""
    errors = counted(data, "errors", ask)
    total = errors.total()
    return Chart(
        title="Errors",
        layers=(Stack((errors,), ("errors",), (counted_before(data, "errors", ask),)),),
        number=total_words(errors, ask),
        change=counted_change(data, "errors", ask),
        state="plain" if total else "good" if total == 0 else "plain",
        note="receipts that could not be rendered",
        missing=data.why("errors"),
    )


# --- recent receipts ------------------------------------------------------------------------------------------------


def draw_recent(data: Data, ask: Ask) -> TitledTable:
    """The newest receipts, then the newest of those that the logs can know of, and what became of them."""
    by_path = {str(row[0]): row for row in data.table("downloads").rows}
    listed = {row[0]: row for row in (*data.table("recent").rows, *data.table("older").rows) if row[0] is not None}
    rows = [recent_row(row, by_path, data, ask) for row in listed.values()]
    columns = (Column("Receipt"), Column("Rendered"), Column("Download"), Column("Edge"))
    return TitledTable("Recent receipts", Table(columns, tuple(rows)), recent_note(data, ask))


def recent_row(row: tuple[Value, ...], by_path: dict[str, tuple[Value, ...]], data: Data, ask: Ask) -> tuple[Value, ...]:
    """A receipt of the log, joined with its download by path. `row`: id, count, newest line (epoch ms), path, failures."""
    at = (known_number(row[2]) or 0.0) / 1000
    found = by_path.get(str(row[3]))
    if known_number(row[4]):
        return (row[0], at_clock(at, ask), "could not be rendered", "–")
    if found:
        return (row[0], at_clock(at, ask), downloaded(found, ask), place(found))
    return (row[0], at_clock(at, ask), not_downloaded(at, data, ask), "–")


def not_downloaded(at: float, data: Data, ask: Ask) -> str:
    """What can be said of a receipt that the logs do not show: they may be silent, or not reach so far yet."""
    if "downloads" in data.faults:
        return "unknown: no logs"
    found = data.table("downloads")
    until = found.until
    if until is None or at >= until:
        return f"not known yet ({until_words(found, ask, 'logs') or 'no logs of that time'})"
    if len(found.rows) >= MOST_DOWNLOADS and at < min(known_number(row[2]) or 0.0 for row in found.rows):
        return "not known: too many downloads since"
    return f"not downloaded yet ({until_words(found, ask, 'logs complete')})"


def downloaded(row: tuple[Value, ...], ask: Ask) -> str:
    """ "downloaded at 13:05 (200)"; a status of 000 is a viewer that was gone before the answer."""
    status, at = int(known_number(row[3]) or 0), known_number(row[2]) or 0.0
    if status == 0:
        return f"broken off at {at_clock(at, ask)} (000)"
    return f"{'downloaded' if 200 <= status < 400 else 'failed'} at {at_clock(at, ask)} ({status})"


def place(row: tuple[Value, ...]) -> str:
    """The edge location and its city."""
    edge, city = str(row[4] or "–"), str(row[5] or "") if len(row) > 5 else ""
    return f"{edge}, {city}" if city and city != edge else edge


def recent_note(data: Data, ask: Ask) -> str:
    """How downloads went on the whole, and how far the logs reach."""
    statuses = data.table("statuses")
    row = statuses.rows[0] if statuses.rows else (None, None, None)
    many, good = known_number(row[0]), known_number(row[1])
    share = f"{count(many)} downloads in this range, {count(good)} of them good" if many else ""
    reach = until_words(data.table("downloads"), ask, "logs")
    late = "single entries come up to a day late" if reach else ""
    return "; ".join(part for part in (share, reach, late, *data.table("downloads").notes) if part)


# --- the section ----------------------------------------------------------------------------------------------------


def headline(data: Data, ask: Ask) -> str:
    """The p95 of the range against its limit, and what failed."""
    whole, errors = whole_p95(data), counted(data, "errors", ask).total()
    if whole is None:
        said = f"Receipt render time is unknown: {data.why('whole', 'p95').removeprefix('no data: ')}"
    else:
        side = "within" if whole <= LIMIT_MS else "beyond"
        than = time_change(data, ask)
        said = f"Receipts render in {figure(whole, 'ms')} (p95, {ask.window.words}), {side} the limit of 2,000 ms"
        said += f", {than}" if than else ""
        line = in_window(data.series("p95"), ask)
        said += f", but beyond it now ({now_words(line, ask)})" if side == "within" and is_slow_now(line, ask) else ""
    failed = "errors are unknown" if errors is None else f"{count(errors)} could not be rendered" if errors else "none failed"
    return f"{said}; {failed}."


SECTION = Section(
    name="receipts",
    title="Receipt generation",
    owner="Commerce Backend; delivery: Payments SRE",
    panels=(
        Panel("render time", {"p95": P95, "whole": WHOLE}, draw_time),
        Panel("errors", {"errors": ERRORS}, draw_errors),
        Panel(
            "recent receipts",
            {"recent": RECENT, "older": OLDER, "downloads": DOWNLOADS, "statuses": STATUSES},
            draw_recent,
            {"downloads": "downloads", "statuses": "downloads"},
        ),
    ),
    headline=headline,
    brief=Brief(("p95", "whole"), draw_time),
)

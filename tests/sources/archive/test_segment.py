"""Segment's files as columns, and the questions of the sections over them, as DuckDB answers them in the engine's child."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trino_sql_validator

from bot.ports import SourceError
from bot.sources.archive.cloudfront import CLOUDFRONT
from bot.sources.archive.question import asked
from bot.sources.archive.reading import Job, answer
from bot.sources.archive.segment import SEGMENT, day_of, days_between, take_in
from bot.sources.archive.table import UnreadableObject
from charts.data import Table
from commands import SECTIONS
from commands.args import Window
from commands.panel import Query
from tests.sources.archive.files import at, day_folder, track, write
from tests.sources.vendor import recorded_text

START, END = at("2026-11-22 10:00"), at("2026-11-22 12:00")
HOUR = Window(START, END, timedelta(minutes=5), "UTC", "10:00 to 12:00", "10:00..12:00")
ALL = "SELECT event, message_id, to_unixtime(at) AS at, session_id, attempt, app_version, shape FROM segment_events"
WHERE = " WHERE day BETWEEN $first_day AND $last_day ORDER BY message_id"


def ask(root: Path, cache: Path, text: str | Query, window: Window = HOUR) -> Table:
    query = text if isinstance(text, Query) else Query("segment", text)
    one = asked(query, SEGMENT, window)
    texts = {"q": one.text, "until": SEGMENT.until_between(one.start, one.end)}
    outcome = answer(Job(SEGMENT, str(root), None, texts, one.start, one.end, str(cache), 100, 30.0))
    if outcome.said:
        raise SourceError(outcome.said, outcome.kind)
    return outcome.tables["q"]


def archived(root: Path) -> Path:
    """Two hours of a small shop: three sessions, a duplicate, a late file, a line cut off, a call that is no track."""
    write(
        day_folder(root, "2026-11-22") / "a.gz",
        track("checkout.started", "2026-11-22T10:00:00.123Z", "s1", "m1"),
        track("checkout.started", "2026-11-22T10:01:00.123456789Z", "s2", "m2"),
        track("checkout.started", "2026-11-22T10:07:00Z", "s3", "m3"),
        track("checkout.completed", "2026-11-22T10:05:00.5Z", "s1", "m4"),
        track("retry.initiated", "2026-11-22T10:10:00Z", "s1", "m5", attempt=1),
        track("checkout.started", "2026-11-22T09:58:00Z", "s0", "m0"),
        '{"type": "identify", "userId": "u"}',
    )
    write(
        day_folder(root, "2026-11-22") / "hourly-without-suffix",
        track("checkout.completed", "2026-11-22T10:05:00.5Z", "s1", "m4"),
        track("checkout.completed", "2026-11-22T10:20:00Z", "s0", "m9", version="5.2", currency=None, amount="12"),
        '{"type": "track", "event": "payments.check',
    )
    write(day_folder(root, "2026-11-23") / "late.gz", track("checkout.expired", "2026-11-22T11:30:00Z", "s2", "m6"))
    return root


def test_every_field_becomes_a_column(tmp_path: Path) -> None:
    """Fractions of seconds vary from none to nanoseconds; calls that are no track are left out."""
    found = ask(archived(tmp_path / "archive"), tmp_path / "cache", ALL + WHERE)
    rows = {row[1]: row for row in found.rows if row[1]}
    assert rows["m1"][2] == pytest.approx(at("2026-11-22 10:00").timestamp() + 0.123)
    assert rows["m2"][2] == pytest.approx(at("2026-11-22 10:01").timestamp() + 0.123456)
    assert rows["m5"][:1] + rows["m5"][3:6] == ("payments.retry.initiated", "s1", 1, "5.1")
    assert rows["m5"][6] == '{"session_id":"string","amount":"integer","currency":"string","attempt":"integer"}'
    assert set(rows) == {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m9"}


def test_lines_that_are_cut_off_are_counted_and_named(tmp_path: Path) -> None:
    """The others of the file count."""
    (note,) = ask(archived(tmp_path / "archive"), tmp_path / "cache", ALL + WHERE).notes
    assert note.startswith("1 unreadable line left out (hourly-without-suffix: a line that is no JSON")


def test_the_archive_says_how_far_it_reaches(tmp_path: Path) -> None:
    """By when its newest call was received."""
    found = ask(archived(tmp_path / "archive"), tmp_path / "cache", ALL + WHERE)
    assert found.until == at("2026-11-22 11:30").timestamp()


def test_a_file_that_came_a_day_late_is_read(tmp_path: Path) -> None:
    """FACTS 3: an event may stand in a later day's folder than its time."""
    assert list(days_between(START, END)) == [int(at(day).timestamp() * 1000) for day in ("2026-11-22", "2026-11-23")]


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("1795305600000/a.gz", "1795305600000"),
        ("x/1795305600000/a", "1795305600000"),
        ("1795305600001/a.gz", None),
        ("a.gz", None),
    ],
)
def test_only_whole_days_are_partitions(key: str, day: str | None) -> None:
    """A folder that is no UTC day in milliseconds belongs to something else."""
    assert day_of(key) == day


def test_cohorts_count_each_session_once_and_add_up(tmp_path: Path) -> None:
    """Duplicates collapse; a session that started before the range is no part of it; open ones are apart."""
    query = SECTIONS["funnel"].asked()["cohorts"]
    found = ask(archived(tmp_path / "archive"), tmp_path / "cache", query)
    names = [column.title for column in found.columns]
    sums = {name: sum(float(row[place] or 0) for row in found.rows) for place, name in enumerate(names) if place}
    assert sums == {"started": 3, "completed": 1, "expired": 1, "open": 1, "tried": 1, "recovered": 0, "receipts": 0}
    assert [row[0] for row in found.rows] == [at("2026-11-22 10:00").timestamp(), at("2026-11-22 10:05").timestamp()]


def test_the_goal_counts_sessions_that_closed_in_the_range(tmp_path: Path) -> None:
    """s0 and s1 completed in it, s2 expired without a retry; s3 is open."""
    found = ask(archived(tmp_path / "archive"), tmp_path / "cache", SECTIONS["window"].asked()["slo"])
    budget = ask(archived(tmp_path / "archive"), tmp_path / "cache", SECTIONS["window"].asked()["budget"])
    assert (found.rows, budget.rows[0][::2]) == (((3, 1),), (3, 1))


def test_shapes_are_counted_without_duplicates(tmp_path: Path) -> None:
    """The same message twice is one event."""
    found = ask(archived(tmp_path / "archive"), tmp_path / "cache", SECTIONS["funnel"].asked()["shapes"])
    counts = {(row[0], row[1]): row[3] for row in found.rows}
    assert counts["payments.checkout.completed", "5.1"] == 1
    assert counts["payments.checkout.completed", "5.2"] == 1


def test_agreement_counts_events_by_bucket(tmp_path: Path) -> None:
    """In the buckets of the window, as the other sources count."""
    found = ask(archived(tmp_path / "archive"), tmp_path / "cache", SECTIONS["funnel"].asked()["events"])
    expected = (at("2026-11-22 10:10").timestamp(), "payments.retry.initiated", 1.0)
    assert expected in found.rows


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bnot gzip at all"])
def test_a_file_of_which_nothing_can_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    """The others are read."""
    root = archived(tmp_path / "archive")
    (day_folder(root, "2026-11-22") / "broken.gz").write_bytes(content)
    notes = " ".join(ask(root, tmp_path / "cache", ALL + WHERE).notes)
    assert "1 of 4 files cannot be read (broken.gz is" in notes


def test_where_no_file_can_be_read_the_question_has_no_answer(tmp_path: Path) -> None:
    """An empty table would read as calm."""
    (day_folder(tmp_path / "archive", "2026-11-22") / "broken.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(SourceError, match=r"has no file that can be read: broken\.gz is not whole gzip"):
        ask(tmp_path / "archive", tmp_path / "cache", ALL + WHERE)


def test_no_files_at_all_are_a_gap(tmp_path: Path) -> None:
    """An empty prefix is a wrong setting, or a delivery that has stopped."""
    (tmp_path / "archive").mkdir()
    with pytest.raises(SourceError, match="has no files for this range"):
        ask(tmp_path / "archive", tmp_path / "cache", ALL + WHERE)
    with pytest.raises(SourceError, match="has no such folder"):
        ask(tmp_path / "nowhere", tmp_path / "cache", ALL + WHERE)


def test_a_truncated_gzip_is_not_half_read(tmp_path: Path) -> None:
    """Half a file is no file."""
    whole = write(
        tmp_path / "whole.gz", *(track("checkout.started", "2026-11-22T10:00:00Z", f"s{n}", f"m{n}") for n in range(99))
    )
    half = tmp_path / "half.gz"
    half.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(UnreadableObject, match="not whole gzip"):
        take_in(half, tmp_path / "out.parquet")


def test_the_recorded_call_is_read(tmp_path: Path) -> None:
    """The line of the vendor's own documentation."""
    line = recorded_text("segment_track_line.ndjson").splitlines()[0]
    report = take_in(write(tmp_path / "line", line, packed=False), tmp_path / "out.parquet")
    assert (report.rows, report.bad_lines) == (1, 0)


ARCHIVED = [
    (name, key, query)
    for name, section in SECTIONS.items()
    for key, query in section.asked().items()
    if query.source in {"segment", "cloudfront"}
]


@pytest.mark.parametrize(("name", "key", "query"), ARCHIVED, ids=[f"{name}.{key}" for name, key, _ in ARCHIVED])
def test_every_text_is_trino_and_reads_its_days_alone(name: str, key: str, query: Query) -> None:
    """What goes to Athena parses there and carries its partition filter: six hours never scan a year."""
    table = SEGMENT if query.source == "segment" else CLOUDFRONT
    window = Window(END - timedelta(hours=6), END, timedelta(minutes=1), "UTC", "last 6 h", "6h")
    text = asked(query, table, window).text
    assert trino_sql_validator.validate(text, dialect="trino").valid, text
    first, last = table.days(query.start_in(window), window.end)
    assert f"day BETWEEN {first} AND {last}" in text
    assert "$" not in text


def test_a_text_without_its_days_is_a_fault_of_ours() -> None:
    """It would scan the whole archive."""
    with pytest.raises(SourceError):
        asked(Query("segment", "SELECT 1 FROM segment_events WHERE at > $from"), SEGMENT, HOUR)


def test_a_second_question_fetches_nothing(tmp_path: Path) -> None:
    """Files are kept as columns by their content: those that are gone from the archive's listing are not needed either."""
    root, cache = archived(tmp_path / "archive"), tmp_path / "cache"
    first = ask(root, cache, ALL + WHERE)
    times = sorted(path.stat().st_ctime_ns for path in cache.rglob("*.json"))
    assert ask(root, cache, ALL + WHERE) == first
    assert sorted(path.stat().st_ctime_ns for path in cache.rglob("*.json")) == times


def test_a_file_that_changed_is_fetched_anew(tmp_path: Path) -> None:
    """Its content has another tag."""
    root, cache = archived(tmp_path / "archive"), tmp_path / "cache"
    ask(root, cache, ALL + WHERE)
    write(day_folder(root, "2026-11-22") / "a.gz", track("checkout.started", "2026-11-22T10:00:00Z", "s8", "m8"))
    assert "m8" in {row[1] for row in ask(root, cache, ALL + WHERE).rows}


def test_a_cache_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    """A file stands where the folder should be: a temporary one serves, and the outcome says so."""
    (tmp_path / "cache").write_text("in the way")
    one = asked(Query("segment", ALL + WHERE), SEGMENT, HOUR)
    job = Job(
        SEGMENT, str(archived(tmp_path / "a")), None, {"q": one.text}, one.start, one.end, str(tmp_path / "cache"), 100, 30.0
    )
    outcome = answer(job)
    assert outcome.passing
    assert outcome.tables["q"].rows


def test_the_cache_keeps_its_limit(tmp_path: Path) -> None:
    """What was used longest ago goes; what the question needs stays."""
    root, cache = archived(tmp_path / "archive"), tmp_path / "cache"
    old = cache / "segment_events-1" / "day=1" / "old.parquet"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x" * 2_000_000)
    one = asked(Query("segment", ALL + WHERE), SEGMENT, HOUR)
    answer(Job(SEGMENT, str(root), None, {"q": one.text}, one.start, one.end, str(cache), 1, 30.0))
    assert not old.exists()
    assert len(list(cache.rglob("*.parquet"))) == 3
    shutil.rmtree(cache)


def test_times_are_written_as_both_dialects_read_them() -> None:
    """In UTC, whole seconds, whatever the zone of the asker."""
    moment = datetime.fromisoformat("2026-11-22T11:00:00+01:00")
    window = Window(moment, END, timedelta(minutes=5), "Europe/Berlin", "x", "x")
    text = asked(
        Query("segment", "SELECT 1 FROM segment_events WHERE day BETWEEN $first_day AND $last_day AND at >= $from"),
        SEGMENT,
        window,
    )
    assert "TIMESTAMP '2026-11-22 10:00:00'" in text.text

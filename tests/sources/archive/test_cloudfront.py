"""CloudFront's logs as columns: fields by the header, rows of any length, late files; and edges with their cities."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.ports import SourceError
from bot.sources.archive.cloudfront import CLOUDFRONT, day_of, hour_of, prefixes, take_in, wanted
from bot.sources.archive.edges import city
from bot.sources.archive.objects import place
from bot.sources.archive.question import asked
from bot.sources.archive.reading import Job, answer
from bot.sources.archive.table import Report, UnreadableObject
from bot.sources.cloudfront import with_cities
from bot.sources.retry import Deadline
from charts.data import Column, Table
from commands import SECTIONS
from commands.args import Window
from commands.panel import Query
from tests.sources.archive.files import FIELDS, at, log_file, log_row, write
from tests.sources.aws import moto, settings
from tests.sources.vendor import recorded_text

WINDOW = Window(at("2026-11-22 10:00"), at("2026-11-22 12:00"), at("2026-11-22 01:00") - at("2026-11-22 00:00"), "UTC", "x", "x")
ALL = Query(
    "cloudfront",
    "SELECT path, status, edge, to_unixtime(at) AS at FROM cloudfront_logs "
    "WHERE day BETWEEN $first_day AND $last_day AND at >= $from AND at < $to ORDER BY at, path",
)


def ask(root: Path, query: Query = ALL) -> Table:
    one = asked(query, CLOUDFRONT, WINDOW)
    texts = {"q": one.text, "until": CLOUDFRONT.until_between(one.start, one.end)}
    outcome = answer(Job(CLOUDFRONT, str(root), None, texts, one.start, one.end, str(root.parent / "cache"), 100, 30.0))
    if outcome.said:
        raise SourceError(outcome.said, outcome.kind)
    return outcome.tables["q"]


def test_rows_become_columns_with_their_path_decoded(tmp_path: Path) -> None:
    """FACTS 4.4: values are URL-encoded; 000 is a viewer that was gone; clients may have IPv6 addresses."""
    log_file(
        tmp_path / "logs",
        "2026-11-22-10",
        log_row("2026-11-22 10:00:01", "/receipts/r%20one.pdf"),
        log_row("2026-11-22 10:00:02", "/receipts/r2.pdf", status="000", client="2001:db8::1"),
    )
    start = at("2026-11-22 10:00").timestamp()
    assert ask(tmp_path / "logs").rows == (
        ("/receipts/r one.pdf", 200, "FRA56-P3", start + 1),
        ("/receipts/r2.pdf", 0, "FRA56-P3", start + 2),
    )


def test_fields_are_found_by_the_header(tmp_path: Path) -> None:
    """FACTS 4.4: whatever their order, and with new ones at the end."""
    order = "cs-uri-stem sc-status date time x-edge-location cs-method c-new"
    log_file(tmp_path / "logs", "2026-11-22-10", "/a\t404\t2026-11-22\t10:05:00\tSEA19-C1\tGET\tnew", header=order)
    assert ask(tmp_path / "logs").rows[0][:3] == ("/a", 404, "SEA19-C1")


def test_short_and_long_rows_are_read(tmp_path: Path) -> None:
    """FACTS 4.4: a public test row has 31 of 33 fields; fields are appended before headers say so."""
    plain = log_row("2026-11-22 10:00:01", "/plain")
    short = log_row("2026-11-22 10:00:02", "/short").rsplit("\t", 3)[0]
    long = log_row("2026-11-22 10:00:03", "/long") + "\tmore\tand more"
    log_file(tmp_path / "logs", "2026-11-22-10", plain, short, long)
    assert [row[0] for row in ask(tmp_path / "logs").rows] == ["/plain", "/short", "/long"]


def test_a_long_row_may_be_the_first(tmp_path: Path) -> None:
    """With more fields than the header names, and those it names in their places."""
    long = log_row("2026-11-22 10:00:03", "/long") + "\tmore" * 40
    log_file(tmp_path / "logs", "2026-11-22-10", long, log_row("2026-11-22 10:00:04", "/plain"))
    assert [row[0] for row in ask(tmp_path / "logs").rows] == ["/long", "/plain"]


def test_a_row_that_is_cut_off_is_counted(tmp_path: Path) -> None:
    """The last line of a file that was still being written."""
    log_file(tmp_path / "logs", "2026-11-22-10", log_row("2026-11-22 10:00:01", "/a"), "2026-11-22\t10:00:02\tFRA", ending="")
    found = ask(tmp_path / "logs")
    assert [row[0] for row in found.rows if row[0]] == ["/a"]
    assert found.notes[0].startswith("1 unreadable line left out")


@pytest.mark.parametrize(
    ("content", "said"), [(["no header"], "has no header"), (["#Version: 1.0", "#Fields: date time"], "does not log x-edge")]
)
def test_a_file_without_the_fields_is_named(tmp_path: Path, content: list[str], said: str) -> None:
    """It is no log of this kind."""
    with pytest.raises(UnreadableObject, match=said):
        take_in(write(tmp_path / "x.gz", *content), tmp_path / "out")


@pytest.mark.parametrize("packed", [True, False])
def test_the_content_says_whether_it_is_compressed(tmp_path: Path, packed: bool) -> None:
    """S3 unpacks for some clients; the name stays what it is."""
    log_file(tmp_path / "logs", "2026-11-22-10", log_row("2026-11-22 10:00:01", "/a"), packed=packed)
    assert len(ask(tmp_path / "logs").rows) == 1


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("E2.2026-11-22-10.ab12.gz", "2026/11/22"),
        ("logs/E2.2026-11-22-23.ab.gz", "2026/11/22"),
        ("AWSLogs/1/CloudFront/E2/2026/11/22/10/x.gz", "2026/11/22"),
        ("E2/2026/11/22/x", "2026/11/22"),
        ("E2.2026-13-22-10.ab.gz", None),
        ("readme.txt", None),
    ],
)
def test_the_day_stands_in_the_key(key: str, day: str | None) -> None:
    """FACTS 4.4, 4.5: in the name of the older logs, in the path of the newer ones."""
    assert day_of(key) == day


@pytest.mark.parametrize(("hour", "needed"), [("08", False), ("09", True), ("10", True), ("11", True), ("12", False)])
def test_only_files_of_the_hours_are_fetched(hour: str, needed: bool) -> None:
    """And of the hour before: a row's time is the end of its response. When a file arrived says nothing."""
    assert wanted(f"E2.2026-11-22-{hour}.x.gz", WINDOW.start, WINDOW.end) == needed
    assert hour_of(f"E2.2026-11-22-{hour}.x.gz")


def test_late_files_of_an_hour_are_read_with_it(tmp_path: Path) -> None:
    """FACTS 4.4: an hour has several files, some a day late."""
    log_file(tmp_path / "logs", "2026-11-22-10", log_row("2026-11-22 10:00:01", "/a"))
    log_file(tmp_path / "logs", "2026-11-22-10", log_row("2026-11-22 10:30:00", "/late"), name="late")
    assert [row[0] for row in ask(tmp_path / "logs").rows] == ["/a", "/late"]


def test_the_recorded_log_is_read(tmp_path: Path) -> None:
    """The sample of the vendor's documentation."""
    path = tmp_path / "sample.gz"
    path.write_text(recorded_text("cloudfront_legacy.log"))
    assert take_in(path, tmp_path / "out").rows > 0


def test_downloads_are_joined_by_path(tmp_path: Path) -> None:
    """One row a path: how often, and the newest status and edge."""
    log_file(
        tmp_path / "logs",
        "2026-11-22-10",
        log_row("2026-11-22 10:00:01", "/receipts/a.pdf", status="404"),
        log_row("2026-11-22 10:05:00", "/receipts/a.pdf", edge="XXX1"),
        log_row("2026-11-22 10:06:00", "/app.js"),
    )
    found = ask(tmp_path / "logs", SECTIONS["receipts"].asked()["downloads"])
    statuses = ask(tmp_path / "logs", SECTIONS["receipts"].asked()["statuses"])
    newest = ("/receipts/a.pdf", 2, at("2026-11-22 10:05").timestamp(), 200, "XXX1")
    assert (found.rows, statuses.rows) == ((newest,), ((2, 1, 0),))


@pytest.mark.parametrize(
    ("edge", "place"), [("FRA56-P3", "Frankfurt"), ("SEA19-C1", "Seattle"), ("QQQ7", "QQQ"), ("edge", "edge"), (None, "")]
)
def test_edges_have_cities(edge: str | None, place: str) -> None:
    """By the airport whose code they begin with; an unknown code stays what it is."""
    assert city(edge).startswith(place)


def test_a_table_with_edges_gets_their_cities() -> None:
    """As a last column; other tables stay as they are."""
    table = Table((Column("edge"), Column("n")), (("SEA19", 3.0), (None, 1.0)))
    assert with_cities(table).rows == (("SEA19", 3.0, "Seattle"), (None, 1.0, None))
    assert with_cities(Table((Column("n"),), ((1.0,),))) == Table((Column("n"),), ((1.0,),))


def test_the_header_of_the_tests_is_that_of_the_vendor() -> None:
    """The first fields of the 33."""
    assert recorded_text("cloudfront_legacy.log").split("#Fields: ")[1].startswith(FIELDS)


@pytest.mark.parametrize(
    ("heads", "listed"),
    [
        (("E2A.", "E2B."), ("E2A.2026-11-21-", "E2A.2026-11-22-", "E2B.2026-11-21-", "E2B.2026-11-22-")),
        (("2026/11/21/23/E2A.", "2026/11/22/00/E2A."), ("2026/11/21/", "2026/11/22/")),
        (("DistributionId=E2A/year=2026/month=11/day=21/hour=23/E2A.",), ("",)),
        ((), ("",)),
    ],
)
def test_only_the_days_that_are_asked_are_listed(heads: tuple[str, ...], listed: tuple[str, ...]) -> None:
    """Years of logs lie in one place."""
    assert prefixes(at("2026-11-22 01:00"), at("2026-11-22 03:00"), heads) == listed


def test_a_bucket_is_listed_by_days(tmp_path: Path) -> None:
    """The distribution's name is found first; logs of other days are not looked at."""
    keys = ("E2A.2026-11-22-10.0a.gz", "E2A.2026-11-20-10.0b.gz", "E2B.2026-11-22-11.0c.gz")
    with moto() as (url, clients):
        s3 = clients.client("s3")
        s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        for key in keys:
            s3.put_object(Bucket="logs", Key=f"cdn/{key}", Body=b"")
        bucket = place("s3://logs/cdn", settings(url))
        heads = bucket.heads(".", Deadline(5))
        found = [each.key for prefix in prefixes(WINDOW.start, WINDOW.end, heads) for each in bucket.listed(prefix, Deadline(5))]
    assert heads == ("E2A.", "E2B.")
    assert found == [keys[0], keys[2]]


def test_bytes_that_are_no_utf_8_cost_only_themselves(tmp_path: Path) -> None:
    """A viewer may send anything; the rows beside it are read."""
    row, broken = log_row("2026-11-22 10:00:01", "/receipts/r1.pdf"), log_row("2026-11-22 10:00:02", "/receipts/\udcff.pdf")
    log_file(tmp_path / "logs", "2026-11-22-10", row, broken)
    assert [row[0] for row in ask(tmp_path / "logs").rows] == ["/receipts/r1.pdf", "/receipts/\ufffd.pdf"]


def test_the_first_row_does_not_say_how_long_the_others_are(tmp_path: Path) -> None:
    """A short one at the start of a file, and a large file that is read piece by piece."""
    short = log_row("2026-11-22 10:00:01", "/short").rsplit("\t", 3)[0]
    many = [log_row("2026-11-22 10:00:02", f"/{number}") for number in range(60_000)]
    path = log_file(tmp_path / "logs", "2026-11-22-10", short, *many)
    assert take_in(path, tmp_path / "out") == Report(60_001)

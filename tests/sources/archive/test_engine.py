"""The engine's child process: it answers, goes on behind a late answer, and may die. Over a folder, and over a real S3."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.config import Archives, Aws, Config
from bot.ports import SourceError
from bot.sources.archive.engine import Engine
from bot.sources.archive.segment import SEGMENT
from bot.sources.aws import Clients
from bot.sources.segment import Segment
from charts.data import Table
from commands.panel import Query
from tests.sources.archive.files import at
from tests.sources.archive.test_segment import ALL, END, HOUR, START, WHERE, archived
from tests.sources.aws import moto, settings

TEXT = ALL + " WHERE day BETWEEN 0 AND 9999999999999 ORDER BY message_id"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(str(archived(tmp_path / "archive")), Archives(cache=str(tmp_path / "cache")), None)
    yield made
    made.stop()


def answered(engine: Engine, timeout_s: float = 30.0) -> Table:
    return engine.answer({"q": TEXT}, SEGMENT, START, END, timeout_s)["q"]


def test_the_child_answers_and_this_process_has_no_duckdb(engine: Engine) -> None:
    """What it reads and keeps never grows the process that acknowledges."""
    assert len(answered(engine).rows) == 10  # nine calls, one of them twice, and a line that is none


def test_a_late_answer_goes_on_behind(engine: Engine) -> None:
    """The child is still starting: the next question finds its files."""
    with pytest.raises(SourceError, match="it is still reading its files; ask again in a minute") as error:
        answered(engine, 0.01)
    assert error.value.kind == "timeout"
    assert answered(engine).rows


def test_a_child_that_is_killed_while_idle_is_replaced(engine: Engine) -> None:
    """By the next question, which has its answer all the same."""
    answered(engine)
    os.kill(child_of(os.getpid()), signal.SIGKILL)
    assert answered(engine).rows


def child_of(parent: int) -> int:
    """The engine's child; multiprocessing's own tracker is none."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    spawned = [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return spawned[-1]


def test_another_environment_is_refused(tmp_path: Path) -> None:
    """The archive holds one; nobody takes production's funnel for staging's."""
    where = str(archived(tmp_path / "archive"))
    source = Segment.of(Config(archives=Archives(segment_archive=where, cache=str(tmp_path / "cache"))), lambda: END)
    assert source
    with pytest.raises(SourceError, match="holds prod only"):
        source.fetch({"q": Query("segment", ALL + WHERE)}, HOUR, "staging", 5)
    found = source.fetch({"q": Query("segment", ALL + WHERE)}, HOUR, "prod", 30)["q"]
    source.stop()
    assert isinstance(found, Table)
    assert found.rows


def test_without_a_place_there_is_no_source() -> None:
    """It is not configured."""
    assert Segment.of(Config(), lambda: END) is None


def in_bucket(url: str, root: Path) -> Aws:
    """The same archive in a bucket of a real S3."""
    aws = settings(url)
    s3 = Clients(aws).client("s3")
    s3.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for path in root.rglob("*"):
        if path.is_file():
            s3.put_object(Bucket="archive", Key=f"segment-logs/src/{path.relative_to(root).as_posix()}", Body=path.read_bytes())
    return aws


def test_a_bucket_answers_as_a_folder_does(tmp_path: Path, engine: Engine) -> None:
    """Listed day by day, fetched by their tags."""
    with moto() as (url, _):
        aws = in_bucket(url, archived(tmp_path / "archive"))
        far = Engine("s3://archive/segment-logs/src/", Archives(cache=str(tmp_path / "far")), aws)
        found = answered(far)
        far.stop()
    assert found.rows == answered(engine).rows


@pytest.mark.parametrize(
    ("place", "said"),
    [("s3://nowhere/x/", "has no bucket called nowhere"), ("s3://archive/other/", "has no files for this range")],
)
def test_a_bucket_that_has_nothing_is_said(tmp_path: Path, place: str, said: str) -> None:
    """A missing bucket, an empty prefix."""
    with moto() as (url, _):
        aws = in_bucket(url, tmp_path)
        far = Engine(place, Archives(cache=str(tmp_path / "far")), aws)
        with pytest.raises(SourceError, match=said):
            far.answer({"q": TEXT}, SEGMENT, START, END, 30)
        far.stop()


def test_the_probe_counts_what_came_lately(tmp_path: Path) -> None:
    """`paybot check --connect`."""
    where = str(archived(tmp_path / "archive"))
    now: datetime = at("2026-11-22 12:00")
    source = Segment.of(Config(archives=Archives(segment_archive=where, cache=str(tmp_path / "cache"))), lambda: now)
    assert source
    assert "10 rows in the files of the last 3 h" in source.probe(30)
    source.stop()

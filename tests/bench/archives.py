"""The archives' figures: new files and kept ones, memory, growth with the number of files, a day of a million events.

usage: python -m tests.bench.archives LOGS    (a folder in which the peers' script has left its CloudFront logs)
"""

from __future__ import annotations

import gzip
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from bot.config import Archives
from bot.sources.archive.cloudfront import CLOUDFRONT
from bot.sources.archive.engine import Engine
from bot.sources.archive.reading import Job, answer, prepare
from bot.sources.segment import Segment
from charts.data import Table
from commands.agreement import queries as agreement_queries
from commands.args import Window
from commands.funnel import COHORTS, SHAPES

T = TypeVar("T")
EVENTS, FILES, EACH = 1_000_000, 24, 10  # of the day; each session has ten events
NAMES = (
    *3 * ("payments.checkout.started",),
    *3 * ("payments.checkout.completed",),
    *3 * ("payments.receipt.generated",),
    "payments.retry.initiated",
)
JANUARY, FEBRUARY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
DAY = Window(JANUARY, JANUARY + timedelta(days=1), timedelta(minutes=15), "UTC", "1 January", "2026-01-01")
COUNTS = """SELECT edge, count(*) AS many FROM cloudfront_logs WHERE day BETWEEN '2026/01/01' AND '2026/01/31'
            AND method = 'GET' AND status BETWEEN 200 AND 299 AND starts_with(path, '{path}') GROUP BY edge"""
END = JANUARY + timedelta(hours=49)

prepare()  # as the bot's child does before its first question


def edges(folder: str, path: str) -> dict[str, int]:
    """What the peers' script times: good GETs below a path by edge, of files that were never seen before.

    In this process, which then is the bot's child.
    """
    with tempfile.TemporaryDirectory(prefix="paybot-bench-") as cache:
        texts = {"q": COUNTS.format(path=path)}
        outcome = answer(Job(CLOUDFRONT, folder, None, texts, JANUARY, END, cache, 2_000, 300.0))
    return as_counts(outcome.tables["q"])


def counted(asked: Engine, path: str) -> dict[str, int]:
    return as_counts(asked.answer({"q": COUNTS.format(path=path)}, CLOUDFRONT, JANUARY, END, 300)["q"])


def as_counts(found: Table) -> dict[str, int]:
    return {str(edge): int(str(many).split(".")[0]) for edge, many in found.rows}


@contextmanager
def engine(folder: str) -> Iterator[Engine]:
    """An engine with a cache that is empty, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="paybot-bench-") as cache:
        made = Engine(folder, Archives(cache=cache), None)
        try:
            yield made
        finally:
            made.stop()


def main() -> None:
    logs = Path(sys.argv[1])
    files = sorted(logs.glob("*.gz"))
    with tempfile.TemporaryDirectory(prefix="paybot-bench-") as folder:
        few = Path(folder, "few")
        few.mkdir()
        for file in files[: len(files) // 4]:
            shutil.copy(file, few)
        small = statistics.median(timed(lambda: edges(str(few), "/receipts/"))[0] for _ in range(3))
        large = statistics.median(timed(lambda: edges(str(logs), "/receipts/"))[0] for _ in range(3))
    with engine(str(logs)) as asked, peak_of_children() as peak:
        cold, _ = timed(lambda: counted(asked, "/receipts/"))
        warm = statistics.median(timed(lambda: counted(asked, "/receipts/"))[0] for _ in range(5))
    print(f"{len(files)} files: cold {cold:.2f} s, again {warm:.3f} s: {cold / warm:.0f}x faster (wanted 10x)")
    print(
        f"a quarter of the files {small:.2f} s, all {large:.2f} s: four times the files take {large / small:.2f}x (at most 4.2x)"
    )
    print(f"the reading child's peak memory {peak():.0f} MB (at most 400)")
    with tempfile.TemporaryDirectory(prefix="paybot-bench-") as folder:
        a_day_of_segment(Path(folder))
        with engine(folder) as asked:
            queries = {"cohorts": COHORTS, "shapes": SHAPES}
            queries |= {key: query for key, query in agreement_queries().items() if query.source == "segment"}
            source = Segment(asked, "prod", lambda: DAY.end)
            asked.warm()
            first, _ = timed(lambda: source.fetch(queries, DAY, "prod", 300))
            again = statistics.median(timed(lambda: source.fetch(queries, DAY, "prod", 300))[0] for _ in range(5))
    print(f"{EVENTS:,} Segment events of a day: the funnel cold {first:.2f} s (under 5), again {again:.2f} s (under 0.5)")


def timed(act: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    found = act()
    return time.perf_counter() - start, found


@contextmanager
def peak_of_children() -> Iterator[Callable[[], float]]:
    """The largest VmHWM of this process's children, in MB, looked at many times a second."""
    seen, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            seen.extend(high_water(int(own)) for own in children())

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        yield lambda: max(seen)
    finally:
        over.set()
        watching.join()


def children() -> list[str]:
    return [own for task in Path("/proc/self/task").iterdir() for own in (task / "children").read_text().split()]


def high_water(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)


def a_day_of_segment(root: Path) -> None:
    """Hourly gzip files of track calls as Segment writes them, every call once."""
    dice = random.Random(1)
    day = root / str(int(JANUARY.timestamp() * 1000))
    day.mkdir()
    for hour in range(FILES):
        lines = [track(dice, hour, number) for number in range(EVENTS // FILES)]
        (day / f"{hour:02d}.gz").write_bytes(gzip.compress("".join(lines).encode(), 5))


def track(dice: random.Random, hour: int, number: int) -> str:
    bits = dice.getrandbits(160)
    at = f"2026-01-01T{hour:02d}:{number * 60 // (EVENTS // FILES):02d}:{bits % 60:02d}.{bits % 1000:03d}Z"
    session = (hour * (EVENTS // FILES) + number) // EACH
    return (
        f'{{"anonymousId":"{bits:040x}","context":{{"app":{{"name":"checkout","version":"5.12.0"}},"ip":"10.0.0.1","library":'
        f'{{"name":"analytics-python","version":"2.3.2"}}}},"event":"{NAMES[number % EACH]}","integrations":{{}},'
        f'"messageId":"ajs-{bits >> 64:024x}","originalTimestamp":"{at}","properties":{{"session_id":"cs_live_{session:012x}",'
        f'"amount":{bits % 99_999},"currency":"eur"}},"receivedAt":"{at}","sentAt":"{at}","timestamp":"{at}","type":"track"}}\n'
    )


if __name__ == "__main__":
    main()

"""`make scale`: what one process carries on this machine, and the day of a company that is a hundred times as large.

usage: python -m tests.bench.scale [VOLUME [HOURS]]          (100, 1: a quarter of an hour; 100, 24: the whole day's archives)
       python -m tests.bench.scale ask QUESTION          (one answer, as `paybot ask` gives it, with each source's own time)
       python -m tests.bench.scale company PORT VOLUME          (the company alone, in a process of its own)
       python -m tests.bench.scale archives VOLUME HOURS FOLDER          (writes them and gives its memory back)
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from isal import igzip

from bot.alerts.engine import Beat, Engine
from bot.alerts.rule import Rule
from bot.app import build
from bot.config import Config
from bot.config import read as read_settings
from bot.ports import Answers, Link
from bot.store.database import Database
from charts.data import Series
from commands import SECTIONS
from commands.args import Ask, BadInput, Window
from commands.panel import Query
from sandbox.aws.cloudfront import CloudFront
from sandbox.aws.files import DAY_MS, HOUR_MS
from sandbox.aws.segment import Segment, received, written
from sandbox.clock import Clock
from sandbox.company import Company
from sandbox.world import World
from tests.bench.asking import Asker
from tests.bench.processes import served
from tests.stage import SECRET, TOKEN, environment, free_port

LONGEST_S = 840.0  # all of it, with an hour of archives
MORE_S = 240.0  # for each further hour
ASK_S = 100.0  # one question, whatever it waits for
DEADLINE = '[answers]\ndeadline = "1m"\nwaiting = 1000\nper_user = 1000\n[archives]\ncache_mb = 20000\n'
PIECE_MS = 6 * HOUR_MS  # of the archives' calls that are held in memory at once
LINES = 200_000  # of a file that are
DAY_H = 24
ASKED_FOR_A_DAY = ("checkout", "retries")  # of the sections without an archive
WHOLE = "nothing is missing"
STILL = "still reading"  # as paybot says it of archives
MOST_TRIES = 8  # of a question whose archives are still being read: each has what the ones before it have read
AGAIN = ("funnel", "receipts")  # their archives are kept by then
RULES = (100, 1_000, 10_000)
TICKS = 5
COMMANDS, ASKING = 400, 16
ANSWERS, AT_ONCE = 120, 24
PEOPLE = (20, 200)
SEED = 7  # of every company that is not given another
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

began = time.monotonic()


def main() -> None:
    if sys.argv[1:2] == ["ask"]:
        ask_once(sys.argv[2])
    elif sys.argv[1:2] == ["company"]:
        work_as_company(int(sys.argv[2]), float(sys.argv[3]))
    elif sys.argv[1:2] == ["archives"]:
        write_archives(float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    else:
        volume, hours = float(sys.argv[1] if sys.argv[1:] else 100), int(sys.argv[2] if sys.argv[2:] else 1)
        carried()
        with tempfile.TemporaryDirectory(prefix="paybot-scale-") as folder:
            crowded_day(volume, hours, Path(folder))


def told(*parts: object) -> None:
    print(*parts, flush=True)


# --- one process ----------------------------------------------------------------------------------------------------------


def carried() -> None:
    """Ticks of many rules, acknowledgements and answers a second: of one process, sources that answer at once."""
    told(f"Rules in one tick, each with an answer of 15 buckets, SQLite; the median of {TICKS} ticks")
    for many in RULES:
        for share in (0.0, 0.01):
            told(f"  {many:>6} rules, {100 * share:.0f} % breach: {1000 * ticked(many, share):>8.0f} ms")
    port, bot_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="paybot-scale-") as folder, company(port, 1.0):
        env = environment(f"http://127.0.0.1:{port}")
        (Path(folder) / "paybot.toml").write_text(DEADLINE)
        with served(env | {"PAYBOT_CONFIG": f"{folder}/paybot.toml"}, bot_port) as pid:
            told(f"Acknowledgements over HTTP, {ASKING} at once: {acknowledged(bot_port):.0f} a second")
            told(f"  memory of the process then: {memory_mb(pid):.0f} MB")
        told(f"Answers with their pictures, {AT_ONCE} at once, all different: {answered(env, Path(folder)):.1f} a second")
    for people in PEOPLE:
        took = [float(each) for each in process("tests.bench.homes", str(people)).split()]
        half_s, all_s = statistics.median(took), took[-1]
        told(f"{len(took)} people open Home in one second: whole for half of them after {half_s:.1f} s, for all {all_s:.1f} s")


class Feed:
    """A source that answers any number of queries at once, a share of them bad."""

    title = "Feed"

    def __init__(self, share: float) -> None:
        self._every = round(1 / share) if share else 0

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        times = tuple(window.end.timestamp() - 60 * back for back in range(15, 0, -1))
        bad = (90.0,) * 15
        good = (99.0,) * 15
        return {
            key: Series(key, times, bad if self._every and number % self._every == 0 else good, "", 60.0)
            for number, key in enumerate(queries)
        }

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        return None

    def warm(self) -> None: ...

    def stop(self) -> None: ...

    def probe(self, timeout_s: float) -> str:
        return ""


def ticked(many: int, share: float) -> float:
    """Seconds of a tick once all that breaches has fired, with everything it writes."""
    rule = Rule(name="r", title="Rule", owner="Payments", below=95.0, over=timedelta(minutes=15))
    rules = [replace(rule, name=f"rule-{number}", queries={"value": Query("feed", f"m{number}")}) for number in range(many)]
    now = [START]
    with tempfile.TemporaryDirectory(prefix="paybot-scale-") as folder:
        database = Database(f"sqlite:///{folder}/paybot.db", lambda: now[0])
        database.open()
        engine = Engine(database, {"feed": Feed(share)}, rules, Beat("prod", MINUTE, MINUTE, "bench"), lambda: now[0])
        spent = []
        for _ in range(TICKS + 2):
            start = time.perf_counter()
            if not engine.run_due():
                raise SystemExit("a tick was not done")
            spent.append(time.perf_counter() - start)
            now[0] += MINUTE
        engine.stop()
        database.close()
    return statistics.median(spent[2:])


def acknowledged(port: int) -> float:
    """Commands a second that got their 200."""
    asker = Asker(f"http://127.0.0.1:{port}/slack/events", "C0PAYMENTS")
    start = time.perf_counter()
    with ThreadPoolExecutor(ASKING) as threads:
        good = sum(threads.map(asker.acknowledged, ["help"] * COMMANDS))
    if good < COMMANDS:
        raise SystemExit(f"{COMMANDS - good} commands were not acknowledged")
    return COMMANDS / (time.perf_counter() - start)


def answered(env: Mapping[str, str], folder: Path) -> float:
    """Answers a second, drawn, each of another range."""
    bot = build(settings(env, folder))
    bot.warm()

    def one(number: int) -> bool:
        return bot.answer(f"checkout {60 + number}m").image is not None

    start = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        drawn = sum(threads.map(one, range(ANSWERS)))
    spent = time.perf_counter() - start
    bot.stop()
    if drawn < ANSWERS:
        told(f"  {ANSWERS - drawn} had no picture")
    return ANSWERS / spent


# --- the crowded day ------------------------------------------------------------------------------------------------------


def crowded_day(volume: float, hours: int, folder: Path) -> None:
    """Every section's answer over those hours of a company so many times as large, in a process of its own each."""
    port, longest_s = free_port(), LONGEST_S + (hours - 1) * MORE_S
    told(f"A day of {volume:g} times the sessions; each answer in a process of its own, the deadline is 60 s")
    process("tests.bench.scale", "archives", str(volume), str(hours), str(folder / "archives"))
    told(f"  {hours} h of archives: {size_mb(folder / 'archives'):.0f} MB, {time.monotonic() - began:.0f} s after the start")
    with company(port, volume) as world:
        told(f"  a day of events made in {time.monotonic() - world.began:.0f} s")
        archives = {
            "PAYBOT_SEGMENT_ARCHIVE": str(folder / "archives" / Segment.prefix),
            "PAYBOT_CLOUDFRONT_LOGS": str(folder / "archives" / CloudFront.prefix),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }
        env = environment(f"http://127.0.0.1:{port}") | archives
        (folder / "paybot.toml").write_text(DEADLINE)
        first, end = span(hours)
        words = "24h" if hours >= DAY_H else f"{first:%Y-%m-%d} {first:%H:%M}..{end:%H:%M}"
        begun = time.monotonic()
        for question in (f"{name} {words}" for name in SECTIONS):
            tries = 0
            while time.monotonic() - began < longest_s - ASK_S and tries < MOST_TRIES:
                tries += 1
                found = asked(question, env, folder)
                told(f"  {question:<36} {found}")
                if STILL not in found:
                    break
        told(f"  all of the archives was read {time.monotonic() - begun:.0f} s after the first question; once more, then:")
        for question in [f"{name} {words}" for name in AGAIN] + [f"{name} 24h" for name in ASKED_FOR_A_DAY]:
            told(f"  {question:<36} {asked(question, env, folder)}")
        told(f"  kept of the archives: {size_mb(folder / 'cache'):.0f} MB; memory of the company: {memory_mb(world.pid):.0f} MB")


def span(hours: int) -> tuple[datetime, datetime]:
    """The newest hours of which every file is there: of one day, or of both days in which the last 24 hours lie."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    if hours >= DAY_H:
        return now - timedelta(hours=hours + 1), now - timedelta(hours=1)
    end = now - timedelta(hours=2)
    end = end - timedelta(hours=end.hour + 1) if end.hour < hours else end
    return end - timedelta(hours=hours), end


def asked(question: str, env: Mapping[str, str], folder: Path) -> str:
    """How long the answer took, what it lacks, and the most memory that one of its processes had."""
    command = [sys.executable, "-m", "tests.bench.scale", "ask", question]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, env={**os.environ, **env, "PAYBOT_CONFIG": str(folder / "paybot.toml")}, stdout=out)
        timer = threading.Timer(ASK_S, process.kill)
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = next((line for line in out.read().splitlines() if line.startswith(b"{")), b"")
    spent = time.perf_counter() - start
    if process.returncode not in (0, 1) or not said:
        return f"no answer in {spent:.0f} s (exit code {process.returncode})"
    found = json.loads(said)
    slowest = ", ".join(f"{name} {took_s:.1f}" for name, took_s in found["sources"].items())
    return f"{spent:>5.1f} s, {used.ru_maxrss / 1024:>4.0f} MB; {slowest}; {'; '.join(found['gaps']) or WHOLE}"


def ask_once(question: str) -> None:
    bot = build(read_settings(os.environ, None))
    answer = bot.answer(question)
    seen = {name: bot._health.seen(name).took_s for name in bot.sources}
    sources = {name: took_s for name, took_s in seen.items() if took_s is not None}
    alerts = "The alert system"  # which only a running bot has
    gaps = [f"{gap.source} {gap.said}" for gap in answer.gaps if gap.source != alerts]
    told(json.dumps({"sources": sources, "gaps": gaps}))
    bot.stop()


# --- processes ------------------------------------------------------------------------------------------------------------


class Running:
    """A company in a process of its own."""

    def __init__(self, pid: int, began_s: float) -> None:
        self.pid = pid
        self.began = began_s


def process(module: str, *words: str) -> str:
    """What another process says until it ends."""
    return subprocess.run([sys.executable, "-m", module, *words], stdout=subprocess.PIPE, text=True, check=True).stdout


def work_as_company(port: int, volume: float) -> None:
    made = Company(port, headless=True, latency_ms=0.0, token=TOKEN, secret=SECRET, volume=volume)
    made.start()
    told("ready")
    threading.Event().wait()


def write_archives(volume: float, hours: int, folder: Path) -> None:
    """The files of those hours of the very same company, as they lie in the bucket."""
    world = World(SEED, Clock(None, 1.0), timedelta(hours=26), volume=volume)
    first, end = (round(1000 * each.timestamp()) for each in span(hours))
    segment, cloudfront = Segment(world), CloudFront(world)
    for begin in range(first, end, PIECE_MS):
        tracks = received(world, begin, min(begin + PIECE_MS, end))
        for hour in range(begin, min(begin + PIECE_MS, end), HOUR_MS):
            low, high = (int(each) for each in np.searchsorted(tracks.received, (hour, hour + HOUR_MS)))
            starts = range(low, high, LINES)
            keep(folder / segment.key(hour), (written(world, tracks[slice(at, min(at + LINES, high))]) for at in starts))
    for day in range(first // DAY_MS * DAY_MS, end, DAY_MS):
        for file in cloudfront.files(day, first, world.now_ms()):
            keep(folder / file.key, [file.text])


def keep(file: Path, texts: Iterable[bytes]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with igzip.open(file, "wb", 1) as out:  # type: ignore[no-untyped-call] # as it comes
        for text in texts:
            out.write(text)


@contextmanager
def company(port: int, volume: float) -> Iterator[Running]:
    start = time.monotonic()
    command = [sys.executable, "-m", "tests.bench.scale", "company", str(port), str(volume)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise SystemExit("the company did not start")
        yield Running(process.pid, start)
    finally:
        process.terminate()
        process.wait(20)


def settings(env: Mapping[str, str], folder: Path) -> Config:
    os.environ.update({name: value for name, value in env.items() if name.startswith("AWS_")})
    try:
        return read_settings(dict(env) | {"PAYBOT_CONFIG": str(folder / "paybot.toml")}, None)
    except BadInput as error:
        raise SystemExit(str(error)) from error


def memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()

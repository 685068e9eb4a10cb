"""`make scale`: what one process carries on this machine, and the day of a company that is a hundred times as large.

usage: python -m tests.bench.scale [VOLUME]          (100; everything in at most a quarter of an hour)
       python -m tests.bench.scale company PORT VOLUME          (the company alone, in a process of its own)
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
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
from sandbox.company import Company
from tests.bench.asking import Asker
from tests.stage import SECRET, TOKEN, environment, free_port

LONGEST_S = 840.0  # all of it
ASK_S = 150.0  # one question, whatever it waits for
DEADLINE = '[answers]\ndeadline = "1m"\nwaiting = 1000\nper_user = 1000\n[archives]\ncache_mb = 20000\n'
SPANS = ("1h", "24h")
RULES = (100, 1_000, 10_000)
TICKS = 5
COMMANDS, ASKING = 400, 16
ANSWERS, AT_ONCE = 120, 24
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

began = time.monotonic()


def main() -> None:
    if sys.argv[1:2] == ["company"]:
        work_as_company(int(sys.argv[2]), float(sys.argv[3]))
    else:
        volume = float(sys.argv[1]) if sys.argv[1:] else 100.0
        carried()
        with tempfile.TemporaryDirectory(prefix="paybot-scale-") as folder:
            crowded_day(volume, Path(folder))


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
        with served(env, bot_port, Path(folder)) as pid:
            told(f"Acknowledgements over HTTP, {ASKING} at once: {acknowledged(bot_port):.0f} a second")
            told(f"  memory of the process then: {memory_mb(pid):.0f} MB")
        told(f"Answers with their pictures, {AT_ONCE} at once, all different: {answered(env, Path(folder)):.1f} a second")


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


def crowded_day(volume: float, folder: Path) -> None:
    """Every section's answer over an hour and a day of a company so many times as large, in a process of its own each."""
    port = free_port()
    told(f"A day of {volume:g} times the sessions; seconds from the start of `paybot ask` to its end, the deadline is 60 s")
    with company(port, volume) as world:
        told(f"  made in {time.monotonic() - world.began:.0f} s; memory of the company {memory_mb(world.pid):.0f} MB")
        env = environment(f"http://127.0.0.1:{port}") | {"XDG_CACHE_HOME": str(folder / "cache")}
        (folder / "paybot.toml").write_text(DEADLINE)
        for span in SPANS:
            for name in SECTIONS:
                if time.monotonic() - began < LONGEST_S - ASK_S:
                    told(f"  {name:<9} {span:>3}: {asked(f'{name} {span}', env, folder)}")
                else:
                    told(f"  {name:<9} {span:>3}: not asked, the quarter of an hour is over")
        told(f"  what is kept of the archives: {size_mb(folder / 'cache'):.0f} MB")


def asked(question: str, env: Mapping[str, str], folder: Path) -> str:
    """How long the answer took, what it lacks, and the most memory that one of its processes had."""
    command = [sys.executable, "-m", "bot", "ask", question, "--json"]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, env={**os.environ, **env, "PAYBOT_CONFIG": str(folder / "paybot.toml")}, stdout=out)
        timer = threading.Timer(ASK_S, process.kill)
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    spent = time.perf_counter() - start
    if process.returncode not in (0, 1) or not said:
        return f"no answer in {spent:.0f} s (exit code {process.returncode})"
    answer = json.loads(said)
    gaps = "; ".join(f"{gap['source']} {gap['said']}" for gap in answer["gaps"]) or "nothing is missing"
    return f"{spent:>6.1f} s, of that sources and picture {answer['took_s']:>5.1f} s, {used.ru_maxrss / 1024:>5.0f} MB; {gaps}"


# --- processes ------------------------------------------------------------------------------------------------------------


class Running:
    """A company in a process of its own."""

    def __init__(self, pid: int, began_s: float) -> None:
        self.pid = pid
        self.began = began_s


def work_as_company(port: int, volume: float) -> None:
    made = Company(port, headless=True, latency_ms=0.0, token=TOKEN, secret=SECRET, volume=volume)
    made.start()
    told("ready")
    threading.Event().wait()


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


@contextmanager
def served(env: Mapping[str, str], port: int, folder: Path) -> Iterator[int]:
    """`paybot serve`, ready; its process's number."""
    (folder / "paybot.toml").write_text(DEADLINE)
    own = {"PAYBOT_BIND": f"127.0.0.1:{port}", "PAYBOT_CONFIG": str(folder / "paybot.toml"), "PAYBOT_LOG_LEVEL": "ERROR"}
    process = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env={**os.environ, **env, **own})
    try:
        until(lambda: status_of(f"http://127.0.0.1:{port}/readyz") == 200)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def settings(env: Mapping[str, str], folder: Path) -> Config:
    os.environ.update({name: value for name, value in env.items() if name.startswith("AWS_")})
    try:
        return read_settings(dict(env) | {"PAYBOT_CONFIG": str(folder / "paybot.toml")}, None)
    except BadInput as error:
        raise SystemExit(str(error)) from error


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def until(holds: Callable[[], bool], limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("something did not start")
        time.sleep(0.05)


def memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()

"""`paybot serve` as a process of its own, with what the kernel knows of it."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bot.slack.guard import signed
from tests.stage import SECRET

READY_S = 20.0
MARK = "STAGE_MARK"  # in the environment of the process and so of all its children


class Reply(NamedTuple):
    status: int
    text: str
    took_s: float


class Bot:
    """The process; `log` is the file that its stderr goes to."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path, mark: str) -> None:
        self.process = process
        self.port = port
        self._log = log
        self._mark = mark

    def hears(self, body: bytes, content_type: str = "application/x-www-form-urlencoded") -> Reply:
        """The answer to a request that Slack signed."""
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signed(body, timestamp, SECRET.encode()).decode(),
        }
        return self._request("POST", "/slack/events", body, headers)

    def get(self, path: str) -> Reply:
        return self._request("GET", path)

    def ready(self) -> bool:
        return self._well("/readyz")

    def listening(self) -> bool:
        return self._well("/healthz")

    def stops(self, limit_s: float = 15.0) -> tuple[int, float]:
        """The exit code after SIGTERM, and how many seconds it took."""
        start = time.monotonic()
        self.process.terminate()
        return self.process.wait(limit_s), time.monotonic() - start

    def log(self) -> str:
        """All it wrote to stderr."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def family(self) -> list[int]:
        """The process and all that it started, dead parents or not."""
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if self._marked(int(path.name))]

    def painters(self) -> list[int]:
        """The children that draw; multiprocessing's own tracker is none of them."""
        return [pid for pid in self.family() if pid != self.process.pid and b"spawn_main" in of(pid, "cmdline")]

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def files(self) -> int:
        """Open file descriptors."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def memory_mb(self) -> float:
        """Resident memory of the front process alone."""
        pages = int(of(self.process.pid, "statm").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def _well(self, path: str) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            return self.get(path).status == 200
        except OSError:
            return False

    def _marked(self, pid: int) -> bool:
        return f"{MARK}={self._mark}".encode() in of(pid, "environ").split(b"\0")

    def _request(self, verb: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        start = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(verb, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, answer.read().decode(), time.monotonic() - start)
        finally:
            connection.close()


def of(pid: int, name: str) -> bytes:
    """A file of /proc; empty where the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


@contextmanager
def started(port: int, env: Mapping[str, str], folder: Path, toml: str = "") -> Iterator[Bot]:
    """The process, perhaps not listening yet; whatever is left of it is killed at the end."""
    mark = secrets.token_hex(8)
    settings, log = folder / f"{mark}.toml", folder / f"{mark}.log"
    settings.write_text(toml)
    own = {"PAYBOT_BIND": f"127.0.0.1:{port}", "PAYBOT_CONFIG": str(settings), MARK: mark}
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "TMPDIR", "LANG"}}
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"], env={**inherited, **env, **own}, stderr=stderr, stdout=stderr
        )
    bot = Bot(process, port, log, mark)
    try:
        yield bot
    finally:
        for pid in bot.family():
            os.kill(pid, signal.SIGKILL)
        process.wait(5)


@contextmanager
def served(port: int, env: Mapping[str, str], folder: Path, toml: str = "") -> Iterator[Bot]:
    """The process, ready to answer."""
    with started(port, env, folder, toml) as bot:
        until(bot.ready, READY_S)
        yield bot


def until(holds: Callable[[], object], limit_s: float) -> None:
    """Returns as soon as it holds; fails when that takes longer than `limit_s`."""
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, f"did not come about in {limit_s:g} s"
        time.sleep(0.01)

"""`paybot serve` as a process of its own, for as long as something of it is measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def served(env: Mapping[str, str], port: int) -> Iterator[int]:
    """It is ready; gives its process's number."""
    with started(env, port) as pid:
        wait_for(f"http://127.0.0.1:{port}/readyz", 60)
        yield pid


@contextmanager
def started(env: Mapping[str, str], port: int) -> Iterator[int]:
    """With these settings besides those of this process; gives its number."""
    own = {"PAYBOT_BIND": f"127.0.0.1:{port}", "PAYBOT_LOG_LEVEL": "ERROR"}
    with subprocess.Popen([sys.executable, "-m", "bot", "serve"], env={**os.environ, **env, **own}) as bot:
        try:
            yield bot.pid
        finally:
            bot.terminate()


def wait_for(url: str, limit_s: float) -> float:
    """Seconds until the first 200."""
    start = time.perf_counter()
    while time.perf_counter() - start < limit_s:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.002)
        else:
            return time.perf_counter() - start
    raise SystemExit(f"no 200 from {url} in {limit_s:g} s")

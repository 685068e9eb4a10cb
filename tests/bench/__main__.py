"""`make bench`: the figures of this project beside their limits and peers, in one run on this machine.

usage: python -m tests.bench FOLDER_OF_THE_PEERS [FOLDER_OF_NODE_MODULES]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.faults import SLACK_MS
from sandbox.workspace.files import READY_AFTER_S
from tests.bench.asking import Asker
from tests.bench.processes import served, started
from tests.stage import SECRET, environment, free_port

ROOMY = "[answers]\nwaiting = 1000\nper_user = 1000\n"  # every command of a burst is to be drawn, none told "busy"
SOURCES_MS = 300
SAMPLES = 15


def main() -> None:
    peers = Path(sys.argv[1])

    def script(name: str, *words: str) -> None:
        run([sys.executable, str(peers / name), *words])

    heading("Charts")
    node = ["--node-modules", sys.argv[2]] if sys.argv[2:] else []
    script("render_peers.py", "--project", "tests.bench.charts:render", "--project-encoder", "tests.bench.charts:encode", *node)
    heading("Sources")
    script("datadog_parse.py", "--project", "tests.bench.sources:datadog_v2")
    script("es_parse.py", "--project", "tests.bench.sources:elastic")
    heading("Archives")
    with tempfile.TemporaryDirectory(prefix="paybot-bench-") as logs:
        many = ("--files", "24", "--lines", "200000", "--logs", logs)
        script("log_scan.py", "--project", "tests.bench.archives:edges", *many)
        run([sys.executable, "-m", "tests.bench.archives", logs])
    heading("Alert rules")
    script("rules.py", "--project", "tests.bench.rules_tick:rules")
    run([sys.executable, "-m", "tests.bench.rules_tick"])
    heading(f"The overview, sources that take {SOURCES_MS} ms")
    with staged(SOURCES_MS) as (env, _):
        run([sys.executable, "-m", "tests.bench.overview"], env=env)
    heading("Start and rest")
    with staged(0) as (env, port):
        run([sys.executable, str(peers / "start.py"), "--", sys.executable, "-m", "bot", "serve"], env=env)
        first_acknowledgement(env, port)
    heading(f"From command to message, sources that take {SOURCES_MS} ms")
    with staged(SOURCES_MS) as (env, port), warmed(env, port):
        command_to_message(env["SLACK_API_URL"], port)
    heading(f"Bursts in which every command draws, sources that take {SOURCES_MS} ms")
    with staged(SOURCES_MS) as (env, port), warmed(env, port):
        url = f"http://127.0.0.1:{port}/slack/events"
        script("ack_burst.py", "--peer", "--url", url, "--secret", SECRET, "--text", "checkout 1{n}m", "--channel", home(env))
    print("\nGoals in lines that begin with G are those of the peers' own README; those of this project stand in its documents.")


def heading(title: str) -> None:
    print(f"\n# {title}\n", flush=True)


def run(command: list[str], env: dict[str, str] | None = None) -> None:
    subprocess.run(command, check=False, env=env)


def home(env: dict[str, str]) -> str:
    return env["PAYBOT_HOME_CHANNEL"]


@contextmanager
def staged(latency_ms: float) -> Iterator[tuple[dict[str, str], int]]:
    """A stage, the environment for `paybot serve`, and the port at which the stage expects it."""
    port, bot_port = free_port(), free_port()
    roomy = Path(os.environ.get("TMPDIR", "/tmp"), f"paybot-bench-{os.getpid()}.toml")
    roomy.write_text(ROOMY)
    command = [sys.executable, "-m", "tests.stage", str(port), str(bot_port), str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stage:
        try:
            if not stage.stdout or stage.stdout.readline().strip() != "ready":
                raise SystemExit("the stage did not start")
            extra = {"PAYBOT_CONFIG": str(roomy), "PAYBOT_LOG_LEVEL": "ERROR"}
            yield {**os.environ, **environment(f"http://127.0.0.1:{port}"), **extra}, bot_port
        finally:
            stage.kill()
            roomy.unlink(missing_ok=True)


@contextmanager
def warmed(env: dict[str, str], port: int) -> Iterator[None]:
    """`paybot serve`, warm."""
    with served(env, port):
        time.sleep(4)  # its children import matplotlib meanwhile
        yield


def first_acknowledgement(env: dict[str, str], port: int) -> None:
    """Process start to the first slash command that is acknowledged (it waits while Bolt is being loaded)."""
    asker = Asker(f"http://127.0.0.1:{port}/slack/events", home(env))
    took: list[float] = []
    for _ in range(7):
        start = time.perf_counter()
        with started(env, port):
            while not asker.acknowledged("help"):
                time.sleep(0.002)
            took.append(1e3 * (time.perf_counter() - start))
        time.sleep(1)
    print(f"\nprocess start to the first acknowledged command: median {statistics.median(took):.0f} ms of {len(took)} starts")


def command_to_message(api_url: str, port: int) -> None:
    """A signed command sent, its answer with picture and table standing in the channel: seconds, one at a time."""
    asker = Asker(f"http://127.0.0.1:{port}/slack/events", "C0COMMERCE1", api_url)
    took = sorted(asker.answered(f"checkout {60 + number}m") for number in range(SAMPLES + 1))[:-1]
    print(f"Its Slack takes {SLACK_MS:g} ms for each of six calls and {1e3 * READY_AFTER_S:g} ms to look a picture over.")
    print(f"p50 {1e3 * statistics.median(took):.0f} ms, slowest {1e3 * took[-1]:.0f} ms of {SAMPLES}; the worst is left out")


if __name__ == "__main__":
    main()

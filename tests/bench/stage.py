"""The sandbox without its bot, in a process of its own, so that `paybot serve` can be measured alone.

usage: python -m tests.bench.stage PORT BOT_PORT LATENCY_MS     (prints "ready" once everything answers)
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack

from sandbox import datadog, elastic
from sandbox.company import Company
from sandbox.workspace.cast import HOME

TOKEN, SECRET = "xoxb-bench", "bench-signing-secret"


class Stage(Company):
    """A company whose bot runs elsewhere, at a port of this machine that is known beforehand."""

    def __init__(self, port: int, bot_port: int, latency_ms: float) -> None:
        super().__init__(port, headless=True, latency_ms=latency_ms, token=TOKEN, secret=SECRET)
        self._bot_port = bot_port

    def _start_bot(self, stack: ExitStack) -> int:
        return self._bot_port


def environment(port: int) -> dict[str, str]:
    """What `paybot serve` needs to work for the stage at this port."""
    base = f"http://127.0.0.1:{port}"
    return {
        "SLACK_API_URL": f"{base}/slack/api/",
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "PAYBOT_HOME_CHANNEL": HOME.id,
        "DATADOG_HOST": f"{base}/datadog",
        "DD_API_KEY": datadog.API_KEY,
        "DD_APP_KEY": datadog.APP_KEY,
        "ELASTICSEARCH_URL": f"{base}/elastic",
        "ELASTICSEARCH_API_KEY": elastic.API_KEY,
    }


def main() -> None:
    port, bot_port, latency_ms = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    stage = Stage(port, bot_port, latency_ms)
    stage.start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()

"""The sandbox without its bot, so that `paybot serve` can be measured and tested as the process that it is.

usage: python -m tests.stage PORT BOT_PORT LATENCY_MS     (prints "ready" once everything answers)
"""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from sandbox import aws, datadog, elastic, opsgenie, pagerduty
from sandbox.company import Company
from sandbox.workspace.cast import HOME

TOKEN, SECRET = "xoxb-stage-7f3c5a1e", "stage-signing-secret"
TURN_S = 5.0
CACHE = tempfile.TemporaryDirectory(prefix="paybot-stage-")  # goes with this process

T = TypeVar("T")


class Stage(Company):
    """A company whose bot runs elsewhere, at a port of this machine that is known beforehand."""

    def __init__(self, port: int, bot_port: int, latency_ms: float = 0.0) -> None:
        super().__init__(port, headless=True, latency_ms=latency_ms, token=TOKEN, secret=SECRET, replicas=0)
        self.bot_port = bot_port

    def start(self) -> None:
        """As any company, which knows its bot by its address alone."""
        super().start()
        self._found((f"http://127.0.0.1:{self.bot_port}",))

    def inside(self, act: Callable[[], T]) -> T:
        """What `act` gives in the thread that serves, the only one that may look at the workspace."""
        found: Future[T] = Future()
        self.serving.call(lambda: found.set_result(act()))
        return found.result(TURN_S)


def environment(url: str) -> dict[str, str]:
    """What `paybot serve` needs to work for the stage at this address."""
    return {
        "SLACK_API_URL": f"{url}/slack/api/",
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "PAYBOT_HOME_CHANNEL": HOME.id,
        "DATADOG_HOST": f"{url}/datadog",
        "DD_API_KEY": datadog.API_KEY,
        "DD_APP_KEY": datadog.APP_KEY,
        "ELASTICSEARCH_URL": f"{url}/elastic",
        "ELASTICSEARCH_API_KEY": elastic.API_KEY,
        "AWS_REGION": aws.REGION,
        "AWS_ENDPOINT_URL": f"{url}{aws.PATH}",
        "AWS_ACCESS_KEY_ID": aws.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": aws.SECRET_KEY,
        "PAYBOT_EVENT_BUS": aws.BUS,
        "PAYBOT_EVENT_LOG_GROUP": aws.EVENT_LOG_GROUP,
        "PAYBOT_CLOUDFRONT_LOGS": aws.CLOUDFRONT,
        "PAYBOT_SEGMENT_ARCHIVE": aws.SEGMENT,
        "PAGERDUTY_API_KEY": pagerduty.API_KEY,
        "PAGERDUTY_API_URL": f"{url}/pagerduty",
        "PAGERDUTY_ROUTING_KEY": pagerduty.ROUTING_KEY,
        "PAGERDUTY_EVENTS_URL": f"{url}/pagerduty",
        "PAGERDUTY_WEBHOOK_SECRET": SECRET,
        "OPSGENIE_API_KEY": opsgenie.API_KEY,
        "OPSGENIE_API_URL": f"{url}/opsgenie",
        "XDG_CACHE_HOME": CACHE.name,
        "DATABASE_URL": f"sqlite:///{tempfile.mkdtemp(dir=CACHE.name)}/paybot.db",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    port, bot_port, latency_ms = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    stage = Stage(port, bot_port, latency_ms)
    stage.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()

"""A source that hangs or trickles costs its own numbers, a bounded time, and no thread."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.promises.people import People, shows
from tests.promises.serving import Bot, served, until
from tests.stage import Stage, environment

DEADLINE_S = 1
ENDLESS = (
    b"HTTP/1.1 200 OK\r\nX-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
)


@contextmanager
def silent(sends: bytes, then: bytes) -> Iterator[str]:
    """The address of a server that takes connections, sends `sends`, then `then` ten times a second, and never ends."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def hold(line: socket.socket) -> None:
        with line, contextlib.suppress(OSError):
            line.sendall(sends)
            while not over.wait(0.1):
                line.sendall(then)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=hold, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()


@pytest.mark.parametrize("then", [b"", b" "], ids=["hangs", "trickles"])
@pytest.mark.parametrize("source", ["ELASTICSEARCH_URL", "DATADOG_HOST"])
def test_a_hung_source_is_a_gap_in_time(source: str, then: bytes, stage: Stage, people: People, tmp_path: Path) -> None:
    """Each answer comes within the deadline and 3 s with its gap; after several the bot has as many threads as after two."""
    with (
        silent(ENDLESS if then else b"", then) as address,
        served(
            stage.bot_port, environment(stage.url) | {source: address}, tmp_path, f'[answers]\ndeadline = "{DEADLINE_S}s"'
        ) as bot,
    ):
        took = [answered_in_s(bot, people, f"checkout {number}h") for number in (2, 3)]
        threads = bot.threads()
        took += [answered_in_s(bot, people, f"checkout {number}h") for number in (4, 5)]
        assert max(took) < DEADLINE_S + 3
        assert all(shows(answer, "did not answer in") for answer in people.answers())
        assert bot.threads() <= threads + 4
        assert bot.hears(people.command("help")).took_s < 1


def answered_in_s(bot: Bot, people: People, text: str) -> float:
    """Seconds until the command's answer stands in the channel."""
    before, start = len(people.answers()), time.monotonic()
    assert bot.hears(people.command(text)).status == 200
    until(lambda: len(people.answers()) > before, 10)
    return time.monotonic() - start

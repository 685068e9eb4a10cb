"""Another process with the store. It says "ready" (or why not) and then does nothing more until it is killed.

usage: python -m tests.store.child DATABASE_URL open | half | on
open: has it open · half: is in the middle of a transaction · on: writes one transaction after another, each told once it is there
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bot.ports import StoreError
from bot.store import alerts, outbox
from bot.store.database import Database
from tests.store.values import an_intent, plain


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The process, once it has said its first line; killed at the end, as the kernel does it."""
    command = [sys.executable, "-m", "tests.store.child", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def main(url: str, act: str) -> None:
    database = Database(url)
    try:
        database.open()
    except StoreError as error:
        say(error.said)
        return
    if act == "half":
        with database.begin() as conn:
            alerts.add_episode(conn, plain("half"))
            outbox.add(conn, [replace(an_intent("half"), payload={"text": "x" * 1_000_000})])  # more than stays in memory
            say("ready")
            sys.stdin.read()
    say("ready")
    number = 0
    while act == "on":
        number += 1
        with database.begin() as conn:
            alerts.add_episode(conn, plain(f"e{number}"))
            outbox.add(conn, [an_intent(f"e{number}")])
        say(str(number))
    sys.stdin.read()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

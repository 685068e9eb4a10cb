"""The bots that work for the company: one in this process, and where two share a PostgreSQL another in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Protocol

from bot.app import Bot, build
from bot.config import Config
from bot.inbox import Inbox
from bot.ports import StoreError
from bot.slack.guard import Guard
from bot.slack.server import Front, Server
from sandbox.clock import Clock, Course
from sandbox.serving import ADDRESS

LOOK_S = 0.1  # the clock may run so fast that a minute is over in that time
WARMING_S = 30.0  # a newcomer's first question shows what the bot is like when it is warm
STARTING_S = 60.0
REHEARSED_S, MOST_REHEARSALS = 6.0, 3  # what takes longer to answer has not been read yet
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Work:
    """What a bot needs to know; `secret` signs what it hears of Slack."""

    config: Config
    secret: str = field(repr=False)


class Replica(Protocol):
    """A bot that can be stopped and started again."""

    ends: str  # how it is stopped, in words
    url: str  # "" while it is stopped

    @property
    def pid(self) -> int:
        """Its process's number, 0 while it is stopped."""
        ...

    def start(self) -> None:
        """Returns once it can be asked."""
        ...

    def stop(self) -> None: ...


class Here:
    """The bot in this process, as `paybot serve` starts it."""

    ends = "It is told to end, as by SIGTERM."

    def __init__(self, work: Work, now: Callable[[], datetime]) -> None:
        self._work = work
        self._now = now
        self._running: tuple[Server, Bot] | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """This process's number, 0 while it is stopped."""
        return os.getpid() if self.url else 0

    def start(self) -> None:
        """Returns once its first answer waits for nothing but the sources."""
        front = Front(Guard(self._work.secret, Inbox(), lambda: self._now().timestamp()))
        server = Server(front, ADDRESS, 0)
        server.start()
        bot = build(self._work.config, now=self._now, look_s=LOOK_S)
        self._running = server, bot
        bot.start(front)
        bot.warmed.wait(WARMING_S)
        self.url = f"http://{ADDRESS}:{server.port}"

    def stop(self) -> None:
        if self._running:
            self.url = ""
            server, bot = self._running
            self._running = None
            bot.stop()
            server.stop()

    def post_standup(self) -> str:
        """Has today's stand-up digest posted; "" where it will be, else why not."""
        standup = self._running[1].standup if self._running else None
        try:
            return standup.post() if standup else "this paybot is stopped"
        except StoreError as error:
            return error.said

    def rehearse_standup(self) -> None:
        """Asks what a stand-up asks, and forgets the answers: archives that nobody has asked yet are read."""
        standup = self._running[1].standup if self._running else None
        if not standup:
            return
        for _ in range(MOST_REHEARSALS):
            began = time.monotonic()
            standup.preview(self._work.config.timezone)
            if time.monotonic() - began < REHEARSED_S:
                break


class Apart:
    """A bot in a process of its own, on the same clock. It ends with this process, however that ends."""

    ends = "Its process is killed, as by kill -9."

    def __init__(self, work: Work, clock: Clock) -> None:
        self._work = work
        self._clock = clock
        self._running: tuple[SpawnProcess, Connection] | None = None
        self.url = ""
        clock.on_change(self._follow)

    @property
    def pid(self) -> int:
        """The process's number, 0 while it is stopped."""
        return (self._running and self._running[0].pid) or 0

    def start(self) -> None:
        """Returns once its first answer waits for nothing but the sources. Raises OSError where it does not come up."""
        mouth, ear = SPAWN.Pipe()
        process = SPAWN.Process(target=apart, args=(ear, self._work, self._clock.course), name="paybot 2")
        process.start()
        ear.close()
        self._running = process, mouth
        self._follow(self._clock.course)
        try:
            self.url = mouth.recv() if mouth.poll(STARTING_S) else ""
        except EOFError:  # it has ended
            self.url = ""
        if not self.url:
            self.stop()
            raise OSError("the second paybot did not start")

    def stop(self) -> None:
        running, self._running, self.url = self._running, None, ""
        if running:
            process, mouth = running
            process.kill()
            process.join()
            mouth.close()

    def _follow(self, course: Course) -> None:
        if self._running:
            with suppress(OSError):  # it has ended: whoever stops it finds out
                self._running[1].send(course)


def apart(ear: Connection, work: Work, course: Course) -> None:
    """The second bot's whole process: it says its address, and ends when nobody speaks to it any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sandbox, which ends this process
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")
    clock = Clock()
    clock.follow(course)
    bot = Here(work, clock.now)
    bot.start()
    ear.send(bot.url)
    with suppress(EOFError):
        while True:
            clock.follow(ear.recv())
    os._exit(0)  # nobody is left who would see a clean end


class Bots:
    """One bot or two, or none where it runs elsewhere; `found` hears the addresses of those that can be asked."""

    def __init__(self, work: Work, clock: Clock, many: int, found: Callable[[Sequence[str]], None]) -> None:
        self._here = Here(work, clock.now)
        self._all: Sequence[Replica] = (self._here, Apart(work, clock))[:many]
        self._found = found
        self._lock = threading.Lock()

    def start(self) -> None:
        """Raises OSError where one does not come up."""
        with ThreadPoolExecutor(max(1, len(self._all))) as threads:
            for _ in threads.map(lambda each: each.start(), self._all):
                pass
        self._tell()

    def stop(self) -> None:
        for each in self._all:
            each.stop()

    def turn(self, number: int, on: bool) -> None:
        """Starts or stops the first or the second. Raises KeyError for another, OSError where it does not come up."""
        if not 1 <= number <= len(self._all):
            raise KeyError(number)
        with self._lock:
            each = self._all[number - 1]
            if on and not each.url:
                each.start()
            elif not on and each.url:
                self._found(tuple(other.url for other in self._all if other.url and other is not each))
                each.stop()
            self._tell()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes in which they work, 0 for one that is stopped."""
        return tuple(each.pid for each in self._all)

    def state(self) -> list[dict[str, Any]]:
        """Each one as the page shows it."""
        return [
            {"number": number, "title": f"paybot {number}", "on": bool(each.url), "ends": each.ends}
            for number, each in enumerate(self._all, 1)
        ]

    def post_standup(self) -> str:
        """Has today's stand-up digest posted; "" where it will be, else why not."""
        return self._here.post_standup()

    def rehearse_standup(self) -> None:
        """Asks what a stand-up asks, so that what is slow to read has been read when it is due."""
        self._here.rehearse_standup()

    def _tell(self) -> None:
        self._found(tuple(each.url for each in self._all if each.url))

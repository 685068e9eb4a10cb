"""Three processes, each with its own way to the database, and everything that befalls them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from tests.replicas.child import Orders
from tests.replicas.proxy import Proxy, proxies

READY_S = 60.0
HELD = (
    "SELECT lease.name, lease.owner FROM lease JOIN replica USING (owner) "
    "WHERE lease.until > extract(epoch FROM clock_timestamp()) * 1000000"
)
DONE = "SELECT finished FROM tick WHERE finished IS NOT NULL ORDER BY 1"


@dataclass
class Replica:
    """One place in which a process runs, another one after each kill."""

    proxy: Proxy
    orders: Orders
    process: subprocess.Popen[str] | None = None
    stands_still: bool = False

    @property
    def owner(self) -> str:
        return f"process {self.process.pid}" if self.process else ""

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.replicas.child", self.orders.text()]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.stands_still = False

    def says(self, word: str) -> bool:
        """Waits for its next line; whether that is the word."""
        assert self.process
        assert self.process.stdout
        return self.process.stdout.readline().strip() == word

    def rest_of_words(self) -> str:
        """All that it has said until it ended."""
        assert self.process
        assert self.process.stdout
        return self.process.stdout.read()

    def kill(self) -> None:
        """As the kernel does, standing still or not."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def halt(self) -> None:
        """As a machine that stands still."""
        if self.process:
            self.process.send_signal(signal.SIGSTOP)
            self.stands_still = True

    def go_on(self) -> None:
        if self.process and self.stands_still:
            self.process.send_signal(signal.SIGCONT)
        self.stands_still = False


@dataclass(frozen=True)
class Hit:
    """What befell whom, when; and what it held then."""

    what: str
    at: float
    held: tuple[str, ...] = ()


@dataclass
class Fleet:
    """`url` leads to the database itself, for the test's own eyes."""

    url: str
    replicas: Sequence[Replica]
    hits: list[Hit] = field(default_factory=list)

    def start(self) -> None:
        for each in self.replicas:
            each.start()

    def held(self) -> Mapping[str, str]:
        """Who holds what."""
        return dict(self.rows(HELD))

    def holder(self, name: str) -> Replica | None:
        owner = self.held().get(name)
        return next((each for each in self.replicas if each.owner == owner), None)

    def rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as conn:
            return list(conn.execute(query).fetchall())

    def hit(self, what: str, replica: Replica) -> None:
        """Kills it and starts another in its place, or lets it stand still."""
        held = tuple(name for name, owner in self.held().items() if owner == replica.owner)
        at = time.time()
        if what == "kill":
            replica.kill()
            replica.start()
        else:
            replica.halt()
        self.hits.append(Hit(what, at, held))

    def note(self, what: str) -> None:
        """Something befell them that is no one process's."""
        self.hits.append(Hit(what, time.time()))

    def rest(self) -> None:
        """All ways open, all processes running."""
        for each in self.replicas:
            each.proxy.heal()
            each.go_on()
            if each.process is None or each.process.poll() is not None:
                each.start()

    def lives(self) -> int:
        return len(self.rows("SELECT owner FROM replica WHERE seen > (extract(epoch FROM clock_timestamp()) - 10) * 1000000"))

    def ticked(self) -> list[float]:
        """When ticks were done."""
        return [row[0] / 1e6 for row in self.rows(DONE)]


@contextmanager
def fleet(url: str, orders: Orders, many: int = 3) -> Iterator[Fleet]:
    """So many processes that are started with `start`; all are killed in the end."""
    place = make_url(url)
    assert place.port
    with proxies(place.port, many) as ways:
        urls = [place.set(port=each.port).render_as_string(hide_password=False) for each in ways]
        made = Fleet(url, [Replica(each, replace(orders, database=own)) for each, own in zip(ways, urls, strict=True)])
        try:
            yield made
        finally:
            for each in made.replicas:
                with suppress(OSError):
                    each.kill()


def ready(made: Fleet, limit_s: float = READY_S) -> None:
    """Waits until every process is there for the others."""
    deadline = time.monotonic() + limit_s
    while True:
        with suppress(psycopg.errors.UndefinedTable):
            if made.lives() >= len(made.replicas):
                return
        assert time.monotonic() < deadline, "the processes did not come up"
        time.sleep(0.1)

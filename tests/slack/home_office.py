"""App Home with everything around it as lists: what Slack was told, what the store has, and a clock that is a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.answer import Answer
from bot.people import Change, People, Settings
from bot.ports import StoreError
from bot.slack.heard import Opened, Place, Press
from bot.slack.home import Home
from bot.slack.home_board import Board
from bot.slack.messages import Message
from bot.slack.refusals import refusal
from bot.slack.tables import section
from bot.work import Job
from charts.data import Column, Table
from charts.spec import Chart, Picture
from commands.args import Ask, BadInput
from commands.panel import Data, Gap, TitledTable
from tests.fakes import NOW, PNG, window

DANA, TEAM = "U0DANA", "T0SHOP"
PASSING = ("ratelimited", "timeout")
ROWS = (
    ("checkout", "⚠ look", "success rate: 96.1 %", "lowest 92.5 % at 11:44", "Backend"),
    ("receipts", "✓ well", "render time, p95: 1,404 ms", "–", "Docs"),
    ("retries", "–", "success: 97.0 % of 329", "–", "Backend"),
    ("window", "no data", "no data: Elasticsearch did not answer in 8 s", "–", "Product"),
    ("alerts", "⚠ look", "1 open: 1 critical", "oldest since 13:48", "each alert's own"),
)


def overview(zone: str = "UTC", *, drawable: bool = True, gaps: tuple[Gap, ...] = ()) -> Answer:
    """What a `/pay overview` answers: rows, levels on call, and a picture that is not drawn yet."""
    asked = Ask("overview", window(6, zone=zone), "prod")
    columns = tuple(Column(name) for name in ("Section", "State", "Now", "Change", "Owner"))
    levels = Table((Column("Level"), Column("Person")), ((1, "Dana Weber"), (2, "Mei Tan")))
    start, end = asked.window.start.timestamp(), asked.window.end.timestamp()
    return Answer(
        ask=asked,
        title="Overview",
        owner="each section's own",
        headline="Checkout needs a look.",
        reference="0badcafe",
        picture=Picture("Overview", (Chart("Checkout"),), start, end, zone, "") if drawable else None,
        alt="six curves",
        tables=(TitledTable("Sections", Table(columns, ROWS)), TitledTable("On call", levels)),
        gaps=gaps,
    )


@dataclass
class FakeAsks:
    """Keeps what was asked and told; fails with `bug` where one is given."""

    bug: Exception | None = None
    asked: list[Ask] = field(default_factory=list)
    told_in: list[str] = field(default_factory=list)
    drawn: list[tuple[str, str]] = field(default_factory=list)

    def found(self, ask: Ask) -> Data:
        self.asked.append(ask)
        if self.bug:
            raise self.bug
        return Data()

    def told(self, ask: Ask, data: Data) -> Answer:
        self.told_in.append(ask.window.zone)
        return overview(ask.window.zone)

    def themed(self, answer: Answer, theme: str) -> Answer:
        self.drawn.append((answer.ask.window.zone, theme))
        return replace(answer, image=PNG)


@dataclass
class FakeSlack:
    """Keeps what was published for whom; refuses with codes, one after the other."""

    refuses: list[str] = field(default_factory=list)
    strange: str = ""
    zones: dict[str, str] = field(default_factory=lambda: {DANA: "Europe/Berlin"})
    published: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    upload_refused: str = ""

    def publish(self, user: str, view: Mapping[str, Any]) -> None:
        self.published.append((user, view))
        if self.refuses and (code := self.refuses.pop(0)):
            raise refusal(code, retriable=code in PASSING)

    def stranger(self, user: str, team: str) -> str:
        return self.strange

    def zone(self, user: str) -> str | None:
        return self.zones.get(user)

    def upload(self, png: bytes, filename: str, title: str, alt: str) -> str:
        if self.upload_refused:
            raise refusal(self.upload_refused)
        self.uploads.append(filename)
        return f"F{len(self.uploads):08}"

    def texts(self, place: int = -1) -> str:
        return json.dumps(self.published[place][1], ensure_ascii=False).replace("\u00a0", " ")

    def kinds(self, place: int = -1) -> list[str]:
        return [block["type"] for block in self.published[place][1]["blocks"]]


@dataclass
class FakeAlerts:
    """What is open, in words; away when told so."""

    words: str = "No alert is open."
    version: int = 1
    away: bool = False
    bug: Exception | None = None
    zones: list[str] = field(default_factory=list)

    def message(self, zone: str) -> Message:
        self.zones.append(zone)
        if self.bug:
            raise self.bug
        if self.away:
            raise BadInput("Alerts cannot be listed now: the store is away.")
        return Message(self.words, (section(self.words),))

    def standing(self) -> object:
        if self.away:
            raise StoreError("is away", retriable=True)
        return self.version


@dataclass
class FakeRows:
    """The store's rows in a dict; away when told so."""

    kept: dict[tuple[str, str], Settings] = field(default_factory=dict)
    away: bool = False
    loads: int = 0

    def load(self, team: str, user: str) -> Settings:
        self.loads += 1
        if self.away:
            raise StoreError("the store is away", retriable=True)
        return self.kept.get((team, user), Settings())

    def change(self, team: str, user: str, change: Change) -> Settings:
        self.kept[team, user] = changed = change(self.load(team, user))
        return changed


@dataclass
class DirectWork:
    """Does each job at once; full, or only keeps them, when told so."""

    full: bool = False
    keeps: bool = False
    kept: list[Job] = field(default_factory=list)

    def submit(self, user: str, job: Job) -> bool:
        if self.full:
            return False
        if self.keeps:
            self.kept.append(job)
        else:
            job()
        return True

    def stop(self, timeout_s: float) -> bool:
        return True


@dataclass
class HomeOffice:
    """Home and its surroundings; `seconds` and `now` move by hand."""

    slack: FakeSlack = field(default_factory=FakeSlack)
    alerts: FakeAlerts = field(default_factory=FakeAlerts)
    asks: FakeAsks = field(default_factory=FakeAsks)
    rows: FakeRows = field(default_factory=FakeRows)
    work: DirectWork = field(default_factory=DirectWork)
    asking: DirectWork = field(default_factory=DirectWork)
    seconds: float = 1_000.0
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.people = People(self.rows, lambda: self.seconds)
        self.board = Board(self.asks, lambda: overview().ask, self.slack, self.asking, lambda: self.now)
        usual = ("UTC", "light")
        self.home = Home(self.slack, self.alerts, self.board, self.people, self.work, lambda: self.seconds, usual)

    def open(self, user: str = DANA) -> None:
        self.home.opened(Opened(user, TEAM))

    def press(self, action: str, value: str = "", user: str = DANA, team: str = TEAM) -> None:
        self.home.press(Press(action, value, user, team, Place(""), "", ""))

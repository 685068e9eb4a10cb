"""A stand-up with everything real but the numbers and Slack: SQLite, the runner, the outbox, and a Slack on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.alerts.episode import Episode
from bot.alerts.outbox import Dispatcher
from bot.answer import Answer
from bot.config import Slack
from bot.digest.book import Book
from bot.digest.content import Alert, Content, Note, Row, Shown
from bot.digest.maker import Maker, Standing
from bot.digest.runner import Digests
from bot.digest.takes import Takes
from bot.slack.alert_posting import AlertPosting
from bot.slack.alert_remote import Book as Alerts
from bot.slack.alert_remote import Forms, Ways
from bot.slack.delivery import Delivery
from bot.slack.digest_desk import DigestDesk
from bot.slack.digest_remote import SlackDigests
from bot.slack.digest_value import action_of, take_value
from bot.slack.heard import Place, Press
from bot.slack.roles import Roles
from bot.store import alerts, digests, tables
from bot.store.database import Database
from bot.store.digests import Concern
from charts.data import Column, Table
from commands import digest as asking
from commands.args import Ask
from commands.panel import Gap, Section, TitledTable
from tests.digest.test_calendar import plan
from tests.slack.alert_office import SECRET, DirectLane, Told
from tests.slack.fake_slack import FakeSlack
from tests.slack.test_alert_message import HOW, RATE

FRIDAY, MONDAY, TUESDAY = date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24)
MORNING = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)  # 09:15 in Berlin
NAMES = {"U0DANA": "Dana Weber", "U0MIRA": "Mira Holm"}
LISTS = (asking.BUDGET, asking.OVERRIDES, asking.SCHEMA, asking.BACKLOG, asking.DEAD)
PEOPLE = Table(
    tuple(Column(name) for name in ("Level", "Person", "Until", "Schedule")),
    ((1.0, "Mira Holm", MORNING.timestamp() + 36_000, "Payments"),),
)
CALM: Mapping[str, str] = {
    asking.BUDGET: "62 % of the budget of 30 days left",
    asking.OVERRIDES: "no override to review",
    asking.SCHEMA: "every event keeps to the tracking plan",
    asking.BACKLOG: "nothing waits in the queue",
    asking.DEAD: "no dead letter",
}


def name_of(who: str) -> str:
    return NAMES.get(who, who)


def row(name: str = "checkout", state: str = "good", **more: str) -> Row:
    return Row(name=name, state=state, **{"number": "success rate: 98.2 %", "owner": "Commerce Backend", **more})


def note(name: str, state: str = "good", said: str = "", *lines: str, owner: str = "") -> Note:
    return Note(name=name, state=state, said=said or CALM[name], owner=owner, lines=lines)


def content(**changed: Any) -> Content:
    """A quiet Monday's digest, but for what is changed."""
    values: dict[str, Any] = {
        "day": MONDAY,
        "start": MORNING - timedelta(days=3),
        "end": MORNING,
        "zone": "Europe/Berlin",
        "env": "prod",
        "compared": "last week",
        "rows": tuple(row(name) for name in ("checkout", "window", "retries")),
        "notes": tuple(note(name) for name in LISTS),
        "many_alerts": 0,
        "people": "Mira Holm until Mon 23 Nov 19:15",
    }
    return Content(**values | changed)


def shown(*concerns: Concern, **changed: Any) -> Shown:
    return Shown(content=content(**changed), concerns=concerns)


def concern(name: str, since: date = MONDAY, **changed: Any) -> Concern:
    return Concern(name=name, since=since, title=name.capitalize(), **changed)


def alert(title: str = "Checkout success rate", **changed: Any) -> Alert:
    values: dict[str, Any] = {"title": title, "series": "prod", "severity": "critical", "since": MORNING - timedelta(hours=5)}
    return Alert(**values | changed)


def episode(number: int = 1, **changed: Any) -> Episode:
    return replace(RATE, **{"id": f"{number:016x}", "number": number, "env": "prod", **changed})


@dataclass
class Numbers:
    """Implements `bot.digest.maker.Answers`: states by name are what a test sets, all else is well."""

    states: dict[str, str] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    image: bytes | None = b"\x89PNG"
    asked: list[Ask] = field(default_factory=list)

    def answer(self, ask: Ask, section: Section | None = None) -> Answer:
        assert section
        self.asked.append(ask)
        columns = tuple(Column(title) for title in ("Section", "State", "Now", "Change", "Owner", "Meanwhile"))
        rows = tuple(
            (name, self.states.get(name, "good"), "number", "the same as last week", "Owner", "")
            for name in ("checkout", "window")
        )
        tables = (TitledTable(asking.ROWS, Table(columns, rows)), *map(self._list, LISTS), TitledTable(asking.PEOPLE, PEOPLE))
        return Answer(ask, "Stand-up", "", "said", "0a1b2c3d", image=self.image, alt="lines", tables=tables, gaps=self.gaps)

    def _list(self, name: str) -> TitledTable:
        columns = tuple(Column(title) for title in ("State", "Says", "Owner"))
        return TitledTable(name, Table(columns, ((self.states.get(name, "good"), CALM[name], "Owner"), ("", "a line", ""))))


class Killed(BaseException):
    """What nothing catches, as nothing catches a kill."""


@dataclass
class Everybody:
    """Implements `bot.slack.roles.Directory`: a full member each, unless told otherwise."""

    people: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def person(self, user: str) -> Mapping[str, Any]:
        return {"id": user, "team_id": "T0SHOP", "real_name": NAMES.get(user, user), **self.people.get(user, {})}

    def members(self, group: str) -> tuple[str, ...]:
        return ()


class Morning:
    """The stand-up of a company; `process` is another process of the bot, as far as rows and Slack can tell."""

    def __init__(self, folder: Path, slack: FakeSlack | None = None) -> None:
        self.now = MORNING - timedelta(days=3, hours=1)
        self.database = Database(f"sqlite:///{folder}/standup.db", lambda: self.now)
        self.database.open()
        self.numbers = Numbers()
        self.slack = slack
        self.told = Told()
        self.directory = Everybody()
        self.kill_at = ""
        self.number = 0
        self.book = Book(self.database, "prod", lambda: self.now)
        self.roles = Roles(self.directory, None, lambda: "T0SHOP")
        self.takes = Takes(self.database, self.roles, "stand-up", lambda: None, lambda: self.now)
        self.desk = DigestDesk(self.takes, SECRET, DirectLane(), self.told)

    def failpoint(self, name: str) -> None:
        if name == self.kill_at:
            self.kill_at = ""
            raise Killed

    def process(self) -> tuple[Digests, Dispatcher]:
        self.number += 1
        owner = f"p{self.number}"
        delivery = self._delivery()
        known = Alerts(
            episode_of=lambda own: None, bundle_of=lambda own: (), placed=lambda *each: None, charted=lambda *each: None
        )
        forms = Forms(how=HOW, now=lambda: self.now)
        assert self.slack
        ways = Ways(channel="C1", fallback="CHOME", seconds=self.slack.clock.now, sleep=self.slack.clock.sleep)
        remote = SlackDigests(delivery, AlertPosting(delivery, known, forms, ways), self.book, ways, SECRET, self.roles.name)
        maker = Maker(self.numbers, self.book.standing, "prod", delivery.upload)
        runner = Digests(
            self.database, plan(), timedelta(hours=4), maker, lambda: self.now, owner=owner, failpoint=self.failpoint
        )
        return runner, Dispatcher(
            self.database, {"slack": remote}, lambda: self.now, owner=owner, lease_s=15, failpoint=self.failpoint
        )

    def _delivery(self) -> Delivery:
        assert self.slack
        settings = Slack(bot_token="xoxb-test", api_url=self.slack.url, home_channel="CHOME")
        return Delivery(settings, now=self.slack.clock.now, sleep=self.slack.clock.sleep)

    def known_since_friday(self) -> None:
        """The bot was there on Friday, when all was well."""
        runner, _ = self.process()
        runner.run_due()
        self.go(MORNING - timedelta(days=3))

    def go(self, at: datetime, seconds: int = 90) -> None:
        """From `at` on, every five seconds, with as many processes as kills make necessary."""
        runner, dispatcher = self.process()
        for second in range(0, seconds, 5):
            self.now = at + timedelta(seconds=second)
            assert self.slack
            self.slack.clock.at += 5
            self.slack.second = int(self.now.timestamp())
            try:
                runner.run_due()
                while dispatcher.once("slack"):
                    pass
            except Killed:
                runner, dispatcher = self.process()

    def press(self, name: str, user: str = "U0DANA", day: date = MONDAY, value: str | None = None) -> str:
        """What the presser of "I take it" reads."""
        carried = take_value(SECRET, day, name) if value is None else value
        self.desk.press(Press(action_of(name), carried, user, "T0SHOP", Place("C1"), "1.0", "https://hooks.slack.com/x"))
        return self.told.lines[-1][1]

    def posted(self, day: date = MONDAY, *names: str, **changed: Any) -> None:
        """A date's digest, told of these."""
        with self.database.begin() as conn:
            digests.claim(conn, "stand-up", day, self.now, "p0")
            run = digests.Run(digest="stand-up", local_date=day, claimed=self.now, owner="p0")
            digests.finish(conn, run, self.now, content(day=day, **changed).to_json())
            digests.told(conn, "stand-up", day, self.now, {name: name.capitalize() for name in names})

    def add(self, *episodes: Episode) -> None:
        with self.database.begin() as conn:
            for each in episodes:
                alerts.add_episode(conn, each)

    def concerns(self) -> dict[str, str]:
        """Who has what, by name."""
        with self.database.begin() as conn:
            return {each.name: each.taken_by for each in digests.concerns(conn, "stand-up")}

    def audited(self) -> list[tuple[str, str]]:
        """Who, and what came of it."""
        column = tables.audit.c
        with self.database.begin() as conn:
            rows = conn.execute(select(column.who, column.outcome).where(column.what == "digest.take").order_by(column.seq))
            return [(row[0], row[1]) for row in rows]

    def owed(self) -> int:
        with self.database.begin() as conn:
            return len(conn.execute(select(tables.outbox.c.key)).all())

    def standing(self) -> Standing:
        return self.book.standing("stand-up")

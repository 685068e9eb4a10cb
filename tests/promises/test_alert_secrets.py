"""What nobody may see comes in by every way that leads to an alert, and is found nowhere: not in the store's bytes, not in what
Slack and the pagers are sent, not in a log line."""

from __future__ import annotations

import io
import json
import logging
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

import pytest

from bot.alerts.actions import AWAY, Actions
from bot.alerts.causes import likely
from bot.alerts.engine import Hooks
from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, Remote, Target
from bot.alerts.keys import dedup_key
from bot.alerts.outbox import Dispatcher
from bot.alerts.standing import standing_table
from bot.answer import Analyst
from bot.config import Answers, Slack
from bot.observe import Lines, MaskedJson, Metrics
from bot.paging import opsgenie, pagerduty
from bot.ports import SourceError
from bot.slack.alert_buttons import ACKNOWLEDGE, ESCALATE
from bot.slack.alert_lists import open_alerts_message
from bot.slack.alert_remote import Book, Forms, SlackAlerts, Ways
from bot.slack.alert_words import note_text
from bot.slack.delivery import Delivery
from bot.slack.messages import Message, answer_message, further_tables
from bot.slack.redact import luhn
from bot.slack.roles import Verdict
from bot.sources.alerts import OpenAlerts
from bot.store import alerts
from bot.store.database import Database
from bot.terminal import plain_text
from charts.data import Series
from commands.args import Window
from commands.panel import Query
from tests.alerts_engine.feed import MINUTE, START, Clock, Feed, a_rule, an_engine, opened
from tests.fakes import FakeRenderer, reasons_table
from tests.fakes import ask as an_ask
from tests.slack.alert_office import Office, press, value
from tests.slack.fake_slack import FakeSlack, fake_slack
from tests.slack.test_alert_message import HOW

WAYS = ("tag", "error", "code", "webhook", "name", "refusal")
DANA = "U0DANA"


class Planted:
    """A card number, a token and an e-mail address of its own for every way in, made anew from a seed."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.of = {way: (_card(chance), _token(chance), _mail(chance)) for way in WAYS}

    def __getitem__(self, way: str) -> str:
        card, token, mail = self.of[way]
        return f"pay {card} by {mail} with {token}"

    def seen_in(self, text: str) -> list[str]:
        return [secret for secrets in self.of.values() for secret in secrets if secret in text]


def _card(chance: random.Random) -> str:
    start = "4" + "".join(chance.choices("0123456789", k=14))
    return next(start + digit for digit in "0123456789" if luhn(start + digit))


def _token(chance: random.Random) -> str:
    return "xoxb" + "-" + "".join(chance.choices("0123456789abcdef", k=24))


def _mail(chance: random.Random) -> str:
    return "".join(chance.choices("abcdefghij", k=8)) + "@example.com"


@dataclass
class ByTag(Feed):
    """A source whose one query is by a tag that holds what it should not."""

    tag: str = ""

    def series(
        self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float
    ) -> Mapping[str, tuple[Series, ...]]:
        found = self.fetch(queries, window, env, timeout_s)
        return {key: (replace(one, name=self.tag),) for key, one in found.items() if isinstance(one, Series)}


@dataclass
class Recording:
    """A pager that keeps what it would have sent."""

    written: Callable[[Intent], object]
    sent: list[str] = field(default_factory=list)
    limit_s = 5.0
    idempotent = True

    def send(self, intent: Intent) -> str:
        self.sent.append(json.dumps([self.written(intent), dict(intent.payload)], ensure_ascii=False))
        return intent.key

    def look(self, intent: Intent) -> tuple[str, ...]:
        return ()

    def withdraw(self, intent: Intent, remote_id: str) -> None: ...


@dataclass
class Named:
    """Everybody may but those who are refused, and their names are what a person wrote."""

    planted: Planted

    def may(self, user: str, team: str) -> Verdict:
        return Verdict(user == DANA, "" if user == DANA else self.planted["refusal"], self.planted["name"])

    def name(self, user: str) -> str:
        return self.planted["name"] if user == DANA else user


class Life:
    """An alert's whole life over one SQLite file, with all that was sent for it."""

    def __init__(self, folder: Path, database: Database, slack: FakeSlack, planted: Planted, clock: Clock) -> None:
        self.folder, self.database, self.slack, self.planted, self.clock = folder, database, slack, planted, clock
        self.rates = ByTag(lambda text, at: 90.0 if at < START + 4 * MINUTE else 99.0, tag=planted["tag"])
        self.logs = Feed(lambda text, at: None, "Elasticsearch", SourceError(planted["error"], "unavailable"))
        rules = (
            a_rule(queries={"value": Query("datadog", "rate by {card}")}, routes=("slack", "pagerduty", "opsgenie")),
            a_rule("silent", measure="answers", queries={}, section="overview", unit="", below=1.0, recover=1.0),
            a_rule("lines", queries={"value": Query("elastic", "lines")}),
        )
        hooks = Hooks(note=lambda news, episode, now: note_text(news, episode, now, "UTC", {DANA: planted["name"]}))
        self.engine = an_engine(database, clock, *rules, hooks=hooks, datadog=self.rates, elastic=self.logs)
        self.pagers = (
            Recording(lambda intent: pagerduty.event(intent.payload)),
            Recording(lambda intent: opsgenie.body(intent, "a")),
        )
        remotes: dict[Target, Remote] = {"slack": self._slack(), "pagerduty": self.pagers[0], "opsgenie": self.pagers[1]}
        self.dispatcher = Dispatcher(database, remotes, clock.now, owner="this process")
        self.actions = Actions(database, Named(planted), lambda: None, clock.now, pages=True, on_call=lambda: planted["name"])
        self.said: list[str] = []
        self.kept = ""  # what the store's files held after each tick

    def _slack(self) -> SlackAlerts:
        settings = Slack(bot_token="xoxb-stage", api_url=self.slack.url, home_channel="C1")
        chat = Delivery(settings, now=self.slack.clock.now, sleep=self.slack.clock.sleep)
        book = Book(episode_of=self.episode, bundle_of=lambda own: (), placed=self.placed, charted=lambda own, file: None)
        forms = Forms(how=HOW, now=self.clock.now, name=Named(self.planted).name, on_call=lambda episode: self.planted["name"])
        clock = self.slack.clock
        ways = Ways(channel="C1", fallback="C1", draw=self.drawn, seconds=clock.now, sleep=clock.sleep)
        return SlackAlerts(chat, book, forms, ways)

    def episode(self, own: str) -> Episode | None:
        with self.database.begin() as conn:
            return alerts.episode(conn, own)

    def placed(self, own: str, channel: str, ts: str) -> None:
        with self.database.begin() as conn:
            alerts.keep_episode(conn, own, {"channel": channel, "ts": ts})

    def drawn(self, episode: Episode) -> None:
        """Keeps the likely reasons, as the bot does on the way to the chart."""
        before = reasons_table({"b": (0, 0, 100)})
        since = reasons_table({self.planted["code"]: (0, 0, 50), "b": (0, 0, 50)})
        began = episode.since
        reasons = likely(episode, MINUTE, self.clock.at, lambda query, window, env: before if window.end <= began else since)
        with self.database.begin() as conn:
            alerts.keep_episode(conn, episode.id, {"reasons": reasons})

    def tick(self, minutes: int = 1) -> None:
        for _ in range(minutes):
            self.clock.at += MINUTE
            self.engine.run_due()
            for target in get_args(Target):
                while self.dispatcher.once(target):
                    pass
            self.kept += self.bytes_of_files()

    def bytes_of_files(self) -> str:
        return "".join(path.read_bytes().decode("utf-8", "replace") for path in self.folder.iterdir() if path.is_file())

    def open_(self, rule: str) -> Episode:
        with self.database.begin() as conn:
            (found,) = [each for each in alerts.open_episodes(conn) if each.rule == rule]
        return found

    def press(self, action: str, episode: Episode, who: str) -> None:
        """On a button that only they see; what they read is kept."""
        office = Office(self.actions)
        office.desk().press(press(action, value(version=episode.version, known_as=episode.id), who, ephemeral=True))
        self.said += [line for _, line in office.told.lines]

    def lived(self) -> None:
        """It fires, people and PagerDuty act, its source fails, it is listed, and it ends."""
        self.tick(2)
        firing = self.open_("rate")
        self.press(ACKNOWLEDGE, firing, "U0BEN")
        self.press(ACKNOWLEDGE, firing, DANA)
        self.press(ESCALATE, self.open_("rate"), DANA)
        webhook = f"https://example.pagerduty.com/incidents/Q1?by={self.planted['webhook']}"
        key = dedup_key(firing.env, firing.id)
        self.actions.from_pager(key, "resolved", self.planted["webhook"], self.clock.at + MINUTE, webhook)
        self.actions.note(self.planted["webhook"], DANA, "nothing", self.planted["webhook"], firing.id)
        self.rates.fault = SourceError(self.planted["error"], "timeout")
        self.tick()
        assert self.open_("rate").blind
        self.listed()
        self.rates.fault = None
        self.tick(6)
        self._press_without_store(firing)

    def listed(self) -> None:
        with self.database.begin() as conn:
            found = alerts.open_episodes(conn)
        message = open_alerts_message(found, found, self.clock.at, how=HOW, names={DANA: self.planted["name"]})
        self.shown(message)
        analyst = Analyst({}, FakeRenderer(), Answers(), Metrics())
        analyst.also("alerts", OpenAlerts(lambda env, zone: standing_table(found, zone, Named(self.planted).name)))
        answer = analyst.answer(replace(an_ask(), section="overview"))
        analyst.stop()
        assert "open" in answer.headline
        self.said.append(plain_text(answer))
        for each in (answer_message(answer), *further_tables(answer)):
            self.shown(each)

    def shown(self, message: Message) -> None:
        self.said.append(json.dumps([message.text, *message.blocks], default=str, ensure_ascii=False))

    def _press_without_store(self, firing: Episode) -> None:
        self.database.close()
        self.press(ACKNOWLEDGE, firing, DANA)
        assert self.said[-1] == AWAY
        logging.getLogger("bot").error("the store is away: %s", self.planted["error"])

    def sent(self) -> str:
        calls = [json.dumps([call.method, dict(call.fields)], default=str, ensure_ascii=False) for call in self.slack.calls]
        return "\n".join((*calls, *self.pagers[0].sent, *self.pagers[1].sent))


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that is logged meanwhile, as the bot writes it."""
    stream = io.StringIO()
    handler = Lines(stream)
    handler.setFormatter(MaskedJson())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_planted_is_kept_sent_or_logged(tmp_path: Path, written: io.StringIO, seed: int) -> None:
    """By a tag, a source's error, a decline code, PagerDuty's webhook, a name and a refusal: in no byte of the store's files,
    no request to Slack or a pager, no sentence to a presser, no log line."""
    planted, clock = Planted(seed), Clock()
    with opened(tmp_path, clock) as database, fake_slack() as slack:
        life = Life(tmp_path, database, slack, planted, clock)
        life.lived()
        sent = life.sent()
    kept = life.kept + life.bytes_of_files()
    assert planted.seen_in(sent) == []
    assert planted.seen_in(kept) == []
    assert planted.seen_in("\n".join(life.said)) == []
    assert planted.seen_in(written.getvalue()) == []
    assert "Likely reasons" in sent
    for place in (kept, sent, "\n".join(life.said), written.getvalue()):
        assert "[card number]" in place

"""The alert system put together: the store, the rules, the channels, and what people do with alerts in Slack."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot.alert_tools import AlertTools
from bot.alerts import outcome
from bot.alerts.actions import Actions
from bot.alerts.engine import Beat, Engine, Hooks
from bot.alerts.episode import Episode
from bot.alerts.illustrating import Illustrating
from bot.alerts.intent import Remote, Target
from bot.alerts.outbox import Dispatcher
from bot.alerts.owed import Owing
from bot.alerts.rule import Rule
from bot.alerts.rulebook import rules
from bot.alerts.shelf import Shelf
from bot.alerts.unsent import Audit
from bot.alerts.watch import Watch
from bot.answer import Analyst
from bot.config import Config, Slack
from bot.digest import runner, standup
from bot.health import Health
from bot.observe import Metrics
from bot.paging.incidents import Incidents
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDutyEvents
from bot.paging.webhook import PagerDutyWebhook, PagerNews, keyed
from bot.people import OwnZones, People
from bot.ports import Source, StoreError
from bot.presence import Presence
from bot.selfwatch import Parts as Watched
from bot.selfwatch import SelfWatch
from bot.slack.alert_buttons import Buttons
from bot.slack.alert_desk import AlertDesk
from bot.slack.alert_posting import AlertPosting
from bot.slack.alert_remote import Book, Forms, SlackAlerts, Ways
from bot.slack.alert_value import secret_of
from bot.slack.alert_words import note_text
from bot.slack.delivery import Delivery
from bot.slack.desk import Tools
from bot.slack.digest_desk import Presses
from bot.slack.digest_remote import ByKind
from bot.slack.directory import SlackDirectory
from bot.slack.home import Telling
from bot.slack.home_made import app_home
from bot.slack.posting import Posting
from bot.slack.roles import Roles
from bot.sources.alerts import OpenAlerts
from bot.store import outbox
from bot.store.database import Database
from bot.store.people import Rows
from bot.work import Pool
from commands.oncall import ON_CALL

DIGEST_S = 25.0  # all sources of a digest: with drawing and upload well within its claim
LANE = (4, 100, 20)  # presses at once, waiting, and of one person
BACKGROUND = (2, 200, 200)  # charts and what else nobody waits for
ENDING_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the alert system shares with the rest of the bot."""

    config: Config
    slack: Slack
    sources: Mapping[str, Source]
    analyst: Analyst
    delivery: Delivery
    posting: Posting
    metrics: Metrics
    now: Callable[[], datetime]
    team: Callable[[], str]
    failed: Callable[[str], None]
    look_s: float
    health: Health
    checks_clock: bool  # whether `now` is the real time


class Alerting:
    """Starts in the background; until its store is open nothing is judged, and presses are answered with "not now"."""

    def __init__(self, parts: Parts) -> None:
        config, self._parts = parts.config, parts
        self._rules = rules(config)
        self._owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._database = Database(config.database_url, parts.now)
        self.presence = Presence(
            self._database, self._owner, parts.now, self._in_words, parts.failed, checks_clock=parts.checks_clock
        )
        self._shelf = Shelf(self._database)
        self._overs = {rule.name: rule.over for rule in self._rules}
        self._background = Pool(*BACKGROUND)
        self._lane = Pool(*LANE)
        self._on_call = ""
        self._token_bad = threading.Event()
        directory = SlackDirectory(parts.delivery.wire)
        self._roles = Roles(directory, config.roles.responder, parts.team)
        self._pages = bool(config.pagerduty and config.pagerduty.routing_key)
        self._how = Buttons(secret=secret_of(parts.slack), runbook_url=config.answers.runbook_url, pages=self._pages)
        self.standup = self._standup(Roles(directory, None, parts.team))
        self._dispatcher = Dispatcher(
            self._database,
            self._remotes(),
            parts.now,
            owner=self._owner,
            metrics=parts.metrics.alerts,
            holds=self.presence.holds,
        )
        self._engine = self._made_engine()
        jobs = {"digest": self.standup.look}
        self._watch = Watch(self._database, self._engine, self._dispatcher, parts.failed, self.presence, parts.look_s, jobs)
        self.actions = Actions(
            self._database,
            self._roles,
            self._dispatcher.wake,
            parts.now,
            pages=self._pages,
            on_call=self._asked_on_call,
            runbook_url=config.answers.runbook_url,
            pressed=parts.metrics.alerts.press,
        )
        people = People(Rows(self._database))
        asked = AlertTools(
            config,
            self._shelf,
            self._rules,
            parts.sources,
            self._how,
            parts.now,
            name=self._roles.name,
            on_call=lambda: self._on_call,
        )
        shown = (asked.open_alerts, self._shelf.open)
        self.home = app_home(config, parts.delivery, parts.analyst, people, self._roles, shown, parts.now)
        telling, zones = Telling(parts.posting, self.home), OwnZones(people, parts.delivery, parts.team)
        alerts = AlertDesk(self.actions, self._how.secret, self._lane, telling, zones, directory, parts.now, config)
        self.desk = Presses(alerts, self.standup.desk)
        self.self_watch = self._self_watch()
        self.self_watch.also("clock", self.presence.clock)
        self.tools = Tools(asked.open_alerts, asked.backtest, self.standup.preview, people, self.self_watch.status)
        self.webhook = self._webhook()
        parts.analyst.also("alerts", OpenAlerts(asked.standing))
        parts.metrics.alerts.watch(self._shelf.count_open, self._shelf.count_dead)

    def start(self) -> None:
        self._watch.start()
        self.standup.start()
        self.home.start()

    def watch_itself(self, ready: Callable[[], Mapping[str, bool]]) -> None:
        """From now on heartbeats are sent while all is well; `ready` names what must hold for that."""
        self.self_watch.start(ready)

    def ready(self) -> Mapping[str, Callable[[], bool]]:
        """The parts that must hold before the process is ready."""
        return {"store": self._watch.ready, "slack_token": lambda: not self._token_bad.is_set()}

    def stop(self, within_s: float) -> None:
        """Ends ticks and sending; what is owed stays in the store."""
        self.self_watch.stop()
        self.home.stop()
        self._lane.stop(within_s)
        self.desk.stop(ENDING_S)
        self.standup.stop()
        self._watch.stop()
        self._background.stop(0)

    def _in_words(self) -> Mapping[str, str]:
        return self.self_watch.parts()

    def _self_watch(self) -> SelfWatch:
        """What the bot knows of its own state, and does about it."""
        parts = self._parts
        audit = Audit(
            self._database,
            parts.now,
            targets=self._dispatcher.targets,
            owe_digest=lambda conn, run, now: runner.owed(conn, run.digest, run.local_date, now),
            wake=self._dispatcher.wake,
            runbook_url=parts.config.answers.runbook_url,
        )
        return SelfWatch(
            Watched(
                config=parts.config,
                database=self._database,
                sources=parts.sources,
                health=parts.health,
                audit=audit,
                metrics=parts.metrics,
                now=parts.now,
                me=self.presence.me,
                ended=self._dispatcher.ended,
                opened=self._is_open,
            )
        )

    # --- channels -------------------------------------------------------------------------------------------------

    def _remotes(self) -> Mapping[Target, Remote]:
        config = self._parts.config
        found: dict[Target, Remote] = {"slack": self._slack()}
        if config.pagerduty and config.pagerduty.routing_key:
            found["pagerduty"] = PagerDutyEvents(routing_key=config.pagerduty.routing_key, events_url=config.pagerduty.events_url)
        if config.opsgenie:
            found["opsgenie"] = Opsgenie(api_key=config.opsgenie.api_key, api_url=config.opsgenie.api_url)
        return found

    def _webhook(self) -> PagerDutyWebhook | None:
        """What people do in PagerDuty comes back here, where a secret is set to know it by."""
        settings = self._parts.config.pagerduty
        if not settings or not settings.webhook_secret:
            return None
        incidents = Incidents(api_key=settings.api_key, api_url=settings.api_url) if settings.api_key else None
        tell = partial(self._hear, incidents.keys_of if incidents else lambda own: ())
        return PagerDutyWebhook(settings.webhook_secret, tell, self._parts.now)

    def _hear(self, keys_of: Callable[[str], tuple[str, ...]], news: PagerNews) -> None:
        """Takes news on: at once where it names an episode, so that what cannot be kept is brought again by PagerDuty."""
        if news.dedup_key:
            self.actions.from_pager(news.dedup_key, news.what, news.by, news.at, news.incident_url)
        elif not self._background.submit("pagerduty", partial(self._look_up, keys_of, news)):
            raise StoreError("too much is waiting", retriable=True)

    def _look_up(self, keys_of: Callable[[str], tuple[str, ...]], news: PagerNews) -> None:
        for each in keyed(news, keys_of):
            self.actions.from_pager(each.dedup_key, each.what, each.by, each.at, each.incident_url)

    def _standup(self, roles: Roles) -> standup.Standup:
        """The stand-up digest; any full member may take what it tells of."""
        parts = self._parts
        return standup.Standup(
            standup.Parts(
                config=parts.config,
                database=self._database,
                analyst=parts.analyst.patient(DIGEST_S),
                chat=parts.delivery,
                posting=parts.posting,
                lane=self._lane,
                roles=roles,
                secret=self._how.secret,
                owner=self._owner,
                now=parts.now,
                wake=lambda: self._dispatcher.wake("slack"),
                ready=self._is_open,
            )
        )

    def _is_open(self) -> bool:
        return self._watch.ready() and not self.presence.clock_is_wrong

    def _slack(self) -> Remote:
        parts = self._parts
        home = parts.slack.home_channel
        shelf = self._shelf
        book = Book(
            episode_of=shelf.episode, bundle_of=shelf.bundle, placed=shelf.placed, charted=shelf.charted, open_now=shelf.open
        )
        forms = Forms(
            how=self._how, now=parts.now, zone=parts.config.timezone, name=self._roles.name, on_call=lambda episode: self._on_call
        )
        ways = Ways(
            channel=parts.config.alerts.channel or home,
            fallback=home,
            draw=Illustrating(parts.analyst, shelf, self._overs, parts.config.timezone, parts.now, self._show_again),
            background=lambda job: self._background.submit("charts", job),
            token_bad=lambda bad: self._token_bad.set() if bad else self._token_bad.clear(),
        )
        digests = self.standup.remote(AlertPosting(parts.delivery, book, forms, ways), ways)
        return ByKind({"digest": digests}, SlackAlerts(parts.delivery, book, forms, ways))

    def _made_engine(self) -> Engine:
        parts, config = self._parts, self._parts.config
        beat = Beat(config.env, config.alerts.tick, config.alerts.delay, self._owner, config.answers.runbook_url)
        hooks = Hooks(wake=self._ticked, ticked=parts.metrics.alerts.tick, note=self._note)
        return Engine(self._database, parts.sources, map(self._routed, self._rules), beat, parts.now, hooks)

    def _routed(self, rule: Rule) -> Rule:
        """The rule with the routes that lead somewhere here; Slack always hears."""
        there = {"slack", *(("pagerduty",) if self._pages else ()), *(("opsgenie",) if self._parts.config.opsgenie else ())}
        return replace(rule, routes=tuple(dict.fromkeys(("slack", *(route for route in rule.routes if route in there)))))

    def _note(self, news: outcome.News, episode: Episode, now: datetime) -> str:
        return note_text(news, episode, now, self._parts.config.timezone)

    def _ticked(self) -> None:
        self._dispatcher.wake()
        self._background.submit("on call", self._learn_on_call)
        self.actions.write_late()

    # --- what is shown, and who is on call -----------------------------------------------------------------------

    def _show_again(self, episode: Episode) -> None:
        """The message as it stands now, reasons included, where no chart brings them. Raises StoreError."""
        with self._database.begin() as conn:
            owing = Owing(self._parts.now(), outbox.newest_seq(conn), self._parts.config.answers.runbook_url)
            outbox.add(conn, tuple(owing.shown(episode)))
        self._dispatcher.wake("slack")

    def _asked_on_call(self) -> str:
        """Who is on call for payments first, "" where nobody can say."""
        found = self._parts.analyst.table(ON_CALL, self._parts.config.env, self._parts.now())
        return "" if isinstance(found, str) or not found.rows else str(found.rows[0][1] or "")

    def _learn_on_call(self) -> None:
        if self._parts.config.pagerduty and self._parts.config.pagerduty.api_key:
            self._on_call = self._asked_on_call()

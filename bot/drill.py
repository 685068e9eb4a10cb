"""A drill: an alert that is marked as one, sent through every hop as a real one goes, timed, and closed again everywhere."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, Remote, SendError, Target
from bot.alerts.outcome import begun
from bot.alerts.owed import Owing
from bot.alerts.rule import Rule
from bot.config import Config
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDutyEvents
from bot.slack.alert_buttons import Buttons
from bot.slack.alert_remote import Book, Forms, SlackAlerts, Ways
from bot.slack.alert_value import secret_of
from bot.slack.alert_words import note_text
from bot.slack.delivery import Delivery
from bot.store import alerts as store
from bot.store.database import Database

TRIES = 3
STEPS: Mapping[str, str] = {
    "show": "the message",
    "note": "the line in its thread",
    "trigger": "the page",
    "create": "the alert",
    "resolve": "the page's end",
    "close": "the alert's end",
}
TITLES: Mapping[Target, str] = {"slack": "Slack", "pagerduty": "PagerDuty", "opsgenie": "Opsgenie"}


def drilled(rule: Rule, config: Config) -> tuple[list[str], bool]:
    """What each hop took, line by line, and whether all did. The drill has a store of its own, which goes with it."""
    lines: list[str] = []
    good = True
    with tempfile.TemporaryDirectory(prefix="paybot-drill-") as folder:
        database = Database(f"sqlite:///{Path(folder, 'drill.db')}")
        database.open()
        try:
            for line, done in _hops(rule, config, database):
                lines.append(line)
                good = good and done
        finally:
            database.close()
    return [*lines, "the drill is over and closed everywhere" if good else "not every hop worked: see above"], good


def _hops(rule: Rule, config: Config, database: Database) -> Iterator[tuple[str, bool]]:
    remotes = _remotes(config, database)
    for route in rule.routes:
        if route not in remotes:
            yield f"{TITLES[route]:<10} not configured: a real alert would not go there", False
    now = datetime.now(UTC)
    routes = tuple(route for route in rule.routes if route in remotes)
    episode = replace(begun(rule, secrets.token_hex(8), config.env, config.env, now), drill=True, routes=routes)
    with database.begin() as conn:
        store.add_episode(conn, episode)
    owing = Owing(now, {}, config.answers.runbook_url)
    yield from _sent(remotes, [each for each in owing.fired(episode) if each.kind != "chart"])
    over = replace(episode, phase="closed", closed=datetime.now(UTC), reason="recovered")
    with database.begin() as conn:
        store.keep_episode(conn, episode.id, {"phase": "closed", "closed": over.closed, "reason": over.reason})
    note = note_text("resolved", over, datetime.now(UTC), config.timezone)
    yield from _sent(remotes, [*owing.shown(over), *owing.noted(over, note), *owing.over(over)])


def _sent(remotes: Mapping[Target, Remote], intents: list[Intent]) -> Iterator[tuple[str, bool]]:
    for intent in intents:
        start = time.perf_counter()
        fault = _tried(remotes[intent.target], intent)
        took_ms = 1000 * (time.perf_counter() - start)
        yield f"{TITLES[intent.target]:<10} {STEPS[intent.kind]}: {fault or f'{took_ms:.0f} ms'}", not fault


def _tried(remote: Remote, intent: Intent) -> str:
    """What was wrong, "" where it was taken in the end."""
    said = ""
    for _ in range(TRIES):
        try:
            remote.send(intent)
        except SendError as error:
            said = error.said
            if error.outcome == "refused":
                return said
            time.sleep(min(max(error.after_s, 1.0), 5.0))
        else:
            return ""
    return said


def _remotes(config: Config, database: Database) -> Mapping[Target, Remote]:
    """The real channels; the message is shown by what this drill's own store knows."""
    if config.slack is None:
        raise ValueError("a drill needs Slack's settings")

    def episode_of(own: str) -> Episode | None:
        with database.begin() as conn:
            return store.episode(conn, own)

    def placed(own: str, channel: str, ts: str) -> None:
        with database.begin() as conn:
            store.keep_episode(conn, own, {"channel": channel, "ts": ts})

    home = config.slack.home_channel
    book = Book(episode_of=episode_of, bundle_of=lambda own: (), placed=placed, charted=lambda own, file: None)
    how = Buttons(secret=secret_of(config.slack), runbook_url=config.answers.runbook_url, pages=False)
    forms = Forms(how=how, now=lambda: datetime.now(UTC), zone=config.timezone)
    ways = Ways(channel=config.alerts.channel or home, fallback=home)
    found: dict[Target, Remote] = {"slack": SlackAlerts(Delivery(config.slack), book, forms, ways)}
    if config.pagerduty and config.pagerduty.routing_key:
        found["pagerduty"] = PagerDutyEvents(routing_key=config.pagerduty.routing_key, events_url=config.pagerduty.events_url)
    if config.opsgenie:
        found["opsgenie"] = Opsgenie(api_key=config.opsgenie.api_key, api_url=config.opsgenie.api_url)
    return found

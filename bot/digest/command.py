"""`paybot digest`: what a digest says, printed, or posted once for a date through the same rows as the running bot's."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Final

from bot.alerts.episode import Episode
from bot.alerts.intent import Target
from bot.alerts.outbox import Dispatcher
from bot.answer import Analyst
from bot.config import Config
from bot.digest.book import Book
from bot.digest.content import Shown
from bot.digest.plan import plan_of
from bot.digest.runner import Digests, episode_of
from bot.digest.standup import maker, previewed, remote
from bot.digest.words import lines
from bot.observe import Metrics
from bot.ports import Source, StoreError
from bot.rendering import DrawingFailed, Renderer
from bot.slack.alert_buttons import Buttons
from bot.slack.alert_forms import Forms
from bot.slack.alert_posting import AlertPosting
from bot.slack.alert_remote import SlackAlerts
from bot.slack.alert_shown import Book as Alerts
from bot.slack.alert_shown import Ways
from bot.slack.alert_value import secret_of
from bot.slack.delivery import Delivery
from bot.slack.digest_remote import ByKind
from bot.slack.text import masked
from bot.store import alerts, outbox
from bot.store.database import Database, parsed
from charts.spec import Picture

SENDING_S: Final = 30.0
PAUSE_S: Final = 0.2


class Undrawn:
    """Draws nothing: what is printed has no picture."""

    def draw(self, picture: Picture, theme: str, timeout_s: float) -> bytes:
        """Raises DrawingFailed."""
        raise DrawingFailed("is not drawn here")


def printed(config: Config, sources: Mapping[str, Source], day: date | None, now: Callable[[], datetime]) -> list[str]:
    """The digest as lines: of that date as it is asked for now, or what one would say at this moment. Nothing is kept."""
    plan = plan_of(config)
    database = Database(config.database_url, now)
    analyst = Analyst(sources, Undrawn(), config.answers, Metrics())
    try:
        with _opened_if_free(database, config.database_url):
            book = Book(database, config.env, now)
            digests = Digests(database, plan, config.digest.grace, maker(config, analyst, book, None), now, owner="")
            due = digests.due_at(day, now()) if day else previewed(plan, now())
            content, concerns = maker(config, analyst, book, None).preview(due)
    finally:
        analyst.stop()
    return [masked(line) for line in lines(Shown(content=content, concerns=concerns))]


@contextmanager
def _opened_if_free(database: Database, database_url: str) -> Iterator[None]:
    """With the store where it can be had: a running bot has its file to itself, and then the digest says what it lacks."""
    with suppress(StoreError):
        if there(database_url):
            database.open()
    try:
        yield
    finally:
        database.close()


def there(database_url: str) -> bool:
    """Whether there is a store: printing makes no file."""
    url = parsed(database_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


def posted(config: Config, sources: Mapping[str, Source], day: date, now: Callable[[], datetime]) -> tuple[str, bool]:
    """One line on what came of posting that date's digest, and whether it stands in Slack now. Raises StoreError."""
    if config.slack is None:
        raise ValueError("posting needs Slack's settings")
    database = Database(config.database_url, now)
    renderer = Renderer()
    analyst = Analyst(sources, renderer, config.answers, Metrics())
    delivery, plan, owner = Delivery(config.slack), plan_of(config), f"by hand {secrets.token_hex(4)}"
    database.open()
    try:
        book = Book(database, config.env, now)
        make = maker(config, analyst, book, delivery.upload)
        refused = Digests(database, plan, config.digest.grace, make, now, owner=owner).post(day)
        if refused:
            return f"The digest of {day} is not posted: {refused}.", False
        dispatcher = Dispatcher(database, _slack(config, delivery, database, book, now), now, owner=owner)
        return _sent(database, dispatcher, episode_of(plan.name, day), day)
    finally:
        database.close()
        analyst.stop()
        renderer.stop()


def _sent(database: Database, dispatcher: Dispatcher, episode: str, day: date) -> tuple[str, bool]:
    """Sends until that date's is settled; what comes before it in the outbox goes, too."""
    end = time.monotonic() + SENDING_S
    while time.monotonic() < end:
        with database.begin() as conn:
            waiting = outbox.undone(conn, episode, "slack")
            dead = [each for each in outbox.dead(conn) if each.episode == episode]
        if dead:
            return f"The digest of {day} is made, and Slack did not take it: {dead[0].said}", False
        if not waiting:
            return f"The digest of {day} is posted.", True
        if not dispatcher.once("slack"):
            time.sleep(PAUSE_S)
    return f"The digest of {day} is made and owed: Slack has not taken it yet, and the running bot goes on trying.", False


def _slack(
    config: Config, delivery: Delivery, database: Database, book: Book, now: Callable[[], datetime]
) -> Mapping[Target, ByKind]:
    """The way of all that the outbox owes to Slack."""
    if config.slack is None:
        raise ValueError("posting needs Slack's settings")
    secret, home = secret_of(config.slack), config.slack.home_channel
    known = _alerts(database)
    forms = Forms(how=Buttons(secret=secret, runbook_url=config.answers.runbook_url), now=now, zone=config.timezone)
    ways = Ways(channel=config.alerts.channel or home, fallback=home)
    digests = remote(config, delivery, AlertPosting(delivery, known, forms, ways), book, ways, secret, str)
    return {"slack": ByKind({"digest": digests}, SlackAlerts(delivery, known, forms, ways))}


def _alerts(database: Database) -> Alerts:
    def keep(own: str, **changes: str) -> None:
        with database.begin() as conn:
            alerts.keep_episode(conn, own, changes)

    def episode_of_id(own: str) -> Episode | None:
        with database.begin() as conn:
            return alerts.episode(conn, own)

    def bundle_of(own: str) -> tuple[Episode, ...]:
        with database.begin() as conn:
            return alerts.bundle(conn, own)

    return Alerts(
        episode_of=episode_of_id,
        bundle_of=bundle_of,
        placed=lambda own, channel, ts: keep(own, channel=channel, ts=ts),
        charted=lambda own, file: keep(own, chart=file),
    )

"""The store as digests see it: what is open, what is owed and taken, and where each date's message stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from bot.digest.content import Content, Shown
from bot.digest.maker import Standing
from bot.slack.alert_shown import Place
from bot.slack.digest_remote import Page
from bot.store import alerts, digests, outbox
from bot.store.database import Database

COUNTED: Final = 1_000  # open alerts
AHEAD: Final = timedelta(hours=24)  # none is closed so late: only what is open is asked for


class Book:
    """Implements `bot.slack.digest_remote.Pages`. Every method may raise StoreError; each is one transaction."""

    def __init__(self, database: Database, env: str, now: Callable[[], datetime]) -> None:
        self._database = database
        self._env = env
        self._now = now

    def standing(self, digest: str) -> Standing:
        """What is open in this environment, what could not be delivered, and what is not well yet."""
        with self._database.begin() as conn:
            found = alerts.recent_episodes(conn, self._now() + AHEAD, COUNTED)
            episodes = tuple(each for each in found if each.env == self._env)
            return Standing(episodes=episodes, dead=outbox.dead(conn), concerns=digests.concerns(conn, digest))

    def page(self, digest: str, day: date) -> Page | None:
        """That date's digest with who takes what by now; None where it was not posted."""
        with self._database.begin() as conn:
            run = digests.run(conn, digest, day)
            if run is None or not run.content:
                return None
            shown = Shown(content=Content.from_json(run.content), concerns=digests.concerns(conn, digest))
        return Page(shown, Place(run.channel, run.ts) if run.ts else None)

    def placed(self, digest: str, day: date, channel: str, ts: str) -> None:
        """Its message stands there."""
        with self._database.begin() as conn:
            digests.placed(conn, digest, day, channel, ts)

"""The open alerts as a source: what the running alert system has in its store, for the overview."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.config import Config
from bot.ports import Answers, Link, Source, SourceError, StoreError
from charts.data import Table
from commands.args import Ask, Window
from commands.panel import Query

Rows = Callable[[str, str], Table]  # those of an environment, with times of day in a zone; raises StoreError


class OpenAlerts:
    """Whatever is asked, the answer is what is open now (see `commands.open_alerts`). Made where alerts are watched."""

    title = "The alert system"
    needs = "needs no setting of its own: it runs in the bot that serves Slack"

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @classmethod
    def of(cls, config: Config, now: Callable[[], datetime]) -> Source | None:
        """None: settings alone do not watch anything."""
        return None

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        try:
            found = self._rows(env, window.zone)
        except StoreError as error:
            raise SourceError(f"cannot read its store now: {error.said}", "unavailable") from error
        return dict.fromkeys(queries, found)

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """None: Slack is where alerts are."""
        return None

    def warm(self) -> None:
        """Nothing is slow to load."""

    def stop(self) -> None:
        """Nothing: it starts nothing."""

    def probe(self, timeout_s: float) -> str:
        """Whether the store answers."""
        try:
            self._rows("", "UTC")
        except StoreError as error:
            raise SourceError(f"cannot read its store now: {error.said}", "unavailable") from error
        return "its store answers"

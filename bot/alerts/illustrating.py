"""The chart of an alert, from before its start until now, and on the way to it what is likely behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from bot.alerts.causes import likely
from bot.alerts.episode import Episode
from bot.alerts.shelf import Shelf
from bot.answer import Analyst
from bot.ports import StoreError
from commands import SECTIONS
from commands.args import Ask
from commands.window import Window, step_for

BEFORE: Final = timedelta(minutes=45)  # a chart begins so long before the breach
LONGEST: Final = timedelta(hours=24)

log = logging.getLogger(__name__)


class Illustrating:
    """`overs` says by name how far back each rule looks; `show_again` has the message made anew; it may raise StoreError."""

    def __init__(
        self,
        analyst: Analyst,
        shelf: Shelf,
        overs: Mapping[str, timedelta],
        zone: str,
        now: Callable[[], datetime],
        show_again: Callable[[Episode], None],
    ) -> None:
        self._analyst = analyst
        self._shelf = shelf
        self._overs = overs
        self._zone = zone
        self._now = now
        self._show_again = show_again

    def __call__(self, episode: Episode) -> tuple[bytes, str] | None:
        """The section's picture and its alt text; None where there is none, and then the message tells the reasons without it."""
        if episode.section not in SECTIONS:
            return None
        reasons = self._noted_reasons(episode)
        now = self._now().replace(second=0, microsecond=0)
        start = max(episode.since.replace(second=0, microsecond=0) - BEFORE, now - LONGEST)
        window = Window(start, now, step_for(now - start), self._zone, "around the alert", "alert")
        answer = self._analyst.answer(Ask(episode.section, window, episode.env))
        if answer.image:
            return answer.image, answer.alt
        if reasons:
            self._show_again(episode)
        return None

    def _noted_reasons(self, episode: Episode) -> tuple[str, ...]:
        """What is likely, kept with the episode; a chart is none the worse for a store that is away."""
        over = self._overs.get(episode.rule, timedelta(0))
        reasons = likely(episode, over, self._now(), self._analyst.asked)
        try:
            if reasons:
                self._shelf.explained(episode.id, reasons)
        except StoreError as error:
            log.warning("likely reasons could not be kept", extra={"episode": episode.id, "said": error.said})
        return reasons

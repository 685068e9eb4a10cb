"""What people have set for themselves, at hand for whoever must not wait for the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from bot.ports import StoreError

KEPT_S: Final = 60.0  # what another replica has written is known after so long
MOST: Final = 2_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """One person's: a time zone ("" Slack's own), a theme of pictures ("" the bot's), whether answers are for them alone."""

    zone: str = ""
    theme: str = ""
    only_me: bool = False


Change = Callable[[Settings], Settings]
USUAL: Final = Settings()


class Rows(Protocol):
    """`bot.store.people.Rows`. Both raise StoreError."""

    def load(self, team: str, user: str) -> Settings: ...

    def change(self, team: str, user: str, change: Change) -> Settings: ...


class Zones(Protocol):
    """`bot.slack.chat.Chat`, as far as time zones go: `zone` may ask Slack and raise ChatError, `known_zone` asks nobody."""

    def zone(self, user: str) -> str | None: ...

    def known_zone(self, user: str) -> str | None: ...


class People:
    """Everybody's settings, remembered for KEPT_S; who was looked up longest ago is forgotten first. Threads may share it."""

    def __init__(self, rows: Rows, seconds: Callable[[], float] = time.monotonic) -> None:
        self._rows = rows
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], tuple[Settings, float]] = {}

    def known(self, team: str, user: str) -> Settings | None:
        """Theirs if they are at hand, else None; asks nobody."""
        with self._lock:
            found = self._known.get((team, user))
        return found[0] if found and self._seconds() < found[1] else None

    def of(self, team: str, user: str) -> Settings:
        """Theirs; the usual ones while the store is away."""
        try:
            return self.looked_up(team, user)
        except StoreError as error:
            log.warning("somebody's settings are not known", extra={"said": error.said})
            return USUAL

    def looked_up(self, team: str, user: str) -> Settings:
        """Theirs. Raises StoreError."""
        return self.known(team, user) or self._learn(team, user, self._rows.load(team, user))

    def change(self, team: str, user: str, change: Change) -> Settings:
        """Changes what they have now, as the store has it. Raises StoreError, and nothing is changed."""
        return self._learn(team, user, self._rows.change(team, user, change))

    def _learn(self, team: str, user: str, settings: Settings) -> Settings:
        with self._lock:
            self._known.pop((team, user), None)
            self._known[team, user] = settings, self._seconds() + KEPT_S
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return settings


class OwnZones:
    """The time zones of people of the team: what they chose for themselves, else what Slack says."""

    def __init__(self, people: People, slack: Zones, team: Callable[[], str]) -> None:
        self._people = people
        self._slack = slack
        self._team = team

    def zone(self, user: str) -> str | None:
        """The zone, None where neither knows one. Raises ChatError."""
        return self._people.of(self._team(), user).zone or self._slack.zone(user)

    def known_zone(self, user: str) -> str | None:
        """The zone if it is at hand; asks nobody."""
        mine = self._people.known(self._team(), user)
        return (mine.zone if mine else "") or self._slack.known_zone(user)

"""How an alert is put into words: its state, its numbers, who did what, the lines of its thread. Pure, not escaped yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from bot.alerts.episode import Episode
from commands.clock import known_zone
from commands.words import NBSP, clock, count, duration, figure, percent, span, stamp

Names = Mapping[str, str]
Said = Literal[
    "resolved",
    "reminder",
    "snooze over",
    "more severe",
    "acknowledged",
    "unacknowledged",
    "snoozed",
    "snooze ended",
    "escalated",
]

NOBODY: Final[Names] = MappingProxyType({})
SOMEBODY: Final = "somebody"
DRILL: Final = "drill, nothing is wrong"
_USER: Final = re.compile(r"[UW][A-Z0-9]{2,30}")
_UNITS: Final = frozenset({"", "count", "change", "points", "ms", "s"})
_ENDS: Final = {
    "rule removed": "ended, as its rule was removed or switched off",
    "missing": "ended, as its numbers come no more",
}


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of episodes at `now`: times as clocks in `zone` show them, people by `names` (by their IDs) and never as mentions."""

    now: datetime
    zone: str = "UTC"
    names: Names = field(default_factory=dict)

    def person(self, who: str) -> str:
        """What people call somebody; an ID without a name is somebody, words are a name already."""
        return self.names.get(who) or (SOMEBODY if not who or _USER.fullmatch(who) else who)

    def at(self, moment: datetime) -> str:
        """A time of day, with its day where that is not today."""
        zone = known_zone(self.zone)
        same = moment.astimezone(zone).date() == self.now.astimezone(zone).date()
        return (clock if same else stamp)(moment, zone.key)

    def day_at(self, moment: datetime) -> str:
        """A time of day with its day: the message may be read long after."""
        return stamp(moment, known_zone(self.zone).key)

    def ago(self, moment: datetime) -> str:
        return lasting(self.now - moment)

    # --- the whole alert ----------------------------------------------------------------------------------------------

    def state(self, episode: Episode) -> str:
        """How it stands: "firing, acknowledged by Dana Weber", "resolved after 12 min"."""
        if episode.phase == "closed":
            return _ENDS.get(episode.reason) or f"resolved after {self.length(episode)}"
        parts = (
            episode.phase,
            *self._handling(episode),
            *(("escalated to PagerDuty",) if episode.escalated_by else ()),
        )
        return ", ".join(parts)

    def _handling(self, episode: Episode) -> Iterator[str]:
        if episode.handling == "acked":
            yield f"acknowledged by {self.person(episode.acked_by)}"
        if episode.handling == "snoozed" and episode.snoozed_until:
            yield f"snoozed until {self.at(episode.snoozed_until)}"

    def headline(self, episode: Episode) -> str:
        """The title, where, and how it stands; a drill says that it is one."""
        where = f" ({episode.series})" if episode.series else ""
        return f"{sign(episode)} {'DRILL: ' if episode.drill else ''}{episode.title}{where}: {self.state(episode)}"

    def news(self, episode: Episode) -> str:
        """What a notification says, the title first: "Checkout success rate: firing since 03:48; 93.9 %, below the limit …"."""
        title = f"{episode.title} ({DRILL})" if episode.drill else episode.title
        began = f" since {self.at(episode.since)}" if episode.phase == "firing" and episode.handling == "open" else ""
        facts = worst(episode) if episode.phase == "closed" else standing(episode)
        return f"{title}: {self.state(episode)}{began}; {facts} ({episode.series})"

    def since(self, episode: Episode) -> str:
        """When it began, and how long it lasts or lasted."""
        if episode.closed is None:
            return f"{self.day_at(episode.since)} ({self.length(episode)})"
        return f"{span(episode.since, max(episode.closed, episode.since), known_zone(self.zone).key)} ({self.length(episode)})"

    def length(self, episode: Episode) -> str:
        return lasting((episode.closed or self.now) - episode.since)

    def acts(self, episode: Episode) -> Iterator[str]:
        """Who did what, and when; what nobody did is left out. Escalating is told where its incident is linked."""
        if episode.acked_by:
            yield f"Acknowledged by {self.person(episode.acked_by)}{self._when(episode.acked_at)}"
        if episode.snoozed_until:
            yield f"Snoozed until {self.at(episode.snoozed_until)} by {self.person(episode.snoozed_by)}"
        if episode.reminded and episode.phase != "closed" and episode.handling == "open":
            yield f"Still open: said again{self._when(episode.reminded)}"

    def escalated(self, episode: Episode) -> str:
        if not episode.escalated_by:
            return ""
        return f"Escalated to PagerDuty by {self.person(episode.escalated_by)}{self._when(episode.escalated_at)}"

    def _when(self, moment: datetime | None) -> str:
        return f" at {self.at(moment)}" if moment else ""

    # --- lines of its thread ------------------------------------------------------------------------------------------

    def note(self, said: Said, episode: Episode) -> str:
        """One line that tells what has just happened to it."""
        return _NOTES[said](self, episode)


def note_text(said: Said, episode: Episode, now: datetime, zone: str = "UTC", names: Names = NOBODY) -> str:
    """The line in an episode's thread, without mentions: "Resolved after 12 min; worst 92.1 %"."""
    return Teller(now, zone, names).note(said, episode)


def sign(episode: Episode) -> str:
    """The state at a glance; the words beside it say the same."""
    if episode.phase == "closed":
        return "⚪" if episode.reason in _ENDS else "✅"
    if episode.handling == "snoozed":
        return "💤"
    if episode.phase == "recovering":
        return "🟡"
    return "🟠" if episode.handling == "acked" else "🔴"


def amount(value: float | None, episode: Episode) -> str:
    """A number in the episode's unit; a share keeps as many decimals as tell it from the limit."""
    if episode.unit == "%":
        return percent(value, episode.limit)
    return figure(value, episode.unit) if episode.unit in _UNITS or value is None else f"{count(value)}{NBSP}{episode.unit}"


def standing(episode: Episode) -> str:
    """The newest number against its limit, or why there is none: "93.9 %, below the limit of 97 %"."""
    if episode.value is None and episode.extra.get("said"):
        return f"{episode.series} {episode.extra['said']}"
    value = amount(episode.value, episode)
    beyond = episode.value is None or (episode.value > episode.limit if episode.above else episode.value < episode.limit)
    side = "within" if not beyond else "above" if episode.above else "below"
    if episode.value is None or value == "no data":
        return f"no data; the limit is {amount(episode.limit, episode)}"
    return f"{value}, {side} the limit of {amount(episode.limit, episode)}"


def worst(episode: Episode) -> str:
    return f"worst {amount(episode.worst, episode)}" if episode.worst is not None else standing(episode)


def lasting(length: timedelta) -> str:
    """How long, in whole minutes from one minute on; never less than nothing."""
    length = max(length, timedelta(0))
    minute = timedelta(minutes=1)
    return duration(length if length < minute else length // minute * minute)


def _resolved(teller: Teller, episode: Episode) -> str:
    state = teller.state(episode)
    more = f" after {teller.length(episode)}" if episode.reason in _ENDS else ""
    extreme = f"; worst {amount(episode.worst, episode)}" if episode.worst is not None else ""
    return f"{_first(state)}{more}{extreme}."


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]


_NOTES: Final[Mapping[Said, Callable[[Teller, Episode], str]]] = {
    "resolved": _resolved,
    "reminder": lambda t, e: f"Still firing after {t.length(e)}, nobody has acknowledged it: {standing(e)}.",
    "snooze over": lambda t, e: f"The snooze is over and it is still firing, after {t.length(e)}: {standing(e)}.",
    "more severe": lambda t, e: f"This is {e.severity} now, so whoever had it must say so again: {standing(e)}.",
    "acknowledged": lambda t, e: f"Acknowledged by {t.person(e.acked_by)}.",
    "unacknowledged": lambda t, e: "The acknowledgement was taken back.",
    "snoozed": lambda t, e: f"Snoozed until {t.at(e.snoozed_until or t.now)} by {t.person(e.snoozed_by)}.",
    "snooze ended": lambda t, e: "The snooze was ended.",
    "escalated": lambda t, e: f"Escalated to PagerDuty by {t.person(e.escalated_by)}.",
}

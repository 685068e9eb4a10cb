"""What is open, as the table that the overview shows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from bot.alerts.episode import Episode
from bot.alerts.rule import SEVERITIES
from charts.data import Column, Table, Value
from commands.words import stamp

COLUMNS: Final = tuple(Column(name) for name in ("Alert", "Severity", "State", "Since", "Handled by"))


def standing_table(episodes: Iterable[Episode], zone: str, name: Callable[[str], str]) -> Table:
    """A row for each open alert, the most urgent first, then the oldest; a drill is none. `name` is what people call somebody."""
    open_ = [each for each in episodes if each.closed is None and not each.drill]
    ranked = sorted(open_, key=lambda each: (SEVERITIES.index(each.severity), each.opened, each.id))
    return Table(COLUMNS, tuple(_row(each, zone, name) for each in ranked))


def _row(episode: Episode, zone: str, name: Callable[[str], str]) -> tuple[Value, ...]:
    alert = f"{episode.title} ({episode.series})" if episode.series else episode.title
    who = {"acked": episode.acked_by, "snoozed": episode.snoozed_by}.get(episode.handling, "")
    return alert, episode.severity, _state(episode, zone), episode.since.timestamp(), name(who) if who else ""


def _state(episode: Episode, zone: str) -> str:
    """ "firing", "firing, acknowledged", "firing, snoozed until 22 Nov 09:00"."""
    if episode.handling == "snoozed" and episode.snoozed_until:
        return f"{episode.phase}, snoozed until {stamp(episode.snoozed_until, zone)}"
    return f"{episode.phase}, acknowledged" if episode.handling == "acked" else episode.phase

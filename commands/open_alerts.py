"""The alerts that are open now: the question, and the answer in words."""

from __future__ import annotations

from datetime import UTC, datetime

from charts.data import Column, Table, Value
from commands.args import Ask
from commands.clock import known_zone
from commands.numbers import known_number
from commands.panel import Data, Query, TitledTable
from commands.words import clock, count, listed, stamp

OPEN_ALERTS = Query("alerts", "open", compare=False)
"""Gives a Table of Alert, Severity, State, Since (epoch s) and Handled by ("" where nobody has it), the most urgent first."""

KEY = "alerts"
MOST = 20  # rows that are listed; all are counted


def is_known(data: Data) -> bool:
    """Whether anybody can say what is open: no answer is not "none"."""
    return KEY in data.found


def open_words(data: Data) -> str:
    """ "2 alerts open", "no alert is open"; that it is unknown where nobody can say."""
    if not is_known(data):
        return "open alerts are unknown"
    many = len(data.table(KEY).rows)
    return f"{count(many)} alert{'' if many == 1 else 's'} open" if many else "no alert is open"


def taken_words(found: Table) -> str:
    """ "2 open: 1 critical and 1 warning; nobody has 1 of them"."""
    many = len(found.rows)
    if not many:
        return "none open"
    severities = [str(row[1]) for row in found.rows]
    by_severity = listed([f"{count(severities.count(each))} {each}" for each in dict.fromkeys(severities)])
    free = sum(not row[4] for row in found.rows)
    whom = "it" if many == 1 else "them" if free == many else f"{count(free)} of them"
    return f"{count(many)} open: {by_severity}" + (f"; nobody has {whom}" if free else "")


def oldest_words(found: Table, ask: Ask) -> str:
    """ "oldest since 03:48", "" where nothing is open."""
    begun = [at for row in found.rows if (at := known_number(row[3])) is not None]
    return f"oldest since {since(min(begun), ask)}" if begun else ""


def since(at: float, ask: Ask) -> str:
    """When it began, on the asker's clock; with the day where that is not the day of the window's end."""
    moment, zone = datetime.fromtimestamp(at, UTC), known_zone(ask.window.zone)
    is_same_day = moment.astimezone(zone).date() == ask.window.end.astimezone(zone).date()
    return (clock if is_same_day else stamp)(moment, zone.key)


def draw_open(data: Data, ask: Ask) -> TitledTable:
    """Every open alert with since when, and who has it; of very many the first ones."""
    found = data.table(KEY)
    columns = tuple(Column(name) for name in ("Alert", "Severity", "State", "Since", "Handled by"))
    rows = tuple(_row(row, ask) for row in found.rows[:MOST])
    more = len(found.rows) - len(rows)
    if is_known(data) and not rows:
        rows = (("none", "–", "–", "–", "–"),)
    return TitledTable("Open alerts now", Table(columns, rows), f"{count(more)} more: `/pay alerts`" if more else "")


def _row(row: tuple[Value, ...], ask: Ask) -> tuple[Value, ...]:
    at = known_number(row[3])
    return (*row[:3], since(at, ask) if at is not None else "–", row[4] or "nobody")

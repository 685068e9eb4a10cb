"""Who is on call for payments: the question, and the answer in words."""

from __future__ import annotations

from datetime import UTC, datetime

from charts.data import Table, Value
from commands.panel import Query
from commands.words import listed, stamp

ON_CALL = Query("pagerduty", "oncall", compare=False)
"""Gives a Table of Level, Person, Until (epoch s, None: always) and Schedule, the first level first."""

NOBODY = "nobody is on call"


def on_call_words(found: Table) -> str:
    """ "on call: Mira Holm" for the first level; "" where nobody knows."""
    if not found.columns:
        return ""
    first = [str(row[1]) for row in found.rows if row[0] == 1]
    return f"on call: {listed(first)}" if first else NOBODY


def on_call_lines(found: Table, service: str, zone: str) -> str:
    """Every level with its people and until when, in the asker's zone."""
    if not found.rows:
        return f"⚠ Nobody is on call for {service}: nobody would be woken. Look at its escalation policy in PagerDuty."
    lines = [line(row, zone) for row in found.rows]
    return "\n".join((f"On call for {service}:", *lines))


def line(row: tuple[Value, ...], zone: str) -> str:
    level, person, until, schedule = row
    end = f"until {stamp(datetime.fromtimestamp(until, UTC), zone)}" if isinstance(until, int | float) else "always"
    where = f" ({schedule})" if schedule else ""
    return f"• Level {level:g}: {person}, {end}{where}" if isinstance(level, int | float) else f"• {person}, {end}{where}"

"""The digest's plan as the settings make it."""

from __future__ import annotations

from typing import Final

from bot.config import Config
from bot.digest import days
from bot.digest.calendar import Plan

NAME: Final = "stand-up"


def plan_of(config: Config) -> Plan:
    """When the stand-up digest is due."""
    digest = config.digest
    off = days.is_holiday(digest.holidays)
    line = days.cron(digest.cron) if digest.cron else days.Cron(digest.at, lambda day: day.weekday() in digest.days)
    return Plan(NAME, line.at, digest.timezone or config.timezone, lambda day: line.fires(day) and not off(day))

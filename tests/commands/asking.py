"""Asking as people do: one fixed minute, Berlin, and every section."""

from __future__ import annotations

from datetime import UTC, datetime

from commands.args import Ask, BadInput, Wish, Words, parse
from commands.clock import Present, present

SECTIONS = ("overview", "checkout", "window", "retries", "receipts", "funnel", "pipeline")
BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 22, 13, 0, 42, tzinfo=UTC)  # Sunday 14:00:42 in Berlin
PRESENT: Present = present(NOW, BERLIN)


def at(text: str) -> datetime:
    """An instant: "2026-11-22 13:00", in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hears(text: str, now: datetime = NOW, zone: str = BERLIN, env: str = "prod") -> Wish | Words:
    return parse(text, now=now, zone=zone, env=env, sections=SECTIONS, default_section="overview")


def wish(text: str, now: datetime = NOW, zone: str = BERLIN) -> Wish:
    heard = hears(text, now, zone)
    assert isinstance(heard, Wish)
    return heard


def ask(text: str, now: datetime = NOW, zone: str = BERLIN) -> Ask:
    return wish(text, now, zone).ask


def refusal(text: str, now: datetime = NOW, zone: str = BERLIN) -> str:
    """What a person is told who asks for the impossible."""
    try:
        heard = hears(text, now, zone)
    except BadInput as error:
        return str(error)
    raise AssertionError(f"not refused: {heard}")


def said_or_refused(text: str) -> bool:
    """Whether the text is understood."""
    try:
        return bool(hears(text))
    except BadInput:
        return False

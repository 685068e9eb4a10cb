"""What a button "I take it" carries: the digest's date, what is taken, and a mark that only the bot can make."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date
from typing import Final

from bot.slack.alert_value import MARK

TAKE: Final = "digest.take"
LONGEST: Final = 40  # characters of a name
_NAME: Final = rf"[a-z][a-z0-9 _-]{{0,{LONGEST - 1}}}"
_VALUE: Final = re.compile(rf"(?P<day>\d{{4}}-\d\d-\d\d)\.(?P<name>{_NAME})\.(?P<mark>[0-9a-f]{{{MARK}}})", re.ASCII)


def action_of(name: str) -> str:
    """The button's action: each in a message has its own."""
    return f"{TAKE}.{name.replace(' ', '_')}"


def take_value(secret: bytes, day: date, name: str) -> str:
    """The value of the button that takes what this date's digest calls so."""
    return f"{day}.{name}.{_mark(secret, str(day), name)}"


def taken_by_value(secret: bytes, value: str) -> tuple[date, str] | None:
    """The date and the name; None for a value that the bot has not made with this secret."""
    found = _VALUE.fullmatch(value)
    if not found or not hmac.compare_digest(found["mark"], _mark(secret, found["day"], found["name"])):
        return None
    return date.fromisoformat(found["day"]), found["name"]


def _mark(secret: bytes, day: str, name: str) -> str:
    return hmac.new(secret, "\0".join((TAKE, day, name)).encode(), hashlib.sha256).hexdigest()[:MARK]

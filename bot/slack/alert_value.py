"""What an alert's buttons carry: which episode, as which version of it the presser saw, and a mark that only the bot can make.

A value is "<episode>.<version>.<mark>", a choice of the snooze menu "<episode>.<version>.<mark>.<choice>".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.config import Slack

MARK: Final = 16  # hexadecimal digits: a guess is right once in 1.8e19, and each one takes a signed request
TOMORROW: Final = "tomorrow"  # until 09:00 of the next day, by the presser's clocks
OTHER: Final = "other"  # a modal asks for how long
LENGTHS: Final = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "4h": timedelta(hours=4)}
CHOICES: Final = (*LENGTHS, TOMORROW, OTHER)
_VALUE: Final = re.compile(
    rf"(?P<named>[0-9a-f]{{16}}\.(?:[1-9][0-9]{{0,9}}))\.(?P<mark>[0-9a-f]{{{MARK}}})(?:\.(?P<choice>{'|'.join(CHOICES)}))?"
)


@dataclass(frozen=True, slots=True)
class Pointed:
    """What a press points at: an episode, the version that the presser saw, and the menu's choice ("" from a button)."""

    episode: str
    version: int
    choice: str = ""


def secret_of(settings: Slack) -> bytes:
    """The key of the marks: made from the signing secret, or in Socket Mode from the bot's token, and good for nothing else."""
    return hmac.digest((settings.signing_secret or settings.bot_token).encode(), b"paybot: buttons of alerts", "sha256")


def value_of(secret: bytes, episode: str, version: int, choice: str = "") -> str:
    """The value of a button, or of a menu's choice."""
    named = f"{episode}.{version}"
    return ".".join((named, _mark(secret, named), *((choice,) if choice else ())))


def pointed(secret: bytes, value: str) -> Pointed | None:
    """What a value that came back points at; None for one that the bot has not made with this secret."""
    found = _VALUE.fullmatch(value)
    if not found or not hmac.compare_digest(found["mark"], _mark(secret, found["named"])):
        return None
    episode, _, version = found["named"].partition(".")
    return Pointed(episode, int(version), found["choice"] or "")


def _mark(secret: bytes, named: str) -> str:
    return hmac.new(secret, named.encode(), hashlib.sha256).hexdigest()[:MARK]

"""What a pager may be told: texts masked and cut on a letter, keys within their limits, links that are links. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from bot.alerts.intent import Intent, SendError
from bot.alerts.rule import SEVERITIES, Severity
from bot.slack.text import masked, plain

KEY: Final = 255  # characters: PagerDuty's limit; Opsgenie's is 512
DETAIL: Final = 500  # characters of one detail: all of them are far below PagerDuty's 512 KB
DETAILS: Final = ("rule", "series", "env", "value", "limit", "owner", "section", "since")
_LINK: Final = re.compile(r"https?://[^\s<>|\"]{1,1500}")


def line(text: str, limit: int, otherwise: str) -> str:
    """The text in one line, masked and cut on a letter; `otherwise` where nothing is left of it."""
    return plain(" ".join(text.split()), limit) or otherwise


def details(payload: Mapping[str, str]) -> dict[str, str]:
    """What is known of the alert, each a short text; what is empty is left out."""
    return {name: line(payload[name], DETAIL, "") for name in DETAILS if payload.get(name, "").strip()}


def link(url: str) -> str:
    """The address, or "" where it is none or would have to be masked."""
    return url if _LINK.fullmatch(url) and masked(url) == url else ""


def severity(payload: Mapping[str, str]) -> Severity:
    """One of the four; what says nothing else is an error."""
    return next((each for each in SEVERITIES if each == payload.get("severity")), "error")


def key(intent: Intent) -> str:
    """By what the pagers know the episode, the same for all that is ever said of it. Raises SendError where it has none."""
    given = intent.payload.get("dedup_key", "")
    if not given:
        raise SendError("the page has no key, so that it could never be ended", "refused", code="no_key")
    return given if len(given) <= KEY else sha256(given.encode("utf-8", "replace")).hexdigest()

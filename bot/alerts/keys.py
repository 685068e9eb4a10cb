"""Names of what leaves the process: opaque, and the same for every attempt, so that nothing is sent twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final

from bot.alerts.intent import Kind, Target

LENGTH: Final = 32  # hexadecimal digits: PagerDuty takes 255, Opsgenie 512
SHORT: Final = 16


def intent_key(target: Target, episode_id: str, seq: int, kind: Kind) -> str:
    """The key of one intent: of what is owed to a channel for one step of an episode."""
    return hashed("intent", target, episode_id, str(seq), kind)


def episode_id(rule: str, series: str, number: int, since: datetime) -> str:
    """What an episode is called: whoever judges the same time again, after a backup was restored, calls it the same."""
    return hashed("episode of", rule, series, str(number), since.isoformat())[:SHORT]


def bundle_id(episodes: Iterable[str]) -> str:
    """What the episodes of a storm are called together."""
    return hashed("bundle", *episodes)[:SHORT]


def dedup_key(env: str, episode_id: str) -> str:
    """By what the pagers know an episode: one incident, however often and by whomever it is triggered."""
    return hashed("episode", env, episode_id)


def hashed(*parts: str) -> str:
    """The parts as one name; no two lists of parts give the same text to hash, for none holds a NUL."""
    return sha256("\0".join(parts).encode()).hexdigest()[:LENGTH]

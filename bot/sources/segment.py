"""Segment's archive as a source: SQL over `segment_events`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Self

from bot.config import Config
from bot.sources.archive.segment import SEGMENT
from bot.sources.archive.source import Archive, engine


class Segment(Archive):
    """Track calls as Segment received them; they come hourly, some twice, some a day late."""

    title = SEGMENT.title
    needs = "needs PAYBOT_SEGMENT_ARCHIVE"
    table = SEGMENT

    @classmethod
    def of(cls, config: Config, now: Callable[[], datetime]) -> Self | None:
        """The source, where the archive's place is set."""
        where = config.archives.segment_archive
        return cls(engine(where, config), config.env, now) if where else None

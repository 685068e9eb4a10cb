"""The overview that all Homes share: asked at most once a minute, its picture drawn once for each zone and theme."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from bot.answer import Answer
from bot.ports import ChatError
from bot.slack.posting import file_name
from bot.slack.promises import TakesJobs
from bot.work import SingleFlight
from commands.args import Ask
from commands.panel import Data

FRESH: Final = timedelta(minutes=1)
DRAWING_S: Final = 20.0  # a picture drawn and uploaded

log = logging.getLogger(__name__)
Look = tuple[str, str]  # zone and theme


class Asks(Protocol):
    """`bot.answer.Analyst`."""

    def found(self, ask: Ask) -> Data: ...

    def told(self, ask: Ask, data: Data) -> Answer: ...

    def themed(self, answer: Answer, theme: str) -> Answer: ...


class Uploads(Protocol):
    """`bot.slack.delivery.Delivery`. Raises ChatError."""

    def upload(self, png: bytes, filename: str, title: str, alt: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Overview:
    """What the sources gave and when they were asked; what was told of it by zone; the pictures' files ("": not to be shown)."""

    ask: Ask
    data: Data
    made: datetime
    told: dict[str, Answer] = field(default_factory=dict)
    files: dict[Look, str] = field(default_factory=dict)


class Board:
    """Threads may share it. `wanted` gives the question as it is asked now; `pool` has room for one run at a time."""

    def __init__(
        self,
        asks: Asks,
        wanted: Callable[[], Ask],
        chat: Uploads,
        pool: TakesJobs,
        now: Callable[[], datetime],
    ) -> None:
        self._asks = asks
        self._wanted = wanted
        self._chat = chat
        self._pool = pool
        self._now = now
        self._lock = threading.Lock()
        self._flight: Future[Overview | None] | None = None
        self._begun: datetime | None = None
        self._last: Overview | None = None
        self._drawing: SingleFlight[tuple[datetime, Look], str] = SingleFlight()

    def current(self) -> Future[Overview | None]:
        """The overview, at most a minute old; everybody who asks meanwhile waits for the same one. None: it could not be made."""
        with self._lock:
            if self._flight and not self._is_over():
                return self._flight
            self._begun, self._flight = self._now(), Future()
            flight, begun = self._flight, self._begun
        if not self._pool.submit("overview", lambda: self._ask(flight, begun)):
            flight.set_result(None)  # stopping
        return flight

    def last(self) -> Overview | None:
        """The newest that is there, however old."""
        return self._last

    def told(self, overview: Overview, zone: str) -> Answer:
        """The overview in words, its times in that zone."""
        if zone not in overview.told:
            window = replace(overview.ask.window, zone=zone)
            overview.told[zone] = self._asks.told(replace(overview.ask, window=window), overview.data)
        return overview.told[zone]

    def file(self, overview: Overview, zone: str, theme: str) -> str | None:
        """The picture's file if it is there already, "" if it could not be shown; None where nobody has tried yet."""
        return overview.files.get((zone, theme)) if self.told(overview, zone).picture else ""

    def drawn(self, overview: Overview, zone: str, theme: str) -> str:
        """The picture's file, drawn and uploaded once; "" where that did not work, which is not tried again for this overview."""
        look = (zone, theme)
        if look not in overview.files:
            overview.files[look] = self._drawing.run((overview.made, look), lambda: self._put(overview, *look), DRAWING_S)
        return overview.files[look]

    def _is_over(self) -> bool:
        """Whether another may be asked for: a minute has passed on the clock, however that was moved."""
        done = self._flight is None or self._flight.done()
        return done and (self._begun is None or abs(self._now() - self._begun) >= FRESH)

    def _ask(self, flight: Future[Overview | None], begun: datetime) -> None:
        try:
            ask = self._wanted()
            self._last = Overview(ask, self._asks.found(ask), begun)
            flight.set_result(self._last)
        except Exception:  # whatever it is, those who wait must hear of it
            log.exception("the overview for App Home could not be made")
            flight.set_result(None)

    def _put(self, overview: Overview, zone: str, theme: str) -> str:
        answer = self._asks.themed(self.told(overview, zone), theme)
        if answer.image is None:
            return ""
        try:
            return self._chat.upload(answer.image, file_name(answer, "png"), answer.title, answer.alt)
        except ChatError as error:
            log.warning("the picture for App Home could not be uploaded", extra={"code": error.code})
            return ""

"""An answer on its way into Slack: with Slack's own charts where they can show it, else with its picture."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from bot.answer import Answer
from bot.ports import ChatError
from bot.slack.messages import Message, answer_message
from bot.slack.native_chart import native_charts
from bot.slack.tables import Block

T = TypeVar("T")
REFUSED: Final = frozenset({"invalid_blocks", "invalid_blocks_format"})
REST_S: Final = 3_600.0  # a workspace that does not take the block yet is not asked again at every answer

log = logging.getLogger(__name__)


class Uploads(Protocol):
    """As far as pictures go, `bot.slack.chat.Chat`."""

    def upload(self, png: bytes, filename: str, title: str, alt: str) -> str: ...


class NativeCharts:
    """Slack's own charts: for answers that they can show, unless pictures are wanted, or Slack refused them within the hour.

    `seconds` never goes back.
    """

    def __init__(self, wanted: bool = False, seconds: Callable[[], float] = time.monotonic) -> None:
        self._wanted = wanted
        self._seconds = seconds
        self._rests_until = float("-inf")

    def of(self, answer: Answer) -> tuple[Block, ...]:
        """The answer's charts as blocks; () where its picture is to be shown."""
        if not self._wanted or answer.picture is None or self._seconds() < self._rests_until:
            return ()
        return native_charts(answer.picture)

    def refused(self, code: str) -> None:
        """Slack did not take them: pictures for an hour."""
        log.warning("Slack refused its own charts: pictures for an hour", extra={"code": code})
        self._rests_until = self._seconds() + REST_S


class Shown:
    """One answer for one or several places. Its picture is uploaded when it is first needed, and once."""

    def __init__(self, answer: Answer, uploads: Uploads, natives: NativeCharts) -> None:
        self.answer = answer
        self._uploads = uploads
        self._natives = natives
        self._file_id: str | None = None

    def put(self, send: Callable[[Message, Message], T], **look: Any) -> T:
        """Sends it by `send(message, message without picture)`; `look` is what `answer_message` takes. Raises ChatError."""
        if charts := self._natives.of(self.answer):
            try:
                return send(answer_message(self.answer, charts=charts, **look), self.words(**look))
            except ChatError as error:
                if error.code not in REFUSED:
                    raise
                self._natives.refused(error.code)
        if self._file_id is None:
            self._file_id = self._uploaded()
        return send(answer_message(self.answer, self._file_id, **look), self.words(**look))

    def words(self, **look: Any) -> Message:
        """The same answer for where its picture cannot be shown."""
        fault = self.answer.picture_fault or "The picture could not be shown here."
        return answer_message(replace(self.answer, picture_fault=fault), **look)

    def _uploaded(self) -> str:
        """The ID of the picture's file; without one, the answer says why."""
        answer = self.answer
        if answer.image is None:
            return ""
        try:
            return self._uploads.upload(answer.image, file_name(answer, "png"), answer.title, answer.alt)
        except ChatError as error:
            log.warning("the picture could not be uploaded", extra={"code": error.code})
            self.answer = replace(answer, picture_fault="The picture could not be uploaded to Slack.")
            return ""


def file_name(answer: Answer, ending: str) -> str:
    """What a file of the answer's data or picture is called."""
    window = answer.ask.window
    return f"{answer.ask.section}-{window.start:%Y%m%dT%H%M}-{window.end:%Y%m%dT%H%M}Z.{ending}"

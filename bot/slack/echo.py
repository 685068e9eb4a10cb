"""Has Slack say something to the bot: an edit of one message of its own, which comes back as an envelope."""

from __future__ import annotations

import itertools
import logging
import os
from typing import Final

from bot.ports import ChatError
from bot.slack.chat import Chat
from bot.slack.messages import Message

TEXT: Final = "paybot edits this message to see that it hears Slack: {}"
GONE: Final = {"message_not_found", "cant_update_message", "edit_window_closed"}

log = logging.getLogger(__name__)


class Echo:
    """Says whether Slack took the edit; the message is posted anew where it is gone. One thread may call it."""

    def __init__(self, chat: Chat, channel: str) -> None:
        self._chat = chat
        self._channel = channel
        self._ts = ""
        self._count = itertools.count(1)
        self._process = os.urandom(2).hex()
        self._refused = ""  # so that a wrong channel is told once and not every few seconds

    def __call__(self) -> bool:
        # Slack sends no event for an edit that changes nothing.
        message = Message(TEXT.format(f"{self._process} {next(self._count)}"))
        try:
            self._say(message)
        except ChatError as error:
            self._ts = "" if error.code in GONE else self._ts
            if error.code != self._refused:
                log.warning("Slack does not take the bot's echo", extra={"code": error.code})
            self._refused = error.code
            return False
        self._refused = ""
        return True

    def _say(self, message: Message) -> None:
        if self._ts:
            self._chat.update(self._channel, self._ts, message)
        else:
            self._ts = self._chat.post(self._channel, message).ts

"""Who the bot is in its workspace, asked once and kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

from bot.ports import ChatError

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0


class Identity(NamedTuple):
    """Who the bot is in its workspace, as `auth.test` says; all "" while Slack has not said it."""

    user: str = ""
    bot: str = ""
    team: str = ""


class Self:
    """The bot's identity, learnt in the background: Slack may be away when the bot starts, and commands are answered meanwhile.

    `ask` asks `auth.test` and may raise ChatError: then it is asked again after 1, 2, 4 … 60 s.
    """

    def __init__(self, ask: Callable[[], Identity], first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._ask = ask
        self._pause_s = first_pause_s
        self._known = Identity()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._learn, name="identity", daemon=True)

    def __call__(self) -> Identity:
        """What is known now; never waits."""
        return self._known

    def known(self) -> bool:
        """Whether Slack has said it."""
        return self._known != Identity()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def join(self, timeout_s: float) -> bool:
        """Waits until it is known or stopped; whether that came about in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _learn(self) -> None:
        while not self._stopped.is_set():
            try:
                self._known = self._ask()
            except ChatError as error:
                log.warning("Slack does not say who the bot is: %s", error.code)
                self._stopped.wait(self._pause_s)
                self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            else:
                return

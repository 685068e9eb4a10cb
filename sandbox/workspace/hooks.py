"""`response_url`s: each takes five posts within half an hour, also where the bot is not a member."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

USES = 5
LIVES_S = 30 * 60.0
MOST_HOOKS = 2_000


@dataclass(slots=True)
class Hook:
    """Whom it answers and where. `ts` is the message that `replace_original` means ("": none yet)."""

    key: str
    user: str
    channel: str
    until: float
    ts: str = ""
    thread_ts: str = ""
    used: int = 0


class Hooks:
    """The response_urls that were given out. `seconds` is a monotonic clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._hooks: dict[str, Hook] = {}

    def make(self, user: str, channel: str, ts: str = "", thread_ts: str = "") -> Hook:
        hook = Hook(secrets.token_urlsafe(16), user, channel, self._seconds() + LIVES_S, ts, thread_ts)
        self._hooks[hook.key] = hook
        if len(self._hooks) > MOST_HOOKS:
            self._hooks.pop(next(iter(self._hooks)))
        return hook

    def use(self, key: str) -> Hook | str:
        """The hook, one use of it spent; or Slack's word for why it cannot be used."""
        hook = self._hooks.get(key)
        if hook is None or self._seconds() > hook.until:
            return "expired_url"
        if hook.used >= USES:
            return "used_url"
        hook.used += 1
        return hook

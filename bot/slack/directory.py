"""What Slack says of people and user groups, and the modals it opens for them: over the bot's one wire to Slack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from bot.slack.payloads import USER, shaped
from bot.slack.wire import Answered


class Reads(Protocol):
    """`bot.slack.wire.Wire`, as far as it is needed here."""

    def read(self, method: str, **fields: str | int) -> Answered: ...


class SlackDirectory:
    """Implements `bot.slack.roles.Directory` and `bot.slack.alert_desk.Opens`. Raises ChatError and nothing else."""

    def __init__(self, wire: Reads) -> None:
        self._wire = wire

    def person(self, user: str) -> Mapping[str, Any]:
        """The person, {} where Slack's answer holds none."""
        found = told(self._wire.read("users.info", user=user), "user")
        return found if isinstance(found, Mapping) else {}

    def members(self, group: str) -> tuple[str, ...]:
        """The members of a user group that are not switched off."""
        found = told(self._wire.read("usergroups.users.list", usergroup=group), "users")
        return tuple(filter(None, (shaped(user, USER) for user in found))) if isinstance(found, list) else ()

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None:
        """Opens a modal for whoever caused the trigger, within 3 s of it; a second opening by one trigger is refused by Slack."""
        self._wire.read("views.open", trigger_id=trigger_id, view=json.dumps(view))


def told(answer: object, key: str) -> object:
    """What an answer of Slack's says under this key; no answer's shape is taken for granted."""
    data = getattr(answer, "data", answer)
    return data.get(key) if isinstance(data, Mapping) else None

"""The desk for alerts: presses on their buttons and the free snooze, worked on in a lane of their own, told in private.

Answers cannot starve it: it has its own pool. A press is never told in the channel, and never a failure to Slack.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

from bot.alerts.handling import UNKNOWN, Where
from bot.config import Config
from bot.ports import ChatError
from bot.runbook import told
from bot.slack.alert_buttons import ACKNOWLEDGE, END_SNOOZE, ESCALATE, RUNBOOK, SNOOZE, UNDO
from bot.slack.alert_value import LENGTHS, OTHER, TOMORROW, Pointed, pointed
from bot.slack.heard import Press, Submission
from bot.slack.modal import kept_in, snooze_view, tomorrow_morning, until
from bot.slack.posting import Asker
from bot.slack.promises import BUSY, Promises, TakesJobs, Tells
from bot.slack.text import escape
from commands.typed import BadInput

FREE_SNOOZE: Final = "alert.snooze.other"
FORGED: Final = (
    "This button was not made by paybot, or by one with other keys, so nothing was changed. `/pay alerts` has new ones."
)
NO_BUTTON: Final = "paybot does not know this button; nothing was changed. `/pay alerts` shows what is open."
NO_CHOICE: Final = "paybot does not know this choice; nothing was changed."
MODAL_LATE: Final = "Slack did not open the form in time. Please choose it again, or use `/pay alerts`."
RESTARTED: Final = "paybot is restarting, and what you pressed may not have been done. The alert's message shows how it stands."

log = logging.getLogger(__name__)


class Acts(Protocol):
    """`bot.alerts.actions.Actions`: each gives the sentence that the presser reads, and raises nothing."""

    def acknowledge(self, episode: str, version: int, user: str, team: str, where: Where) -> str: ...

    def unacknowledge(self, episode: str, version: int, user: str, team: str, where: Where) -> str: ...

    def snooze(self, episode: str, version: int, user: str, team: str, until: datetime, where: Where) -> str: ...

    def end_snooze(self, episode: str, version: int, user: str, team: str, where: Where) -> str: ...

    def escalate(self, episode: str, version: int, user: str, team: str, where: Where) -> str: ...

    def opened_runbook(self, episode: str, user: str) -> str: ...

    def note(self, action: str, user: str, outcome: str, why: str, episode: str = "") -> None: ...


class Opens(Protocol):
    """`bot.slack.directory.SlackDirectory`. Raises ChatError."""

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> None: ...


class Zones(Protocol):
    """`bot.slack.chat.Chat`, as far as time zones go: `zone` may ask Slack and raise ChatError, `known_zone` asks nobody."""

    def zone(self, user: str) -> str | None: ...

    def known_zone(self, user: str) -> str | None: ...


Does = Callable[[Press, Pointed], str]


class AlertDesk:
    """Implements `bot.slack.heard.Alerts`. Where the settings name no page of the runbook, the bot reads it aloud."""

    def __init__(
        self,
        acts: Acts,
        secret: bytes,
        lane: TakesJobs,
        posting: Tells,
        zones: Zones,
        opens: Opens,
        now: Callable[[], datetime],
        config: Config,
    ) -> None:
        self._acts = acts
        self._secret = secret
        self._posting = posting
        self._promises = Promises(lane, posting, RESTARTED)
        self._zones = zones
        self._opens = opens
        self._now = now
        self._timezone = config.timezone
        self._runbook_url = config.answers.runbook_url
        self._does: Mapping[str, Does] = {
            ACKNOWLEDGE: partial(self._plain, acts.acknowledge),
            UNDO: partial(self._plain, acts.unacknowledge),
            SNOOZE: self._snooze,
            FREE_SNOOZE: self._open_modal,
            END_SNOOZE: partial(self._plain, acts.end_snooze),
            ESCALATE: partial(self._plain, acts.escalate),
            RUNBOOK: self._runbook,
        }

    @property
    def actions(self) -> frozenset[str]:
        """The action ids that do something."""
        return frozenset(self._does)

    def press(self, heard: Press) -> None:
        """Takes it on, and returns at once."""
        asker = Asker(heard.user, heard.place, heard.response_url, heard.team)
        if not self._promises.submit(asker, partial(self._done, asker, heard)):
            self._promises.tell_busy(asker)

    def submitted(self, heard: Submission) -> str:
        """What is wrong with the length that was written; "" where the modal may close, and the snooze is under way."""
        try:
            kept = kept_in(heard.kept)
            end = until(heard.text, self._now(), self._zones.known_zone(heard.user) or self._timezone)
        except BadInput as error:
            return str(error)
        press = Press(SNOOZE, kept.value, heard.user, heard.team, kept.place, kept.ts, kept.response_url, kept.ephemeral)
        asker = Asker(heard.user, kept.place, kept.response_url, heard.team)
        return "" if self._promises.submit(asker, partial(self._snoozed, asker, press, end)) else BUSY

    def stop(self, timeout_s: float) -> None:
        """Tells those whose presses will not be done any more; for when the lane has stopped."""
        self._promises.stop(timeout_s)

    def _done(self, asker: Asker, heard: Press) -> None:
        does = self._does.get(heard.action)
        if does is None:
            said = self._turned_away(heard, NO_BUTTON)
        elif (at := pointed(self._secret, heard.value)) is None:
            said = self._turned_away(heard, FORGED)
        else:
            said = does(heard, at)
        opens_itself = heard.action == RUNBOOK and self._runbook_url
        if said and not opens_itself:
            self._posting.tell(asker, escape(said))

    def _plain(self, act: Callable[[str, int, str, str, Where], str], heard: Press, at: Pointed) -> str:
        return act(at.episode, at.version, heard.user, heard.team, self._where(heard))

    def _snooze(self, heard: Press, at: Pointed) -> str:
        if at.choice == OTHER:
            return self._open_modal(heard, at)
        where = self._where(heard)
        if at.choice in LENGTHS:
            end = self._now() + LENGTHS[at.choice]
        elif at.choice == TOMORROW:
            end = tomorrow_morning(self._now(), where.zone)
        else:
            return self._turned_away(heard, NO_CHOICE, at.episode)
        return self._acts.snooze(at.episode, at.version, heard.user, heard.team, end, where)

    def _snoozed(self, asker: Asker, heard: Press, end: datetime) -> None:
        """A length that was written: the value has been out of our hands, and is looked at as any other."""
        at = pointed(self._secret, heard.value)
        if at is None:
            said = self._turned_away(heard, FORGED)
        else:
            said = self._acts.snooze(at.episode, at.version, heard.user, heard.team, end, self._where(heard))
        self._posting.tell(asker, escape(said))

    def _open_modal(self, heard: Press, at: Pointed) -> str:
        """Opens it first, for the trigger lives 3 s, and learns the presser's zone while they write."""
        try:
            self._opens.open_view(heard.trigger, snooze_view(heard, heard.value))
        except ChatError as error:
            log.warning("Slack did not open a modal", extra={"code": error.code})
            return self._turned_away(heard, MODAL_LATE, at.episode)
        self._acts.note("alert.snooze.other", heard.user, "nothing", "The form was opened.", at.episode)
        self._zone(heard.user)
        return ""

    def _runbook(self, heard: Press, at: Pointed) -> str:
        """A button with a page opens it by itself; without one the bot says what there is to do."""
        rule = self._acts.opened_runbook(at.episode, heard.user)
        return told(rule) if rule else UNKNOWN

    def _turned_away(self, heard: Press, why: str, episode: str = "") -> str:
        self._acts.note(heard.action, heard.user, "refused", why, episode)
        return why

    def _where(self, heard: Press) -> Where:
        """The presser's zone, and the messages that their press may belong to: none where only they see it."""
        channel = heard.place.channel
        spots = () if heard.ephemeral else tuple((channel, ts) for ts in (heard.ts, heard.place.thread_ts) if ts)
        return Where(self._zone(heard.user), spots)

    def _zone(self, user: str) -> str:
        try:
            return self._zones.zone(user) or self._timezone
        except ChatError as error:
            log.warning("the presser's time zone is not known", extra={"code": error.code})
            return self._timezone

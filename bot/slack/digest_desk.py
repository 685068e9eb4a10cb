"""The desk for a digest's buttons: a press is worked on in a lane of its own and told in private; every one is audited."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Final, Protocol

from bot.slack.alert_desk import AlertDesk
from bot.slack.digest_value import TAKE, action_of, taken_by_value
from bot.slack.heard import Press, Submission
from bot.slack.posting import Asker
from bot.slack.promises import Promises, TakesJobs, Tells
from bot.slack.text import escape

FORGED: Final = "This button was not made by paybot, or by one with other keys, so nothing was changed."
RESTARTED: Final = "paybot is restarting, and your press may not have been done. The stand-up's message shows how it stands."


class Taking(Protocol):
    """`bot.digest.takes.Takes`: both raise nothing."""

    def take(self, day: date, name: str, user: str, team: str) -> str: ...

    def note(self, user: str, outcome: str, why: str, day: date | None = None) -> None: ...


class DigestDesk:
    """Takes presses on; `secret` is the key of the buttons' marks."""

    def __init__(self, takes: Taking, secret: bytes, lane: TakesJobs, posting: Tells) -> None:
        self._takes = takes
        self._secret = secret
        self._posting = posting
        self._promises = Promises(lane, posting, RESTARTED)

    def press(self, heard: Press) -> None:
        """Takes it on, and returns at once."""
        asker = Asker(heard.user, heard.place, heard.response_url)
        if not self._promises.submit(asker, partial(self._done, asker, heard)):
            self._promises.tell_busy(asker)

    def stop(self, timeout_s: float) -> None:
        """Tells those whose presses will not be done any more; for when the lane has stopped."""
        self._promises.stop(timeout_s)

    def _done(self, asker: Asker, heard: Press) -> None:
        self._posting.tell(asker, escape(self._said(heard)))

    def _said(self, heard: Press) -> str:
        found = taken_by_value(self._secret, heard.value)
        if found is None or action_of(found[1]) != heard.action:
            self._takes.note(heard.user, "refused", FORGED)
            return FORGED
        return self._takes.take(*found, heard.user, heard.team)


class Presses:
    """Implements `bot.slack.heard.Alerts`: what takes something of a digest is the digest's, all else the alerts'."""

    def __init__(self, alerts: AlertDesk, digest: DigestDesk) -> None:
        self._alerts = alerts
        self._digest = digest

    def press(self, heard: Press) -> None:
        """To the desk that knows the button."""
        desk = self._digest if heard.action.startswith(f"{TAKE}.") else self._alerts
        desk.press(heard)

    def submitted(self, heard: Submission) -> str:
        """What is wrong with what was written."""
        return self._alerts.submitted(heard)

    def stop(self, timeout_s: float) -> None:
        """Both tell those whose presses will not be done any more."""
        self._alerts.stop(timeout_s)
        self._digest.stop(timeout_s)

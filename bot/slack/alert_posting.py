"""Posts and edits of alerts' messages: in the form and the channel that Slack takes. Raises ChatError and SendError."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, SendError
from bot.ports import ChatError
from bot.slack.alert_faults import FORM, GONE, is_channels, sending_failed
from bot.slack.alert_forms import Forms
from bot.slack.alert_shown import Book, Place, Shown, Ways, shown_by
from bot.slack.chat import AlertChat
from bot.slack.messages import Message
from bot.slack.refusals import refusal

PATIENCE_S: Final = 1.5  # a turn within the channel's usual pace is waited for; a longer pause is the dispatcher's
LIMIT_S: Final = 12.0  # all calls for one intent
CALL_S: Final = 5.5  # one call: none begins later than that before the limit
MOST_REMEMBERED: Final = 500

log = logging.getLogger(__name__)


class Haste:
    """How long there is time for a further call."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._last = seconds() + LIMIT_S - CALL_S

    def check(self) -> None:
        """Raises SendError where it is too late for a call: nothing was made yet."""
        if self._seconds() > self._last:
            raise SendError("Slack was too slow for all that this needs.", "later")


class AlertPosting:
    """One message at a time; whoever calls holds the message's lock."""

    def __init__(self, chat: AlertChat, book: Book, forms: Forms, ways: Ways) -> None:
        self._chat = chat
        self._book = book
        self._forms = forms
        self._ways = ways
        self._bundles: dict[Place, tuple[Episode, ...]] = {}  # as they were shown last: one edit shows the changes of many

    def forms_of(self, shown: Shown) -> tuple[Message, ...]:
        """The message, and what takes its place where Slack does not take it."""
        if shown.bundled:
            return self._forms.of_bundle(shown.episodes, shown.notice)
        return self._forms.of(shown.episodes[0], shown.notice)

    def edit(self, intent: Intent, shown: Shown, place: Place, haste: Haste) -> Place:
        """Makes the message anew where it stands; where that is no more, posts another one. Gives its place."""
        if self._bundles.get(place) == unplaced(shown):
            return place
        forms = self.forms_of(shown)
        try:
            taken = self.in_some_form(forms, partial(self.update, place), haste)
        except ChatError as error:
            if error.code in GONE:
                return self._replace(intent, place, haste)
            if is_channels(error) and (other := self._ways.other(place.channel)) != place.channel:
                haste.check()
                return self.post(shown, other, haste, error.said)
            raise
        self._remember(shown, place, whole=taken is forms[0])
        return place

    def post(self, shown: Shown, channel: str, haste: Haste, why: str = "") -> Place:
        """Posts it, and where the channel does not take it, in the fallback channel, saying `why` it stands there."""
        places: list[Place] = []
        wanted = shown.with_notice(f"This belongs in another channel, which did not take it: {why}") if why else shown
        forms = self.forms_of(wanted)
        try:
            taken = self.in_some_form(forms, lambda form: places.append(self.put(channel, form, shown.key)), haste)
        except ChatError as error:
            other = self._ways.other(channel)
            if why or not is_channels(error) or other == channel:
                raise
            log.warning("a channel did not take an alert", extra={"channel": channel, "code": error.code})
            haste.check()
            return self.post(shown, other, haste, error.said)
        shown.placed(places[-1], self._book)
        self._remember(shown, places[-1], whole=taken is forms[0])
        return places[-1]

    def put(self, channel: str, message: Message, key: str, thread_ts: str = "") -> Place:
        """One post that can be found by its key."""
        posted = self._chat.post(channel, message, thread_ts, key=key, patience_s=PATIENCE_S)
        if not posted.ts:
            raise refusal("internal_error")
        return Place(posted.channel, posted.ts)

    def update(self, place: Place, message: Message) -> None:
        """One edit. Raises ChatError for what only another message mends, SendError for all that can be sent again as it is."""
        try:
            self._chat.update(place.channel, place.ts, message, patience_s=PATIENCE_S)
        except ChatError as error:
            if error.code in GONE | FORM or is_channels(error):
                raise
            raise sending_failed(error, makes=False) from error

    def in_some_form(self, forms: Sequence[Message], send: Callable[[Message], object], haste: Haste) -> Message:
        """Sends the first of the forms that Slack takes, and gives it."""
        for form in forms[:-1]:
            try:
                send(form)
            except ChatError as error:
                if error.code not in FORM:
                    raise
                log.warning("Slack did not take an alert's form", extra={"code": error.code})
                haste.check()
            else:
                return form
        send(forms[-1])
        return forms[-1]

    def _replace(self, intent: Intent, lost: Place, haste: Haste) -> Place:
        """Another message for one that is gone; only one, as this one's key tells the next attempt that it is there."""
        haste.check()
        shown = shown_by(intent, self._book)  # another replica may just have repaired it
        if shown.place and shown.place != lost:
            self.update(shown.place, self.forms_of(shown)[0])
            return shown.place
        log.warning("an alert's message is gone and is posted again", extra={"episode": intent.episode})
        return self.post(shown, lost.channel, haste)

    def _remember(self, shown: Shown, place: Place, *, whole: bool) -> None:
        self._bundles.pop(place, None)
        if shown.bundled and whole:
            self._bundles[place] = unplaced(shown)
            if len(self._bundles) > MOST_REMEMBERED:
                del self._bundles[next(iter(self._bundles))]


def unplaced(shown: Shown) -> tuple[Episode, ...]:
    """The episodes but for where they stand: while they are the same there is no news, though they grow older."""
    return tuple(replace(each, channel="", ts="") for each in shown.episodes)

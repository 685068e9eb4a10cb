"""How alerts reach Slack: an episode's message is posted once and edited where it stands; notes go into its thread.

Every post bears a key, so that whether it arrived can be looked up. Posting once more is the outbox's business alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Final

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, SendError
from bot.ports import ChatError
from bot.slack.alert_faults import FORM, UNSEEN, looking_failed, sending_failed, translated
from bot.slack.alert_forms import Forms
from bot.slack.alert_message import alt_text
from bot.slack.alert_posting import LIMIT_S, AlertPosting, Haste
from bot.slack.alert_shown import Book, Locks, Place, Shown, Ways, is_repeat, shown_by
from bot.slack.chat import AlertChat
from bot.slack.messages import Message
from bot.slack.tables import one_line

__all__ = ["Book", "Forms", "SlackAlerts", "Ways"]

CLOCKS: Final = timedelta(minutes=5)  # by so much Slack's clock may be behind ours
NOTE: Final = 1_000
NOT_READY_S: Final = (0.0, 1.0, 2.0)  # before each try to show a chart that was just uploaded
MOST_REDRAWN: Final = 20  # charts that a start makes up for

log = logging.getLogger(__name__)


class SlackAlerts:
    """Implements `bot.alerts.intent.Remote`; threads may call at once. Every send ends within LIMIT_S, charts apart."""

    limit_s = LIMIT_S

    def __init__(self, chat: AlertChat, book: Book, forms: Forms, ways: Ways) -> None:
        self._chat = chat
        self._book = book
        self._ways = ways
        self._posting = AlertPosting(chat, book, forms, ways)
        self._locks = Locks()
        self._drawing: set[str] = set()  # episodes
        self._turn = threading.Lock()

    def resume(self) -> None:
        """Begins the charts that the process before this one was still drawing when it ended; the newest episodes' come first.

        Whoever draws tells nobody until the chart stands, as no text may wait for it: so a message without one is all there is.
        """
        left = [each for each in self._book.open_now() if each.ts and not each.chart and "bundle" not in each.extra]
        for episode in left[: -MOST_REDRAWN - 1 : -1]:
            self._ways.background(partial(self._illustrate, episode.id))

    def send(self, intent: Intent) -> str:
        """Shows the episode as it stands now, adds its note, or begins its chart; gives the message's place."""
        haste = Haste(self._ways.seconds)
        if intent.kind == "chart":
            self._ways.background(partial(self._illustrate, intent.episode))
            return str(shown_by(intent, self._book).place or intent.key)
        with translated(partial(sending_failed, makes=True), self._ways.token_bad):
            if intent.kind == "note":
                return str(self._note(intent))
            with self._locks.of(intent):
                return str(self._show(intent, haste))

    def look(self, intent: Intent) -> tuple[str, ...]:
        """The messages that this intent has made. Raises SendError("…", "unknown") where they cannot all be seen."""
        shown = shown_by(intent, self._book)
        if intent.kind == "chart":
            return (str(shown.place),) if shown.place and shown.episodes[0].chart else ()
        if shown.bundled and shown.place and intent.status != "done":
            return ()  # it can only have edited what stands there, and that can be done again
        with translated(looking_failed, self._ways.token_bad):
            found = self._found(intent, shown)
        if found and intent.kind == "show":
            self._adopt(shown, found)
        return tuple(map(str, found))

    def withdraw(self, intent: Intent, remote_id: str) -> None:
        """Deletes what was made twice; never the only message of an episode."""
        channel, _, ts = remote_id.partition("/")
        if intent.kind == "chart" or not ts:
            return
        with translated(partial(sending_failed, makes=False), self._ways.token_bad):
            if intent.kind == "note" or self._left(intent, Place(channel, ts)):
                self._chat.delete(channel, ts)

    def _show(self, intent: Intent, haste: Haste) -> Place:
        shown = shown_by(intent, self._book)
        place = shown.place
        if place is None and shown.bundled:
            place = self._common_message(intent, shown)
            haste.check()
        if place:
            return self._posting.edit(intent, shown, place, haste)
        return self._posting.post(shown, self._ways.channel, haste)

    def _common_message(self, intent: Intent, shown: Shown) -> Place | None:
        """What another replica may just have posted for the whole bundle, if that can be seen."""
        try:
            found = self._found(intent, shown)
        except ChatError:
            return None
        if not found:
            return None
        shown.placed(found[0], self._book)
        return found[0]

    def _note(self, intent: Intent) -> Place:
        """A reply in the message's thread; what shares its message with others says it there, when that is made anew."""
        shown = shown_by(intent, self._book)
        if shown.place is None:
            raise SendError("There is no message in Slack to add this to.", "refused")
        if shown.bundled:
            return shown.place
        text = intent.payload.get("text", "") + " (This may be a repeat.)" * is_repeat(intent)
        return self._posting.put(shown.place.channel, Message(one_line(text, NOTE)), intent.key, shown.place.ts)

    # --- its chart ----------------------------------------------------------------------------------------------------

    def _illustrate(self, known_as: str) -> None:
        """The chart into the episode's message. Whatever fails, the message stands without it."""
        if not self._begun(known_as):
            return
        try:
            episode = self._book.episode_of(known_as)
            if episode and episode.ts and not episode.chart:
                self._draw(episode)
        except (ChatError, SendError) as error:
            log.warning("an alert has no chart", extra={"episode": known_as, "code": error.code})
        except Exception:  # the top of a background job
            log.exception("an alert has no chart", extra={"episode": known_as})
        finally:
            self._drawing.discard(known_as)

    def _begun(self, known_as: str) -> bool:
        """Whether nobody else here is at it."""
        with self._turn:
            fresh = known_as not in self._drawing
            self._drawing.add(known_as)
            return fresh

    def _draw(self, episode: Episode) -> None:
        """Draws and uploads it. The store hears of it once the message shows it: who is killed before begins anew."""
        drawn = self._ways.draw(episode)
        if drawn is None:
            return
        png, alt = drawn
        name = f"{episode.rule}-{episode.opened:%Y%m%dT%H%M}Z.png"
        file = self._chat.upload(png, name, episode.title, alt or alt_text(episode))
        try:
            self._show_chart(episode.id, file)
        except Exception:
            self._book.charted(episode.id, file)  # the next edit tries again
            raise

    def _show_chart(self, known_as: str, file: str) -> None:
        """Edits the message; Slack may need a moment before it shows a file."""
        for pause_s in NOT_READY_S:
            self._ways.sleep(pause_s)
            with self._locks.named(known_as):
                episode = self._book.episode_of(known_as)
                if episode is None or not episode.ts:
                    return
                forms = self._posting.forms_of(Shown((replace(episode, chart=file),), known_as))
                try:
                    self._posting.update(Place(episode.channel, episode.ts), forms[0])
                except ChatError as error:
                    if error.code not in FORM:
                        raise
                else:
                    self._book.charted(known_as, file)  # before another edit, which would take it away
                    return
        self._book.charted(known_as, file)  # Slack was not ready: the next edit tries again

    # --- what stands where --------------------------------------------------------------------------------------------

    def _found(self, intent: Intent, shown: Shown) -> list[Place]:
        """What this intent has posted, wherever it may have, the oldest first. Raises ChatError."""
        oldest = (intent.earliest - CLOCKS).timestamp()
        if intent.kind == "note":
            return self._seen(shown.place.channel, intent.key, oldest, shown.place.ts) if shown.place else []
        channels = dict.fromkeys((*((shown.place.channel,) if shown.place else ()), self._ways.channel, self._ways.fallback))
        places = [place for channel in channels for place in self._seen(channel, shown.key, oldest)]
        return sorted(places, key=lambda place: place.moment)

    def _seen(self, channel: str, key: str, oldest: float, thread_ts: str = "") -> list[Place]:
        try:
            return [Place(channel, ts) for ts in self._chat.find(channel, key, oldest, thread_ts)]
        except ChatError as error:
            if error.code in UNSEEN:
                return []
            raise

    def _adopt(self, shown: Shown, found: Sequence[Place]) -> None:
        """An episode without a message, or with one that was lost since, has the one that was found."""
        if shown.place is None or (shown.place not in found and found[0].moment > shown.place.moment):
            shown.placed(found[0], self._book)

    def _left(self, intent: Intent, surplus: Place) -> bool:
        """Whether the episode stands elsewhere, or now does: there its message is made anew."""
        with self._locks.of(intent):
            shown = shown_by(intent, self._book)
            if shown.place != surplus:
                return True
            others = [place for place in self._found(intent, shown) if place != surplus]
            if not others:
                return False
            shown.placed(others[0], self._book)
            forms, haste = self._posting.forms_of(shown), Haste(self._ways.seconds)
            self._posting.in_some_form(forms, partial(self._posting.update, others[0]), haste)
            return True

"""How a digest reaches Slack: posted once, edited where it stands, and posted anew once where somebody has deleted it.

Every post bears its intent's key, so that whether it arrived can be looked up before anything is sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final, Protocol

from bot.alerts.intent import Intent, Kind, Remote, SendError
from bot.digest.content import Shown
from bot.ports import ChatError
from bot.slack.alert_faults import GONE, UNSEEN, is_channels, looking_failed, sending_failed, translated
from bot.slack.alert_posting import LIMIT_S, AlertPosting, Haste
from bot.slack.alert_shown import Place, Ways, is_repeat
from bot.slack.chat import AlertChat
from bot.slack.digest_message import REPEATED, digest_forms
from bot.slack.messages import Message

CLOCKS: Final = timedelta(minutes=5)  # by so much Slack's clock may be behind ours

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """A date's digest as the store has it now, and where its message stands (None: nowhere)."""

    shown: Shown
    place: Place | None = None


class Pages(Protocol):
    """The store, as far as digests' messages go. Both may raise StoreError."""

    def page(self, digest: str, day: date) -> Page | None: ...

    def placed(self, digest: str, day: date, channel: str, ts: str) -> None: ...


class SlackDigests:
    """Implements `bot.alerts.intent.Remote` for intents of the kind "digest".

    `ways.channel` is the digest's; `secret` is the key of its buttons' marks, `name` what people call somebody.
    """

    limit_s = LIMIT_S

    def __init__(
        self, chat: AlertChat, posting: AlertPosting, pages: Pages, ways: Ways, secret: bytes, name: Callable[[str], str]
    ) -> None:
        self._chat = chat
        self._posting = posting
        self._pages = pages
        self._ways = ways
        self._secret = secret
        self._name = name

    def send(self, intent: Intent) -> str:
        """Shows the digest as it stands now; gives the message's place."""
        haste = Haste(self._ways.seconds)
        page = self._page(intent)
        forms = digest_forms(page.shown, self._secret, self._name, REPEATED if is_repeat(intent) else "")
        with translated(partial(sending_failed, makes=True), self._ways.token_bad):
            if page.place is None:
                return str(self._post(intent, page, forms, self._ways.channel, haste))
            return str(self._edit(intent, page, page.place, forms, haste))

    def look(self, intent: Intent) -> tuple[str, ...]:
        """The messages that this intent has posted, the oldest first."""
        page = self._page(intent)
        with translated(looking_failed, self._ways.token_bad):
            found = self._found(intent, page)
        if found and (page.place is None or (page.place not in found and found[0].moment > page.place.moment)):
            self._placed(intent, found[0])
        return tuple(map(str, found))

    def withdraw(self, intent: Intent, remote_id: str) -> None:
        """Deletes what was posted twice; never the only message of a date."""
        channel, _, ts = remote_id.partition("/")
        surplus = Place(channel, ts)
        with translated(partial(sending_failed, makes=False), self._ways.token_bad):
            page = self._page(intent)
            if page.place == surplus:
                others = [place for place in self._found(intent, page) if place != surplus]
                if not others:
                    return
                self._placed(intent, others[0])
            self._chat.delete(channel, ts)

    def _post(self, intent: Intent, page: Page, forms: tuple[Message, ...], channel: str, haste: Haste, said: str = "") -> Place:
        """Posts it, and where the channel does not take it, in the fallback channel, saying why it stands there."""
        places: list[Place] = []
        try:
            self._posting.in_some_form(forms, lambda form: places.append(self._posting.put(channel, form, intent.key)), haste)
        except ChatError as error:
            other = self._ways.other(channel)
            if said or not is_channels(error) or other == channel:
                raise
            log.warning("a channel did not take the digest", extra={"channel": channel, "code": error.code})
            haste.check()
            why = f"This belongs in another channel, which did not take it: {error.said}"
            return self._post(intent, page, digest_forms(page.shown, self._secret, self._name, why), other, haste, why)
        self._placed(intent, places[-1])
        return places[-1]

    def _edit(self, intent: Intent, page: Page, place: Place, forms: tuple[Message, ...], haste: Haste) -> Place:
        try:
            self._posting.in_some_form(forms, partial(self._posting.update, place), haste)
        except ChatError as error:
            if error.code not in GONE:
                raise
            haste.check()
            log.warning("a digest's message is gone and is posted again", extra={"episode": intent.episode})
            return self._post(intent, page, forms, place.channel, haste)
        return place

    def _found(self, intent: Intent, page: Page) -> list[Place]:
        """What this intent has posted, wherever it may have. Raises ChatError where not all can be seen."""
        oldest = (intent.earliest - CLOCKS).timestamp()
        there = (page.place.channel,) if page.place else ()
        channels = dict.fromkeys((*there, self._ways.channel, self._ways.fallback))
        places = [place for channel in channels for place in self._seen(channel, intent.key, oldest)]
        return sorted(places, key=lambda place: place.moment)

    def _seen(self, channel: str, key: str, oldest: float) -> list[Place]:
        try:
            return [Place(channel, ts) for ts in self._chat.find(channel, key, oldest)]
        except ChatError as error:
            if error.code in UNSEEN:
                return []
            raise

    def _page(self, intent: Intent) -> Page:
        page = self._pages.page(intent.payload["digest"], date.fromisoformat(intent.payload["date"]))
        if page is None:
            raise SendError("This stand-up is no longer known.", "refused")
        return page

    def _placed(self, intent: Intent, place: Place) -> None:
        self._pages.placed(intent.payload["digest"], date.fromisoformat(intent.payload["date"]), place.channel, place.ts)


class ByKind:
    """Implements `Remote`: the kinds that are named go to their own remote, all others to `rest`."""

    limit_s = LIMIT_S

    def __init__(self, own: Mapping[Kind, Remote], rest: Remote) -> None:
        self._own = own
        self._rest = rest

    def send(self, intent: Intent) -> str:
        """By its kind's remote."""
        return self._of(intent).send(intent)

    def look(self, intent: Intent) -> tuple[str, ...]:
        """By its kind's remote."""
        return self._of(intent).look(intent)

    def withdraw(self, intent: Intent, remote_id: str) -> None:
        """By its kind's remote."""
        self._of(intent).withdraw(intent, remote_id)

    def resume(self) -> None:
        """What the rest left undone."""
        resume = getattr(self._rest, "resume", None)
        if resume:
            resume()

    def _of(self, intent: Intent) -> Remote:
        return self._own.get(intent.kind, self._rest)

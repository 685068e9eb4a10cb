"""Where answers go: the home channel, the channel of the asker, a thread, or the asker alone."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

from bot.answer import Answer
from bot.ports import ChatError
from bot.slack.chat import Chat
from bot.slack.delivery import Posted
from bot.slack.heard import Place, Press
from bot.slack.messages import Message, csv_text, escape_url, further_tables
from bot.slack.shown import NativeCharts, Shown, file_name
from commands.args import BadInput

__all__ = ["Asker", "Posting", "file_name"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """Whom to tell what in private: by the command's response_url, else by an ephemeral message where they spoke."""

    user: str
    place: Place
    response_url: str = ""
    team: str = ""


class Posting:
    """Puts answers into Slack. A picture is uploaded once, however many places show it."""

    def __init__(self, chat: Chat, home: str, copy_home: bool, natives: NativeCharts | None = None) -> None:
        self._chat = chat
        self._home = home
        self._copy_home = copy_home
        self._natives = natives or NativeCharts()

    def everywhere(self, asker: Asker, answer: Answer, *, csv: bool) -> None:
        """To where it was asked and to the home channel; where neither takes it, to the asker alone."""
        asked = asker.place.channel
        shown = self._shown(answer)
        channels = dict.fromkeys((asked, self._home) if self._copy_home else (asked,))
        done, refused = self._try_all(channels, shown)
        if asked in refused and self._home not in channels:
            again, refused_too = self._try_all({self._home: None}, shown)
            done, refused = done | again, refused | refused_too
        self._explain(asker, shown, done, refused)
        for posted in done.values():
            self._follow_up(posted, "", answer, csv=csv)

    def in_thread(self, place: Place, answer: Answer, *, csv: bool) -> None:
        """Where somebody mentioned the bot, in that thread."""
        posted = self._post(place.channel, self._shown(answer), place.thread_ts)
        self._follow_up(posted, place.thread_ts, answer, csv=csv)

    def in_thread_or_words(self, asker: Asker, answer: Answer) -> None:
        """In the thread where it was asked; where that is not possible, in words to the asker alone, with why."""
        shown, place = self._shown(answer), asker.place
        try:
            posted = self._post(place.channel, shown, place.thread_ts)
        except ChatError as error:
            self._in_words(asker, shown, error.said)
        else:
            self._follow_up(posted, place.thread_ts, answer, csv=False)

    def privately(self, asker: Asker, answer: Answer) -> None:
        """To the asker alone: with the picture where the bot is a member, else in words."""
        shown, place = self._shown(answer), asker.place
        send = partial(self._chat.ephemeral, place.channel, asker.user, thread_ts=place.thread_ts)
        try:
            shown.put(lambda message, words: send(message, without_picture=words), only_me=True)
        except ChatError as error:
            self._in_words(asker, shown, error.said)

    def edit(self, press: Press, answer: Answer, *, only_me: bool, csv: bool) -> None:
        """Into the message whose button was pressed; raises BadInput for a file that others would see."""
        if csv and (only_me or press.ephemeral):
            raise BadInput("Only you see this answer, and a CSV would be seen by the whole channel. Ask again without only-me.")
        channel = press.place.channel
        link = self._share_csv(channel, press.place.thread_ts or press.ts, answer) if csv else ""

        def send(message: Message, words: Message) -> None:
            if press.ephemeral:
                self._chat.respond(press.response_url, message, replace=True, without_picture=words)
            else:
                self._chat.update(channel, press.ts, message, without_picture=words)

        self._shown(answer).put(send, only_me=only_me, csv_link=link)

    def tell(self, asker: Asker, line: str, *, instead: bool = False) -> None:
        """A private line (mrkdwn, already escaped); when not even that can be said, the log has it."""
        try:
            if asker.response_url:
                self._chat.respond(asker.response_url, line, replace=instead)
            else:
                self._chat.ephemeral(asker.place.channel, asker.user, Message(line), thread_ts=asker.place.thread_ts)
        except ChatError as error:
            log.warning("a private line could not be said", extra={"code": error.code})

    def _shown(self, answer: Answer) -> Shown:
        return Shown(answer, self._chat, self._natives)

    def _try_all(self, channels: dict[str, None], shown: Shown) -> tuple[dict[str, Posted], dict[str, ChatError]]:
        done: dict[str, Posted] = {}
        refused: dict[str, ChatError] = {}
        for channel in channels:
            try:
                done[channel] = self._post(channel, shown)
            except ChatError as error:
                refused[channel] = error
                log.warning("a channel did not take the answer", extra={"channel": channel, "code": error.code})
        return done, refused

    def _explain(self, asker: Asker, shown: Shown, done: dict[str, Posted], refused: dict[str, ChatError]) -> None:
        """What the asker must know of channels that did not take the answer."""
        asked = asker.place.channel
        if not done:
            self._in_words(asker, shown, next(iter(refused.values())).said)
        elif asked in refused:
            self.tell(asker, f"{refused[asked].said} {self._link(done[self._home])} is in the home channel, <#{self._home}>.")
        elif self._home in refused:
            self.tell(asker, f"The answer is not in the home channel <#{self._home}>: {refused[self._home].said}")

    def _link(self, posted: Posted) -> str:
        """The answer as a link, or without one where Slack does not tell its address."""
        try:
            return f"<{escape_url(self._chat.permalink(posted.channel, posted.ts))}|The answer>"
        except ChatError:
            return "The answer"

    def _in_words(self, asker: Asker, shown: Shown, why: str) -> None:
        """The whole answer without its picture, through the one way that needs no membership."""
        if not asker.response_url:
            raise ChatError("not_in_channel", why)
        self._chat.respond(asker.response_url, shown.words(notice=why, only_me=True))

    def _post(self, channel: str, shown: Shown, thread_ts: str = "") -> Posted:
        send = partial(self._chat.post, channel, thread_ts=thread_ts)
        return shown.put(lambda message, words: send(message, without_picture=words))

    def _follow_up(self, posted: Posted, thread_ts: str, answer: Answer, *, csv: bool) -> None:
        """Further tables and the CSV, in the answer's thread."""
        thread = thread_ts or posted.ts
        for message in further_tables(answer):
            self._chat.post(posted.channel, message, thread_ts=thread)
        if csv:
            self._share_csv(posted.channel, thread, answer)

    def _share_csv(self, channel: str, thread_ts: str, answer: Answer) -> str:
        name = file_name(answer, "csv")
        return self._chat.share(channel, thread_ts, csv_text(answer).encode(), name, f"{answer.title} as CSV")

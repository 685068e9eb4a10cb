"""Where answers go: the home channel, the channel of the asker, a thread, or the asker alone."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from bot.answer import Answer
from bot.ports import ChatError
from bot.slack.chat import Chat
from bot.slack.delivery import Posted
from bot.slack.heard import Place, Press
from bot.slack.messages import Message, answer_message, csv_text, escape_url, further_tables
from commands.args import BadInput

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asker:
    """Whom to tell what in private: by the command's response_url, else by an ephemeral message where they spoke."""

    user: str
    place: Place
    response_url: str = ""


class Posting:
    """Puts answers into Slack. A picture is uploaded once, however many places show it."""

    def __init__(self, chat: Chat, home: str, copy_home: bool) -> None:
        self._chat = chat
        self._home = home
        self._copy_home = copy_home

    def everywhere(self, asker: Asker, answer: Answer, *, csv: bool) -> None:
        """To where it was asked and to the home channel; where neither takes it, to the asker alone."""
        asked = asker.place.channel
        answer, file_id = self._uploaded(answer)
        channels = dict.fromkeys((asked, self._home) if self._copy_home else (asked,))
        done, refused = self._try_all(channels, answer, file_id)
        if asked in refused and self._home not in channels:
            again, refused_too = self._try_all({self._home: None}, answer, file_id)
            done, refused = done | again, refused | refused_too
        self._explain(asker, answer, done, refused)
        for posted in done.values():
            self._follow_up(posted, "", answer, csv=csv)

    def in_thread(self, place: Place, answer: Answer, *, csv: bool) -> None:
        """Where somebody mentioned the bot, in that thread."""
        answer, file_id = self._uploaded(answer)
        posted = self._post(place.channel, answer, file_id, place.thread_ts)
        self._follow_up(posted, place.thread_ts, answer, csv=csv)

    def privately(self, asker: Asker, answer: Answer) -> None:
        """To the asker alone: with the picture where the bot is a member, else in words."""
        answer, file_id = self._uploaded(answer)
        message = answer_message(answer, file_id, only_me=True)
        words = answer_message(unpictured(answer), only_me=True)
        try:
            self._chat.ephemeral(asker.place.channel, asker.user, message, thread_ts=asker.place.thread_ts, without_picture=words)
        except ChatError as error:
            self._in_words(asker, answer, error.said)

    def edit(self, press: Press, answer: Answer, *, only_me: bool, csv: bool) -> None:
        """Into the message whose button was pressed; raises BadInput for a file that others would see."""
        if csv and (only_me or press.ephemeral):
            raise BadInput("Only you see this answer, and a CSV would be seen by the whole channel. Ask again without only-me.")
        answer, file_id = self._uploaded(answer)
        link = self._share_csv(press.place.channel, press.place.thread_ts or press.ts, answer) if csv else ""
        message = answer_message(answer, file_id, only_me=only_me, csv_link=link)
        words = answer_message(unpictured(answer), only_me=only_me, csv_link=link)
        if press.ephemeral:
            self._chat.respond(press.response_url, message, replace=True, without_picture=words)
        else:
            self._chat.update(press.place.channel, press.ts, message, without_picture=words)

    def tell(self, asker: Asker, line: str, *, instead: bool = False) -> None:
        """A private line (mrkdwn, already escaped); when not even that can be said, the log has it."""
        try:
            if asker.response_url:
                self._chat.respond(asker.response_url, line, replace=instead)
            else:
                self._chat.ephemeral(asker.place.channel, asker.user, Message(line), thread_ts=asker.place.thread_ts)
        except ChatError as error:
            log.warning("a private line could not be said", extra={"code": error.code})

    def _try_all(self, channels: dict[str, None], answer: Answer, file_id: str) -> tuple[dict[str, Posted], dict[str, ChatError]]:
        done: dict[str, Posted] = {}
        refused: dict[str, ChatError] = {}
        for channel in channels:
            try:
                done[channel] = self._post(channel, answer, file_id)
            except ChatError as error:
                refused[channel] = error
                log.warning("a channel did not take the answer", extra={"channel": channel, "code": error.code})
        return done, refused

    def _explain(self, asker: Asker, answer: Answer, done: dict[str, Posted], refused: dict[str, ChatError]) -> None:
        """What the asker must know of channels that did not take the answer."""
        asked = asker.place.channel
        if not done:
            self._in_words(asker, answer, next(iter(refused.values())).said)
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

    def _in_words(self, asker: Asker, answer: Answer, why: str) -> None:
        """The whole answer without its picture, through the one way that needs no membership."""
        if not asker.response_url:
            raise ChatError("not_in_channel", why)
        self._chat.respond(asker.response_url, answer_message(unpictured(answer), notice=why, only_me=True))

    def _post(self, channel: str, answer: Answer, file_id: str, thread_ts: str = "") -> Posted:
        message, words = answer_message(answer, file_id), answer_message(unpictured(answer))
        return self._chat.post(channel, message, thread_ts=thread_ts, without_picture=words)

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

    def _uploaded(self, answer: Answer) -> tuple[Answer, str]:
        """The answer and the ID of its picture's file; without one, the answer says why."""
        if answer.image is None:
            return answer, ""
        try:
            return answer, self._chat.upload(answer.image, file_name(answer, "png"), answer.title, answer.alt)
        except ChatError as error:
            log.warning("the picture could not be uploaded", extra={"code": error.code})
            return replace(answer, picture_fault="The picture could not be uploaded to Slack."), ""


def unpictured(answer: Answer) -> Answer:
    """The same answer for where its picture cannot be shown."""
    return replace(answer, picture_fault=answer.picture_fault or "The picture could not be shown here.")


def file_name(answer: Answer, ending: str) -> str:
    window = answer.ask.window
    return f"{answer.ask.section}-{window.start:%Y%m%dT%H%M}-{window.end:%Y%m%dT%H%M}Z.{ending}"

"""Delivers to Slack: who we are, people's zones, pictures, posts, edits and private lines. The only user of the Web API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.config import Slack
from bot.ports import ChatError
from bot.slack.messages import Block, Message
from bot.slack.refusals import refusal
from bot.slack.text import plain
from bot.slack.wire import PATIENCE_S, Answered, OnCall, Wire, ignore
from bot.slack.zones import Zones

# Slack looks an upload over before messages may show it; a message that comes too early is refused.
LOOKS_S: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 1.0, 1.0)
RETRIES_S: Final = (0.5, 1.0, 1.5)
NAME: Final = 120
ALT: Final = 1_000
ALERT: Final = "paybot_alert"  # the event type in the metadata of what can be found again
PAGE: Final = 200  # messages that one look-up asks for at once
MOST_PAGES: Final = 5
FIND_S: Final = 2.0  # how long a look-up or a removal may wait for its turn
QUIET: Final[Mapping[str, Any]] = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


@dataclass(frozen=True, slots=True)
class Me:
    """The bot's own identity."""

    user_id: str
    team_id: str
    bot_id: str


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands, and whether its picture does."""

    channel: str
    ts: str
    pictured: bool = True


class Delivery:
    """Every method raises ChatError and nothing else, waits with a limit, and may be called by threads at once.

    `now` gives seconds that never go back; `on_call` hears of each call: method, "ok" or the error's code, seconds.
    """

    def __init__(
        self,
        settings: Slack,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        on_call: OnCall = ignore,
    ) -> None:
        self._wire = Wire(settings, now, sleep, on_call)
        self._sleep = sleep
        self._zones = Zones(now)

    @property
    def wire(self) -> Wire:
        """The one way to Slack, with its budget: for whatever else is asked of the Web API."""
        return self._wire

    def me(self) -> Me:
        """Who the token belongs to."""
        own = self._wire.read("auth.test")
        return Me(text_at(own, "user_id"), text_at(own, "team_id"), text_at(own, "bot_id"))

    def zone(self, user: str) -> str | None:
        """The person's time zone (an IANA name), None where Slack knows none; asked once an hour."""
        if not self._zones.knows(user):
            self._zones.learn(user, text_at(self._wire.read("users.info", user=user), "user", "tz"))
        return self._zones.of(user)

    def known_zone(self, user: str) -> str | None:
        """The person's time zone if it is remembered; asks nobody."""
        return self._zones.of(user)

    def upload(self, png: bytes, filename: str, title: str, alt: str) -> str:
        """Uploads a picture that messages can show, and gives its file ID; it is in no channel yet.

        Waits some 4 s at most for Slack to look it over. `post` waits on if that was too short.
        """
        file_id = self._send_file(png, filename, alt_txt=plain(alt, ALT))
        self._wire.read("files.completeUploadExternal", files=titled(file_id, title))
        for pause_s in LOOKS_S:
            if text_at(self._wire.read("files.info", file=file_id), "file", "mimetype"):
                break
            self._sleep(pause_s)
        return file_id

    def post(
        self,
        channel: str,
        message: Message,
        thread_ts: str = "",
        *,
        without_picture: Message | None = None,
        key: str = "",
        patience_s: float = PATIENCE_S,
    ) -> Posted:
        """Posts a message, in a thread if one is named; `without_picture` takes its place if Slack cannot show the file.

        A ChatError that is not retriable may mean that the message arrived all the same: posting again could say it twice.
        With a `key` (opaque: others can read it) `find` tells. Who waits less than usual for their turn waits for no picture.
        """
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        mark = {"metadata": {"event_type": ALERT, "event_payload": {"key": key}}} if key else {}
        wire = self._wire.hurried(patience_s)
        answer, pictured = self._pictured(
            lambda sent: wire.put("chat.postMessage", channel, **body_of(sent), **thread, **mark, **QUIET),
            message,
            without_picture,
            pauses(patience_s),
        )
        return Posted(text_at(answer, "channel") or channel, text_at(answer, "ts"), pictured)

    def update(
        self,
        channel: str,
        ts: str,
        message: Message,
        *,
        without_picture: Message | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Replaces a message of the bot's, and keeps the key by which it is found."""
        fixed = {"blocks": [], "link_names": False, "parse": "none"}  # blocks that are not named might stay
        wire = self._wire.hurried(patience_s)
        self._pictured(
            lambda sent: wire.update("chat.update", channel, ts=ts, **{**fixed, **body_of(sent)}),
            message,
            without_picture,
            pauses(patience_s),
        )

    def find(self, channel: str, key: str, oldest: float, thread_ts: str = "") -> tuple[str, ...]:
        """The ts of every message that was posted with this key since `oldest` (epoch seconds), the first one first.

        Looks into the thread where one is named, else into the channel. Raises ChatError also where it cannot see all of them:
        () is certain.
        """
        since = f"{max(oldest, 0.0):.6f}"
        found = self._replies(channel, thread_ts, since) if thread_ts else self._history(channel, since)
        return tuple(sorted((text_at(each, "ts") for each in found if is_marked(each, key)), key=moment))

    def delete(self, channel: str, ts: str) -> None:
        """Removes a message of the bot's; one that is gone already is no fault."""
        try:
            self._wire.hurried(FIND_S).update("chat.delete", channel, ts=ts)
        except ChatError as error:
            if error.code != "message_not_found":
                raise

    def _history(self, channel: str, since: str) -> Iterator[object]:
        """The channel's messages since then, the newest first."""
        latest: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = self._looked("conversations.history", channel, oldest=since, **latest)
            messages = listed_at(page, "messages")
            yield from messages
            if not more(page):
                return
            latest = {"latest": min((text_at(each, "ts") for each in messages), key=moment, default=since)}
        raise refusal("search_too_long")

    def _replies(self, channel: str, thread_ts: str, since: str) -> Iterator[object]:
        """The thread's messages since then, its first message too."""
        cursor: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = self._looked("conversations.replies", channel, ts=thread_ts, oldest=since, **cursor)
            yield from listed_at(page, "messages")
            if not more(page):
                return
            cursor = {"cursor": text_at(page, "response_metadata", "next_cursor")}
        raise refusal("search_too_long")

    def _looked(self, method: str, channel: str, **fields: str) -> Answered:
        asked: dict[str, str | int] = {"channel": channel, "limit": PAGE, "include_all_metadata": "true", **fields}
        return self._wire.hurried(FIND_S).read(method, **asked)

    def ephemeral(
        self, channel: str, user: str, message: Message, thread_ts: str = "", *, without_picture: Message | None = None
    ) -> None:
        """Shows a message to one person in a channel."""
        where = {"user": user} | ({"thread_ts": thread_ts} if thread_ts else {})
        self._pictured(
            lambda sent: self._wire.put("chat.postEphemeral", channel, **body_of(sent), **where, link_names=False, parse="none"),
            message,
            without_picture,
        )

    def respond(
        self, response_url: str, message: Message | str, *, replace: bool = False, without_picture: Message | None = None
    ) -> None:
        """A private line to whoever caused `response_url`, even where the bot is no member; `replace` edits the one before.

        A bare text is mrkdwn that is escaped already. Addresses that are not Slack's are refused.
        """
        first = Message(message) if isinstance(message, str) else message
        fixed = {"response_type": "ephemeral", "replace_original": replace}
        self._pictured(
            lambda sent: self._wire.respond(response_url, json.dumps({**fixed, **body_of(sent)}).encode()), first, without_picture
        )

    def share(self, channel: str, thread_ts: str, content: bytes, filename: str, title: str) -> str:
        """Puts a file into a thread and gives the link to it, "" where Slack tells none."""
        file_id = self._send_file(content, filename)
        answer = self._wire.put_file(channel, files=titled(file_id, title), **({"thread_ts": thread_ts} if thread_ts else {}))
        return text_at(answer, "files", 0, "permalink") or text_at(
            self._wire.read("files.info", file=file_id), "file", "permalink"
        )

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message."""
        return text_at(self._wire.read("chat.getPermalink", channel=channel, message_ts=ts), "permalink")

    def _send_file(self, content: bytes, filename: str, **fields: str) -> str:
        """A file's bytes to Slack; the upload is not finished yet."""
        place = self._wire.read("files.getUploadURLExternal", filename=plain(filename, NAME), length=len(content), **fields)
        url, file_id = text_at(place, "upload_url"), text_at(place, "file_id")
        if not url or not file_id:
            raise refusal("internal_error")
        self._wire.upload(url, content)
        return file_id

    def _pictured(
        self,
        send: Callable[[Message], Answered | None],
        message: Message,
        without_picture: Message | None,
        pauses_s: tuple[float, ...] = RETRIES_S,
    ) -> tuple[Answered, bool]:
        """Sends, again while Slack is not ready to show the file, and at last without the picture; says whether it is there."""
        for pause_s in (0.0, *pauses_s):
            self._sleep(pause_s)
            try:
                return send(message) or {}, shows_file(message)
            except ChatError as error:
                if error.code not in NOT_READY or not shows_file(message):
                    raise
                refused = error
        if without_picture is None:
            raise refused
        return send(without_picture) or {}, False


NOT_READY: Final = frozenset({"invalid_blocks", "invalid_blocks_format", "slack_file_not_found", "file_not_found"})


def pauses(patience_s: float) -> tuple[float, ...]:
    """How long Slack is waited for to get ready to show a file: not at all by those in a hurry."""
    return RETRIES_S if patience_s >= PATIENCE_S else ()


def shows_file(message: Message) -> bool:
    return any("slack_file" in block for block in message.blocks)


def body_of(message: Message) -> dict[str, str | list[Block]]:
    """The message's fields; the blocks stay away where there are none, so that the text is shown."""
    return {"text": message.text} | ({"blocks": list(message.blocks)} if message.blocks else {})


def titled(file_id: str, title: str) -> str:
    return json.dumps([{"id": file_id, "title": plain(title, NAME)}])


def text_at(answer: object, *path: str | int) -> str:
    """The text at this place of an answer of Slack's, "" where there is none: no answer's shape is taken for granted."""
    found: Any = getattr(answer, "data", answer)
    for step in path:
        fits = isinstance(found, dict) if isinstance(step, str) else isinstance(found, list) and len(found) > step
        if not fits:
            return ""
        found = found.get(step) if isinstance(step, str) else found[step]
    return found if isinstance(found, str) else ""


def listed_at(answer: object, key: str) -> list[object]:
    """The list at this place of an answer; raises ChatError where there is none, for then nothing is certain."""
    data = getattr(answer, "data", answer)
    found = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(found, list):
        raise refusal("internal_error")
    return found


def more(page: object) -> bool:
    """Whether there are further pages."""
    data = getattr(page, "data", page)
    return bool(data.get("has_more") if isinstance(data, Mapping) else False) or bool(
        text_at(page, "response_metadata", "next_cursor")
    )


def is_marked(message: object, key: str) -> bool:
    """Whether a message bears this key and has a place at which it can be reached."""
    found = text_at(message, "metadata", "event_type"), text_at(message, "metadata", "event_payload", "key")
    return found == (ALERT, key) and bool(text_at(message, "ts"))


def moment(ts: str) -> tuple[float, str]:
    """By what messages are sorted in time."""
    try:
        return float(ts), ts
    except ValueError:
        return 0.0, ts

"""One call to Slack: in its turn, timed, with a 429 honoured, and every failure a ChatError."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import Request, build_opener

from bot.config import Slack
from bot.ports import ChatError
from bot.slack.budget import ChannelBudget, pause_s
from bot.slack.reading import NoRedirects, whole
from bot.slack.refusals import answered, code_in, refusal, translated

if TYPE_CHECKING:
    from bot.slack.client import Client

TIMEOUT_S: Final = 5  # of each step of a call, and of the whole answer; the SDK takes whole seconds
PATIENCE_S: Final = 20.0  # how long a call may wait for its turn
AGAIN_S: Final = 0.3  # before the one other try of what may be tried again
MOST_BYTES: Final = 1_000_000  # of an answer to an upload or a private line

OnCall = Callable[[str, str, float], None]
Answered = Mapping[str, Any]


def ignore(method: str, outcome: str, seconds: float) -> None:
    """Counts nothing."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a call may be treated: `paced` in its lane, `repeatable` without harm, and tried `again` here at once."""

    paced: bool
    repeatable: bool
    again: bool


READ: Final = Manner(paced=False, repeatable=True, again=True)
UPDATE: Final = Manner(paced=False, repeatable=True, again=False)
PUT: Final = Manner(paced=True, repeatable=False, again=False)
RESPOND: Final = Manner(paced=False, repeatable=False, again=False)


class Wire:
    """The Web API, upload addresses and response URLs, over one budget. Threads may call at once."""

    def __init__(self, settings: Slack, now: Callable[[], float], sleep: Callable[[float], None], on_call: OnCall) -> None:
        self._settings = settings
        self._now = now
        self._sleep = sleep
        self._on_call = on_call
        self._budget = ChannelBudget(now, sleep)
        self._loopback = is_loopback(urlsplit(settings.api_url))
        self._patience_s = PATIENCE_S

    def hurried(self, patience_s: float) -> Wire:
        """The same wire for calls that wait no longer than that for their turn: else TooSoon says at once when it comes."""
        other = copy(self)
        other._patience_s = patience_s
        other._client = self._client
        return other

    def read(self, method: str, **fields: str | int) -> Answered:
        """A call that changes nothing anyone sees."""
        return self._call(method, method, READ, lambda: self._client.api_call(method, params=dict(fields)))

    def update(self, method: str, channel: str, **fields: object) -> Answered:
        """A call that replaces what stands in a channel."""
        return self._call(method, method, UPDATE, lambda: self._client.api_call(method, json=dict(fields, channel=channel)))

    def put(self, method: str, channel: str, **fields: object) -> Answered:
        """A call that puts something new into a channel: never sent again once it may have arrived."""
        return self._call(method, channel, PUT, lambda: self._client.api_call(method, json=dict(fields, channel=channel)))

    def put_file(self, channel: str, **fields: str) -> Answered:
        """Puts an uploaded file into a channel, with the same promise; this method takes no JSON."""
        method, asked = "files.completeUploadExternal", dict(fields, channel_id=channel)
        return self._call(method, channel, PUT, lambda: self._client.api_call(method, params=asked))

    def upload(self, url: str, content: bytes) -> None:
        """A file's bytes to the address that Slack gave for them."""
        self._post("upload", url, READ, content, "application/octet-stream", is_slack)

    def respond(self, url: str, body: bytes) -> None:
        """A private line to the response URL of a command or a press."""
        self._post("response_url", url, RESPOND, body, "application/json; charset=utf-8", takes_responses)

    def _post(self, method: str, url: str, manner: Manner, body: bytes, kind: str, known: Callable[[str], bool]) -> None:
        if not self._trusted(url, known):
            raise refusal("untrusted_url")
        request = Request(url, body, {"Content-Type": kind}, method="POST")  # noqa: S310 - https or loopback, as just checked
        self._call(method, method, manner, lambda: send_plainly(request, repeatable=manner.repeatable))

    def _trusted(self, url: str, known: Callable[[str], bool]) -> bool:
        """Whether the address is Slack's: nothing that came in a payload may aim the bot at another host."""
        try:
            parts = urlsplit(url)
            usual = parts.scheme == "https" and parts.port in {None, 443} and parts.username is None
        except ValueError:
            return False
        return (usual and known(parts.hostname or "")) or (self._loopback and is_loopback(parts))

    def _call(self, method: str, lane: str, manner: Manner, send: Callable[[], Any]) -> Answered:
        """Sends in its turn, and again after a 429 or, once, where that can do no harm; waits as long as there is patience."""
        deadline, tried = self._now() + self._patience_s, False
        while True:
            self._budget.wait(lane, deadline, paced=manner.paced)
            try:
                return self._timed(method, lane, manner, send)
            except ChatError as error:
                if error.code == "ratelimited":
                    continue
                if tried or not (error.code == "unreachable" or (manner.again and error.retriable)):
                    raise
                tried = True
                self._sleep(AGAIN_S)

    def _timed(self, method: str, lane: str, manner: Manner, send: Callable[[], Any]) -> Answered:
        start, outcome = self._now(), "ok"
        try:
            with translated(repeatable=manner.repeatable):
                answer: Answered = send()
                return answer
        except ChatError as error:
            outcome = error.code
            if outcome == "ratelimited":
                self._budget.refused(lane, asked_pause(error))
            raise
        finally:
            self._on_call(method, outcome, self._now() - start)

    @cached_property
    def _client(self) -> Client:
        from bot.slack.client import Client  # noqa: PLC0415 - the SDK is heavy, and needed only once something is said

        return Client(self._settings.bot_token, self._settings.api_url, TIMEOUT_S)


def is_loopback(url: SplitResult) -> bool:
    """Whether the address is on this machine."""
    if url.hostname == "localhost":
        return True
    try:
        return ip_address(url.hostname or "").is_loopback
    except ValueError:
        return False


def is_slack(host: str) -> bool:
    """Whether Slack owns the host."""
    return host.endswith((".slack.com", ".slack-gov.com"))


def takes_responses(host: str) -> bool:
    """Whether it is the host of Slack's response URLs."""
    return host in {"hooks.slack.com", "hooks.slack-gov.com"}


def asked_pause(error: ChatError) -> float:
    """How long a 429 asks to wait."""
    headers = (
        getattr(getattr(error.__cause__, "response", None), "headers", None) or getattr(error.__cause__, "headers", None) or {}
    )
    found = {str(name).lower(): str(value) for name, value in headers.items()}
    return pause_s(found.get("retry-after", ""), found.get("date", ""))


def send_plainly(request: Request, *, repeatable: bool) -> Answered:
    """A POST outside the Web API: {} when it was taken, else ChatError."""
    end_s = time.monotonic() + TIMEOUT_S
    try:
        with build_opener(NoRedirects).open(request, timeout=TIMEOUT_S) as response:
            status, body = response.status, whole(response, end_s, MOST_BYTES)
    except HTTPError as error:
        with error:
            code = code_in(error.code, whole(error, end_s, MOST_BYTES).decode(errors="replace"))
        raise answered(code, repeatable=repeatable) from error
    if code := code_in(status, body.decode(errors="replace")):
        raise answered(code, repeatable=repeatable)
    return {}

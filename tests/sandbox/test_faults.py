"""Faults: a source can be slow, refuse, break, fall silent or give half an answer, and becomes well again."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, request_response
from starlette.types import Message

from sandbox.faults import FaultKind, Faults, Faulty
from sandbox.workspace.cast import HOME
from sandbox.workspace.mishaps import ANY, Mishap, Mishaps
from tests.sandbox.company import served
from tests.sandbox.stub_bot import HTTP, Json, SmallSlack, plain


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


@pytest.fixture
def faults() -> Faults:
    return Faults(latency_ms=0)


@pytest.fixture
def url(faults: Faults) -> Iterator[str]:
    refusals: dict[FaultKind, Callable[[], Response]] = {
        "429": lambda: PlainTextResponse("later", 429),
        "500": lambda: PlainTextResponse("broken", 500),
    }
    with served([Route("/hello", Faulty(request_response(hello), "greeter", faults, refusals))], "/vendor") as base:
        yield f"{base}/hello"


def ask(url: str, timeout_s: float = 5.0) -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@pytest.mark.parametrize(("kind", "status", "body"), [("429", 429, "later"), ("500", 500, "broken"), ("partial", 200, "hello")])
def test_a_refusal_is_the_vendors_own(faults: Faults, url: str, kind: str, status: int, body: str) -> None:
    """The vendor words its refusals; half an answer is left to it altogether."""
    faults.set("greeter", kind)  # type: ignore[arg-type] # one of FAULT_KINDS
    assert ask(url) == (status, body)


def test_a_source_that_is_down_closes_without_an_answer(faults: Faults, url: str) -> None:
    """Not one byte of an answer, as when a host is gone."""
    faults.set("greeter", "down")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask(url)


def test_a_slow_source_outlasts_the_patience(faults: Faults, url: str) -> None:
    """It takes as many seconds as was set."""
    faults.set("greeter", "slow", seconds=1.0)
    with pytest.raises(TimeoutError):
        ask(url, timeout_s=0.2)


def test_an_asker_who_has_left_is_no_error(faults: Faults) -> None:
    """Who gives up before a slow source has read the request gets nothing, and the sandbox's terminal stays quiet."""
    sent: list[Message] = []

    async def echo(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    app = Faulty(request_response(echo), "greeter", faults, {})
    with ThreadPoolExecutor(1) as thread:  # a browser of another test may have a loop in this one
        thread.submit(asyncio.run, app({"type": "http", "method": "POST", "headers": []}, gone, send)).result()
    assert sent == []


def test_a_cleared_fault_is_gone(faults: Faults, url: str) -> None:
    """The source is well at once; clearing a well one does nothing."""
    faults.set("greeter", "down")
    faults.clear("greeter")
    faults.clear("greeter")
    assert ask(url) == (200, "hello")


def test_one_source_does_not_catch_anothers_fault(faults: Faults, url: str) -> None:
    """Each source has its own."""
    faults.set("other", "500")
    assert ask(url) == (200, "hello")
    assert list(faults.active()) == ["other"]


def test_every_answer_takes_its_latency(faults: Faults, url: str) -> None:
    """A good day is no faster than was set."""
    faults.latency_ms = 80.0
    start = time.monotonic()
    ask(url)
    assert time.monotonic() - start >= 0.08


def test_a_newer_fault_takes_the_place_of_the_older(faults: Faults) -> None:
    """A source has one fault at a time."""
    faults.set("greeter", "slow", seconds=3.0)
    faults.set("greeter", "partial")
    assert faults.partial("greeter")


def test_an_unknown_fault_is_an_error(faults: Faults) -> None:
    """A misspelt fault does not pass for a fault."""
    with pytest.raises(ValueError, match="slow, 429, 500, down, partial"):
        faults.set("greeter", "sloow")  # type: ignore[arg-type] # on purpose


def drill(slack: SmallSlack, **mishap: Any) -> None:
    """Sets a mishap as another process would, over HTTP."""
    assert slack.do("slack", set=[{"method": "chat.postMessage", **mishap}])["ok"]


def test_a_post_is_done_and_the_connection_closed(slack: SmallSlack) -> None:
    """The caller has no answer, and the message exists: once, as the ledger says."""
    drill(slack, kind="drop_after", times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        slack.post(text="lost?")
    assert ([plain(said) for said in slack.seen()], len(slack.workspace.accepted)) == (["lost?"], 1)
    assert slack.post(text="next")["ok"]


@pytest.mark.parametrize(
    ("mishap", "status", "error", "posts"),
    [
        ({"kind": "fail_after"}, 500, "internal_error", 1),
        ({"kind": "error_after"}, 200, "internal_error", 1),
        ({"kind": "500"}, 500, "internal_error", 0),
        ({"kind": "error", "error": "invalid_auth"}, 200, "invalid_auth", 0),
        ({"kind": "429"}, 429, "ratelimited", 0),
    ],
)
def test_what_a_mishap_says_and_what_it_does(slack: SmallSlack, mishap: Json, status: int, error: str, posts: int) -> None:
    """Each either happens after the call was accepted, or keeps it from being so."""
    drill(slack, **mishap)
    answer = slack.raw("chat.postMessage", channel=HOME.id, text="hi")
    assert (answer.status, answer.json()["error"], len(slack.workspace.accepted)) == (status, error, posts)
    assert slack.call("auth.test")["ok"]


@pytest.mark.parametrize("retry_after", ["7", "0", "abc", ""])
def test_a_429_says_when_in_any_words(slack: SmallSlack, retry_after: str) -> None:
    """Also nonsense, or nothing."""
    drill(slack, kind="429", retry_after=retry_after)
    assert slack.raw("chat.postMessage", channel=HOME.id, text="hi").headers.get("Retry-After", "") == retry_after


def test_who_comes_before_their_time_is_counted(slack: SmallSlack) -> None:
    """A call within the time of a 429 is early; after it, none is."""
    drill(slack, kind="429", retry_after="5", times=1)
    slack.post()
    slack.seconds += 4
    slack.post()
    slack.seconds += 2
    slack.post()
    assert slack.workspace.mishaps.early == 1


def test_slack_can_be_down_and_come_back(slack: SmallSlack) -> None:
    """Down for every method; well again once it is cleared."""
    slack.workspace.mishaps.set(Mishap(ANY, "down"))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        slack.call("auth.test")
    slack.do("slack", clear=True)
    assert slack.call("auth.test")["ok"]


def test_an_upload_and_a_response_url_can_fail_too(slack: SmallSlack) -> None:
    """They go by the names "upload" and "respond"."""
    slack.do("slack", set=[{"method": "upload", "kind": "500"}, {"method": "respond", "kind": "500"}])
    slack.say("/pay checkout")
    asked = slack.call("files.getUploadURLExternal", filename="a.csv", length=3)
    urls = (asked["upload_url"], slack.bot.heard[0].form["response_url"])
    assert [HTTP.request("POST", url, body=b"{}").status for url in urls] == [500, 500]


def test_fates_are_drawn_by_a_seed() -> None:
    """Two kinds share one number, each with its probability; the same seed gives the same fates."""

    def fates(seed: int) -> list[str]:
        mishaps = Mishaps(seed=seed)
        mishaps.set(Mishap("chat.postMessage", "drop_after", 0.05))
        mishaps.set(Mishap("chat.postMessage", "fail_after", 0.05))
        drawn = (mishaps.draw("chat.postMessage") for _ in range(4_000))
        return [mishap.kind if mishap else "" for mishap in drawn]

    counts = Counter(fates(7))
    assert fates(7) == fates(7) != fates(8)
    assert 150 < counts["drop_after"] < 250
    assert 150 < counts["fail_after"] < 250


def test_a_misspelt_mishap_is_an_error(slack: SmallSlack) -> None:
    """Nobody drills what does not happen."""
    assert slack.do("slack", set=[{"method": "chat.update", "kind": "drop"}])["error"] == "no_such_switch"
    assert slack.do("slack", set=[{"kind": "down"}])["error"] == "invalid_arguments"
    assert slack.do("slack", set=[{"method": "chat.update", "kind": "down", "probability": 2}])["error"] == "no_such_switch"


def test_a_drill_can_be_read_back(slack: SmallSlack) -> None:
    """What is set, what has happened, the pace and the scopes; a pace of 0 lets everything through."""
    drill(slack, kind="500", times=1)
    slack.post()
    slack.do("slack", pace=0, seed=3)
    assert [slack.post()["ok"] for _ in range(6)] == [True] * 6
    told = HTTP.request("GET", f"{slack.url}/sandbox/slack").json()
    assert told | {"set": [], "happened": [], "seed": 3, "pace": 0, "early": 0} == told
    assert "chat:write" in told["scopes"]

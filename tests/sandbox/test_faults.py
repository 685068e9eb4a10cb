"""Faults: a source can be slow, refuse, break, fall silent or give half an answer, and becomes well again."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, request_response
from starlette.types import Message

from sandbox.faults import FaultKind, Faults, Faulty
from tests.sandbox.company import served


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

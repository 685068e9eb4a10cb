"""Child processes that draw, and die."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from bot.rendering import DrawingFailed, Renderer
from charts.spec import Picture

PICTURE = Picture("Checkout", (), 0, 3600, "UTC", "00:00 to 01:00")


def dies(picture: Picture, theme: str) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def hangs(picture: Picture, theme: str) -> bytes:
    time.sleep(60)
    return b""


def breaks(picture: Picture, theme: str) -> bytes:
    raise ValueError("a secret 4242 4242 4242 4242")


def names_its_process(picture: Picture, theme: str) -> bytes:
    if theme == "dies":
        dies(picture, theme)
    return f"{os.getpid()} {os.nice(0)}".encode()


@pytest.fixture
def renderer(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    made = Renderer(children=1, draw=request.param)
    yield made
    made.stop()


@pytest.mark.parametrize("renderer", [dies], indirect=True)
def test_a_child_that_dies_is_a_failed_picture(renderer: Renderer) -> None:
    """A segmentation fault in the drawing library does not reach the bot."""
    with pytest.raises(DrawingFailed, match="could not be drawn"):
        renderer.draw(PICTURE, "light", 10)


@pytest.mark.parametrize("renderer", [hangs], indirect=True)
def test_a_child_that_hangs_is_given_up_in_time(renderer: Renderer) -> None:
    """Nobody waits for a picture longer than its limit."""
    start = time.monotonic()
    with pytest.raises(DrawingFailed, match="took longer than 1 s"):
        renderer.draw(PICTURE, "light", 1)
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("renderer", [breaks], indirect=True)
def test_what_a_child_raises_is_not_shown(renderer: Renderer) -> None:
    """The reason that people read holds nothing of the exception's text."""
    with pytest.raises(DrawingFailed) as failed:
        renderer.draw(PICTURE, "light", 10)
    assert "4242" not in str(failed.value)


@pytest.mark.parametrize("renderer", [names_its_process], indirect=True)
def test_the_next_picture_is_drawn_after_a_death(renderer: Renderer) -> None:
    """A dead child is replaced by a new one, niced, in a process of its own."""
    with pytest.raises(DrawingFailed):
        renderer.draw(PICTURE, "dies", 10)
    pid, niceness = renderer.draw(PICTURE, "light", 10).split()
    assert int(pid) != os.getpid()
    assert int(niceness) >= 10


@pytest.mark.parametrize("renderer", [names_its_process], indirect=True)
def test_a_child_that_was_killed_while_idle_is_replaced(renderer: Renderer) -> None:
    """What the kernel kills for want of memory between two pictures costs nobody a picture."""
    first, _ = renderer.draw(PICTURE, "light", 10).split()
    os.kill(int(first), signal.SIGKILL)
    second, _ = renderer.draw(PICTURE, "light", 10).split()
    assert first != second


@pytest.mark.parametrize("renderer", [names_its_process], indirect=True)
def test_a_stopped_renderer_stays_stopped(renderer: Renderer) -> None:
    """What comes too late starts no children that nobody would end."""
    renderer.stop()
    with pytest.raises(DrawingFailed, match="stopping"):
        renderer.draw(PICTURE, "light", 1)

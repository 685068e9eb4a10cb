"""Slack refuses calls for their speed, or takes one and its reply is lost: no answer is lost, and none is posted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.front import Front, fronting
from tests.promises.people import People, question_of, somebody
from tests.promises.serving import Bot, served, until
from tests.stage import Stage, environment

RANGES = ("2h", "3h", "4h", "5h")
IN_FLIGHT_S = 0.5  # on a machine that is busy with other tests


@pytest.fixture
def front(stage: Stage) -> Iterator[Front]:
    with fronting(stage.url, Front(retry_after_s=2)) as front:
        yield front


@pytest.fixture
def people(stage: Stage, front: Front) -> People:
    return People(stage, front.url)


@pytest.fixture
def bot(stage: Stage, front: Front, tmp_path: Path) -> Iterator[Bot]:
    """A bot that reaches its Slack through the front."""
    env = environment(stage.url) | {"SLACK_API_URL": f"{front.url}/slack/api/"}
    with served(stage.bot_port, env, tmp_path) as bot:
        yield bot


@pytest.mark.parametrize("method", ["chat.postMessage", "files.completeUploadExternal", "files.getUploadURLExternal"])
def test_a_429_delays_and_nothing_else(method: str, bot: Bot, people: People, front: Front) -> None:
    """Every answer comes once, with its picture, and no call of the refused method goes out before it may."""
    front.refusing[method] = 2
    for text in RANGES:
        assert bot.hears(people.command(f"checkout {text}", somebody())).status == 200
    until(lambda: len(people.answers()) == len(RANGES), 20)
    assert Counter(map(question_of, people.answers())) == Counter(f"checkout {text}" for text in RANGES)
    assert too_early(front, method) == []


def too_early(front: Front, method: str) -> list[float]:
    """The pauses after a refusal that were shorter than Slack asked for.

    Calls that were on their way when the refusal came cannot know of it: those within IN_FLIGHT_S count as such.
    """
    calls = [call for call in front.calls if call.method == method]
    refusals = [call.at for call in calls if not call.passed]
    waits = [call.at - refused for call in calls for refused in refusals if call.at > refused]
    return [wait for wait in waits if IN_FLIGHT_S < wait < front.retry_after_s]


@pytest.mark.parametrize("method", ["chat.postMessage", "files.completeUploadExternal"])
def test_a_lost_reply_posts_nothing_twice(method: str, bot: Bot, people: People, front: Front) -> None:
    """The message that arrived stands alone in the channel, and the next ask is answered as ever."""
    front.losing[method] = 1
    who = somebody()
    assert bot.hears(people.command("checkout 2h", who)).status == 200
    until(people.answers, 10)
    assert bot.hears(people.command("checkout 3h")).status == 200
    until(lambda: len(people.answers()) >= 2, 10)
    assert [question_of(answer) for answer in people.answers()] == ["checkout 2h", "checkout 3h"]

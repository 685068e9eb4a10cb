"""Keys, tokens and card numbers that run through the bot come out of it nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import datadog, elastic
from tests.promises.front import Front, fronting
from tests.promises.people import People, shows, texts
from tests.promises.serving import Bot, served, until
from tests.stage import SECRET, TOKEN, Stage, environment

CARD, SPACED = "4242424242424242", "4242 4242 4242 4242"
SECRETS = (TOKEN, SECRET, datadog.API_KEY, datadog.APP_KEY, elastic.API_KEY, CARD, SPACED)


@pytest.fixture
def front(stage: Stage) -> Iterator[Front]:
    with fronting(stage.url, Front()) as front:
        yield front


@pytest.fixture
def bot(stage: Stage, front: Front, tmp_path: Path) -> Iterator[Bot]:
    """A bot that reaches its sources through the front, and logs all it can."""
    env = environment(stage.url) | {"DATADOG_HOST": f"{front.url}/datadog", "ELASTICSEARCH_URL": f"{front.url}/elastic"}
    with served(stage.bot_port, env | {"PAYBOT_LOG_LEVEL": "DEBUG"}, tmp_path) as bot:
        yield bot


def test_card_numbers_in_answers_of_sources_are_masked(bot: Bot, people: People, front: Front) -> None:
    """One as a decline code and one in every event's title: in the table and the marks stands what they were."""
    front.rewriting = {rb"do_not_honor": CARD.encode(), rb'"title": ?"[^"]*"': f'"title":"refund for {SPACED}"'.encode()}
    assert bot.hears(people.command("checkout 7d csv")).status == 200
    until(lambda: people.answers() and len(files(people)) == 2, 10)
    assert shows(people.answers()[0], "[card number]")
    assert leaked(bot, people) == []


def test_what_failing_sources_quote_is_masked(bot: Bot, people: People, front: Front) -> None:
    """An error page that repeats our keys and a card number reaches neither the channel nor the log."""
    front.failing = (
        f"api_key={datadog.API_KEY} app-key: {datadog.APP_KEY} Authorization: ApiKey {elastic.API_KEY} {SPACED}".encode()
    )
    assert bot.hears(people.command(f"checkout 2h {CARD}")).status == 200
    assert bot.hears(people.command("checkout 2h csv")).status == 200
    until(people.answers, 12)
    assert people.answers()[0].blocks
    assert leaked(bot, people) == []


def files(people: People) -> list[str]:
    """The pictures' alt texts and titles, and the content of every other file that was uploaded."""
    held = people.stage.workspace.files
    found = [held.find(id_) for id_ in people.stage.inside(lambda: tuple(held._files))]
    return [f"{file.title} {file.alt} {file.content.decode(errors='ignore')}" for file in found if file and file.completed_at]


def leaked(bot: Bot, people: People) -> list[str]:
    """The secrets that can be seen anywhere."""
    said = [text for answer in people.answers() for text in (answer.text, *texts(answer.blocks))]
    seen = "\n".join((*said, *files(people), bot.log(), bot.get("/metrics").text))
    return [secret for secret in SECRETS if secret in seen]

"""Words that people type never become a part of a query: 5,000 hostile texts, through the parser and into the adapters."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

import pytest

from bot.config import FIELDS, Datadog
from bot.config import Elastic as Settings
from bot.ports import SourceError
from bot.sources.aggregations import body, question
from bot.sources.datadog import DatadogEvents, DatadogMetrics
from bot.sources.elastic import Elastic
from commands import DEFAULT_SECTION, SECTIONS
from commands.args import Ask, BadInput, Wish, parse
from commands.panel import Query
from tests.sources.test_datadog import EMPTY, RATE
from tests.sources.test_elastic import PRODUCT
from tests.sources.vendor import NOON, Answer, Vendor, serving, window

MANY = 5_000
PIECES = (
    *(
        "prod",
        "staging",
        "eu-1.2",
        "*",
        "{",
        "}",
        "{*}",
        "} by {host}",
        ",",
        "!",
        "$scope",
        "${ENV}",
        "$time",
        "env:",
        "env:prod",
        ":",
    ),
    *("/", "..", "../../etc/passwd", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "_all", "_search", "?q=*"),
    *("#", "%00", "%7D", "\\", '"', "'", "`", "' OR 1=1 --", "; DROP TABLE x", '{"query_string":{"query":"*"}}', "(a+)+$"),
    *('"}},{"match_all":{}}', '{"script":{"source":"x"}}', " OR env:*", " AND NOT ", ")", "(", ".rollup(sum,1)", "avg:x{*}"),
    *("\n", "\t", "\r\n", "\0", "\u202e", "\u2028", "é", "٣", "😀", "<!channel>", "&amp;", "6h", "1d", "9" * 40, "-1h", "6h.."),
    *("2026-11-22", "vs", "yesterday", "checkout", "overview", "only-me", "csv", "x" * 300),
)
FORMS = (
    "{}",
    "checkout {}",
    "{} 6h",
    "checkout 6h env:{}",
    "checkout env:{} 6h",
    "checkout 6h vs {}",
    "checkout {} env:{}",
    "since {}",
)
ENV = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}", re.ASCII)
TAG = re.compile(r"[\w.:/-]{1,190}")
FAILURES = Query("elastic", '{"all": {"terms": {"field": "$decline_code"}}}', {"kind": "checkout.failed"})
DEPLOYS = Query("datadog_events", "env:$env kind:deploy")


@cache
def words() -> tuple[str, ...]:
    """The hostile words, the same in every run."""
    dice = random.Random(5)
    return tuple("".join(dice.choices(PIECES, k=dice.randrange(1, 4))) for _ in range(MANY))


def wishes() -> Iterator[Ask]:
    """What the parser makes of them in every form; whatever it is, it is a question or a plain sentence."""
    dice = random.Random(6)
    for word in words():
        text = dice.choice(FORMS).replace("{}", word)
        with suppress(BadInput):
            wish = parse(text, now=NOON, zone="UTC", env="prod", sections=tuple(SECTIONS), default_section=DEFAULT_SECTION)
            if isinstance(wish, Wish):
                yield wish.ask


def test_what_the_parser_lets_through_has_no_letter_of_a_query_language() -> None:
    """A section that there is, an environment of letters, digits and three signs, and times that are times."""
    asks = list(wishes())
    assert len(asks) > MANY / 50
    assert all(ask.section in SECTIONS and ENV.fullmatch(ask.env) for ask in asks)
    assert all(ask.window.start < ask.window.end for ask in asks)


def test_no_environment_that_is_let_through_changes_a_query() -> None:
    """Over real HTTP: Datadog and Elasticsearch get their one text with the environment in its place."""
    envs = sorted({ask.env for ask in wishes()})
    logs = Answer(
        {"timed_out": False, "_shards": {"total": 1, "failed": 0}, "aggregations": {"q": {"all": {"buckets": []}}}},
        headers=PRODUCT,
    )
    with serving(EMPTY) as metrics, serving(Answer({"data": []})) as events, serving(logs) as elastic:
        for env in envs:
            ask_all(env, metrics, events, elastic)
    assert sent(metrics) == [f"avg:payments.checkout.success_rate{{env:{env}}}" for env in envs]
    assert [asked.json()["filter"]["query"] for asked in events.asked] == [f"env:{env} kind:deploy" for env in envs]
    assert [asked.json()["query"]["bool"]["filter"][0] for asked in elastic.asked] == [
        {"term": {"service.environment": env}} for env in envs
    ]


def ask_all(env: str, metrics: Vendor, events: Vendor, elastic: Vendor) -> None:
    for vendor, kind, query in ((metrics, DatadogMetrics, RATE), (events, DatadogEvents, DEPLOYS)):
        kind(Datadog(api_key="a", app_key="b", host=vendor.url), lambda: NOON).fetch({"q": query}, window(), env, 5)
    Elastic(Settings(url=elastic.url), lambda: NOON).fetch({"q": FAILURES}, window(), env, 5)


def sent(vendor: Vendor) -> list[str]:
    return [query["query"] for asked in vendor.asked for query in asked.json()["data"]["attributes"]["queries"]]


def test_no_word_leaves_its_place_in_a_metric_query_even_past_the_parser() -> None:
    """Each of the 5,000 as an environment is refused before anything is sent, or is one tag within its braces."""
    tags = [word for word in sorted(set(words())) if TAG.fullmatch(word)]
    with serving(EMPTY) as vendor:
        source = DatadogMetrics(Datadog(api_key="a", app_key="b", host=vendor.url), lambda: NOON)
        for word in set(words()) - set(tags):
            with pytest.raises(SourceError) as error:
                source.fetch({"q": RATE}, window(), word, 5)
            assert error.value.kind == "bad_request"
        assert vendor.asked == []
        for word in tags[::10]:
            source.fetch({"q": RATE}, window(), word, 5)
    assert sent(vendor) == [f"avg:payments.checkout.success_rate{{env:{word}}}" for word in tags[::10]]


def test_no_word_leaves_its_place_in_a_search_even_past_the_parser() -> None:
    """Each of the 5,000 is one value of one term, as an environment and as a kind: without it all searches are the same."""

    def search(word: str) -> str:
        asked = question(Query("elastic", FAILURES.text, {"kind": word}), window(), FIELDS)
        return json.dumps(body({"q": asked}, word, FIELDS, 5), sort_keys=True)

    usual = search("-")
    assert all(search(word).replace(json.dumps(word), '"-"') == usual for word in set(words()) if word)

"""The sandbox's PagerDuty: the real bot's pager against it over HTTP, its manners, and its webhooks back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import Any

import pytest
import urllib3

from bot.alerts.intent import SendError
from bot.paging.incidents import Incidents as Finder
from bot.paging.pagerduty import PagerDutyEvents
from bot.paging.webhook import PagerDutyWebhook, PagerNews, keyed
from bot.slack.server import Front, Server
from sandbox.faults import FaultKind, Faults
from sandbox.pagerduty import API_KEY, ROUTING_KEY, Incidents, Webhooks, routes
from sandbox.pagerduty.events import CALLS, WINDOW_S
from sandbox.workspace.cast import DANA, MEI
from sandbox.world import World
from tests.paging.intents import KEY, PAGE, page
from tests.sandbox.company import NOW, fresh, served

HTTP = urllib3.PoolManager()
SECRET = "sandbox-webhook-secret"
EVENT = {
    "routing_key": ROUTING_KEY,
    "event_action": "trigger",
    "dedup_key": KEY,
    "payload": {"summary": "checkout", "source": "paybot", "severity": "critical"},
}


@dataclass
class Desk:
    """A PagerDuty that is served, and the bot's ways to it. `real` is the time by which its calls are limited."""

    world: World
    incidents: Incidents
    faults: Faults = field(default_factory=lambda: Faults(latency_ms=0))
    url: str = ""
    real: float = 0.0

    def pager(self) -> PagerDutyEvents:
        return PagerDutyEvents(routing_key=ROUTING_KEY, events_url=self.url)

    def finder(self) -> Finder:
        return Finder(api_key=API_KEY, api_url=self.url)

    def post(self, body: Any) -> urllib3.BaseHTTPResponse:
        return HTTP.request("POST", f"{self.url}/v2/enqueue", json=body, timeout=5.0, retries=False)

    def states(self) -> list[tuple[str, str]]:
        return [(each.key, each.state) for each in self.incidents.all()]


@contextmanager
def desk_of(incidents: Incidents, world: World) -> Iterator[Desk]:
    desk = Desk(world, incidents)
    with served(routes(world, desk.faults, incidents, real=lambda: desk.real), "/pagerduty") as url:
        desk.url = incidents.url = url
        yield desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    world = fresh(history=timedelta(minutes=10))
    with desk_of(Incidents(world.clock.now), world) as opened:
        yield opened


def test_a_page_opens_one_incident_however_often_it_is_sent(desk: Desk) -> None:
    """FACTS 6.1: the deduplication key; reliability 4: count incidents, not calls."""
    pager = desk.pager()
    for _ in range(5):
        assert pager.send(page("trigger")) == KEY
    assert desk.states() == [(KEY, "triggered")]
    assert [call.action for call in desk.incidents.ledger] == ["trigger"] * 5
    assert len(desk.incidents.all()[0].timeline) == 5


def test_an_incident_goes_its_way(desk: Desk) -> None:
    """Triggered, acknowledged, resolved; each twice, as a sender may send again."""
    pager = desk.pager()
    for kind, state in (("trigger", "triggered"), ("acknowledge", "acknowledged"), ("resolve", "resolved")):
        pager.send(page(kind, "pagerduty"))  # type: ignore[arg-type]
        assert desk.states() == [(KEY, state)]
        if kind != "trigger":
            pager.send(page(kind, "pagerduty"))  # type: ignore[arg-type]
    assert [entry.what for entry in desk.incidents.all()[0].timeline] == ["triggered", "acknowledged", "resolved"]


def test_what_has_no_open_incident_is_dropped_with_a_202(desk: Desk) -> None:
    """FACTS 6.1: the API is asynchronous; nothing is said of a key that is not there."""
    desk.pager().send(page("resolve"))
    assert desk.states() == []
    assert [call.action for call in desk.incidents.ledger] == ["resolve"]


def test_after_the_end_the_same_key_opens_another(desk: Desk) -> None:
    """FACTS 6.1."""
    pager = desk.pager()
    for kind in ("trigger", "resolve", "trigger"):
        pager.send(page(kind, "pagerduty"))
    assert desk.states() == [(KEY, "resolved"), (KEY, "triggered")]


def test_without_a_key_each_trigger_is_an_incident(desk: Desk) -> None:
    """FACTS 6.1: PagerDuty makes a key up."""
    event = {name: value for name, value in EVENT.items() if name != "dedup_key"}
    keys = {desk.post(event).json()["dedup_key"] for _ in range(3)}
    assert len(keys) == len(desk.states()) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"routing_key": "another"},
        {"routing_key": None},
        {"event_action": "snooze"},
        {"event_action": "resolve", "dedup_key": None},
        {"dedup_key": "k" * 256},
        {"dedup_key": 7},
        {"payload": None},
        {"payload": {**EVENT["payload"], "summary": "x" * 1025}},  # type: ignore[dict-item]
        {"payload": {**EVENT["payload"], "summary": " "}},  # type: ignore[dict-item]
        {"payload": {**EVENT["payload"], "source": ""}},  # type: ignore[dict-item]
        {"payload": {**EVENT["payload"], "severity": "bad"}},  # type: ignore[dict-item]
        {"payload": {**EVENT["payload"], "custom_details": "text"}},  # type: ignore[dict-item]
        {"links": [{"text": "no address"}]},
        {"images": [{"src": "http://not-https.example/x.png"}]},
    ],
)
def test_a_bad_event_is_refused_with_its_reasons(desk: Desk, changed: dict[str, Any]) -> None:
    """FACTS 6.1: a 400 with `errors`; nothing of it happens."""
    answer = desk.post({**EVENT, **changed})
    assert answer.status == 400
    assert answer.json()["errors"]
    assert (desk.states(), desk.incidents.ledger) == ([], [])


def test_what_is_no_event_is_refused_too(desk: Desk) -> None:
    """FACTS 6.1: an object, in JSON, of at most 512 KB."""
    assert desk.post([]).status == 400
    assert urllib3.request("POST", f"{desk.url}/v2/enqueue", body=b"{", retries=False).status == 400
    assert desk.post({**EVENT, "more": "x" * 600_000}).status == 413


def test_a_key_takes_120_calls_in_any_minute(desk: Desk) -> None:
    """FACTS 6.1: a sliding window; the bot is told to come later and is heard then."""
    pager = desk.pager()
    assert {desk.post(EVENT).status for _ in range(CALLS)} == {202}
    with pytest.raises(SendError, match="asks us to wait") as raised:
        pager.send(page("trigger"))
    assert raised.value.outcome == "later"
    desk.real += WINDOW_S
    assert pager.send(page("trigger")) == KEY


@pytest.mark.parametrize(("kind", "happened"), [("429", 0), ("500", 0), ("down", 0), ("partial", 1)])
def test_every_fault_is_one_to_send_again(desk: Desk, kind: FaultKind, happened: int) -> None:
    """Half an answer is the hard one: it has been taken and nobody heard so. Sent again, there is still one incident."""
    pager = desk.pager()
    desk.faults.set("pagerduty", kind)
    with pytest.raises(SendError) as raised:
        pager.send(page("trigger"))
    assert raised.value.outcome == "later"
    assert len(desk.states()) == happened
    desk.faults.clear("pagerduty")
    pager.send(page("trigger"))
    assert desk.states() == [(KEY, "triggered")]


def test_a_slow_pagerduty_is_given_up(desk: Desk) -> None:
    """Its four seconds are more than a page waits for an answer."""
    desk.faults.set("pagerduty", "slow", seconds=4.0)
    start = time.monotonic()
    with pytest.raises(SendError, match="in time"):
        desk.pager().send(page("trigger"))
    assert time.monotonic() - start < 5.5


def test_the_first_on_call_is_paged(desk: Desk) -> None:
    """The list of the page's panel: who, what, when and how it stands; the week's first level is woken up."""
    desk.pager().send(page("trigger"))
    first = urllib3.request("GET", f"{desk.url}/oncalls", headers={"Authorization": f"Token token={API_KEY}"}).json()
    listed = desk.incidents.pages()
    assert [(each["who"], each["what"], each["when"], each["status"]) for each in listed] == [
        (first["oncalls"][0]["user"]["name"], PAGE["summary"], NOW.timestamp(), "triggered")
    ]


def test_an_incident_is_found_by_its_key_and_has_a_page(desk: Desk) -> None:
    """FACTS 6.3: GET /incidents?incident_key=…; a link in a message leads to its timeline."""
    desk.pager().send(page("trigger"))
    desk.incidents.acknowledge(desk.incidents.all()[0].id, MEI)
    url = desk.finder().incident_of(KEY)
    assert url.startswith(f"{desk.url}/shown/PSBX")
    shown = urllib3.request("GET", url).data.decode()
    assert "acknowledged by Mei Tan" in shown
    assert urllib3.request("GET", f"{desk.url}/shown/another").status == 404
    assert desk.finder().incident_of("f" * 32) == ""


def test_an_incident_without_a_key_is_found_by_that_of_its_alert() -> None:
    """PagerDuty's own schema: an incident that has alerts need not have a key."""
    world = fresh(history=timedelta(minutes=10))
    told: list[dict[str, Any]] = []
    with desk_of(Incidents(world.clock.now, tell=told.append, keyed=False), world) as desk:
        desk.pager().send(page("trigger"))
        own = desk.incidents.all()[0].id
        assert told[0]["data"]["incident_key"] is None
        assert desk.finder().incident_of(KEY) == desk.incidents.page(desk.incidents.all()[0])
        assert desk.finder().keys_of(own) == (KEY,)
        assert desk.finder().keys_of("another") == ()


class Bot:
    """The bot's front with its webhook, and what it was told."""

    def __init__(self, now: datetime = NOW, secret: str = SECRET) -> None:
        self.told: SimpleQueue[PagerNews] = SimpleQueue()
        self.front = Front()
        self.front.attach(ready=dict, metrics=bytes, pager_handler=PagerDutyWebhook(secret, self.told.put, lambda: now))
        self.server = Server(self.front, "127.0.0.1", 0)

    def __enter__(self) -> Bot:
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}/webhooks/pagerduty"
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop(1.0)


@contextmanager
def subscribed(webhooks: Webhooks) -> Iterator[Desk]:
    world = fresh(history=timedelta(minutes=10))
    try:
        with desk_of(Incidents(world.clock.now, tell=webhooks.send), world) as desk:
            yield desk
    finally:
        webhooks.stop()


def test_what_people_do_comes_back_to_the_bot() -> None:
    """FACTS 6.4, over real HTTP both ways: who it was, and where it can be seen. What the bot did itself has no name."""
    with Bot() as bot, subscribed(Webhooks(SECRET, url=bot.url)) as desk:
        desk.pager().send(page("trigger"))
        own = desk.incidents.all()[0].id
        desk.incidents.acknowledge(own, MEI)
        desk.incidents.unacknowledge(own)
        desk.incidents.resolve(own, DANA)
        desk.incidents.acknowledge(own, MEI)  # it is over: nothing comes of it
        told = [bot.told.get(timeout=5) for _ in range(4)]
        url = desk.incidents.page(desk.incidents.get(own))
    assert [(news.what, news.by) for news in told] == [
        ("triggered", ""),
        ("acknowledged", "Mei Tan"),
        ("unacknowledged", ""),
        ("resolved", "Dana Weber"),
    ]
    assert {(news.dedup_key, news.incident_url, news.at) for news in told} == {(KEY, url, NOW)}
    assert bot.told.empty()


def test_while_a_secret_is_changed_both_are_good() -> None:
    """FACTS 6.4: several signatures in the header, any of which may match."""
    with Bot(secret="new") as bot, subscribed(Webhooks("old", "new", url=bot.url)) as desk:
        desk.pager().send(page("trigger"))
        assert bot.told.get(timeout=5).what == "triggered"


def test_a_bot_that_was_away_hears_it_when_it_is_back() -> None:
    """FACTS 6.4: sent again after no answer or a 5xx; each piece of news is told once."""
    answers: SimpleQueue[int] = SimpleQueue()
    webhooks = Webhooks(SECRET, pauses_s=(0.01,) * 500, answered=answers.put)
    with Bot() as bot, subscribed(webhooks) as desk:
        port = bot.server.port
        bot.server.stop(1.0)
        webhooks.url = bot.url
        desk.pager().send(page("trigger"))
        assert answers.get(timeout=5) == 0
        bot.server = Server(bot.front, "127.0.0.1", port)
        bot.server.start()
        assert bot.told.get(timeout=5).what == "triggered"
        while (answer := answers.get(timeout=5)) == 0:
            pass
    assert answer == 202
    assert bot.told.empty()


def test_what_is_refused_is_not_sent_again() -> None:
    """FACTS 6.4: a 4xx other than 429 is dropped; a wrong secret tells nobody anything."""
    answers: SimpleQueue[int] = SimpleQueue()
    webhooks = Webhooks("another", pauses_s=(0.01,) * 5, answered=answers.put)
    with Bot() as bot, subscribed(webhooks) as desk:
        webhooks.url = bot.url
        desk.pager().send(page("trigger"))
        desk.pager().send(page("resolve"))
        assert [answers.get(timeout=5) for _ in range(2)] == [401, 401]
    assert answers.empty()
    assert bot.told.empty()


def test_news_without_a_key_finds_its_episode() -> None:
    """From webhook to key with the bot's own two parts."""
    world = fresh(history=timedelta(minutes=10))
    with Bot() as bot:
        webhooks = Webhooks(SECRET, url=bot.url)
        with desk_of(Incidents(world.clock.now, tell=webhooks.send, keyed=False), world) as desk:
            desk.pager().send(page("trigger"))
            news = bot.told.get(timeout=5)
            assert news.dedup_key == ""
            assert [each.dedup_key for each in keyed(news, desk.finder().keys_of)] == [KEY]
        webhooks.stop()

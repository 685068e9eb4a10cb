"""The sandbox's Opsgenie: the real bot's pager against it over HTTP, and its manners."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from bot.alerts.intent import SendError
from bot.paging.opsgenie import Opsgenie
from sandbox.faults import FaultKind, Faults
from sandbox.opsgenie import API_KEY, Alerts, routes
from sandbox.world import World
from tests.paging.intents import KEY, PAGE, page
from tests.sandbox.company import NOW, fresh, served

NEW = {"message": "checkout", "alias": KEY, "priority": "P1"}


@dataclass
class Desk:
    """An Opsgenie that is served, and the bot's way to it. `real` is the time in which requests wait to be processed."""

    world: World
    faults: Faults = field(default_factory=lambda: Faults(latency_ms=0))
    url: str = ""
    real: float = 0.0

    def __post_init__(self) -> None:
        self.alerts = Alerts(self.world.clock.now, real=lambda: self.real)

    def wait(self, seconds: float) -> None:
        self.real += seconds

    def pager(self) -> Opsgenie:
        return Opsgenie(api_key=API_KEY, api_url=self.url, sleep=self.wait, clock=lambda: self.real)

    def call(self, method: str, path: str, body: Any = None, key: str = API_KEY) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"GenieKey {key}"}
        return urllib3.request(method, self.url + path, json=body, headers=headers, timeout=5.0, retries=False)

    def states(self) -> list[tuple[str, str, int]]:
        return [(each.alias, each.state, each.count) for each in self.alerts.all()]


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk(fresh(history=timedelta(minutes=10)))
    with served(routes(made.world, made.faults, made.alerts), "/opsgenie") as made.url:
        yield made


def test_a_page_makes_one_alert_however_often_it_is_sent(desk: Desk) -> None:
    """FACTS 7: one open alert for each alias; the same again raises its count and shows isSuccess false."""
    for _ in range(3):
        assert desk.pager().send(page("create", "opsgenie")) == KEY
    assert desk.states() == [(KEY, "open", 3)]
    assert [call.action for call in desk.alerts.ledger] == ["create"] * 3
    assert desk.alerts.all()[0].priority == "P1"


def test_an_alert_goes_its_way(desk: Desk) -> None:
    """Created, acknowledged, closed; each twice, as a sender may send again."""
    pager = desk.pager()
    for kind in ("create", "acknowledge", "acknowledge", "close", "close"):
        assert pager.send(page(kind, "opsgenie")) == KEY
    assert desk.states() == [(KEY, "closed", 1)]
    assert desk.alerts.all()[0].acknowledged


def test_what_has_no_alert_is_accepted_and_then_not_done(desk: Desk) -> None:
    """FACTS 7: 202 says nothing yet; the bot takes it as the end that it asked for."""
    assert desk.pager().send(page("close", "opsgenie")) == KEY
    request = desk.call("POST", f"/v2/alerts/{KEY}/close?identifierType=alias", {}).json()["requestId"]
    desk.wait(1.0)
    assert desk.call("GET", f"/v2/alerts/requests/{request}").json()["data"]["isSuccess"] is False


def test_after_the_end_the_same_alias_makes_another(desk: Desk) -> None:
    """FACTS 7: one OPEN alert for each alias."""
    for kind in ("create", "close", "create"):
        desk.pager().send(page(kind, "opsgenie"))
    assert desk.states() == [(KEY, "closed", 1), (KEY, "open", 1)]


def test_a_request_is_404_until_it_has_been_processed(desk: Desk) -> None:
    """FACTS 7: accepted at once, done a moment later."""
    accepted = desk.call("POST", "/v2/alerts", NEW)
    assert (accepted.status, accepted.json()["result"]) == (202, "Request will be processed")
    path = f"/v2/alerts/requests/{accepted.json()['requestId']}"
    assert (desk.call("GET", path).status, desk.states()) == (404, [])
    desk.wait(0.3)
    done = desk.call("GET", path).json()["data"]
    assert (done["isSuccess"], done["alias"], desk.states()) == (True, KEY, [(KEY, "open", 1)])


def test_without_identifier_type_a_name_is_an_id(desk: Desk) -> None:
    """FACTS 7: an alias in the path is then taken for an ID, which no alert has."""
    desk.pager().send(page("create", "opsgenie"))
    desk.call("POST", f"/v2/alerts/{KEY}/close", {})
    desk.wait(1.0)
    assert desk.states() == [(KEY, "open", 1)]
    assert desk.call("GET", f"/v2/alerts/{KEY}").status == 404
    assert desk.call("GET", f"/v2/alerts/{KEY}?identifierType=alias").json()["data"]["status"] == "open"


@pytest.mark.parametrize(
    "changed",
    [
        {"message": "x" * 131},
        {"message": ""},
        {"message": None},
        {"alias": "x" * 513},
        {"description": "x" * 15_001},
        {"priority": "P0"},
        {"tags": ["x"] * 21},
        {"tags": ["x" * 51]},
        {"details": {"value": 91.2}},
    ],
)
def test_a_bad_alert_is_refused_with_its_reasons(desk: Desk, changed: dict[str, Any]) -> None:
    """FACTS 7: 422; nothing of it happens."""
    answer = desk.call("POST", "/v2/alerts", {**NEW, **changed})
    assert (answer.status, list(answer.json()["errors"])) == (422, list(changed))
    assert desk.alerts.ledger == []


def test_another_key_is_refused(desk: Desk) -> None:
    """Nobody creates alerts with a wrong key."""
    assert desk.call("POST", "/v2/alerts", NEW, key="another").status == 401
    assert desk.alerts.ledger == []


@pytest.mark.parametrize(("kind", "happened"), [("429", 0), ("500", 0), ("down", 0), ("partial", 1)])
def test_every_fault_is_one_to_send_again(desk: Desk, kind: FaultKind, happened: int) -> None:
    """Half an answer is the hard one: it has been accepted and nobody heard so. Sent again, there is still one alert."""
    desk.faults.set("opsgenie", kind)
    with pytest.raises(SendError) as raised:
        desk.pager().send(page("create", "opsgenie"))
    assert raised.value.outcome == "later"
    assert len(desk.alerts.ledger) == happened
    desk.faults.clear("opsgenie")
    desk.pager().send(page("create", "opsgenie"))
    assert [(alias, state) for alias, state, _ in desk.states()] == [(KEY, "open")]


def test_a_slow_opsgenie_is_given_up(desk: Desk) -> None:
    """Its four seconds are more than a page waits for an answer."""
    desk.faults.set("opsgenie", "slow", seconds=4.0)
    start = time.monotonic()
    with pytest.raises(SendError, match="in time"):
        desk.pager().send(page("create", "opsgenie"))
    assert time.monotonic() - start < 5.5


def test_in_real_time_a_page_takes_less_than_a_second() -> None:
    """A processing delay of 0.3 s, and a bot that waits with growing pauses."""
    world, faults = fresh(history=timedelta(minutes=10)), Faults(latency_ms=0)
    alerts = Alerts(world.clock.now)
    with served(routes(world, faults, alerts), "/opsgenie") as url:
        start = time.monotonic()
        Opsgenie(api_key=API_KEY, api_url=url).send(page("create", "opsgenie"))
    assert 0.3 <= time.monotonic() - start < 2.0


def test_who_was_paged_is_listed(desk: Desk) -> None:
    """The list of the page's panel: who, what, when and how it stands."""
    desk.pager().send(page("create", "opsgenie"))
    desk.pager().send(page("acknowledge", "opsgenie"))
    listed = desk.alerts.pages()
    assert [(each["who"], each["what"], each["when"], each["status"]) for each in listed] == [
        ("Mei Tan", PAGE["summary"], NOW.timestamp(), "acknowledged")
    ]

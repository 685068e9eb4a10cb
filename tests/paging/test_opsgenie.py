"""Opsgenie over real HTTP: what it is told, how it is waited for, and whatever it may answer."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest

from bot.alerts.intent import SendError
from bot.paging.opsgenie import Opsgenie
from tests.paging.intents import KEY, PAGE, page
from tests.sources.vendor import HANG_UP, Answer, Vendor, recorded, serving

API_KEY = "11111111-2222-3333-4444-555555555555"
TAKEN = Answer({"result": "Request will be processed", "took": 0.1, "requestId": "r-1"}, 202)
PENDING = Answer({"message": "not found", "took": 0.1, "requestId": "r-2"}, 404)
DONE = Answer({"data": {"isSuccess": True, "status": "Created alert", "alias": KEY}, "took": 0.1, "requestId": "r-3"})


def undone(status: str) -> Answer:
    return Answer({"data": {"isSuccess": False, "status": status, "alias": ""}, "took": 0.1, "requestId": "r-3"})


def alert(status: str, acknowledged: bool = False) -> Answer:
    return Answer({"data": {"id": "a-1", "status": status, "acknowledged": acknowledged}, "took": 0.1, "requestId": "r-4"})


class Time:
    """Pauses that take no time: they are added up."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def clock(self) -> float:
        return sum(self.pauses)


def pager(vendor: Vendor, own: Time | None = None) -> Opsgenie:
    own = own or Time()
    return Opsgenie(api_key=API_KEY, api_url=vendor.url, sleep=own.sleep, clock=own.clock)


def sent(kind: Any = "create", **changed: str) -> Vendor:
    with serving(TAKEN, DONE) as vendor:
        assert pager(vendor).send(page(kind, "opsgenie", **changed)) == vendor_alias(vendor)
    return vendor


def vendor_alias(vendor: Vendor) -> str:
    asked = vendor.asked[0]
    return str(asked.json().get("alias") or asked.path.split("/")[3])


def failed(*answers: Answer, kind: Any = "create") -> SendError:
    with serving(*answers) as vendor, pytest.raises(SendError) as raised:
        pager(vendor).send(page(kind, "opsgenie"))
    return raised.value


def test_a_new_alert_says_all_that_a_person_needs_at_night() -> None:
    """FACTS 7: message, alias, description, priority, tags, details and source, with our key in the header."""
    asked = sent().asked[0]
    assert (asked.method, asked.path) == ("POST", "/v2/alerts")
    assert asked.headers["Authorization"] == f"GenieKey {API_KEY}"
    told = asked.json()
    assert (told["message"], told["alias"], told["priority"]) == (PAGE["summary"], KEY, "P1")
    assert told["description"].endswith("Owner: Commerce Backend")
    assert told["tags"] == ["paybot", "env:prod", "rule:checkout-success-rate", "section:checkout"]
    assert told["details"]["value"] == "91.2 %"
    assert told["details"]["slack"] == PAGE["message_url"]
    assert told["source"] == "paybot prod"


def test_a_new_alert_is_what_the_published_schema_asks_for() -> None:
    """The schema in ../shared is Opsgenie's own."""
    jsonschema = pytest.importorskip("jsonschema")
    spec = recorded("opsgenie_alerts_trimmed.json")
    jsonschema.validate(sent().asked[0].json(), {"$ref": "#/definitions/CreateAlertPayload", "definitions": spec["definitions"]})


@pytest.mark.parametrize("kind", ["acknowledge", "close"])
def test_an_alert_is_named_by_its_alias(kind: str) -> None:
    """FACTS 7: without identifierType the path would be taken for an ID."""
    asked = sent(kind).asked[0]
    assert (asked.method, asked.path) == ("POST", f"/v2/alerts/{KEY}/{kind}?identifierType=alias")
    assert asked.json() == {"source": "paybot", "user": "paybot"}


def test_jira_service_management_is_another_address() -> None:
    """FACTS 7: Opsgenie's own API ends on 2027-04-05; the same requests go to a base with a path of its own."""
    with serving(TAKEN, DONE) as vendor:
        own = Time()
        url = f"{vendor.url}/jsm/ops/integration/"
        Opsgenie(api_key=API_KEY, api_url=url, sleep=own.sleep, clock=own.clock).send(page("create", "opsgenie"))
    assert [asked.path for asked in vendor.asked] == [
        "/jsm/ops/integration/v2/alerts",
        "/jsm/ops/integration/v2/alerts/requests/r-1",
    ]


@pytest.mark.parametrize(
    ("severity", "priority"), [("critical", "P1"), ("error", "P2"), ("warning", "P3"), ("info", "P5"), ("bad", "P2")]
)
def test_a_priority_follows_the_severity(severity: str, priority: str) -> None:
    """FACTS 7: P1 to P5; without one everything would be P3."""
    assert sent(severity=severity).asked[0].json()["priority"] == priority


def test_everything_is_within_its_limit() -> None:
    """FACTS 7: message 130, alias 512, description 15,000, tags 20 of 50; details are strings."""
    long = {name: "é" * 20_000 for name in PAGE if name not in ("dedup_key", "severity")}
    told = sent(**long, dedup_key="k" * 600).asked[0].json()
    assert (len(told["message"]), told["message"][-1]) == (130, "…")
    assert len(told["alias"]) <= 512
    assert len(told["description"]) <= 15_000
    assert len(told["tags"]) <= 20
    assert max(map(len, told["tags"])) <= 50
    assert {type(value) for value in told["details"].values()} == {str}


def test_nothing_secret_goes_out() -> None:
    """Card numbers, addresses and keys are masked in every text."""
    card, mail = "4111 1111 1111 1111", "mei@lindenmarkt.example"
    out = json.dumps(sent(summary=f"{card} {mail}", owner=mail, rule=f"rule {mail}").asked[0].json())
    assert card not in out
    assert mail not in out


def test_a_request_counts_when_it_has_been_processed() -> None:
    """FACTS 7: 202 means queued; until it is processed its status is 404."""
    own = Time()
    with serving(TAKEN, PENDING, PENDING, DONE) as vendor:
        assert pager(vendor, own).send(page("create", "opsgenie")) == KEY
    assert [asked.path for asked in vendor.asked[1:]] == ["/v2/alerts/requests/r-1"] * 3
    assert own.pauses == sorted(own.pauses)
    assert len(own.pauses) == 3


def test_a_request_that_is_never_processed_is_sent_again_later() -> None:
    """Waiting ends after three seconds; an alias makes the second alert a count of the first."""
    own = Time()
    with serving(TAKEN, PENDING) as vendor, pytest.raises(SendError, match="not processed the request yet") as raised:
        pager(vendor, own).send(page("create", "opsgenie"))
    assert raised.value.outcome == "later"
    assert 2.5 <= sum(own.pauses) <= 3.5


def test_a_fault_while_waiting_is_waited_out() -> None:
    """The request was accepted: a question that fails says nothing about it."""
    with serving(TAKEN, Answer({}, 500), Answer({}, 429), HANG_UP, DONE) as vendor:
        assert pager(vendor).send(page("create", "opsgenie")) == KEY


def test_a_key_that_may_not_read_still_pages(caplog: pytest.LogCaptureFixture) -> None:
    """Rights to create and to read are given apart; what was accepted counts, and the log says what is missing."""
    with serving(TAKEN, Answer({}, 403)) as vendor:
        assert pager(vendor).send(page("create", "opsgenie")) == KEY
    assert "read access" in caplog.text
    assert len(vendor.asked) == 2


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        ("create", (undone("Duplicate of alert 12"),)),
        ("create", (undone("odd words"), alert("open"))),
        ("close", (undone("Alert does not exist"),)),
        ("close", (undone("Alert is already closed"),)),
        ("close", (undone("odd words"), alert("closed"))),
        ("close", (undone("odd words"), Answer({}, 404))),
        ("acknowledge", (undone("Alert does not exist"),)),
        ("acknowledge", (undone("odd words"), alert("closed"))),
        ("acknowledge", (undone("odd words"), alert("open", acknowledged=True))),
    ],
)
def test_what_is_so_already_is_done(kind: Any, then: tuple[Answer, ...]) -> None:
    """FACTS 7: a duplicate shows isSuccess false. By its words, and where they say nothing, by the alert itself."""
    with serving(TAKEN, *then) as vendor:
        assert pager(vendor).send(page(kind, "opsgenie")) == KEY
    if len(then) == 2:
        assert vendor.asked[-1].path == f"/v2/alerts/{KEY}?identifierType=alias"


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        ("create", alert("closed")),
        ("create", Answer({}, 404)),
        ("create", Answer({}, 403)),
        ("create", Answer(b"<html>")),
        ("close", alert("open")),
        ("acknowledge", alert("open")),
    ],
)
def test_what_was_taken_and_then_not_done_is_refused(kind: Any, then: Answer, caplog: pytest.LogCaptureFixture) -> None:
    """FACTS 7: a policy may reject an alert after the 202. Nobody was woken, and that is said; its words go into the log."""
    error = failed(TAKEN, undone("Rejected by policy of mei@lindenmarkt.example"), then, kind=kind)
    assert error.outcome == "refused"
    assert "policy" not in error.said
    assert "Rejected by policy" in caplog.text
    assert "mei@" not in caplog.text


def test_an_alert_that_cannot_be_looked_at_now_is_sent_again() -> None:
    """Neither done nor refused is known: sending again is harmless."""
    assert failed(TAKEN, undone("odd words"), Answer({}, 500)).outcome == "later"


@pytest.mark.parametrize(
    ("answer", "outcome", "after_s"),
    [
        (Answer({"message": "odd"}, 400), "refused", 0.0),
        (Answer({}, 401), "refused", 0.0),
        (Answer({}, 402), "refused", 0.0),
        (Answer({}, 403), "refused", 0.0),
        (Answer({}, 404), "refused", 0.0),
        (Answer({"errors": {"message": "too long"}}, 422), "refused", 0.0),
        (Answer({}, 429), "later", 30.0),
        (Answer({}, 429, {"X-RateLimit-Period-In-Sec": "60", "X-RateLimit-State": "THROTTLED"}), "later", 60.0),
        (Answer({}, 429, {"Retry-After": "3"}), "later", 3.0),
        (Answer({}, 500), "later", 0.0),
        (Answer({}, 503), "later", 0.0),
        (HANG_UP, "later", 0.0),
        (Answer(b'{"result":', 202, length=900), "later", 0.0),
        (Answer(b"<html>sign in</html>"), "later", 30.0),
        (Answer({"result": "fine"}, 202), "later", 30.0),
        (Answer(b"", 302, {"Location": "/"}), "later", 30.0),
    ],
)
def test_every_answer_has_its_outcome(answer: Answer, outcome: str, after_s: float) -> None:
    """FACTS 7: 429 with its headers, 422, 402 and 403; only what may pass by itself is sent again."""
    error = failed(answer)
    assert (error.outcome, error.after_s) == (outcome, after_s)


def test_a_silent_opsgenie_is_given_up_in_time() -> None:
    """Within five seconds, in real time."""
    start = time.monotonic()
    assert failed(Answer({}, after_s=8)).said == "Opsgenie did not answer in time"
    assert time.monotonic() - start < 5.5


def test_an_opsgenie_that_grows_slow_while_it_is_waited_for_is_given_up_in_time() -> None:
    """The lease of the outbox is 15 s: all looks together stay within it, in real time."""
    start = time.monotonic()
    with serving(TAKEN, Answer({}, after_s=60)) as vendor, pytest.raises(SendError) as raised:
        Opsgenie(api_key=API_KEY, api_url=vendor.url).send(page("create", "opsgenie"))
    assert raised.value.outcome == "later"
    assert time.monotonic() - start < 12


def test_a_key_that_no_header_can_carry_is_refused() -> None:
    """A pasted line break or a curly quote is said, and is no traceback."""
    for odd in ("key\nX-Other: 1", "key“"):
        with serving(TAKEN) as vendor, pytest.raises(SendError, match="no header may hold") as raised:
            Opsgenie(api_key=odd, api_url=vendor.url).send(page("create", "opsgenie"))
        assert (raised.value.outcome, vendor.asked) == ("refused", [])


def test_the_key_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Also where Opsgenie quotes it."""
    with caplog.at_level(logging.DEBUG):
        failed(Answer({"message": f"GenieKey {API_KEY} is unknown"}, 401))
    assert API_KEY not in caplog.text


def test_nothing_is_looked_for_and_nothing_is_taken_back() -> None:
    """While an alert is open its alias makes every other one a count of the first."""
    with serving(TAKEN) as vendor:
        own = pager(vendor)
        assert own.idempotent
        assert own.look(page("create", "opsgenie")) == ()
        own.withdraw(page("create", "opsgenie"), KEY)
    assert vendor.asked == []

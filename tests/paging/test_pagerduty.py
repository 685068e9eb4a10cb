"""PagerDuty's Events API over real HTTP: what it is told, what it refuses, and pdpyras' traps bounded."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import time
import warnings
from typing import Any

import pytest

from bot.alerts.intent import SendError
from bot.alerts.rule import SEVERITIES
from bot.paging.pagerduty import PagerDutyEvents
from tests.paging.intents import KEY, PAGE, page
from tests.sources.vendor import HANG_UP, Answer, Vendor, recorded, serving

ROUTING_KEY = "0" * 32
TAKEN = Answer({"status": "success", "message": "Event processed", "dedup_key": KEY}, 202)


def pager(vendor: Vendor) -> PagerDutyEvents:
    return PagerDutyEvents(routing_key=ROUTING_KEY, events_url=vendor.url)


def sent(kind: Any = "trigger", **changed: str) -> dict[str, Any]:
    """What PagerDuty hears of this page."""
    with serving(TAKEN) as vendor:
        assert pager(vendor).send(page(kind, "pagerduty", **changed)) == vendor.asked[0].json()["dedup_key"]
    event: dict[str, Any] = vendor.asked[0].json()
    return event


def failed(*answers: Answer, kind: Any = "trigger", asked: int = 1) -> SendError:
    """How sending went wrong, with so many requests, within five seconds."""
    start = time.monotonic()
    with serving(*answers) as vendor, pytest.raises(SendError) as raised:
        pager(vendor).send(page(kind))
    assert time.monotonic() - start < 5.5
    assert len(vendor.asked) == asked
    return raised.value


def test_a_trigger_says_all_that_a_person_needs_at_night() -> None:
    """FACTS 6.1: summary, source and severity are required; what else there is stands in the details and the links."""
    event = sent()
    assert event["routing_key"] == ROUTING_KEY
    assert (event["event_action"], event["dedup_key"], event["client"]) == ("trigger", KEY, "paybot")
    told = event["payload"]
    assert (told["summary"], told["source"], told["severity"]) == (PAGE["summary"], "paybot prod", "critical")
    assert (told["component"], told["group"]) == ("checkout-success-rate", "checkout")
    assert told["timestamp"] == "2026-11-22T11:50:00.000+00:00"
    assert told["custom_details"]["owner"] == "Commerce Backend"
    assert [link["href"] for link in event["links"]] == [PAGE["message_url"], PAGE["runbook_url"]]


@pytest.mark.parametrize("kind", ["acknowledge", "resolve"])
def test_what_follows_names_nothing_but_the_key(kind: str) -> None:
    """FACTS 6.1: the routing key and the deduplication key are all that they take."""
    assert sent(kind) == {"routing_key": ROUTING_KEY, "event_action": kind, "dedup_key": KEY}


def test_an_event_is_what_the_published_schema_asks_for() -> None:
    """The schema in ../shared is PagerDuty's own."""
    jsonschema = pytest.importorskip("jsonschema")
    spec = recorded("pagerduty_events_v2.openapi.json")
    schema = spec["paths"]["/enqueue"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for kind in ("trigger", "acknowledge", "resolve"):
        jsonschema.validate(sent(kind), {**schema, "components": spec["components"]})


def test_it_is_posted_where_pagerduty_listens() -> None:
    """FACTS 6.2: the base address is an attribute of the session, and the path follows it."""
    with serving(TAKEN) as vendor:
        pager(vendor).send(page("trigger"))
    assert (vendor.asked[0].method, vendor.asked[0].path) == ("POST", "/v2/enqueue")


def test_a_long_summary_is_cut_on_a_letter() -> None:
    """FACTS 6.2: pdpyras would send it as it is, and PagerDuty takes 1,024 characters. No emoji is halved."""
    summary = sent(summary="👩‍👩‍👧 " * 400)["payload"]["summary"]
    assert len(summary) <= 1024
    assert summary.endswith("👩‍👩‍👧…")


@pytest.mark.parametrize(("given", "told"), [*((each, each) for each in SEVERITIES), ("bad", "error"), ("", "error")])
def test_a_severity_is_one_of_four(given: str, told: str) -> None:
    """FACTS 6.2: pdpyras does not look, PagerDuty refuses."""
    assert sent(severity=given)["payload"]["severity"] == told


def test_what_is_required_is_never_empty() -> None:
    """An alert with an odd title wakes people all the same."""
    told = sent(summary=" \n", source="", rule="", section="", since="soon")["payload"]
    assert (told["summary"], told["source"], told["component"]) == ("An alert of paybot", "paybot", "paybot")
    assert "timestamp" not in told
    assert "group" not in told


def test_the_details_are_far_below_half_a_megabyte() -> None:
    """FACTS 6.1: a body may have 512 KB; ours is bounded whatever the rule is called."""
    event = sent(**{name: "x" * 600_000 for name in PAGE if name not in ("dedup_key", "severity")})
    assert len(json.dumps(event)) < 10_000


def test_nothing_secret_goes_out() -> None:
    """Card numbers, addresses and keys are masked in every text, and a link that holds one is left out."""
    card, mail = "4111 1111 1111 1111", "mei@lindenmarkt.example"
    event = sent(
        summary=f"failed for {card}", owner=mail, series=f"prod {mail}", runbook_url="https://a:pass1234word@runbooks.example/x"
    )
    out = json.dumps(event)
    assert card not in out
    assert mail not in out
    assert "pass1234word" not in out
    assert "[card number]" in event["payload"]["summary"]


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "file:///etc/passwd", "https://a b", "ftp://x"])
def test_a_link_is_an_address_on_the_web(url: str) -> None:
    """PagerDuty shows links to whoever is woken up."""
    event = sent(runbook_url=url, message_url=url)
    assert event["links"] == []
    assert "client_url" not in event


def test_a_key_too_long_is_the_same_other_key_each_time() -> None:
    """FACTS 6.1: 255 characters; what ends an incident must name what began it."""
    long = "k" * 300
    assert sent(dedup_key=long)["dedup_key"] == sent("resolve", dedup_key=long)["dedup_key"]
    assert len(sent(dedup_key=long)["dedup_key"]) <= 255


def test_without_a_key_nothing_is_sent() -> None:
    """FACTS 6.1: every trigger without one is a new incident, which nobody could end."""
    with serving(TAKEN) as vendor, pytest.raises(SendError, match="no key") as raised:
        pager(vendor).send(page("trigger", dedup_key=""))
    assert (raised.value.outcome, vendor.asked) == ("refused", [])


def test_what_is_not_for_pagerduty_is_refused() -> None:
    """A picture for Slack never becomes a page."""
    with serving(TAKEN) as vendor, pytest.raises(SendError) as raised:
        pager(vendor).send(page("chart"))
    assert (raised.value.outcome, vendor.asked) == ("refused", [])


@pytest.mark.parametrize(
    ("answer", "outcome", "after_s"),
    [
        (Answer({"status": "invalid event", "message": "odd", "errors": ["'severity' is wrong"]}, 400), "refused", 0.0),
        (Answer({}, 401), "refused", 0.0),
        (Answer({}, 403), "refused", 0.0),
        (Answer({}, 404), "refused", 0.0),
        (Answer({}, 413), "refused", 0.0),
        (Answer({}, 429), "later", 30.0),
        (Answer({}, 429, {"Retry-After": "7"}), "later", 7.0),
        (Answer({}, 429, {"ratelimit-reset": "12"}), "later", 12.0),
        (Answer({}, 429, {"Retry-After": "999999"}), "later", 300.0),
        (Answer({}, 429, {"Retry-After": "Sun, 22 Nov 2026 12:00:00 GMT"}), "later", 30.0),
        (Answer({}, 429, {"Retry-After": "-1"}), "later", 30.0),
        (Answer({}, 500), "later", 0.0),
        (Answer({}, 502), "later", 0.0),
        (Answer({}, 503), "later", 0.0),
        (Answer({}, 504), "later", 0.0),
        (Answer({}, 408), "later", 0.0),
        (HANG_UP, "later", 0.0),
        (Answer(b'{"status":', 202, length=900), "later", 0.0),
        (Answer(b"<html>sign in</html>"), "later", 30.0),
        (Answer([], 200), "later", 30.0),
        (Answer(b"", 302, {"Location": "/v2/enqueue"}), "later", 30.0),
        (Answer(b"x" * 3_000_000, 200), "later", 0.0),
    ],
)
def test_every_answer_has_its_outcome_after_one_request(answer: Answer, outcome: str, after_s: float) -> None:
    """FACTS 6.1: 400 is never sent again, 429 and 5xx are. FACTS 6.2: pdpyras would do so itself, a 429 for ever."""
    error = failed(answer)
    assert (error.outcome, error.after_s) == (outcome, after_s)


def test_a_pagerduty_that_refuses_for_ever_holds_nobody_up() -> None:
    """FACTS 6.2: its own session waits 3, 6, 12, 24 s and so on. Ours says so within a second, each time."""
    start = time.monotonic()
    with serving(Answer({}, 429)) as vendor:
        own = pager(vendor)
        for _ in range(5):
            with pytest.raises(SendError, match="asks us to wait"):
                own.send(page("trigger"))
    assert time.monotonic() - start < 3
    assert len(vendor.asked) == 5


def test_a_silent_pagerduty_is_given_up_within_five_seconds() -> None:
    """FACTS 6.2: pdpyras' own limit is a minute."""
    assert failed(Answer({}, after_s=8)).said == "PagerDuty did not answer in time"


def test_an_answer_that_trickles_is_given_up_within_five_seconds() -> None:
    """Each byte comes in time; the whole would take an hour."""
    assert failed(Answer(b"x" * 7200, 202, every_s=0.5)).outcome == "later"


def test_a_closed_port_is_said_at_once() -> None:
    """FACTS 6.2: pdpyras would knock three times, with pauses."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(SendError, match="could not be reached") as raised:
        PagerDutyEvents(routing_key=ROUTING_KEY, events_url=f"http://127.0.0.1:{port}").send(page("trigger"))
    assert raised.value.outcome == "later"
    assert time.monotonic() - start < 2


def test_what_was_accepted_is_accepted_whatever_the_rest_of_the_answer() -> None:
    """FACTS 6.1: 202 is the word; sending it again for an odd text would change nothing."""
    with serving(Answer(b"accepted", 202)) as vendor:
        assert pager(vendor).send(page("trigger")) == KEY


def test_a_redirect_does_not_carry_the_key_away() -> None:
    """What answers with one is asked nothing more, and nobody else is asked at all."""
    with serving(TAKEN) as elsewhere:
        error = failed(Answer(b"", 307, {"Location": f"{elsewhere.url}/v2/enqueue"}))
    assert (error.outcome, elsewhere.asked) == ("later", [])


def test_what_pagerduty_says_goes_masked_into_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    """It may quote what we sent; people read a sentence of ours."""
    with caplog.at_level(logging.DEBUG):
        error = failed(Answer({"errors": ["owner mei@lindenmarkt.example", "routing_key=R0" + "x" * 30]}, 400))
    assert error.said == "PagerDuty refused what it was told; is our key right? (400)"
    assert "errors" in caplog.text
    assert "lindenmarkt" not in caplog.text
    assert ROUTING_KEY not in caplog.text
    assert "x" * 30 not in caplog.text


def test_nothing_is_looked_for_and_nothing_is_taken_back() -> None:
    """The key makes one incident of all triggers, so that sending again is free."""
    with serving(TAKEN) as vendor:
        own = pager(vendor)
        assert own.idempotent
        assert own.look(page("trigger")) == ()
        own.withdraw(page("trigger"), KEY)
    assert vendor.asked == []


def test_the_deprecation_is_not_said_to_operators() -> None:
    """FACTS 6.2: pdpyras warns at its import; decision 0010 says why it is here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sent("resolve")
    code = "import warnings; warnings.simplefilter('error'); from bot.paging import pd; pd.events('k', 'http://127.0.0.1:1')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_the_pagers_load_without_their_libraries() -> None:
    """pdpyras takes a third of a second: only a first page pays for it."""
    code = (
        "import sys, bot.paging.pagerduty, bot.paging.opsgenie, bot.paging.webhook, bot.paging.incidents\n"
        "print([name for name in ('pdpyras', 'requests') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.strip() == "[]"

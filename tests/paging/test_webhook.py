"""PagerDuty's webhooks: only PagerDuty is heard, at once, and each news once."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.paging.webhook import PagerDutyWebhook, PagerNews, keyed
from bot.slack.guard import MAX_BODY
from bot.slack.server import Reply
from tests.paging.intents import KEY, NOON

SECRET = "whsec-of-the-subscription"
URL = "https://lindenmarkt.pagerduty.com/incidents/PGR0VU2"


class Hearing:
    """A webhook and what it told."""

    def __init__(self, now: datetime = NOON, broken: bool = False) -> None:
        self.told: list[PagerNews] = []
        self.broken = broken
        self.hook = PagerDutyWebhook(SECRET, self._tell, lambda: now)

    def _tell(self, news: PagerNews) -> None:
        if self.broken:
            raise RuntimeError("the queue is full")
        self.told.append(news)

    def hear(self, body: bytes, header: str | None = None) -> Reply:
        return self.hook(body, {"x-pagerduty-signature": signature(body) if header is None else header})


def signature(body: bytes, secret: str = SECRET) -> str:
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def event(kind: str = "incident.acknowledged", **changed: Any) -> bytes:
    """A webhook's body; `changed` are entries of the event, those of `incident` of its data."""
    incident = {"id": "PGR0VU2", "type": "incident", "html_url": URL, "incident_key": KEY, **changed.pop("incident", {})}
    content: Mapping[str, Any] = {
        "id": "01DEN4HPBQAAAG05V5QQYBRZMF",
        "event_type": kind,
        "resource_type": "incident",
        "occurred_at": "2026-11-22T11:59:50.169Z",
        "agent": {"id": "PLH1HKV", "summary": "Mei Tan", "type": "user_reference"},
        "client": None,
        "data": incident,
        **changed,
    }
    return json.dumps({"event": content}).encode()


@pytest.mark.parametrize("what", ["triggered", "acknowledged", "unacknowledged", "resolved"])
def test_news_of_an_incident_of_ours_is_told(what: str) -> None:
    """FACTS 6.4: what happened, by whom, when, and where it can be seen."""
    heard = Hearing()
    assert heard.hear(event(f"incident.{what}")).status == 202
    at = datetime(2026, 11, 22, 11, 59, 50, 169_000, UTC)
    assert heard.told == [PagerNews(KEY, what, "Mei Tan", URL, at, "PGR0VU2", "01DEN4HPBQAAAG05V5QQYBRZMF")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        "{right}",
        "{wrong},{right}",
        "{right}, {wrong}",
        "v2=abc,{right}",
        "garbage,,{right}",
    ],
)
def test_any_right_signature_will_do(header: str) -> None:
    """FACTS 6.4: while a secret is being changed there are two; a version to come does not disturb."""
    body = event()
    assert Hearing().hear(body, header.format(right=signature(body), wrong=signature(body, "old"))).status == 202


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v1=",
        "v1=" + "0" * 64,
        signature(event(), "another secret"),
        signature(event() + b" "),
        signature(event()).upper(),
        signature(event()).replace("v1", "v0"),
        "v1=" + "é" * 64,
        "v1=\udcff",
        "v1=" + "0" * 5_000,
        ",".join(["v1=" + "0" * 64] * 10 + [signature(event())]),
    ],
)
def test_a_forged_webhook_is_refused(header: str) -> None:
    """A 401 and nothing else happens, whatever the header holds."""
    heard = Hearing()
    assert heard.hear(event(), header).status == 401
    assert heard.told == []


def test_without_the_header_it_is_refused() -> None:
    """Whoever finds the address can say nothing."""
    assert Hearing().hook(event(), {}).status == 401


def test_too_much_is_refused_before_it_is_looked_at() -> None:
    """413, signed or not."""
    assert Hearing().hear(b"x" * (MAX_BODY + 1)).status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"event": 3}',
        b'{"event": {"event_type": 3}}',
        b"[" * 100_000,
        event(occurred_at="yesterday"),
        event(occurred_at=None),
    ],
)
def test_what_is_signed_and_garbled_is_a_400(body: bytes) -> None:
    """Never a 5xx, which PagerDuty would send again for two days."""
    heard = Hearing()
    assert heard.hear(body).status == 400
    assert heard.told == []


@pytest.mark.parametrize(
    "body",
    [
        event("incident.priority_updated"),
        event("incident.escalated"),
        event("pagey.ping", data={"message": "Hello from your friend Pagey!", "type": "ping"}),
        event("incident.annotated", data={"id": "P2LA89X", "type": "incident_note", "incident": {"id": "PGR0VU2"}}),
        event("service.updated", agent=None, data={"id": "PF9KMXH", "type": "service"}),
        event(incident={"incident_key": "somebody-elses/disk-full"}),
        event(incident={"incident_key": 7}),
        event(incident={"id": "../users/me"}),
        b'{"event": {"event_type": "something.new"}}',
    ],
)
def test_what_is_not_ours_is_taken_and_passed_over(body: bytes) -> None:
    """2xx, so that PagerDuty does not send it again."""
    heard = Hearing()
    assert heard.hear(body).status == 202
    assert heard.told == []


@pytest.mark.parametrize(
    "agent",
    [None, {}, "Mei Tan", {"type": "service_reference", "summary": "Payments Checkout"}, {"type": "user_reference"}],
)
def test_only_a_person_has_a_name(agent: Any) -> None:
    """Our own event comes back as a webhook, too: nobody did it."""
    heard = Hearing()
    heard.hear(event(agent=agent))
    assert [news.by for news in heard.told] == [""]


def test_a_name_and_an_address_are_cleaned() -> None:
    """They end up in a message: nothing live, nothing secret, no other kind of address."""
    heard = Hearing()
    agent = {"type": "user_reference", "summary": "<!channel> mei@lindenmarkt.example\n" + "x" * 500}
    heard.hear(event(agent=agent, incident={"html_url": "javascript:alert(1)"}))
    news = heard.told[0]
    assert "mei@" not in news.by
    assert "<!channel>" not in news.by
    assert len(news.by) <= 80
    assert news.incident_url == ""


def test_what_is_sent_again_is_told_once() -> None:
    """FACTS 6.4: PagerDuty sends again for 48 hours; a captured request does no more than that."""
    heard = Hearing()
    assert [heard.hear(event()).status for _ in range(100)] == [202] * 100
    assert len(heard.told) == 1


@pytest.mark.parametrize("hours", [50, -50])
def test_what_is_older_than_two_days_is_not_told(hours: int) -> None:
    """A captured request does not close an alert of next month."""
    heard = Hearing(NOON + timedelta(hours=hours))
    assert heard.hear(event()).status == 202
    assert heard.told == []


def test_what_could_not_be_taken_on_is_brought_again() -> None:
    """The only 5xx, and only for PagerDuty itself: it sends again what is answered so."""
    heard = Hearing(broken=True)
    assert heard.hear(event()).status == 503
    heard.broken = False
    assert heard.hear(event()).status == 202
    assert len(heard.told) == 1


def test_an_answer_takes_no_time() -> None:
    """FACTS 6.4: PagerDuty waits five seconds; ours takes milliseconds."""
    heard = Hearing()
    bodies = [event(id=str(number)) for number in range(500)]
    start = time.monotonic()
    for body in bodies:
        heard.hear(body)
    assert time.monotonic() - start < 1.0
    assert len(heard.told) == 500


def test_ten_thousand_mutations_of_a_good_request_are_all_refused() -> None:
    """No byte of a body can be changed: each gives 401, none raises."""
    heard, body, chance = Hearing(), event(), random.Random(7)
    header = signature(body)
    for _ in range(10_000):
        at = chance.randrange(len(body))
        changed = body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]
        assert heard.hear(changed, header).status == 401
    assert heard.told == []


def test_no_body_is_ever_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever forges a request writes nothing into our log."""
    with caplog.at_level(logging.DEBUG):
        Hearing().hear(event(id="written by 7c1e a forger"), "v1=written")
        Hearing().hear(b'{"event": "written by 7c1e a forger"}')
        Hearing(broken=True).hear(event(id="written by 7c1e a forger"))
    assert "refused a webhook" in caplog.text
    assert "7c1e a forger" not in caplog.text
    assert SECRET not in caplog.text


def test_an_empty_secret_lets_nobody_in() -> None:
    """A forgotten setting is a mistake that is seen at the start."""
    with pytest.raises(ValueError, match="everybody"):
        PagerDutyWebhook("", lambda news: None, lambda: NOON)


def test_an_incident_without_a_key_is_named_by_its_alerts() -> None:
    """PagerDuty's own schema: an incident that has alerts need not have a key; grouped alerts are several episodes."""
    heard = Hearing()
    heard.hear(event(incident={"incident_key": None}))
    other = "f" * 32
    asked: list[str] = []

    def keys_of(incident: str) -> tuple[str, ...]:
        asked.append(incident)
        return (KEY, "somebody-elses", other)

    found = keyed(heard.told[0], keys_of)
    assert ([news.dedup_key for news in found], asked) == ([KEY, other], ["PGR0VU2"])
    assert keyed(found[0], keys_of) == (found[0],)
    assert asked == ["PGR0VU2"]

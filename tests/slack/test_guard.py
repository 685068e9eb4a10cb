"""Only what Slack sent, and only once, gets past the guard."""

from __future__ import annotations

import logging
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbox import Inbox
from bot.slack.guard import MAX_BODY, Guard, Headers, Refusal, refusal
from tests.slack.wire import NOW, SECRET, command, form, headers_of

BODY = form(command())
GOOD = headers_of(BODY)
SIGNATURE = "x-slack-signature"
TIMESTAMP = "x-slack-request-timestamp"


def judged(headers: Headers, body: bytes = BODY, now: float = NOW) -> Refusal | None:
    return refusal(headers, body, SECRET.encode(), now, Inbox())


def test_slack_s_own_example_passes() -> None:
    """The example of Slack's documentation on signatures is accepted, byte for byte."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
        b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10"
        b"d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    headers = {"content-type": "application/x-www-form-urlencoded", TIMESTAMP: "1531420618", SIGNATURE: signature}
    assert judged(headers, body, now=1531420620.0) is None


@pytest.mark.parametrize(
    "changed",
    [
        {SIGNATURE: "v0=" + "0" * 64},
        {SIGNATURE: GOOD[SIGNATURE].upper()},
        {SIGNATURE: GOOD[SIGNATURE] + ", " + GOOD[SIGNATURE]},
        {SIGNATURE: "v0=é" + "0" * 63},
        {SIGNATURE: ""},
        {TIMESTAMP: ""},
        {TIMESTAMP: "abc"},
        {TIMESTAMP: "9" * 5_000},
        {TIMESTAMP: "-1"},
        {TIMESTAMP: "١٧٩٥"},
        {TIMESTAMP: GOOD[TIMESTAMP] + "\n"},
    ],
)
def test_a_garbled_or_forged_header_is_a_401(changed: dict[str, str]) -> None:
    """Wrong, doubled, foreign and endless header values are refused as unsigned."""
    refused = judged({**GOOD, **changed})
    assert refused is not None
    assert refused.status == 401


@pytest.mark.parametrize(("late_s", "passes"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_a_signature_is_good_for_five_minutes_either_way(late_s: float, passes: bool) -> None:
    """Old requests are refused, and those from the future too."""
    assert (judged(GOOD, now=NOW + late_s) is None) is passes


def test_another_secret_or_another_body_is_a_401() -> None:
    """The signature covers the bytes of the body with our secret."""
    assert judged(headers_of(BODY, secret="another"), BODY) == Refusal(401, "wrong signature")
    assert judged(GOOD, BODY + b"&text=refund") == Refusal(401, "wrong signature")


def test_a_replay_is_refused_and_a_new_request_is_not() -> None:
    """The same signature passes once."""
    inbox = Inbox()
    said = [refusal(GOOD, BODY, SECRET.encode(), NOW, inbox) for _ in range(3)]
    assert said == [None, Refusal(401, "seen before"), Refusal(401, "seen before")]
    assert refusal(headers_of(BODY, NOW + 1), BODY, SECRET.encode(), NOW, inbox) is None


def test_a_forged_copy_does_not_lock_out_the_original() -> None:
    """Only what was really signed is remembered."""
    inbox = Inbox()
    assert refusal(GOOD, b"other", SECRET.encode(), NOW, inbox) is not None
    assert refusal(GOOD, BODY, SECRET.encode(), NOW, inbox) is None


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x" * (MAX_BODY + 1), "application/json", 413),
        (b"\xff\xfe", "application/json", 400),
        (b"{}", "text/plain", 400),
        (b"{}", "", 400),
        (b"{}", "Application/JSON; charset=utf-8", None),
    ],
)
def test_what_no_listener_could_read_is_a_4xx(body: bytes, content_type: str, status: int | None) -> None:
    """Signed or not: too large is 413, neither form nor JSON in UTF-8 is 400."""
    refused = judged(headers_of(body, content_type=content_type), body)
    assert (refused and refused.status) == status


@given(st.dictionaries(st.sampled_from([SIGNATURE, TIMESTAMP, "content-type"]), st.text()), st.binary())
def test_no_bytes_make_the_guard_raise(headers: dict[str, str], body: bytes) -> None:
    """Whatever comes is refused with a 4xx."""
    refused = judged(headers, body)
    assert refused is not None
    assert 400 <= refused.status < 500


def test_ten_thousand_mutations_of_a_good_request_are_refused() -> None:
    """One changed byte anywhere in body, signature or timestamp is enough."""
    dice = random.Random(40)
    for _ in range(10_000):
        headers, body = mutated(dice)
        refused = judged(headers, body)
        assert refused is not None
        assert 400 <= refused.status < 500


def mutated(dice: random.Random) -> tuple[dict[str, str], bytes]:
    """The good request with one byte of it changed to another."""
    part = dice.choice(["body", SIGNATURE, TIMESTAMP])
    old = bytearray(BODY if part == "body" else GOOD[part].encode())
    old[dice.randrange(len(old))] ^= dice.randrange(1, 256)
    return (GOOD, bytes(old)) if part == "body" else ({**GOOD, part: old.decode("latin-1")}, BODY)


def test_bodies_and_signatures_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A refusal is logged as a reason and a short hash."""
    body = b"text=4242424242424242"
    with caplog.at_level(logging.DEBUG):
        refused = Guard(SECRET, Inbox(), now=lambda: NOW)({**GOOD}, body)
    assert refused == Refusal(401, "wrong signature")
    assert "wrong signature" in caplog.text
    assert not any(secret in caplog.text for secret in ("4242", SECRET, GOOD[SIGNATURE]))


def test_a_guard_without_a_secret_cannot_be_made() -> None:
    """An empty secret would be known to everybody."""
    with pytest.raises(ValueError, match="empty signing secret"):
        Guard("", Inbox())

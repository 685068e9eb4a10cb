"""The free snooze: what the modal asks, and how what is written into it is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.slack.modal import LONGEST, kept_in, snooze_view, tomorrow_morning, until
from commands.typed import BadInput
from tests.slack.alert_office import CHANNEL, NOW, TS, URL, press, value

BERLIN = "Europe/Berlin"  # 04:30 there


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_modal_keeps_slack_s_limits_and_the_press() -> None:
    """What comes back is what went in, even with the longest address."""
    pressed = press("alert.snooze", response_url="https://hooks.slack.com/" + "a" * 480)
    view = snooze_view(pressed, value("other"))
    assert len(view["private_metadata"]) <= 3_000
    assert all(len(view[part]["text"]) <= 24 for part in ("title", "submit", "close"))
    kept = kept_in(view["private_metadata"])
    assert (kept.value, kept.place.channel, kept.ts, kept.response_url) == (
        value("other"),
        CHANNEL,
        TS,
        pressed.response_url,
    )


@pytest.mark.parametrize("lost", ["value", "channel", "ts", "url"])
def test_what_lacks_a_part_is_not_ours(lost: str) -> None:
    """It is refused as a whole."""
    kept = json.loads(snooze_view(press("alert.snooze"), value())["private_metadata"])
    del kept[lost]
    with pytest.raises(BadInput):
        kept_in(json.dumps(kept))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("45m", NOW + timedelta(minutes=45)),
        ("2h30m", NOW + timedelta(minutes=150)),
        ("2h 30m", NOW + timedelta(minutes=150)),
        ("for 90 min", NOW + timedelta(minutes=90)),
        ("1 hour", NOW + timedelta(hours=1)),
        ("7d", NOW + LONGEST),
        ("until 14:00", at("2026-11-22 13:00")),
        ("Until 14:00.", at("2026-11-22 13:00")),
        ("14:00", at("2026-11-22 13:00")),
        ("until 04:00", at("2026-11-23 03:00")),  # the next such time is tomorrow's
        ("until 24:00", at("2026-11-22 23:00")),
        ("till tomorrow 9:00", at("2026-11-23 08:00")),
        ("until 2026-11-25 09:00", at("2026-11-25 08:00")),
    ],
)
def test_lengths_and_times_are_understood(text: str, end: datetime) -> None:
    """Clocks are the writer's."""
    assert until(text, NOW, BERLIN) == end


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no length of time"),
        ("soon", "`soon` is no length of time"),
        ("-5m", "is no length of time"),
        ("0m", "is over already"),
        ("until today 04:00", "is over already"),
        ("until 2026-11-21 09:00", "is over already"),
        ("8d", "seven days at most"),
        ("999999w 999999d", "seven days at most"),
        ("until 2026-12-24 09:00", "seven days at most"),
        ("until 9999-12-31 09:00", "seven days at most"),
        ("until 2026-02-30 09:00", "There is no day"),
        ("until 25:00", "no such time"),
        ("until 14:60", "no such time"),
        ("<!channel>", "is no length of time"),
    ],
)
def test_what_is_wrong_is_said_in_the_modal(text: str, said: str) -> None:
    """In a sentence with the right form."""
    with pytest.raises(BadInput, match=said):
        until(text, NOW, BERLIN)


def test_an_hour_that_comes_twice_is_the_next_one() -> None:
    """On the night when clocks go back, 02:30 is once more to come after its first time."""
    between = at("2026-10-25 00:45")  # 02:45 in Berlin, summer time
    assert until("until 02:30", between, BERLIN) == at("2026-10-25 01:30")


@pytest.mark.parametrize(
    ("now", "zone", "end"),
    [
        ("2026-11-22 03:30", BERLIN, "2026-11-23 08:00"),
        ("2026-11-22 03:30", "America/Los_Angeles", "2026-11-22 17:00"),  # it is still Saturday there
        ("2026-03-28 12:00", BERLIN, "2026-03-29 07:00"),  # the night in between is an hour shorter
        ("2026-11-22 12:00", "Pacific/Kiritimati", "2026-11-23 19:00"),
    ],
)
def test_tomorrow_morning_is_the_presser_s(now: str, zone: str, end: str) -> None:
    """09:00 by the clock on their wall."""
    assert tomorrow_morning(at(now), zone) == at(end)


def until_or_words(text: str) -> datetime | str:
    try:
        return until(text, NOW, BERLIN)
    except BadInput as error:
        return str(error)


@given(some.text(max_size=200) | some.from_regex(r"(until )?[0-9: wdhmt-]{0,20}", fullmatch=True))
def test_any_text_is_a_snooze_within_seven_days_or_a_sentence(text: str) -> None:
    """Never anything else."""
    end = until_or_words(text)
    assert 0 < len(end) <= 400 if isinstance(end, str) else NOW < end <= NOW + LONGEST


def test_addresses_that_are_none_are_not_kept() -> None:
    """Nothing but https or http leaves for a private line, and only to Slack."""
    kept = json.loads(snooze_view(press("alert.snooze", response_url=URL), value())["private_metadata"])
    with pytest.raises(BadInput):
        kept_in(json.dumps({**kept, "url": "file:///etc/passwd"}))

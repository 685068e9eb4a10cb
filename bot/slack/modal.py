"""The modal in which a person writes for how long an alert is to be quiet, and how that is read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.slack.heard import Place, Press
from bot.slack.payloads import CHANNEL, MESSAGE, RESPONSE_URL, dug, shaped, text
from commands.clock import ending, known_zone, starting
from commands.ranges import DATE, is_kind, length_of
from commands.ranges import LENGTH as A_LENGTH
from commands.typed import BadInput, folded, shown

LENGTH: Final = "alert.snooze.length"  # the modal's callback_id
INPUT: Final = "length"  # the block under which Slack shows what is wrong
LONGEST: Final = timedelta(days=7)
MOST: Final = 100  # characters that the input takes
FORMS: Final = "`45m`, `2h30m` or `until 14:00`"
_VALUE: Final = 200  # characters of a button's value
_UNTIL: Final = rf"(?:(?:until|till) )?(?:(?P<day>today|tomorrow|{DATE})[ t])?(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a modal remembers of the press that opened it: the button's value, and where it was. It comes back untrusted."""

    value: str
    place: Place
    ts: str
    response_url: str
    ephemeral: bool


def snooze_view(pressed: Press, value: str) -> dict[str, Any]:
    """The modal, as views.open takes it; `value` names the alert."""
    return {
        "type": "modal",
        "callback_id": LENGTH,
        "private_metadata": kept_text(pressed, value),
        "title": {"type": "plain_text", "text": "Snooze this alert"},
        "submit": {"type": "plain_text", "text": "Snooze"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [
            {
                "type": "input",
                "block_id": INPUT,
                "label": {"type": "plain_text", "text": "For how long?"},
                "hint": {
                    "type": "plain_text",
                    "text": "45m, 2h30m or until 14:00 (in your own time zone); seven days at most.",
                },
                "element": {
                    "type": "plain_text_input",
                    "action_id": INPUT,
                    "max_length": MOST,
                    "focus_on_load": True,
                    "placeholder": {"type": "plain_text", "text": "45m"},
                },
            }
        ],
    }


def kept_text(pressed: Press, value: str) -> str:
    """What the modal brings back, as text."""
    return json.dumps(
        {
            "value": value,
            "channel": pressed.place.channel,
            "thread": pressed.place.thread_ts,
            "ts": pressed.ts,
            "url": pressed.response_url,
            "private": pressed.ephemeral,
        },
        separators=(",", ":"),
    )


def kept_in(said: str) -> Kept:
    """What a modal brought back. Raises BadInput where it is not what `kept_text` writes."""
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        found = None
    channel, ts = shaped(dug(found, "channel"), CHANNEL), shaped(dug(found, "ts"), MESSAGE)
    url, value = shaped(dug(found, "url"), RESPONSE_URL), text(dug(found, "value"), _VALUE)
    in_home = not (channel or ts or url)  # where a press has none of them
    if not value or not (in_home or (channel and ts and url)):
        raise BadInput("This modal can no longer be read. Close it and press the button again.")
    place = Place(channel, thread_ts=shaped(dug(found, "thread"), MESSAGE))
    return Kept(value, place, ts, url, dug(found, "private") is True)


def until(said: str, now: datetime, zone: str) -> datetime:
    """Until when somebody wants quiet who wrote this, clocks read in `zone`. Raises BadInput, in words for the modal."""
    words = folded(said).removeprefix("for ")
    if words and is_kind(words, A_LENGTH):
        length = length_of(words)
        if length > LONGEST:
            raise BadInput(_too_long())
        end = now + length
    elif found := re.fullmatch(_UNTIL, words, re.ASCII):
        end = _clock_time(found, now, known_zone(zone))
    else:
        raise BadInput(f"{shown(words) or 'That'} is no length of time: write {FORMS}.")
    if end <= now:
        raise BadInput(f"That is over already: write {FORMS}.")
    if end - now > LONGEST:
        raise BadInput(_too_long())
    return end


def tomorrow_morning(now: datetime, zone: str) -> datetime:
    """09:00 of the next day in `zone`."""
    there = known_zone(zone)
    return starting(now.astimezone(there).date() + timedelta(days=1), 9 * 60, there)


def _clock_time(found: re.Match[str], now: datetime, zone: ZoneInfo) -> datetime:
    """The named time; without a day the next such time to come."""
    minute = int(found["hour"]) * 60 + int(found["minute"])
    if int(found["minute"]) > 59 or minute > 1440:
        raise BadInput("There is no such time: times go from 00:00 to 24:00.")
    today = now.astimezone(zone).date()
    days = (_day(found["day"], today),) if found["day"] else (today, today + timedelta(days=1))
    readings = [reading(day, minute, zone) for day in days for reading in (starting, ending)]
    return next((at for at in readings if at > now), readings[-1])


def _day(said: str, today: date) -> date:
    """The named day, as far as a snooze may reach; those beyond it are as good as the first that is too far."""
    if said in {"today", "tomorrow"}:
        return today + timedelta(days=said == "tomorrow")
    try:
        year, month, day = map(int, said.split("-"))
        return min(date(year, month, day), today + 3 * LONGEST)
    except ValueError as error:
        raise BadInput(f"There is no day {shown(said)}. A day looks like `{today}`.") from error


def _too_long() -> str:
    return "A snooze lasts seven days at most; a rule that is wrong is better changed or switched off."

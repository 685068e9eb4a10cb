"""The checkout section in one sentence: the number, where it stands against its target, and what drives a breach."""

from __future__ import annotations

from charts.data import Series
from commands.args import Ask
from commands.checkout_numbers import REASONS_OVER, TARGET_PCT, failed, is_wide, rate, rate_change
from commands.numbers import FRESH, at_clock, bucket, from_to, length, newest, silence, without_number_s
from commands.panel import Data
from commands.ranges import ends_now
from commands.rolling import Breach, breaches
from commands.words import count, percent

TARGET = f"the {percent(TARGET_PCT)} target"
LONGEST_CODE = 60  # characters of a code that are shown; Stripe's longest has 40


def headline(data: Data, ask: Ask) -> str:
    """How high the rate is, whether it holds its target, what most likely drives a breach, and how it compares."""
    series = rate(data, ask)
    if not series:
        return f"Checkout success is unknown: {data.why('rate').removeprefix('no data: ')}."
    now = newest(series, ask)
    breach, many = spoken_of(series)
    if now is None:
        parts = [last_heard(series, breach, ask), likely_reason(data, breach, ask)]
    else:
        sentence = f"{number(series, now, ask)}, {standing(series, breach, many, ask)}"
        parts = [sentence, likely_reason(data, breach, ask), rate_change(data, ask) if ask.against else ""]
    return "; ".join(part for part in parts if part) + "."


def spoken_of(series: Series) -> tuple[Breach | None, int]:
    """The breach to speak of, the one that is not over or else the worst one, and how many there are."""
    low = breaches(series, TARGET_PCT, "above")
    if not low:
        return None, 0
    return (low[-1] if is_low(series.last()) else min(low, key=lambda breach: breach.worst)), len(low)


def number(series: Series, now: float, ask: Ask) -> str:
    """The newest number; a wide bucket and a range that is over do not speak of this minute, and say of what they do."""
    said = percent(now, TARGET_PCT)
    over = "" if ends_now(ask.window.text) else f"{ask.window.words[:1].upper()}{ask.window.words[1:]}: "
    name = "checkout success" if over else "Checkout success"
    if is_wide(series):
        start = series.known()[-1][0]
        return f"{over}{name} was {said} in the newest {bucket(series)} ({from_to(start, start + series.step_s, ask)})"
    return f"{over}{name} was {said} at the end" if over else f"{name} is {said}"


def last_heard(series: Series, breach: Breach | None, ask: Ask) -> str:
    """What is known where nothing comes any more: a breach may well go on."""
    last = percent(series.last(), TARGET_PCT)
    below = f", {running(series, breach, ask)}" if breach and is_low(series.last()) else ""
    return f"Checkout success is unknown: {silence(series, ask)}, when it was {last}{below}"


def standing(series: Series, breach: Breach | None, many: int, ask: Ask) -> str:
    """Where the rate stands against its target, now and in the asked window."""
    if breach is None:
        return f"above {TARGET} {throughout(series, ask)}"
    if is_low(series.last()):
        return running(series, breach, ask)
    after = "a breach" if many == 1 else f"{many} breaches, the worst"
    return f"back above {TARGET} after {after} from {from_to(breach.start, breach.end, ask)} ({lowest(breach)})"


def throughout(series: Series, ask: Ask) -> str:
    """Where in the asked window there was no breach: nobody knows of stretches without data."""
    unknown_s = without_number_s(series, ask)
    where = [
        *([ask.window.words] if ends_now(ask.window.text) else []),
        *([f"apart from {length(unknown_s)} without enough data"] if unknown_s else []),
    ]
    every = f"in every {bucket(series)} mean" if is_wide(series) else "throughout"
    return f"{every} ({', '.join(where)})" if where else every


def running(series: Series, breach: Breach, ask: Ask) -> str:
    """A breach that is not over; of one that the window's first bucket is part of nobody knows when it began."""
    cut = breach.start <= series.known()[0][0]
    since, or_more = ("since at least ", " or more") if cut else ("since ", "")
    return f"below {TARGET} {since}{at_clock(breach.start, ask)} ({length(breach.end - breach.start)}{or_more}, {lowest(breach)})"


def is_low(value: float | None) -> bool:
    return value is not None and value < TARGET_PCT


def lowest(breach: Breach) -> str:
    """How bad it was, and how much of it nobody saw."""
    unseen = f", {length(breach.unknown_s)} of it without enough data" if breach.unknown_s > FRESH.total_seconds() else ""
    return f"lowest {percent(breach.worst, TARGET_PCT)}{unseen}"


def likely_reason(data: Data, breach: Breach | None, ask: Ask) -> str:
    """The failure reason that stands out in the asked range, where there was a breach in it.

    A range of more than 24 h is judged by its last 24 h, as the log query reaches no further back; nothing is said of a breach
    before those.
    """
    day = ask.window.end.timestamp() - REASONS_OVER.total_seconds()
    if breach is None or breach.end <= day:
        return ""
    longer = ask.window.length > REASONS_OVER
    found = failed(data, ask).of_last_day() if longer else failed(data, ask)
    driver = found.driver()
    if driver is None:
        return ""
    many = f"{count(driver.here)} of {count(found.here)} failures {'in the last 24 h' if longer else 'in this range'}"
    if not found.comparable:
        return f"{shown(driver.code)} leads: {many}"
    usual = round(found.usual(driver))
    return f"{shown(driver.code)} rose most: {many}, usually {f'about {count(usual)}' if usual else 'hardly any'}"


def shown(code: str) -> str:
    """A code in a sentence: on one line, and no longer than one reads."""
    code = " ".join(code.split()) or "an empty code"
    return code if len(code) <= LONGEST_CODE else f"{code[: LONGEST_CODE - 1]}…"

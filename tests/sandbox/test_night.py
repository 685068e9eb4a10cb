"""A night in a minute or two: what it is made of, how the clock goes through it, and what came of it in words."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.config import Config
from bot.digest.plan import plan_of
from sandbox.clock import Clock
from sandbox.company import Company
from sandbox.night import MIXED, Mishap, Night, Nights, mishaps_of, night
from sandbox.report import begun, told
from sandbox.world import World
from tests.sandbox.company import HOUR, MINUTE

BERLIN = ZoneInfo("Europe/Berlin")
PLAN = plan_of(Config(timezone="Europe/Berlin"))


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of November 2026 in Berlin; the 24th is a Tuesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "begin", "end"),
    [
        (local(24, 14), local(24, 18), local(25, 9, 20)),
        (local(24, 21), local(24, 21), local(25, 9, 20)),
        (local(25, 4), local(25, 4), local(25, 9, 20)),
        (local(25, 9, 16), local(25, 18), local(26, 9, 20)),
        (local(27, 10), local(29, 18), local(30, 9, 20)),
    ],
    ids=["afternoon", "evening", "in the night", "just after the stand-up", "over the weekend"],
)
def test_a_night_ends_just_after_the_next_standup(now: datetime, begin: datetime, end: datetime) -> None:
    """It begins at six, or now where that is past; over days without a stand-up the clock jumps."""
    found = night(now, PLAN, 7)
    assert (found.begin, found.end) == (begin, end)


def test_what_goes_wrong_is_the_same_by_the_seed() -> None:
    """Each night has an outage at ten past two, failing receipts at five and something of the evening, by seed and date."""
    mixed, outage, receipts = mishaps_of(local(25, 9).date(), PLAN, 7)
    assert (outage.at, outage.at + outage.lasting, receipts.at) == (local(25, 2, 10), local(25, 3), local(25, 5))
    assert local(24, 18) < mixed.at < local(25, 0)
    assert tuple(mishaps_of(local(25, 9).date(), PLAN, 7)) == (mixed, outage, receipts)
    assert {next(mishaps_of(local(25, 9).date(), PLAN, seed)).scenario for seed in range(20)} == set(MIXED)


def test_of_a_night_that_has_begun_the_rest_is_left() -> None:
    """What would have gone wrong before now does not."""
    assert [each.scenario for each in night(local(25, 4), PLAN, 7).mishaps] == ["renderer-down"]


# --- the clock ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    return World(7, Clock(local(25, 4).astimezone(UTC)), HOUR, past=())


def test_the_clock_runs_through_the_night_and_then_as_usual(world: World) -> None:
    """It jumps to where the night begins, goes through it at the speeds of its legs, and is at its ordinary speed afterwards."""
    speeds: list[float] = []
    began = world.clock.now() + HOUR
    end = began + 2 * MINUTE
    outage = Mishap("issuer-outage", began + MINUTE, HOUR)
    nights = Nights(world, PLAN, lambda: speeds.append(world.clock.speed), lambda: None)
    nights.run(Night(began, (outage,), ((began + MINUTE, 600.0), (end, 300.0))))
    assert speeds == [600.0, 300.0, 1.0, 1.0]
    assert end <= world.clock.now() < end + 5 * MINUTE
    assert [each.scenario.name for each in world.running()] == ["issuer-outage"]


def test_a_night_that_is_ended_leaves_the_clock_alone(world: World) -> None:
    """Whoever sets another speed has it, from then on; the next night can begin."""
    changed = threading.Event()
    nights = Nights(world, PLAN, changed.set, lambda: None)
    nights.begin()
    assert changed.wait(5)
    assert (nights.state()["on"], world.clock.speed) == (True, 600.0)
    nights.end()
    world.clock.run(10)
    assert (nights.state()["on"], world.clock.speed) == (False, 10.0)


# --- what comes of it --------------------------------------------------------------------------------------------------


@pytest.fixture
def company() -> Iterator[Company]:
    started = Company(start_at=local(25, 7, 15).astimezone(UTC), latency_ms=5, headless=True)
    started.start()
    yield started
    started.stop()


@pytest.mark.timeout(120)
def test_at_the_highest_speed_nothing_is_lost(company: Company) -> None:
    """An outage at 600 times real time fires, pages, is resolved everywhere once, and the stand-up tells of it."""
    begin, due = local(25, 7, 25), local(25, 9, 15)
    outage = Mishap("issuer-outage", begin, HOUR)
    first = (begin - 4 * MINUTE, 60.0)  # all sources have been asked once
    legs = (first, (due - 5 * MINUTE, 600.0), (due, 100.0), (due + MINUTE, 20.0), (due + 5 * MINUTE, 120.0))
    short = Night(company.clock.now(), (outage,), legs)
    Nights(company.world, PLAN, lambda: None, lambda: None).run(short)
    lines = "\n".join((*begun(short, company.zone), *told(company, short))).replace("\u00a0", " ")
    assert "Wed 07:25  Issuer outage, for 60 min" in lines
    assert re.findall(r"Checkout success rate: (\w+) after", lines) == ["resolved"], lines
    assert len(re.findall(r"PagerDuty to Dana Weber: Checkout success rate .*; resolved", lines)) == 1, lines
    assert lines.count("Stand-up, Wed 25 Nov: ") == 1, lines
    assert re.search(r"Checkout was beyond target 97 %.*worst \d+\.\d %", lines), lines
    expired = company.world.truth.count("checkout.expired", due - 24 * HOUR, due)
    assert f"expired: {expired} " in lines, lines


def test_the_command_prints_what_came_of_the_night() -> None:
    """Without a page; what it prints ends with the digest, and it ends with 0."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--night", "--start", "2026-11-25T09:13:30+01:00"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("night: Wed 09:13 to Wed 09:20, Europe/Berlin\nalerts")
    assert re.search(r"digest, posted Wed 09:\d\d:\n  Stand-up, Wed 25 Nov: ", done.stdout)

"""One digest for each date, whatever restarts, replicas, kills and clocks do: the rows of a real database say so."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.digest.calendar import Plan
from bot.digest.runner import DOWN, NOT_YET, Digests, Due, Made
from bot.store import digests, outbox, tables
from bot.store.database import Database
from tests.digest.test_calendar import ZONES, plan

POINTS = ("digest_claimed", "digest_made", "digest_in_transaction", "digest_committed")
GRACE = timedelta(hours=4)
MORNING = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)  # a Monday, 09:15 in Berlin


class Killed(BaseException):
    """What nothing catches, as nothing catches a kill."""


class Stage:
    """A database, a clock, and processes that come and go; `made` are the digests that were made for real."""

    def __init__(self, url: str, own: Plan | None = None) -> None:
        self.database = Database(url, lambda: self.now)
        self.plan = own or plan()
        self.now = MORNING - timedelta(days=3, hours=1)
        self.made: list[Due] = []
        self.kill_at = ""
        self.number = 0

    def process(self) -> Digests:
        """Another process, as far as the rows can tell."""
        self.number += 1
        return Digests(
            self.database, self.plan, GRACE, self.make, lambda: self.now, owner=f"p{self.number}", failpoint=self.failpoint
        )

    def make(self, due: Due) -> Made:
        self.made.append(due)
        return Made({"day": str(due.day)}, {"checkout": "Checkout"})

    def failpoint(self, name: str) -> None:
        if name == self.kill_at:
            raise Killed

    def owed(self) -> list[str]:
        """The dates whose digest the outbox owes, in order."""
        with self.database.begin() as conn:
            rows = conn.execute(select(tables.outbox.c.payload).where(tables.outbox.c.kind == "digest"))
            return sorted(row[0]["date"] for row in rows)

    def run(self, day: str) -> digests.Run | None:
        with self.database.begin() as conn:
            return digests.run(conn, "stand-up", date.fromisoformat(day))


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Opened stages, closed at the end."""
    with ExitStack() as stack:

        def opened(own: Plan | None = None) -> Stage:
            stage = Stage(f"sqlite:///{tmp_path}/{len(list(tmp_path.iterdir()))}.db", own)
            stage.database.open()
            stack.callback(stage.database.close)
            return stage

        yield opened


def begun(stage: Stage) -> Digests:
    """A process that was there since Friday's stand-up."""
    process = stage.process()
    process.run_due()
    return process


def test_the_first_start_posts_nothing_of_the_past(staged: Callable[..., Stage]) -> None:
    """Who installs it at ten does not get the digest of a quarter past nine."""
    stage = staged()
    assert not stage.process().run_due()
    run = stage.run("2026-11-19")
    assert run
    assert (run.said, stage.owed()) == (NOT_YET, [])


def test_a_digest_is_made_when_it_is_due_and_not_again(staged: Callable[..., Stage]) -> None:
    """Its window goes back to the last stand-up; asked every second, it is made once."""
    stage = staged()
    process = begun(stage)
    for second in range(-3, 60):
        stage.now = MORNING - timedelta(days=3) + timedelta(seconds=second)
        assert process.run_due() is (second == 0)
    (due,) = stage.made
    assert (due.day, due.start, due.end) == (date(2026, 11, 20), stage.plan.due(date(2026, 11, 19)), stage.plan.due(due.day))
    assert stage.owed() == ["2026-11-20"]


def test_a_digest_that_was_missed_is_made_late_within_its_grace(staged: Callable[..., Stage]) -> None:
    """And says how late it is."""
    stage = staged()
    begun(stage)
    stage.now = MORNING + timedelta(hours=3)
    assert stage.process().run_due()
    assert (stage.owed(), stage.made[-1].late) == (["2026-11-23"], timedelta(hours=3))
    assert stage.made[-1].missed == (date(2026, 11, 20),)


@pytest.mark.parametrize(("late", "status"), [(timedelta(seconds=30), "new"), (timedelta(hours=1), "unknown")])
def test_what_comes_late_is_looked_up_before_it_is_posted(staged: Callable[..., Stage], late: timedelta, status: str) -> None:
    """It may have been posted in time, and the store be a backup from before that."""
    stage = staged()
    begun(stage)
    stage.now = MORNING + late
    assert stage.process().run_due()
    with stage.database.begin() as conn:
        (owed,) = outbox.claim(conn, "slack", "p", stage.now, 15)
    assert (owed.status, owed.earliest) == (status, MORNING if status == "unknown" else stage.now)


def test_a_digest_that_comes_too_late_is_noted_and_the_next_says_so(staged: Callable[..., Stage]) -> None:
    """Nobody wants the morning's digest in the evening."""
    stage = staged()
    begun(stage)
    stage.now = MORNING + timedelta(hours=5)
    process = stage.process()
    assert not process.run_due()
    run = stage.run("2026-11-23")
    assert run
    assert (run.said, stage.owed()) == (DOWN, [])
    stage.now = MORNING + timedelta(days=1)
    assert process.run_due()
    assert stage.made[-1].missed == (date(2026, 11, 20), date(2026, 11, 23))


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_step_it_is_still_made_once(staged: Callable[..., Stage], point: str) -> None:
    """Another process takes it on once the dead one's claim has run out."""
    stage = staged()
    begun(stage)
    stage.now, stage.kill_at = MORNING, point
    with pytest.raises(Killed):
        stage.process().run_due()
    stage.kill_at = ""
    for second in range(0, 120, 5):
        stage.now = MORNING + timedelta(seconds=second)
        stage.process().run_due()
    assert stage.owed() == ["2026-11-23"]


def test_a_process_that_was_paused_too_long_does_not_make_it_again(staged: Callable[..., Stage]) -> None:
    """Another has finished it meanwhile: the late one's transaction is refused."""
    stage = staged()
    late = begun(stage)
    stage.now = MORNING
    other = stage.process()

    def slowly(due: Due) -> Made:
        if len(stage.made) == 0:
            stage.now += timedelta(seconds=60)
            stage.made.append(due)
            other.run_due()
        else:
            stage.made.append(due)
        return Made({}, {})

    stage.make = slowly  # type: ignore[method-assign]
    late = Digests(stage.database, stage.plan, GRACE, slowly, lambda: stage.now, owner="late")
    other = Digests(stage.database, stage.plan, GRACE, slowly, lambda: stage.now, owner="other")
    with pytest.raises(Exception, match="another paybot makes the digest"):
        late.run_due()
    assert (len(stage.made), stage.owed()) == (2, ["2026-11-23"])


def test_a_clock_that_jumps_repeats_nothing(staged: Callable[..., Stage]) -> None:
    """Two days ahead and back: what was posted early is not posted again when its date really comes."""
    stage = staged()
    process = begun(stage)
    for jump in (0, 48, 0, 1, 24, 48, 72):
        stage.now = MORNING + timedelta(hours=jump)
        process.run_due()
        stage.process().run_due()
    assert stage.owed() == ["2026-11-23", "2026-11-25", "2026-11-26"]


def test_another_zone_in_the_settings_gives_no_date_twice(staged: Callable[..., Stage]) -> None:
    """The date is the key, and not the instant."""
    stage = staged()
    begun(stage)
    for zone in ("Europe/Berlin", "Asia/Tokyo", "America/New_York"):
        stage.plan = plan(zone)
        for hour in range(24):
            stage.now = MORNING + timedelta(hours=hour - 8)
            stage.process().run_due()
    assert stage.owed() == sorted(set(stage.owed()))


@pytest.mark.parametrize("zone", ZONES)
def test_twenty_years_have_exactly_one_a_date(staged: Callable[..., Stage], zone: str) -> None:
    """Two processes, and one kill in ten looks: around each change of the clocks (`make digests` has every date)."""
    stage = staged(plan(zone, time(2, 30), "daily"))
    chance = random.Random(zone)
    wanted = [day for day in days_of(20) if changes_near(stage.plan, day)] or [date(2026, 3, 1)]
    expected = played(stage, wanted, chance)
    assert stage.owed() == expected


def days_of(years: int) -> list[date]:
    first = date(2027 - years, 1, 1)
    return [first + timedelta(number) for number in range((date(2027, 1, 1) - first).days)]


def changes_near(own: Plan, day: date) -> bool:
    """Whether the clocks there change on that date or beside it."""
    noons = [datetime.combine(day + timedelta(number), time(12), own.tz).utcoffset() for number in (-2, -1, 0, 1)]
    return len(set(noons)) > 1


def played(stage: Stage, wanted: list[date], chance: random.Random) -> list[str]:
    """Plays the wanted days with two processes, and gives the dates that must have had a digest."""
    stage.now = stage.plan.due(wanted[0] - timedelta(1))
    processes = [stage.process(), stage.process()]
    processes[0].run_due()
    due = [day for day in wanted if stage.plan.is_due_on(day)]
    for day in due:
        for second in (-1, 0, 0.5, 61):
            stage.now = stage.plan.due(day) + timedelta(seconds=second)
            stage.kill_at = chance.choice(POINTS) if second < 1 and chance.random() < 0.1 else ""
            for number in (0, 1):
                try:
                    processes[number].run_due()
                except Killed:
                    processes[number] = stage.process()
    return [str(day) for day in due]

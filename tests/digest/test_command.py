"""The digest by hand: printed without anything kept, posted once, previewed for one person, and made by the running thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import Config, Digest, Slack
from bot.digest.command import posted, printed
from bot.digest.standup import Parts, Standup
from bot.slack.desk import Tools
from bot.slack.digest_value import action_of, take_value
from bot.slack.heard import Place, Press
from bot.slack.messages import Message
from commands.panel import Gap
from tests.bot.test_cli import SLACK, paybot
from tests.digest.office import MONDAY, MORNING, Morning
from tests.fakes import FakeSource
from tests.slack.alert_office import SECRET, DirectLane, Told
from tests.slack.fake_chat import FakeChat
from tests.slack.fake_slack import FakeSlack, fake_slack
from tests.slack.test_desk import Office as FrontOffice
from tests.slack.test_desk import words

PATIENCE_S = 10.0


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as running:
        yield running


def config(slack: FakeSlack, folder: Path) -> Config:
    settings = Slack(bot_token="xoxb-test", api_url=slack.url, home_channel="CHOME")
    return Config(timezone="Europe/Berlin", slack=settings, database_url=f"sqlite:///{folder}/paybot.db")


def test_printing_says_what_is_missing_and_keeps_nothing(slack: FakeSlack, tmp_path: Path) -> None:
    """Without sources and without a store; no file is made."""
    lines = printed(config(slack, tmp_path), {}, MONDAY, lambda: MORNING)
    assert lines[0].startswith("Stand-up, Mon 23 Nov: no data for checkout, window, retries, receipts, funnel, pipeline")
    assert any(line.startswith("The alert system cannot read its store now") for line in lines)
    assert list(tmp_path.iterdir()) == []
    assert slack.calls == []


def test_printing_now_tells_of_the_time_since_the_last_stand_up(slack: FakeSlack, tmp_path: Path) -> None:
    """Asked on a Sunday, since Friday's."""
    lines = printed(config(slack, tmp_path), {"datadog": FakeSource()}, None, lambda: MORNING - timedelta(days=1))
    assert lines[1].startswith("Fri 20 Nov 09:15 to Sun 22 Nov 09:15")


def test_posting_by_hand_posts_once_for_a_date(slack: FakeSlack, tmp_path: Path) -> None:
    """The second time it says so."""
    settings = config(slack, tmp_path)
    assert posted(settings, {}, MONDAY, lambda: MORNING) == ("The digest of 2026-11-23 is posted.", True)
    assert posted(settings, {}, MONDAY, lambda: MORNING) == (
        "The digest of 2026-11-23 is not posted: it has been posted already.",
        False,
    )
    assert [(kept.channel, kept.text[:20]) for kept in slack.messages] == [("CHOME", "Stand-up, Mon 23 Nov")]


def test_posting_says_what_slack_refused(slack: FakeSlack, tmp_path: Path) -> None:
    """And that is a finding."""
    slack.refuses["CHOME"] = "is_archived"
    said, good = posted(config(slack, tmp_path), {}, MONDAY, lambda: MORNING)
    assert (said.startswith("The digest of 2026-11-23 is made, and Slack did not take it: "), good) == (True, False)


@pytest.mark.parametrize(
    ("words_", "code", "said"),
    [
        (("digest",), 0, "no data for checkout"),
        (("digest", "--date", "soon"), 2, '--date: "soon" is not a date like 2026-11-23'),
        (("digest", "--date", "2999-01-01"), 2, "is still to come"),
        (("digest", "--post"), 1, "Slack did not take it"),
    ],
)
def test_the_command_line_has_it(slack: FakeSlack, tmp_path: Path, words_: tuple[str, ...], code: int, said: str) -> None:
    """With its exit codes."""
    slack.refuses["C0123ABCD"] = "is_archived"
    done = paybot(tmp_path, *words_, **SLACK, SLACK_API_URL=slack.url)
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr


# --- in the running bot ---------------------------------------------------------------------------------------------


def standup(morning: Morning, *, enabled: bool = True, told: Told | None = None, wake: threading.Event | None = None) -> Standup:
    woken = wake or threading.Event()
    return Standup(
        Parts(
            config=Config(timezone="Europe/Berlin", digest=Digest(enabled=enabled)),
            database=morning.database,
            analyst=morning.numbers,
            chat=morning._delivery(),
            posting=told or Told(),
            lane=DirectLane(),
            roles=morning.roles,
            secret=SECRET,
            owner="p1",
            now=lambda: morning.now,
            wake=woken.set,
            ready=lambda: True,
        )
    )


@pytest.fixture
def morning(slack: FakeSlack, tmp_path: Path) -> Iterator[Morning]:
    morning = Morning(tmp_path, slack)
    morning.known_since_friday()
    morning.numbers.states["checkout"] = "bad"
    yield morning
    morning.database.close()


def test_the_running_bot_makes_what_is_due(morning: Morning) -> None:
    """Within a second or two of its time, and wakes the dispatcher."""
    woken = threading.Event()
    running = standup(morning, wake=woken)
    morning.now = MORNING
    running.start()
    assert woken.wait(PATIENCE_S)
    running.stop()
    assert morning.concerns() == {"checkout": ""}


@pytest.mark.parametrize(("gaps", "times"), [((), 1), ((Gap("Segment archive", "is still reading its files"),), 3)])
def test_questions_are_asked_shortly_before_until_all_are_answered(morning: Morning, gaps: tuple[Gap, ...], times: int) -> None:
    """So that what is slow to read is at hand; once a minute at most, and on each date anew."""
    running, numbers = standup(morning), morning.numbers
    numbers.gaps = gaps
    for days in range(2):
        before = len(numbers.asked)
        for seconds_left in (360, 240, 239, 180, 60, 0, -60):
            morning.now = MORNING + timedelta(days=days, seconds=-seconds_left)
            running._rehearse()
        assert len(numbers.asked) == before + times


def test_a_preview_is_for_one_person_and_has_no_buttons(morning: Morning) -> None:
    """In their zone; nothing is kept, and nothing is posted."""
    posted_before = len(morning.slack.messages if morning.slack else ())
    morning.now = MORNING - timedelta(hours=1)
    message = standup(morning, enabled=False).preview("Asia/Tokyo")
    found = str(message.blocks)
    assert "Asia/Tokyo" in found
    assert "Only you see this" in found
    assert "accessory" not in found
    assert morning.concerns() == {}
    assert len(morning.slack.messages if morning.slack else ()) == posted_before


def test_pay_digest_is_answered_to_the_asker_alone() -> None:
    """By the preview, in the asker's zone."""
    office = FrontOffice(FakeChat(zones={"U1": "Asia/Tokyo"}), tools=Tools(digest=lambda zone: Message(f"Stand-up in {zone}")))
    assert office.command("digest").startswith("Looking up what the stand-up digest would say")
    assert words(office.chat.private) == ["Stand-up in Asia/Tokyo"]
    assert office.chat.posted == []


def test_without_a_running_alert_system_it_is_said_where_to_look() -> None:
    """In words."""
    office = FrontOffice()
    office.command("digest")
    assert "`paybot digest`" in str(words(office.chat.private))


def test_its_desk_takes_presses(morning: Morning) -> None:
    """As the listeners hand them over."""
    morning.go(MORNING)
    told = Told()
    desk = standup(morning, told=told).desk
    value = take_value(SECRET, MONDAY, "checkout")
    desk.press(Press(action_of("checkout"), value, "U0DANA", "T0SHOP", Place("C1"), "1.0", "https://hooks.slack.com/x"))
    desk.stop(0.1)
    assert told.lines == [("U0DANA", "You have checkout now. The stand-up's message says so.")]

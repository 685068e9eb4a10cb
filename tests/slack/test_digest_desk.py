"""From a press on "I take it" to who has it: one taker, whoever may, and a sentence for everybody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.digest.takes import AWAY, OVER, UNKNOWN
from bot.slack.alert_desk import AlertDesk
from bot.slack.digest_desk import FORGED, Presses
from bot.slack.digest_value import take_value, taken_by_value
from bot.slack.heard import Place, Press
from bot.slack.roles import BOT, DEACTIVATED, EXTERNAL, GUEST
from bot.store import digests
from tests.digest.office import FRIDAY, MONDAY, MORNING, TUESDAY, Morning, row
from tests.slack.alert_office import SECRET, Office
from tests.slack.test_alert_desk import FakeActs
from tests.slack.test_listeners import FakeAlerts, acked, listening_to_alerts
from tests.slack.wire import interactive, press

RACES = 300


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Morning]:
    """Monday's digest told of checkout."""
    morning = Morning(tmp_path)
    morning.now = MORNING
    morning.posted(MONDAY, "checkout", rows=(row(state="bad"),))
    yield morning
    morning.database.close()


def test_who_presses_first_has_it_and_the_message_is_to_be_edited(morning: Morning) -> None:
    """They read so; one row of the audit, one edit owed."""
    assert morning.press("checkout") == "You have checkout now. The stand-up's message says so."
    assert (morning.concerns(), morning.owed()) == ({"checkout": "U0DANA"}, 1)
    assert morning.audited() == [("U0DANA", "done")]


def test_the_second_presser_reads_who_was_first(morning: Morning) -> None:
    """Nothing is changed, and it is audited."""
    morning.press("checkout")
    assert morning.press("checkout", "U0MIRA") == "Dana Weber was first, and took checkout on Mon 23 Nov. Nothing was changed."
    assert morning.press("checkout") == "You have it already: you took checkout on Mon 23 Nov."
    assert (morning.concerns(), morning.owed()) == ({"checkout": "U0DANA"}, 1)
    assert morning.audited() == [("U0DANA", "done"), ("U0MIRA", "nothing"), ("U0DANA", "nothing")]


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ({}, "You have"),
        ({"is_restricted": True}, GUEST),
        ({"is_restricted": True, "is_ultra_restricted": True}, GUEST),
        ({"team_id": "T0OTHER", "is_stranger": True}, EXTERNAL),
        ({"is_bot": True}, BOT),
        ({"deleted": True}, DEACTIVATED),
    ],
)
def test_only_full_members_may_take(morning: Morning, person: Mapping[str, Any], said: str) -> None:
    """Whoever may not reads why; every press is audited."""
    morning.directory.people["U0DANA"] = person
    assert morning.press("checkout").startswith(said)
    may = said == "You have"
    assert morning.concerns() == {"checkout": "U0DANA" if may else ""}
    assert morning.audited() == [("U0DANA", "done" if may else "refused")]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2026-11-23.checkout",
        take_value(b"another key", MONDAY, "checkout"),
        take_value(SECRET, MONDAY, "checkout").replace("23", "24"),
        take_value(SECRET, MONDAY, "window"),  # right, but not this button's
        take_value(SECRET, MONDAY, "checkout") + "\n",
        "2026-11-23.checkout." + "0" * 16,
        "9" * 5_000,
    ],
)
def test_a_forged_value_is_refused(morning: Morning, value: str) -> None:
    """It changes nothing."""
    assert morning.press("checkout", value=value) == FORGED
    assert (morning.concerns(), morning.audited()) == ({"checkout": ""}, [("U0DANA", "refused")])


def test_a_value_says_what_it_takes() -> None:
    """The date and the name, spaces included."""
    assert taken_by_value(SECRET, take_value(SECRET, MONDAY, "dead letters")) == (MONDAY, "dead letters")


def test_what_is_over_cannot_be_taken(morning: Morning) -> None:
    """Tuesday's digest found it well; and what began anew on Tuesday is taken there."""
    morning.posted(TUESDAY)
    assert morning.press("checkout") == OVER
    morning.now += timedelta(days=2)
    morning.posted(MONDAY + timedelta(days=2), "checkout")
    assert morning.press("checkout") == OVER
    assert morning.concerns() == {"checkout": ""}
    assert {outcome for _, outcome in morning.audited()} == {"nothing"}


def test_a_stand_up_that_is_no_longer_known_is_told(morning: Morning) -> None:
    """The button is older than all rows."""
    assert morning.press("checkout", day=FRIDAY) == UNKNOWN


def test_what_is_taken_in_an_older_message_is_shown_in_the_newest_too(morning: Morning) -> None:
    """Both are edited."""
    morning.posted(TUESDAY, "checkout")
    assert morning.press("checkout").startswith("You have checkout")
    assert morning.owed() == 2


def test_a_store_that_is_away_is_told_and_the_press_is_audited_later(morning: Morning) -> None:
    """Nothing is lost of who pressed what."""
    morning.database.close()
    assert morning.press("checkout") == AWAY
    morning.database.open()
    morning.takes.write_late()
    assert (morning.concerns(), morning.audited()) == ({"checkout": ""}, [("U0DANA", "nothing")])


def test_of_two_who_press_at_once_one_has_it_however_often(morning: Morning) -> None:
    """And one edit is owed for it."""
    names = [f"row {number}" for number in range(RACES)]
    with morning.database.begin() as conn:
        digests.told(conn, "stand-up", MONDAY, morning.now, {name: name for name in names})
    said: list[list[str]] = [[], []]
    start = threading.Barrier(2)

    def presses(number: int, user: str) -> None:
        for name in names:
            start.wait(20)
            said[number].append(morning.takes.take(MONDAY, name, user, "T0SHOP"))

    threads = [threading.Thread(target=presses, args=each) for each in enumerate(("U0DANA", "U0MIRA"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    for name, first, second in zip(names, *said, strict=True):
        assert sorted([first.startswith("You have"), second.startswith("You have")]) == [False, True], (name, first, second)
    assert morning.owed() == RACES


def test_a_press_goes_to_the_desk_that_knows_the_button(morning: Morning) -> None:
    """Alerts' buttons stay with the alerts."""
    acts = FakeActs()
    alerts: AlertDesk = Office(acts).desk()
    both = Presses(alerts, morning.desk)
    place: dict[str, Any] = {
        "user": "U0DANA",
        "team": "T0SHOP",
        "place": Place("C1"),
        "ts": "1.0",
        "response_url": "https://hooks.slack.com/x",
    }
    both.press(Press("digest.take.checkout", take_value(SECRET, MONDAY, "checkout"), **place))
    both.press(Press("alert.runbook", "", **place))
    assert morning.concerns() == {"checkout": "U0DANA"}
    assert [action for action, *_ in acts.noted] == ["alert.runbook"]


def test_a_press_comes_through_slacks_listeners() -> None:
    """To the desk that has the alerts' buttons, too, and acknowledged without a word."""
    alerts = FakeAlerts()
    assert acked(listening_to_alerts(alerts), interactive(press("digest.take.dead_letters"))) == {}
    assert [heard.action for heard in alerts.heard if isinstance(heard, Press)] == ["digest.take.dead_letters"]

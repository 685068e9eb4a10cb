"""From a press on an alert to what is done and what the presser reads, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.alerts.handling import UNKNOWN, Where
from bot.slack.alert_buttons import ACKNOWLEDGE, END_SNOOZE, ESCALATE, RUNBOOK, SNOOZE, UNDO
from bot.slack.alert_desk import FORGED, FREE_SNOOZE, MODAL_LATE, NO_BUTTON, NO_CHOICE, RESTARTED
from bot.slack.heard import Place, Submission
from bot.slack.promises import BUSY
from bot.work import Job
from tests.slack.alert_office import CHANNEL, ID, NOW, TS, URL, DirectLane, FakeOpens, Office, press, value, written
from tests.slack.fake_chat import FakeChat


@dataclass
class FakeActs:
    """Keeps what it was asked to do; knows one alert's rule."""

    done: list[tuple[Any, ...]] = field(default_factory=list)
    noted: list[tuple[str, str, str, str]] = field(default_factory=list)
    wheres: list[Where] = field(default_factory=list)
    rule: str = "retry-failures"
    bug: Exception | None = None

    def acknowledge(self, episode: str, version: int, user: str, team: str, where: Where) -> str:
        return self._keep("acknowledge", episode, version, user, team, where)

    def unacknowledge(self, episode: str, version: int, user: str, team: str, where: Where) -> str:
        return self._keep("unacknowledge", episode, version, user, team, where)

    def snooze(self, episode: str, version: int, user: str, team: str, until: datetime, where: Where) -> str:
        return self._keep("snooze", episode, version, user, team, where, until - NOW)

    def end_snooze(self, episode: str, version: int, user: str, team: str, where: Where) -> str:
        return self._keep("end_snooze", episode, version, user, team, where)

    def escalate(self, episode: str, version: int, user: str, team: str, where: Where) -> str:
        return self._keep("escalate", episode, version, user, team, where)

    def opened_runbook(self, episode: str, user: str) -> str:
        self.done.append(("runbook", episode, user))
        return self.rule

    def note(self, action: str, user: str, outcome: str, why: str, episode: str = "") -> None:
        self.noted.append((action, user, outcome, episode))

    def _keep(self, name: str, episode: str, version: int, user: str, team: str, where: Where, *more: object) -> str:
        if self.bug:
            raise self.bug
        self.done.append((name, episode, version, user, team, *more))
        self.wheres.append(where)
        return f"{name} <done> & told."


def office(**changed: Any) -> tuple[Office, FakeActs]:
    acts = changed.pop("acts", FakeActs())
    return Office(acts, **changed), acts


@pytest.mark.parametrize(
    ("action", "name"),
    [(ACKNOWLEDGE, "acknowledge"), (UNDO, "unacknowledge"), (END_SNOOZE, "end_snooze"), (ESCALATE, "escalate")],
)
def test_a_button_does_what_it_says(action: str, name: str) -> None:
    """On the episode and version that it carries, by whom Slack names; the presser reads what came of it, escaped."""
    place, acts = office()
    place.desk().press(press(action, value(version=7)))
    assert acts.done == [(name, ID, 7, "U0DANA", "T0SHOP")]
    assert place.told.lines == [("U0DANA", f"{name} &lt;done&gt; &amp; told.")]
    assert place.told.where == [URL]


@pytest.mark.parametrize(
    ("choice", "length"),
    [
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("4h", timedelta(hours=4)),
        ("tomorrow", timedelta(hours=28, minutes=30)),  # 03:30 in Berlin is 04:30; tomorrow 09:00 there is 08:00 UTC
    ],
)
def test_the_menu_snoozes_for_as_long_as_it_says(choice: str, length: timedelta) -> None:
    """Tomorrow is the presser's."""
    place, acts = office(chat=FakeChat(zones={"U0DANA": "Europe/Berlin"}))
    place.desk().press(press(SNOOZE, value(choice)))
    assert acts.done == [("snooze", ID, 1, "U0DANA", "T0SHOP", length)]
    assert acts.wheres[0].zone == "Europe/Berlin"


def test_a_zone_that_slack_does_not_tell_is_the_settings() -> None:
    """The press counts all the same."""
    place, acts = office(chat=FakeChat(refuses={"zone": "timeout"}))
    place.desk().press(press(ACKNOWLEDGE))
    assert acts.wheres[0].zone == "UTC"


def test_a_press_says_in_which_messages_it_may_count() -> None:
    """Its own, and that of its thread; in a list that only the presser sees, in any."""
    place, acts = office()
    desk = place.desk()
    desk.press(press(ACKNOWLEDGE))
    desk.press(press(ACKNOWLEDGE, place=Place(CHANNEL, thread_ts="1.5")))
    desk.press(press(ACKNOWLEDGE, ephemeral=True))
    assert [where.spots for where in acts.wheres] == [((CHANNEL, TS),), ((CHANNEL, TS), (CHANNEL, "1.5")), ()]


@pytest.mark.parametrize("action", [SNOOZE, FREE_SNOOZE])
def test_any_other_length_opens_a_modal_for_the_presser(action: str) -> None:
    """At once, before anything else is asked: the trigger lives 3 s. Nothing is changed, and it is audited."""
    place, acts = office(chat=FakeChat(refuses={"zone": "timeout"}))
    place.desk().press(press(action, value("other")))
    ((trigger, view),) = place.opens.opened
    assert (trigger, view["callback_id"]) == ("1.2.abc", "alert.snooze.length")
    assert (acts.done, place.told.lines) == ([], [])
    assert acts.noted == [("alert.snooze.other", "U0DANA", "nothing", ID)]


def test_a_modal_that_does_not_open_is_told() -> None:
    """With what to do."""
    place, acts = office(opens=FakeOpens("expired_trigger_id"))
    place.desk().press(press(SNOOZE, value("other")))
    assert place.told.lines == [("U0DANA", MODAL_LATE)]
    assert [outcome for _, _, outcome, _ in acts.noted] == ["refused"]


@pytest.mark.parametrize(
    ("text", "length"), [("45m", timedelta(minutes=45)), ("until 14:00", timedelta(hours=9, minutes=30)), ("2h30m", None)]
)
def test_what_is_written_into_the_modal_snoozes(text: str, length: timedelta | None) -> None:
    """In the writer's own zone, on the episode whose button opened it, told where it was pressed."""
    place, acts = office(chat=FakeChat(zones={"U0DANA": "Europe/Berlin"}))
    assert place.desk().submitted(written(text)) == ""
    assert acts.done == [("snooze", ID, 1, "U0DANA", "T0SHOP", length or timedelta(hours=2, minutes=30))]
    assert acts.wheres[0].spots == ((CHANNEL, TS),)
    assert place.told.where == [URL]


@pytest.mark.parametrize("text", ["", "soon", "8d", "0m", "until 25:00", "until 2026-11-01 10:00", "9" * 90])
def test_wrong_input_is_an_error_in_the_modal(text: str) -> None:
    """It stays open, and nothing is done."""
    place, acts = office()
    assert place.desk().submitted(written(text))
    assert (acts.done, place.told.lines) == ([], [])


@pytest.mark.parametrize("kept", ["", "{", "[]", "[" * 3_000, '{"value": "x", "channel": "../C1", "ts": "1.2", "url": "u"}'])
def test_a_modal_that_is_not_ours_does_nothing(kept: str) -> None:
    """Whatever comes back in it."""
    place, acts = office()
    assert "can no longer be read" in place.desk().submitted(Submission("45m", kept, "U0DANA", "T0SHOP"))
    assert acts.done == []


FORGERIES = [
    "",
    "acknowledge",
    value()[:-1],
    value()[:-1] + ("0" if value()[-1] != "0" else "1"),
    value().replace(".1.", ".2."),
    value().replace("0011", "0012"),
    value("15m").upper(),
    "🙂" * 500,
]


@pytest.mark.parametrize("forged", FORGERIES)
@pytest.mark.parametrize("action", [ACKNOWLEDGE, UNDO, SNOOZE, END_SNOOZE, ESCALATE, FREE_SNOOZE])
def test_a_forged_value_is_a_sentence_and_never_an_effect(action: str, forged: str) -> None:
    """Another episode, another version, a guess: refused, and audited."""
    place, acts = office()
    place.desk().press(press(action, forged))
    assert (acts.done, place.opens.opened) == ([], [])
    assert place.told.lines == [("U0DANA", FORGED)]
    assert acts.noted == [(action, "U0DANA", "refused", "")]


@given(some.text(max_size=300) | some.from_regex(r"[0-9a-f]{16}\.[1-9]\.[0-9a-f]{16}(\.15m)?", fullmatch=True))
def test_no_guess_is_right(guess: str) -> None:
    """Of values in the right form, too."""
    place, acts = office()
    place.desk().press(press(ACKNOWLEDGE, guess))
    assert acts.done == []


def test_a_forged_value_in_a_modal_is_a_sentence_too() -> None:
    """What the modal brings back has been out of our hands."""
    place, acts = office()
    assert place.desk().submitted(written("45m", FORGERIES[3])) == ""
    assert (acts.done, place.told.lines) == ([], [("U0DANA", FORGED)])


def test_what_no_menu_offers_is_refused() -> None:
    """A menu's press without a choice."""
    place, acts = office()
    place.desk().press(press(SNOOZE))
    assert place.told.lines == [("U0DANA", NO_CHOICE)]
    assert acts.noted == [(SNOOZE, "U0DANA", "refused", ID)]


def test_a_button_that_nobody_knows_is_a_sentence() -> None:
    """Of an older or newer version of paybot."""
    place, acts = office()
    place.desk().press(press("alert.explode"))
    assert place.told.lines == [("U0DANA", NO_BUTTON)]
    assert acts.noted == [("alert.explode", "U0DANA", "refused", "")]


def test_the_runbook_is_read_aloud_where_it_has_no_page() -> None:
    """The section of the alert's rule; with a page its button leads there by itself. Both are kept."""
    place, acts = office()
    place.desk().press(press(RUNBOOK))
    assert "retry-failures" in place.told.lines[0][1]
    page, acts_too = office(runbook_url="https://wiki.example/runbook")
    page.desk().press(press(RUNBOOK))
    assert page.told.lines == []
    assert acts.done == acts_too.done == [("runbook", ID, "U0DANA")]


def test_the_runbook_of_an_alert_that_nobody_knows_is_a_sentence() -> None:
    """Forgotten after 90 days."""
    place, _ = office(acts=FakeActs(rule=""))
    place.desk().press(press(RUNBOOK))
    assert place.told.lines == [("U0DANA", UNKNOWN)]


def test_a_bug_is_an_apology() -> None:
    """To the presser alone, with a reference and without its words."""
    place, _ = office(acts=FakeActs(bug=KeyError("secret")))
    place.desk().press(press(ACKNOWLEDGE))
    ((_, line),) = place.told.lines
    assert "went wrong" in line
    assert "secret" not in line


def test_a_full_lane_is_told() -> None:
    """A press is never dropped in silence; a modal stays open."""
    place, acts = office(lane=DirectLane(full=True))
    desk = place.desk()
    desk.press(press(ACKNOWLEDGE))
    assert desk.submitted(written("45m")) == BUSY
    desk.stop(5)
    assert (acts.done, place.told.lines) == ([], [("U0DANA", BUSY)])


def test_a_stop_tells_those_whose_presses_were_not_done() -> None:
    """They look at the message, which is the truth."""

    class Stopped(DirectLane):
        def submit(self, user: str, job: Job) -> bool:
            return True

    place, _ = office(lane=Stopped())
    desk = place.desk()
    desk.press(press(ACKNOWLEDGE))
    desk.stop(5)
    assert place.told.lines == [("U0DANA", RESTARTED)]

"""Every state of an episode with every action: what comes of it, and what the presser reads."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, get_args

import pytest

from bot.alerts.episode import Episode
from bot.alerts.handling import NO_PAGER, Action, Decision, Wanted, decided
from tests.alerts_actions.making import BEN, DANA, NAMES, NOW, episode, minutes

ACKED = {"handling": "acked", "acked_by": DANA, "acked_at": NOW - minutes(18)}
SNOOZED = {"handling": "snoozed", "snoozed_by": DANA, "snoozed_until": NOW + minutes(42)}
ESCALATED = {"escalated_by": DANA, "escalated_at": NOW - minutes(10), "routes": ("slack", "pagerduty")}
OVER = {"phase": "closed", "closed": NOW - minutes(10), "reason": "recovered"}

STATES = {
    "open": episode(),
    "recovering": episode(phase="recovering"),
    "acked": episode(**ACKED),
    "acked and recovering": episode(**ACKED, phase="recovering"),
    "snoozed": episode(**SNOOZED),
    "snoozed, and that is over": episode(**{**SNOOZED, "snoozed_until": NOW - minutes(1)}),
    "escalated": episode(**ESCALATED),
    "escalated and acked": episode(**ESCALATED, **ACKED),
    "escalated and snoozed": episode(**ESCALATED, **SNOOZED),
    "escalated, its incident resolved": episode(**ESCALATED, extra={"pager_over": NOW.isoformat()}),
    "paged by its rule": episode(routes=("slack", "pagerduty")),
    "over": episode(**OVER),
    "over, once acked": episode(**OVER, **ACKED),
    "over, once snoozed": episode(**OVER, **SNOOZED),
    "over, once escalated": episode(**OVER, **ESCALATED),
}
IS_OVER = "This alert is over since 03:20; nothing was changed."
NOT_ACKED = "Nobody has this acknowledged now; nothing was changed."
NOT_SNOOZED = "This alert is not snoozed; nothing was changed."
BACK = "The acknowledgement is taken back."
KEEPS = f"{BACK} PagerDuty keeps its own until it runs out there."
QUIET = "Snoozed until 04:30."
LOUD = "The snooze is ended."
PAGED = "Escalated: PagerDuty is being told."
TAKEN = "Acknowledged."
DANA_HAS_IT = "Dana Weber already acknowledged this at 03:12."
DANA_PAGED = "Already escalated by Dana Weber at 03:20: paged once."
BY_RULE = "PagerDuty was told when this fired, at 03:00: paged once."

ACTIONS: tuple[Action, ...] = get_args(Action)
TABLE = {  # acknowledge, unacknowledge, snooze, end_snooze, escalate
    "open": (TAKEN, NOT_ACKED, QUIET, NOT_SNOOZED, PAGED),
    "recovering": (TAKEN, NOT_ACKED, QUIET, NOT_SNOOZED, PAGED),
    "acked": (DANA_HAS_IT, BACK, QUIET, NOT_SNOOZED, PAGED),
    "acked and recovering": (DANA_HAS_IT, BACK, QUIET, NOT_SNOOZED, PAGED),
    "snoozed": (TAKEN, NOT_ACKED, QUIET, LOUD, PAGED),
    "snoozed, and that is over": (TAKEN, NOT_ACKED, QUIET, LOUD, PAGED),
    "escalated": (TAKEN, NOT_ACKED, QUIET, NOT_SNOOZED, DANA_PAGED),
    "escalated and acked": (DANA_HAS_IT, KEEPS, QUIET, NOT_SNOOZED, DANA_PAGED),
    "escalated and snoozed": (TAKEN, NOT_ACKED, QUIET, LOUD, DANA_PAGED),
    "escalated, its incident resolved": (TAKEN, NOT_ACKED, QUIET, NOT_SNOOZED, PAGED),
    "paged by its rule": (TAKEN, NOT_ACKED, QUIET, NOT_SNOOZED, BY_RULE),
    "over": (IS_OVER,) * 5,
    "over, once acked": (IS_OVER,) * 5,
    "over, once snoozed": (IS_OVER,) * 5,
    "over, once escalated": (IS_OVER,) * 5,
}
DOES = {TAKEN, BACK, KEEPS, QUIET, LOUD, PAGED}
CELLS = [(state, action, said) for state, row in TABLE.items() for action, said in zip(ACTIONS, row, strict=True)]


def press(action: Action, version: int = 1, by: str = BEN, **changed: Any) -> Wanted:
    values = {"until": NOW + minutes(60), "now": NOW, "name": NAMES[by], **changed}
    return Wanted(action=action, version=version, by=by, **values)


def said(decision: Decision) -> str:
    return decision.said(lambda who: NAMES.get(who, who)).replace("\u00a0", " ")


def test_the_table_has_every_cell() -> None:
    """A new state or action without its cells fails here."""
    assert {(state, action) for state, action, _ in CELLS} == set(itertools.product(STATES, ACTIONS))


@pytest.mark.parametrize(("state", "action", "words"), CELLS)
def test_each_cell(state: str, action: Action, words: str) -> None:
    """The sentence, and whether anything changes."""
    decision = decided(STATES[state], press(action))
    assert said(decision) == words
    assert decision.outcome == ("done" if words in DOES else "nothing")
    assert bool(decision.changes) == bool(decision.note) == (words in DOES)


@pytest.mark.parametrize("version", [0, 2, 99])
@pytest.mark.parametrize(("state", "action", "words"), CELLS)
def test_a_press_on_another_version_changes_nothing(state: str, action: Action, words: str, version: int) -> None:
    """Not even an older or a newer one; what is done already is told as ever."""
    decision = decided(STATES[state], press(action, version=version))
    assert (decision.outcome, decision.changes, decision.note) == ("nothing", {}, "")
    assert said(decision).startswith("Nothing was changed: this alert is not as" if words in DOES else words)


def after(first: Action, was: Episode, **changed: Any) -> Episode:
    """The episode as Dana leaves it."""
    return replace(was, **decided(was, press(first, by=DANA, **changed)).changes, version=was.version + 1)


@pytest.mark.parametrize(
    ("first", "state", "then", "words"),
    [
        ("snooze", "open", "acknowledge", "meanwhile Dana Weber snoozed this until 04:30."),
        ("snooze", "open", "escalate", "meanwhile Dana Weber snoozed this until 04:30."),
        ("acknowledge", "open", "snooze", "meanwhile Dana Weber acknowledged this at 03:30."),
        ("unacknowledge", "acked", "acknowledge", "meanwhile Dana Weber took the acknowledgement back at 03:30."),
        ("end_snooze", "snoozed", "snooze", "meanwhile Dana Weber ended the snooze at 03:30."),
        ("escalate", "open", "acknowledge", "meanwhile Dana Weber escalated this to PagerDuty at 03:30."),
    ],
)
def test_who_was_quicker_is_named(first: Action, state: str, then: Action, words: str) -> None:
    """A press on what somebody else has changed says what happened, and by whom."""
    decision = decided(after(first, STATES[state]), press(then))
    assert decision.outcome == "nothing"
    assert words in said(decision)
    assert "press again" in said(decision)


def test_one_s_own_act_is_told_as_one_s_own() -> None:
    """Nobody reads their own name as somebody else's."""
    acked = after("acknowledge", STATES["open"])
    assert said(decided(acked, press("acknowledge", by=DANA))) == "You already acknowledged this at 03:30."
    assert "meanwhile you snoozed this" in said(decided(after("snooze", STATES["open"]), press("escalate", by=DANA)))


def test_the_same_snooze_twice_is_one() -> None:
    """Another length is another snooze."""
    snoozed = after("snooze", STATES["open"])
    assert said(decided(snoozed, press("snooze", version=2))) == "Dana Weber already snoozed this until 04:30."
    assert decided(snoozed, press("snooze", version=2, until=NOW + minutes(5))).outcome == "done"


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (None, "That time is over already"),
        (NOW, "That time is over already"),
        (NOW + minutes(7 * 1440 + 1), "seven days at most"),
    ],
)
def test_a_snooze_ends_in_the_next_seven_days(until: object, words: str) -> None:
    """Whatever was asked for elsewhere."""
    decision = decided(STATES["open"], press("snooze", until=until))
    assert decision.outcome == "refused"
    assert words in said(decision)


def test_times_are_the_presser_s() -> None:
    """With the day where that is another than today's."""
    decision = decided(STATES["acked"], press("acknowledge", zone="America/Los_Angeles"))
    assert said(decision) == "Dana Weber already acknowledged this at 19:12."
    later = decided(STATES["open"], press("snooze", until=NOW + minutes(1440)))
    assert said(later) == "Snoozed until Mon 23 Nov 03:30."


def test_without_a_pager_nobody_is_paged() -> None:
    """And nobody believes that somebody was."""
    decision = decided(STATES["open"], press("escalate", pages=False))
    assert (decision.outcome, said(decision), decision.paged) == ("refused", NO_PAGER, False)


def test_a_page_that_was_given_up_can_be_asked_for_again() -> None:
    """PagerDuty never took the first; "paged once" would not be true."""
    assert decided(STATES["escalated"], press("escalate", undelivered=True)).paged
    assert decided(STATES["paged by its rule"], press("escalate", undelivered=True)).paged


def test_who_has_it_in_hand_is_told_to_the_pagers_that_know_of_it() -> None:
    """Also who makes it quiet: nobody else is to be woken meanwhile. Once is enough."""
    paged = episode(routes=("slack", "pagerduty", "opsgenie"))
    assert decided(paged, press("acknowledge")).taken == ("pagerduty", "opsgenie")
    assert decided(paged, press("snooze")).taken == ("pagerduty", "opsgenie")
    assert decided(episode(**ACKED, routes=("slack", "opsgenie")), press("snooze")).taken == ()
    assert decided(episode(), press("acknowledge")).taken == ()

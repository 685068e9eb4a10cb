"""From a press to the store: what is written, what is owed, what the audit keeps, and who is told."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest

from bot.alerts.actions import AWAY, MOVED, Press
from bot.alerts.handling import NOWHERE, UNKNOWN, Action, Where
from bot.alerts.keys import dedup_key
from bot.store import alerts, audit, outbox
from tests.alerts_actions.making import BEN, DANA, ID, NOW, Scene, episode, minutes

TEAM = "T0SHOP"
PAGED = episode(routes=("slack", "pagerduty", "opsgenie"), severity="critical")


RACES: tuple[tuple[Action, Action], ...] = (
    ("acknowledge", "acknowledge"),
    ("escalate", "escalate"),
    ("snooze", "snooze"),
    ("acknowledge", "escalate"),
    ("escalate", "snooze"),
)


def press(scene: Scene, action: Action, version: int = 1, user: str = DANA, where: Where = NOWHERE) -> str:
    until = NOW + minutes(60) if action == "snooze" else None
    return scene.actions().press(action, Press(ID, version, user, TEAM, where, until)).replace("\u00a0", " ")


def test_an_acknowledgement_is_kept_shown_and_told(scene: Scene) -> None:
    """The episode names who and when; its message, its thread and the pagers that know of it follow."""
    scene.has(PAGED)
    assert press(scene, "acknowledge") == "Acknowledged."
    found = scene.found()
    assert (found.handling, found.acked_by, found.acked_at, found.version) == ("acked", DANA, NOW, 2)
    assert scene.kinds() == ["slack show", "slack note", "pagerduty acknowledge", "opsgenie acknowledge"]
    assert scene.owed()[1].payload["text"] == "Dana Weber acknowledged this."
    assert {each.payload["dedup_key"] for each in scene.owed()[2:]} == {dedup_key("prod", ID)}
    assert scene.audited() == [(DANA, "acknowledge", "done")]
    assert scene.woken == 1


def test_an_alert_that_no_pager_knows_of_is_told_to_none(scene: Scene) -> None:
    """Slack alone."""
    scene.has(episode())
    press(scene, "acknowledge")
    assert scene.kinds() == ["slack show", "slack note"]


def test_an_acknowledgement_is_taken_back(scene: Scene) -> None:
    """The message shows it as open again; the audit has both."""
    scene.has(episode())
    press(scene, "acknowledge")
    assert press(scene, "unacknowledge", 2, BEN) == "The acknowledgement is taken back."
    assert (scene.found().handling, scene.found().acked_by, scene.found().acked_at) == ("open", "", None)
    assert scene.audited() == [(DANA, "acknowledge", "done"), (BEN, "unacknowledge", "done")]


def test_a_snooze_is_kept_and_ended(scene: Scene) -> None:
    """Until when and by whom; ended, nothing of it is left."""
    scene.has(episode())
    assert press(scene, "snooze") == "Snoozed until 04:30."
    assert (scene.found().handling, scene.found().snoozed_by) == ("snoozed", DANA)
    assert scene.found().snoozed_until == NOW + minutes(60)
    assert press(scene, "end_snooze", 2) == "The snooze is ended."
    assert (scene.found().handling, scene.found().snoozed_by, scene.found().snoozed_until) == ("open", "", None)
    notes = [each.payload["text"] for each in scene.owed() if each.kind == "note"]
    assert [note.replace("\u00a0", " ") for note in notes] == [
        "Dana Weber snoozed this until 04:30 (UTC).",
        "Dana Weber ended the snooze.",
    ]


def test_an_acknowledgement_ends_a_snooze(scene: Scene) -> None:
    """Somebody has it in hand: nothing is to wake up later."""
    scene.has(episode())
    press(scene, "snooze")
    press(scene, "acknowledge", 2)
    assert (scene.found().handling, scene.found().snoozed_until) == ("acked", None)


def test_an_escalation_pages_by_the_episode_s_one_key(scene: Scene) -> None:
    """From now on PagerDuty is one of its routes; the page goes before all others; the presser learns who is on call."""
    scene.has(episode())
    assert press(scene, "escalate") == "Escalated: PagerDuty is being told; on call is Mei Tan."
    found, (page,) = scene.found(), [each for each in scene.owed() if each.target == "pagerduty"]
    assert (found.escalated_by, found.escalated_at, found.routes) == (DANA, NOW, ("slack", "pagerduty"))
    assert (page.kind, page.priority, page.payload["dedup_key"]) == ("trigger", 0, dedup_key("prod", ID))
    assert page.payload["rule"] == "retry-failures"


def test_an_escalation_pages_even_when_nobody_knows_who_is_on_call(scene: Scene) -> None:
    """The name is a courtesy."""
    scene.on_call = ""
    scene.has(episode())
    assert press(scene, "escalate") == "Escalated: PagerDuty is being told."


def test_an_escalation_pages_nobody_twice(scene: Scene) -> None:
    """The second presser learns who was first, whichever version their message shows."""
    scene.has(episode())
    press(scene, "escalate")
    for version in (1, 2):
        assert press(scene, "escalate", version, BEN) == "Already escalated by Dana Weber at 03:30: paged once."
    assert [each.kind for each in scene.owed() if each.target == "pagerduty"] == ["trigger"]


def test_a_page_that_pagerduty_refused_can_be_asked_for_again(scene: Scene) -> None:
    """Once more, and then again not twice."""
    scene.has(episode())
    press(scene, "escalate")
    with scene.database.begin() as conn:
        (page,) = outbox.claim(conn, "pagerduty", "me", NOW, 15)
        assert outbox.settle(conn, page, "dead", NOW, said="wrong routing key")
    assert press(scene, "escalate", 2, BEN).startswith("Escalated")
    assert press(scene, "escalate", 3, DANA) == "Already escalated by Ben Ito at 03:30: paged once."
    assert [each.kind for each in scene.owed() if each.target == "pagerduty"] == ["trigger"]


def test_what_is_owed_is_numbered_in_the_order_of_the_acts(scene: Scene) -> None:
    """The message before its thread's line, an earlier act before a later one, for each channel."""
    scene.has(episode())
    acts: tuple[Action, ...] = ("acknowledge", "escalate", "unacknowledge")
    for version, action in enumerate(acts, start=1):
        press(scene, action, version)
    slack = [each for each in scene.owed() if each.target == "slack"]
    assert [each.kind for each in slack] == ["show", "note"] * 3
    assert [each.seq for each in slack] == sorted({each.seq for each in slack})
    assert len({each.key for each in scene.owed()}) == len(scene.owed())


def test_a_press_that_changes_nothing_owes_nothing_and_is_audited(scene: Scene) -> None:
    """Closed, stale, done before: a row each, and no effect."""
    scene.has(episode(version=5, handling="acked", acked_by=BEN))
    press(scene, "acknowledge", 5)
    press(scene, "snooze", 4)
    press(scene, "end_snooze", 5)
    assert scene.owed() == []
    assert scene.woken == 0
    assert [outcome for _, _, outcome in scene.audited()] == ["nothing"] * 3
    assert scene.found().version == 5


def test_who_may_not_changes_nothing_and_is_audited(scene: Scene) -> None:
    """They read why."""
    scene.roles.refused[DANA] = "Guests may not."
    scene.has(episode())
    assert press(scene, "escalate") == "Guests may not."
    assert scene.found() == episode()
    assert (scene.owed(), scene.audited()) == ([], [(DANA, "escalate", "refused")])


def test_an_alert_that_nobody_knows_is_a_sentence(scene: Scene) -> None:
    """Forgotten after 90 days, or another database's; audited all the same."""
    assert press(scene, "acknowledge") == UNKNOWN
    assert scene.audited() == [(DANA, "acknowledge", "nothing")]


def test_a_button_counts_in_its_own_message_only(scene: Scene) -> None:
    """Another alert's message, a lost copy or a message that was replaced: refused, and audited."""
    scene.has(episode(channel="C0HOME", ts="1.5"))
    assert press(scene, "acknowledge", where=Where(spots=(("C0HOME", "1.4"),))) == MOVED
    assert press(scene, "acknowledge", where=Where(spots=(("C0OTHER", "1.5"),))) == MOVED
    assert scene.audited() == [(DANA, "acknowledge", "refused")] * 2
    assert press(scene, "acknowledge", where=Where(spots=(("C0HOME", "1.9"), ("C0HOME", "1.5")))) == "Acknowledged."


def test_a_press_before_the_message_s_place_is_known_counts(scene: Scene) -> None:
    """People may be quicker than the note of where the message stands."""
    scene.has(episode())
    assert press(scene, "acknowledge", where=Where(spots=(("C0HOME", "1.4"),))) == "Acknowledged."


def test_a_store_that_is_away_is_a_sentence(scene: Scene) -> None:
    """With the other way to help oneself."""
    scene.has(episode())
    scene.database.close()
    assert press(scene, "acknowledge") == AWAY
    assert scene.woken == 0


def test_who_opened_the_runbook_is_kept(scene: Scene) -> None:
    """Anybody may, and the postmortem knows when."""
    scene.has(episode())
    assert scene.actions().opened_runbook(ID, BEN) == "retry-failures"
    assert scene.audited() == [(BEN, "runbook", "done")]


class Duel:
    """Two people who press at the same moment, both on what they both see."""

    def __init__(self, scene: Scene) -> None:
        self._actions = scene.actions()
        self._ready = Barrier(2)
        self._pool = ThreadPoolExecutor(2)

    def fought(self, known_as: str, first: Action, second: Action) -> list[str]:
        """What Dana and Ben read."""
        return list(self._pool.map(partial(self._pressed, known_as), (first, second), (DANA, BEN)))

    def _pressed(self, known_as: str, action: Action, user: str) -> str:
        self._ready.wait(5)
        return self._actions.press(action, Press(known_as, 1, user, TEAM, NOWHERE, NOW + timedelta(hours=1)))


def test_of_a_thousand_races_each_has_one_effect(scene: Scene) -> None:
    """Whatever two people press at once, one of them has done it and the other reads who was quicker."""
    chance, duel = random.Random(11), Duel(scene)
    races = {f"{number:016x}": chance.choice(RACES) for number in range(1_000)}
    scene.has(*(replace(episode(), id=known_as, number=number) for number, known_as in enumerate(races)))
    said = {known_as: duel.fought(known_as, first, second) for known_as, (first, second) in races.items()}
    with scene.database.begin() as conn:
        assert audit.verify(conn) is None
        for known_as in races:
            outcomes = sorted(entry.outcome for entry in audit.entries(conn, known_as))
            shows = [each.kind for each in outbox.undone(conn, known_as, "slack")].count("show")
            found = alerts.episode(conn, known_as)
            assert found
            assert (outcomes, shows, found.version) == (["done", "nothing"], 1, 2), said[known_as]
            assert sum(name in words for words in said[known_as] for name in ("Dana Weber", "Ben Ito")) == 1, said[known_as]


@pytest.mark.parametrize("crowd", [20])
def test_however_many_escalate_at_once_one_page_goes_out(scene: Scene, crowd: int) -> None:
    """Twenty people, one incident."""
    scene.has(episode())
    with ThreadPoolExecutor(crowd) as pool:
        said = list(pool.map(lambda number: press(scene, "escalate", 1, (DANA, BEN)[number % 2]), range(crowd)))
    assert sum(words.startswith("Escalated") for words in said) == 1
    assert scene.kinds().count("pagerduty trigger") == 1
    assert len(scene.audited()) == crowd

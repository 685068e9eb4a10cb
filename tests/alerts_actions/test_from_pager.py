"""What people do in PagerDuty comes back into the alert, once, and never over what was done here since."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.alerts.actions import Press
from bot.alerts.handling import NOWHERE, Action, News
from bot.alerts.keys import dedup_key
from bot.ports import StoreError
from tests.alerts_actions.making import DANA, ID, NOW, Scene, episode, minutes

KEY = dedup_key("prod", ID)
URL = "https://shop.pagerduty.com/incidents/Q1"
ROUTED = episode(routes=("slack", "pagerduty", "opsgenie"))


def heard(scene: Scene, news: News, when: datetime = NOW, who: str = "Mei Tan", url: str = URL) -> bool:
    return scene.actions().from_pager(KEY, news, who, when, url)


def press(scene: Scene, action: Action, version: int) -> str:
    return scene.actions().press(action, Press(ID, version, DANA, "T0SHOP", NOWHERE, NOW + minutes(60)))


def test_an_acknowledgement_there_is_one_here(scene: Scene) -> None:
    """By name; the other pager is told, PagerDuty itself is not told what it said."""
    scene.has(ROUTED)
    assert heard(scene, "acknowledged")
    found = scene.found()
    assert (found.handling, found.acked_by, found.incident_url) == ("acked", "Mei Tan in PagerDuty", URL)
    assert scene.kinds() == ["slack show", "slack note", "opsgenie acknowledge"]
    assert scene.audited() == [("Mei Tan in PagerDuty", "acknowledged", "done")]
    assert scene.woken == 1


def test_what_pagerduty_brings_again_is_done_once(scene: Scene) -> None:
    """It repeats for 48 hours what it thinks was lost."""
    scene.has(ROUTED)
    for _ in range(3):
        assert heard(scene, "acknowledged")
    assert scene.found().version == 2
    assert scene.kinds().count("slack note") == 1


def test_a_presser_reads_who_acknowledged_there(scene: Scene) -> None:
    """A person in PagerDuty is as good as one in Slack."""
    scene.has(ROUTED)
    heard(scene, "acknowledged")
    assert press(scene, "acknowledge", 1) == "Mei Tan in PagerDuty already acknowledged this at 03:30."
    assert "meanwhile Mei Tan in PagerDuty acknowledged this" in press(scene, "snooze", 1)


def test_the_echo_of_our_own_acknowledgement_changes_nothing(scene: Scene) -> None:
    """PagerDuty tells us what we told it."""
    scene.has(ROUTED)
    press(scene, "acknowledge", 1)
    assert heard(scene, "acknowledged", NOW + minutes(1), "")
    assert scene.found().acked_by == DANA


def test_a_snooze_here_survives_the_acknowledgement_that_it_caused_there(scene: Scene) -> None:
    """Quiet was asked for, and quiet it stays."""
    scene.has(ROUTED)
    press(scene, "snooze", 1)
    heard(scene, "acknowledged", NOW + minutes(1), "")
    assert scene.found().handling == "snoozed"


def test_what_was_done_here_since_then_stands(scene: Scene) -> None:
    """Late news from PagerDuty does not acknowledge what somebody has just taken back."""
    scene.has(ROUTED)
    press(scene, "acknowledge", 1)
    press(scene, "unacknowledge", 2)
    heard(scene, "acknowledged", NOW - minutes(1))
    assert scene.found().handling == "open"


def test_a_resolve_there_is_no_end_here(scene: Scene) -> None:
    """The numbers decide; but somebody has it in hand, and the thread says who closed the incident."""
    scene.has(ROUTED)
    heard(scene, "resolved")
    heard(scene, "resolved")
    found = scene.found()
    assert (found.phase, found.handling, found.acked_by) == ("firing", "acked", "Mei Tan in PagerDuty")
    notes = [each.payload["text"] for each in scene.owed() if each.kind == "note"]
    assert notes == ["Mei Tan in PagerDuty resolved the incident. This alert ends when the numbers are good again."]


def test_what_no_person_did_there_is_nobody_s_act(scene: Scene) -> None:
    """Our own events come back, and times run out: nobody has it in hand for that; an incident that is over is told."""
    scene.has(ROUTED)
    heard(scene, "acknowledged", who="")
    assert (scene.found().handling, scene.found().version) == ("open", 1)
    heard(scene, "resolved", who="")
    assert (scene.found().handling, scene.found().version) == ("open", 1)
    notes = [each.payload["text"] for each in scene.owed() if each.kind == "note"]
    assert notes == ["PagerDuty resolved the incident. This alert ends when the numbers are good again."]
    assert press(scene, "escalate", 1).startswith("Escalated")


def test_after_a_resolve_there_an_escalation_opens_a_new_incident_once(scene: Scene) -> None:
    """The old one is over and pages nobody any more."""
    scene.has(ROUTED)
    heard(scene, "resolved")
    assert press(scene, "escalate", 2).startswith("Escalated")
    assert scene.found().incident_url == ""
    assert "paged once" in press(scene, "escalate", 3)
    assert scene.kinds().count("pagerduty trigger") == 1


def test_an_acknowledgement_that_runs_out_there_is_taken_back_here(scene: Scene) -> None:
    """Only one that was made there: Slack's own stands."""
    scene.has(ROUTED)
    heard(scene, "acknowledged")
    heard(scene, "unacknowledged", NOW + minutes(30), "")
    assert (scene.found().handling, scene.found().acked_by) == ("open", "")
    press(scene, "acknowledge", 3)
    heard(scene, "unacknowledged", NOW + minutes(60), "")
    assert (scene.found().handling, scene.found().acked_by) == ("acked", DANA)


def test_the_incident_s_link_comes_without_a_new_version(scene: Scene) -> None:
    """What people see and press stays as it is."""
    scene.has(ROUTED)
    heard(scene, "triggered")
    heard(scene, "triggered", url="https://other.pagerduty.com")
    assert (scene.found().incident_url, scene.found().version) == (URL, 1)
    assert scene.kinds() == ["slack show"]


@pytest.mark.parametrize("news", ["triggered", "acknowledged", "unacknowledged", "resolved"])
def test_news_of_an_alert_that_is_over_or_of_others_incidents_is_none(scene: Scene, news: News) -> None:
    """PagerDuty tells of every incident of a service; most are not ours."""
    scene.has(episode(phase="closed", closed=NOW, routes=("slack", "pagerduty")))
    assert not heard(scene, news)
    assert not scene.actions().from_pager("0" * 32, news, "Mei Tan", NOW)
    assert (scene.owed(), scene.audited()) == ([], [])


def test_a_store_that_is_away_is_told_to_the_caller(scene: Scene) -> None:
    """So that PagerDuty brings it again."""
    scene.database.close()
    with pytest.raises(StoreError):
        heard(scene, "acknowledged")

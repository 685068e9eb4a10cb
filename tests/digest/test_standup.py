"""The whole morning: due, made, posted once whatever is killed, taken, edited, and carried over to the next day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.digest.standup import LEAST, previewed
from commands.panel import Gap
from tests.digest.office import MONDAY, MORNING, Morning, episode
from tests.digest.test_calendar import plan
from tests.digest.test_runner import POINTS
from tests.slack.fake_slack import Kept, Reply, error, fake_slack

DAY = timedelta(days=1)
SENDING = ("after_claim", "before_send", "after_send_before_mark", "after_mark")


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Morning]:
    with fake_slack() as slack:
        morning = Morning(tmp_path, slack)
        morning.known_since_friday()
        slack.messages.clear()
        morning.numbers.states["checkout"] = "bad"
        yield morning
        morning.database.close()


def standing(morning: Morning) -> list[Kept]:
    assert morning.slack
    return morning.slack.messages


def said(kept: Kept) -> str:
    return str(kept.blocks)


def buttons(kept: Kept) -> list[str]:
    return [block["accessory"]["action_id"] for block in kept.blocks if "accessory" in block]


def test_a_digest_stands_in_its_channel_with_picture_and_button(morning: Morning) -> None:
    """Once, when it is due."""
    morning.go(MORNING)
    (kept,) = standing(morning)
    assert (kept.channel, kept.text) == ("C1", "Stand-up, Mon 23 Nov: checkout needs a look; no alert is open")
    assert "F0123ABCDE" in said(kept)
    assert buttons(kept) == ["digest.take.checkout"]


@pytest.mark.parametrize("point", [*POINTS, *SENDING])
def test_killed_at_any_step_it_stands_once(morning: Morning, point: str) -> None:
    """Another process takes it on, and looks before it posts again."""
    morning.kill_at = point
    morning.go(MORNING, 150)
    assert morning.kill_at == ""
    assert len(standing(morning)) == 1
    assert buttons(standing(morning)[0]) == ["digest.take.checkout"]


@pytest.mark.parametrize("reply", [Reply(drop=True, accepted=True), Reply(500, b"", accepted=True)])
def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(morning: Morning, reply: Reply) -> None:
    """By its key; presses then edit that message."""
    assert morning.slack
    morning.slack.script["chat.postMessage"] = [reply]
    morning.go(MORNING)
    morning.press("checkout")
    morning.go(morning.now)
    (kept,) = standing(morning)
    assert "Taken by Dana Weber" in said(kept)


def test_a_press_edits_the_message_and_takes_its_button_away(morning: Morning) -> None:
    """Everybody sees who has it; nothing is posted."""
    morning.go(MORNING)
    morning.press("checkout")
    morning.go(morning.now)
    (kept,) = standing(morning)
    assert (kept.edits, buttons(kept)) == (1, [])
    assert "Taken by Dana Weber" in said(kept)


@pytest.mark.parametrize("point", SENDING)
def test_an_edit_that_is_killed_is_made_by_the_next_process(morning: Morning, point: str) -> None:
    """And the digest stands once."""
    morning.go(MORNING)
    morning.press("checkout")
    morning.kill_at = point
    morning.go(morning.now, 60)
    (kept,) = standing(morning)
    assert "Taken by Dana Weber" in said(kept)


def test_the_next_day_carries_over_what_is_not_well_with_its_age_and_its_taker(morning: Morning) -> None:
    """What nobody has keeps its button; what is well again is gone."""
    morning.numbers.states |= {"window": "bad", "dead letters": "bad"}
    morning.go(MORNING)
    morning.press("checkout")
    morning.numbers.states["dead letters"] = "good"
    morning.go(MORNING + DAY)
    kept = standing(morning)[-1]
    assert kept.text.startswith("Stand-up, Tue 24 Nov: checkout and window need a look")
    assert "_Taken by Dana Weber on Mon 23 Nov; amber for 1 day_" in said(kept)
    assert "_Nobody has it; amber for 1 day_" in said(kept)
    assert buttons(kept) == ["digest.take.window"]
    assert morning.concerns() == {"checkout": "U0DANA", "window": ""}


def test_a_message_that_somebody_deleted_is_replaced_once(morning: Morning) -> None:
    """By the next edit, and edits go there from then on."""
    morning.numbers.states["window"] = "bad"
    morning.go(MORNING)
    assert morning.slack
    morning.slack.remove(standing(morning)[0].ts)
    morning.press("checkout")
    morning.go(morning.now)
    morning.press("window")
    morning.go(morning.now)
    (kept,) = standing(morning)
    assert said(kept).count("Taken by Dana Weber") == 2


def test_a_channel_that_takes_nothing_leaves_the_digest_in_the_home_channel(morning: Morning) -> None:
    """Which says why it stands there."""
    assert morning.slack
    morning.slack.refuses["C1"] = "is_archived"
    morning.go(MORNING)
    (kept,) = standing(morning)
    assert kept.channel == "CHOME"
    assert "This belongs in another channel" in said(kept)


def test_blocks_that_slack_refuses_leave_the_words(morning: Morning) -> None:
    """First without the picture, then as bare text."""
    assert morning.slack
    morning.slack.script["chat.postMessage"] = [error("invalid_blocks")] * 2
    morning.go(MORNING)
    (kept,) = standing(morning)
    assert kept.blocks == []
    assert kept.text.startswith("Stand-up, Mon 23 Nov: checkout needs a look")


def test_sources_that_fail_leave_gaps_and_the_digest_is_on_time(morning: Morning) -> None:
    """What they would have told stays a concern where it was one."""
    morning.go(MORNING)
    morning.numbers.states["checkout"] = "unknown"
    morning.numbers.gaps = (Gap("Datadog", "did not answer in 8 s", ("checkout",)),)
    morning.go(MORNING + DAY, 10)
    kept = standing(morning)[-1]
    assert "no data for checkout" in kept.text
    assert "Datadog did not answer in 8 s; missing here: checkout." in said(kept)
    assert buttons(kept) == ["digest.take.checkout"]


def test_a_slack_that_is_down_gets_it_when_it_is_back(morning: Morning) -> None:
    """Once, with who took what meanwhile in another message."""
    assert morning.slack
    morning.slack.script["chat.postMessage"] = [error("service_unavailable")] * 4
    morning.go(MORNING, 300)
    assert len(standing(morning)) == 1


def test_a_digest_by_hand_is_posted_once_for_its_date(morning: Morning) -> None:
    """A second one, and the running bot's, say that it is there; so does one for a day before."""
    morning.now = MORNING - timedelta(hours=1)
    by_hand, _ = morning.process()
    assert by_hand.post(MONDAY) == ""
    assert morning.process()[0].post(MONDAY) == "it has been posted already"
    morning.go(MORNING)
    assert len(standing(morning)) == 1
    assert by_hand.post(MONDAY - DAY) == "the one of 2026-11-23 has been posted since"


def test_a_date_that_was_passed_over_can_be_posted_by_hand(morning: Morning) -> None:
    """Whoever installs it at ten may still have today's."""
    late, _ = morning.process()
    morning.now = MORNING + timedelta(hours=6)
    assert not late.run_due()
    assert late.post(MONDAY) == ""
    morning.go(morning.now)
    assert [kept.text[:20] for kept in standing(morning)] == ["Stand-up, Mon 23 Nov"]


def test_a_preview_looks_back_to_the_last_stand_up_and_never_less_than_an_hour() -> None:
    """Just after one, to the one before."""
    own = plan()
    noon, just_after = MORNING + timedelta(hours=3), MORNING + timedelta(minutes=2)
    assert previewed(own, noon).start == MORNING
    assert previewed(own, just_after).start == MORNING - 3 * DAY
    assert previewed(own, just_after, "Asia/Tokyo").zone == "Asia/Tokyo"
    assert noon - previewed(own, noon).start >= LEAST


def test_what_was_open_since_and_who_has_it_is_told(morning: Morning) -> None:
    """From the same rows as the alerts themselves."""
    changed: dict[str, Any] = {"since": MORNING - timedelta(hours=3), "handling": "acked", "acked_by": "U0MIRA"}
    morning.add(episode(1, **changed), episode(2, env="staging"))
    morning.go(MORNING)
    assert "1 alert open" in standing(morning)[0].text
    assert "acknowledged by Mira Holm" in said(standing(morning)[0])

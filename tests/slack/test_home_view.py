"""The Home view: within Slack's limits, honest about what is missing, readable without its picture."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.people import Settings
from bot.slack.home_controls import ZONES, change_of, controls
from bot.slack.home_view import Shown, closed_view, home_view
from bot.slack.messages import Message
from bot.slack.tables import Block, section
from bot.slack.zones import exists
from charts.data import Column, Table
from commands.panel import Gap, TitledTable
from sandbox.workspace.homes import check
from tests.fakes import NOW
from tests.slack.home_office import overview

SHOWN = Shown(zone="Europe/Berlin", made=NOW, answer=overview(), mine=Settings(), slack_zone="Europe/Berlin")


def cards(view: Block) -> list[str]:
    return [field["text"].replace("\u00a0", " ") for block in view["blocks"] for field in block.get("fields", ())]


def texts(view: Block) -> str:
    return str(view["blocks"]).replace("\u00a0", " ")


def test_slack_takes_it() -> None:
    """Every part of it keeps the limits of a Home."""
    check(home_view(replace(SHOWN, file_id="F00000001")), lambda file: True)
    check(closed_view("Not for you."), lambda file: True)


def test_a_card_says_state_number_and_change() -> None:
    """The number stands out; what has no limit has no state."""
    first, second, third, _ = cards(home_view(SHOWN))
    assert first == "*Checkout*  ⚠ look\n*96.1 %*  success rate\nlowest 92.5 % at 11:44"
    assert second == "*Receipts*  ✓ well\n*1,404 ms*  render time, p95"
    assert third.startswith("*Retries*\n")


def test_a_section_without_data_says_why_and_shows_no_number() -> None:
    """Missing is not zero."""
    assert cards(home_view(SHOWN))[3] == "*Window*  no data\nno data: Elasticsearch did not answer in 8 s"


def test_open_alerts_are_listed_once() -> None:
    """They have no card: they stand there with their buttons."""
    assert not any("open: 1 critical" in card for card in cards(home_view(SHOWN)))


def test_gaps_are_named() -> None:
    """Who did not answer, and what is missing for it."""
    gap = Gap("Datadog", "refused our keys (403)", ("checkout",))
    assert "Datadog refused our keys (403); missing here: checkout." in texts(
        home_view(replace(SHOWN, answer=overview(gaps=(gap,))))
    )


def test_it_says_how_old_it_is_and_for_whom() -> None:
    """Old numbers that are shown while newer ones come say so."""
    said = texts(home_view(replace(SHOWN, awaited=True)))
    assert "as of Sun 22 Nov 15:00 Europe/Berlin" in said
    assert "newer numbers are awaited" in said
    assert "level 1: Dana Weber" in said


def test_hostile_words_stay_words() -> None:
    """Whatever a source says is neither a mention nor too long."""
    wicked = ("x" * 5_000, "<!channel>", "<https://evil.test|here>" * 200, "@everyone", "")
    columns = tuple(Column(name) for name in "abcde")
    answer = replace(overview(), tables=(TitledTable("Sections", Table(columns, (wicked,) * 25)),))
    view = home_view(replace(SHOWN, answer=answer, notice="n" * 9_000, alerts=Message("", (section("a"),) * 46)))
    check(view, lambda file: True)
    assert "<!channel>" not in texts(view)


def test_every_offered_zone_exists_and_the_menu_holds_them() -> None:
    """With the present one and Slack's own there are at most a hundred."""
    assert [zone for zone in ZONES if not exists(zone)] == []
    menu = controls(Settings(zone="Asia/Pyongyang"), "Europe/Berlin", "light")[0]["accessory"]
    assert len(menu["options"]) <= 100
    assert menu["initial_option"]["value"] == "Asia/Pyongyang"


@given(some.builds(Settings, some.sampled_from(["", *ZONES]), some.sampled_from(["", "light", "dark"]), some.booleans()))
def test_whatever_is_set_can_be_chosen_again(mine: Settings) -> None:
    """What the controls show, pressed, changes nothing."""
    zone, theme, alone = (row["accessory"] for row in controls(mine, "UTC", "light"))
    ticked = "".join(option["value"] for option in alone.get("initial_options", ()))
    pressed = {zone["action_id"]: zone["initial_option"]["value"], theme["action_id"]: theme["initial_option"]["value"]}
    for action, value in {**pressed, alone["action_id"]: ticked}.items():
        assert change_of(action, value)(mine) == mine


@pytest.mark.parametrize("said", ["Looking …", "The numbers are awaited."])
def test_without_numbers_there_is_a_sentence(said: str) -> None:
    """And the button to look again."""
    view = home_view(Shown(zone="UTC", said=said, mine=Settings()))
    assert said in texts(view)
    assert "home.refresh" in texts(view)

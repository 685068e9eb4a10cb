"""What people set for themselves, in the answers that they get."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bot.people import KEPT_S, OwnZones, People, Settings
from bot.slack.buttons import value_of
from bot.slack.desk import Tools
from bot.slack.heard import Place, Press
from charts.spec import Picture
from commands.args import BadInput, Wish, parse
from tests.fakes import NOW, PNG, FakeRenderer, ask
from tests.slack.fake_chat import FakeChat
from tests.slack.home_office import FakeRows
from tests.slack.test_desk import HOME, URL, Office


@dataclass
class Themes(FakeRenderer):
    """Keeps the themes in which it drew."""

    themes: list[str] = field(default_factory=list)

    def draw(self, picture: Picture, theme: str, timeout_s: float) -> bytes:
        self.themes.append(theme)
        return PNG


def office(mine: Settings, *, at_hand: bool = True) -> tuple[Office, Themes, FakeRows]:
    """A desk for somebody who has set this; what they set is in the cache already, or only in the store."""
    rows = FakeRows({("T1", "U1"): mine, ("T1", "U2"): mine})
    people, themes = People(rows), Themes()
    if at_hand:
        people.of("T1", "U1")
        rows.loads = 0
    return Office(chat=FakeChat(zones={"U1": "UTC"}), renderer=themes, tools=Tools(people=people)), themes, rows


@pytest.mark.parametrize("at_hand", [True, False])
def test_answers_are_for_those_alone_who_set_it_so(at_hand: bool) -> None:
    """Whether or not their settings were at hand when they asked."""
    made, _, _ = office(Settings(only_me=True), at_hand=at_hand)
    made.command("checkout 1h")
    assert (made.chat.posted, [said.user for said in made.chat.private]) == ([], ["U1"])


def test_shared_overrules_it() -> None:
    """One word shows the answer to the channel."""
    made, _, _ = office(Settings(only_me=True))
    made.command("checkout 1h shared")
    assert [said.where for said in made.chat.posted] == [HOME]


def test_a_mention_is_answered_to_them_alone_too() -> None:
    """In the thread, where only they see it."""
    made, _, _ = office(Settings(only_me=True))
    made.mention("checkout 1h")
    assert (made.chat.posted, [said.thread_ts for said in made.chat.private]) == ([], ["1.5"])


def test_a_file_for_the_channel_needs_the_word() -> None:
    """Nothing leaves for the channel unasked: neither the answer nor its numbers."""
    made, _, _ = office(Settings(only_me=True))
    made.command("checkout 1h csv")
    assert (made.chat.posted, made.chat.files) == ([], [])
    assert "add `shared`" in made.chat.private[-1].text
    made.command("checkout 1h csv shared")
    assert len(made.chat.files) == 1


def test_times_are_read_and_told_in_the_zone_that_was_set() -> None:
    """Over the zone that Slack knows."""
    made, _, _ = office(Settings(zone="Asia/Tokyo"))
    made.command("checkout 1h")
    assert "Asia/Tokyo" in str(made.chat.posted[0].message.blocks)


def test_the_acknowledgement_never_waits_for_the_store() -> None:
    """What is not at hand is looked up by the job, and what is at hand is not looked up at all."""
    made, _, rows = office(Settings(zone="Asia/Tokyo"), at_hand=False)
    made.pool.full = True
    made.command("checkout 1h")
    assert rows.loads == 0
    made, _, rows = office(Settings(zone="Asia/Tokyo"))
    made.command("checkout 1h")
    assert rows.loads == 0


def test_a_theme_is_for_pictures_that_only_they_see() -> None:
    """What the channel sees keeps the bot's own theme."""
    made, themes, _ = office(Settings(theme="dark"))
    made.command("checkout 1h")
    assert themes.themes == ["light"]
    made.command("checkout 2h only-me")
    assert themes.themes[-1] == "dark"
    made.desk().press(Press("answer.refresh", value_of(ask(1)), "U2", "T1", Place(HOME), "1.7", URL, ephemeral=True))
    assert themes.themes[-1] == "dark"
    made.desk().press(Press("answer.refresh", value_of(ask(1)), "U2", "T1", Place(HOME), "1.7", URL))
    assert themes.themes[-1] == "light"


def test_without_the_store_the_usual_settings_hold() -> None:
    """An answer comes all the same."""
    made, _, rows = office(Settings(only_me=True), at_hand=False)
    rows.away = True
    made.command("checkout 1h")
    assert len(made.chat.posted) == 1


def test_only_me_and_shared_are_opposites() -> None:
    """Said together they are refused; each alone is understood."""

    def read(text: str) -> object:
        return parse(text, now=NOW, zone="UTC", env="prod", sections=("checkout",), default_section="checkout")

    wish = read("checkout shared")
    assert isinstance(wish, Wish)
    assert (wish.shared, wish.only_me) == (True, False)
    with pytest.raises(BadInput, match="opposites"):
        read("checkout shared only-me")


def test_settings_are_remembered_for_a_minute() -> None:
    """Then another replica's change is seen; one's own is seen at once."""
    seconds = [0.0]
    rows = FakeRows()
    people = People(rows, lambda: seconds[0])
    assert people.known("T1", "U1") is None
    people.of("T1", "U1")
    rows.kept["T1", "U1"] = Settings(theme="dark")
    assert people.known("T1", "U1") == Settings()
    seconds[0] = KEPT_S
    assert people.of("T1", "U1") == Settings(theme="dark")
    assert people.change("T1", "U1", lambda mine: Settings(zone="UTC")) == people.known("T1", "U1")


def test_the_zone_of_somebody_is_their_own_choice_before_slack_s() -> None:
    """Also for "until tomorrow 09:00" under an alert."""
    rows = FakeRows({("T1", "U1"): Settings(zone="Asia/Tokyo")})
    people = People(rows)
    zones = OwnZones(people, FakeChat(zones={"U1": "UTC", "U2": "Europe/Berlin"}), lambda: "T1")
    assert zones.known_zone("U1") == "UTC"
    assert (zones.zone("U1"), zones.zone("U2")) == ("Asia/Tokyo", "Europe/Berlin")
    assert zones.known_zone("U1") == "Asia/Tokyo"

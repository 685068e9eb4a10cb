"""App Home: shown at once, whole, kept up to date, never in a storm, and each person's settings their own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.people import Settings
from bot.slack.heard import Place
from bot.slack.home import APART_S, AT_ONCE, LOOKING, MOST, NO_OVERVIEW, NOTICE_S, OPEN_S, Telling
from bot.slack.posting import Asker
from bot.slack.promises import BUSY
from bot.slack.roles import EXTERNAL
from tests.slack.alert_office import Told
from tests.slack.home_office import DANA, TEAM, DirectWork, FakeAlerts, FakeAsks, FakeRows, FakeSlack, HomeOffice


def test_something_is_there_at_once_and_then_everything() -> None:
    """The first to open it sees that paybot looks, then the numbers, then the picture."""
    office = HomeOffice()
    office.open()
    assert LOOKING in office.slack.texts(0)
    assert "96.1 %" in office.slack.texts(1)
    assert "image" not in office.slack.kinds(1)
    assert "image" in office.slack.kinds(2)
    assert len(office.slack.published) == 3


def test_who_opens_it_again_keeps_what_slack_still_shows() -> None:
    """Nothing is taken away while paybot looks, and the picture that is there already comes with the numbers."""
    office = HomeOffice()
    office.open()
    office.open()
    assert len(office.slack.published) == 4
    assert "image" in office.slack.kinds(3)


def test_everybody_shares_one_look_a_minute() -> None:
    """However many open it, in whatever zone, the sources are asked once; a minute later once more."""
    office = HomeOffice()
    office.slack.zones |= {"U0MEI": "Asia/Singapore"}
    for user in (DANA, "U0MEI", "U0SAM"):
        office.open(user)
    assert len(office.asks.asked) == 1
    office.now += timedelta(seconds=60)
    office.open()
    assert len(office.asks.asked) == 2


def test_times_are_each_reader_s_own() -> None:
    """Numbers, picture and alerts are told in the zone of who reads them."""
    office = HomeOffice()
    office.slack.zones |= {"U0MEI": "Asia/Singapore"}
    office.open()
    office.open("U0MEI")
    assert office.asks.told_in == ["Europe/Berlin", "Asia/Singapore"]
    assert office.asks.drawn == [("Europe/Berlin", "light"), ("Asia/Singapore", "light")]
    assert office.alerts.zones == ["Europe/Berlin", "Asia/Singapore"]
    assert "22:00 Asia/Singapore" in office.slack.texts()


def test_a_stranger_sees_a_sentence_and_no_number() -> None:
    """Neither numbers nor alerts nor the greeting's successor."""
    office = HomeOffice(slack=FakeSlack(strange=EXTERNAL))
    office.open("U0TOM")
    assert EXTERNAL in office.slack.texts()
    assert not any("96.1" in office.slack.texts(place) or "alert is open" in office.slack.texts(place) for place in (0, 1))


@pytest.mark.parametrize(
    ("action", "value", "kept"),
    [
        ("home.zone", "Asia/Tokyo", Settings(zone="Asia/Tokyo")),
        ("home.theme", "dark", Settings(theme="dark")),
        ("home.only_me", "only-me", Settings(only_me=True)),
    ],
)
def test_a_choice_holds_at_once(action: str, value: str, kept: Settings) -> None:
    """It is kept, and Home shows it without another press."""
    office = HomeOffice()
    office.open()
    office.press(action, value)
    assert office.rows.kept == {(TEAM, DANA): kept}
    assert f'"value": "{value}"' in office.slack.texts()


def test_a_zone_and_a_theme_change_the_picture() -> None:
    """It is drawn anew for their reader, from the same answers of the sources."""
    office = HomeOffice()
    office.open()
    office.press("home.zone", "Asia/Tokyo")
    office.press("home.theme", "dark")
    assert office.asks.drawn[1:] == [("Asia/Tokyo", "light"), ("Asia/Tokyo", "dark")]
    assert len(office.asks.asked) == 1


def test_what_was_chosen_can_be_taken_back() -> None:
    """The zone is Slack's again, the theme everybody's, the answers the channel's."""
    office = HomeOffice(rows=FakeRows({(TEAM, DANA): Settings("Asia/Tokyo", "dark", True)}))
    for action, value in (("home.zone", "slack"), ("home.theme", "usual"), ("home.only_me", "")):
        office.press(action, value)
    assert office.rows.kept[TEAM, DANA] == Settings()


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("home.zone", "Mars/Olympus"),
        ("home.zone", "../../etc/passwd"),
        ("home.zone", "A" * 500),
        ("home.theme", "<!channel>"),
        ("home.only_me", "yes"),
        ("home.admin", "on"),
    ],
)
def test_a_forged_value_changes_nothing_and_is_told(action: str, value: str) -> None:
    """What paybot never offered is refused in words, above Home."""
    office = HomeOffice()
    office.press(action, value)
    assert office.rows.kept == {}
    assert "nothing was changed" in office.slack.texts()
    assert "<!channel>" not in office.slack.texts()


def test_a_press_changes_the_presser_s_own_row_alone() -> None:
    """Two people, and one ID in two teams, are three rows."""
    office = HomeOffice()
    office.press("home.theme", "dark", user="U0MEI")
    office.press("home.theme", "light", team="T0OTHER")
    assert office.rows.kept == {("T0OTHER", DANA): Settings(theme="light"), (TEAM, "U0MEI"): Settings(theme="dark")}


def test_without_the_store_home_says_that_settings_cannot_be_changed() -> None:
    """The numbers are there all the same, and a press is not lost in silence."""
    office = HomeOffice(rows=FakeRows(away=True), alerts=FakeAlerts(away=True))
    office.open()
    assert "settings cannot be changed now" in office.slack.texts()
    assert "96.1 %" in office.slack.texts()
    assert "Alerts cannot be listed now" in office.slack.texts()
    office.press("home.theme", "dark")
    assert "Please try again" in office.slack.texts()


def test_a_change_of_the_alerts_reaches_those_who_look() -> None:
    """Within one look where the last publish is ten seconds old; without a change nothing is published."""
    office = HomeOffice()
    office.open()
    before = len(office.slack.published)
    office.seconds += APART_S
    office.home.look()
    assert len(office.slack.published) == before
    office.alerts.version, office.alerts.words = 2, "1 alert is open."
    office.home.look()
    assert "1 alert is open." in office.slack.texts()


def test_many_changes_are_one_publish_in_ten_seconds() -> None:
    """A storm of alerts is no storm of publishes."""
    office = HomeOffice()
    office.open()
    before = len(office.slack.published)
    for version in range(2, 12):
        office.alerts.version = version
        office.seconds += APART_S / 10
        office.home.look()
    assert len(office.slack.published) == before + 1


def test_many_readers_are_served_a_few_at_a_time() -> None:
    """Who opened it last comes first, and everybody's turn comes."""
    office = HomeOffice()
    users = [f"U0{number:03}" for number in range(2 * AT_ONCE)]
    for user in users:
        office.open(user)
    office.slack.published.clear()
    office.alerts.version, office.seconds = 2, office.seconds + APART_S
    office.home.look()
    assert [user for user, _ in office.slack.published] == users[::-1][:AT_ONCE]
    office.home.look()
    assert {user for user, _ in office.slack.published} == set(users)


def test_who_has_not_looked_for_an_hour_is_left_alone() -> None:
    """Nothing is published for a page that nobody has open."""
    office = HomeOffice()
    office.open()
    before = len(office.slack.published)
    office.alerts.version, office.seconds = 2, office.seconds + OPEN_S
    office.home.look()
    assert len(office.slack.published) == before


def test_a_refusal_is_not_tried_again_until_something_changes() -> None:
    """Slack that refuses hears no more of it."""
    office = HomeOffice(slack=FakeSlack(refuses=["not_enabled"] * 50))
    office.open()
    before = len(office.slack.published)
    for _ in range(10):
        office.seconds += APART_S
        office.home.look()
    assert len(office.slack.published) == before <= 3


@pytest.mark.parametrize("code", ["ratelimited", "timeout"])
def test_what_slack_did_not_take_now_is_shown_by_a_later_look(code: str) -> None:
    """Home is not left at "looking", and Slack hears of it no more often than of a change."""
    office = HomeOffice(slack=FakeSlack(refuses=["", code, code, code]))
    office.open()
    tries = []
    for _ in range(5):
        office.home.look()
        tries.append(len(office.slack.published))
        office.seconds += APART_S / 2 + 0.1
    assert tries == [4, 4, 5, 5, 5]
    assert "96.1 %" in office.slack.texts()


def test_a_picture_that_slack_cannot_show_costs_only_the_picture() -> None:
    """The same view is published without it, with a line that says so."""
    office = HomeOffice(slack=FakeSlack(refuses=["", "", "invalid_arguments"]))
    office.open()
    assert "image" not in office.slack.kinds()
    assert "could not be shown" in office.slack.texts()


def test_an_upload_that_fails_is_not_tried_by_every_reader() -> None:
    """One try for one overview; the numbers stand without a picture."""
    office = HomeOffice(slack=FakeSlack(upload_refused="storage_limit_reached"))
    office.open()
    office.open()
    assert office.asks.drawn == [("Europe/Berlin", "light")]
    assert "96.1 %" in office.slack.texts()


def test_a_fault_of_the_overview_is_told_and_alerts_are_shown() -> None:
    """Home is not left at "looking"."""
    office = HomeOffice(asks=FakeAsks(bug=ZeroDivisionError("secret inside")))
    office.open()
    assert NO_OVERVIEW in office.slack.texts()
    assert "No alert is open" in office.slack.texts()
    assert "secret" not in office.slack.texts()


def test_what_nobody_foresaw_is_tried_again_by_a_later_look(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and Home does not stay at "looking"."""
    office = HomeOffice()
    office.alerts.bug = ZeroDivisionError("secret inside")
    office.open()
    assert "could not be shown" in caplog.text
    office.alerts.bug = None
    office.home.look()
    assert "96.1 %" in office.slack.texts()


def test_an_older_view_never_replaces_a_newer_one() -> None:
    """Two looks at once end with the one that began later, however the first is held up."""
    office = HomeOffice()
    office.open()
    viewer = office.home._viewers[DANA]
    old, new = office.home._turn(viewer), office.home._turn(viewer)
    office.home._publish(viewer, new, {"blocks": ["new"]})
    office.home._publish(viewer, old, {"blocks": ["old"]})
    assert office.slack.published[-1] == (DANA, {"blocks": ["new"]})


def test_memory_is_bounded() -> None:
    """Of very many people those who opened it last are kept up to date."""
    office = HomeOffice(work=DirectWork(keeps=True))
    for number in range(MOST + 50):
        office.open(f"U{number:05}")
    assert len(office.home._viewers) == MOST
    assert "U00000" not in office.home._viewers


def test_a_full_pool_is_made_up_for_by_a_later_look() -> None:
    """Whoever could not be served is, once there is room."""
    office = HomeOffice(work=DirectWork(full=True))
    office.open()
    assert office.slack.published == []
    office.work.full = False
    office.seconds += APART_S
    office.home.look()
    assert "96.1 %" in office.slack.texts()


def test_a_press_that_finds_no_room_is_told_so() -> None:
    """Nothing was changed, and a later look says it above Home."""
    office = HomeOffice()
    office.open()
    office.work.full = True
    office.press("home.theme", "dark")
    office.work.full = False
    office.home.look()
    assert BUSY in office.slack.texts()
    assert office.rows.kept == {}


def test_a_picture_is_drawn_once_for_everybody_who_likes_it_so() -> None:
    """Also for two who ask for it at the same moment."""
    office = HomeOffice()
    overview = office.board.current().result()
    assert overview
    files = {office.board.drawn(overview, "UTC", "light") for _ in range(3)}
    assert (files, len(office.asks.drawn)) == ({"F00000001"}, 1)


def test_what_came_of_a_press_on_an_alert_stands_above_home_for_a_minute() -> None:
    """There is no channel to say it in; what was pressed in a channel is told there."""
    office, told = HomeOffice(), Told()
    telling = Telling(told, office.home)
    telling.tell(Asker(DANA, Place(""), team=TEAM), "You have it.")
    assert office.slack.published[-1][1]["blocks"][0]["text"]["text"] == "You have it."
    telling.tell(Asker(DANA, Place("C0HOME"), team=TEAM), "Elsewhere.")
    assert told.lines == [(DANA, "Elsewhere.")]
    office.seconds += NOTICE_S
    office.alerts.version = 2
    office.home.look()
    assert "You have it." not in office.slack.texts()

"""From what was heard to what is said: acknowledgements, answers, private lines, presses."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

import pytest

from bot.answer import Analyst
from bot.config import Answers, Config
from bot.observe import Metrics
from bot.ports import Source
from bot.slack.buttons import value_of
from bot.slack.desk import BUSY, RESTARTED, FrontDesk, Tools
from bot.slack.heard import Command, Mention, Place, Press
from bot.slack.messages import Message
from bot.slack.posting import Posting
from bot.work import Job
from charts.spec import Picture
from commands.args import Ask
from tests.bot.test_answer import Hanging, sources
from tests.fakes import NOW, DeadSource, FakeRenderer, FakeSource, ask, reasons_table
from tests.slack.fake_chat import FakeChat, Said

HOME, INCIDENT = "C0HOME", "C0INCIDENT"
URL = "https://hooks.slack.com/commands/1"


@dataclass
class DirectPool:
    """Does each job at once, in the test's own thread; full when told so."""

    full: bool = False
    done: int = 0

    def submit(self, user: str, job: Job) -> bool:
        if not self.full:
            job()
            self.done += 1
        return not self.full


@dataclass
class StoppedPool(DirectPool):
    """Takes jobs on and never does them."""

    def submit(self, user: str, job: Job) -> bool:
        return True


class BrokenRenderer(FakeRenderer):
    """Fails as nobody foresaw."""

    def draw(self, picture: Picture, theme: str, timeout_s: float) -> bytes:
        raise ZeroDivisionError("secret inside")


@dataclass
class Office:
    """A front desk with everything around it."""

    chat: FakeChat = field(default_factory=FakeChat)
    pool: DirectPool = field(default_factory=DirectPool)
    found: dict[str, Source] = field(default_factory=sources)
    renderer: FakeRenderer = field(default_factory=FakeRenderer)
    copy_home: bool = True
    slow_s: float = 60.0
    tools: Tools = field(default_factory=Tools)

    def desk(self) -> FrontDesk:
        config, metrics = Config(timezone="UTC"), Metrics()
        analyst = Analyst(self.found, self.renderer, Answers(), metrics)
        posting = Posting(self.chat, HOME, self.copy_home)
        desk = FrontDesk(config, analyst, self.chat, posting, self.pool, metrics, lambda: NOW, self.tools)
        desk.slow_s = self.slow_s
        return desk

    def command(self, text: str, channel: str = HOME) -> str:
        return self.desk().command(Command(text, "U1", "T1", Place(channel), URL))

    def mention(self, text: str, thread_ts: str = "1.5") -> None:
        self.desk().mention(Mention(text, "U1", "T1", Place(INCIDENT, thread_ts=thread_ts)))

    def press(self, action: str, asked: Ask | None = None, *, ephemeral: bool = False, value: str = "") -> None:
        heard = Press(action, value or value_of(asked or ask(1)), "U2", "T1", Place(HOME), "1.7", URL, ephemeral)
        self.desk().press(heard)


def alerts_in(zone: str) -> Message:
    """The list of open alerts, as the alert system would make it."""
    return Message(f"1 alert is open, in {zone}.", ({"type": "actions"},))


def words(said: list[Said]) -> list[str]:
    return [one.text.replace("\u00a0", " ") for one in said]


def test_the_ack_says_what_is_being_checked() -> None:
    """At once, and with the range as the person will read it."""
    assert Office().command("checkout 6h vs yesterday").startswith("Checking checkout, last 6")


def test_the_answer_goes_to_the_home_channel() -> None:
    """With its picture, once."""
    office = Office()
    office.command("checkout 1h")
    assert [(said.where, said.pictures()) for said in office.chat.posted] == [(HOME, ["F00000001"])]


def test_asked_elsewhere_it_is_in_both_channels_with_one_upload() -> None:
    """The incident channel and the home channel show the same file."""
    office = Office()
    office.command("checkout 1h", INCIDENT)
    assert sorted((said.where, *said.pictures()) for said in office.chat.posted) == [(HOME, "F00000001"), (INCIDENT, "F00000001")]
    assert len(office.chat.uploads) == 1


def test_without_copies_it_is_only_where_it_was_asked() -> None:
    """A setting keeps the home channel quiet."""
    office = Office(copy_home=False)
    office.command("checkout 1h", INCIDENT)
    assert [said.where for said in office.chat.posted] == [INCIDENT]


@pytest.mark.parametrize("copy_home", [True, False])
def test_where_the_bot_is_no_member_the_asker_gets_a_link(copy_home: bool) -> None:
    """The answer is at home; the private line says why and leads there."""
    office = Office(FakeChat(refuses={INCIDENT: "not_in_channel"}), copy_home=copy_home)
    office.command("checkout 1h", INCIDENT)
    assert [said.where for said in office.chat.posted] == [HOME]
    assert "/invite @paybot" in words(office.chat.private)[0]
    assert f"/archives/{HOME}/" in words(office.chat.private)[0]


def test_where_nobody_takes_the_answer_the_asker_reads_it() -> None:
    """Archived here and archived at home: the numbers still reach the person who asked, in words."""
    office = Office(FakeChat(refuses={INCIDENT: "is_archived", HOME: "is_archived"}))
    office.command("checkout 1h", INCIDENT)
    (private,) = office.chat.private
    assert private.text.startswith("Checkout success is 98.5")
    assert private.pictures() == []
    assert "archived" in str(private.message.blocks)


def test_a_home_channel_that_refuses_is_told() -> None:
    """The asking channel has the answer, and somebody learns that home has not."""
    office = Office(FakeChat(refuses={HOME: "is_archived"}))
    office.command("checkout 1h", INCIDENT)
    assert "archived" in words(office.chat.private)[0]


def test_only_me_answers_only_the_asker() -> None:
    """Nothing is posted."""
    office = Office()
    office.command("checkout 1h only-me")
    assert office.chat.posted == []
    assert [(said.where, said.user) for said in office.chat.private] == [(HOME, "U1")]


def test_only_me_works_where_the_bot_is_no_member() -> None:
    """In words, through the command's own way back."""
    office = Office(FakeChat(refuses={INCIDENT: "not_in_channel"}))
    office.command("checkout 1h only-me", INCIDENT)
    assert [said.where for said in office.chat.private] == [URL]


@pytest.mark.parametrize(
    "text", ["chekout", "checkout tomorrow", "checkout 200d", "checkout 15:00..13:00", "\x00\u202e<!channel>"]
)
def test_bad_input_is_told_in_the_ack_and_nothing_runs(text: str) -> None:
    """A plain sentence, seen only by the asker, with nothing live in it."""
    office = Office()
    said = office.command(text)
    assert office.pool.done == 0 or text.startswith("\x00")
    assert "<!" not in said
    assert "Traceback" not in said


def test_a_misspelt_section_gets_the_nearest_one() -> None:
    """Did you mean …"""
    assert "Did you mean `checkout`?" in Office().command("chekout 6h")


def test_help_is_told_in_the_ack() -> None:
    """How paybot is asked, without a job."""
    office = Office()
    assert "`/pay" in office.command("help")
    assert office.pool.done == 0


def test_the_open_alerts_are_shown_to_the_asker_alone() -> None:
    """With their buttons, times in the asker's zone, in the private line that said they are looked up."""
    office = Office(FakeChat(zones={"U1": "Asia/Tokyo"}), tools=Tools(alerts_in))
    assert office.command("alerts").startswith("Looking up")
    ((line),) = office.chat.private
    assert (line.where, line.replaces, line.text) == (URL, "original", "1 alert is open, in Asia/Tokyo.")
    assert line.message.blocks == ({"type": "actions"},)
    assert office.chat.posted == []


def test_a_mention_shows_the_open_alerts_to_the_asker_alone_too() -> None:
    """In the thread where they asked."""
    office = Office(tools=Tools(alerts_in))
    office.mention("alerts")
    assert [(said.user, said.thread_ts, said.text) for said in office.chat.private] == [("U1", "1.5", "1 alert is open, in UTC.")]
    assert office.chat.posted == []


def test_a_backtest_is_told_to_the_asker_alone() -> None:
    """Of the rule and the time that were asked for; escaped."""
    office = Office(tools=Tools(backtest=lambda asked, zone: f"{asked.rule} <{asked.since.days} d> {zone}"))
    assert "may take a minute" in office.command("backtest retry-failures 30d")
    assert words(office.chat.private) == ["retry-failures &lt;30 d&gt; UTC"]


@pytest.mark.parametrize(("text", "said"), [("alerts", "`/pay alerts`"), ("backtest webhook-lag", "rules backtest webhook-lag")])
def test_without_an_alert_system_it_is_said_where_to_look(text: str, said: str) -> None:
    """Nobody waits for an answer that does not come."""
    office = Office()
    office.command(text)
    assert said in words(office.chat.private)[0]


def test_a_full_pool_says_busy() -> None:
    """In the ack, at once; nothing is queued without end."""
    assert Office(pool=DirectPool(full=True)).command("checkout 1h") == BUSY


def test_times_are_in_the_askers_zone() -> None:
    """Berlin's 14:00 is 13:00 in UTC."""
    office = Office(FakeChat(zones={"U1": "Europe/Berlin"}))
    office.command("checkout 2026-11-22 12:00..14:00")
    assert (office.renderer.drawn[0].zone, office.renderer.drawn[0].end) == ("Europe/Berlin", NOW.timestamp() - 3600)


def test_a_zone_that_is_not_remembered_is_asked_for_after_the_ack() -> None:
    """The acknowledgement never waits for Slack, the answer is right all the same."""
    office = Office(FakeChat(zones={"U1": "Asia/Tokyo"}, known=False))
    office.command("checkout 1h")
    assert office.renderer.drawn[0].zone == "Asia/Tokyo"


def test_a_day_that_has_begun_only_where_the_asker_lives_is_no_mistake() -> None:
    """At 14:00 UTC it is tomorrow on Kiritimati: who asks from there is not told off before their zone is known."""
    office = Office(FakeChat(zones={"U1": "Pacific/Kiritimati"}, known=False))
    assert office.command("checkout 2026-11-23").startswith("Checking")
    assert office.renderer.drawn[0].zone == "Pacific/Kiritimati"


def test_who_is_refused_a_press_or_a_mention_is_told() -> None:
    """Busy is said to them alone; a bot that is silent is worse than none."""
    office = Office(pool=DirectPool(full=True))
    desk = office.desk()
    desk.mention(Mention("checkout 1h", "U1", "T1", Place(INCIDENT, thread_ts="1.5")))
    desk.press(Press("answer.refresh", value_of(ask(1)), "U2", "T1", Place(HOME), "1.7", URL))
    desk.stop(5)
    assert words(office.chat.private) == [BUSY, BUSY]


def test_an_unknown_zone_falls_back_to_the_settings() -> None:
    """Slack refuses to say; the answer comes in the bot's own zone, which the picture names."""
    office = Office(FakeChat(known=False, refuses={"zone": "missing_scope"}))
    office.command("checkout 1h")
    assert office.renderer.drawn[0].zone == "UTC"


def test_a_slow_source_is_named_in_the_private_line_until_it_has_answered() -> None:
    """The same line says first what is awaited, then that it was checked."""
    hanging = Hanging("Elasticsearch")
    office = Office(found=sources(elastic=hanging), slow_s=0.5)
    asking = threading.Thread(target=office.command, args=("checkout 1h",))
    asking.start()
    while not office.chat.private:
        assert asking.is_alive()
    hanging.let_go.set()
    asking.join(10)
    said = [(line.replaces, line.text.replace("\u00a0", " ")) for line in office.chat.private]
    assert said == [
        ("original", "Checking checkout, last 1 h … Still waiting for Elasticsearch."),
        ("original", "Checked checkout, last 1 h."),
    ]


def test_a_mention_is_answered_in_its_thread() -> None:
    """There and nowhere else."""
    office = Office()
    office.mention("checkout 1h")
    assert [(said.where, said.thread_ts) for said in office.chat.posted] == [(INCIDENT, "1.5")]


def test_a_mention_with_bad_input_is_answered_privately_in_its_thread() -> None:
    """Only the person who mistyped reads it."""
    office = Office()
    office.mention("chekout")
    assert [(said.user, said.thread_ts) for said in office.chat.private] == [("U1", "1.5")]


def test_a_picture_that_fails_is_said_and_the_words_arrive() -> None:
    """The renderer died; the numbers did not."""
    office = Office(renderer=FakeRenderer(fails=True))
    office.command("checkout 1h")
    blocks = str(office.chat.posted[0].message.blocks)
    assert "The picture could not be drawn." in blocks
    assert "Success rate: 98.5" in blocks


def test_an_upload_that_fails_is_said_and_the_words_arrive() -> None:
    """No orphan picture, no lost answer."""
    office = Office(FakeChat(refuses={"upload": "internal_error"}))
    office.command("checkout 1h")
    assert "could not be uploaded" in str(office.chat.posted[0].message.blocks)


def test_csv_goes_into_the_answers_thread() -> None:
    """The numbers as a file below the message."""
    office = Office()
    office.command("checkout 1h csv")
    ((channel, thread, content),) = office.chat.files
    assert (channel, thread) == (HOME, "1700000000.000001")
    assert b"do_not_honor" in content


@pytest.mark.parametrize(
    "action", ["answer.refresh", "answer.range.wider", "answer.range.narrower", "answer.compare", "answer.csv"]
)
def test_a_press_edits_its_message_in_place(action: str) -> None:
    """No second message."""
    office = Office()
    office.press(action)
    assert office.chat.posted == []
    assert [(said.where, said.replaces) for said in office.chat.edited] == [(HOME, "1.7")]


def test_a_press_on_a_private_answer_stays_private() -> None:
    """It is edited through its own way back."""
    office = Office()
    office.press("answer.refresh", ephemeral=True)
    assert [(said.where, said.replaces) for said in office.chat.private] == [(URL, "original")]
    assert office.chat.edited == []


def test_the_csv_of_a_private_answer_is_not_put_into_the_channel() -> None:
    """A press on an old message of one's own does not publish it; new ones have no such button."""
    office = Office()
    office.press("answer.csv", ephemeral=True)
    assert office.chat.files == []
    assert "Only you see this answer" in words(office.chat.private)[0]


def test_a_private_answer_as_a_file_is_refused_in_the_ack() -> None:
    """Nobody believes a file private that the whole channel sees."""
    office = Office()
    assert "leave out either" in office.command("checkout 1h only-me csv")
    assert office.pool.done == 0


def test_a_link_that_slack_does_not_tell_hides_no_answer() -> None:
    """The asker still reads where the answer is."""
    office = Office(FakeChat(refuses={INCIDENT: "not_in_channel", "permalink": "internal_error"}))
    office.command("checkout 1h", INCIDENT)
    assert "The answer is in the home channel" in words(office.chat.private)[0]


def test_a_forged_button_gets_a_sentence() -> None:
    """And no answer."""
    office = Office()
    office.press("answer.refresh", value='{"q": 1}')
    assert "can no longer be read" in words(office.chat.private)[0]
    assert office.chat.edited == []


def test_a_bug_is_an_apology_with_a_reference() -> None:
    """The person learns that something broke and what to name; never why in Python's words."""
    office = Office(renderer=BrokenRenderer())
    office.command("checkout 1h")
    (line,) = words(office.chat.private)
    assert re.search(r"`[0-9a-f]{8}`", line)
    assert "secret" not in line


def test_dead_sources_are_named_in_the_message() -> None:
    """The rest of the answer is there."""
    office = Office(found=sources(elastic=DeadSource("Elasticsearch")))
    office.command("checkout 1h")
    assert "Elasticsearch refused our keys (403); missing here: failure reasons." in str(office.chat.posted[0].message.blocks)


def test_nothing_from_the_data_is_live() -> None:
    """A decline code that looks like a mention of everybody, or like a link, is text."""
    hostile = reasons_table({"<!channel> <https://evil.test|pay> @here": (9, 3, 1)})
    office = Office(found=sources(elastic=FakeSource("Elasticsearch", {"reasons": hostile})))
    office.command("checkout 1h")
    sent = str(office.chat.posted[0].message)
    assert "<!channel" not in sent
    assert "<https://evil.test" not in sent


def test_a_promise_that_a_stop_breaks_is_told() -> None:
    """Whoever was told "Checking …" and gets no answer any more hears to ask again."""
    office = Office(pool=StoppedPool())
    desk = office.desk()
    desk.command(Command("checkout 1h", "U1", "T1", Place(HOME), URL))
    desk.stop(1.0)
    assert words(office.chat.private) == [RESTARTED]


def test_a_stop_says_nothing_to_those_who_have_their_answer() -> None:
    """Nobody is asked to ask again what was answered."""
    office = Office()
    desk = office.desk()
    desk.command(Command("checkout 1h", "U1", "T1", Place(HOME), URL))
    desk.stop(1.0)
    assert RESTARTED not in words(office.chat.private)

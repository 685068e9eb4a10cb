"""Slack's own charts: when they say the same as the picture, what they say, and what happens where Slack refuses them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.answer import Answer
from bot.config import Slack
from bot.slack.delivery import Delivery, Posted
from bot.slack.heard import Place, Press
from bot.slack.messages import Message, answer_message
from bot.slack.native_chart import native_charts
from bot.slack.posting import Asker, Posting
from bot.slack.refusals import refusal
from bot.slack.shown import REST_S, NativeCharts
from bot.slack.tables import MESSAGE, Block, weight
from charts.data import Grid, Series
from charts.spec import Chart, Gauge, Heatmap, Line, Mark, Picture, Stack, Threshold
from sandbox.workspace.blocks import check
from tests.fakes import NOW, PNG, ask, minutes
from tests.slack.fake_chat import FakeChat
from tests.slack.fake_slack import error, fake_slack

END = NOW.timestamp()


def picture(*charts: Chart, hours: float = 1, zone: str = "UTC", **changed: Any) -> Picture:
    made = Picture("Funnel · prod", charts, END - 3600 * hours, END, zone, "Sun 22 Nov 13:00 to 14:00")
    return replace(made, **changed)


def bars(
    *values: Sequence[float | None], labels: Sequence[str] = ("completed", "expired", "still open"), **changed: Any
) -> Chart:
    series = tuple(minutes(label, each) for label, each in zip(labels, values, strict=False))
    return Chart("Completed", (Stack(series, tuple(labels[: len(values)])),), number="91 % of closed", **changed)


def line(values: Sequence[float | None], label: str = "visible", unit: str = "", **changed: Any) -> Chart:
    return Chart("Queue depth", (Line(minutes(label, values), label),), unit=unit, **changed)


def only(blocks: tuple[Block, ...]) -> Any:
    (block,) = blocks
    return block["chart"]


def numbers(chart: Any) -> list[list[float]]:
    return [[point["value"] for point in series["data"]] for series in chart["series"]]


# --- what is shown ---


def test_counts_are_summed_by_groups_of_buckets() -> None:
    """Nothing is lost: 60 minutes are twelve bars of five, and the axis says that they are sums."""
    chart = only(native_charts(picture(bars(range(60), [1.0] * 60))))
    assert chart["type"] == "bar"
    assert numbers(chart) == [[sum(range(at, at + 5)) for at in range(0, 60, 5)], [5] * 12]
    assert chart["axis_config"]["x_label"] == "sums of 5\u00a0min, UTC"
    assert chart["axis_config"]["categories"][:2] == ["13:00", "13:05"]


def test_gauges_take_the_last_known_value_of_each_group() -> None:
    """Of an amount that rises and falls, each moment stands for itself; a mean of moments would be none."""
    chart = only(native_charts(picture(line([*range(58), None, 59]))))
    assert (chart["type"], numbers(chart)) == ("line", [[*range(4, 55, 5), 59]])
    assert chart["axis_config"]["x_label"] == "last of each 5\u00a0min, UTC"


def test_few_buckets_are_shown_as_they_are() -> None:
    """Up to 20, percentages too: nothing is reduced then."""
    shares = [98.5, 97.0, 99.25] * 5
    chart = only(native_charts(picture(line(shares, "success rate", "%"), hours=0.25)))
    assert numbers(chart) == [shares]
    assert (chart["axis_config"]["x_label"], chart["axis_config"]["y_label"]) == ("each 1\u00a0min, UTC", "%")


@pytest.mark.parametrize(("buckets", "each"), [(60, 5), (58, None), (57, 3), (47, None), (23, None), (20, 1), (40, 2), (26, 2)])
def test_sums_are_all_of_as_many_buckets(buckets: int, each: int | None) -> None:
    """A last bar of fewer minutes would look like a fall: where equal groups are not possible it is a picture."""
    series = minutes("completed", [1.0] * buckets, NOW)
    chart = native_charts(picture(Chart("Completed", (Stack((series,), ("completed",)),)), hours=buckets / 60))
    assert [numbers(only((block,))) for block in chart] == ([[[each] * (buckets // each)]] if each else [])


def test_counts_may_end_before_the_range_does() -> None:
    """Of later buckets the archive does not know all yet; the small print at the axis says until when."""
    series = minutes("completed", [1.0] * 55, NOW.replace(hour=13, minute=55))
    chart = only(native_charts(picture(Chart("Completed", (Stack((series,), ("completed",)),), note="complete until 13:55"))))
    assert (len(numbers(chart)[0]), chart["axis_config"]["y_label"]) == (11, "complete until 13:55")


def test_the_title_has_the_number_and_the_axis_the_small_print() -> None:
    """What the panel of the picture says stands at Slack's chart too."""
    (block,) = native_charts(picture(bars([1.0] * 60, note="sessions by their start")))
    assert block["title"] == "Completed: 91 % of closed"
    assert block["chart"]["axis_config"]["y_label"] == "sessions by their start"


def test_times_are_the_reader_s_with_the_day_where_there_are_several() -> None:
    """A range of more than a day would else have each label twice."""
    series = Series("n", tuple(END - 3600 * at for at in range(48, 0, -1)), (1.0,) * 48, step_s=3600)
    chart = only(native_charts(picture(Chart("Sent", (Stack((series,), ("n",)),)), hours=48, zone="Asia/Kolkata")))
    assert chart["axis_config"]["categories"][:2] == ["20 Nov 19:30", "20 Nov 22:30"]


# --- what is not ---

HOUR: tuple[float, ...] = (5.0,) * 60
DAYS = tuple(Series(name, tuple(END - 86_400 * at for at in range(20, 0, -1)), (1.0,) * 20, step_s=86_400) for name in "abcdef")
HEAVY = Chart("Sent", (Stack(DAYS, tuple("abcdef")),))
REFUSED: dict[str, Picture] = {
    "more text than a message has room for": picture(HEAVY, HEAVY, hours=480),
    "a percentage that must be reduced": picture(line(HOUR, "success rate", "%")),
    "a percentile that must be reduced": picture(line(HOUR, "p95")),
    "a time that must be reduced": picture(line(HOUR, "age", "s")),
    "a count with a gap": picture(bars([*HOUR[:30], None, *HOUR[:29]])),
    "a gauge that is not known in a whole group": picture(line([*HOUR[:20], *(None,) * 10, *HOUR[:30]])),
    "a gauge that fell silent": picture(Chart("Depth", (Line(minutes("n", HOUR[:40], NOW.replace(hour=13, minute=40)), "n"),))),
    "a bucket that is not there": picture(
        Chart("Sent", (Stack((Series("n", (END - 3600, END - 3480), (1.0, 1.0), step_s=60),), ("n",)),))
    ),
    "a start that is not there": picture(bars(HOUR[:30])),
    "infinity": picture(bars([*HOUR[:59], float("inf")])),
    "a limit": picture(Chart("Depth", (Line(minutes("n", HOUR), "n"), Threshold(9, "limit", "below")))),
    "a compared period": picture(bars(HOUR), compared="yesterday"),
    "bars of a compared period": picture(Chart("Sent", (Stack((minutes("n", HOUR),), ("n",), (minutes("b", HOUR),)),))),
    "a line of a compared period": picture(
        Chart("Depth", (Line(minutes("n", HOUR), "n"), Line(minutes("b", HOUR), "yesterday", "before")))
    ),
    "marks": picture(bars(HOUR), marks=(Mark(END - 60, "deploy"),)),
    "a heatmap": picture(Chart("Outcomes", (Heatmap(Grid(("1",), (END - 60,), 60, ((50.0,),))),))),
    "a dial": picture(Chart("Share", (Gauge(3.0, 5.0, "goal", "below"),))),
    "nothing to draw": picture(Chart("Sent")),
    "bars and lines": picture(Chart("Both", (Stack((minutes("n", HOUR),), ("n",)), Line(minutes("m", HOUR), "m")))),
    "three charts": picture(bars(HOUR), bars(HOUR), bars(HOUR)),
    "one of two that cannot be shown": picture(bars(HOUR), line(HOUR, "p95", "s")),
    "no chart": picture(),
    "seven series": picture(bars(*[HOUR] * 7, labels="abcdefg")),
    "one name twice": picture(bars(HOUR, HOUR, labels=("n", "n"))),
    "a long name": picture(bars(HOUR, labels=("n" * 21,))),
    "a long title": picture(replace(bars(HOUR), title="n" * 51)),
    "long small print": picture(bars(HOUR, note="n" * 51)),
    "unequal buckets": picture(
        Chart("Sent", (Stack((minutes("a", HOUR), minutes("b", HOUR[:30])), ("a", "b")),)),
    ),
}


@pytest.mark.parametrize("shown", REFUSED.values(), ids=REFUSED.keys())
def test_what_slack_would_show_otherwise_goes_as_a_picture(shown: Picture) -> None:
    """Whatever the block cannot say, and whatever would have to be averaged, is left to the picture."""
    assert native_charts(shown) == ()


def test_the_hour_that_comes_twice_goes_as_a_picture() -> None:
    """Two bars of one name could not be told apart."""
    start = 1_792_886_400.0 - 3600 * 2  # 2026-10-24 22:00 UTC; clocks in Berlin go back at 01:00 UTC
    series = Series("n", tuple(start + 1800 * at for at in range(12)), (1.0,) * 12, step_s=1800)
    shown = replace(picture(Chart("Sent", (Stack((series,), ("n",)),)), zone="Europe/Berlin"), start=start, end=start + 6 * 3600)
    assert native_charts(shown) == ()
    assert native_charts(replace(shown, zone="UTC"))


ODD = (None, float("nan"), float("inf"), -1e12, 0.1)
names = st.lists(st.text("abc &<é", min_size=1, max_size=21), min_size=1, max_size=7, unique=True)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Pictures of any size and names; most are regular, and some have a value that nobody expects."""
    many, step = draw(st.integers(1, 150)), draw(st.sampled_from([60.0, 300.0, 900.0, 21_600.0]))
    times = tuple(END - step * (many - at) for at in range(many))
    chance = draw(st.randoms(use_true_random=False))

    def one(name: str) -> Series:
        values: list[float | None] = [float(chance.randrange(1000)) for _ in times]
        if chance.random() < 0.1:
            values[chance.randrange(many)] = chance.choice(ODD)
        return Series(name, times, tuple(values), step_s=step)

    def chart() -> Chart:
        series = tuple(map(one, draw(names)))
        lines = tuple(Line(each, each.name) for each in series)
        stack = (Stack(series, tuple(each.name for each in series)),)
        title, note = draw(st.text(max_size=52)), draw(st.text("ab", max_size=52))
        return Chart(title, draw(st.sampled_from([lines, stack])), draw(st.sampled_from(["", "", "%"])), note=note)

    charts = tuple(chart() for _ in range(draw(st.integers(1, 2))))
    return Picture("t", charts, times[0], END, draw(st.sampled_from(["UTC", "Europe/Berlin"])), "span")


@given(pictures())
def test_whatever_is_shown_keeps_slack_s_limits(shown: Picture) -> None:
    """The block is taken by the sandbox's Slack, which keeps the documented limits, and survives JSON."""
    blocks = native_charts(shown)
    assert json.loads(json.dumps(blocks, allow_nan=False)) == list(blocks)
    assert not blocks or check(list(blocks), lambda _: True)
    assert weight(blocks) <= 2_000


@given(st.lists(st.integers(0, 10_000), min_size=21, max_size=700))
def test_no_count_is_lost_or_counted_twice(counts: list[int]) -> None:
    """The bars together are the sum of all buckets, whatever their number, or it is a picture."""
    shown = native_charts(picture(bars([float(count) for count in counts]), hours=len(counts) / 60))
    assert [sum(numbers(only((block,)))[0]) for block in shown] in ([sum(counts)], [])


# --- the message, and Slack's refusal ---


def answer(shown: Picture | None = None) -> Answer:
    return Answer(
        ask(1),
        "Funnel",
        "Growth",
        "91 % of closed sessions completed.",
        "0a1b2c3d",
        facts=("Completed: 91 % of closed",),
        picture=shown or picture(bars(HOUR)),
        image=PNG,
        alt="bars",
    )


def kinds(message: Message) -> list[str]:
    return [block["type"] for block in message.blocks]


def test_the_message_has_the_charts_in_the_picture_s_place() -> None:
    """Below the headline, with the panels in words, as Slack's block has no alternative text; no line on a missing picture."""
    message = answer_message(answer(), charts=native_charts(picture(bars(HOUR))))
    assert kinds(message)[:3] == ["section", "data_visualization", "section"]
    assert "could not be shown" not in json.dumps(message.blocks)


def test_the_heaviest_charts_leave_room_for_the_rest() -> None:
    """Two charts of six series fit into a message beside everything else."""
    wide = bars(*[HOUR] * 6, labels=[f"a name of 20 chars {n}" for n in range(6)])
    charts = native_charts(picture(wide, wide))
    assert len(charts) == 2
    assert weight(answer_message(answer(), charts=charts).blocks) < MESSAGE


@dataclass
class OldSlack(FakeChat):
    """Does not know the chart block yet; keeps what it refused."""

    refused: list[str] = field(default_factory=list)
    code: str = "invalid_blocks"

    def post(self, channel: str, message: Message, thread_ts: str = "", *, without_picture: Message | None = None) -> Posted:
        self._look(channel, message)
        return super().post(channel, message, thread_ts, without_picture=without_picture)

    def update(self, channel: str, ts: str, message: Message, *, without_picture: Message | None = None) -> None:
        self._look(channel, message)
        super().update(channel, ts, message, without_picture=without_picture)

    def _look(self, channel: str, message: Message) -> None:
        if "data_visualization" in kinds(message):
            self.refused.append(channel)
            raise refusal(self.code)


@dataclass
class Clock:
    """Seconds that a test sets."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def posting(chat: FakeChat, clock: Clock | None = None, *, wanted: bool = True) -> Posting:
    return Posting(chat, "C0HOME", copy_home=True, natives=NativeCharts(wanted, clock or Clock()))


ASKER = Asker("U1", Place("C0INC", thread_ts="1.5"), "https://hooks.slack.com/1")


def test_a_slack_that_takes_them_gets_them_without_an_upload() -> None:
    """In both channels, and no file is uploaded for nothing."""
    chat = FakeChat()
    posting(chat).everywhere(ASKER, answer(), csv=False)
    assert ["data_visualization" in kinds(said.message) for said in chat.posted] == [True, True]
    assert chat.uploads == []


def test_pictures_are_the_default() -> None:
    """Nothing changes for who has not set it."""
    chat = FakeChat()
    posting(chat, wanted=False).everywhere(ASKER, answer(), csv=False)
    assert [said.pictures() for said in chat.posted] == [["F00000001"]] * 2


def test_where_slack_refuses_them_the_same_answer_comes_with_its_picture() -> None:
    """It is asked once, not once a channel, and one upload serves all."""
    chat = OldSlack()
    posting(chat).everywhere(ASKER, answer(), csv=False)
    assert [said.pictures() for said in chat.posted] == [["F00000001"]] * 2
    assert chat.refused == ["C0INC"]


def test_a_refusal_is_remembered_for_an_hour() -> None:
    """Then Slack is asked again: it may have learnt the block meanwhile."""
    chat, clock = OldSlack(), Clock()
    desk = posting(chat, clock)
    for at in (0.0, REST_S - 1, REST_S + 1):
        clock.at = at
        desk.in_thread(ASKER.place, answer(), csv=False)
    assert (len(chat.refused), len(chat.posted)) == (2, 3)


def test_another_refusal_is_no_word_on_charts() -> None:
    """A channel that does not have the bot refuses pictures as well: the answer goes in words, and charts are tried again."""
    chat = OldSlack(code="not_in_channel")
    desk = posting(chat)
    for _ in range(2):
        desk.in_thread_or_words(ASKER, answer())
    assert (len(chat.refused), chat.uploads, len(chat.private)) == (2, [], 2)


def test_over_the_wire_too_a_refused_block_becomes_the_picture() -> None:
    """The word that Slack refuses a message with comes through the Web API as such: one post more, at once, with the file."""
    with fake_slack() as slack:
        slack.script["chat.postMessage"] = [error("invalid_blocks")]
        settings = Slack(bot_token="xoxb-test", api_url=slack.url, home_channel="C0HOME")
        delivery = Delivery(settings, now=slack.clock.now, sleep=slack.clock.sleep)
        Posting(delivery, "C0HOME", True, NativeCharts(wanted=True)).in_thread(ASKER.place, answer(), csv=False)
        first, second = (str(call.fields["blocks"]) for call in slack.made("chat.postMessage"))
    assert ("data_visualization" in first, "slack_file" in first) == (True, False)
    assert ("data_visualization" in second, "slack_file" in second) == (False, True)


def test_an_edit_falls_back_too() -> None:
    """A pressed button's answer is updated with its picture."""
    chat = OldSlack()
    press = Press("answer.refresh", "", "U1", "T1", Place("C0HOME"), "1.7", "https://hooks.slack.com/1")
    posting(chat).edit(press, answer(), only_me=False, csv=False)
    assert [said.pictures() for said in chat.edited] == [["F00000001"]]


def test_a_heavy_chart_alone_is_shown() -> None:
    """What is refused is the weight of two, not one of them."""
    assert len(native_charts(picture(HEAVY, hours=480))) == 1


def test_what_cannot_be_shown_natively_is_a_picture_at_once() -> None:
    """Slack is not bothered with it, and nothing counts as refused."""
    chat = OldSlack()
    posting(chat).everywhere(ASKER, answer(picture(line(HOUR, "p95", "s"))), csv=False)
    assert (chat.refused, [said.pictures() for said in chat.posted]) == ([], [["F00000001"]] * 2)

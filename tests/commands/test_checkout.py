"""The checkout section: numbers, panels, table and headline from what the sources gave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from charts.spec import Chart, Line, Threshold
from commands.checkout import SECTION, draw_marks, draw_rate, draw_reasons, draw_sessions
from commands.checkout_headline import headline
from commands.panel import Data
from tests.fakes import NOW, ask, events_table, minutes, reasons_table

GOOD, LOW = [98.5] * 75, [98.5] * 40 + [91.0] * 35
LATE = NOW.timestamp()


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def lines(chart: Chart) -> dict[str, Line]:
    return {line.role: line for line in chart.lines()}


def test_the_rate_is_a_rolling_mean_inside_the_asked_window() -> None:
    """The quarter of an hour before the window feeds its first point and is not drawn."""
    line = lines(draw_rate(Data({"rate": minutes("rate", GOOD)}), ask(1)))["main"]
    assert len(line.series.times) == 60
    assert line.series.values[0] == pytest.approx(98.5)


def test_the_number_is_the_newest_rolling_rate_and_bad_below_the_target() -> None:
    """After half an hour at 91 % the rolling rate is 91 %."""
    chart = draw_rate(Data({"rate": minutes("rate", LOW)}), ask(1))
    assert (plain(chart.number), chart.state) == ("91 %", "bad")


def test_a_rate_just_below_the_target_does_not_read_as_the_target() -> None:
    """96.99 % rounded to 97 % would hide a breach."""
    chart = draw_rate(Data({"rate": minutes("rate", [96.99] * 75)}), ask(1))
    assert (plain(chart.number), chart.state) == ("96.99 %", "bad")


def test_the_rate_has_its_target_as_a_limit() -> None:
    """Breaches are shaded below 97 %."""
    assert draw_rate(Data({"rate": minutes("rate", GOOD)}), ask(1)).thresholds() == (Threshold(97.0, "target 97 %", "above"),)


def test_without_a_comparison_the_lowest_point_is_named() -> None:
    """A person who sees the picture small still reads how bad it was."""
    chart = draw_rate(Data({"rate": minutes("rate", LOW)}), ask(1))
    assert plain(chart.change) == "lowest 91 % at 13:39"


def test_the_compared_day_lies_behind_on_the_same_hours() -> None:
    """Yesterday's series is moved by a day and its mean is compared."""
    earlier = minutes("rate", [99.0] * 75, end=ask(1, 1).against.end)  # type: ignore[union-attr]  # it has one: 1 day
    chart = draw_rate(Data({"rate": minutes("rate", GOOD)}, {"rate": earlier}), ask(1, 1))
    assert lines(chart)["before"].series.times[-1] == LATE - 60
    assert "0.5 points below" in plain(chart.change)


def test_no_rate_reads_as_what_its_source_said() -> None:
    """A dead source leaves its reason in the panel's place, and no number."""
    chart = draw_rate(Data(faults={"rate": "Datadog did not answer in 8 s"}), ask(1))
    assert (chart.number, chart.state, chart.missing) == ("", "plain", "no data: Datadog did not answer in 8 s")


def stopped(minutes_ago: int) -> Data:
    """The metrics came as usual and stopped so long before the end of the window."""
    end = NOW - timedelta(minutes=minutes_ago)
    series = {key: minutes(key, [98.5] * (75 - minutes_ago), end) for key in ("rate", "active", "pending")}
    return Data(dict(series))


def test_an_old_number_is_not_shown_as_the_present_one() -> None:
    """Metrics that stopped half an hour ago say nothing of now."""
    chart = draw_rate(stopped(30), ask(1))
    assert (chart.number, chart.state) == ("no data since 13:30", "plain")
    assert draw_sessions(stopped(30), ask(1)).number == "no data since 13:30"
    assert plain(headline(stopped(30), ask(1))) == "Checkout success is unknown: no data since 13:30, when it was 98.5 %."


def test_a_few_minutes_of_delay_are_no_silence() -> None:
    """Agents and clouds take some minutes; the newest number stands for now meanwhile."""
    assert plain(draw_rate(stopped(5), ask(1)).number) == "98.5 %"


def test_sessions_name_both_numbers() -> None:
    """Active against pending, each at its newest value."""
    chart = draw_sessions(Data({"active": minutes("a", [400, 412]), "pending": minutes("p", [30, 31])}), ask(1))
    assert chart.number == "412 active, 31 pending"


def test_a_missing_half_of_the_sessions_is_not_zero() -> None:
    """Where only one of the two came, the other reads "no data"."""
    chart = draw_sessions(Data({"active": minutes("a", [400, 412])}), ask(1))
    assert chart.number == "412 active, no data pending"


def test_the_table_has_ten_reasons_with_their_share_of_all_failures() -> None:
    """The share counts all failures, those beyond the ten too."""
    rows = {f"code_{i:02}": (10, 5, 1) for i in range(20)}
    listed = draw_reasons(Data({"reasons": reasons_table(rows)}), ask(1))
    assert len(listed.table.rows) == 10
    assert listed.table.rows[0][2] == 5
    assert listed.note.startswith("Share of all 200 failed payments")


def test_a_known_code_says_whether_a_retry_can_help_and_an_unknown_one_is_kept() -> None:
    """A code that Stripe brought in last week stands in the table under its own name."""
    rows = draw_reasons(Data({"reasons": reasons_table({"stolen_card": (3, 1, 0), "brand_new": (2, 1, 0)})}), ask(1)).table.rows
    assert [row[0] for row in rows] == ["stolen_card", "brand_new"]
    assert rows[0][5] != rows[1][5]


def test_marks_are_the_events_of_the_window_in_order() -> None:
    """An event before the window is no mark."""
    events = events_table({LATE - 60: "deploy v413", LATE - 1800: "override by dana", LATE - 9000: "deploy v412"})
    assert [mark.text for mark in draw_marks(Data({"events": events}), ask(1))] == ["override by dana", "deploy v413"]


def test_a_calm_hour_reads_as_calm() -> None:
    """One sentence says the number and that the target held."""
    said = plain(headline(Data({"rate": minutes("rate", GOOD)}), ask(1)))
    assert said == "Checkout success is 98.5 %, above the 97 % target throughout (last 1 h)."


def test_a_running_breach_is_told_with_its_start_and_its_reason() -> None:
    """Since when, how low, and what grew: enough at three in the morning."""
    data = Data(
        {"rate": minutes("rate", LOW), "reasons": reasons_table({"do_not_honor": (90, 30, 70), "expired_card": (40, 40, 1)})}
    )
    said = plain(headline(data, ask(1)))
    assert said == (
        "Checkout success is 91 %, below the 97 % target since 13:28 (32 min, lowest 91 %); "
        "do_not_honor rose most: 70 of 71 failures in this range, usually about 30."
    )


def test_a_breach_older_than_the_window_is_not_told_as_new() -> None:
    """Who asks for the last quarter of an hour of a long outage does not read that it began just now."""
    said = plain(headline(Data({"rate": minutes("rate", [91.0] * 75)}), ask(1)))
    assert "below the 97 % target since at least 13:00 (1 h or more," in said


def test_a_breach_that_is_over_is_told_as_over() -> None:
    """The number now and the stretch before it."""
    rate = [98.5] * 30 + [90.0] * 20 + [98.5] * 40
    said = plain(headline(Data({"rate": minutes("rate", rate)}), ask(1)))
    assert said.startswith("Checkout success is 98.5 %, back above the 97 % target after a breach from ")


def test_of_several_breaches_the_worst_is_told() -> None:
    """How many there were, and when the worst was."""
    rate = [98.5] * 20 + [90.0] * 5 + [98.5] * 15 + [80.0] * 5 + [98.5] * 30
    said = plain(headline(Data({"rate": minutes("rate", rate)}), ask(1)))
    assert "back above the 97 % target after 2 breaches, the worst from 13:26 to 13:43 (lowest 92.3 %)" in said


def test_a_range_that_is_over_is_told_as_past() -> None:
    """ "Is" would speak of now; without its picture a sentence must name its day."""
    over = replace(ask(1), window=replace(ask(1).window, words="yesterday", text="yesterday"))
    said = plain(headline(Data({"rate": minutes("rate", GOOD)}), over))
    assert said == "Yesterday: checkout success was 98.5 % at the end, above the 97 % target throughout."


def test_a_reason_of_today_is_not_given_for_a_breach_of_three_days_ago() -> None:
    """The log is asked about the last 24 h only."""
    rate = [98.5] * 600 + [90.0] * 60 + [98.5] * 3660
    data = Data(
        {"rate": minutes("rate", rate), "reasons": reasons_table({"do_not_honor": (90, 10, 90), "lost_card": (9, 90, 9)})}
    )
    said = plain(headline(data, ask(72)))
    assert "after a breach from Fri 20 Nov 00:02 to 01:12" in said
    assert "do_not_honor" not in said


def test_without_a_day_before_the_leading_reason_is_only_said_to_lead() -> None:
    """Nothing is known of what is usual."""
    data = Data({"rate": minutes("rate", LOW), "reasons": reasons_table({"do_not_honor": (90, 0, 70), "lost_card": (9, 0, 9)})})
    assert "do_not_honor leads: 70 of 79 failures in this range" in headline(data, ask(1))


def test_a_compared_day_without_data_is_no_number() -> None:
    """What was not measured is neither above nor below."""
    chart = draw_rate(Data({"rate": minutes("rate", GOOD)}), ask(1, 1))
    assert chart.change == "no data for last 1 h"


def test_only_hours_that_both_days_know_are_compared() -> None:
    """Yesterday's bad half hour has no counterpart in today's hole, and must not make today look better."""
    today = minutes("rate", [98.0] * 45 + [None] * 30)
    earlier = minutes("rate", [98.0] * 45 + [80.0] * 30, end=NOW - timedelta(days=1))
    assert "the same as" in draw_rate(Data({"rate": today}, {"rate": earlier}), ask(1, 1)).change


def test_without_a_rate_the_headline_says_so() -> None:
    """No number is made up for a sentence."""
    said = headline(Data(faults={"rate": "Datadog refused our keys (403)"}), ask(1))
    assert said == "Checkout success is unknown: Datadog refused our keys (403)."


def test_queries_have_keys_of_their_own() -> None:
    """No panel overwrites the answer of another."""
    parts = (*SECTION.panels, SECTION.marks)
    assert sum(len(part.queries) for part in parts if part) == len(SECTION.asked())

"""What an instance makes of what is seen: every cell of the table, holding and clearing, gaps, restarts, and flapping."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby, pairwise, product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.judge import Outcome, Seen
from bot.alerts.rule import NoData
from bot.alerts.state import Event, Instance, Signal, Step, missing, removed, step
from tests.alerts.rules import DELAY, TICK_S, absent, after, each_minute, events, instance, minute, rule, seen, signals

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)

# --- the table ----------------------------------------------------------------------------------------------------------

# From each signal, by what is seen: the signal afterwards and the event, under each policy of no data; "-" is no change.
# Fresh: the breach or recovery has just begun, and silence too.
FRESH = """
    signal      outcome   keep              fire              ok                  nodata
    ok          bad       pending           pending           pending             pending
    ok          between   -                 -                 -                   -
    ok          good      -                 -                 -                   -
    ok          nothing   -                 pending           -                   -
    ok          failed    -                 -                 -                   -
    pending     bad       -                 -                 -                   -
    pending     between   ok                ok                ok                  ok
    pending     good      ok                ok                ok                  ok
    pending     nothing   -                 -                 ok                  -
    pending     failed    -                 -                 -                   -
    firing      bad       -                 -                 -                   -
    firing      between   -                 -                 -                   -
    firing      good      recovering+chg    recovering+chg    recovering+chg      recovering+chg
    firing      nothing   -                 -                 recovering+chg      -
    firing      failed    firing+chg        firing+chg        firing+chg          firing+chg
    recovering  bad       firing+chg        firing+chg        firing+chg          firing+chg
    recovering  between   firing+chg        firing+chg        firing+chg          firing+chg
    recovering  good      -                 -                 -                   -
    recovering  nothing   -                 firing+chg        -                   -
    recovering  failed    recovering+chg    recovering+chg    recovering+chg      recovering+chg
"""
# Ripe: one more tick is all that the rule's hold, its clear or the policy "nodata" waits for.
RIPE = """
    signal      outcome   keep              fire              ok                  nodata
    ok          bad       firing+fired      firing+fired      firing+fired        firing+fired
    ok          between   -                 -                 -                   -
    ok          good      -                 -                 -                   -
    ok          nothing   -                 firing+fired      -                   firing+fired
    ok          failed    -                 -                 -                   -
    pending     bad       firing+fired      firing+fired      firing+fired        firing+fired
    pending     between   ok                ok                ok                  ok
    pending     good      ok                ok                ok                  ok
    pending     nothing   -                 firing+fired      ok                  firing+fired
    pending     failed    -                 -                 -                   -
    firing      bad       -                 -                 -                   -
    firing      between   -                 -                 -                   -
    firing      good      ok+resolved       ok+resolved       ok+resolved         ok+resolved
    firing      nothing   -                 -                 ok+resolved         -
    firing      failed    firing+chg        firing+chg        firing+chg          firing+chg
    recovering  bad       firing+chg        firing+chg        firing+chg          firing+chg
    recovering  between   firing+chg        firing+chg        firing+chg          firing+chg
    recovering  good      ok+resolved       ok+resolved       ok+resolved         ok+resolved
    recovering  nothing   -                 firing+chg        ok+resolved         -
    recovering  failed    recovering+chg    recovering+chg    recovering+chg      recovering+chg
"""
EVENTS: dict[str, Event | None] = {"": None, "chg": "changed", "fired": "fired", "resolved": "resolved"}
CELLS = tuple(product(get_args(Signal), get_args(Outcome), get_args(NoData)))


def cells(table: str) -> dict[tuple[str, str, str], str]:
    head, *rows = (line.split() for line in table.strip().splitlines())
    return {(row[0], row[1], policy): cell for row in rows for policy, cell in zip(head[2:], row[2:], strict=True)}


def before(signal: Signal, *, ripe: bool) -> Instance:
    """An instance in that signal at minute 10, with an episode behind it or under way."""
    began = None if signal == "ok" else minute(9)
    silent = 2 if ripe and signal in ("ok", "pending") else 0
    return instance(signal, since=began, held_s=0.0, end=minute(10), value=50.0, silent=silent, number=1, fired=(minute(-99),))


def patience(signal: Signal, *, ripe: bool) -> timedelta:
    """How long the rule waits, so that a tick is too little, or just enough."""
    if not ripe:
        return 5 * MINUTE
    return AT_ONCE if signal in ("ok", "firing") else MINUTE


def stepped(signal: Signal, outcome: Outcome, no_data: NoData, *, ripe: bool) -> tuple[Instance, Step]:
    was, wait = before(signal, ripe=ripe), patience(signal, ripe=ripe)
    of = rule(no_data=no_data, hold=wait, clear=wait)
    return was, step(was, seen(outcome, 11), of, minute(12), TICK_S)


@pytest.mark.parametrize("ripe", [False, True])
def test_the_table_has_every_cell(ripe: bool) -> None:
    """Every signal, everything that can be seen, every policy: a new one of any needs its row."""
    assert sorted(cells(RIPE if ripe else FRESH)) == sorted(CELLS)


@pytest.mark.parametrize("ripe", [False, True])
@pytest.mark.parametrize(("signal", "outcome", "no_data"), CELLS)
def test_every_cell_does_what_the_table_says(signal: Signal, outcome: Outcome, no_data: NoData, ripe: bool) -> None:
    """The signal afterwards and the one event."""
    to, _, event = cells(RIPE if ripe else FRESH)[signal, outcome, no_data].partition("+")
    _, made = stepped(signal, outcome, no_data, ripe=ripe)
    assert (made.instance.signal, made.event) == (signal if to == "-" else to, EVENTS[event])


@pytest.mark.parametrize("ripe", [False, True])
@pytest.mark.parametrize(("signal", "outcome", "no_data"), CELLS)
def test_in_every_cell_the_numbers_follow_the_signal(signal: Signal, outcome: Outcome, no_data: NoData, ripe: bool) -> None:
    """Episodes are counted when they fire; what has begun bears its time; what is ok bears none."""
    was, made = stepped(signal, outcome, no_data, ripe=ripe)
    now = made.instance
    assert now.end == minute(11)
    assert now.number == was.number + (made.event == "fired")
    assert now.fired == ((minute(11),) if made.event == "fired" else was.fired)
    assert (now.since is None) == (now.signal == "ok")
    assert (now.failed_since is None) == (outcome != "failed")
    assert made.reason == ("recovered" if made.event == "resolved" else "")
    if made.event == "fired":
        assert now.since == (minute(9) if signal == "pending" else minute(11))
    elif now.signal not in ("ok", was.signal):
        assert (now.since, now.held_s) == (minute(11), 0)


@pytest.mark.parametrize("ripe", [False, True])
@pytest.mark.parametrize(("signal", "no_data"), tuple(product(get_args(Signal), get_args(NoData))))
def test_an_error_changes_nothing_but_the_blindness(signal: Signal, no_data: NoData, ripe: bool) -> None:
    """Neither the signal, nor its age, nor its number, nor the count of silent ticks, under any policy."""
    was, made = stepped(signal, "failed", no_data, ripe=ripe)
    same = ("signal", "since", "held_s", "value", "silent", "number", "fired")
    assert [getattr(made.instance, name) for name in same] == [getattr(was, name) for name in same]


# --- hold, clear, hysteresis --------------------------------------------------------------------------------------------


def test_without_a_hold_the_first_breach_fires() -> None:
    """In the tick that sees it."""
    assert events(each_minute("gb", rule())) == ["", "fired"]


def test_a_breach_fires_once_it_has_lasted_for_the_hold() -> None:
    """Three minutes after the first tick that saw it, and once."""
    made = each_minute("gbbbbbb", rule(hold=3 * MINUTE))
    assert events(made) == ["", "", "", "", "fired", "", ""]
    assert made[4].instance.since == minute(2)


@pytest.mark.parametrize("between", ["g", "B"])
def test_a_breach_that_ends_within_the_hold_says_nothing(between: str) -> None:
    """And the next one begins from nothing; a number on the good side of the limit is the end of a breach."""
    assert events(each_minute(f"bbb{between}bbb", rule(hold=3 * MINUTE))) == [""] * 7


def test_it_is_over_once_it_has_been_good_for_the_clear() -> None:
    """Two minutes after the first good tick, once, with the reason."""
    made = each_minute("bgggg", rule(clear=2 * MINUTE))
    assert events(made) == ["fired", "changed", "", "resolved", ""]
    assert made[3].reason == "recovered"


@pytest.mark.parametrize("again", ["b", "B"])
def test_a_recovery_that_breaks_off_is_the_same_episode(again: str) -> None:
    """A number that is not good again yet breaks it off, too; the next recovery begins from nothing."""
    made = each_minute(f"bgg{again}ggg", rule(clear=3 * MINUTE))
    assert events(made) == ["fired", "changed", "", "changed", "changed", "", ""]
    assert {each.instance.number for each in made} == {1}


def test_around_the_limit_nothing_fires_and_nothing_is_over() -> None:
    """Between the limit and the level of recovery what is ok stays ok, and what fires goes on firing."""
    assert signals(each_minute("gBBBBbBBBBBBBB", rule()))[-9:] == ["firing"] * 9
    assert set(signals(each_minute("gBBBBBBBB", rule()))) == {"ok"}


def test_an_edited_rule_keeps_the_episode() -> None:
    """Its hold and clear count from the next tick on."""
    fired = each_minute("bg", rule(clear=HOUR))
    assert events(each_minute("g", rule(clear=MINUTE), fired[-1].instance, first=3)) == ["resolved"]
    pending = each_minute("bb", rule(hold=HOUR))
    assert events(each_minute("b", rule(hold=2 * MINUTE), pending[-1].instance, first=3)) == ["fired"]


def test_the_newest_number_is_kept_while_there_is_none() -> None:
    """A message goes on to say what was known last."""
    known = step(instance(), seen("bad", 1, 93.5), rule(), minute(2), TICK_S).instance
    assert [each.instance.value for each in each_minute("nfn", rule(), known, first=2)] == [93.5] * 3


# --- no data and errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["n", "f"])
def test_the_age_of_a_breach_stands_still_while_nothing_is_known(blank: str) -> None:
    """Ticks that know nothing count neither for it nor against it: three of them make it three minutes later."""
    assert events(each_minute(f"bb{blank * 3}bbb", rule(hold=3 * MINUTE))) == [""] * 6 + ["fired", ""]


@pytest.mark.parametrize("blank", ["n", "f"])
def test_the_age_of_a_recovery_stands_still_while_nothing_is_known(blank: str) -> None:
    """Nobody is told that it is over on the strength of silence."""
    made = each_minute(f"bgg{blank * 30}gg", rule(clear=3 * MINUTE))
    assert [each for each in events(made) if each in ("fired", "resolved")] == ["fired", "resolved"]
    assert made[-1].event == "resolved"


@pytest.mark.parametrize("no_data", get_args(NoData))
@pytest.mark.parametrize("first", ["g", "b", "bg"])
def test_a_source_that_fails_for_a_day_neither_fires_nor_resolves(no_data: NoData, first: str) -> None:
    """The message is made anew when it goes blind and when it sees again, and not in between."""
    of = rule(no_data=no_data, clear=HOUR)
    made = each_minute(first + "f" * 1440 + first[-1], of)
    blind = made[len(first) :]
    assert {each.instance.signal for each in blind} == {made[len(first) - 1].instance.signal}
    is_open = made[0].event == "fired"
    assert [each for each in events(blind) if each] == (["changed", "changed"] if is_open else [])
    assert [each.instance.failed_since for each in blind[:-1]] == [minute(len(first) + 1)] * 1440


def test_nodata_waits_for_three_ticks_of_silence_and_then_for_the_hold() -> None:
    """Silence is a breach from its third tick on, and a breach must last."""
    assert events(each_minute("gnnnnnn", rule(no_data="nodata"))) == ["", "", "", "fired", "", "", ""]
    assert events(each_minute("gnnnnnn", rule(no_data="nodata", hold=2 * MINUTE))) == ["", "", "", "", "", "fired", ""]


def test_nodata_counts_only_silence_in_a_row() -> None:
    """A single number begins the count anew; an error neither adds to it nor ends it."""
    assert events(each_minute("nngnngnn", rule(no_data="nodata"))) == [""] * 8
    assert events(each_minute("nfnfn", rule(no_data="nodata"))) == ["", "", "", "", "fired"]


def test_two_silent_ticks_do_not_age_a_breach_under_nodata() -> None:
    """The breach was seen for one minute; the third silent tick counts as one more."""
    made = each_minute("bbnnn", rule(no_data="nodata", hold=2 * MINUTE))
    assert [each.instance.held_s for each in made[:4]] == [0, 60, 60, 60]
    assert made[4].event == "fired"


def test_what_silence_fired_is_over_when_numbers_come_again() -> None:
    """Good ones, for as long as the rule says; and it can fire again after that."""
    made = each_minute("nnngggnnn", rule(no_data="nodata", clear=2 * MINUTE))
    assert events(made) == ["", "", "fired", "changed", "", "resolved", "", "", "fired"]


def test_silence_that_counts_as_good_ends_what_fires() -> None:
    """Of a counter that is only sent when something happens."""
    assert events(each_minute("bnnn", rule(no_data="ok", clear=2 * MINUTE))) == ["fired", "changed", "", "resolved"]


def test_silence_that_counts_as_bad_honours_the_hold() -> None:
    """One silent tick is not yet a problem."""
    assert events(each_minute("nnng", rule(no_data="fire", hold=2 * MINUTE, clear=AT_ONCE))) == ["", "", "fired", "resolved"]


# --- gaps, restarts, clocks ---------------------------------------------------------------------------------------------


def test_a_skipped_tick_does_not_stop_the_age() -> None:
    """Two ticks apart is as good as one after the other."""
    assert events(after([(1, "bad"), (3, "bad"), (5, "bad")], rule(hold=4 * MINUTE))) == ["", "", "fired"]


def test_a_gap_of_more_than_two_ticks_adds_nothing_to_the_age() -> None:
    """Nobody saw what was in between: it is neither held nor cleared by it."""
    made = after([(1, "bad"), (2, "bad"), (60, "bad"), (61, "bad")], rule(hold=2 * MINUTE))
    assert events(made) == ["", "", "", "fired"]
    made = after([(1, "bad"), (2, "good"), (3, "good"), (60, "good"), (61, "good")], rule(clear=2 * MINUTE))
    assert events(made) == ["fired", "changed", "", "", "resolved"]


@pytest.mark.parametrize("tick_s", [1.0, 10.0, 60.0])
def test_ticks_faster_than_the_data_hold_as_long(tick_s: float) -> None:
    """What they judge ends at a full minute, so that many of them judge the same and most change nothing."""
    of, known = rule(hold=3 * MINUTE), instance()
    fired: list[datetime] = []
    for number in range(int(600 / tick_s)):
        now = minute(1) + timedelta(seconds=tick_s * number)
        end = (now - DELAY).replace(second=0)
        made = step(known, Seen("prod", "bad", 90.0, end), of, now, tick_s)
        known, fired = made.instance, fired + [end] * (made.event == "fired")
    assert fired == [minute(3)]


@pytest.mark.parametrize("signal", get_args(Signal))
@pytest.mark.parametrize("outcome", get_args(Outcome))
@pytest.mark.parametrize("end", [10, 9, -600])
def test_an_end_that_was_judged_already_changes_nothing(signal: Signal, outcome: Outcome, end: int) -> None:
    """The same one twice, or an older one that comes late: nothing is done twice, nothing is taken back."""
    was = before(signal, ripe=True)
    assert step(was, seen(outcome, end), rule(no_data="fire"), minute(11), TICK_S) == Step(was)


def test_an_end_of_this_very_moment_is_judged_once() -> None:
    """Where data are judged without delay, and the full minute is now."""
    was = before("ok", ripe=True)
    assert step(was, seen("bad", 10), rule(), minute(10), TICK_S) == Step(was)
    assert missing(before("firing", ripe=True), rule(), minute(10), TICK_S).instance.end == minute(10)


@pytest.mark.parametrize("outcomes", ["bbbb", "gggg", "bggg", "bgbg"])
def test_a_restart_at_any_tick_makes_no_difference(outcomes: str) -> None:
    """All that matters is in the instance: judged again from any point, the rest comes out the same."""
    of = rule(hold=MINUTE, clear=2 * MINUTE)
    whole = each_minute(outcomes, of)
    for cut in range(1, len(outcomes)):
        known = whole[cut - 1].instance
        again = each_minute(outcomes, of, known)  # everything anew, what was judged already too
        assert again[cut:] == whole[cut:]
        assert not any(events(again[:cut]))


def test_firing_across_a_restart_is_no_news() -> None:
    """The first tick after an hour finds it still bad."""
    made = after([(1, "bad"), (60, "bad")], rule())
    assert events(made) == ["fired", ""]


@pytest.mark.parametrize("signal", get_args(Signal))
def test_a_clock_that_was_ahead_does_not_blind_it(signal: Signal) -> None:
    """What was judged 30 days in the future is judged from now on again, with what it was, and with the age that it had."""
    ahead = minute(30 * 1440)
    was = instance(signal, since=None if signal == "ok" else ahead, held_s=60.0, end=ahead, number=1, fired=(ahead,))
    of = rule(hold=2 * MINUTE, clear=2 * MINUTE)
    made = [step(was, seen("bad", 1), of, minute(2), TICK_S)]
    assert made[0].instance.end == minute(1)
    assert made[0].instance.since == minute(1)
    assert made[0].event == ("changed" if signal == "recovering" else None)
    made += each_minute("bb", of, made[0].instance, first=2)
    assert made[-1].instance.signal == "firing"
    assert made[-1].instance.number == (2 if signal in ("ok", "pending") else 1)
    assert len(made[-1].instance.fired) == 1


def test_a_clock_that_was_ahead_leaves_no_times_in_the_future() -> None:
    """Since when a source has failed, and its series been gone, is told by the clock that is right."""
    ahead = minute(30 * 1440)
    was = instance("firing", since=ahead, end=ahead, failed_since=ahead, number=1, fired=(ahead,))
    (blind,) = each_minute("f", rule(), was)
    assert (blind.instance.since, blind.instance.failed_since, blind.event) == (minute(1), minute(1), None)
    assert [each.instance.end for each in absent(was, 2, rule(), first=1)] == [minute(2), minute(3)]


def test_a_clock_that_leaps_ahead_ends_nothing() -> None:
    """30 days of nothing seen are neither held nor cleared."""
    assert signals(after([(1, "bad"), (2, "good"), (43_200, "good")], rule()))[-1] == "recovering"
    assert signals(after([(1, "bad"), (43_200, "bad")], rule(hold=2 * MINUTE)))[-1] == "pending"


# --- rules and series that are gone -------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", ["firing", "recovering"])
def test_a_rule_that_is_gone_resolves_what_is_open_once(signal: Signal) -> None:
    """With the reason; a second look finds nothing to end."""
    made = removed(before(signal, ripe=False))
    assert (made.instance.signal, made.event, made.reason) == ("ok", "resolved", "rule removed")
    assert removed(made.instance) == Step(made.instance)


@pytest.mark.parametrize("signal", ["ok", "pending"])
def test_a_rule_that_is_gone_says_nothing_of_what_never_fired(signal: Signal) -> None:
    """And forgets what was pending."""
    made = removed(before(signal, ripe=False))
    assert (made.instance.signal, made.event, made.instance.since) == ("ok", None, None)


def test_a_rule_that_comes_back_goes_on_counting_its_episodes() -> None:
    """No number is used twice."""
    gone = removed(each_minute("b", rule())[-1].instance).instance
    assert each_minute("b", rule(), gone, first=2)[-1].instance.number == 2


def test_an_absent_series_recovers_after_two_ticks_and_resolves_once_it_is_clear() -> None:
    """One answer without it is no proof; then it is taken for over, which must last like any recovery."""
    made = absent(each_minute("b", rule())[-1].instance, 6, rule(clear=3 * MINUTE))
    assert events(made) == ["", "changed", "", "", "resolved", ""]
    assert made[4].reason == "missing"


def test_an_absent_series_that_comes_back_bad_is_the_same_episode() -> None:
    """It fires on."""
    was = absent(each_minute("b", rule())[-1].instance, 3, rule())[-1].instance
    (made,) = each_minute("b", rule(), was, first=5)
    assert (made.instance.signal, made.event, made.instance.number, made.instance.silent) == ("firing", "changed", 1, 0)


def test_an_absent_series_that_comes_back_good_goes_on_recovering() -> None:
    """One absent tick alone adds nothing to the recovery."""
    was = each_minute("bgg", rule())[-1].instance
    back = each_minute("g", rule(), absent(was, 1, rule(), first=4)[-1].instance, first=5)[-1]
    assert (back.instance.signal, back.instance.held_s, back.event) == ("recovering", 120, None)


def test_silence_of_a_series_is_not_its_absence() -> None:
    """A series that is there without numbers is kept however long, and one absent tick after that ends nothing."""
    was = each_minute("b" + "n" * 60, rule())[-1].instance
    assert signals(absent(was, 1, rule(), first=62)) == ["firing"]


def test_what_silence_fired_is_not_over_with_one_absent_tick() -> None:
    """Its silence before that was no absence."""
    was = each_minute("nnn", rule(no_data="nodata"))[-1].instance
    assert signals(absent(was, 2, rule(no_data="nodata"), first=4)) == ["firing", "recovering"]


def test_an_absent_series_forgets_what_was_pending_after_two_ticks() -> None:
    """Nobody heard of it."""
    was = each_minute("b", rule(hold=HOUR))[-1].instance
    made = absent(was, 2, rule(hold=HOUR))
    assert [(each.instance.signal, each.event) for each in made] == [("pending", None), ("ok", None)]


def test_an_absent_series_that_is_ok_stays_as_it_is() -> None:
    """There is nothing to end."""
    was = each_minute("g", rule())[-1].instance
    assert absent(was, 1, rule()) == [Step(was)]


# --- of any course of things --------------------------------------------------------------------------------------------


@given(st.text("bBgnf", max_size=80), st.sampled_from(get_args(NoData)))
def test_what_is_open_never_ends_on_an_error_or_on_silence_that_is_kept(outcomes: str, no_data: NoData) -> None:
    """The tick that resolves has seen something good, or silence that its rule calls good."""
    made = each_minute(outcomes, rule(no_data=no_data, clear=2 * MINUTE))
    ends = {letter for letter, each in zip(outcomes, made, strict=True) if each.event == "resolved"}
    assert ends <= ({"g", "n"} if no_data == "ok" else {"g"})
    begins = {letter for letter, each in zip(outcomes, made, strict=True) if each.event == "fired"}
    assert begins <= ({"b", "n"} if no_data in ("fire", "nodata") else {"b"})


def test_events_come_only_with_their_signals() -> None:
    """In a long course of everything: fired into firing, resolved into ok, the signals in their order."""
    made = each_minute("gbbBgnfgbgggggggnnfbbbbggggggg" * 8, rule(hold=MINUTE, no_data="nodata", clear=3 * MINUTE))
    assert {each.instance.signal for each in made if each.event == "fired"} == {"firing"}
    assert {each.instance.signal for each in made if each.event == "resolved"} == {"ok"}
    order = [signal for signal, _ in groupby(signals(made))]
    assert not {("ok", "recovering"), ("pending", "recovering"), ("firing", "pending")} & set(pairwise(order))

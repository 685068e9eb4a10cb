"""The grammar of the question: what is understood, and what is said when it is not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, reject
from hypothesis import strategies as some

from commands import SECTIONS as REGISTER
from commands.args import (
    Alerts,
    Ask,
    Backtest,
    BadInput,
    Help,
    OnCall,
    Runbook,
    Wish,
    compared,
    narrower,
    parse,
    text_of,
    wider,
    without_comparison,
)
from commands.help import usage
from tests.commands.asking import BERLIN, NOW, SECTIONS, ask, at, hears, refusal, wish

HOSTILE = (
    "x" * 100_000,
    " " * 100_000,
    "checkout\x00 6h",
    "\u202echeckout\u202c",
    "😀" * 80,
    "e" + "\u0301" * 250,
    "\ud800 checkout",
    "<!channel> <@U0123ABCD> <https://evil.example|here>",
    "`*_~>&`" * 40,
    "\ufdfa" * 300,
    "1h" * 150,
    "2026-11-21 " * 27,
    "env: " * 60,
    "." * 300,
)
WORDS = some.sampled_from(
    [
        *SECTIONS,
        "alerts",
        "backtest",
        "vs",
        "6h",
        "90d",
        "0h",
        "2026-02-30",
        "25:99",
        "yesterday",
        "today",
        "last",
        "week",
        "since",
        "09:00",
        "14:00..15:30",
        "..",
        "env:",
        "env:x",
        "csv",
        "only-me",
        "to",
        "-",
        "z",
        "?",
    ]
)
RANGES = some.one_of(
    some.integers(5, 90 * 1440).map("{}m".format),
    some.sampled_from(
        ["today", "yesterday", "since 09:00", "14:00..15:30", "22:00..02:00", "2026-11-01", "2026-10-24..2026-10-26"]
    ),
    some.tuples(some.integers(1, 28), some.integers(0, 23), some.integers(0, 59)).map(
        lambda clock: "2026-10-{:02} {:02}:{:02}..2026-10-29 00:00".format(*clock)
    ),
)
COMPARISONS = some.sampled_from(["", " vs yesterday", " vs last week", " vs 6h", " vs 2026-05-01", " vs 2026-05-01 10:00..11:00"])


def said_of(text: str) -> str:
    """The question as it was understood, "help", or the refusal."""
    try:
        heard = hears(text)
    except BadInput as error:
        return str(error)
    return text_of(heard.ask) if isinstance(heard, Wish) else type(heard).__name__.lower()


def test_nothing_asks_for_the_default_section() -> None:
    """Empty text is the default section, over the last six hours, of the default environment."""
    found = ask("")
    assert (found.section, found.window.words, found.env, found.against) == ("overview", "last 6 h", "prod", None)


def test_help_is_a_wish_of_its_own() -> None:
    """`help` is understood alone and among other words."""
    assert hears("Help") == hears("checkout help 6h") == Help()


@pytest.mark.parametrize("text", ["alerts", "Alerts", "alert", "open alerts", "“alerts”"])
def test_what_is_open_is_a_question_of_its_own(text: str) -> None:
    """However it is written."""
    assert hears(text) == Alerts()


@pytest.mark.parametrize(
    ("text", "rule", "days"),
    [
        ("backtest", "", 30),
        ("backtest checkout-success-rate 30d", "checkout-success-rate", 30),
        ("Backtest 7d Webhook-Lag", "webhook-lag", 7),
        ("backtest webhook-lag", "webhook-lag", 30),
        ("backtest 90d", "", 90),
    ],
)
def test_what_a_rule_would_have_done_is_a_question_of_its_own(text: str, rule: str, days: int) -> None:
    """One rule or all of them, over thirty days where no other time is named."""
    assert hears(text) == Backtest(rule, timedelta(days=days))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("backtest 91d", "90 days at most"),
        ("backtest 0d", "90 days at most"),
        ("backtest 7d 8d", "one rule, or none"),
        ("backtest webhook-lag retry-failures", "one rule, or none"),
        ("backtest <!channel>", "one rule, or none"),
        ("backtest etc/passwd", "is not the name of a rule"),
    ],
)
def test_a_backtest_that_cannot_be_is_refused(text: str, said: str) -> None:
    """With the right form."""
    assert said in refusal(text)
    assert "backtest checkout-success-rate 30d" in refusal(text)


@pytest.mark.parametrize(("text", "meant"), [("alrets", "alerts"), ("backtst", "backtest")])
def test_misspelt_questions_get_the_nearest_one(text: str, meant: str) -> None:
    """Did you mean …"""
    assert f"Did you mean `{meant}`?" in refusal(text)


@pytest.mark.parametrize("text", ["oncall", "on call", "On-Call", "who is oncall"][:3])
def test_who_is_on_call_is_a_question_of_its_own(text: str) -> None:
    """However it is written."""
    assert hears(text) == OnCall()


@pytest.mark.parametrize(
    ("text", "topic"),
    [("runbook", ""), ("Runbook checkout", "checkout"), ("runbook  webhook-lag now", "webhook-lag"), ("runbook <@U1>", "<@u1>")],
)
def test_the_runbook_is_asked_by_a_name(text: str, topic: str) -> None:
    """A section, an alert, or nothing: what it has is then said."""
    assert hears(text) == Runbook(topic)


def test_words_come_in_any_order_and_case() -> None:
    """Order, case and spaces make no difference."""
    first, second = (
        wish("checkout 6h vs last week env:staging csv"),
        wish(" CSV  env:Staging VS Last Week 6H Checkout "),
    )
    assert first == second
    assert (first.only_me, first.csv, first.ask.env) == (False, True, "staging")
    assert wish("ONLY-ME 6h").only_me


@pytest.mark.parametrize(
    "text",
    [
        "checkout 14:00–15:30",
        "checkout 14:00…15:30",
        "“checkout” 14:00..15:30",
        "checkout\u00a014:00 .. 15:30.",
        "`checkout 14:00-15:30`",
    ],
)
def test_what_phones_make_of_punctuation_is_forgiven(text: str) -> None:
    """Dashes, ellipses, curly quotes and hard spaces read as what was meant."""
    assert ask(text) == ask("checkout 14:00..15:30")


def test_equal_asks_within_a_minute_are_equal() -> None:
    """Twenty people asking in the same minute ask one question."""
    assert ask("checkout", NOW) == ask("checkout 360m", NOW + timedelta(seconds=17))


def test_the_default_environment_is_kept_as_it_is_spelt() -> None:
    """An environment of the settings with capitals can be named in any case."""
    heard = parse("env:PROD-eu", now=NOW, zone=BERLIN, env="Prod-EU", sections=SECTIONS, default_section="overview")
    assert isinstance(heard, Wish)
    assert heard.ask.env == "Prod-EU"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("retrys 6h", "There is no section `retrys`. Did you mean `retries`?"),
        ("foo 6h", "There is no section `foo`. The sections are `overview`, `checkout`"),
        ("checkout yesturday", "`yesturday` is not a word that paybot knows. Did you mean `yesterday`?"),
        ("checkout since", "Did you mean `since 09:00`?"),
        ("checkout 6x", "`6x` is not a range. Ranges look like `6h`"),
        ("checkout 6h 24h", "That names two ranges, `6h` and `24h`"),
        ("checkout retries", "That names two sections, `checkout` and `retries`"),
        ("checkout env:a env:b", "That names two environments, `env:a` and `env:b`"),
        ("checkout vs 6h vs 7d", "That names two comparisons, `6h` and `7d`"),
        ("checkout 6h vs", "After `vs` comes what to compare with: `vs yesterday`"),
        ("checkout 6h vs csv", "After `vs` comes what to compare with, not `csv`"),
        ("checkout env:", "That is not the name of an environment"),
        ("checkout env:-a/b", "`ab` is not the name of an environment"),
    ],
)
def test_what_is_not_understood_is_named_with_the_right_form(text: str, said: str) -> None:
    """A wrong word is named, with the nearest right one."""
    assert said in refusal(text)


def test_an_unknown_word_is_answered_with_the_usage() -> None:
    """The usage line stands after what is wrong."""
    assert refusal("foo").endswith("Usage: `/pay [section] [range] [vs range] [env:name] [only-me] [csv]`, or `/pay help`.")


def test_a_hostile_word_is_never_repeated_as_it_came() -> None:
    """Nothing that Slack would turn into a mention, a link or a change of direction comes back."""
    said = refusal("<!channel>`\u202e*x*\n@here https://evil.example " + "z" * 100)
    assert not set("<>@\u202e*\n") & set(said)
    assert "zzz" not in said


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_gets_a_short_answer_in_milliseconds(text: str) -> None:
    """Size and odd characters cost nothing and break nothing (the bound leaves room for a busy machine)."""
    start = time.perf_counter()
    assert len(said_of(text)) < 400
    assert time.perf_counter() - start < 0.25


@given(some.text(some.characters(codec=None), max_size=400) | some.lists(WORDS, max_size=9).map(" ".join))
def test_any_text_is_understood_or_plainly_refused(text: str) -> None:
    """Whatever is typed gives a wish, help, or a short printable sentence."""
    said = said_of(text)
    assert 0 < len(said) < 400
    assert said.isprintable()


@given(
    some.sampled_from(SECTIONS),
    RANGES,
    COMPARISONS,
    some.sampled_from([BERLIN, "UTC", "Australia/Lord_Howe", "America/New_York", "Asia/Kolkata"]),
    some.integers(0, 30 * 1440),
)
def test_the_text_of_an_ask_asks_the_same(section: str, window: str, versus: str, zone: str, minutes: int) -> None:
    """What `text_of` writes is understood as the very same question, whatever the default environment."""
    now = at("2026-10-30 00:00") + timedelta(minutes=minutes)
    try:
        found = ask(f"{section} {window}{versus} env:staging", now, zone)
    except BadInput:  # `today` just after midnight, and the like
        reject()
    again = parse(text_of(found), now=now, zone=zone, env="other", sections=SECTIONS, default_section="overview")
    assert isinstance(again, Wish)
    assert again.ask == found


def test_a_clock_range_means_the_same_tomorrow() -> None:
    """Clock times are written with their day; what is relative stays relative."""
    assert text_of(ask("checkout 14:00..15:30")) == "checkout 2026-11-21 14:00..15:30 env:prod"
    assert text_of(ask("checkout since 09:00")) == "checkout since 2026-11-22 09:00 env:prod"
    assert text_of(ask("checkout today vs yesterday env:qa")) == "checkout today vs yesterday env:qa"


def test_wider_and_narrower_keep_the_comparison() -> None:
    """The compared window changes its length along with the window."""
    found = wider(ask("checkout 6h vs last week env:qa"), NOW)
    assert found == ask("checkout 12h vs last week env:qa")
    assert narrower(found, NOW) == ask("checkout 6h vs last week env:qa")


def test_a_dated_comparison_keeps_its_distance() -> None:
    """Widened, a range that is compared with a fixed one stays as far from it."""
    found = wider(ask("checkout 1h vs 2026-11-22 10:00..11:00"), NOW)
    assert found is not None
    assert found.against is not None
    assert (found.against.start, found.against.end) == (at("2026-11-22 07:00"), at("2026-11-22 10:00"))


def test_there_is_an_end_to_widening_and_narrowing() -> None:
    """None at the ends of the ladder."""
    assert wider(ask("checkout 90d"), NOW) is None
    assert narrower(ask("checkout 15m"), NOW) is None


@given(
    some.sampled_from(
        ["6h", "today", "yesterday", "since 09:00", "2026-11-20 14:00..16:00", "2026-11-14..2026-11-20", "2026-11-22"]
    ),
    some.sampled_from(["", " vs yesterday", " vs last week", " vs 9h", " vs 2026-11-13", " vs 2026-11-13 10:00..11:00"]),
    some.lists(some.sampled_from([wider, narrower]), max_size=12),
    some.sampled_from([BERLIN, "America/New_York"]),
)
def test_any_pressing_of_buttons_leads_to_questions_that_can_be_typed(
    window: str, versus: str, presses: list[Callable[[Ask, datetime], Ask | None]], zone: str
) -> None:
    """However often the range is changed, the question can be written down and asked again, and the comparison fits."""
    found = ask(f"checkout {window}{versus}", zone=zone)
    for press in presses:
        found = press(found, NOW) or found
        assert ask(text_of(found), zone=zone) == found
        assert found.against is None or found.against.length == found.window.length


def test_a_comparison_is_added_and_taken_away() -> None:
    """`compared` and `without_comparison` are each other's inverse."""
    found: Ask = ask("checkout 6h")
    assert compared(found, NOW) == ask("checkout 6h vs last week")
    assert compared(found, NOW, "yesterday") == ask("checkout 6h vs yesterday")
    assert without_comparison(compared(found, NOW)) == found


def test_the_usage_shows_only_what_is_understood() -> None:
    """Every example of a range or comparison in the help text can be asked."""
    lines = [line for line in usage(REGISTER).splitlines() if line.startswith(("Ranges", "Comparisons"))]
    examples = [part for line in lines for part in line.split("`")[1::2]]
    assert len(examples) > 10
    assert all(ask(f"checkout {example}").section == "checkout" for example in examples)

"""`@paybot …` in a thread: whatever works as a command works there, and stays in the thread."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.slack.desk import Tools
from bot.slack.messages import Message
from bot.slack.text import escape
from commands import SECTIONS
from tests.slack.test_desk import INCIDENT, Office, words

THREAD = "1.5"
TOOLS = Tools(
    open_alerts=lambda zone: Message("1 alert is open."),
    backtest=lambda asked, zone: f"{asked.rule or 'all'} over {asked.since // timedelta(days=1)} d would have fired twice.",
    digest=lambda zone: Message("The digest would say this."),
)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_answered_in_the_thread(section: str) -> None:
    """Once, with its name, and nowhere else."""
    office = Office()
    office.mention(f"{section} 1h")
    assert {(said.where, said.thread_ts) for said in office.chat.posted} == {(INCIDENT, THREAD)}
    assert escape(SECTIONS[section].title) in str(office.chat.posted[0].message.blocks)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", "last 6 h"),
        ("24h", "last 24 h"),
        ("checkout today", "today since 00:00"),
        ("checkout since 09:00", "today since 09:00"),
        ("checkout 13:00..13:30", "13:00 to 13:30"),
        ("checkout 2026-11-21 14:00..16:00", "Sat 21 Nov 14:00 to 16:00"),
        ("checkout 6h vs yesterday", "compared with yesterday"),
        ("checkout 6h vs last week", "compared with last week"),
        ("checkout 1h env:staging", "env staging"),
        ("\n checkout\u00a0 1h ", "last 1 h"),
    ],
)
def test_ranges_comparisons_and_environments_work_in_a_thread(asked: str, shown: str) -> None:
    """Nothing alone is the overview; the rest is read as a command's text is."""
    office = Office()
    office.mention(asked)
    assert shown in str(office.chat.posted[0].message.blocks).replace("\\xa0", " ")
    assert office.chat.private == []


def test_csv_puts_the_numbers_into_the_thread() -> None:
    """The file of what the chart shows, beside the answer, in the thread that was asked in."""
    office = Office()
    office.mention("checkout 1h csv")
    ((channel, thread_ts, content),) = office.chat.files
    assert (channel, thread_ts) == (INCIDENT, THREAD)
    assert b"success rate" in content.lower()
    assert len(office.chat.posted) == 1


def test_only_me_stays_in_the_thread_for_its_asker() -> None:
    """Nobody else sees it, and it stands where it was asked."""
    office = Office()
    office.mention("checkout 1h only-me")
    assert [(said.where, said.user, said.thread_ts) for said in office.chat.private] == [(INCIDENT, "U1", THREAD)]
    assert office.chat.posted == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("help", "/pay"),
        ("oncall", "PagerDuty"),
        ("runbook", "runbook"),
        ("runbook receipts", "receipts"),
        ("alerts", "1 alert is open."),
        ("digest", "The digest would say this."),
        ("backtest checkout-success-rate 7d", "checkout-success-rate over 7 d would have fired twice."),
        ("checkuot", "Did you mean `checkout`?"),
        ("checkout csv only-me", "leave out either"),
    ],
)
def test_what_is_answered_in_words_is_told_to_the_asker_in_the_thread(asked: str, said: str) -> None:
    """As after a command: to the asker alone, one line, where it was asked."""
    office = Office(tools=TOOLS)
    office.mention(asked)
    assert [(told.where, told.user, told.thread_ts) for told in office.chat.private] == [(INCIDENT, "U1", THREAD)]
    assert said in words(office.chat.private)[0]
    assert office.chat.posted == []

"""What a digest says survives the database, and is quiet only where all is known and well."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.digest.content import Content
from bot.digest.words import Teller, lines
from commands import digest as asking
from tests.digest.office import FRIDAY, MORNING, alert, concern, content, name_of, note, row, shown

FULL: dict[str, Any] = {
    "rows": (row(state="bad", meanwhile="beyond target 97 % for 45 min"), row("window", "unknown")),
    "notes": (note(asking.OVERRIDES, "bad", "2 overrides to review", "Sat 14:05 t.sato: bank was down", owner="Support Ops"),),
    "alerts": (alert(), alert(handling="snoozed", who="U0DANA", until=MORNING + timedelta(hours=1))),
    "many_alerts": 2,
    "missed": (FRIDAY,),
    "dead": ("Slack did not take a message (note): the channel is archived",),
    "gaps": ("Datadog did not answer in 8 s; missing here: checkout.",),
    "links": (("Datadog", "https://example.test/d"),),
    "late_s": 4_800.0,
    "picture": "F0123ABCDE",
}


def test_a_digest_comes_back_from_json_as_it_was() -> None:
    """With every date and time."""
    wanted = content(**FULL)
    assert Content.from_json(json.loads(json.dumps(wanted.to_json()))) == wanted


def test_what_a_later_version_has_kept_is_left_out() -> None:
    """A row that is newer than the code can still be shown."""
    kept = content().to_json() | {"mood": "fine"}
    kept["rows"][0] = {**kept["rows"][0], "colour": "red"}
    assert Content.from_json(kept) == content()


@pytest.mark.parametrize("key", ["rows", "notes", "alerts", "missed", "dead", "gaps"])
def test_a_morning_is_quiet_only_where_nothing_is_to_be_read(key: str) -> None:
    """One thing is enough."""
    assert content().quiet
    more = {"many_alerts": 1} if key == "alerts" else {}
    assert not content(**{key: FULL[key]}, **more).quiet


def test_a_morning_whose_alerts_nobody_knows_is_not_quiet() -> None:
    """Nor one with a breach that is over."""
    assert not content(many_alerts=None).quiet
    over = shown(rows=(row(meanwhile="beyond target 97 % for 45 min"),))
    assert not over.content.quiet
    assert Teller(over).headline() == "Stand-up, Mon 23 Nov: nothing needs a look; no alert is open"
    assert list(Teller(over).meanwhile()) == ["Checkout was beyond target 97 % for 45 min"]


def test_every_part_of_a_full_digest_has_its_words() -> None:
    """As a terminal shows them."""
    taken = concern(asking.OVERRIDES, FRIDAY, taken_by="U0MIRA", taken_at=MORNING - timedelta(days=3))
    said = [line.replace("\u00a0", " ") for line in lines(shown(concern("checkout"), taken, **FULL), name_of)]
    assert said == [
        "Stand-up, Mon 23 Nov: checkout and overrides need a look; no data for window; 2 alerts open (nobody has 1)",
        "Fri 20 Nov 09:15 to Mon 23 Nov 09:15 · Europe/Berlin · env prod · compared with last week",
        "This comes 1 h 20 min late: paybot was not there when it was due.",
        "There was none on Fri 20 Nov: paybot was down; this one covers it.",
        "🔴 Checkout success rate: critical, open for 5 h, nobody has it",
        "💤 Checkout success rate: critical, open for 5 h, snoozed by Dana Weber until Mon 23 Nov 10:15",
        "⚠ look     checkout: success rate: 98.2 %",
        "? no data  window: success rate: 98.2 %",
        "⚠ Checkout: success rate: 98.2 % · Commerce Backend",
        "  beyond target 97 % for 45 min",
        "⚠ Overrides: 2 overrides to review · Support Ops (Taken by Mira Holm on Fri 20 Nov; amber for 3 days)",
        "  • Sat 14:05 t.sato: bank was down",
        "Slack did not take a message (note): the channel is archived",
        "Datadog did not answer in 8 s; missing here: checkout.",
        "On call: Mira Holm until Mon 23 Nov 19:15",
    ]


def test_what_is_unknown_and_was_not_well_is_still_told_of() -> None:
    """A gap is no recovery: somebody may still take it."""
    teller = Teller(shown(concern("window", FRIDAY), rows=(row("window", "unknown"),)))
    ((name, _, found),) = teller.attention()
    assert (name, teller.taken(found)) == ("window", "Nobody has it; amber for 3 days")

"""The digest's message: three lines on a quiet morning, buttons where something can be taken, Slack's limits whatever comes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.digest_message import REPEATED, digest_forms, digest_message, in_words
from bot.slack.digest_value import taken_by_value
from bot.slack.messages import Message
from bot.slack.tables import MESSAGE, weight
from commands import digest as asking
from tests.digest.office import FRIDAY, LISTS, MONDAY, MORNING, alert, concern, name_of, note, row, shown
from tests.slack.alert_office import SECRET

HOSTILE = "<!channel> <@U0DANA> *bold* <https://evil.test|pay> & \u202e4242424242424242 " * 40


def buttons(message: Message) -> dict[str, str]:
    """What is taken, by the action of its button."""
    found = [block["accessory"] for block in message.blocks if "accessory" in block]
    return {each["action_id"]: (taken_by_value(SECRET, each["value"]) or (None, ""))[1] for each in found}


def kinds(message: Message) -> list[str]:
    return [block["type"] for block in message.blocks]


def said(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False).replace("\u00a0", " ")


def test_a_quiet_morning_is_three_lines() -> None:
    """No table, no picture, no button."""
    message = digest_message(shown(), secret=SECRET)
    texts = [block["text"]["text"].replace("\u00a0", " ") for block in message.blocks]
    assert "\n".join(texts).splitlines() == [
        "*Stand-up, Mon 23 Nov: nothing needs a look in any of the 3 sections*",
        "No alert is open; 62 % of the budget of 30 days left; nothing waits in the queue.",
        "On call: Mira Holm until Mon 23 Nov 19:15.",
    ]
    assert buttons(message) == {}


def test_each_part_that_is_not_well_has_its_button() -> None:
    """With the date and the name in it; what is well has none."""
    parts = {"rows": (row(state="bad"), row("window")), "notes": (note(asking.DEAD, "bad", "2 dead letters"),)}
    message = digest_message(shown(concern("checkout"), concern(asking.DEAD), **parts), secret=SECRET)
    assert buttons(message) == {"digest.take.checkout": "checkout", "digest.take.dead_letters": "dead letters"}


def test_what_somebody_has_says_who_and_since_when_and_has_no_button() -> None:
    """By name, never as a mention."""
    taken = concern("checkout", FRIDAY, taken_by="U0DANA", taken_at=MORNING - timedelta(days=3))
    message = digest_message(shown(taken, rows=(row(state="bad"),)), secret=SECRET, name=name_of)
    assert buttons(message) == {}
    assert "_Taken by Dana Weber on Fri 20 Nov; amber for 3 days_" in said(message)
    assert "<@" not in said(message)


def test_a_preview_has_no_buttons_and_says_what_it_is() -> None:
    """Nothing can be taken of what was not posted."""
    message = digest_message(shown(concern("checkout"), rows=(row(state="bad"),)), notice="Only you see this.")
    assert buttons(message) == {}
    assert "Only you see this." in said(message)


def test_a_concern_that_is_over_or_began_later_has_no_button_in_an_older_digest() -> None:
    """The older message stays true."""
    older = digest_message(shown(concern("checkout", MONDAY + timedelta(days=1)), rows=(row(state="bad"),)), secret=SECRET)
    assert buttons(older) == {}
    assert "A later stand-up found it well again" in said(older)


def test_no_data_is_a_sign_and_words_and_never_well() -> None:
    """In the table and in the headline."""
    message = digest_message(shown(rows=(row(state="unknown"),), gaps=("Datadog did not answer; missing here: checkout.",)))
    assert "no data for checkout" in message.text
    assert "? no data" in said(message)
    assert "✓ well" not in said(message)


def test_a_late_digest_and_one_that_covers_missed_dates_say_so() -> None:
    """Also when all is well."""
    found = said(digest_message(shown(late_s=4_800.0)))
    assert "This comes 1 h 20 min late" in found
    assert "There was none on Fri 20 Nov" in said(digest_message(shown(missed=(FRIDAY,))))


def worst_case(text: str) -> dict[str, Any]:
    """Everything amber, everything long."""
    names = ("checkout", "window", "retries", "receipts", "funnel", "pipeline")
    rows = tuple(row(name, "bad", number=text, change=text, owner=text, meanwhile=text) for name in names)
    return {
        "rows": rows,
        "notes": tuple(note(name, "bad", text, *([text] * 20), owner=text) for name in LISTS),
        "alerts": tuple(alert(text, series=text) for _ in range(40)),
        "many_alerts": 100,
        "dead": (text,) * 10,
        "gaps": (text,) * 10,
        "people": text,
        "alt": text,
        "picture": "F0123ABCDE",
        "links": (("Datadog", "https://example.test/" + "x" * 900), ("bad", "javascript:alert(1)")),
    }


@pytest.mark.parametrize("text", [HOSTILE, "x" * 3_000, "€" * 3_000, "\n\n**\n" * 400])
def test_whatever_is_told_the_message_keeps_slacks_limits_and_nothing_in_it_is_live(text: str) -> None:
    """Fifty blocks, the characters of a message, one table; no mention, no link, no card number."""
    names = ("checkout", "window", "retries", "receipts", "funnel", "pipeline", *LISTS)
    for form in digest_forms(shown(*map(concern, names), **worst_case(text)), SECRET, lambda who: text, text):
        found = said(form)
        assert len(form.blocks) <= 50
        assert weight(form.blocks) <= MESSAGE
        assert kinds(form).count("table") <= 1
        assert len(form.text) <= 12_000
        assert not any(live in found + form.text for live in ("<!channel>", "<@U0DANA>", "<https://evil", "4242424242424242"))
        assert "javascript:" not in found


def test_a_hundred_alerts_are_a_few_lines_and_a_number() -> None:
    """The rest is one command away."""
    message = digest_message(shown(alerts=tuple(alert() for _ in range(40)), many_alerts=100))
    assert said(message).count("🔴") == 8
    assert "and 92 more: /pay alerts" in said(message)


def test_the_forms_are_tried_with_the_picture_without_it_and_as_bare_text() -> None:
    """Slack may refuse a picture, and blocks altogether."""
    full = shown(concern("checkout"), rows=(row(state="bad"),), picture="F0123ABCDE", alt="lines")
    first, second, third = digest_forms(full, SECRET, str, REPEATED)
    assert ("image" in kinds(first), "image" in kinds(second), third.blocks) == (True, False, ())
    assert "The picture could not be shown here." in said(second)
    assert third.text.startswith("Stand-up, Mon 23 Nov: checkout needs a look")
    assert "This may be a repeat" in third.text


def test_bare_text_is_never_empty() -> None:
    """Slack refuses that."""
    assert in_words(replace(shown(), content=replace(shown().content, rows=(), notes=(), people=""))).text

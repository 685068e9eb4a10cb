"""An alert as a Slack message, in every state, and within Slack's limits for any episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent
from bot.slack.alert_buttons import MENU, Buttons
from bot.slack.alert_lists import bundle_in_words, bundle_message, open_alerts_message
from bot.slack.alert_message import alert_message, alt_text, in_words, note_text
from bot.slack.alert_value import pointed
from bot.slack.alert_words import Said
from bot.slack.messages import Message
from bot.slack.text import size
from sandbox.workspace.blocks import check
from tests.slack.test_messages import LIVE, WORDS, texts

FIRED = datetime(2026, 11, 22, 3, 58, tzinfo=UTC)
NOW = FIRED + timedelta(minutes=12)
HOW = Buttons(secret=b"secret", runbook_url="https://wiki.example/runbook")
NAMES = {"U0DANA": "Dana Weber", "U0MEI": "Mei Tan"}
RATE = Episode(
    id="00c0ffee00c0ffee",
    rule="checkout-success-rate",
    series="prod",
    number=3,
    env="prod",
    title="Checkout success rate",
    owner="Commerce Backend",
    section="checkout",
    severity="critical",
    unit="%",
    limit=97.0,
    above=False,
    value=93.94,
    worst=92.1,
    since=FIRED - timedelta(minutes=10),
    opened=FIRED,
    reasons=("issuer_not_available: 4 % → 61 % of failures",),
    routes=("slack", "pagerduty"),
    version=4,
)
ACKED = replace(RATE, handling="acked", acked_by="U0DANA", acked_at=NOW)
SNOOZED = replace(RATE, handling="snoozed", snoozed_by="U0MEI", snoozed_until=NOW + timedelta(hours=1))
RECOVERING = replace(RATE, phase="recovering", value=98.0)
CLOSED = replace(RATE, phase="closed", closed=NOW, reason="recovered", value=98.2)


def shown(episode: Episode, **more: Any) -> Message:
    return alert_message(episode, NOW, how=HOW, names=NAMES, **more)


def said(message: Message) -> str:
    return "\n".join(texts([block for block in message.blocks if block["type"] != "actions"])).replace("\u00a0", " ")


def headline(message: Message) -> str:
    return str(message.blocks[0]["text"]["text"]).replace("\u00a0", " ")


def elements(message: Message) -> dict[str, Any]:
    return {each["action_id"]: each for block in message.blocks if block["type"] == "actions" for each in block["elements"]}


@pytest.mark.parametrize(
    ("episode", "words"),
    [
        (RATE, "*🔴 Checkout success rate (prod): firing*"),
        (ACKED, "*🟠 Checkout success rate (prod): firing, acknowledged by Dana Weber*"),
        (SNOOZED, "*💤 Checkout success rate (prod): firing, snoozed until 05:10*"),
        (RECOVERING, "*🟡 Checkout success rate (prod): recovering*"),
        (CLOSED, "*✅ Checkout success rate (prod): resolved after 22 min*"),
        (
            replace(RATE, escalated_by="U0DANA", escalated_at=NOW),
            "*🔴 Checkout success rate (prod): firing, escalated to PagerDuty*",
        ),
        (
            replace(CLOSED, reason="rule removed"),
            "*⚪ Checkout success rate (prod): ended, as its rule was removed or switched off*",
        ),
        (replace(CLOSED, reason="missing"), "*⚪ Checkout success rate (prod): ended, as its numbers come no more*"),
        (replace(RATE, drill=True), "*🔴 DRILL: Checkout success rate (prod): firing*"),
    ],
)
def test_the_headline_tells_the_state_in_words_and_by_a_sign(episode: Episode, words: str) -> None:
    """Who glances at the channel sees how it stands, also without colours."""
    assert headline(shown(episode)) == words


@pytest.mark.parametrize(
    ("episode", "words"),
    [
        (RATE, "Checkout success rate: firing since 03:48; 93.9 %, below the limit of 97 % (prod)"),
        (ACKED, "Checkout success rate: firing, acknowledged by Dana Weber; 93.9 %, below the limit of 97 % (prod)"),
        (CLOSED, "Checkout success rate: resolved after 22 min; worst 92.1 % (prod)"),
        (
            replace(CLOSED, drill=True),
            "Checkout success rate (drill, nothing is wrong): resolved after 22 min; worst 92.1 % (prod)",
        ),
    ],
)
def test_the_notification_begins_with_the_title(episode: Episode, words: str) -> None:
    """A phone's lock screen says which rule, how it stands, and by how much."""
    assert shown(episode).text.replace("\u00a0", " ") == words


def test_the_facts_stay_when_it_is_over() -> None:
    """From firing to the end the message tells when, how much, whose, why, and who did what."""
    over = replace(CLOSED, acked_by="U0DANA", acked_at=FIRED, escalated_by="U0MEI", escalated_at=NOW)
    facts = said(shown(over))
    for part in (
        "*When*\nSun 22 Nov 03:48 to 04:10 (22 min)",
        "*At the end*\n98.2 %, within the limit of 97 %",
        "*Worst*\n92.1 %",
        "*Owner*\nCommerce Backend",
        "*Likely reasons*\n• issuer_not_available: 4 % → 61 % of failures",
        "Acknowledged by Dana Weber at 03:58",
        "Escalated to PagerDuty by Mei Tan at 04:10",
    ):
        assert part in facts


def test_a_firing_alert_tells_since_when_and_how_much() -> None:
    """Value against limit, in the unit of the rule; times stand in the zone that is named."""
    facts = said(alert_message(RATE, NOW, "Europe/Berlin", how=HOW))
    assert "*Since*\nSun 22 Nov 04:48 (22 min)" in facts
    assert "*Now*\n93.9 %, below the limit of 97 %" in facts
    assert "times in Europe/Berlin" in facts


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unit": "s", "above": True, "limit": 120.0, "value": 300.0}, "5 min, above the limit of 2 min"),
        ({"unit": "", "above": True, "limit": 10.0, "value": 10.0}, "10, within the limit of 10"),
        ({"value": 96.96}, "96.96 %, below the limit of 97 %"),
        ({"value": None}, "no data; the limit is 97 %"),
        (
            {"value": None, "series": "Elasticsearch", "extra": {"said": "did not answer in 8 s"}},
            "Elasticsearch did not answer in 8 s",
        ),
    ],
)
def test_the_value_stands_against_its_limit(changes: dict[str, Any], words: str) -> None:
    """A number is told in its unit and never rounded onto its limit; where there is none, the message says why."""
    assert f"*Now*\n{words}" in said(shown(replace(RATE, **changes)))


def test_the_context_names_the_rule() -> None:
    """Who wants to change the rule finds its name, which instance this is, and what to ask next; nothing stands there twice."""
    grouped = replace(RATE, series="prod, region:eu")
    whole, group = (shown(each).blocks[-2]["elements"][0]["text"] for each in (RATE, grouped))
    assert whole == (
        "checkout-success-rate · env prod · critical · no. 3 · times in UTC · reference 00c0ffee · more: /pay checkout 1h"
    )
    assert group.startswith("checkout-success-rate · prod, region:eu · env prod · ")


def test_a_blind_alert_says_what_is_wrong_with_its_source() -> None:
    """Nobody takes an old number for a new one."""
    facts = said(shown(replace(RATE, blind="did not answer in 8 s")))
    assert "⚠︎ No fresh numbers: its source did not answer in 8 s." in facts
    assert "*Last known*\n93.9 %" in facts


def test_a_drill_is_marked_as_one() -> None:
    """Nobody is frightened by a drill, wherever they read it."""
    drill = replace(RATE, drill=True)
    assert "*This is a drill: nothing is wrong, and no customer is affected.*" in said(shown(drill))
    assert "drill" in shown(drill).text
    assert "This is a drill" in in_words(drill, NOW).text


def test_people_are_named_and_never_mentioned() -> None:
    """No edit of a message pings anybody; an ID without a name is somebody, a name from elsewhere stays."""
    assert "acknowledged by somebody" in headline(alert_message(ACKED, NOW, how=HOW))
    elsewhere = replace(ACKED, acked_by="Mei Tan in PagerDuty")
    assert "acknowledged by Mei Tan in PagerDuty" in headline(alert_message(elsewhere, NOW, how=HOW))


def test_the_chart_has_its_alt_text() -> None:
    """The picture follows into the same message, and who cannot see it hears its numbers."""
    (image,) = [block for block in shown(replace(RATE, chart="F0123ABCDE")).blocks if block["type"] == "image"]
    assert (image["slack_file"], image["alt_text"]) == ({"id": "F0123ABCDE"}, alt_text(RATE))


def test_the_incident_is_linked_only_where_it_has_an_address() -> None:
    """The link leads to PagerDuty; what is no web address is left out."""
    paged = replace(RATE, escalated_by="U0DANA", incident_url="https://acme.pagerduty.com/incidents/Q1?a=1&b=2")
    link = "<https://acme.pagerduty.com/incidents/Q1?a=1&amp;b=2|the incident in PagerDuty>"
    assert f"Escalated to PagerDuty by Dana Weber · {link}" in said(shown(paged))
    assert "the incident" not in said(shown(replace(paged, incident_url="javascript:alert(1)")))


# --- buttons --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("episode", "ids"),
    [
        (RATE, ["alert.acknowledge", "alert.snooze", "alert.escalate", "alert.runbook"]),
        (RECOVERING, ["alert.acknowledge", "alert.snooze", "alert.escalate", "alert.runbook"]),
        (ACKED, ["alert.acknowledge.undo", "alert.snooze", "alert.escalate", "alert.runbook"]),
        (SNOOZED, ["alert.acknowledge", "alert.snooze.end", "alert.escalate", "alert.runbook"]),
        (replace(RATE, escalated_by="U0DANA"), ["alert.acknowledge", "alert.snooze", "alert.runbook"]),
        (
            replace(RATE, escalated_by="U0DANA", extra={"pager_over": "2026"}),
            ["alert.acknowledge", "alert.snooze", "alert.escalate", "alert.runbook"],
        ),
        (CLOSED, ["alert.runbook"]),
    ],
)
def test_each_state_offers_what_can_be_done(episode: Episode, ids: list[str]) -> None:
    """Nothing is offered that is done already; what is over has its runbook only."""
    assert list(elements(shown(episode))) == ids


def test_nobody_is_offered_a_pager_that_is_not_there() -> None:
    """Without PagerDuty there is no button for it."""
    assert "alert.escalate" not in elements(alert_message(RATE, NOW, how=replace(HOW, pages=False)))


def test_every_press_names_the_version_that_was_seen() -> None:
    """A press on an old message is told apart from one on the present one."""
    found = elements(shown(RATE))
    values = [each["value"] for each in found.values() if "value" in each]
    values += [option["value"] for option in found["alert.snooze"]["options"]]
    seen = [pointed(HOW.secret, value) for value in values]
    assert {(each.episode, each.version) for each in seen if each} == {(RATE.id, 4)}
    assert [each.choice for each in seen if each] == ["", "", "", *MENU]


def test_the_menu_offers_five_lengths() -> None:
    """From a quarter of an hour to tomorrow morning, and any other."""
    labels = [option["text"]["text"] for option in elements(shown(RATE))["alert.snooze"]["options"]]
    assert labels == ["15 min", "1 h", "4 h", "until tomorrow 09:00", "other length …"]


def asked(episode: Episode, on_call: str = "") -> str:
    return str(elements(shown(episode, on_call=on_call))["alert.escalate"]["confirm"]["text"]["text"])


def test_escalating_asks_first_and_names_who_is_paged() -> None:
    """Nobody is woken by a slip of the finger, nor by a press on what has paged already; a closed incident is no such page."""
    slack_only = replace(RATE, routes=("slack",))
    assert asked(slack_only, "Mei Tan").startswith("Mei Tan is paged at once")
    assert asked(slack_only).startswith("Whoever is on call is paged at once")
    assert asked(RATE, "Mei Tan").startswith("PagerDuty was told when this fired. Mei Tan is paged again only if")
    assert asked(replace(RATE, extra={"pager_over": "2026"}), "Mei Tan").startswith("Mei Tan is paged at once")


@pytest.mark.parametrize("url", ["", "javascript:x", "https://a|b"])
def test_the_runbook_opens_its_page_or_is_answered(url: str) -> None:
    """The button leads to the rule's section; without a page that works the bot answers the press."""
    assert elements(shown(RATE))["alert.runbook"]["url"] == "https://wiki.example/runbook#checkout-success-rate"
    without = elements(alert_message(RATE, NOW, how=replace(HOW, runbook_url=url)))["alert.runbook"]
    assert "url" not in without
    assert pointed(HOW.secret, without["value"])


# --- lines of its thread ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "episode", "words"),
    [
        ("resolved", CLOSED, "Resolved after 22 min; worst 92.1 %."),
        (
            "resolved",
            replace(CLOSED, reason="rule removed"),
            "Ended, as its rule was removed or switched off after 22 min; worst 92.1 %.",
        ),
        ("reminder", RATE, "Still firing after 22 min, nobody has acknowledged it: 93.9 %, below the limit of 97 %."),
        ("snooze over", RATE, "The snooze is over and it is still firing, after 22 min: 93.9 %, below the limit of 97 %."),
        ("more severe", RATE, "This is critical now, so whoever had it must say so again: 93.9 %, below the limit of 97 %."),
        ("acknowledged", ACKED, "Acknowledged by Dana Weber."),
        ("unacknowledged", RATE, "The acknowledgement was taken back."),
        ("snoozed", SNOOZED, "Snoozed until 05:10 by Mei Tan."),
        ("snooze ended", RATE, "The snooze was ended."),
        ("escalated", replace(RATE, escalated_by="U0MEI"), "Escalated to PagerDuty by Mei Tan."),
    ],
)
def test_notes_tell_what_happened(kind: Said, episode: Episode, words: str) -> None:
    """The thread reads as the story of the alert."""
    assert note_text(kind, episode, NOW, names=NAMES).replace("\u00a0", " ") == words


def test_every_kind_of_news_has_words() -> None:
    """Nothing that the engine tells is without a sentence."""
    for kind in get_args(Said):
        assert note_text(kind, RATE, NOW).endswith(".")


# --- several alerts -------------------------------------------------------------------------------------------------


def many(count: int, **changes: Any) -> list[Episode]:
    return [
        replace(RATE, id=f"{number:016x}", rule=f"rule-{number}", series=f"prod, region:{number}", **changes)
        for number in range(count)
    ]


def test_a_storm_is_one_message_with_a_button_for_each() -> None:
    """Twenty-five alerts are read in one place, and each can be taken there."""
    episodes = many(25)
    message = bundle_message([*episodes[1:], replace(episodes[0], handling="acked")], NOW, how=HOW)
    rows = [block for block in message.blocks if "accessory" in block]
    assert message.text.startswith("Checkout success rate: 25 alerts fired at once")
    assert len(rows) == 25
    assert [row["accessory"]["action_id"] for row in (rows[0], rows[-1])] == ["alert.acknowledge", "alert.acknowledge.undo"]
    assert "rule-7" in message.blocks[-1]["elements"][0]["text"]


def test_a_storm_that_is_over_has_no_buttons() -> None:
    """What is closed is told as closed, and how many still go on is counted."""
    message = bundle_message([*many(2), *many(12, phase="closed", closed=NOW)[2:]], NOW, how=HOW)
    assert "*12 alerts fired at once; 2 of them still go on*" in said(message)
    assert sum("accessory" in block for block in message.blocks) == 2


def test_open_alerts_are_listed_with_their_buttons() -> None:
    """`/pay alerts` shows what is open, the most urgent first, what is over, and what nobody was told."""
    dead = Intent(
        key="k",
        episode=RATE.id,
        seq=1,
        target="pagerduty",
        kind="trigger",
        created=FIRED,
        said="PagerDuty does not know the key.",
    )
    message = open_alerts_message([ACKED, RATE], [CLOSED], NOW + timedelta(hours=3), how=HOW, names=NAMES, dead=[dead])
    lines = said(message)
    assert "*2 alerts are open.*" in lines
    assert lines.index("firing*") < lines.index("acknowledged by Dana Weber")
    assert "*Closed lately*\n✅ Checkout success rate (prod): resolved after 22 min; 3 h ago" in lines
    assert "⚠︎ PagerDuty was not told that it fires (3 h 12 min ago): PagerDuty does not know the key." in lines
    assert [len(block["elements"]) for block in message.blocks if block["type"] == "actions"] == [4, 4]


def test_without_open_alerts_the_list_says_so() -> None:
    """Quiet is told in words."""
    assert said(open_alerts_message([], [], NOW, how=HOW)) == "*No alert is open.*"


def test_what_does_not_fit_is_counted() -> None:
    """Nobody takes the first alerts for all."""
    message = open_alerts_message(many(60), many(30, phase="closed", closed=NOW), NOW, how=HOW)
    shown_ = sum(block["type"] == "actions" for block in message.blocks)
    assert shown_ >= 10
    assert f"and {60 - shown_} more, less urgent than these" in said(message)
    assert not faults(message)


# --- any episode ------------------------------------------------------------------------------------------------------

MOMENTS = st.integers(946_684_800, 4_102_444_800).map(lambda second: datetime.fromtimestamp(second, UTC))  # 2000 to 2100
NUMBERS = st.none() | st.floats()
EPISODES = st.builds(
    Episode,
    id=st.just(RATE.id),
    rule=WORDS,
    series=WORDS,
    number=st.integers(),
    env=WORDS,
    title=WORDS,
    owner=WORDS,
    section=WORDS,
    severity=st.sampled_from(["critical", "error", "warning", "info"]),
    unit=st.sampled_from(["", "%", "s", "ms", "count"]) | WORDS,
    limit=st.floats(),
    above=st.booleans(),
    value=NUMBERS,
    worst=NUMBERS,
    since=MOMENTS,
    opened=MOMENTS,
    closed=st.none() | MOMENTS,
    reason=st.sampled_from(["recovered", "missing", "rule removed"]) | WORDS,
    phase=st.sampled_from(["firing", "recovering", "closed"]),
    handling=st.sampled_from(["open", "acked", "snoozed"]),
    acked_by=WORDS,
    acked_at=st.none() | MOMENTS,
    snoozed_by=WORDS,
    snoozed_until=st.none() | MOMENTS,
    escalated_by=WORDS,
    escalated_at=st.none() | MOMENTS,
    incident_url=st.sampled_from(["https://a.example/", "https://a.example/" + "x" * 2_000]) | WORDS,
    reminded=st.none() | MOMENTS,
    reasons=st.lists(WORDS, max_size=9).map(tuple),
    blind=WORDS,
    drill=st.booleans(),
    chart=st.sampled_from(["", "F0123ABCDE"]),
    version=st.integers(1, 9_999_999_999),
    extra=st.dictionaries(st.sampled_from(["said", "pager_over"]), WORDS),
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Mars/Olympus", ""])


def faults(message: Message) -> list[str]:
    """Why Slack would not take the message."""
    found = [text for block in message.blocks for text in texts(block) if LIVE.search(text) and not text.startswith("https://")]
    if not 1 <= size(message.text) <= 4_000 or LIVE.search(message.text):
        found.append(message.text)
    if sum(size(text) for block in message.blocks for text in texts(block)) > 12_000:
        found.append("too long")
    if message.blocks:
        check(list(message.blocks), lambda file: True)
    return found


@settings(max_examples=100, deadline=None)
@given(EPISODES, MOMENTS, ZONES, st.dictionaries(WORDS, WORDS, max_size=3), WORDS)
def test_any_episode_keeps_slacks_limits_and_is_not_live(
    episode: Episode, now: datetime, zone: str, names: Mapping[str, str], said_: str
) -> None:
    """Whatever an episode holds, Slack takes its message, and nothing in it that came from data comes alive."""
    url = "https://wiki.example/"
    how = Buttons(secret=b"x", runbook_url=url)
    assert not faults(alert_message(episode, now, zone, how=how, names=names, on_call=said_, notice=said_))
    assert not faults(in_words(episode, now, zone, names, said_))
    for kind in get_args(Said):
        assert note_text(kind, episode, now, zone, names)


@settings(max_examples=30, deadline=None)
@given(st.lists(EPISODES, max_size=3), st.integers(1, 25), MOMENTS, ZONES, WORDS)
def test_any_episodes_keep_slacks_limits_together(some: list[Episode], times: int, now: datetime, zone: str, said_: str) -> None:
    """However many there are, Slack takes the message that holds them."""
    episodes = some * times
    dead = [Intent(key="k", episode="e", seq=1, target="slack", kind="note", created=now, said=said_)] * times
    assert not faults(bundle_message(episodes, now, zone, how=HOW, notice=said_))
    assert not faults(bundle_in_words(episodes, now, zone))
    assert not faults(open_alerts_message(episodes, episodes, now, zone, how=HOW, dead=dead, on_call=said_))

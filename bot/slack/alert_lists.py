"""Several alerts in one message: those of a storm, and what `/pay alerts` shows. Pure, within Slack's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import MarkdownTextObject, SectionBlock

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent
from bot.alerts.rule import SEVERITIES
from bot.slack.alert_buttons import Buttons, actions, main_button
from bot.slack.alert_words import DRILL, NOBODY, Names, Teller, sign, standing, worst
from bot.slack.messages import Message
from bot.slack.tables import MESSAGE, NOTE, Block, as_block, one_line, section, small_print, weight
from bot.slack.text import escape

LINE: Final = 180
MOST_BLOCKS: Final = 46  # of Slack's 50; some are kept for what was left out
MOST_CLOSED: Final = 10
MOST_DEAD: Final = 10
MOST_RULES: Final = 1_000  # characters of a bundle's context line
TITLES: Final = {"slack": "Slack", "pagerduty": "PagerDuty", "opsgenie": "Opsgenie"}
DUTIES: Final = {
    "show": "the alert's message",
    "note": "a line in its thread",
    "chart": "its chart",
    "digest": "the stand-up digest",
    "trigger": "that it fires",
    "create": "that it fires",
    "acknowledge": "that somebody has it",
    "resolve": "that it is over",
    "close": "that it is over",
}


def bundle_message(
    episodes: Sequence[Episode], now: datetime, zone: str = "UTC", *, how: Buttons, names: Names = NOBODY, notice: str = ""
) -> Message:
    """Alerts that fired at once, each as it stands, with its first button; the most urgent first."""
    teller, shown = Teller(now, zone, names), sorted(episodes, key=_urgency)
    still = sum(episode.phase != "closed" for episode in shown)
    count = f"{len(shown)} alerts fired at once" + ("" if still == len(shown) else f"; {still} of them still go on")
    head = (section(f"*{count}*"), *((small_print(one_line(notice, NOTE)),) if notice.strip() else ()))
    rules = small_print(one_line(" · ".join(dict.fromkeys(episode.rule for episode in shown)), MOST_RULES))
    rows = [(_row(episode, teller, how),) for episode in shown]
    title = f"{shown[0].title}{f' ({DRILL})' if shown[0].drill else ''}" if shown else "paybot"
    return Message(escape(f"{title}: {count}", NOTE).strip() or "paybot", (*_fitting(head, rows, (rules,)), rules))


def bundle_in_words(episodes: Sequence[Episode], now: datetime, zone: str = "UTC", names: Names = NOBODY) -> Message:
    """The same as bare text, for when Slack takes no blocks."""
    teller = Teller(now, zone, names)
    lines = [one_line(teller.news(episode), LINE) for episode in sorted(episodes, key=_urgency)[:15]]
    return Message("\n".join((*lines, f"{len(episodes)} alerts fired at once; `/pay alerts` shows them all.")))


def open_alerts_message(
    open_: Sequence[Episode],
    closed: Sequence[Episode],
    now: datetime,
    zone: str = "UTC",
    *,
    how: Buttons,
    names: Names = NOBODY,
    dead: Sequence[Intent] = (),
    on_call: str = "",
) -> Message:
    """What is open, with its buttons, what was closed lately, and what could not be delivered."""
    teller = Teller(now, zone, names)
    count = f"{len(open_)} alert{'s are' if len(open_) != 1 else ' is'} open" if open_ else "No alert is open"
    below = (*_closed(closed, teller), *_dead(dead, teller))
    rows = [(_words(episode, teller), actions(episode, how, on_call)) for episode in sorted(open_, key=_urgency)]
    return Message(f"{count}.", (*_fitting((section(f"*{count}.*"),), rows, below), *below))


def _urgency(episode: Episode) -> tuple[object, ...]:
    """Open before acknowledged before snoozed before closed; within that by severity and age."""
    phase = {"firing": 0, "recovering": 1, "closed": 2}[episode.phase]
    handling = {"open": 0, "acked": 1, "snoozed": 2}[episode.handling]
    return phase == 2, handling, phase, SEVERITIES.index(episode.severity), episode.opened, episode.id


def _fitting(head: tuple[Block, ...], rows: Sequence[tuple[Block, ...]], below: tuple[Block, ...]) -> tuple[Block, ...]:
    """Head and as many rows as a message holds; what is left out is counted."""
    room, places, shown = MESSAGE - weight((*head, *below)) - NOTE, MOST_BLOCKS - len(head) - len(below), list(head)
    for number, row in enumerate(rows):
        room, places = room - weight(row), places - len(row)
        if room < 0 or places < 0:
            left = len(rows) - number
            return (*shown, small_print(f"and {left} more, less urgent than these"))
        shown.extend(row)
    return tuple(shown)


def _row(episode: Episode, teller: Teller, how: Buttons) -> Block:
    """One alert of many: its words, with the one button beside them."""
    words = MarkdownTextObject(text=_two_lines(episode, teller), verbatim=True)
    return as_block(SectionBlock(text=words, accessory=main_button(episode, how)))


def _words(episode: Episode, teller: Teller) -> Block:
    return section(_two_lines(episode, teller))


def _two_lines(episode: Episode, teller: Teller) -> str:
    """The headline and the facts; rule and owner are named, as no other place says them."""
    facts = worst(episode) if episode.phase == "closed" else standing(episode)
    more = f"{facts} · {teller.length(episode)} · {episode.owner} · {episode.rule}"
    return f"*{one_line(teller.headline(episode), LINE)}*\n{one_line(more, LINE)}"


def _closed(closed: Sequence[Episode], teller: Teller) -> Iterator[Block]:
    lines = [
        one_line(f"{sign(episode)} {episode.title} ({episode.series}): {teller.state(episode)}; {teller.ago(at)} ago", LINE)
        for episode in closed[:MOST_CLOSED]
        if (at := episode.closed)
    ]
    if lines:
        yield section("\n".join(("*Closed lately*", *lines)))


def _dead(dead: Sequence[Intent], teller: Teller) -> Iterator[Block]:
    lines = [
        one_line(
            f"⚠︎ {TITLES[intent.target]} was not told {DUTIES[intent.kind]} ({teller.ago(intent.created)} ago): {intent.said}",
            LINE,
        )
        for intent in dead[:MOST_DEAD]
    ]
    if len(dead) > MOST_DEAD:
        lines.append(f"and {len(dead) - MOST_DEAD} more")
    if lines:
        yield section("\n".join(("*Not delivered*", *lines)))

"""App Home as Slack takes it, pure: the overview as cards, what is open, who is on call, and what the reader has set.

One picture shows all sections' curves: Slack takes pictures as uploaded files only, and one for each card and reader would be
hundreds of files an hour. The cards say the same in words, and are there before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import (
    ButtonElement,
    DividerBlock,
    HeaderBlock,
    ImageBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.blocks.basic_components import SlackFile
from slack_sdk.models.views import View

from bot.answer import Answer
from bot.people import Settings
from bot.slack.home_controls import REFRESH, controls
from bot.slack.messages import ALT, NO_PICTURE, Message
from bot.slack.tables import NOTE, Block, as_block, one_line, section, small_print
from bot.slack.text import escape, plain
from charts.data import Value
from commands.open_alerts import KEY
from commands.overview import NO_DATA, STATES
from commands.words import stamp

CALLBACK: Final = "home"
NOTICE: Final = 1_000
CARD: Final = 300  # characters of each of its lines
ROW: Final = 10  # cards in one block: Slack takes no more fields
MOST_GAPS: Final = 6
MOST_LEVELS: Final = 8
OWN: Final = "only you see this page"
AWAITED: Final = "newer numbers are awaited"
NO_CHANGES: Final = "Your settings cannot be changed now: {}. The usual ones hold meanwhile."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one reader is shown. Without an `answer`, `said` stands in the place of the numbers.

    `made` is when the numbers were asked for, `zone` the reader's own. `file_id` is the picture's: None while there is none yet,
    "" where it could not be shown. `mine` is None where settings cannot be changed, for the reason `why`. `notice` is what came
    of the reader's last press (mrkdwn, escaped already).
    """

    zone: str
    made: datetime | None = None
    answer: Answer | None = None
    said: str = ""
    file_id: str | None = None
    alerts: Message | None = None
    alerts_said: str = ""
    mine: Settings | None = None
    why: str = ""
    slack_zone: str = ""
    theme: str = "light"
    notice: str = ""
    awaited: bool = False  # newer numbers are being asked for


def home_view(shown: Shown) -> Block:
    """The whole view, as views.publish takes it."""
    view: Block = View(type="home", callback_id=CALLBACK, blocks=list(_blocks(shown))).to_dict()
    return view


def closed_view(said: str) -> Block:
    """The view of whoever may not see numbers: the sentence why."""
    blocks = (_header("Payments now"), section(escape(said)))
    view: Block = View(type="home", callback_id=CALLBACK, blocks=list(blocks)).to_dict()
    return view


def _blocks(shown: Shown) -> Iterator[Block]:
    if shown.notice.strip():
        yield section(shown.notice[:NOTICE])
        yield as_block(DividerBlock())
    yield _header("Payments now")
    yield _headline(shown.answer.headline if shown.answer else shown.said)
    yield as_block(DividerBlock())
    yield _header("Alerts")
    yield from shown.alerts.blocks if shown.alerts else (section(escape(shown.alerts_said) or "Looking up the alerts …"),)
    if shown.answer:
        yield as_block(DividerBlock())
        yield _header("Sections")
        yield from _numbers(shown, shown.answer)
    yield as_block(DividerBlock())
    yield _header("Your settings")
    yield from _settings(shown)


def _header(text: str) -> Block:
    return as_block(HeaderBlock(text=PlainTextObject(text=text)))


def _numbers(shown: Shown, answer: Answer) -> Iterator[Block]:
    yield from _cards(answer)
    for gap in answer.gaps[:MOST_GAPS]:
        yield small_print(one_line(f"⚠︎ {gap.sentence()}", NOTE))
    yield from _on_call(answer)
    yield small_print(one_line(_made(shown, answer), NOTE))
    yield from _picture(answer, shown.file_id)


def _headline(said: str) -> Block:
    """What a tired person reads first, with the button that looks again."""
    words = MarkdownTextObject(text=f"*{one_line(said, 500)}*", verbatim=True)
    return as_block(SectionBlock(text=words, accessory=ButtonElement(text=PlainTextObject(text="Refresh"), action_id=REFRESH)))


def _cards(answer: Answer) -> Iterator[Block]:
    """One card a section: its state, its number, the change. What has no data says why."""
    rows = [row for row in _rows(answer, "Sections") if row[0] != KEY]  # what is open stands below, with its buttons
    for first in range(0, len(rows), ROW):
        fields = [MarkdownTextObject(text=_card(row), verbatim=True) for row in rows[first : first + ROW]]
        yield as_block(SectionBlock(fields=fields))


def _card(row: Sequence[Value]) -> str:
    name, state, said, change = (one_line(str(value or "–"), CARD) for value in row[:4])
    what, found, number = said.partition(": ")
    is_number = bool(found) and state != NO_DATA
    title = f"*{name.capitalize()}*" + (f"  {state}" if state != STATES["plain"] else "")
    return "\n".join((title, f"*{number}*  {what}" if is_number else said, *((change,) if change != "–" else ())))


def _rows(answer: Answer, title: str) -> Sequence[Sequence[Value]]:
    return next((each.table.rows for each in answer.tables if each.title == title), ())


def _picture(answer: Answer, file_id: str | None) -> Iterator[Block]:
    if file_id:
        alt = plain(answer.alt, ALT).strip() or "the sections' curves"
        yield as_block(ImageBlock(alt_text=alt, slack_file=SlackFile(id=file_id)))
    elif file_id is not None and answer.picture:
        yield small_print(one_line(answer.picture_fault or NO_PICTURE, NOTE))


def _on_call(answer: Answer) -> Iterator[Block]:
    """Who is on call, level by level; where nobody can say, the gap says so."""
    levels = [
        f"level {level:g}: {person}" if isinstance(level, int | float) else str(person) for level, person in _levels(answer)
    ]
    if levels:
        yield section(f"*On call*  {one_line(' · '.join(levels), NOTE)}")


def _levels(answer: Answer) -> Iterator[tuple[Value, Value]]:
    for row in _rows(answer, "On call")[:MOST_LEVELS]:
        yield row[0], row[1]


def _made(shown: Shown, answer: Answer) -> str:
    made = f"as of {stamp(shown.made, shown.zone)} {shown.zone}" if shown.made else ""
    return " · ".join(
        part for part in (answer.ask.window.words, made, f"env {answer.ask.env}", AWAITED * shown.awaited, OWN) if part
    )


def _settings(shown: Shown) -> Iterator[Block]:
    if shown.mine is None:
        yield section(one_line(NO_CHANGES.format(shown.why or "the store does not answer"), NOTE))
        return
    yield from controls(shown.mine, shown.slack_zone or "UTC", shown.theme)

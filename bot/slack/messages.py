"""An answer as one Slack message, pure: every text has come through `bot.slack.text`, and any data keep Slack's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final
from urllib.parse import urlsplit

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, ImageBlock, PlainTextObject
from slack_sdk.models.blocks.basic_components import SlackFile

from bot.answer import Answer
from bot.ports import Link
from bot.slack.buttons import value_of
from bot.slack.spreadsheet import csv_text
from bot.slack.tables import MESSAGE, NOTE, Block, as_block, one_line, section, small_print, table_blocks, weight
from bot.slack.text import escape, plain, size
from commands.words import clock, span

__all__ = ["Block", "Message", "answer_message", "csv_text", "further_tables"]

# What each part may take of a message's MESSAGE characters, so that some 2,000 are always left for its table.
HEADLINE: Final = 500
ALT: Final = 1_000
FACTS: Final = 1_800
GAPS: Final = 1_200
LINKS: Final = 2_400
PLACE: Final = 600
VALUE: Final = 400
NO_PICTURE: Final = "The picture could not be shown here."


@dataclass(frozen=True, slots=True)
class Message:
    """Ready to be sent: escaped, masked and within Slack's limits.

    `text` is the notification and what a screen reader says first; `blocks` are what is shown, the text itself if there are none.
    """

    text: str
    blocks: tuple[Block, ...] = ()


def answer_message(
    answer: Answer,
    file_id: str = "",
    *,
    charts: tuple[Block, ...] = (),
    notice: str = "",
    csv_link: str = "",
    only_me: bool = False,
) -> Message:
    """The answer with its picture (an uploaded file's ID), or in words where there is none.

    `charts` are blocks of Slack's own in the picture's place, with the panels in words below them. `notice` is one line for
    whoever reads this copy; `csv_link` leads to the data in the thread; with `only_me` the buttons keep the answer private.
    """
    above = (
        section(f"*{one_line(answer.headline or answer.title, HEADLINE)}*"),
        *_notice(notice),
        *_shown(answer, file_id, charts),
    )
    below = (*_gaps(answer), *_links(answer, csv_link), _place(answer), *_buttons(answer, only_me))
    room = MESSAGE - weight((*above, *below))
    tables = (block for titled in answer.tables[:1] for block in table_blocks(titled, room))
    return Message(escape(answer.headline or answer.title, HEADLINE) or "paybot", (*above, *tables, *below))


def further_tables(answer: Answer) -> tuple[Message, ...]:
    """The tables after the first, for the thread: Slack takes one table in a message."""
    return tuple(Message(one_line(titled.title, NOTE), table_blocks(titled, MESSAGE)) for titled in answer.tables[1:])


def _notice(notice: str) -> Iterator[Block]:
    if notice.strip():
        yield small_print(one_line(notice, NOTE))


def _shown(answer: Answer, file_id: str, charts: tuple[Block, ...]) -> Iterator[Block]:
    """The picture, or what it would have shown, and why it is missing."""
    yield from charts
    if file_id:
        alt = plain(answer.alt, ALT).strip() or plain(answer.headline, ALT).strip() or "chart"
        yield as_block(ImageBlock(alt_text=alt, slack_file=SlackFile(id=file_id)))
        return
    if facts := _first((f"• {one_line(fact, NOTE)}" for fact in answer.facts), FACTS):
        yield section("\n".join(facts))
    if not charts and (answer.picture_fault or answer.picture):
        yield small_print(one_line(answer.picture_fault or NO_PICTURE, NOTE))


def _gaps(answer: Answer) -> Iterator[Block]:
    """What is missing, by name."""
    if gaps := _first((f"⚠︎ {one_line(gap.sentence(), NOTE)}" for gap in answer.gaps), GAPS):
        yield section("\n".join(gaps))


def _first(texts: Iterable[str], limit: int) -> list[str]:
    """As many whole texts as fit into `limit` characters with three between them."""
    wanted = list(texts)
    ends = accumulate(size(text) + 3 for text in wanted)
    return [text for text, end in zip(wanted, ends, strict=True) if end <= limit]


def _links(answer: Answer, csv_link: str) -> Iterator[Block]:
    """Where the same data are: as CSV and at the vendors. A link that would not work is left out."""
    wanted = (*((Link("CSV in the thread", csv_link),) if csv_link else ()), *answer.links)
    links = (f"<{escape_url(link.url)}|{one_line(link.title, 60)}>" for link in wanted if is_web(link.url))
    if shown := _first(links, LINKS):
        yield section("The same data: " + " · ".join(shown))


def is_web(url: str) -> bool:
    """Whether it is an address a browser opens, with nothing in it that would end Slack's link."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable() and not set(url) & set(' <>|"')


def escape_url(url: str) -> str:
    return url.replace("&", "&amp;")


def _place(answer: Answer) -> Block:
    """Range and zone, comparison, environment, owner and reference, in small print."""
    window, against = answer.ask.window, answer.ask.against
    times = span(window.start, window.end, window.zone)
    parts = (
        answer.title,
        window.words if window.words == times else f"{window.words}: {times}",
        f"as of {clock(window.end, window.zone)} {window.zone}",
        *((f"compared with {against.words}",) if against else ()),
        f"env {answer.ask.env}",
        answer.owner,
        f"reference {answer.reference}",
    )
    return small_print(one_line(" · ".join(part for part in parts if part), PLACE))


def _buttons(answer: Answer, only_me: bool) -> Iterator[Block]:
    """Refresh, range, comparison and CSV; none where the question is too long to come back."""
    value = value_of(answer.ask, only_me)
    if size(value) > VALUE:
        return
    compare = "Without comparison" if answer.ask.against else "vs last week"
    labels = {
        "answer.refresh": "Refresh",
        "answer.range.narrower": "Narrower",
        "answer.range.wider": "Wider",
        "answer.compare": compare,
        **({} if only_me else {"answer.csv": "CSV"}),  # a file in a thread is seen by the whole channel
    }
    yield as_block(
        ActionsBlock(
            elements=[
                ButtonElement(text=PlainTextObject(text=label), action_id=action, value=value) for action, label in labels.items()
            ]
        )
    )

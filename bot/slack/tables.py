"""A table as Slack shows it: its heading, its rows as far as a message holds them, and small print that says what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from slack_sdk.models.blocks import ContextBlock, MarkdownTextObject, SectionBlock, TableBlock
from slack_sdk.models.blocks.basic_components import RawTextObject, TableBlockColumnSettings

from bot.slack.text import escape, plain, size
from charts.data import Column, Value
from commands.panel import TitledTable
from commands.words import count, figure

Block = dict[str, Any]

MESSAGE: Final = 11_500  # Slack refuses a message at some 13,200 characters in all its blocks (msg_blocks_too_long)
ROWS: Final = 100  # with the header
COLUMNS: Final = 20
CELL: Final = 100
TITLE: Final = 150
NOTE: Final = 300
_SPACES: Final = re.compile(r"[ \t\r\n]+")  # no-break spaces stay
_EMPTY: Final = "–"  # a cell needs a character


def table_blocks(titled: TitledTable, room: int) -> tuple[Block, ...]:
    """Heading, table and small print in at most `room` characters (at least 1,000); rows that do not fit are counted."""
    heading = section(f"*{one_line(titled.title, TITLE)}*")
    if not titled.table.rows or not titled.table.columns:
        return (section(f"*{one_line(titled.title, TITLE)}*: nothing in this range."),)
    rows = _fitting(titled, room - weight((heading,)) - 2 * NOTE)
    notes = [one_line(titled.note, NOTE)] if titled.note.strip() else []
    left_out = len(titled.table.rows) - len(rows) + 1
    if left_out:
        notes.append(f"The first {count(len(rows) - 1)} of {count(len(titled.table.rows))} rows; the CSV has them all.")
    return (heading, _table(titled.table.columns[:COLUMNS], rows), *(small_print(note) for note in notes))


def section(mrkdwn: str) -> Block:
    """Words of the message; `mrkdwn` is escaped already."""
    return as_block(SectionBlock(text=MarkdownTextObject(text=mrkdwn, verbatim=True)))


def small_print(mrkdwn: str) -> Block:
    """Words in small grey letters; `mrkdwn` is escaped already."""
    return as_block(ContextBlock(elements=[MarkdownTextObject(text=mrkdwn, verbatim=True)]))


def as_block(model: Any) -> Block:
    """The block as Slack gets it; the model refuses what breaks one of its limits."""
    block: Block = model.to_dict()
    return block


def one_line(text: str, limit: int) -> str:
    """Text for mrkdwn on one line, never empty."""
    return escape(_SPACES.sub(" ", text), limit).strip() or _EMPTY


def weight(blocks: Iterable[object]) -> int:
    """The characters of all texts in these blocks, as Slack may count them."""
    return sum(_weight(block) for block in blocks)


def _weight(part: object) -> int:
    if isinstance(part, str):
        return size(part)
    if isinstance(part, dict):
        return sum(_weight(value) for key, value in part.items() if key != "type")
    return weight(part) if isinstance(part, list | tuple) else 0


def _fitting(titled: TitledTable, room: int) -> list[list[str]]:
    """Header and rows as texts, as many as `room` and Slack hold; always the header and a first row."""
    columns = titled.table.columns[:COLUMNS]
    limit = min(CELL, room // (2 * len(columns)))
    rows = [[cell(column.title, "text", limit) for column in columns]]
    room -= weight(rows)
    for row in titled.table.rows[: ROWS - 1]:
        padded = (*row, *(None,) * len(columns))
        texts = [cell(value, column.unit, limit) for column, value in zip(columns, padded, strict=False)]
        room -= weight(texts)
        if room < 0:
            break
        rows.append(texts)
    return rows


def cell(value: Value, unit: str, limit: int) -> str:
    """A value as its cell shows it, never empty."""
    return plain(figure(value, unit), limit).strip() or _EMPTY


def _table(columns: tuple[Column, ...], rows: list[list[str]]) -> Block:
    """The block; words are wrapped, numbers stand to the right."""
    settings = [TableBlockColumnSettings(is_wrapped=True) if column.unit == "text" else _NUMBERS for column in columns]
    return as_block(TableBlock(rows=[[RawTextObject(text=text) for text in row] for row in rows], column_settings=settings))


_NUMBERS: Final = TableBlockColumnSettings(align="right")

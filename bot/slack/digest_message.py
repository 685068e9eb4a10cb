"""The stand-up digest as one Slack message: pure, every text escaped once, within Slack's limits whatever it tells of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from slack_sdk.models.blocks import ButtonElement, ImageBlock, MarkdownTextObject, PlainTextObject, SectionBlock
from slack_sdk.models.blocks.basic_components import SlackFile

from bot.digest.content import Content, Shown
from bot.digest.words import SIGNS, Name, Teller, first, lines
from bot.slack.digest_value import LONGEST, action_of, take_value
from bot.slack.messages import Message, escape_url, is_web
from bot.slack.tables import MESSAGE, NOTE, Block, as_block, one_line, section, small_print, table_blocks, weight
from bot.slack.text import escape, plain, size
from charts.data import Column, Table
from commands.panel import TitledTable

HEADLINE: Final = 500
LINE: Final = 180
PART: Final = 900  # characters of one part that is not well
ALT: Final = 600
FURTHER: Final = 900  # of each group of further lines
LINKS: Final = 1_200
LEAST_TABLE: Final = 1_000
MOST_LINES: Final = 40  # of the bare text
REPEATED: Final = "This may be a repeat: Slack could not say whether it had arrived before."


def digest_message(shown: Shown, *, secret: bytes | None = None, name: Name = str, notice: str = "") -> Message:
    """The digest as it stands. Without `secret` it has no buttons; `notice` is one line for the readers of this copy."""
    teller, content = Teller(shown, name), shown.content
    head = section(f"*{one_line(teller.headline(), HEADLINE)}*")
    text = escape(teller.headline(), HEADLINE).strip() or "paybot"
    small = [one_line(each, NOTE) for each in (*teller.delays(), notice) if each.strip()]
    if content.quiet:
        calm = section("\n".join(one_line(each, NOTE) for each in teller.calm()))
        return Message(text, (head, calm, *map(small_print, small)))
    place = small_print(one_line(teller.place(), NOTE))
    alerts = _group("*Open alerts*", teller.open_alerts())
    above = (head, place, *map(small_print, small), *alerts, *_attention(teller, secret))
    below = (*_group("", (*teller.meanwhile(), *teller.rest())), *_end(teller))
    return Message(text, (*above, *_table(content, MESSAGE - weight((*above, *below))), *below))


def digest_forms(shown: Shown, secret: bytes | None, name: Name, notice: str = "") -> tuple[Message, ...]:
    """The message as it is to be, and what takes its place where Slack does not take that: without picture, as bare text."""
    contents = (shown, without_picture(shown)) if shown.content.picture else (shown,)
    messages = (digest_message(each, secret=secret, name=name, notice=notice) for each in contents)
    return (*messages, in_words(shown, name, notice))


def in_words(shown: Shown, name: Name = str, notice: str = "") -> Message:
    """The same as bare text, for when Slack takes no blocks."""
    said = [*lines(shown, name)][:MOST_LINES]
    return Message("\n".join(one_line(each, LINE) for each in (*said, notice) if each.strip()) or "paybot")


def without_picture(shown: Shown) -> Shown:
    """The same where its picture cannot be shown."""
    fault = shown.content.picture_fault or "The picture could not be shown here."
    return replace(shown, content=replace(shown.content, picture="", picture_fault=fault))


def _attention(teller: Teller, secret: bytes | None) -> Iterator[Block]:
    """Each part that is not well, with a button where nobody has it."""
    for name, said, concern in teller.attention():
        taken = teller.taken(concern)
        texts = (f"*⚠︎ {one_line(first(name), LINE)}*", *(one_line(each, LINE) for each in said), *_small(taken))
        words = MarkdownTextObject(text="\n".join(_within(texts, PART)), verbatim=True)
        free = secret is not None and concern is not None and not concern.taken_by and len(name) <= LONGEST
        button = (
            ButtonElement(
                text=PlainTextObject(text="I take it"),
                action_id=action_of(name),
                value=take_value(secret or b"", teller.content.day, name),
            )
            if free
            else None
        )
        yield as_block(SectionBlock(text=words, accessory=button))


def _small(taken: str) -> tuple[str, ...]:
    return (f"_{one_line(taken, LINE)}_",) if taken else ()


def _table(content: Content, room: int) -> tuple[Block, ...]:
    """Every section in a row, where there is room for that."""
    if room < LEAST_TABLE or not content.rows:
        return ()
    columns = tuple(Column(title) for title in ("Section", "State", "Now", "Change", "Owner"))
    rows = tuple((row.name, SIGNS.get(row.state, "?"), row.number, row.change or "–", row.owner) for row in content.rows)
    return table_blocks(TitledTable("Sections", Table(columns, rows)), room)


def _group(title: str, texts: Iterable[str]) -> Iterator[Block]:
    found = _within((one_line(each, LINE) for each in texts), FURTHER)
    if found:
        yield section("\n".join((title, *found) if title else found))


def _end(teller: Teller) -> Iterator[Block]:
    """The picture, what is missing, and where to look further."""
    content = teller.content
    if content.picture:
        alt = plain(content.alt, ALT).strip() or plain(teller.title(), ALT)
        yield as_block(ImageBlock(alt_text=alt, slack_file=SlackFile(id=content.picture)))
    elif content.picture_fault:
        yield small_print(one_line(content.picture_fault, NOTE))
    yield from _group("", (f"⚠︎ {each}" for each in (*content.dead, *content.gaps)))
    links = [f"<{escape_url(url)}|{one_line(title, 60)}>" for title, url in content.links if is_web(url)]
    if shown := _within(links, LINKS):
        yield section("The same data: " + " · ".join(shown))
    more = "more: /pay, /pay alerts, /pay window 7d"
    parts = (first(teller.people()), more, f"reference {content.reference}" if content.reference else "")
    yield small_print(one_line(" · ".join(part for part in parts if part), NOTE))


def _within(texts: Iterable[str], limit: int) -> list[str]:
    """As many of the first texts as fit, whole."""
    kept: list[str] = []
    for text in texts:
        limit -= size(text) + 3
        if limit < 0:
            break
        kept.append(text)
    return kept

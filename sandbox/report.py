"""What came of a night, in words: alerts with their times, who was paged, and the stand-up digest."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.night import Night
from sandbox.scenarios import SCENARIOS
from sandbox.workspace import mrkdwn
from sandbox.workspace.cast import BOT, DANA, HOME
from sandbox.workspace.conversations import Message

if TYPE_CHECKING:
    from sandbox.company import Company

STANDUP = "Stand-up"  # how its message begins
PATIENCE_S = 30.0  # for the digest, where the machine is slow
LOOK_S = 0.2


def begun(night: Night, zone: str) -> Iterator[str]:
    """What is going to happen."""
    yield f"night: {when(night.begin, zone)} to {when(night.end, zone)}, {zone}"
    for each in night.mishaps:
        minutes = round(each.lasting.total_seconds() / 60)
        yield f"  {when(each.at, zone)}  {SCENARIOS[each.scenario].title}, for {minutes} min"


def told(company: Company, night: Night) -> Iterator[str]:
    """What has happened: each alert as its message stands at the end, each page, and the digest."""
    digest = awaited(company, night)
    zone = company.zone
    yield "alerts, each when it was told and as it stands now:"
    yield from some(f"  {when(moment(each), zone)}  {mrkdwn.plain(each.text)}" for each in said(company, night) if each != digest)
    yield "pages:"
    yield from some(paged(page, zone) for page in reversed(company.pages()) if page["when"] >= night.begin.timestamp())
    yield f"digest{f', posted {when(moment(digest), zone)}' if digest else ''}:"
    yield from some(f"  {line}" for line in (words(digest) if digest else ()))


def paged(page: Mapping[str, Any], zone: str) -> str:
    """Who was paged, for what, and how that stands now."""
    at = when(datetime.fromtimestamp(page["when"], UTC), zone)
    return f"  {at}  {page['service']} to {page['who']}: {page['what']}; {page['status']}"


def awaited(company: Company, night: Night) -> Message | None:
    """The night's digest, for which a slow machine is given time."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = [each for each in said(company, night) if each.text.startswith(STANDUP)]
        if found:
            return found[-1]
        time.sleep(LOOK_S)
    return None


def said(company: Company, night: Night) -> list[Message]:
    """What the bot has said in its channel since the night began, but for threads and private lines."""
    return [
        each
        for each in company.workspace.talk.everything(DANA.id)
        if each.user == BOT.id and each.channel == HOME.id and not each.thread and not each.private_to
        if moment(each) >= night.begin
    ]


def words(message: Message) -> Iterator[str]:
    """What a message's blocks say, line by line."""
    for block in message.blocks:
        if block["type"] == "table":
            yield from ("  ".join(f"{cell.get('text', ''):<14}" for cell in row).rstrip() for row in block["rows"])
        elif block["type"] == "image":
            yield f"[{mrkdwn.plain(block['alt_text'])}]"
        else:
            for text in texts(block):
                yield from "".join(span.text for span in mrkdwn.parse(text)).splitlines()


def texts(block: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a section or of small print."""
    for part in (block.get("text"), *block.get("fields", ()), *block.get("elements", ())):
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            yield part["text"]


def some(lines: Iterable[str]) -> Iterator[str]:
    """The lines, or that there is none."""
    found = list(lines)
    yield from found or ("  none",)


def moment(message: Message) -> datetime:
    """When it was said first."""
    return datetime.fromtimestamp(float(message.ts), UTC)


def when(time_: datetime, zone: str) -> str:
    """ "Wed 02:10"."""
    return time_.astimezone(ZoneInfo(zone)).strftime("%a %H:%M")

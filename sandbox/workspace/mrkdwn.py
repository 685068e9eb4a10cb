"""Slack's mrkdwn, read the way Slack reads it: what becomes a live mention or link, and how the rest is shown.

One parser decides both what the page shows and what counts as live, so a test that finds no live entity
also says what people saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sandbox.workspace.cast import CHANNELS, EVERYBODY

LIVE = frozenset({"link", "user", "channel", "group", "broadcast"})
EMOJI = {
    "warning": "⚠️",
    "white_check_mark": "✅",
    "x": "❌",
    "rotating_light": "🚨",
    "hourglass_flowing_sand": "⏳",
    "hourglass": "⌛",
    "chart_with_upwards_trend": "📈",
    "chart_with_downwards_trend": "📉",
    "bar_chart": "📊",
    "eyes": "👀",
    "wave": "👋",
    "tada": "🎉",
    "+1": "👍",
    "coffee": "☕",
    "large_green_circle": "🟢",
    "large_yellow_circle": "🟡",
    "red_circle": "🔴",
    "information_source": "ℹ️",
    "pushpin": "📌",
    "link": "🔗",
}
ENTITY = r"<[^<>\n]*>|<(?![^<>\n]*>)"  # taken whole: Slack finds what stands in angle brackets before it looks for styles
TOKEN = re.compile(
    rf"```(?P<pre>(?:{ENTITY}|(?!```)[^<])+)```\n?"
    rf"|`(?P<code>(?:{ENTITY}|[^`\n<])+)`"
    r"|<(?P<angle>[^<>\n]+)>"
    r"|(?P<url>https?://[^\s<>|]+)"
    r"|:(?P<emoji>[a-z0-9_+'-]+):"
    rf"|(?<![\w*])\*(?=\S)(?P<bold>(?:{ENTITY}|[^*\n<])+)(?<=\S)\*(?![\w*])"
    rf"|(?<![\w_])_(?=\S)(?P<italic>(?:{ENTITY}|[^_\n<])+)(?<=\S)_(?![\w_])"
    rf"|(?<![\w~])~(?=\S)(?P<strike>(?:{ENTITY}|[^~\n<])+)(?<=\S)~(?![\w~])"
    r"|(?:(?<=\n)|^)(?:&gt;|>) ?(?P<quote>[^\n]+\n?)",
)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text that is shown in one way. `target` is the URL, or the ID of who or what is mentioned."""

    text: str
    kind: str = "text"  # text, one of LIVE, emoji, or date
    target: str = ""
    styles: frozenset[str] = frozenset()  # bold, italic, strike, code, pre, quote


def parse(text: str) -> tuple[Span, ...]:
    """What Slack shows for a mrkdwn text, in order; never fails."""
    return tuple(_spans(text, frozenset()))


def plain(text: str) -> str:
    """What Slack shows for a plain text: only emoji are more than letters."""
    return re.sub(r":([a-z0-9_+'-]+):", lambda found: EMOJI.get(found[1], found[0]), text)


def live(text: str) -> tuple[Span, ...]:
    """The spans that notify somebody or lead somewhere."""
    return tuple(span for span in parse(text) if span.kind in LIVE)


def unescape(text: str) -> str:
    """Slack's three entities, undone exactly once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    """What Slack's own client makes of what a person types."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _spans(text: str, styles: frozenset[str]) -> Iterator[Span]:
    at = 0
    for found in TOKEN.finditer(text):
        if found.start() > at:
            yield Span(unescape(text[at : found.start()]), styles=styles)
        yield from _token(str(found.lastgroup), found[str(found.lastgroup)], styles)
        at = found.end()
    if at < len(text):
        yield Span(unescape(text[at:]), styles=styles)


def _token(kind: str, inner: str, styles: frozenset[str]) -> Iterator[Span]:
    match kind:
        case "angle":
            yield replace(_angle(inner), styles=styles)
        case "url":
            yield Span(unescape(inner), "link", unescape(inner), styles)
        case "emoji":
            yield Span(EMOJI[inner], "emoji", styles=styles) if inner in EMOJI else Span(f":{inner}:", styles=styles)
        case "pre" | "code":
            yield from _verbatim(inner.strip("\n"), styles | {kind})
        case _:
            yield from _spans(inner, styles | {kind})


def _verbatim(text: str, styles: frozenset[str]) -> Iterator[Span]:
    """Code: no styles and no emoji within, but what stands in angle brackets is live there too."""
    for position, part in enumerate(re.split(r"<([^<>\n]+)>", text)):
        if position % 2:
            yield replace(_angle(part), styles=styles)
        elif part:
            yield Span(unescape(part), styles=styles)


def _angle(inner: str) -> Span:  # noqa: PLR0911 - one line for each of Slack's forms
    name, _, label = inner.partition("|")
    shown = unescape(label)
    if name.startswith("@"):
        person = EVERYBODY.get(name[1:])
        return Span("@" + (person.name if person else shown or name[1:]), "user", name[1:])
    if name.startswith("#"):
        channel = CHANNELS.get(name[1:])
        return Span("#" + (channel.name if channel else shown or name[1:]), "channel", name[1:])
    if name.startswith("!subteam^"):
        return Span(shown or "@group", "group", name[9:])
    if name.startswith("!date^"):
        return Span(shown, "date", name[6:])
    if name in ("!channel", "!here", "!everyone"):
        return Span("@" + name[1:], "broadcast", name[1:])
    if re.match(r"(https?|mailto|tel|slack)(://|:)", name):
        return Span(shown or unescape(name), "link", unescape(name))
    return Span(unescape(f"<{inner}>"))

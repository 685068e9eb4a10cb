"""An alert as one Slack message through its whole life: pure, every text escaped once, within Slack's limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ImageBlock, MarkdownTextObject, SectionBlock
from slack_sdk.models.blocks.basic_components import SlackFile

from bot.alerts.episode import Episode
from bot.slack.alert_buttons import Buttons, actions
from bot.slack.alert_words import NOBODY, Names, Teller, amount, note_text, standing
from bot.slack.messages import ALT, Message, escape_url, is_web
from bot.slack.tables import NOTE, Block, as_block, one_line, section, small_print
from bot.slack.text import escape, plain, size
from commands.clock import known_zone

__all__ = ["Buttons", "alert_message", "alt_text", "in_words", "note_text"]

HEADLINE: Final = 600
TEXT: Final = 600  # of the notification
PLACE: Final = 500
MOST_REASONS: Final = 4
LINK: Final = 1_000  # characters of an incident's address
REPEATED: Final = "This may be a repeat: Slack could not say whether it had arrived before."


def alert_message(
    episode: Episode,
    now: datetime,
    zone: str = "UTC",
    *,
    how: Buttons,
    names: Names = NOBODY,
    on_call: str = "",
    notice: str = "",
) -> Message:
    """The episode as it stands at `now`, with its chart where it has one (`episode.chart`).

    `names` are those of the people by their IDs, `on_call` is who would be paged, `notice` one line for the readers of this copy.
    """
    teller = Teller(now, zone, names)
    blocks = (
        section(f"*{one_line(teller.headline(episode), HEADLINE)}*"),
        *_warnings(episode, notice),
        _facts(episode, teller),
        *_chart(episode),
        *_reasons(episode),
        *_acts(episode, teller),
        _place(episode, zone),
        actions(episode, how, on_call),
    )
    return Message(escape(teller.news(episode), TEXT).strip() or "paybot", blocks)


def in_words(episode: Episode, now: datetime, zone: str = "UTC", names: Names = NOBODY, notice: str = "") -> Message:
    """The same as bare text, for when Slack takes no blocks."""
    teller = Teller(now, zone, names)
    lines = (
        teller.news(episode),
        notice,
        *(("This is a drill: nothing is wrong.",) if episode.drill else ()),
        f"Since {teller.since(episode)}; owner: {episode.owner}; rule: {episode.rule}",
        *teller.acts(episode),
        teller.escalated(episode),
    )
    return Message("\n".join(one_line(line, NOTE) for line in lines if line.strip()) or "paybot")


def alt_text(episode: Episode) -> str:
    """What the chart shows, for who cannot see it."""
    return plain(f"{episode.title} before and since it fired: {standing(episode)}", ALT).strip() or "chart"


def _warnings(episode: Episode, notice: str) -> Iterator[Block]:
    """What one must know before one reads on: that it is a drill, that its numbers are old, why it stands here."""
    if episode.drill:
        yield section("*This is a drill: nothing is wrong, and no customer is affected.*")
    if episode.blind:
        said = f"⚠︎ No fresh numbers: its source {episode.blind}. Until it answers again this alert stays as it is."
        yield section(one_line(said, NOTE))
    if notice.strip():
        yield small_print(one_line(notice, NOTE))


def _facts(episode: Episode, teller: Teller) -> Block:
    """When, how much, and whose it is, in two columns."""
    over = episode.phase == "closed"
    now = "At the end" if over else "Last known" if episode.blind else "Now"
    facts = {
        "When" if over else "Since": teller.since(episode),
        now: standing(episode),
        "Worst": amount(episode.worst, episode),
        "Owner": episode.owner,
    }
    if episode.worst is None:
        del facts["Worst"]
    fields = [MarkdownTextObject(text=f"*{label}*\n{one_line(said, NOTE)}", verbatim=True) for label, said in facts.items()]
    return as_block(SectionBlock(fields=fields))


def _chart(episode: Episode) -> Iterator[Block]:
    if episode.chart:
        yield as_block(ImageBlock(alt_text=alt_text(episode), slack_file=SlackFile(id=episode.chart)))


def _reasons(episode: Episode) -> Iterator[Block]:
    """The likely ones, as they stood when it fired."""
    reasons = [f"• {one_line(reason, NOTE)}" for reason in episode.reasons[:MOST_REASONS] if reason.strip()]
    if reasons:
        yield section("\n".join(("*Likely reasons*", *reasons)))


def _acts(episode: Episode, teller: Teller) -> Iterator[Block]:
    """What people did, and where the incident is."""
    lines = [one_line(act, NOTE) for act in teller.acts(episode)]
    told = one_line(teller.escalated(episode), NOTE) if episode.escalated_by else ""
    link = _incident(episode)
    if told or link:
        lines.append(" · ".join(part for part in (told, link) if part))
    if lines:
        yield section("\n".join(lines))


def _incident(episode: Episode) -> str:
    url = episode.incident_url
    return f"<{escape_url(url)}|the incident in PagerDuty>" if is_web(url) and size(url) <= LINK else ""


def _place(episode: Episode, zone: str) -> Block:
    """The rule, the instance, what else tells this alert from others, and where to look closer, in small print."""
    parts = (
        episode.rule,
        episode.series if episode.series != episode.env else "",
        f"env {episode.env}",
        episode.severity,
        f"no. {episode.number}",
        f"times in {known_zone(zone).key}",
        f"reference {episode.id[:8]}",
        f"more: /pay {episode.section} 1h" if episode.section else "",
    )
    return small_print(one_line(" · ".join(part for part in parts if part), PLACE))

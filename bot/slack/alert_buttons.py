"""What can be done with an alert, as Slack's elements: by its state, each with a value that only the bot can make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    InteractiveElement,
    Option,
    PlainTextObject,
    StaticSelectElement,
)

from bot.alerts.episode import Episode
from bot.slack.alert_value import OTHER, TOMORROW, value_of
from bot.slack.messages import is_web
from bot.slack.tables import Block, as_block
from bot.slack.text import plain, size

ACKNOWLEDGE: Final = "alert.acknowledge"
UNDO: Final = "alert.acknowledge.undo"
SNOOZE: Final = "alert.snooze"
END_SNOOZE: Final = "alert.snooze.end"
ESCALATE: Final = "alert.escalate"
RUNBOOK: Final = "alert.runbook"
MENU: Final = {
    "15m": "15 min",
    "1h": "1 h",
    "4h": "4 h",
    TOMORROW: "until tomorrow 09:00",
    OTHER: "other length …",
}
ADDRESS: Final = 3_000  # characters that a button's URL may have
QUESTION: Final = 300  # of a confirm dialog's text


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """What buttons need beyond the episode: the key of their marks, the runbook's page ("" where it has none), and whether
    anybody can be paged."""

    secret: bytes = field(repr=False)
    runbook_url: str = ""
    pages: bool = True


def actions(episode: Episode, how: Buttons, on_call: str = "") -> Block:
    """The row of buttons; what is over has only its runbook. `on_call` is who would be paged, where that is known."""
    return as_block(ActionsBlock(elements=list(_elements(episode, how, on_call))))


def _elements(episode: Episode, how: Buttons, on_call: str) -> tuple[InteractiveElement, ...]:
    runbook = _runbook(episode, how)
    if episode.phase == "closed":
        return (runbook,)
    escalate = (_escalate(episode, how, on_call),) if _can_escalate(episode, how) else ()
    return (*_handling(episode, how), *escalate, runbook)


def main_button(episode: Episode, how: Buttons) -> ButtonElement | None:
    """The one button of an alert that shares a message with others; None where nothing is left to do."""
    if episode.phase == "closed":
        return None
    return next(each for each in _handling(episode, how) if isinstance(each, ButtonElement))


def _handling(episode: Episode, how: Buttons) -> tuple[InteractiveElement, ...]:
    """What is open can be taken or snoozed; what was done can be undone."""
    if episode.handling == "acked":
        return (_button("Undo acknowledge", UNDO, episode, how), _menu(episode, how))
    first = _button("Acknowledge", ACKNOWLEDGE, episode, how, style="primary")
    if episode.handling == "snoozed":
        return (first, _button("End snooze", END_SNOOZE, episode, how))
    return (first, _menu(episode, how))


def _button(label: str, action: str, episode: Episode, how: Buttons, **more: Any) -> ButtonElement:
    value = value_of(how.secret, episode.id, episode.version)
    return ButtonElement(text=PlainTextObject(text=label), action_id=action, value=value, **more)


def _menu(episode: Episode, how: Buttons) -> StaticSelectElement:
    options = [
        Option(text=PlainTextObject(text=label), value=value_of(how.secret, episode.id, episode.version, choice))
        for choice, label in MENU.items()
    ]
    return StaticSelectElement(placeholder=PlainTextObject(text="Snooze"), action_id=SNOOZE, options=options)


def _can_escalate(episode: Episode, how: Buttons) -> bool:
    """Once is enough, unless the incident was closed there while this goes on."""
    return how.pages and (not episode.escalated_by or "pager_over" in episode.extra)


def _escalate(episode: Episode, how: Buttons, on_call: str) -> ButtonElement:
    confirm = ConfirmObject(
        title=PlainTextObject(text="Escalate to PagerDuty?"),
        text=PlainTextObject(text=plain(_question(episode, on_call), QUESTION)),
        confirm=PlainTextObject(text="Page now"),
        deny=PlainTextObject(text="Not now"),
        style="danger",
    )
    return _button("Escalate to PagerDuty", ESCALATE, episode, how, style="danger", confirm=confirm)


def _question(episode: Episode, on_call: str) -> str:
    """Who is paged; where the rule itself has paged, that a second page goes out only where the first did not arrive."""
    who = plain(on_call, 200).strip() or "Whoever is on call"
    if "pagerduty" in episode.routes and "pager_over" not in episode.extra:
        return f"PagerDuty was told when this fired. {who} is paged again only if that did not arrive."
    return f"{who} is paged at once, by the ways they chose in PagerDuty."


def _runbook(episode: Episode, how: Buttons) -> ButtonElement:
    """Opens the rule's section of the page; without a page the bot answers with that section."""
    url = f"{how.runbook_url}#{episode.rule}"
    works = bool(how.runbook_url) and is_web(url) and size(url) <= ADDRESS
    return _button("Runbook", RUNBOOK, episode, how, **({"url": url} if works else {}))

"""What people set for themselves in App Home: the controls, and what a press on one means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from slack_sdk.models.blocks import (
    CheckboxesElement,
    InteractiveElement,
    MarkdownTextObject,
    Option,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)

from bot.people import Change, Settings
from bot.slack.tables import Block, as_block
from bot.slack.zones import exists
from commands.typed import BadInput, shown

ZONE: Final = "home.zone"
THEME: Final = "home.theme"
ONLY_ME: Final = "home.only_me"
REFRESH: Final = "home.refresh"

SLACKS: Final = "slack"  # the choice to have the zone that Slack knows
USUAL: Final = "usual"
ALONE: Final = "only-me"
LONGEST: Final = 64  # characters of a zone's name
LABEL: Final = 75
# One for each clock that offices keep, at most 98: Slack's menus have room for 100.
_NAMES: Final = """
    Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Anchorage
    America/Argentina/Buenos_Aires America/Bogota America/Caracas America/Chicago America/Denver America/Edmonton
    America/Guatemala America/Halifax America/Lima America/Los_Angeles America/Mexico_City America/Montevideo
    America/New_York America/Phoenix America/Santiago America/Sao_Paulo America/St_Johns America/Toronto America/Vancouver
    Asia/Almaty Asia/Baghdad Asia/Bangkok Asia/Colombo Asia/Dhaka Asia/Dubai Asia/Ho_Chi_Minh Asia/Hong_Kong Asia/Jakarta
    Asia/Jerusalem Asia/Kabul Asia/Karachi Asia/Kathmandu Asia/Kolkata Asia/Kuala_Lumpur Asia/Manila Asia/Riyadh Asia/Seoul
    Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Tashkent Asia/Tbilisi Asia/Tehran Asia/Tokyo Asia/Yangon Atlantic/Azores
    Atlantic/Reykjavik Australia/Adelaide Australia/Brisbane Australia/Darwin Australia/Melbourne Australia/Perth
    Australia/Sydney Etc/UTC Europe/Amsterdam Europe/Athens Europe/Belgrade Europe/Berlin Europe/Brussels Europe/Bucharest
    Europe/Budapest Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Istanbul Europe/Kyiv Europe/Lisbon Europe/London
    Europe/Madrid Europe/Oslo Europe/Paris Europe/Prague Europe/Rome Europe/Sofia Europe/Stockholm Europe/Tallinn
    Europe/Vienna Europe/Vilnius Europe/Warsaw Europe/Zurich Pacific/Auckland Pacific/Fiji Pacific/Honolulu
"""
ZONES: Final = tuple(_NAMES.split())


def controls(mine: Settings, slack_zone: str, theme: str) -> tuple[Block, ...]:
    """The controls as they stand; `slack_zone` and `theme` are what holds for whoever has chosen nothing."""
    zones = {SLACKS: f"As in Slack ({slack_zone})", **{zone: zone for zone in sorted({*ZONES, mine.zone} - {""})}}
    themes = {USUAL: f"As everywhere ({theme})", "light": "Light", "dark": "Dark"}
    alone = _option(ALONE, "Only me")
    return (
        _row("*Time zone*\nOf all times that paybot tells you", _menu(ZONE, "Time zone", zones, mine.zone or SLACKS)),
        _row("*Pictures*\nOf those that only you see", _menu(THEME, "Theme of pictures", themes, mine.theme or USUAL)),
        _row(
            "*Answers*\n`/pay` answers you alone; add `shared` to show one to the channel",
            CheckboxesElement(action_id=ONLY_ME, options=[alone], initial_options=[alone] if mine.only_me else None),
        ),
    )


def change_of(action: str, value: str) -> Change:
    """What a press changes in the presser's settings. Raises BadInput, in words for the presser."""
    if action == ZONE and (value == SLACKS or (len(value) <= LONGEST and exists(value))):
        return lambda mine: replace(mine, zone="" if value == SLACKS else value)
    if action == THEME and value in (USUAL, "light", "dark"):
        return lambda mine: replace(mine, theme="" if value == USUAL else value)
    if action == ONLY_ME and value in ("", ALONE):
        return lambda mine: replace(mine, only_me=bool(value))
    what = {ZONE: "a time zone", THEME: "a theme", ONLY_ME: "a choice"}.get(action, "a setting")
    raise BadInput(f"{shown(value) or 'That'} is not {what} that paybot knows; nothing was changed.")


def _row(words: str, element: InteractiveElement) -> Block:
    return as_block(SectionBlock(text=MarkdownTextObject(text=words, verbatim=True), accessory=element))


def _menu(action: str, label: str, choices: Mapping[str, str], chosen: str) -> StaticSelectElement:
    options = {value: _option(value, text) for value, text in choices.items()}
    return StaticSelectElement(
        placeholder=PlainTextObject(text=label), action_id=action, options=list(options.values()), initial_option=options[chosen]
    )


def _option(value: str, label: str) -> Option:
    return Option(value=value, text=PlainTextObject(text=label[:LABEL]))

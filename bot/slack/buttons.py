"""What an answer's buttons carry, and what a press asks for. A value that comes back from Slack is parsed like any other text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from commands import DEFAULT_SECTION, SECTIONS
from commands.args import Ask, BadInput, Wish, compared, narrower, parse, text_of, wider, without_comparison

STALE = "This button's question can no longer be read. Ask again with /pay."


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a press asks for: the question, whether only the presser sees the answer, and whether its data are wanted as CSV."""

    ask: Ask
    only_me: bool = False
    csv: bool = False


def value_of(ask: Ask, only_me: bool = False) -> str:
    """The button's value: the question as a person would type it, its zone, and the end of the window that the message shows."""
    end = int(ask.window.end.timestamp())
    return json.dumps({"q": text_of(ask), "tz": ask.window.zone, "end": end, "only_me": only_me}, separators=(",", ":"))


def pressed(action: str, value: str, now: datetime, env: str) -> Pressed:
    """What pressing the button with this action id and value asks for; raises BadInput.

    Refresh and the ranges look at the present; comparing and the CSV keep the window that the message shows.
    """
    try:
        kept = json.loads(value)
        text, zone, end, only_me = (
            str(kept["q"]),
            str(kept["tz"]),
            datetime.fromtimestamp(int(kept["end"]), UTC),
            bool(kept["only_me"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
        raise BadInput(STALE) from error
    shown = parse_ask(text, min(end, now), zone, env)
    present = parse_ask(text, now, zone, env)
    match action.split(".")[1:]:
        case ["refresh"]:
            return Pressed(present, only_me)
        case ["range", "wider"]:
            return Pressed(or_else(wider(present, now), "The range cannot get wider than 90 days."), only_me)
        case ["range", "narrower"]:
            return Pressed(or_else(narrower(present, now), "The range cannot get any narrower."), only_me)
        case ["compare"]:
            return Pressed(without_comparison(shown) if shown.against else compared(shown, now), only_me)
        case ["csv"]:
            return Pressed(shown, only_me, csv=True)
    raise BadInput(STALE)


def parse_ask(text: str, now: datetime, zone: str, env: str) -> Ask:
    wish = parse(text, now=now, zone=zone, env=env, sections=tuple(SECTIONS), default_section=DEFAULT_SECTION)
    if not isinstance(wish, Wish):
        raise BadInput(STALE)
    return wish.ask


def or_else(ask: Ask | None, said: str) -> Ask:
    if ask is None:
        raise BadInput(said)
    return ask

"""`/pay checkout 6h vs yesterday env:prod only-me csv`: the text of a command as an Ask, or a plain sentence on what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from commands import ranges
from commands.clock import Present, present
from commands.comparison import carried_over, compared_window
from commands.ladder import narrower_window, wider_window
from commands.typed import BadInput, folded, nearest, shown
from commands.window import Window

__all__ = [
    "Alerts",
    "Ask",
    "Backtest",
    "BadInput",
    "Digest",
    "Help",
    "OnCall",
    "Runbook",
    "Status",
    "Window",
    "Wish",
    "Words",
    "compared",
    "narrower",
    "parse",
    "text_of",
    "wider",
    "without_comparison",
]

DEFAULT_RANGE: Final = "6h"
FORM: Final = "[section] [range] [vs range] [env:name] [only-me] [csv]"
USAGE: Final = f"Usage: `/pay {FORM}`, or `/pay help`."
_ENV: Final = r"[a-z0-9][a-z0-9_.-]{0,62}"
_VOCABULARY: Final = {
    **{word: word for word in ("yesterday", "today", "only-me", "shared", "csv", "help", "vs yesterday")},
    **{word: word for word in ("oncall", "runbook", "alerts", "backtest", "digest", "status")},
    **{"since": "since 09:00", "last": "last 6h", "vs": "vs yesterday", "env": "env:prod"},
}
_KINDS: Final = (
    ("help", "help"),
    ("oncall", "on[-_ ]?call"),
    ("vs", "vs|versus"),
    ("only_me", "only[-_ ]?me"),
    ("shared", "shared"),
    ("csv", "csv"),
    ("env", r"env ?[:=] ?\S*"),
    ("range", ranges.ANY),
)
_WORD: Final = re.compile(
    f"(?:{'|'.join(f'(?P<{kind}>{pattern})' for kind, pattern in _KINDS)})" + r"(?!\S)|(?P<unknown>\S+)", re.ASCII
)


_RUNBOOK: Final = re.compile(r"runbook(?:\s+(\S{1,60}).*)?", re.DOTALL)
_ALERTS: Final = re.compile(r"(?:open )?alerts?(?: list)?")
_DIGEST: Final = re.compile(r"(?:stand-?up )?digest|stand-?up")
_STATUS: Final = re.compile(r"(?:paybot )?(?:status|health)")
_BACKTEST: Final = re.compile(r"backtest(?:\s+(?P<rest>.*))?", re.DOTALL)
_RULE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
BACK: Final = timedelta(days=30)
FARTHEST_BACK: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, ready to be answered. Equal asks are equal values, so that they can share one run.

    `against` is the compared window, as long as `window`; `env` the environment asked about.
    """

    section: str
    window: Window
    env: str
    against: Window | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for: the question, whether only they may see the answer, and whether its data go along as CSV."""

    ask: Ask
    only_me: bool = False
    csv: bool = False
    shared: bool = False  # said aloud: it overrules whoever has set that answers are for them alone


@dataclass(frozen=True, slots=True)
class Help:
    """The person asked how paybot is used."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """The person asked who is on call."""


@dataclass(frozen=True, slots=True)
class Runbook:
    """The person asked for the runbook, of a section or an alert, or what it has ("")."""

    topic: str = ""


@dataclass(frozen=True, slots=True)
class Alerts:
    """The person asked which alerts are open."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The person asked what a stand-up digest would say now."""


@dataclass(frozen=True, slots=True)
class Status:
    """The person asked how paybot itself does."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """The person asked what a rule would have fired over the last `since`; all rules where none is named ("")."""

    rule: str = ""
    since: timedelta = BACK


Words = Help | OnCall | Runbook | Alerts | Digest | Status | Backtest


@dataclass(frozen=True, slots=True)
class _Word:
    kind: str
    text: str


def parse(text: str, *, now: datetime, zone: str, env: str, sections: Sequence[str], default_section: str) -> Wish | Words:
    """What the text of a command asks for, its times read in `zone` (IANA); `env` is the environment when none is named.

    Total: any text gives a Wish, one of Words, or BadInput with at most 400 characters, in milliseconds.
    """
    if (first := _by_its_first_word(folded(text))) is not None:
        return first
    words = tuple(_words(folded(text), sections))
    if _all(words, "help"):
        return Help()
    if _all(words, "oncall"):
        return OnCall()
    _all_known(words, sections)
    asked_at = present(now, zone)
    window = ranges.read(_one(words, "range", "ranges") or DEFAULT_RANGE, asked_at)
    versus = _one(words, "comparison", "comparisons")
    ask = Ask(
        section=_one(words, "section", "sections") or default_section,
        window=window,
        env=_environment(words, env),
        against=compared_window(window, versus, asked_at) if versus else None,
    )
    only_me, csv, shared = (bool(_all(words, kind)) for kind in ("only_me", "csv", "shared"))
    if only_me and csv:
        raise BadInput("`csv` puts a file where the whole channel sees it: leave out either `csv` or `only-me`.")
    if only_me and shared:
        raise BadInput("`only-me` and `shared` are opposites: ask with one of them.")
    return Wish(ask, only_me, csv, shared)


def _by_its_first_word(text: str) -> Words | None:
    """What a text asks whose first word makes it a question of its own kind, None for all others."""
    if runbook := _RUNBOOK.fullmatch(text):
        return Runbook(runbook[1] or "")
    if _ALERTS.fullmatch(text):
        return Alerts()
    if _DIGEST.fullmatch(text):
        return Digest()
    if _STATUS.fullmatch(text):
        return Status()
    if backtest := _BACKTEST.fullmatch(text):
        return _backtest((backtest["rest"] or "").split())
    return None


def _backtest(words: Sequence[str]) -> Backtest:
    """`[rule] [range]`, in this order or the other."""
    lengths = [word for word in words if ranges.is_kind(word, ranges.LENGTH)]
    rules = [word for word in words if word not in lengths]
    wrong = next((rule for rule in rules if not _RULE.fullmatch(rule)), "")
    if wrong or len(lengths) > 1 or len(rules) > 1:
        said = f"{shown(wrong)} is not the name of a rule. " if shown(wrong) else ""
        raise BadInput(
            f"{said}A backtest is asked like `backtest checkout-success-rate 30d`: one rule, or none for all, and a length."
        )
    since = ranges.length_of(lengths[0]) if lengths else BACK
    if not timedelta(0) < since <= FARTHEST_BACK:
        raise BadInput("A backtest looks back 90 days at most, as in `backtest checkout-success-rate 30d`.")
    return Backtest(rules[0] if rules else "", since)


def text_of(ask: Ask) -> str:
    """What a person types to ask this again, whatever their default environment: "checkout 6h vs yesterday env:prod"."""
    against = f" vs {ask.against.text}" if ask.against else ""
    return f"{ask.section} {ask.window.text}{against} env:{ask.env}"


def wider(ask: Ask, now: datetime) -> Ask | None:
    """The same question over the next longer range, or None where there is none."""
    asked_at = present(now, ask.window.zone)
    return _over(ask, wider_window(ask.window, asked_at), asked_at)


def narrower(ask: Ask, now: datetime) -> Ask | None:
    """The same question over the next shorter range, or None where there is none."""
    asked_at = present(now, ask.window.zone)
    return _over(ask, narrower_window(ask.window, asked_at), asked_at)


def compared(ask: Ask, now: datetime, with_: str = ranges.LAST_WEEK) -> Ask:
    """The same question, compared with what a person names after `vs`; raises BadInput."""
    return replace(ask, against=compared_window(ask.window, with_, present(now, ask.window.zone)))


def without_comparison(ask: Ask) -> Ask:
    """The same question on its own."""
    return replace(ask, against=None)


def _words(text: str, sections: Sequence[str]) -> Iterable[_Word]:
    """The words of the question with their kinds; what follows `vs` is a comparison."""
    after_vs = False
    for found in _WORD.finditer(text):
        kind, word = str(found.lastgroup), str(found[str(found.lastgroup)])
        if after_vs and kind != "range":
            raise BadInput(_after_vs(word))
        if kind == "vs":
            after_vs = True
            continue
        yield _Word("comparison" if after_vs else "section" if word in sections else kind, word)
        after_vs = False
    if after_vs:
        raise BadInput(_after_vs(""))


def _after_vs(word: str) -> str:
    not_this = f", not {shown(word)}" if shown(word) else ""
    return f"After `vs` comes what to compare with{not_this}: `vs yesterday`, `vs last week` or `vs 2026-11-14 14:00..16:00`."


def _all(words: Iterable[_Word], kind: str) -> list[str]:
    return list(dict.fromkeys(word.text for word in words if word.kind == kind))


def _one(words: Iterable[_Word], kind: str, several: str) -> str | None:
    """The word of that kind, or None; said twice in two ways it is refused."""
    found = _all(words, kind)
    if len(found) > 1:
        both = " and ".join(filter(None, map(shown, found[:2]))) or "more than one"
        raise BadInput(f"That names two {several}, {both}: ask with one of them.")
    return found[0] if found else None


def _environment(words: Sequence[_Word], default: str) -> str:
    said = _one(words, "env", "environments")
    name = re.sub("^env ?[:=] ?", "", said) if said is not None else default.lower()
    if name == default.lower():
        return default
    if not re.fullmatch(_ENV, name):
        raise BadInput(
            f"{shown(name) or 'That'} is not the name of an environment: a name has up to 63 letters, digits, "
            f"dots, dashes and underscores, as in `env:{default if re.fullmatch(_ENV, default) else 'prod'}`."
        )
    return name


def _all_known(words: Sequence[_Word], sections: Sequence[str]) -> None:
    """Raises BadInput on the first word that means nothing, with the nearest that does."""
    unknown = next((word.text for word in words if word.kind == "unknown"), None)
    if unknown is None:
        return
    if unknown[0].isdigit():
        raise ranges.not_a_range(unknown)
    meant = nearest(unknown, (*sections, *_VOCABULARY))
    section_is_due = unknown == words[0].text and not _all(words, "section")
    hint = f" Did you mean `{_VOCABULARY.get(meant, meant)}`?" if meant else ""
    if meant in sections or (section_is_due and meant is None):
        there_is = hint or f" The sections are {_listed(sections)}."
        raise BadInput(f"There is no section {shown(unknown) or 'of that name'}.{there_is} {USAGE}")
    raise BadInput(f"{shown(unknown) or 'One of the words'} is not a word that paybot knows.{hint} {USAGE}")


def _listed(sections: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in sections)


def _over(ask: Ask, window: Window | None, asked_at: Present) -> Ask | None:
    if window is None:
        return None
    try:
        against = carried_over(window, ask.window, ask.against, asked_at) if ask.against else None
    except BadInput:  # the comparison would reach further back than metrics are kept
        return None
    return replace(ask, window=window, against=against)

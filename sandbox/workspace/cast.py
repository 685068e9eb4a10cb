"""Who and what there is: the company's team, its people, its channels, and the app that is the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TEAM_ID = "T0LINDENMKT"
TEAM_NAME = "Lindenmarkt"
TEAM_DOMAIN = "lindenmarkt"
APP_ID = "A0PAYBOTAPP"
BOT_ID = "B0PAYBOTAPP"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can speak. `handle` is what follows the @, `zone` the IANA name of their Slack time zone."""

    id: str
    handle: str
    name: str
    zone: str
    role: str = ""
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. `invited` says whether the bot is a member from the start."""

    id: str
    name: str
    topic: str
    invited: bool = True
    archived: bool = False


BOT = Person("U0PAYBOTAPP", "paybot", "paybot", "Etc/UTC", "App", is_bot=True)
SLACKBOT = Person("USLACKBOT01", "slackbot", "Slackbot", "Etc/UTC", "Slack")
DANA = Person("U0DANAWEBER", "dana", "Dana Weber", "Europe/Berlin", "Commerce Backend, on call")
SAM = Person("U0SAMORTIZ1", "sam", "Sam Ortiz", "America/New_York", "Support Ops")
MEI = Person("U0MEITAN001", "mei", "Mei Tan", "Asia/Singapore", "Payments SRE")
PEOPLE: Mapping[str, Person] = {person.id: person for person in (DANA, SAM, MEI)}
EVERYBODY: Mapping[str, Person] = {**PEOPLE, BOT.id: BOT, SLACKBOT.id: SLACKBOT}

HOME = Channel("C0COMMERCE1", "eng-commerce", "Payments, checkout and receipts. paybot answers here.")
INCIDENT = Channel("C0INCIDENT1", "inc-checkout", "Incident: checkout. Facts first, guesses marked as guesses.")
RANDOM = Channel("C0RANDOM001", "random", "Anything else. paybot was not invited here.", invited=False)
OLD = Channel("C0OLDLAUNCH", "old-launch", "Launch of Checkout, 2025.", archived=True)
CHANNELS: Mapping[str, Channel] = {channel.id: channel for channel in (HOME, INCIDENT, RANDOM, OLD)}


def person_named(handle: str) -> Person | None:
    """Who is meant by `handle` (without the @)."""
    return next((person for person in EVERYBODY.values() if person.handle == handle.lower()), None)


def channel_named(name: str) -> Channel | None:
    """The channel of that name (without the #)."""
    return next((channel for channel in CHANNELS.values() if channel.name == name.lower()), None)

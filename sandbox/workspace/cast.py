"""Who and what there is: the company's team, its people, its channels, and the app that is the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TEAM_ID = "T0LINDENMKT"
TEAM_NAME = "Lindenmarkt"
TEAM_DOMAIN = "lindenmarkt"
APP_ID = "A0PAYBOTAPP"
BOT_ID = "B0PAYBOTAPP"
BANK_TEAM_ID = "T0NORTHBANK"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can speak. `handle` is what follows the @, `zone` the IANA name of their Slack time zone.

    `team` is the workspace that somebody is at home in; `guest` says that they are one here (Slack's "restricted"), `former` that
    their account is deactivated. `channels` are the only ones that they are in; empty: all that the team has.
    """

    id: str
    handle: str
    name: str
    zone: str
    role: str = ""
    is_bot: bool = False
    team: str = TEAM_ID
    guest: bool = False
    former: bool = False
    channels: tuple[str, ...] = ()

    def sees(self, channel: str) -> bool:
        """Whether they are in this channel."""
        return not self.channels or channel in self.channels


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. `invited` says whether the bot is a member from the start, `shared` with which other workspace it is shared."""

    id: str
    name: str
    topic: str
    invited: bool = True
    archived: bool = False
    shared: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A user group: whoever writes @handle means all its members."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]


HOME = Channel("C0COMMERCE1", "eng-commerce", "Payments, checkout and receipts. paybot answers here.")
INCIDENT = Channel("C0INCIDENT1", "inc-checkout", "Incident: checkout. Facts first, guesses marked as guesses.")
RANDOM = Channel("C0RANDOM001", "random", "Anything else. paybot was not invited here.", invited=False)
SHARED = Channel(
    "C0NORTHBANK", "shared-northbank", "With Northbank, who acquire our card payments. Mind who reads along.", shared=BANK_TEAM_ID
)
OLD = Channel("C0OLDLAUNCH", "old-launch", "Launch of Checkout, 2025.", archived=True)
CHANNELS: Mapping[str, Channel] = {channel.id: channel for channel in (HOME, INCIDENT, RANDOM, SHARED, OLD)}

BOT = Person("U0PAYBOTAPP", "paybot", "paybot", "Etc/UTC", "App", is_bot=True)
SLACKBOT = Person("USLACKBOT01", "slackbot", "Slackbot", "Etc/UTC", "Slack")
DANA = Person("U0DANAWEBER", "dana", "Dana Weber", "Europe/Berlin", "Commerce Backend, on call")
SAM = Person("U0SAMORTIZ1", "sam", "Sam Ortiz", "America/New_York", "Support Ops")
MEI = Person("U0MEITAN001", "mei", "Mei Tan", "Asia/Singapore", "Payments SRE")
LEA = Person(
    "U0LEABRANDT", "lea", "Lea Brandt", "Europe/Berlin", "Agency, guest here", guest=True, channels=(HOME.id, INCIDENT.id)
)
TOM = Person(
    "U0TOMOKEEFE", "tom", "Tom O'Keefe", "Europe/Dublin", "Northbank, external", team=BANK_TEAM_ID, channels=(SHARED.id,)
)
PETER = Person("U0PETERKLEE", "peter", "Peter Klee", "Europe/Berlin", "Payments SRE until 2025", former=True)
PEOPLE: Mapping[str, Person] = {person.id: person for person in (DANA, SAM, MEI, LEA, TOM)}  # who can act
EVERYBODY: Mapping[str, Person] = {**PEOPLE, PETER.id: PETER, BOT.id: BOT, SLACKBOT.id: SLACKBOT}

ONCALL = Group("S0PAYONCALL", "payments-oncall", "Payments on call", (DANA.id, MEI.id))
GROUPS: Mapping[str, Group] = {ONCALL.id: ONCALL}


def person_named(handle: str) -> Person | None:
    """Who is meant by `handle` (without the @)."""
    return next((person for person in EVERYBODY.values() if person.handle == handle.lower()), None)


def channel_named(name: str) -> Channel | None:
    """The channel of that name (without the #)."""
    return next((channel for channel in CHANNELS.values() if channel.name == name.lower()), None)


def group_named(handle: str) -> Group | None:
    """The user group of that handle (without the @)."""
    return next((group for group in GROUPS.values() if group.handle == handle.lower()), None)

"""What people had said before anybody opened the page."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.workspace.cast import DANA, HOME, INCIDENT, MEI, OLD, RANDOM, SAM, SHARED, TOM, Channel, Person
from sandbox.workspace.conversations import Conversations, Message

LINES: tuple[tuple[timedelta, Channel, Person, str], ...] = (
    (timedelta(days=7, hours=3), OLD, DANA, "Checkout is live for everybody. Thank you all! :tada:"),
    (timedelta(days=7, hours=2, minutes=51), OLD, MEI, f"Archiving this channel next week. From now on: <#{HOME.id}>."),
    (timedelta(hours=5, minutes=20), RANDOM, MEI, "The espresso machine on floor 3 works again. :coffee:"),
    (timedelta(days=1, hours=4), SHARED, TOM, "Settlement of the weekend went through on our side. Anything odd on yours?"),
    (
        timedelta(hours=2, minutes=31),
        INCIDENT,
        SAM,
        "Support hears of declined cards from several customers. Is it us or the bank?",
    ),
    (
        timedelta(hours=2, minutes=24),
        INCIDENT,
        DANA,
        "Looking. Success rate dipped, mostly `do_not_honor`: smells like one issuer.",
    ),
    (
        timedelta(hours=2, minutes=2),
        INCIDENT,
        MEI,
        "It has come back by itself. Worth a look at the numbers before we close this.",
    ),
    (timedelta(minutes=41), HOME, SAM, "How did checkout recover after this outage? I have a customer call soon."),
    (timedelta(minutes=38), HOME, DANA, "paybot knows: type `/pay checkout 6h` below."),
)


def set_scene(talk: Conversations, now: datetime) -> None:
    """Says the lines, each at its time before `now`, the oldest first."""
    for ago, channel, person, text in sorted(LINES, key=lambda line: -line[0]):
        talk.say(Message(channel.id, person.id, text), now - ago)

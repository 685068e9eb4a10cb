"""People's time zones, remembered for an hour."""

from __future__ import annotations

from bot.slack.zones import MOST, Zones
from tests.slack.fake_slack import Clock


def test_a_zone_is_forgotten_after_an_hour() -> None:
    """People travel: an old zone is not used."""
    clock = Clock()
    zones = Zones(clock.now)
    zones.learn("U1", "Asia/Kolkata")
    assert (zones.of("U1"), zones.knows("U1")) == ("Asia/Kolkata", True)
    clock.sleep(3_600)
    assert (zones.of("U1"), zones.knows("U1")) == (None, False)


def test_having_no_zone_is_remembered_too() -> None:
    """A person without a zone is not asked for with every command."""
    zones = Zones(Clock().now)
    zones.learn("U1", "Mars/Olympus")
    assert (zones.of("U1"), zones.knows("U1")) == (None, True)


def test_who_asked_long_ago_is_forgotten_first() -> None:
    """Memory is bounded; whoever asks often stays known."""
    zones = Zones(Clock().now)
    for number in range(MOST + 1):
        zones.learn(f"U{number}", "UTC")
        zones.of("U0")
    assert (zones.knows("U0"), zones.knows("U1"), zones.knows(f"U{MOST}")) == (True, False, True)

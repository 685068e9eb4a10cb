"""A company a hundred times as large: the same shape of a day, and every session its own number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sandbox.__main__ import parser
from sandbox.clock import Clock
from sandbox.lives import CROWDED_BITS
from sandbox.shape import _MEAN, _SWING
from sandbox.world import MOST_VOLUME, World

AFTERNOON = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)


def world(volume: float) -> World:
    return World(7, Clock(AFTERNOON, speed=1.0), timedelta(minutes=20), past=(), volume=volume)


def test_a_hundred_times_the_volume_is_a_hundred_times_the_sessions() -> None:
    """At the busiest hour, in both environments, no number twice."""
    usual, crowded = world(1), world(100)
    for env in crowded.envs:
        many = len(crowded.events("checkout.started", env))
        assert many == pytest.approx(100 * len(usual.events("checkout.started", env)), rel=0.25)
        assert len(np.unique(crowded.events("checkout.started", env).session)) == many
    sessions = [set(crowded.events("checkout.started", env).session.tolist()) for env in crowded.envs]
    assert not sessions[0] & sessions[1]


def test_the_numbers_have_room_for_the_busiest_minute() -> None:
    """With a quarter more than is expected of it."""
    assert 1.25 * MOST_VOLUME * (_MEAN + _SWING) < 2**CROWDED_BITS


def test_a_declined_share_is_the_same_at_any_volume() -> None:
    """More sessions are no outage."""
    shares = []
    for volume in (1, 100):
        made = world(volume)
        shares.append(len(made.events("checkout.failed", made.env)) / len(made.events("checkout.submitted", made.env)))
    assert shares[1] == pytest.approx(shares[0], abs=0.02)


@pytest.mark.parametrize("typed", ["0", "101", "many"])
def test_a_volume_that_cannot_be_is_refused(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, with the range."""
    with pytest.raises(SystemExit):
        parser().parse_args(["--volume", typed])
    assert "at most 100" in capsys.readouterr().err

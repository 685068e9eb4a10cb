"""The world: what its events look like, that they can be had again, and that a calm day is calm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.chance import Floats, Ints
from sandbox.declines import CODES, NO_CODE
from sandbox.lives import KINDS, Kind
from sandbox.metrics import METRICS, points
from sandbox.world import World
from tests.sandbox.company import DAY, HOUR, MINUTE, NOW, calm, fresh, ms, recorded


def per_minute(world: World, times: Ints, first: timedelta = HOUR) -> Ints:
    """Events in each whole minute, from `first` after the beginning on."""
    minutes = np.arange(world.begin_ms // 60_000 + first // MINUTE, world.now_ms() // 60_000 + 1)
    return np.diff(np.searchsorted(times, minutes * 60_000))


def rolling(counts: Ints | Floats, minutes: int) -> Floats:
    return np.convolve(counts, np.ones(minutes), "valid")


def same(left: World, right: World) -> bool:
    """Whether the last hour of both is equal in every event."""
    span = left.now_ms() - 3_600_000, left.now_ms()
    return all(
        np.array_equal(
            getattr(left.events(kind, env).between(*span), column), getattr(right.events(kind, env).between(*span), column)
        )
        for kind in KINDS
        for env in left.envs
        for column in ("time", "session", "attempt", "code", "ms")
    )


def test_a_seed_gives_the_same_world_again() -> None:
    """Seed and time decide every event."""
    assert same(fresh(seed=3), fresh(seed=3))


def test_another_seed_gives_another_world() -> None:
    """No two seeds share their sessions."""
    assert not same(fresh(seed=3), fresh(seed=4))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 5_000_000), max_size=12))
def test_readers_do_not_change_what_happens(pauses_ms: list[int]) -> None:
    """However often the world is looked at in between, the same events come out."""
    watched, alone = fresh(history=HOUR), fresh(history=HOUR)
    for pause in pauses_ms:
        watched.clock.jump(timedelta(milliseconds=pause))
        watched.events("checkout.started", "prod")
    end = timedelta(milliseconds=sum(pauses_ms) + 1000)
    watched.clock.jump(end - (watched.clock.now() - NOW))
    alone.clock.jump(end)
    assert same(watched, alone)


def test_days_have_their_shape() -> None:
    """About 60 sessions start in a minute: some 20 at night, some 100 in the afternoon."""
    world = calm()
    counts = per_minute(world, world.events("checkout.started", "prod").time)
    hours = counts[: len(counts) // 60 * 60].reshape(-1, 60).mean(axis=1)
    assert 55 < counts.mean() < 65
    assert 16 < hours.min() < 24
    assert 92 < hours.max() < 112


def test_weekdays_differ() -> None:
    """Friday is the busiest day and Sunday the quietest."""
    world, monday = calm(), datetime(2026, 11, 16, tzinfo=UTC)
    days = [world.truth.count("checkout.started", monday + day * DAY, monday + (day + 1) * DAY) for day in range(6)]
    sunday = world.truth.count("checkout.started", monday - DAY, monday)
    assert max(days) == days[4]
    assert sunday < min(days)


@pytest.mark.parametrize("seed", [7, 20])
def test_a_calm_week_breaks_no_limit(seed: int) -> None:
    """Without a scenario no shipped rule has a reason to fire, not even in the quietest night."""
    world = calm() if seed == 7 else fresh(seed, 9 * DAY)
    counts = {kind: per_minute(world, world.events(kind, "prod").time) for kind in KINDS}
    done, declined = counts["checkout.completed"], counts["checkout.failed"]
    retries = world.events("retry.completed", "prod")
    assert (rolling(100 * done / (done + declined), 15) / 15).min() > 97.3
    assert rolling(counts["checkout.expired"], 60).max() <= 10
    assert rolling(per_minute(world, retries.time[retries.code != NO_CODE]), 15).max() <= 5
    assert rolling(counts["receipt.failed"], 5).max() <= 3


def test_payments_go_through_almost_always() -> None:
    """A day's success share is that of a healthy shop: 98 to 99.2 %."""
    share = calm().truth.success_share(NOW - DAY, NOW)
    assert share is not None
    assert 0.98 < share < 0.992


def test_no_payment_has_no_success_share() -> None:
    """Nothing ended is None, not 0 and not 1."""
    assert fresh().truth.success_share(NOW + DAY, NOW + 2 * DAY) is None


def test_declines_carry_stripes_words_and_one_that_is_new() -> None:
    """Every code is one of Stripe's, but for an issuer's own that no table has yet."""
    stripes = set(recorded("stripe_decline_codes.json")["codes"])
    seen = set(calm().truth.failures(NOW - 9 * DAY, NOW))
    assert seen - stripes == {"issuer_policy_2026"}
    assert len(seen) == len(CODES)


def test_failures_are_counted_by_code() -> None:
    """The truth's counter adds up to the declined payments."""
    truth = calm().truth
    failures = truth.failures(NOW - HOUR, NOW)
    assert failures.total() == truth.count("checkout.failed", NOW - HOUR, NOW) > 0
    assert truth.failures(NOW - DAY, NOW).most_common(1)[0][0] == "insufficient_funds"


@pytest.mark.parametrize(
    "kind", ["checkout.completed", "checkout.failed", "checkout.expired", "receipt.rendered", "retry.initiated"]
)
def test_whatever_happens_belongs_to_a_session(kind: Kind) -> None:
    """No event of a session comes without, or before, its start."""
    world = fresh()
    started = world.events("checkout.started", "prod")
    rows = world.events(kind, "prod")
    begun = dict(zip(started.session.tolist(), started.time.tolist(), strict=True))
    assert all(begun[session] < time for session, time in zip(rows.session.tolist(), rows.time.tolist(), strict=True))


def test_retries_follow_a_decline_three_times_at_most() -> None:
    """Every retry has an earlier declined payment of its session, two minutes or more before."""
    world = fresh()
    failed = world.events("checkout.failed", "prod")
    ended = dict(zip(zip(failed.session.tolist(), failed.attempt.tolist(), strict=True), failed.time.tolist(), strict=True))
    retries = world.events("retry.initiated", "prod")
    rows = list(zip(retries.session.tolist(), retries.attempt.tolist(), retries.time.tolist(), strict=True))
    assert len(rows) > 20
    assert all(1 <= attempt <= 3 and time - ended[session, attempt - 1] >= 120_000 for session, attempt, time in rows)


def test_sessions_expire_when_stripe_lets_them() -> None:
    """Between 30 minutes and 24 hours after the start, and never once paid."""
    world = calm()
    started, expired = world.events("checkout.started", "prod"), world.events("checkout.expired", "prod")
    begun = started.time[np.searchsorted(np.sort(started.session), expired.session)]
    assert not set(expired.session.tolist()) & set(world.events("checkout.completed", "prod").session.tolist())
    assert ((expired.time - begun) > 29 * 60_000).all()
    assert ((expired.time - begun) < 24 * 3_600_000 + 60_000).all()


def test_every_ended_payment_has_its_webhook() -> None:
    """As many webhooks as ends, but for those still on their way."""
    world = fresh()
    ends = sum(len(world.events(kind, "prod")) for kind in ("checkout.completed", "checkout.failed", "checkout.expired"))
    assert 0 <= ends - len(world.events("webhook.processed", "prod")) < 20


def test_staging_is_small_and_apart() -> None:
    """Another environment has its own few sessions."""
    world = fresh()
    main, other = (world.events("checkout.started", env).session for env in ("prod", "staging"))
    assert 0 < len(other) < 0.1 * len(main)
    assert not set(main.tolist()) & set(other.tolist())


def test_an_unknown_environment_has_no_events() -> None:
    """What is not there is empty, not an error."""
    assert len(fresh().events("checkout.started", "moon")) == 0


def test_what_readers_hold_does_not_change() -> None:
    """Rows that were handed out stay as they were while time goes on."""
    world = fresh()
    held = world.events("checkout.completed", "prod")
    before = held.time.copy()
    world.clock.jump(DAY)
    world.events("checkout.completed", "prod")
    assert np.array_equal(held.time, before)


def test_old_events_are_forgotten_and_stocks_stay_right() -> None:
    """A world that runs for weeks keeps about its history, and still knows how many sessions are open."""
    world = fresh()
    for _ in range(3):
        world.clock.jump(DAY)
        world.advance(world.clock.now())
    forgotten, kept = world.counted("checkout.started", "prod")
    active = points(world, "payments.checkout.sessions_active", world.now_ms() - 600_000, world.now_ms())[0].values
    assert forgotten > len(kept)
    assert (active > 100).all()
    assert (active < 400).all()


def test_stocks_count_what_is_under_way() -> None:
    """Pending payments are those submitted and not ended; active sessions are open, and not left alone."""
    world, at = fresh(), ms(NOW) // 60_000 * 60_000 - 60_000
    begun = sum(int(np.sum(world.events(kind, "prod").time < at)) for kind in ("checkout.submitted", "retry.initiated"))
    ends = sum(int(np.sum(world.events(kind, "prod").time < at)) for kind in ("checkout.completed", "checkout.failed"))
    pending, active = (
        points(world, f"payments.checkout.sessions_{stock}", at - 60_000, at)[0].values[0] for stock in ("pending", "active")
    )
    assert pending == begun - ends > 0
    started = world.events("checkout.started", "prod").between(at - 900_000, at).session.tolist()
    paid = {
        s
        for kind in ("checkout.completed", "checkout.failed")
        for s in world.events(kind, "prod").between(0, at).session.tolist()
    }
    assert abs(active - len(set(started) - paid)) <= 2  # a session may idle out within this very minute


@pytest.mark.parametrize("name", METRICS)
def test_metrics_are_known_ten_seconds_after_their_minute(name: str) -> None:
    """No point is younger than a minute and ten seconds."""
    world = fresh(at=NOW.replace(second=9))
    newest = max((series.times.max() for series in points(world, name, 0, ms(NOW)) if len(series.times)), default=0)
    assert newest < ms(NOW.replace(second=0)) - 60_000


def test_a_counter_is_silent_where_nothing_happened() -> None:
    """No zeros are sent, and what is sent adds up to the events."""
    world = fresh()
    sent = points(world, "payments.window.extension_count", 0, ms(NOW))[0].values
    assert (sent > 0).all()
    assert sent.sum() == len(world.events("window.extended", "prod").between(0, ms(NOW) // 60_000 * 60_000))


def test_a_rate_is_silent_where_nothing_ended() -> None:
    """At night staging has minutes without any payment, and those have no point."""
    world = fresh(at=NOW.replace(hour=5))
    found = {series.tags: series for series in points(world, "payments.checkout.success_rate", 0, ms(NOW))}
    assert len(found["env:prod",].times) > 300
    assert len(found["env:staging",].times) < 300

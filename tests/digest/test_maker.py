"""From answers and the store to a digest: what is not well by stable names, and what nobody can tell is never well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.digest.content import Content
from bot.digest.maker import Maker, Standing
from bot.digest.runner import Due, Made
from bot.ports import ChatError, StoreError
from bot.store.digests import Concern
from commands import digest as asking
from commands.panel import Gap
from tests.digest.office import FRIDAY, MONDAY, MORNING, Numbers, concern, episode

DUE = Due("stand-up", MONDAY, MORNING - timedelta(days=3), MORNING, "Europe/Berlin")


def made(numbers: Numbers, *before: Concern, upload: Callable[[bytes, str, str, str], str] | None = None) -> Made:
    return Maker(numbers, lambda digest: Standing(concerns=before), "prod", upload)(DUE)


def says(numbers: Numbers, *before: Concern) -> tuple[Content, Mapping[str, str]]:
    found = made(numbers, *before)
    return Content.from_json(found.content), found.concerns


def test_a_quiet_morning_has_no_concern_and_uploads_no_picture() -> None:
    """Three lines need none."""

    def upload(png: bytes, name: str, title: str, alt: str) -> str:
        raise AssertionError(name)

    found = made(Numbers(), upload=upload)
    assert (Content.from_json(found.content).quiet, found.concerns) == (True, {})


def test_what_is_not_well_is_a_concern_by_its_own_name() -> None:
    """The same every day."""
    states = dict.fromkeys(("checkout", asking.OVERRIDES, asking.SCHEMA, asking.DEAD, asking.BUDGET), "bad")
    _, concerns = says(Numbers(states))
    assert set(concerns) == {"checkout", "overrides", "schema", "dead letters", "error budget"}


@pytest.mark.parametrize("before", [True, False])
def test_what_nobody_can_tell_stays_what_it_was(before: bool) -> None:
    """A concern where it was one, none where it was not; in either case it reads "no data"."""
    found, concerns = says(Numbers({"checkout": "unknown"}), *((concern("checkout", FRIDAY),) if before else ()))
    assert ("checkout" in concerns, found.unknown) == (before, ("checkout",))


def test_what_is_well_again_is_no_concern_any_more() -> None:
    """Whoever had it."""
    assert says(Numbers(), concern("checkout", FRIDAY, taken_by="U0DANA"))[1] == {}


def test_overrides_that_nobody_has_taken_stay_to_be_reviewed() -> None:
    """Also when no new one came; taken ones are done."""
    found, concerns = says(Numbers(), concern("overrides", FRIDAY))
    (left,) = [note.said for note in found.notes if note.name == "overrides"]
    assert (set(concerns), left) == ({"overrides"}, "nobody has taken those told of since Fri 20 Nov; no new one")
    assert says(Numbers(), concern("overrides", FRIDAY, taken_by="U0DANA"))[1] == {}


def test_the_same_answers_give_the_same_digest() -> None:
    """Whoever makes it after a kill says what the one before would have said."""
    numbers = Numbers({"checkout": "bad"}, gaps=(Gap("Datadog", "did not answer in 8 s", ("window",)),))
    assert made(numbers) == made(numbers)


def test_a_picture_that_slack_does_not_take_is_told_in_words() -> None:
    """The digest is made all the same."""

    def refusing(png: bytes, name: str, title: str, alt: str) -> str:
        raise ChatError("timeout", "Slack did not answer.")

    found = Content.from_json(made(Numbers({"checkout": "bad"}), upload=refusing).content)
    assert (found.picture, found.picture_fault) == ("", "The picture could not be uploaded to Slack.")


def test_a_digest_waits_for_the_store_and_a_preview_does_not() -> None:
    """What is open must be known before anything is posted; a preview says what it lacks."""

    def away(digest: str) -> Standing:
        raise StoreError("is locked", retriable=True)

    maker = Maker(Numbers({"checkout": "bad"}), away, "prod")
    with pytest.raises(StoreError):
        maker(DUE)
    found, concerns = maker.preview(DUE)
    assert found.many_alerts is None
    assert found.gaps[-1].startswith("The alert system cannot read its store now (is locked)")
    assert [each.name for each in concerns] == ["checkout"]


def test_a_hundred_alerts_are_counted_and_the_urgent_ones_are_kept() -> None:
    """What nobody has first; drills and what is over are none."""
    many = [episode(number, handling="acked", acked_by="U0DANA") for number in range(1, 100)]
    others = (episode(100), replace(episode(101), drill=True), replace(episode(102), closed=MORNING, phase="closed"))
    maker = Maker(Numbers(), lambda digest: Standing(episodes=(*many, *others)), "prod")
    found = Content.from_json(maker(DUE).content)
    assert (found.many_alerts, len(found.alerts), found.alerts[0].handling) == (100, 40, "open")


def test_card_numbers_and_addresses_never_reach_the_row() -> None:
    """It is masked before it is kept."""
    gap = Gap("Datadog", "refused 4242 4242 4242 4242 of mira@example.com", ("checkout",))
    kept = str(made(Numbers(gaps=(gap,))).content)
    assert "4242 4242" not in kept.replace("****", "")
    assert "mira@" not in kept

"""Keys: opaque, stable, and different wherever what they name is."""

from __future__ import annotations

import itertools
import re

from bot.alerts.keys import dedup_key, intent_key


def test_keys_are_opaque_and_short() -> None:
    """Nothing of what they name can be read in them, and every pager takes them."""
    for key in (intent_key("slack", "00aa", 3, "show"), dedup_key("prod", "00aa")):
        assert re.fullmatch(r"[0-9a-f]{32}", key)


def test_one_thing_has_one_key() -> None:
    """Whoever owes it, after whatever restart."""
    assert intent_key("slack", "00aa", 3, "show") == intent_key("slack", "00aa", 3, "show")
    assert dedup_key("prod", "00aa") == dedup_key("prod", "00aa")


def test_different_things_have_different_keys() -> None:
    """Target, episode, step and kind count, and no two of them run into each other."""
    targets, ids, seqs = ("slack", "pagerduty", "opsgenie"), ("a", "a1", "1"), (1, 11, 2)
    keys = {intent_key(*each, kind) for each in itertools.product(targets, ids, seqs) for kind in ("show", "note")}  # type: ignore[arg-type]
    assert len(keys) == 54
    assert len({dedup_key(env, known_as) for env in ("prod", "pro") for known_as in ("d1", "1")}) == 4

"""Decline codes: all of Stripe's, and a place for those it has not told us of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands.declines import CLASS_WORDS, DECLINES, decline

RECORDED = Path(__file__).parents[2].parent / "shared" / "contracts" / "data" / "stripe_decline_codes.json"


@pytest.mark.skipif(not RECORDED.exists(), reason="needs the recorded answers in ../shared")
def test_every_code_of_stripe_is_in_the_table_and_no_other() -> None:
    """The table holds exactly the codes that Stripe's own library knows."""
    assert set(DECLINES) == set(json.loads(RECORDED.read_text())["codes"])


def test_there_are_forty_seven() -> None:
    """No code is lost by standing in two classes."""
    assert len(DECLINES) == 47


def test_an_unknown_code_keeps_its_name() -> None:
    """A code that Stripe adds tomorrow is shown under its own name, in a class of its own."""
    new = decline("issuer_policy_2026")
    assert (new.code, new.kind, new.class_words) == ("issuer_policy_2026", "unknown", "unknown code")


@pytest.mark.parametrize(
    ("code", "kind", "retry"),
    [
        ("stolen_card", "hard", "no"),
        ("transaction_not_allowed", "hard", "no"),
        ("authentication_required", "customer", "yes"),
        ("duplicate_transaction", "customer", "no"),
        ("insufficient_funds", "soft", "yes"),
        ("do_not_honor", "soft", "maybe"),
        ("testmode_decline", "test", "no"),
    ],
)
def test_a_code_says_whether_a_retry_can_help(code: str, kind: str, retry: str) -> None:
    """Class and advice of the codes that decide most."""
    assert decline(code).kind == kind
    assert decline(code).retry.startswith(f"{retry}: ")


def test_every_code_has_words_of_its_own() -> None:
    """Each row reads as a phrase: words, a class that people know, and an advice short enough for a table's cell."""
    for known in DECLINES.values():
        assert known.words
        assert known.class_words == CLASS_WORDS[known.kind]
        assert 0 < len(known.retry) <= 36

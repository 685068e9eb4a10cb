"""What nobody may see is masked, and what only looks like it is kept."""

from __future__ import annotations

import uuid
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.redact import luhn, masked

CARDS = (
    "4242424242424242",  # Visa
    "4222222222222",  # Visa of 13 digits
    "5555555555554444",  # Mastercard
    "2223003122003222",  # Mastercard, the newer range
    "378282246310005",  # American Express
    "6011111111111117",  # Discover
    "30569309025904",  # Diners Club
    "3566002020360505",  # JCB
    "6200000000000005",  # UnionPay
)
SPELLINGS = (
    "{}",
    "card {} declined",
    '{{"number":"{}","exp":"12/29"}}',
    "number%22%3A%22{}%22",
    "number={}&exp=1229",
    "\\n{}\\n",
)


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_card_numbers_are_masked_wherever_they_stand(card: str, spelling: str) -> None:
    """No digit of a card number is left in words, JSON or a query string."""
    assert masked(spelling.format(card)) == spelling.format("[card number]")


@pytest.mark.parametrize("joint", [" ", "-", ".", "\u00a0", "\u2011", "\u200b", "%20", "+", "\\u00a0", "  "])
def test_card_numbers_are_masked_in_groups(joint: str) -> None:
    """Fours, and the groups of American Express, are found whatever joins them."""
    assert masked(f"x: {joint.join(('4242',) * 4)}!") == "x: [card number]!"
    assert masked(f"x: {joint.join(('3782', '822463', '10005'))}!") == "x: [card number]!"


@pytest.mark.parametrize(
    "card",
    [
        "４２４２４２４２４２４２４２４２",
        "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
        "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
        "%34%32" * 8,
        "\\u0034\\u0032" * 8,
        "&#52;&#50;" * 8,
        "order 7 4242 4242 4242 4242",
    ],
)
def test_disguised_card_numbers_are_masked(card: str) -> None:
    """Other scripts' digits, encoded digits and other numbers in front do not hide a card."""
    assert masked(card).endswith("[card number]")


def test_a_wrong_check_digit_is_no_card() -> None:
    """Numbers that fail Luhn or that no issuer uses are kept."""
    kept = "4242424242424241 9999999999999995 1234567812345670"
    assert masked(kept) == kept


SECRETS = (
    "xoxb-123456-abcdef",
    "xoxe.xoxp-1-abcdefgh",
    "xapp-1-A0123-4567-abcdef",
    "sk_live_51Habcdef",
    "rk_live_51Habcdef",
    "sk_test_51Habcdef",
    "whsec_abc123def456",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
)


@pytest.mark.parametrize("secret", SECRETS)
def test_tokens_are_masked_by_their_look(secret: str) -> None:
    """Tokens of Slack, Stripe and AWS, JWTs and private keys need no name to be found."""
    assert masked(f"it said {secret}.") in {"it said [secret].", "it said [secret]"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password=hunter22&x=1", "password=[secret]&x=1"),
        ('{"api_key": "0123abcd"}', '{"api_key": "[secret]"}'),
        ("DD-APPLICATION-KEY: 0123456789abcdef", "DD-APPLICATION-KEY: [secret]"),
        ("client_secret%3Dabcdefg", "client_secret%3D[secret]"),
        ("aws_secret_access_key=abcd/efgh+12", "aws_secret_access_key=[secret]"),
        ("sent Bearer 0123abcdefgh", "sent Bearer [secret]"),
        ("postgres://bot:p4ss@db:5432/pay", "postgres://[secret]@db:5432/pay"),
        ("https://hooks.slack.com/commands/T1/2/x", "https://hooks.slack.com/[secret]"),
        ("cvc=123", "cvc=[security code]"),
        ('"card_cvv": "1234"', '"card_cvv": "[security code]"'),
        ("dana.weber@example.com paid", "[e-mail] paid"),
        ("to=dana%40example.co.uk", "to=[e-mail]"),
    ],
)
def test_named_secrets_codes_and_addresses_are_masked(text: str, left: str) -> None:
    """The value goes, its name stays."""
    assert masked(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "incorrect_cvc: 412 failures",
        "tokens: 1234 used",
        "Basic authentication failed",
        "Bearer token required",
        "success rate 96.96 %, 1,234 sessions, p95 1,840 ms",
        "0.4111111111111111",
        "@channel",
        "2026-11-22T14:00:00.123456Z took_s=0.412 reference=1a2b3c4d",
    ],
)
def test_what_only_looks_like_a_secret_is_kept(text: str) -> None:
    """Decline codes, figures, times and plain words are no secrets."""
    assert masked(text) == text


def hexadecimal(chance: Random) -> str:
    return f"{chance.getrandbits(160):040x}"


KEPT = {
    "order ids": lambda chance: f"ORD-{chance.randrange(10**9, 10**12)}",
    "session ids": lambda chance: f"cs_live_{hexadecimal(chance)}",
    "UUIDs": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "seconds": lambda chance: str(chance.randrange(1_400_000_000, 2_100_000_000)),
    "milliseconds": lambda chance: str(chance.randrange(1_400_000_000_000, 2_100_000_000_000)),
    "nanoseconds": lambda chance: str(chance.randrange(14 * 10**17, 21 * 10**17)),
    "fractions": lambda chance: repr(chance.random() * 100),
    "hashes": hexadecimal,
}


@pytest.mark.parametrize("kind", KEPT)
def test_ids_and_times_are_not_taken_for_cards(kind: str) -> None:
    """Of 10,000 order ids, UUIDs, times and hashes of each kind at most 10 are masked."""
    chance = Random(kind)
    samples = [KEPT[kind](chance) for _ in range(10_000)]
    assert sum(masked(sample) != sample for sample in samples) <= 10


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    """What stands for a secret is no secret."""
    assert masked(masked(text)) == masked(text)


@given(st.text("0123456789", min_size=12, max_size=15))
def test_luhn_finds_every_single_wrong_digit(digits: str) -> None:
    """Exactly one of the ten check digits is right."""
    assert sum(luhn(digits + check) for check in "0123456789") == 1


@pytest.mark.parametrize("text", ["%34242424242424242", r"\u0034242424242424242", "&#52;242424242424242", "4%3242424242424242"])
def test_a_number_of_which_one_digit_is_encoded_is_masked(text: str) -> None:
    """Whoever encodes only the first digit does not slip through."""
    assert "242424242" not in masked(text)

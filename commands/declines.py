"""Stripe's decline codes: what each means, its class, and whether a retry can help.

The codes are Stripe's own list of 47. The classes and the advice are our reading of Stripe's next-step texts and of what
operators do: Stripe publishes no such table, and public ones disagree, most of all on do_not_honor and transaction_not_allowed.
A code that is not in the list keeps its name and gets a class of its own: new codes must be seen, not sorted away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["hard", "customer", "soft", "test", "unknown"]

CLASS_WORDS: Mapping[Kind, str] = {
    "hard": "hard decline",
    "customer": "customer can fix",
    "soft": "soft decline",
    "test": "test card",
    "unknown": "unknown code",
}
ANOTHER_CARD = "no: another card"


@dataclass(frozen=True, slots=True)
class Decline:
    """A decline code: `words` say what happened, `retry` begins with "yes", "no", "maybe" or "unknown" and says on what terms.

    `kind`: "hard" is final for this card, "customer" can be mended by the customer, "soft" may pass by itself, "test" comes from
    a test card, "unknown" is no code of Stripe's list.
    """

    code: str
    words: str
    kind: Kind
    retry: str

    @property
    def class_words(self) -> str:
        """The class as people read it in a table."""
        return CLASS_WORDS[self.kind]


def decline(code: str) -> Decline:
    """What is known of a code; one that Stripe's list does not have is of kind "unknown" under its own name."""
    return DECLINES.get(code) or Decline(code, "not in Stripe's list of codes", "unknown", "unknown")


def _hard() -> Iterator[Decline]:
    """Final for this card: the issuer wants no further attempt, or the card can never pay this."""
    words = {
        "card_not_supported": "the card does not support this kind of purchase",
        "currency_not_supported": "the card does not support the currency",
        "do_not_try_again": "the issuer wants no further attempt",
        "expired_card": "the card has expired",
        "fraudulent": "Stripe suspects fraud",
        "incorrect_number": "the card number is wrong",
        "invalid_account": "the card or its account is invalid",
        "invalid_number": "the card number is wrong",
        "lost_card": "the card is reported lost",
        "merchant_blacklist": "the payment matches our own block list",
        "not_permitted": "the payment is not permitted",
        "pickup_card": "the card may be lost or stolen",
        "restricted_card": "the card is restricted; it may be lost or stolen",
        "revocation_of_all_authorizations": "the customer revoked all authorizations",
        "revocation_of_authorization": "the customer revoked this authorization",
        "security_violation": "the issuer reports a security violation",
        "service_not_allowed": "the card does not allow this service",
        "stolen_card": "the card is reported stolen",
        "stop_payment_order": "the customer stopped the payment",
        "transaction_not_allowed": "the issuer does not allow this transaction",
    }
    return (Decline(code, said, "hard", ANOTHER_CARD) for code, said in words.items())


def _customer() -> Iterator[Decline]:
    """The customer can mend it: each with what it takes."""
    mended = {
        "approve_with_id": ("the issuer wants the customer identified", "yes: once the issuer agrees"),
        "authentication_required": ("the issuer wants the customer to authenticate", "yes: with 3-D Secure"),
        "duplicate_transaction": ("the same amount was charged a moment ago", "no: check for a first payment"),
        "incorrect_cvc": ("the CVC is wrong", "yes: with the right CVC"),
        "incorrect_pin": ("the PIN is wrong", "yes: with the right PIN"),
        "incorrect_zip": ("the postcode is wrong", "yes: with the right postcode"),
        "invalid_amount": ("the amount is invalid or over the card's limit", "maybe: once the issuer agrees"),
        "invalid_cvc": ("the CVC is wrong", "yes: with the right CVC"),
        "invalid_expiry_month": ("the month of expiry is wrong", "yes: with the right date"),
        "invalid_expiry_year": ("the year of expiry is wrong", "yes: with the right date"),
        "invalid_pin": ("the PIN is wrong", "yes: with the right PIN"),
        "new_account_information_available": ("the card or account has new details", "yes: with the new details"),
        "offline_pin_required": ("the card needs its PIN", "yes: with the PIN"),
        "online_or_offline_pin_required": ("the card needs its PIN", "yes: with the PIN"),
        "pin_try_exceeded": ("the PIN was wrong too often", ANOTHER_CARD),
    }
    return (Decline(code, said, "customer", retry) for code, (said, retry) in mended.items())


def _soft() -> Iterator[Decline]:
    """May pass by itself, or after a while."""
    passing = {
        "call_issuer": ("the issuer gives no reason", "maybe: once the customer has called"),
        "card_velocity_exceeded": ("the card's limit of payments or amount is used up", "yes: in a few days"),
        "do_not_honor": ("the issuer gives no reason", "maybe: later, few times"),
        "generic_decline": ("the issuer gives no reason", "maybe: later, few times"),
        "insufficient_funds": ("there is not enough money in the account", "yes: in a few days"),
        "issuer_not_available": ("the issuer cannot be reached", "yes: in minutes"),
        "no_action_taken": ("the issuer gives no reason", "maybe: later, few times"),
        "processing_error": ("an error while the card was processed", "yes: in minutes"),
        "reenter_transaction": ("the issuer could not process it", "yes: in minutes"),
        "try_again_later": ("the issuer gives no reason", "yes: later"),
        "withdrawal_count_limit_exceeded": ("the card's limit is used up", "yes: in a few days"),
    }
    return (Decline(code, said, "soft", retry) for code, (said, retry) in passing.items())


TEST = Decline("testmode_decline", "a test card was used", "test", "no: a real card")
DECLINES: Mapping[str, Decline] = {known.code: known for known in (*_hard(), *_customer(), *_soft(), TEST)}

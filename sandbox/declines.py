"""Why payments are declined on an ordinary day, and how often."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sandbox.chance import Floats, Ints

# Stripe's words; the last is one that nobody has a table for yet, as happens when an issuer adds its own.
ORDINARY: Mapping[str, float] = {
    "insufficient_funds": 34.0,
    "do_not_honor": 17.0,
    "generic_decline": 14.0,
    "authentication_required": 9.0,
    "expired_card": 6.5,
    "incorrect_cvc": 5.0,
    "transaction_not_allowed": 3.5,
    "card_velocity_exceeded": 3.0,
    "try_again_later": 1.6,
    "issuer_not_available": 1.4,
    "processing_error": 1.2,
    "lost_card": 1.0,
    "invalid_account": 0.9,
    "pickup_card": 0.7,
    "stolen_card": 0.6,
    "fraudulent": 0.4,
    "issuer_policy_2026": 0.2,
}
CODES: tuple[str, ...] = tuple(ORDINARY)
NO_CODE = -1

_BASE_SHARE = 0.0105


def share(times_ms: Ints) -> Floats:
    """The share of payments declined at each time when nothing is wrong: 0.7 to 1.6 %, wandering over hours."""
    hours = times_ms / 3_600_000.0
    return np.asarray(_BASE_SHARE * (1.0 + 0.25 * np.sin(2 * np.pi * hours / 5.3) + 0.12 * np.sin(2 * np.pi * hours / 0.79)))


def pick(mix: Mapping[str, float], luck: Floats) -> Ints:
    """Indices into CODES, one for each number in [0, 1), in the proportions of `mix`."""
    weights = np.cumsum([float(weight) for weight in mix.values()])
    chosen = np.searchsorted(weights / weights[-1], luck, side="right")
    return np.array([CODES.index(code) for code in mix], dtype=np.int64)[chosen]

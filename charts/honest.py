"""Rounding that does not lie: a number just below its limit never reads as the limit."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final

_FINEST: Final = 3  # decimals; finer differences from a limit are shown as one step away from it


def honest(x: float, anchors: Iterable[float]) -> Decimal:
    """`x` with as few decimals as keep it on its own side of every anchor; whole numbers as they are. `x` is finite."""
    exact = Decimal(repr(float(x)))
    if exact == exact.to_integral_value():
        return exact.to_integral_value()
    limits = tuple(Decimal(repr(float(anchor))) for anchor in anchors)
    for decimals in range(1, _FINEST + 1):
        rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
        crossed = [limit for limit in limits if _side(rounded, limit) != _side(exact, limit)]
        if not crossed:
            break
    else:
        rounded = exact.quantize(rounded, ROUND_FLOOR if exact < crossed[0] else ROUND_CEILING)
    return rounded


def _side(x: Decimal, limit: Decimal) -> int:
    return (x > limit) - (x < limit)

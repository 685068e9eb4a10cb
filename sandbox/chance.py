"""Random numbers that depend only on a seed, a purpose and a key, so that any stretch of time can be made in any pieces."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_WEYL = 0x9E3779B97F4A7C15  # constants of splitmix64 (Steele, Lea, Flood 2014)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


class Chance:
    """Draws by hashing instead of by order: equal arguments give equal numbers, whatever was drawn before."""

    def __init__(self, seed: int, part: str = "") -> None:
        self._seed = seed
        self._part = part

    def uniform(self, purpose: str, keys: Ints) -> Floats:
        """One number in [0, 1) for each key."""
        salt = (self._seed * _WEYL + crc32(f"{self._part}/{purpose}".encode()) * 0x2545F4914F6CDD1D) & 0xFFFFFFFFFFFFFFFF
        z = keys.astype(np.uint64) * np.uint64(_WEYL) + np.uint64(salt)
        z = (z ^ (z >> np.uint64(30))) * _MIX[0]
        z = (z ^ (z >> np.uint64(27))) * _MIX[1]
        z ^= z >> np.uint64(31)
        return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, purpose: str, keys: Ints) -> Floats:
        """One standard normal number for each key (Box and Muller)."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(f"{purpose}/radius", keys)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(f"{purpose}/angle", keys)))

    def lognormal(self, purpose: str, keys: Ints, median: float, sigma: float) -> Floats:
        """One positive number for each key, half of them below `median`."""
        return np.asarray(median * np.exp(sigma * self.normal(purpose, keys)))

"""Pixels as a PNG, fast: no line filter, and Intel's ISA-L at level 1 instead of zlib (a tenth of Pillow's time)."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEVEL = 1
RGBA = (8, 6, 0, 0, 0)  # bits a channel, red-green-blue-alpha, and the only compression, filter and interlace wanted


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """The PNG of `pixels`, (height, width, 4) bytes of red, green, blue and alpha. One call at a time per process."""
    height, width = pixels.shape[:2]
    lines = _lines(height, width)
    lines[:, 1:] = pixels.reshape(height, 4 * width)
    head = struct.pack(">II5B", width, height, *RGBA)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", isal_zlib.compress(lines, LEVEL)) + _chunk(b"IEND", b"")


@lru_cache(maxsize=4)
def _lines(height: int, width: int) -> NDArray[np.uint8]:
    """The scan lines' buffer, kept between pictures of one size: each line begins with a 0, "no filter"."""
    return np.zeros((height, 1 + 4 * width), np.uint8)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))

"""The overview against its slowest source: six sections asked at once, and how often that calls each source.

usage: python -m tests.bench.overview    (with the environment of a stage, see tests.stage)
"""

from __future__ import annotations

import os
import statistics
import time
from collections import Counter, defaultdict
from typing import Any

from bot.app import build
from bot.config import read
from bot.ports import Source

ROUNDS = 9


class Timed:
    """A source that notes how long each of its fetches took."""

    def __init__(self, source: Source, took: list[float]) -> None:
        self._source = source
        self._took = took

    def fetch(self, *words: Any) -> Any:
        start = time.perf_counter()
        try:
            return self._source.fetch(*words)
        finally:
            self._took.append(time.perf_counter() - start)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def main() -> None:
    config = read(os.environ, None)
    took: defaultdict[str, list[float]] = defaultdict(list)
    plain = build(config)
    timed: dict[str, Any] = {name: Timed(source, took[name]) for name, source in plain.sources.items()}
    bot = build(config, sources=timed)
    bot.warm()
    bot.answer("overview")  # fetches what is kept afterwards
    wholes, slowest, ratios = [], [], []
    calls: Counter[str] = Counter()
    for _ in range(ROUNDS):
        for each in took.values():
            each.clear()
        start = time.perf_counter()
        bot.answer("overview")
        wholes.append(time.perf_counter() - start)
        calls.update({name: len(each) for name, each in took.items()})
        slowest.append(max(max(each) for each in took.values() if each))
        ratios.append(wholes[-1] / slowest[-1])
    print(f"with its picture {statistics.median(wholes):.3f} s, the slowest source {statistics.median(slowest):.3f} s:", end=" ")
    print(f"{statistics.median(ratios):.2f}x (at most 1.3x), medians of {ROUNDS}")
    print(f"calls of one overview: {', '.join(f'{name} {many / ROUNDS:g}' for name, many in sorted(calls.items()))}")
    bot.stop()
    plain.stop()


if __name__ == "__main__":
    main()

"""Twenty years of digests in ten zones, every date of them, with kills on the way: `make digests`, some minutes.

usage: python -m tests.digest.years [--years 20] [--seed N]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import time
from functools import partial

from tests.digest.test_calendar import ZONES, plan
from tests.digest.test_runner import Stage, days_of, played

SEED = 20_261_125


def zone_of(years: int, seed: int, zone: str) -> tuple[str, int, int, int, int]:
    """Plays one zone; gives the dates, the digests that were begun, and how many dates had none or several."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(f"sqlite:///{folder}/paybot.db", plan(zone, time(2, 30), "daily"))
        stage.database.open()
        try:
            wanted = played(stage, days_of(years), random.Random(f"{seed} {zone}"))
            found = Counter(stage.owed())
        finally:
            stage.database.close()
    missed = sum(day not in found for day in wanted)
    repeated = sum(count > 1 for count in found.values()) + sum(day not in set(wanted) for day in found)
    return zone, len(wanted), len(stage.made), missed, repeated


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    faults = 0
    with ProcessPoolExecutor(2) as pool:
        for zone, dates, made, missed, repeated in pool.map(partial(zone_of, options.years, options.seed), ZONES):
            sys.stdout.write(f"{zone}: {dates} dates, {made} begun, {missed} missed, {repeated} repeated\n")
            sys.stdout.flush()
            faults += missed + repeated
    sys.stdout.write(f"seed {options.seed}: {faults} faults\n")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())

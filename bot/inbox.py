"""What has come in already, so that nothing that arrives twice is done twice."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

TTL_S = 660.0  # a signature is good from 300 s before its time to 300 s after it; a minute more for a clock that is being set
CAPACITY = 100_000  # about 20 MB when full


class Inbox:
    """Remembers keys for `ttl_s` seconds, the newest `capacity` of them. Threads may share one; `now` is monotonic seconds."""

    def __init__(self, ttl_s: float = TTL_S, capacity: int = CAPACITY, now: Callable[[], float] = time.monotonic) -> None:
        self._ttl_s = ttl_s
        self._capacity = capacity
        self._now = now
        self._seen: OrderedDict[str, float] = OrderedDict()  # when each key came, oldest first
        self._lock = Lock()

    def first(self, key: str) -> bool:
        """True exactly once per key while it is remembered, however many threads ask."""
        with self._lock:
            now = self._now()
            self._forget(now)
            if key in self._seen:
                return False
            self._seen[key] = now
            if len(self._seen) > self._capacity:
                self._seen.popitem(last=False)
            return True

    def _forget(self, now: float) -> None:
        while self._seen and now - next(iter(self._seen.values())) > self._ttl_s:
            self._seen.popitem(last=False)

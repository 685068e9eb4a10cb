"""What has come in already, so that nothing that arrives twice is done twice, be it at another process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

TTL_S = 660.0  # a signature is good from 300 s before its time to 300 s after it; a minute more for a clock that is being set
CAPACITY = 100_000  # about 20 MB when full


class Inbox:
    """Remembers keys for `ttl_s` seconds, the newest `capacity` of them. Threads may share one; `now` is monotonic seconds.

    Of what is new here, others that it is shared with are asked, too.
    """

    def __init__(self, ttl_s: float = TTL_S, capacity: int = CAPACITY, now: Callable[[], float] = time.monotonic) -> None:
        self._ttl_s = ttl_s
        self._capacity = capacity
        self._now = now
        self._seen: OrderedDict[str, float] = OrderedDict()  # when each key came, oldest first
        self._lock = Lock()
        self._new_to_others: Callable[[str, float], bool] = lambda key, ttl_s: True

    def share(self, first: Callable[[str, float], bool]) -> None:
        """From now on `first` decides, by key and seconds, on all that is new here. It must not raise, nor take long."""
        self._new_to_others = first

    def first(self, key: str) -> bool:
        """True exactly once per key while it is remembered, however many threads ask."""
        return self._new_here(key) and self._new_to_others(key, self._ttl_s)

    def _new_here(self, key: str) -> bool:
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

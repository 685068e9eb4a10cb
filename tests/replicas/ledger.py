"""The vendors, with what a ledger needs to tell how long a duplicate was seen, and who was heard when."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.crash.world import Message, World

SENDING = {  # the calls that show that a channel has a sender
    "slack": frozenset({"chat.postMessage", "chat.update"}),
    "pagerduty": frozenset({"enqueue", "pagerduty"}),
    "opsgenie": frozenset({"alerts", "close", "acknowledge"}),
}


@dataclass
class Ledger(World):
    """A World that lists no more of its history than it is asked for, and remembers when a message was removed."""

    removed: dict[str, float] = field(default_factory=dict)

    def slack(self, method: str, sent: dict[str, Any]) -> dict[str, Any]:
        if method == "conversations.history":
            oldest = float(sent.get("oldest") or 0) - 1
            with self.lock:
                return self._listed([each for each in self.messages if not each.thread_ts and each.at >= oldest])
        answer = super().slack(method, sent)
        if method == "chat.delete" and answer["ok"]:
            self.removed[answer["ts"]] = time.time()
        return answer

    def twice(self) -> dict[str, list[Message]]:
        """What was ever posted more than once, by its key, the oldest first."""
        by_key: defaultdict[str, list[Message]] = defaultdict(list)
        with self.lock:
            for each in self.messages:
                by_key[each.key].append(each)
        return {key: found for key, found in by_key.items() if key and len(found) > 1}

    def seen_twice_s(self) -> list[float]:
        """For how long each duplicate was seen: from the second post until one of the two was removed."""
        return [min(self.removed.get(each.ts, time.time()) for each in found) - found[1].at for found in self.twice().values()]

    def sent(self, target: str) -> list[float]:
        """When anything was sent through a channel."""
        with self.lock:
            return [at for at, method in self.calls if method in SENDING[target]]

"""The ledger of what Slack has accepted: it only grows, whatever becomes of the messages, and whether or not the bot was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]
WRITES = frozenset(
    {
        "chat.postMessage",
        "chat.postEphemeral",
        "chat.update",
        "chat.delete",
        "files.completeUploadExternal",
        "views.open",
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted call, by its number (the first is 1). `key` is the metadata's `event_payload.key`, "" where there is none.

    `at` is the workspace's time in epoch seconds; `by` is "bot", or the ID of a person who did it by hand.
    """

    seq: int
    at: float
    method: str
    channel: str
    ts: str
    thread_ts: str
    text: str
    key: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    by: str = "bot"


class Accepted:
    """Everything accepted so far. Used from the event loop's thread; `now` is the workspace's time."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._entries: list[Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    def note(
        self, method: str, args: Mapping[str, Any], answer: Mapping[str, Any], metadata: Any = None, by: str = "bot"
    ) -> None:
        """Writes down a call that was accepted, if it is one that changes what people see."""
        if method not in WRITES:
            return
        kept = metadata if isinstance(metadata, dict) else {}
        payload = kept.get("event_payload")
        self._entries.append(
            Entry(
                seq=len(self._entries) + 1,
                at=self._now().timestamp(),
                method=method,
                channel=str(args.get("channel") or args.get("channel_id") or ""),
                ts=str(answer.get("ts") or answer.get("message_ts") or ""),
                thread_ts=str(args.get("thread_ts") or ""),
                text=str(args.get("text") or args.get("initial_comment") or ""),
                key=str(payload.get("key", "")) if isinstance(payload, dict) else "",
                metadata=kept,
                deleted=method == "chat.delete",
                by=by,
            )
        )

    def after(self, seq: int = 0) -> tuple[Entry, ...]:
        """The entries after that number, the oldest first."""
        return tuple(self._entries[max(seq, 0) :])

    def told(self, seq: int = 0) -> Json:
        """The same as JSON, with the number to go on from."""
        return {"entries": [asdict(entry) for entry in self.after(seq)], "last": len(self._entries)}

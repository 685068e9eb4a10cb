"""Small archives, written by hand: track calls and log rows as their vendors deliver them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DAY_MS = 86_400_000
FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query "
    "cs(Cookie) x-edge-result-type"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def track(event: str, when: str, session: str, message: str, version: str = "5.1", **properties: Any) -> str:
    """A line of Segment's archive."""
    plain = {"session_id": session, "amount": 1200, "currency": "eur"}
    call = {
        "type": "track",
        "event": f"payments.{event}",
        "messageId": message,
        "timestamp": when,
        "receivedAt": when,
        "context": {"app": {"version": version}},
        "properties": {key: value for key, value in {**plain, **properties}.items() if value is not None},
    }
    return json.dumps(call)


def day_folder(root: Path, day: str) -> Path:
    """The folder of the files that Segment received on that day."""
    folder = root / str(int(at(day).timestamp() * 1000) // DAY_MS * DAY_MS)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write(path: Path, *lines: str, packed: bool = True, ending: str = "\n") -> Path:
    """The lines, gzipped or not; bytes that are no UTF-8 stand in them as Python's surrogates."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = ("\n".join(lines) + ending).encode("utf-8", "surrogateescape")
    path.write_bytes(gzip.compress(text) if packed else text)
    return path


def log_row(
    when: str, path: str, edge: str = "FRA56-P3", status: str = "200", method: str = "GET", client: str = "192.0.2.1"
) -> str:
    """A row of CloudFront's standard log."""
    day, _, time = when.partition(" ")
    cells = (day, time, edge, "1200", client, method, "d1.cloudfront.net", path, status, "-", "curl", "-", "-", "Hit")
    return "\t".join(cells)


def log_file(root: Path, hour: str, *rows: str, name: str = "0a1b", header: str = FIELDS, **how: Any) -> Path:
    """A log file of an hour ("2026-11-22-10")."""
    return write(root / f"E2EXAMPLE.{hour}.{name}.gz", "#Version: 1.0", f"#Fields: {header}", *rows, **how)

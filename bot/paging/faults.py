"""What pagers answer when they do not take something, as SendErrors in words that are safe to show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.alerts.intent import SendError

PAUSE_S: Final = 30.0  # where a pager does not say how long: what PagerDuty's documents advise
LONGEST_S: Final = 300.0
_SAID: Final[Mapping[int, str]] = {
    400: "refused what it was told; is our key right?",
    401: "refused our key",
    402: "says that its plan does not allow this",
    403: "refused our key",
    404: "has no such address; is the one that is set right?",
    413: "was told too much",
}


def refusal(pager: str, status: int, asked: str | None = None) -> SendError:
    """What an HTTP status other than success means; `asked` is the pause that came with it, if any.

    Only what may pass by itself is worth sending again.
    """
    if status == 429:
        return SendError(f"{pager} asks us to wait", "later", pause(asked), code="429")
    if status == 408 or status >= 500:
        return SendError(f"{pager} answered with an error of its own ({status})", "later", code=str(status))
    if status < 400:
        return SendError(f"what answered ({status}) is not {pager}; is its address right?", "later", PAUSE_S, code=str(status))
    return SendError(f"{pager} {_SAID.get(status, 'refused what it was told')} ({status})", "refused", code=str(status))


def unanswered(pager: str, *, late: bool) -> SendError:
    """No answer. Sending again is harmless, as both pagers know what they have."""
    if late:
        return SendError(f"{pager} did not answer in time", "later", code="timeout")
    return SendError(f"{pager} could not be reached", "later", code="unreachable")


def pause(asked: str | None) -> float:
    """The seconds to wait, at most five minutes; a date or a text without digits is not believed."""
    seconds = float(asked) if asked and asked.isascii() and asked.isdigit() and len(asked) < 9 else PAUSE_S
    return min(seconds, LONGEST_S)

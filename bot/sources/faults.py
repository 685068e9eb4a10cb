"""What sources do wrong, in words that are safe to show: no URL, no secret, nothing the vendor wrote."""

from __future__ import annotations

import math

from bot.ports import SourceError


class RateLimited(SourceError):
    """The source asks for a pause of `wait_s` seconds; None where it does not say how long."""

    def __init__(self, wait_s: float | None = None) -> None:
        super().__init__("asks us to wait" if wait_s is None else f"asks us to wait {pause(wait_s)}", "rate_limited")
        self.wait_s = wait_s


class Refused(SourceError):
    """The source says that this question is none, whoever asks it and whenever: asked with others, it spoils theirs too.

    `why` is what the source wrote, for the operator's own eyes: it is not safe to show elsewhere.
    """

    def __init__(self, status: int | str, why: str = "") -> None:
        super().__init__(f"refused the question ({status})", "bad_request")
        self.why = why


def refusal(status: int, wait_s: float | None = None, why: str = "") -> SourceError:
    """What an HTTP status other than 2xx means; only "unavailable" and "rate_limited" may pass by themselves."""
    if status in (401, 403):
        return SourceError(f"refused our keys ({status})", "denied")
    if status == 429:
        return RateLimited(wait_s)
    if status == 408 or status >= 500:
        return SourceError(f"answered with an error of its own ({status})", "unavailable")
    if status in (400, 422):
        return Refused(status, why)
    if status >= 400:
        return SourceError(f"refused the question ({status})", "bad_request")
    return SourceError(f"answered with a redirect ({status}), which paybot does not follow", "bad_answer")


def missed(timeout_s: float) -> SourceError:
    return SourceError(
        f"did not answer in {timeout_s:.2g} s" if timeout_s < 99 else f"did not answer in {timeout_s:.0f} s", "timeout"
    )


def unreadable() -> SourceError:
    return SourceError("sent an answer that paybot cannot read", "bad_answer")


def pause(wait_s: float) -> str:
    """A length of time to wait, never rounded down: "40 s", "60 min"."""
    return f"{math.ceil(wait_s)} s" if wait_s < 120 else f"{math.ceil(wait_s / 60)} min"

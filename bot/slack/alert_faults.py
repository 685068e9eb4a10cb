"""What a refusal of Slack's means for what an alert owes: try again, look it up, another form, another channel, or give up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from bot.alerts.intent import SendError
from bot.ports import ChatError
from bot.slack.refusals import AMBIGUOUS, after_s

TOKEN_S: Final = 60.0  # how often it is tried whether Slack takes the token again
TOKENS: Final = frozenset(
    {
        "account_inactive",
        "ekm_access_denied",
        "invalid_auth",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)  # Slack does not take the bot at all
SETUP: Final = TOKENS | {"missing_scope", "no_permission"}  # people must mend it
GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
FORM: Final = frozenset(
    {
        "block_mismatch",
        "file_not_found",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "slack_file_not_found",
    }
)
NOT_TAKEN: Final = frozenset({"ratelimited", "unreachable"})  # certainly, and soon it may be
UNSEEN: Final = frozenset(
    {"channel_not_found", "thread_not_found"}
)  # the bot sees nothing there: nothing of its own stands there


def is_channels(error: ChatError) -> bool:
    """Whether it is the channel that does not take it, be it for a reason that nobody here knows: another channel may."""
    return error.code not in SETUP | GONE | FORM | NOT_TAKEN | AMBIGUOUS


def sending_failed(error: ChatError, *, makes: bool) -> SendError:
    """The refusal as the outbox understands it. What `makes` something new may have made it; else it can just be sent again."""
    if error.code in SETUP:
        return SendError(error.said, "later", TOKEN_S, error.code)
    if error.code in NOT_TAKEN or (error.code in AMBIGUOUS and not makes):
        return SendError(error.said, "later", after_s(error), error.code)
    return SendError(error.said, "unknown" if error.code in AMBIGUOUS else "refused", 0.0, error.code)


def looking_failed(error: ChatError) -> SendError:
    """What is there is not known; while the token is bad nobody need ask again soon."""
    return SendError(error.said, "unknown", TOKEN_S if error.code in TOKENS else after_s(error), error.code)


@contextmanager
def translated(meant: Callable[[ChatError], SendError], token_bad: Callable[[bool], None]) -> Iterator[None]:
    """Lets no ChatError out, and tells how the token does."""
    try:
        yield
    except SendError as error:
        if error.code in TOKENS:
            token_bad(True)
        raise
    except ChatError as error:
        if error.code in TOKENS:
            token_bad(True)
        raise meant(error) from error
    token_bad(False)

"""Slack's refusals: what each code means for people and what they can do, and the one place that knows the SDK's exceptions."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.error import URLError

from bot.ports import ChatError

INVITE: Final = "`/invite @paybot` lets it answer here."
SETUP: Final = "Whoever runs paybot must look at its Slack settings: `paybot check --connect` names the fault."

SAID: Final[Mapping[str, str]] = {
    # the channel
    "not_in_channel": f"paybot is not in this channel: {INVITE}",
    "channel_not_found": f"paybot cannot see this channel: {INVITE}",
    "is_archived": "This channel is archived, so nothing can be posted in it.",
    "restricted_action": "This workspace lets only some members post in this channel; its owners can allow paybot.",
    "restricted_action_read_only_channel": "This channel is read-only; its owners can allow paybot to post.",
    "restricted_action_thread_only_channel": "This channel takes replies in threads only.",
    "restricted_action_thread_locked": "This thread is locked, so nothing can be added to it.",
    "thread_not_found": "This thread is gone: its first message was deleted.",
    "message_not_found": "This message is gone, so it cannot be updated. Ask again with `/pay`.",
    "cant_update_message": "paybot can update only its own messages. Ask again with `/pay`.",
    "edit_window_closed": "This message is too old to be updated. Ask again with `/pay`.",
    "user_not_in_channel": "You are not in this channel, so nothing can be shown to you there.",
    "user_not_found": "Slack does not know this person.",
    # the private line
    "expired_url": "Slack keeps a private line open for 30 minutes only. Ask again with `/pay`.",
    "used_url": "Slack takes five private lines for one question. Ask again with `/pay`.",
    "untrusted_url": "Slack named an address for its answer that is not Slack's own; nothing was sent there.",
    "cant_delete_message": "paybot can remove only its own messages.",
    # the app
    "invalid_auth": f"Slack does not accept paybot's token. {SETUP}",
    "not_authed": f"Slack does not accept paybot's token. {SETUP}",
    "account_inactive": f"paybot's account in Slack is switched off. {SETUP}",
    "token_revoked": f"paybot's token was revoked. {SETUP}",
    "token_expired": f"paybot's token has expired. {SETUP}",
    "missing_scope": f"paybot lacks a permission in Slack. {SETUP}",
    "no_permission": f"paybot lacks a permission in Slack. {SETUP}",
    "ekm_access_denied": "This workspace's encryption keys keep paybot from posting now.",
    "team_access_not_granted": f"paybot is not installed in this workspace. {SETUP}",
    "search_too_long": "This channel has more messages of that time than paybot can look through.",
    # the message
    "msg_blocks_too_long": "The answer is too long for one message. A shorter range may fit.",
    "msg_too_long": "The answer is too long for one message. A shorter range may fit.",
    "invalid_blocks": "Slack did not take the message as it was built; this is a fault of paybot's own.",
    "storage_limit_reached": "This workspace has no room for more files.",
    "file_not_found": "Slack lost the uploaded file. Ask again with `/pay`.",
    # Slack itself
    "ratelimited": "Slack asks paybot to slow down. Try again in a minute.",
    "internal_error": "Slack had a fault of its own. The message may or may not have arrived.",
    "fatal_error": "Slack had a fault of its own. The message may or may not have arrived.",
    "service_unavailable": "Slack is not available now. Try again in a minute.",
    "timeout": "Slack did not answer in time. The message may or may not have arrived.",
    "unreachable": "Slack could not be reached. Try again in a minute.",
}
AMBIGUOUS: Final = frozenset({"internal_error", "fatal_error", "service_unavailable", "timeout", "request_timeout"})
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,60}")
# No connection was made, so nothing can have arrived.
_NOT_SENT: Final = (ConnectionRefusedError, socket.gaierror)


class TooSoon(ChatError):
    """A ChatError "ratelimited" that knows after how many seconds the call may go out."""

    def __init__(self, after_s: float) -> None:
        super().__init__("ratelimited", SAID["ratelimited"], retriable=True)
        self.after_s = after_s


def refusal(code: str, *, retriable: bool = False) -> ChatError:
    """A well-formed code of Slack's (or one of ours) as the error whose words people may read."""
    return ChatError(code, SAID.get(code, f"Slack refused it; its code for the reason is `{code}`."), retriable=retriable)


def after_s(error: ChatError) -> float:
    """How many seconds must pass before the call may go out; 0 where nobody said."""
    return error.after_s if isinstance(error, TooSoon) else 0.0


def answered(code: str, *, repeatable: bool) -> ChatError:
    """What Slack's answer `code` means for a call that may or may not be sent twice."""
    return refusal(code, retriable=code == "ratelimited" or (repeatable and code in AMBIGUOUS))


@contextmanager
def translated(*, repeatable: bool) -> Iterator[None]:
    """Lets no error of the network or the SDK out but ChatError.

    `repeatable` says that sending twice does no harm: only then is an outcome that nobody knows worth another try.
    """
    from slack_sdk.errors import SlackApiError, SlackClientError  # noqa: PLC0415 - the SDK is imported at run time only

    try:
        yield
    except SlackApiError as error:
        raise answered(_code_of(error), repeatable=repeatable) from error
    except URLError as error:
        if isinstance(error.reason, _NOT_SENT):
            raise refusal("unreachable", retriable=True) from error
        raise refusal("timeout", retriable=repeatable) from error
    except (OSError, http.client.HTTPException) as error:
        raise refusal("timeout", retriable=repeatable) from error
    except (SlackClientError, ValueError, LookupError, AttributeError, TypeError) as error:  # an answer that is none of Slack's
        raise refusal("internal_error", retriable=repeatable) from error


def _code_of(error: object) -> str:
    """Slack's error word; "ratelimited" for any 429, and "internal_error" for an answer that holds no word."""
    response = getattr(error, "response", None)
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    if getattr(response, "status_code", 0) == 429 or code == "rate_limited":
        return "ratelimited"
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "internal_error"


def code_in(status: int, body: str) -> str:
    """The error word of an answer over plain HTTP, as response_url and uploads give it; "" when it was taken."""
    try:
        data = json.loads(body) if body[:1] == "{" else {}
    except ValueError:
        data = {}
    if status == 200 and data.get("ok", True):
        return ""
    words = {404: "expired_url", 410: "expired_url", 429: "ratelimited", 408: "request_timeout"}
    said = data.get("error") or (body.strip() if _CODE.fullmatch(body.strip()) else "")
    return words.get(status) or (said if isinstance(said, str) and _CODE.fullmatch(said) else "internal_error")

"""What `paybot check --connect` asks of Slack: is the token good, has it its scopes, is the bot in the home channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from bot.config import Slack
from bot.manifest import SCOPES
from bot.ports import ChatError
from bot.slack.refusals import translated

if TYPE_CHECKING:
    from slack_sdk.web import SlackResponse

    from bot.slack.client import Client

Probe = Callable[[float], str]

# What Slack's error words, and ours for its silence, tell an operator. Others are shown as they are.
WORDS = {
    "invalid_auth": "does not know the token: copy it again",
    "not_authed": "does not know the token: copy it again",
    "account_inactive": "says that the app was removed: install it again",
    "token_revoked": "says that the token was revoked: install the app again",
    "token_expired": "says that the token has expired: install the app again",
    "missing_scope": "says that a scope is missing: install the app again from a new manifest",
    "not_allowed_token_type": "says that this is another kind of token",
    "channel_not_found": "does not show the bot this channel: is it private, or the ID wrong? /invite @paybot there",
    "ratelimited": "asks us to wait a while",
    "unreachable": "could not be reached",
    "timeout": "did not answer, or broke off",
    "internal_error": "did not answer as Slack does: is SLACK_API_URL right?",
}


def slack_probes(settings: Slack | None) -> dict[str, Probe]:
    """What can be asked, by the name that people know. Each raises ChatError with what is wrong and what to do."""
    if settings is None:
        return {}
    probes: dict[str, Probe] = {
        "Slack": partial(token, settings),
        "Slack home channel": partial(member, settings, settings.home_channel, "PAYBOT_HOME_CHANNEL"),
    }
    if settings.app_token:
        probes["Slack Socket Mode"] = partial(socket_mode, settings)
        if settings.probe_channel:
            probes["Slack probe channel"] = partial(member, settings, settings.probe_channel, "PAYBOT_PROBE_CHANNEL")
    return probes


def token(settings: Slack, timeout_s: float) -> str:
    """Whether the bot token works and has every scope of the manifest."""
    with told():
        answer = client(settings.bot_token, settings, timeout_s).auth_test()
    granted = header(answer, "x-oauth-scopes")
    lacking = [scope for scope in SCOPES if scope not in granted.replace(" ", "").split(",")] if granted else []
    if lacking:
        raise ChatError("missing_scope", f"did not grant {', '.join(lacking)}: install the app again from a new manifest")
    return f"{named(answer, 'user')} in {named(answer, 'team')}, {'with every scope' if granted else 'scopes not told'}"


def member(settings: Slack, known_as: str, setting: str, timeout_s: float) -> str:
    """Whether the bot may post in the channel that this setting names."""
    with told():
        channel = client(settings.bot_token, settings, timeout_s).conversations_info(channel=known_as).get("channel")
    name = f"#{named(channel or {}, 'name')}"
    if not channel or channel.get("is_archived"):
        raise ChatError("is_archived", f"says that {name} is archived: choose another {setting}")
    if not channel.get("is_member"):
        raise ChatError("not_in_channel", f"says that paybot is not in {name}: /invite @paybot there")
    return f"paybot is in {name}"


def socket_mode(settings: Slack, timeout_s: float) -> str:
    """Whether the app token opens connections. None is opened: Slack only hands out the address."""
    with told():
        client(settings.app_token, settings, timeout_s).apps_connections_open(app_token=settings.app_token)
    return "the app token may connect"


def client(key: str, settings: Slack, timeout_s: float) -> Client:
    from bot.slack.client import Client  # noqa: PLC0415

    return Client(key, settings.api_url, max(1, int(timeout_s)))


def header(answer: SlackResponse, name: str) -> str:
    """A header of the answer, whatever case the server wrote its name in."""
    found = next((value for key, value in answer.headers.items() if key.lower() == name), "")
    return ",".join(found) if isinstance(found, list) else str(found)


def named(found: Mapping[str, object] | SlackResponse, key: str) -> str:
    """A name that Slack gave, fit for a terminal: printable, bounded."""
    return "".join(letter for letter in str(found.get(key) or "?") if letter.isprintable())[:80]


@contextmanager
def told() -> Iterator[None]:
    """Failures in words for operators: those of `translated` send people to `paybot check --connect`, which this is."""
    try:
        with translated(repeatable=True):
            yield
    except ChatError as error:
        raise ChatError(error.code, WORDS.get(error.code, f"refused: {error.code}"), retriable=error.retriable) from error

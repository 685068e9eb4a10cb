"""The manifest of the Slack app: what Slack must know to make it, written as YAML with the reason of each scope."""

from __future__ import annotations

import re

from bot.slack.shortcut import THEN
from commands.args import FORM

FILE = "manifest.yml"
# Exactly what is called, and why; `docs/setup-slack.md` says the same to people.
SCOPES = {
    "commands": "/pay, and the shortcut in the menu of a message",
    "app_mentions:read": "@paybot in a thread, where slash commands do not work",
    "chat:write": "answers, and editing them when a button is pressed",
    "files:write": "pictures and CSV files",
    "files:read": "waiting until Slack has taken a picture in",
    "users:read": "the asker's time zone; whether who presses an alert's button is a full member",
    "usergroups:read": "whether they are in a user group that may (`[roles] responder`)",
    "channels:read": "whether paybot is a member of a public channel",
    "groups:read": "the same for private channels",
    "channels:history": "whether an alert was posted when Slack's reply was lost, so that none is lost or said twice",
    "groups:history": "the same for private channels",
}
SHORTCUT = "What was happening then?"  # Slack takes 24 characters
EVENTS = ("app_home_opened", "app_mention")
USAGE = f"{FORM} | alerts | digest | oncall | runbook | help"
REQUESTS = "/slack/events"

HTTP_HEAD = "# The Slack app of paybot over HTTP, made by `paybot manifest --url {url}`.\n"
SOCKET_HEAD = "# The Slack app of paybot in Socket Mode, made by `paybot manifest`; `--url` makes the one over HTTP.\n"
TEXT = """\
display_information:
  name: paybot
  description: The payments dashboard, answered in Slack
  background_color: "#1d3557"
features:
  app_home:
    home_tab_enabled: true
    messages_tab_enabled: false
  bot_user:
    display_name: paybot
    always_online: true
  shortcuts:
    - name: "{shortcut}"
      type: message
      callback_id: {then}
      description: The overview of the time around a message
  slash_commands:
    - command: /pay
      description: Numbers and charts of Stripe payments
      usage_hint: "{usage}"
      should_escape: false
{command_url}\
oauth_config:
  scopes:
    bot:
{scopes}
settings:
  event_subscriptions:
{events_url}\
    bot_events:
{events}
  interactivity:
    is_enabled: true
{presses_url}\
  org_deploy_enabled: false
  socket_mode_enabled: {socket}
  token_rotation_enabled: false
"""


def manifest(url: str = "") -> str:
    """The manifest as YAML: over HTTP at this base URL (https, no slash at its end), without one in Socket Mode."""
    requests = f'"{url}{REQUESTS}"\n' if url else ""
    text = TEXT.format(
        usage=USAGE,
        shortcut=SHORTCUT,
        then=THEN,
        command_url=f"      url: {requests}" if url else "",
        events_url=f"    request_url: {requests}" if url else "",
        presses_url=f"    request_url: {requests}" if url else "",
        scopes="\n".join(f"      - {scope} # {reason}" for scope, reason in SCOPES.items()),
        events="\n".join(f"      - {event}" for event in EVENTS),
        socket=str(not url).lower(),
    )
    return (HTTP_HEAD.format(url=url) if url else SOCKET_HEAD) + text


def url_in(text: str) -> str:
    """The base URL that a written manifest names; empty in Socket Mode."""
    found = re.search(rf'request_url: "(https://[^"\s]{{1,500}}){REQUESTS}"', text)
    return found[1] if found else ""


def stale(text: str) -> bool:
    """Whether a written manifest is not the one that this version writes for the same URL."""
    return text != manifest(url_in(text))

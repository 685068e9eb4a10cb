"""The manifest: what Slack accepts, no more rights than are used, and a file that is fresh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.manifest import SCOPES, manifest, stale, url_in

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT.parent / "shared/contracts/data/slack-app-manifest.schema.json"
URL = "https://paybot.example.com"


def parsed(url: str = "") -> Any:
    return yaml.safe_load(manifest(url))


@pytest.mark.parametrize("url", ["", URL, f"{URL}/slack-bot"])
@pytest.mark.skipif(not SCHEMA.exists(), reason="the contracts in ../shared are not here")
def test_slack_accepts_it(url: str) -> None:
    """Both manifests are valid by the schema of Slack's manifests."""
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(parsed(url))


def test_over_http_every_request_comes_to_one_address() -> None:
    """Commands, events and presses have the same URL, the one that the guard stands before."""
    made = parsed(URL)
    settings = made["settings"]
    urls = (
        made["features"]["slash_commands"][0]["url"],
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
    )
    assert set(urls) == {f"{URL}/slack/events"}
    assert settings["socket_mode_enabled"] is False


def test_without_a_url_it_is_socket_mode() -> None:
    """Then Slack is given no address at all."""
    assert parsed()["settings"]["socket_mode_enabled"] is True
    assert "url" not in manifest().replace("`--url`", "")


def test_it_asks_for_no_right_that_is_not_explained() -> None:
    """The scopes are these eleven; who adds one writes down why, here and in the guide."""
    scopes = parsed()["oauth_config"]["scopes"]
    guide = (ROOT / "docs/setup-slack.md").read_text(encoding="utf-8")
    assert scopes == {"bot": list(SCOPES)}
    assert set(SCOPES) == {
        "commands",  # /pay
        "app_mentions:read",  # @paybot in threads
        "chat:write",  # answers
        "files:write",  # pictures, CSV
        "files:read",  # files.info: has Slack taken the picture in?
        "users:read",  # users.info: the asker's time zone; whether a presser is a full member
        "usergroups:read",  # usergroups.users.list: whether a presser is a responder
        "channels:read",  # conversations.info: member of the home channel?
        "groups:read",  # the same for private channels
        "channels:history",  # conversations.history and .replies: was an alert posted when Slack's reply was lost?
        "groups:history",  # the same for private channels
    }
    assert all(f"`{scope}`" in guide for scope in SCOPES)


def test_home_is_switched_on_and_heard_of() -> None:
    """The app has its Home, and Slack says when somebody opens it; nobody can write to the bot where it does not listen."""
    made = parsed()
    assert made["features"]["app_home"] == {"home_tab_enabled": True, "messages_tab_enabled": False}
    assert "app_home_opened" in made["settings"]["event_subscriptions"]["bot_events"]


def test_the_command_is_pay_and_its_text_comes_as_typed() -> None:
    """The usage hint stands where people type; Slack must not turn words into links to users and channels."""
    (command,) = parsed()["features"]["slash_commands"]
    assert (command["command"], command["should_escape"]) == ("/pay", False)
    assert command["usage_hint"].startswith("[section] [range]")


def test_the_file_in_the_project_is_fresh() -> None:
    """`manifest.yml` is what this version writes."""
    assert (ROOT / "manifest.yml").read_text(encoding="utf-8") == manifest()


def test_a_written_manifest_is_stale_once_anything_differs() -> None:
    """It is compared with the one for the URL that stands in it."""
    assert url_in(manifest(URL)) == URL
    assert not stale(manifest(URL))
    assert stale(manifest(URL).replace("chat:write", "chat:write.public"))

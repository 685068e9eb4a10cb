"""What the page drives the sandbox with, over real HTTP."""

from __future__ import annotations

import json

from sandbox.workspace.cast import DANA, HOME, SAM
from tests.sandbox.stub_bot import HTTP, SmallSlack, plain

BUTTON = {"type": "button", "action_id": "answer.refresh", "text": {"type": "plain_text", "text": "Refresh"}, "value": "v1"}
BUTTONS = [{"type": "actions", "block_id": "buttons", "elements": [BUTTON]}]


def test_another_page_cannot_act(slack: SmallSlack) -> None:
    """What acts takes only JSON, and only from this server's own page."""
    own, foreign = {"Origin": slack.url}, {"Origin": "http://evil.example"}
    assert slack.do("scenarios/outage", headers=foreign, on=True)["error"] == "only_from_this_page"
    form = HTTP.request("POST", f"{slack.url}/sandbox/scenarios/outage", body=b"on=true", headers=own)
    assert (form.status, slack.switches.on) == (403, set())
    assert slack.do("scenarios/outage", headers=own, on=True)["ok"]


def test_switches_are_turned(slack: SmallSlack) -> None:
    """Scenario, fault and clock are turned by name; what is not there is refused."""
    slack.do("scenarios/outage", on=True)
    slack.do("faults/datadog", kind="down")
    company = slack.do("clock", jump_s=900)["company"]
    assert (company["scenarios"][0]["on"], company["faults"][0]["kind"], slack.switches.jumped_s) == (True, "down", 900)
    assert slack.do("scenarios/flood", on=True)["error"] == "no_such_switch"


def test_the_clock_runs_at_a_speed(slack: SmallSlack) -> None:
    """What is no number is refused before it reaches the clock."""
    assert slack.do("clock", speed=60)["company"]["clock"]["speed"] == 60
    assert slack.do("clock", speed="fast")["error"] == "invalid_arguments"


def test_a_page_hears_what_happens(slack: SmallSlack) -> None:
    """Server-sent events bring messages to everybody, and private lines to one."""
    with HTTP.request("GET", f"{slack.url}/sandbox/events?user={SAM.id}", preload_content=False) as stream:
        lines = iter(stream)
        next(lines)
        slack.call("chat.postEphemeral", channel=HOME.id, user=DANA.id, text="psst")
        slack.post(text="hello")
        told = next(line for line in lines if line.startswith(b"data:"))
    assert plain(json.loads(told[5:])["message"]) == "hello"

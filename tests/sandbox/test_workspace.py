"""What people do in the small Slack, and what the bot hears of it, over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from sandbox.workspace.cast import BOT, DANA, HOME, LEA, OLD, ONCALL, PETER, RANDOM, SAM, SHARED, TOM
from sandbox.workspace.wire import signature
from tests.sandbox.stub_bot import HTTP, NOON, SECRET, Heard, Json, SmallSlack, StubBot, plain, small_slack

BUTTON = {"type": "button", "action_id": "answer.refresh", "text": {"type": "plain_text", "text": "Refresh"}, "value": "v1"}
BUTTONS = [{"type": "actions", "block_id": "buttons", "elements": [BUTTON]}]


def texts(slack: SmallSlack, user: str = DANA.id) -> list[str]:
    return [plain(message) for message in slack.seen(user)]


def test_a_command_is_signed_and_its_ack_is_private() -> None:
    """The bot gets Slack's form with a true signature; what it answers is seen by the asker alone."""
    with small_slack(StubBot(lambda _: (200, json.dumps({"text": "Checking …"}).encode()))) as slack:
        slack.say("/pay checkout 6h")
        heard = slack.bot.heard[0]
        assert heard.headers["X-Slack-Signature"] == signature(SECRET, str(int(NOON.timestamp())), heard.body)
        assert {key: heard.form[key] for key in ("command", "text", "user_id", "channel_name", "is_enterprise_install")} == {
            "command": "/pay",
            "text": "checkout 6h",
            "user_id": DANA.id,
            "channel_name": "eng-commerce",
            "is_enterprise_install": "false",
        }
        assert (texts(slack), texts(slack, SAM.id)) == (["Checking …"], [])


def broken(_: Heard) -> tuple[int, bytes]:
    return 500, b""


def late(_: Heard) -> tuple[int, bytes]:
    time.sleep(0.3)
    return 200, b"late"


@pytest.mark.parametrize(("answer", "fault"), [(broken, "dispatch_failed"), (late, "operation_timeout")])
def test_a_command_without_an_ack_fails_as_in_slack(answer: Callable[[Heard], tuple[int, bytes]], fault: str) -> None:
    """A bot that breaks, or answers later than Slack waits, gives Slack's own line."""
    with small_slack(StubBot(answer), limit_s=0.1) as slack:
        slack.say("/pay checkout")
        assert texts(slack) == [f'/pay failed with the error "{fault}"']


def test_a_bot_that_is_away_fails_the_command(slack: SmallSlack) -> None:
    """Nobody at the bot's port is an error that the person sees."""
    slack.workspace.wire.urls = ("http://127.0.0.1:9/slack/events",)
    slack.say("/pay checkout")
    assert texts(slack) == ['/pay failed with the error "dispatch_failed"']


def test_commands_do_not_work_in_threads(slack: SmallSlack) -> None:
    """Slack says so, and the bot hears nothing."""
    parent = slack.say("hello")["ts"]
    slack.say("/pay checkout", thread_ts=parent)
    assert "not supported in threads" in texts(slack)[-1]
    assert slack.bot.heard == []


def test_an_unknown_command_is_told(slack: SmallSlack) -> None:
    """What is no command is not posted either."""
    slack.say("/play checkout")
    assert texts(slack) == ["/play is not a valid command."]


def test_a_response_url_takes_five_posts(slack: SmallSlack) -> None:
    """The sixth is refused; each of the five is a private line."""
    slack.say("/pay checkout")
    url = slack.bot.heard[0].form["response_url"]
    statuses = [HTTP.request("POST", url, json={"text": str(number)}).status for number in range(6)]
    assert statuses == [200] * 5 + [404]
    assert texts(slack) == ["0", "1", "2", "3", "4"]


def test_a_response_url_ends_after_half_an_hour(slack: SmallSlack) -> None:
    """Later it is as if it had never been."""
    slack.say("/pay checkout")
    slack.seconds += 31 * 60
    late = HTTP.request("POST", slack.bot.heard[0].form["response_url"], json={"text": "late"})
    assert late.json() == {"ok": False, "error": "expired_url"}


def test_the_ack_is_replaced_through_the_response_url() -> None:
    """`replace_original` edits the private line instead of adding one."""
    with small_slack(StubBot(lambda _: (200, b"Checking"))) as slack:
        slack.say("/pay checkout")
        HTTP.request("POST", slack.bot.heard[0].form["response_url"], json={"text": "Still", "replace_original": True})
        assert texts(slack) == ["Still"]


def test_a_press_is_told_with_its_message(slack: SmallSlack) -> None:
    """The payload holds what the message's button holds, whatever the page says, and where it stands."""
    ts = slack.post(blocks=BUTTONS)["ts"]
    pressed = slack.do("press", user=SAM.id, channel=HOME.id, ts=ts, block_id="buttons", action_id="answer.refresh", value="x")
    payload = slack.bot.heard[0].payload
    assert pressed == {"ok": True}
    assert payload["actions"][0] | {"value": "v1", "type": "button", "block_id": "buttons"} == payload["actions"][0]
    assert payload["container"] == {"type": "message", "message_ts": ts, "channel_id": HOME.id, "is_ephemeral": False}
    assert payload["user"]["id"] == SAM.id


def test_a_button_that_is_not_there_cannot_be_pressed(slack: SmallSlack) -> None:
    """Neither an action nor a message is taken from the page."""
    ts = slack.post()["ts"]
    where: Json = {"user": DANA.id, "channel": HOME.id, "block_id": "buttons", "action_id": "answer.refresh"}
    assert slack.do("press", ts=ts, **where)["error"] == "action_not_found"
    assert slack.do("press", ts="1.2", **where)["error"] == "message_not_found"


def test_a_mention_is_an_event(slack: SmallSlack) -> None:
    """`@paybot` in a thread reaches the bot with the thread's ts and Slack's form of the mention."""
    parent = slack.say("hello")["ts"]
    slack.say("@paybot checkout <1h>", thread_ts=parent)
    event = slack.bot.await_heard(1)[0].payload["event"]
    assert event | {"type": "app_mention", "thread_ts": parent, "user": DANA.id} == event
    assert event["text"] == f"<@{BOT.id}> checkout &lt;1h&gt;"


def test_an_event_is_delivered_four_times_at_most() -> None:
    """Slack tries again three times, and says so; the event keeps its ID."""
    with small_slack(StubBot(broken)) as slack:
        slack.say("@paybot checkout")
        heard = slack.bot.await_heard(4)
        assert [each.headers.get("X-Slack-Retry-Num") for each in heard] == [None, "1", "2", "3"]
        assert heard[3].headers["X-Slack-Retry-Reason"] == "http_error"
        assert len({each.payload["event_id"] for each in heard}) == 1


def test_an_absent_bot_hears_no_mention_until_it_is_invited(slack: SmallSlack) -> None:
    """Where the bot is no member Slack says how to let it in; after that it hears."""
    slack.say("@paybot checkout", channel=RANDOM.id)
    assert "/invite @paybot" in texts(slack)[-1]
    slack.say("/invite @paybot", channel=RANDOM.id)
    slack.say("@paybot checkout", channel=RANDOM.id)
    assert len(slack.bot.await_heard(1)) == 1
    assert slack.post(channel=RANDOM.id)["ok"]


def test_nobody_writes_in_an_archived_channel(slack: SmallSlack) -> None:
    """Neither people nor commands."""
    assert slack.say("hello", channel=OLD.id)["error"] == "is_archived"
    assert slack.say("/pay", channel=OLD.id)["error"] == "is_archived"


def test_what_is_typed_reaches_the_bot_unchanged(slack: SmallSlack) -> None:
    """A command's text is raw: Slack does not escape it, and neither does this one."""
    slack.say("/pay <!channel> & \u202e *x*")
    assert slack.bot.heard[0].form["text"] == "<!channel> & \u202e *x*"


def test_guests_and_externals_see_their_channels_alone(slack: SmallSlack) -> None:
    """What is said elsewhere is not theirs to read, and they cannot act there; a deactivated account acts nowhere."""
    slack.say("for us", channel=RANDOM.id)
    slack.say("for all", channel=SHARED.id)
    assert (texts(slack, LEA.id), texts(slack, TOM.id), len(texts(slack))) == ([], ["for all"], 2)
    assert slack.say("hello", user=TOM.id)["error"] == "channel_not_found"
    assert slack.say("hello", user=PETER.id)["error"] == "user_not_found"


def test_an_external_person_is_told_by_their_team(slack: SmallSlack) -> None:
    """A press and a command name the workspace that they come from."""
    ts = slack.post(channel=SHARED.id, blocks=BUTTONS)["ts"]
    slack.do("press", user=TOM.id, channel=SHARED.id, ts=ts, block_id="buttons", action_id="answer.refresh")
    slack.say("/pay checkout", user=TOM.id, channel=SHARED.id)
    press, command = slack.bot.heard
    assert (press.payload["user"]["team_id"], command.form["team_id"]) == (TOM.team, TOM.team)


def test_a_user_group_is_mentioned_by_its_handle(slack: SmallSlack) -> None:
    """Slack's client turns it into the group's own mention."""
    slack.say("@payments-oncall look")
    assert slack.workspace.talk.history(HOME.id)[0].text == f"<!subteam^{ONCALL.id}|@payments-oncall> look"

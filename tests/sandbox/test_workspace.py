"""The small Slack towards the bot: its Web API, and what the bot hears, over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from sandbox.workspace.cast import BOT, DANA, HOME, INCIDENT, MEI, OLD, RANDOM, SAM
from sandbox.workspace.wire import signature
from tests.sandbox.stub_bot import HTTP, NOON, SECRET, Heard, Json, SmallSlack, StubBot, plain, small_slack

BUTTON = {"type": "button", "action_id": "answer.refresh", "text": {"type": "plain_text", "text": "Refresh"}, "value": "v1"}
BUTTONS = [{"type": "actions", "block_id": "buttons", "elements": [BUTTON]}]


@pytest.fixture
def slack() -> Iterator[SmallSlack]:
    with small_slack() as served:
        yield served


def texts(slack: SmallSlack, user: str = DANA.id) -> list[str]:
    return [plain(message) for message in slack.seen(user)]


def test_a_call_needs_the_bots_token(slack: SmallSlack) -> None:
    """Without a token nobody is known, with a wrong one neither."""
    assert slack.call("auth.test", token="")["error"] == "not_authed"
    assert slack.call("auth.test", token="xoxb-wrong")["error"] == "invalid_auth"
    assert slack.call("auth.test")["user_id"] == BOT.id


def test_forms_are_taken_like_json(slack: SmallSlack) -> None:
    """A form's `blocks` are JSON text; a `token` field stands for the header."""
    fields = {"token": slack.workspace.token, "channel": HOME.id, "text": "hi", "blocks": json.dumps(BUTTONS)}
    answer = HTTP.request("POST", f"{slack.url}/slack/api/chat.postMessage", fields=fields, encode_multipart=False).json()
    assert answer["message"]["blocks"] == BUTTONS


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"channel": "C0NOWHERE01", "text": "hi"}, "channel_not_found"),
        ("chat.postMessage", {"channel": RANDOM.id, "text": "hi"}, "not_in_channel"),
        ("chat.postMessage", {"channel": OLD.id, "text": "hi"}, "is_archived"),
        ("chat.postMessage", {"channel": HOME.id}, "no_text"),
        ("chat.postMessage", {"channel": HOME.id, "text": "hi", "thread_ts": "1.2"}, "thread_not_found"),
        ("chat.postMessage", {"channel": HOME.id, "blocks": [{"type": "marquee"}]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": HOME.id, "blocks": "[{"}, "invalid_blocks_format"),
        ("chat.postEphemeral", {"channel": HOME.id, "user": "U0NOBODY001", "text": "hi"}, "user_not_in_channel"),
        ("chat.update", {"channel": HOME.id, "ts": "1.2", "text": "hi"}, "message_not_found"),
        ("chat.delete", {"channel": HOME.id, "ts": "1.2"}, "message_not_found"),
        ("chat.getPermalink", {"channel": HOME.id, "message_ts": "1.2"}, "message_not_found"),
        ("users.info", {"user": "U0NOBODY001"}, "user_not_found"),
        ("files.info", {"file": "F0NOWHERE01"}, "file_not_found"),
        ("files.completeUploadExternal", {"files": '[{"id": "F0NOWHERE01"}]'}, "file_not_found"),
        ("conversations.history", {"channel": RANDOM.id}, "not_in_channel"),
        ("chat.scheduleMessage", {}, "unknown_method"),
    ],
)
def test_refusals_are_slacks_own(slack: SmallSlack, method: str, args: Json, error: str) -> None:
    """Every refusal is a 200 with Slack's error word."""
    assert slack.call(method, **args) | {"ok": False, "error": error} == slack.call(method, **args)


def test_a_fault_in_a_block_is_pointed_at(slack: SmallSlack) -> None:
    """The answer says where in the blocks the fault is."""
    refused = slack.post(blocks=[{"type": "divider"}, {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}])
    assert refused["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/1/text/text]"
    ]


def test_long_text_is_cut(slack: SmallSlack) -> None:
    """Slack keeps 40,000 characters."""
    assert len(slack.post(text="x" * 50_000)["message"]["text"]) == 40_000


def test_posts_come_in_order_of_their_ts(slack: SmallSlack) -> None:
    """Even within one tick of the clock every message has a later ts."""
    stamps = [slack.post(text=str(number))["ts"] for number in range(4)]
    assert all(one < other for one, other in pairwise(stamps))


def test_a_burst_is_slowed_down(slack: SmallSlack) -> None:
    """A few messages at once are fine, then there is one a second in each channel."""
    answers = [slack.raw("chat.postMessage", channel=HOME.id, text="hi") for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert slack.post(channel=INCIDENT.id)["ok"]
    slack.seconds += 1
    assert slack.post()["ok"]


def test_a_message_is_edited_in_place(slack: SmallSlack) -> None:
    """chat.update changes what is said; only the bot's own messages can be changed."""
    ts = slack.post(text="before")["ts"]
    slack.call("chat.update", channel=HOME.id, ts=ts, text="after")
    assert [(plain(seen), seen["edited"]) for seen in slack.seen()] == [("after", True)]
    foreign = slack.say("mine")["ts"]
    assert slack.call("chat.update", channel=HOME.id, ts=foreign, text="x")["error"] == "cant_update_message"


def test_a_private_line_is_for_one(slack: SmallSlack) -> None:
    """Others do not see it, and the Web API cannot change it."""
    ts = slack.call("chat.postEphemeral", channel=HOME.id, user=DANA.id, text="psst")["message_ts"]
    assert texts(slack, DANA.id) == ["psst"]
    assert texts(slack, SAM.id) == []
    assert slack.call("chat.update", channel=HOME.id, ts=ts, text="x")["error"] == "message_not_found"


def test_history_finds_what_metadata_say(slack: SmallSlack) -> None:
    """A message whose fate is unknown can be looked for by its metadata."""
    key = {"event_type": "answer", "event_payload": {"key": "k1"}}
    slack.post(metadata=key)
    found = slack.call("conversations.history", channel=HOME.id, include_all_metadata=True)
    assert [said["metadata"] for said in found["messages"]] == [key]


def test_people_have_their_zones(slack: SmallSlack) -> None:
    """users.info tells where somebody is."""
    user = slack.call("users.info", user=MEI.id)["user"]
    assert (user["tz"], user["tz_offset"]) == ("Asia/Singapore", 8 * 3600)


def test_a_file_is_ready_a_moment_later(slack: SmallSlack) -> None:
    """Until Slack has looked at a file it has no type, and a message that shows it is refused."""
    file = slack.upload()
    picture = [{"type": "image", "alt_text": "a chart", "slack_file": {"id": file}}]
    assert slack.call("files.info", file=file)["file"]["mimetype"] == ""
    assert slack.post(blocks=picture)["error"] == "invalid_blocks"
    slack.seconds += 0.2
    assert slack.call("files.info", file=file)["file"]["mimetype"] == "image/png"
    assert slack.post(blocks=picture)["ok"]


def test_a_file_is_shared_into_a_thread(slack: SmallSlack) -> None:
    """A CSV can be saved by whoever reads the thread, and is never opened as a page."""
    parent = slack.post()["ts"]
    asked = slack.call("files.getUploadURLExternal", filename="a.csv", length=3)
    HTTP.request("POST", asked["upload_url"], body=b"a,b")
    files = [{"id": asked["file_id"], "title": "Numbers"}]
    slack.call("files.completeUploadExternal", files=files, channel_id=HOME.id, thread_ts=parent)
    slack.seconds += 1
    shared = slack.seen()[-1]
    saved = HTTP.request("GET", slack.url + shared["files"][0]["path"])
    assert (shared["thread_ts"], saved.data) == (parent, b"a,b")
    assert saved.headers["Content-Disposition"] == "attachment"


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
    slack.workspace.wire.url = "http://127.0.0.1:9/slack/events"
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


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500)])
def test_slack_itself_can_be_faulty(slack: SmallSlack, kind: str, status: int) -> None:
    """The fault of the source "slack" is the Web API's answer."""
    slack.faults.set("slack", "429" if kind == "429" else "500")
    assert slack.raw("auth.test").status == status


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


def test_a_page_hears_what_happens(slack: SmallSlack) -> None:
    """Server-sent events bring messages to everybody, and private lines to one."""
    with HTTP.request("GET", f"{slack.url}/sandbox/events?user={SAM.id}", preload_content=False) as stream:
        lines = iter(stream)
        next(lines)
        slack.call("chat.postEphemeral", channel=HOME.id, user=DANA.id, text="psst")
        slack.post(text="hello")
        told = next(line for line in lines if line.startswith(b"data:"))
    assert plain(json.loads(told[5:])["message"]) == "hello"


def test_what_is_typed_reaches_the_bot_unchanged(slack: SmallSlack) -> None:
    """A command's text is raw: Slack does not escape it, and neither does this one."""
    slack.say("/pay <!channel> & \u202e *x*")
    assert slack.bot.heard[0].form["text"] == "<!channel> & \u202e *x*"

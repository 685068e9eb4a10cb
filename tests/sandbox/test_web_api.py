"""The small Slack's Web API, over real HTTP: what it takes and what it refuses."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from sandbox.workspace.cast import BOT, DANA, HOME, INCIDENT, LEA, MEI, OLD, ONCALL, PETER, RANDOM, SAM, SHARED, TEAM_ID, TOM
from tests.sandbox.stub_bot import HTTP, Json, SmallSlack, plain

BUTTON = {"type": "button", "action_id": "answer.refresh", "text": {"type": "plain_text", "text": "Refresh"}, "value": "v1"}
BUTTONS = [{"type": "actions", "block_id": "buttons", "elements": [BUTTON]}]


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
        ("usergroups.users.list", {"usergroup": "S0NOBODY001"}, "no_such_subteam"),
        ("chat.postEphemeral", {"channel": INCIDENT.id, "user": TOM.id, "text": "hi"}, "user_not_in_channel"),
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


def test_people_have_their_zones(slack: SmallSlack) -> None:
    """users.info tells where somebody is."""
    user = slack.call("users.info", user=MEI.id)["user"]
    assert (user["tz"], user["tz_offset"]) == ("Asia/Singapore", 8 * 3600)


def test_guests_strangers_and_those_who_left_are_told_apart(slack: SmallSlack) -> None:
    """users.info says who is a full member; whoever comes from elsewhere, by a shared channel, is known by their team alone."""
    members = {id_: slack.call("users.info", user=id_)["user"] for id_ in (DANA.id, LEA.id, TOM.id, PETER.id, BOT.id)}
    assert [id_ for id_, user in members.items() if user.get("is_restricted")] == [LEA.id]
    assert [id_ for id_, user in members.items() if user["team_id"] != TEAM_ID] == [TOM.id]
    assert [id_ for id_, user in members.items() if user["deleted"]] == [PETER.id]
    assert [id_ for id_, user in members.items() if user["is_bot"]] == [BOT.id]
    assert (members[TOM.id]["is_stranger"], "tz" in members[PETER.id]) == (False, False)


def test_a_user_group_has_its_members(slack: SmallSlack) -> None:
    """They are listed by ID; the group itself by its handle."""
    assert slack.call("usergroups.users.list", usergroup=ONCALL.id)["users"] == [DANA.id, MEI.id]
    group = slack.call("usergroups.list")["usergroups"][0]
    assert (group["id"], group["handle"], group["user_count"]) == (ONCALL.id, "payments-oncall", 2)


def test_a_shared_channel_is_told_as_such(slack: SmallSlack) -> None:
    """conversations.info names both workspaces."""
    channel = slack.call("conversations.info", channel=SHARED.id)["channel"]
    assert (channel["is_ext_shared"], channel["shared_team_ids"]) == (True, [TEAM_ID, TOM.team])


def test_the_ledger_outlives_the_messages(slack: SmallSlack) -> None:
    """Each accepted change is an entry, with its key, and stays when its message is gone; what was refused is none."""
    metadata = {"event_type": "paybot_alert", "event_payload": {"key": "k1"}}
    ts = slack.post(text="fires", metadata=metadata)["ts"]
    slack.call("chat.update", channel=HOME.id, ts=ts, text="is over")
    slack.post(channel=OLD.id)
    slack.call("conversations.history", channel=HOME.id)
    slack.call("chat.delete", channel=HOME.id, ts=ts)
    told = HTTP.request("GET", f"{slack.url}/sandbox/ledger").json()
    entries = [(each["method"], each["ts"], each["text"], each["key"], each["deleted"]) for each in told["entries"]]
    assert entries == [
        ("chat.postMessage", ts, "fires", "k1", False),
        ("chat.update", ts, "is over", "", False),
        ("chat.delete", ts, "", "", True),
    ]
    rest = HTTP.request("GET", f"{slack.url}/sandbox/ledger?after=2").json()
    assert ([each["seq"] for each in rest["entries"]], rest["last"]) == ([3], 3)


def test_a_person_can_delete_the_bots_message(slack: SmallSlack) -> None:
    """Then an update finds none, and the ledger says who did it."""
    ts = slack.post()["ts"]
    assert slack.do("erase", user=MEI.id, channel=HOME.id, ts=ts)["ok"]
    assert slack.call("chat.update", channel=HOME.id, ts=ts, text="x")["error"] == "message_not_found"
    assert slack.workspace.accepted.after(1)[0].by == MEI.id


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


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500)])
def test_slack_itself_can_be_faulty(slack: SmallSlack, kind: str, status: int) -> None:
    """The fault of the source "slack" is the Web API's answer."""
    slack.faults.set("slack", "429" if kind == "429" else "500")
    assert slack.raw("auth.test").status == status

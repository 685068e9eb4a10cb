"""Reading back what was said, over real HTTP: the bounds, the order, the pages, and who may."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.workspace.cast import DANA, HOME, RANDOM
from tests.sandbox.stub_bot import TOKEN, Json, SmallSlack

KEY = {"event_type": "paybot_alert", "event_payload": {"key": "k1"}}


def posted(slack: SmallSlack, count: int, **args: Any) -> list[str]:
    """The ts of so many posts, whose texts are their numbers."""
    slack.workspace.pace.per_second = 0
    return [str(slack.post(text=str(number), **args)["ts"]) for number in range(count)]


def history(slack: SmallSlack, **args: Any) -> Json:
    return slack.call("conversations.history", **{"channel": HOME.id, **args})


def replies(slack: SmallSlack, ts: str, **args: Any) -> Json:
    return slack.call("conversations.replies", channel=HOME.id, ts=ts, **args)


def texts(answer: Json) -> list[str]:
    return [said["text"] for said in answer["messages"]]


def test_a_channel_is_told_newest_first(slack: SmallSlack) -> None:
    """Without its threads, of which it only tells how many replies there are and which is the latest."""
    first, _ = posted(slack, 2)
    last = slack.post(text="reply", thread_ts=first)["ts"]
    answer = history(slack)
    assert texts(answer) == ["1", "0"]
    assert answer["messages"][1] | {"reply_count": 1, "latest_reply": last, "thread_ts": first} == answer["messages"][1]


def test_a_thread_is_told_oldest_first(slack: SmallSlack) -> None:
    """It begins with the message that it hangs on, also when a reply was named."""
    parent = posted(slack, 1)[0]
    one, _ = posted(slack, 2, thread_ts=parent)
    assert texts(replies(slack, parent)) == texts(replies(slack, one)) == ["0", "0", "1"]


def test_bounds_leave_themselves_out(slack: SmallSlack) -> None:
    """`oldest` and `latest` stand outside, and inside with `inclusive`."""
    stamps = posted(slack, 4)
    bounds = {"oldest": stamps[0], "latest": stamps[3]}
    assert texts(history(slack, **bounds)) == ["2", "1"]
    assert texts(history(slack, **bounds, inclusive=True)) == ["3", "2", "1", "0"]
    assert texts(history(slack, oldest=stamps[2])) == ["3"]


def test_a_bound_is_a_number_and_no_text(slack: SmallSlack) -> None:
    """Nine seconds are before ten, and what is no time is refused."""
    posted(slack, 1)
    assert texts(history(slack, oldest="9")) == ["0"]
    assert history(slack, oldest="noon")["error"] == "invalid_ts_oldest"


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_follow_each_other(slack: SmallSlack, limit: int) -> None:
    """Every message is told once, whatever came and went meanwhile."""
    stamps = posted(slack, 5)
    found, page = [], history(slack, limit=limit)
    while True:
        found += texts(page)
        if not page["has_more"]:
            break
        slack.post(text="meanwhile")
        page = history(slack, limit=limit, cursor=page["response_metadata"]["next_cursor"])
    assert found == ["4", "3", "2", "1", "0"]
    assert stamps == sorted(stamps)


def test_a_thread_has_pages_too(slack: SmallSlack) -> None:
    """The first message stands on the first page alone."""
    parent = posted(slack, 1)[0]
    posted(slack, 3, thread_ts=parent)
    first = replies(slack, parent, limit=2)
    second = replies(slack, parent, limit=2, cursor=first["response_metadata"]["next_cursor"])
    assert (texts(first), texts(second), second["has_more"]) == (["0", "0"], ["1", "2"], False)


def test_what_is_gone_is_not_told(slack: SmallSlack) -> None:
    """A deleted message cannot be found, and cannot be deleted twice."""
    ts = posted(slack, 1, metadata=KEY)[0]
    assert slack.call("chat.delete", channel=HOME.id, ts=ts)["ok"]
    assert history(slack)["messages"] == []
    assert slack.call("chat.delete", channel=HOME.id, ts=ts)["error"] == "message_not_found"


def test_metadata_are_told_only_when_asked_for(slack: SmallSlack) -> None:
    """They outlast an edit, and stand in replies too."""
    parent = posted(slack, 1)[0]
    ts = posted(slack, 1, metadata=KEY, thread_ts=parent)[0]
    slack.call("chat.update", channel=HOME.id, ts=ts, text="edited")
    assert "metadata" not in replies(slack, parent)["messages"][1]
    assert replies(slack, parent, include_all_metadata="true")["messages"][1]["metadata"] == KEY


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "x"}, "invalid_metadata_format"),
        ({"event_type": "a b", "event_payload": {}}, "invalid_metadata_format"),
        ("{", "invalid_metadata_format"),
        ({"event_type": "x", "event_payload": {"key": "k" * 17_000}}, "metadata_too_large"),
    ],
)
def test_metadata_have_their_shape(slack: SmallSlack, metadata: object, error: str) -> None:
    """A type, and a payload that is an object of some size."""
    assert slack.post(metadata=metadata)["error"] == error


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("conversations.history", {"channel": "C0NOWHERE01"}, "channel_not_found"),
        ("conversations.history", {"channel": RANDOM.id}, "not_in_channel"),
        ("conversations.history", {"channel": HOME.id, "cursor": "bm90aGluZw=="}, "invalid_cursor"),
        ("conversations.history", {"channel": HOME.id, "limit": 5_000}, "invalid_limit"),
        ("conversations.replies", {"channel": RANDOM.id, "ts": "1.2"}, "not_in_channel"),
        ("conversations.replies", {"channel": HOME.id, "ts": "1.2"}, "thread_not_found"),
    ],
)
def test_refusals_are_slacks_own(slack: SmallSlack, method: str, args: Json, error: str) -> None:
    """Every refusal is a 200 with Slack's error word."""
    assert slack.call(method, **args)["error"] == error


def test_slacks_own_client_reads_back(slack: SmallSlack) -> None:
    """Its way of writing flags, objects and pages is understood."""
    client = WebClient(TOKEN, base_url=f"{slack.url}/slack/api/")
    ts = str(client.chat_postMessage(channel=HOME.id, text="fires", metadata=KEY)["ts"])
    client.chat_postMessage(channel=HOME.id, text="note", thread_ts=ts, metadata=KEY)
    thread = client.conversations_replies(channel=HOME.id, ts=ts, include_all_metadata=True)
    pages = [page["messages"] for page in client.conversations_history(channel=HOME.id, include_all_metadata=True, limit=1)]
    assert [said["metadata"] for said in thread["messages"]] == [KEY, KEY]
    assert [said["metadata"] for page in pages for said in page] == [KEY]


def test_reading_back_needs_its_scope(slack: SmallSlack) -> None:
    """Without it the answer says which one is missing, and which there are."""
    slack.workspace.scopes = {"chat:write"}
    refused = history(slack)
    assert refused == {"ok": False, "error": "missing_scope", "needed": "channels:history", "provided": "chat:write"}
    assert slack.post()["ok"]


def test_private_lines_are_in_no_history(slack: SmallSlack) -> None:
    """They cannot be found, and nothing hangs on them."""
    ts = slack.call("chat.postEphemeral", channel=HOME.id, user=DANA.id, text="psst")["message_ts"]
    assert history(slack)["messages"] == []
    assert replies(slack, ts)["error"] == "thread_not_found"

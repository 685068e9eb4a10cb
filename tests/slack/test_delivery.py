"""Delivery to Slack over real HTTP, against a scripted Slack."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from bot.config import Slack
from bot.ports import ChatError
from bot.slack.delivery import Delivery, Me, Posted
from bot.slack.messages import Message
from bot.slack.refusals import TooSoon, after_s
from tests.slack.fake_slack import NOT_READY, FakeSlack, Reply, error, fake_slack, slow_down

WORDS = Message("in words")
PICTURE = Message("with a picture", ({"type": "image", "slack_file": {"id": "F0123ABCDE"}, "alt_text": "x"},))


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as running:
        yield running


@pytest.fixture
def delivery(slack: FakeSlack) -> Delivery:
    settings = Slack(bot_token="xoxb-test", api_url=slack.url, home_channel="C1")
    return Delivery(settings, now=slack.clock.now, sleep=slack.clock.sleep)


def test_the_bot_learns_who_it_is(slack: FakeSlack, delivery: Delivery) -> None:
    """The token says whose it is."""
    assert delivery.me() == Me("U0BOT", "T1", "B1")
    assert {call.token for call in slack.calls} == {"Bearer xoxb-test"}


def test_a_zone_is_asked_once_an_hour(slack: FakeSlack, delivery: Delivery) -> None:
    """Slack's zone of a person is remembered, and asked again when it may have changed."""
    assert delivery.known_zone("U1") is None
    assert [delivery.zone("U1"), delivery.zone("U1"), delivery.known_zone("U1")] == ["Europe/Berlin"] * 3
    slack.clock.sleep(3_601)
    assert delivery.known_zone("U1") is None
    delivery.zone("U1")
    assert len(slack.made("users.info")) == 2


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", None, 7])
def test_a_zone_that_does_not_exist_is_none(slack: FakeSlack, delivery: Delivery, zone: object) -> None:
    """What is no zone never reaches the arithmetic of times; nor is it asked for again and again."""
    slack.script["users.info"] = [Reply(body={"ok": True, "user": {"tz": zone}})]
    assert [delivery.zone("U1"), delivery.zone("U1")] == [None, None]


def test_a_picture_is_uploaded_and_waited_for(slack: FakeSlack, delivery: Delivery) -> None:
    """The bytes arrive as they are, in no channel, and the file is given only once Slack has looked it over."""
    slack.script["files.info"] = [Reply(body={"ok": True, "file": {"mimetype": ""}})] * 2
    assert delivery.upload(b"\x89PNG", "checkout.png", "Checkout", "the rate fell") == "F0123ABCDE"
    assert [call.method for call in slack.calls[:3]] == ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"]
    assert slack.calls[0].fields == {"filename": "checkout.png", "length": "4", "alt_txt": "the rate fell"}
    assert slack.calls[1].fields == {"content": b"\x89PNG"}
    assert slack.calls[2].fields == {"files": json.dumps([{"id": "F0123ABCDE", "title": "Checkout"}])}
    assert len(slack.made("files.info")) == 3


def test_waiting_for_a_picture_has_a_limit(slack: FakeSlack, delivery: Delivery) -> None:
    """A file that Slack never finishes costs some 4 s, not the answer."""
    slack.script["files.info"] = [Reply(body={"ok": True, "file": {}})] * 99
    start = slack.clock.at
    assert delivery.upload(b"x", "a.png", "a", "a") == "F0123ABCDE"
    assert slack.clock.at - start <= 5


def test_a_post_unfurls_and_links_nothing(slack: FakeSlack, delivery: Delivery) -> None:
    """What is posted brings no previews, no parsed names, and stands where it was meant to."""
    assert delivery.post("C1", PICTURE, "1.5") == Posted("C1", "1.000001")
    fields = slack.made("chat.postMessage")[0].fields
    assert (fields["channel"], fields["text"], fields["thread_ts"]) == ("C1", "with a picture", "1.5")
    assert fields["blocks"] == list(PICTURE.blocks)
    assert (fields["unfurl_links"], fields["unfurl_media"], fields["link_names"], fields["parse"]) == (
        False,
        False,
        False,
        "none",
    )


def test_a_picture_that_is_not_ready_is_tried_again(slack: FakeSlack, delivery: Delivery) -> None:
    """Slack refuses a file it has not looked over; a moment later it takes it."""
    slack.script["chat.postMessage"] = [NOT_READY, NOT_READY]
    assert delivery.post("C1", PICTURE, without_picture=WORDS).pictured
    assert [call.fields["text"] for call in slack.calls] == ["with a picture"] * 3


def test_a_picture_that_is_never_ready_is_left_out(slack: FakeSlack, delivery: Delivery) -> None:
    """The words arrive even if the file never does."""
    slack.script["chat.postMessage"] = [NOT_READY] * 4
    assert delivery.post("C1", PICTURE, without_picture=WORDS) == Posted("C1", "1.000001", pictured=False)
    assert slack.calls[-1].fields["text"] == "in words"


def test_a_message_without_a_picture_is_not_tried_again(slack: FakeSlack, delivery: Delivery) -> None:
    """Waiting mends no block that is wrong for another reason."""
    slack.script["chat.postMessage"] = [error("invalid_blocks")]
    with pytest.raises(ChatError, match="a fault of paybot's own"):
        delivery.post("C1", WORDS)
    assert len(slack.calls) == 1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("not_in_channel", "paybot is not in this channel: `/invite @paybot` lets it answer here."),
        ("is_archived", "This channel is archived, so nothing can be posted in it."),
        ("a_new_word", "Slack refused it; its code for the reason is `a_new_word`."),
        ("<!channel> boo", "Slack had a fault of its own. The message may or may not have arrived."),
    ],
)
def test_refusals_are_told_in_plain_words(slack: FakeSlack, delivery: Delivery, code: str, said: str) -> None:
    """People read what it means and what to do, never Slack's raw text."""
    slack.script["chat.postMessage"] = [error(code)]
    with pytest.raises(ChatError) as caught:
        delivery.post("C1", WORDS)
    assert (caught.value.said, caught.value.retriable) == (said, False)


@pytest.mark.parametrize(
    "reply", [Reply(drop=True), Reply(500, b"<html>"), Reply(200, b"<html>"), Reply(200, b"[]"), error("fatal_error")]
)
def test_a_post_that_may_have_arrived_is_not_sent_again(slack: FakeSlack, delivery: Delivery, reply: Reply) -> None:
    """Slack has no key against doubles: after an answer that was lost only silence is safe."""
    slack.script["chat.postMessage"] = [reply]
    with pytest.raises(ChatError) as caught:
        delivery.post("C1", WORDS)
    assert caught.value.code in {"timeout", "internal_error", "fatal_error"}
    assert not caught.value.retriable
    assert len(slack.calls) == 1


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(503, b""), error("internal_error")])
def test_what_can_be_repeated_is_tried_once_more(slack: FakeSlack, delivery: Delivery, reply: Reply) -> None:
    """Reads and uploads survive one lost answer, and no second one."""
    slack.script["users.info"] = [reply]
    assert delivery.zone("U1") == "Europe/Berlin"
    slack.script["upload"] = [reply, reply]
    with pytest.raises(ChatError):
        delivery.upload(b"x", "a.png", "a", "a")


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [({"Retry_After": "7"}, 7), ({}, 1), ({"Retry_After": "0"}, 1), ({"Retry_After": "abc"}, 1), ({"Retry_After": "-5"}, 1)],
)
def test_a_429_is_honoured(slack: FakeSlack, delivery: Delivery, headers: dict[str, str], pause_s: float) -> None:
    """The same post goes out again, not a moment before Slack's time, whatever the header looks like."""
    slack.script["chat.postMessage"] = [slow_down(**headers)]
    assert delivery.post("C1", WORDS).ts == "1.000001"
    first, second = slack.calls
    assert second.at - first.at == pytest.approx(pause_s)


def test_a_long_429_is_not_waited_for(slack: FakeSlack, delivery: Delivery) -> None:
    """Who would have to wait too long is told so at once, and may try again later."""
    slack.script["chat.postMessage"] = [slow_down(Retry_After="3600")]
    with pytest.raises(ChatError, match="slow down") as caught:
        delivery.post("C1", WORDS)
    assert (caught.value.code, caught.value.retriable, len(slack.calls)) == ("ratelimited", True, 1)


def test_calls_are_counted(slack: FakeSlack) -> None:
    """Every call is heard of with its method and outcome, each 429 too."""
    heard: list[tuple[str, str]] = []
    settings = Slack(bot_token="xoxb-test", api_url=slack.url, home_channel="C1")
    delivery = Delivery(
        settings, now=slack.clock.now, sleep=slack.clock.sleep, on_call=lambda method, outcome, _: heard.append((method, outcome))
    )
    slack.script["chat.postMessage"] = [slow_down()]
    delivery.post("C1", WORDS)
    assert heard == [("chat.postMessage", "ratelimited"), ("chat.postMessage", "ok")]


def test_a_slack_that_is_away_is_unreachable() -> None:
    """Nothing was sent, so trying again can do no harm; one try more is made at once."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    heard: list[str] = []
    settings = Slack(bot_token="xoxb-test", api_url=f"http://127.0.0.1:{port}/api/", home_channel="C1")
    delivery = Delivery(settings, sleep=lambda _: None, on_call=lambda _, outcome, __: heard.append(outcome))
    with pytest.raises(ChatError) as caught:
        delivery.post("C1", WORDS)
    assert (caught.value.code, caught.value.retriable, heard) == ("unreachable", True, ["unreachable"] * 2)


def test_an_edit_replaces_the_message(slack: FakeSlack, delivery: Delivery) -> None:
    """The same message is changed in place; without its picture where that is not ready."""
    slack.script["chat.update"] = [NOT_READY] * 4
    delivery.update("C1", "1.5", PICTURE, without_picture=WORDS)
    fields = slack.calls[-1].fields
    assert (fields["channel"], fields["ts"], fields["text"]) == ("C1", "1.5", "in words")


def test_an_edit_that_was_lost_may_be_repeated(slack: FakeSlack, delivery: Delivery) -> None:
    """Setting the same message twice does no harm."""
    slack.script["chat.update"] = [Reply(drop=True)]
    with pytest.raises(ChatError) as caught:
        delivery.update("C1", "1.5", WORDS)
    assert caught.value.retriable


def test_an_ephemeral_message_is_for_one_person(slack: FakeSlack, delivery: Delivery) -> None:
    """Only the asker sees it, in the thread where they asked."""
    delivery.ephemeral("C1", "U1", WORDS, "1.5")
    fields = slack.made("chat.postEphemeral")[0].fields
    assert (fields["channel"], fields["user"], fields["thread_ts"], fields["text"]) == ("C1", "U1", "1.5", "in words")


@pytest.mark.parametrize("replace", [True, False])
def test_a_private_line_answers_the_command(slack: FakeSlack, delivery: Delivery, replace: bool) -> None:
    """A line goes to its response URL, and replaces the one before if asked to."""
    delivery.respond(f"{slack.url}commands", "Checking …", replace=replace)
    assert slack.calls[0].fields == {"response_type": "ephemeral", "replace_original": replace, "text": "Checking …"}


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(404, b"no_service"), "expired_url"),
        (Reply(200, {"ok": False, "error": "used_url"}), "used_url"),
        (Reply(500, b"oops!"), "internal_error"),
        (Reply(302, b"", {"Location": "http://127.0.0.1:1/x"}), "internal_error"),
        (Reply(drop=True), "timeout"),
    ],
)
def test_a_private_line_that_is_refused_says_why(slack: FakeSlack, delivery: Delivery, reply: Reply, code: str) -> None:
    """No redirect is followed, no line is said twice, no foreign error gets out."""
    slack.script["commands"] = [reply]
    with pytest.raises(ChatError) as caught:
        delivery.respond(f"{slack.url}commands", "hello")
    assert (caught.value.code, caught.value.retriable, len(slack.calls)) == (code, False, 1)


def test_a_call_follows_no_redirect(slack: FakeSlack, delivery: Delivery) -> None:
    """The token goes to the address that was set, and nowhere else."""
    slack.script["chat.postMessage"] = [Reply(307, b"", {"Location": f"{slack.url}elsewhere"})]
    with pytest.raises(ChatError) as caught:
        delivery.post("C1", WORDS)
    assert (caught.value.code, slack.made("elsewhere")) == ("internal_error", [])


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/x",
        "https://hooks.slack.com.evil.example/x",
        "https://hooks.slack.com@evil.example/x",
        "https://hooks.slack.com:8443/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://[",
        "",
    ],
)
def test_a_forged_response_url_is_not_called(slack: FakeSlack, delivery: Delivery, url: str) -> None:
    """No payload aims the bot at another host."""
    with pytest.raises(ChatError) as caught:
        delivery.respond(url, "hello")
    assert (caught.value.code, slack.calls) == ("untrusted_url", [])


def test_loopback_is_trusted_only_from_a_local_slack() -> None:
    """In production no response URL reaches this machine's own services."""
    delivery = Delivery(Slack(bot_token="xoxb-test", home_channel="C1"))
    with pytest.raises(ChatError) as caught:
        delivery.respond("http://127.0.0.1:1/x", "hello")
    assert caught.value.code == "untrusted_url"


def test_a_file_is_shared_into_its_thread(slack: FakeSlack, delivery: Delivery) -> None:
    """The CSV lands in the answer's thread, and its address comes back."""
    assert delivery.share("C1", "1.5", b"a,b\r\n", "checkout.csv", "Checkout as CSV") == "https://slack.example/f"
    fields = slack.made("files.completeUploadExternal")[0].fields
    assert (fields["channel_id"], fields["thread_ts"]) == ("C1", "1.5")


def test_sharing_is_not_repeated(slack: FakeSlack, delivery: Delivery) -> None:
    """A shared file is a message too: after an answer that was lost it is not shared again."""
    slack.script["files.completeUploadExternal"] = [Reply(drop=True)]
    with pytest.raises(ChatError):
        delivery.share("C1", "1.5", b"a", "a.csv", "a")
    assert len(slack.made("files.completeUploadExternal")) == 1


def test_messages_have_addresses(delivery: Delivery) -> None:
    """A private line can link to the answer elsewhere."""
    assert delivery.permalink("C1", "1.5") == "https://slack.example/p1"


def test_no_token_or_body_is_logged(slack: FakeSlack, delivery: Delivery, caplog: pytest.LogCaptureFixture) -> None:
    """Not even at DEBUG does the SDK write what was said, or with which token."""
    caplog.set_level("DEBUG")
    slack.script["chat.postMessage"] = [Reply(200, b"<html>secret"), Reply(drop=True)]
    for _ in range(2):
        with pytest.raises(ChatError):
            delivery.post("C1", WORDS)
    assert caplog.records == []


def test_what_was_posted_with_a_key_is_found_by_it(slack: FakeSlack, delivery: Delivery) -> None:
    """Whether a post arrived can be asked; others' messages, other keys and what is older are not it."""
    delivery.post("C1", WORDS, key="k0")
    slack.second = 50
    delivery.post("C2", WORDS, key="k1")
    delivery.post("C1", WORDS, key="k1")
    delivery.post("C1", WORDS, key="k2")
    delivery.post("C1", WORDS)
    delivery.post("C1", WORDS, key="k1")
    assert delivery.find("C1", "k1", 40.0) == ("50.000003", "50.000006")
    assert delivery.find("C1", "k0", 40.0) == ()
    metadata = slack.made("chat.postMessage")[0].fields["metadata"]
    assert metadata == {"event_type": "paybot_alert", "event_payload": {"key": "k0"}}


def test_an_edit_keeps_the_key(slack: FakeSlack, delivery: Delivery) -> None:
    """What was edited since is found all the same; blocks that an edit does not name go."""
    posted = delivery.post("C1", PICTURE, key="k1")
    delivery.update("C1", posted.ts, WORDS)
    assert delivery.find("C1", "k1", 0.0) == (posted.ts,)
    assert slack.messages[0].blocks == []


def test_replies_are_found_in_their_thread(slack: FakeSlack, delivery: Delivery) -> None:
    """A note is looked for where it was meant to go, through all its pages."""
    slack.page = 2
    root = delivery.post("C1", WORDS, key="root").ts
    for key in ("n1", "n2", "n3"):
        delivery.post("C1", WORDS, root, key=key)
    assert delivery.find("C1", "n3", 0.0, root) == ("1.000004",)
    assert delivery.find("C1", "n3", 0.0) == ()


def test_a_look_up_turns_the_pages(slack: FakeSlack, delivery: Delivery) -> None:
    """A busy channel hides nothing."""
    slack.page = 2
    delivery.post("C1", WORDS, key="k1")
    for _ in range(4):
        delivery.post("C1", WORDS)
    assert delivery.find("C1", "k1", 0.0) == ("1.000001",)
    assert len(slack.made("conversations.history")) == 3


def test_a_look_up_that_cannot_see_all_says_so(slack: FakeSlack, delivery: Delivery) -> None:
    """Nothing found is certain, or it is an error: too many messages, a missing scope, an answer of another shape."""
    slack.page = 1
    for _ in range(7):
        delivery.post("C1", WORDS)
    with pytest.raises(ChatError) as caught:
        delivery.find("C1", "k1", 0.0)
    assert caught.value.code == "search_too_long"
    for reply, code in ((error("missing_scope"), "missing_scope"), (Reply(body={"ok": True}), "internal_error")):
        slack.script["conversations.history"] = [reply]
        with pytest.raises(ChatError) as caught:
            delivery.find("C1", "k1", 0.0)
        assert caught.value.code == code


def test_a_message_can_be_removed_once_and_again(slack: FakeSlack, delivery: Delivery) -> None:
    """What is gone already is no fault; what is not the bot's is one."""
    posted = delivery.post("C1", WORDS)
    delivery.delete("C1", posted.ts)
    delivery.delete("C1", posted.ts)
    assert slack.messages == []
    slack.script["chat.delete"] = [error("cant_delete_message")]
    with pytest.raises(ChatError, match="only its own"):
        delivery.delete("C1", posted.ts)


def test_who_is_in_a_hurry_hears_at_once_how_long_it_takes(slack: FakeSlack, delivery: Delivery) -> None:
    """A full or silenced lane costs an alert no time: it comes back with the seconds to wait."""
    start = slack.clock.at
    for _ in range(3):
        delivery.post("C1", WORDS, patience_s=0.0)
    with pytest.raises(TooSoon) as caught:
        delivery.post("C1", WORDS, patience_s=0.0)
    assert caught.value.after_s == pytest.approx(1.0)
    slack.script["chat.update"] = [slow_down(Retry_After="7")]
    with pytest.raises(TooSoon) as caught:
        delivery.update("C1", "1.5", WORDS, patience_s=0.0)
    assert after_s(caught.value) == pytest.approx(7.0)
    assert slack.clock.at == start


def test_who_is_in_a_hurry_waits_for_no_picture(slack: FakeSlack, delivery: Delivery) -> None:
    """An alert goes out in words at once where its picture cannot be shown yet."""
    slack.script["chat.postMessage"] = [NOT_READY]
    start = slack.clock.at
    assert not delivery.post("C1", PICTURE, without_picture=WORDS, patience_s=1.0).pictured
    assert slack.clock.at == start

"""Requests that Slack did not send, over raw sockets: refused with a 4xx, and nothing of them reaches the log."""

from __future__ import annotations

import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from bot.slack.guard import signed
from tests.promises.people import People
from tests.promises.serving import Bot
from tests.stage import SECRET

REQUESTS = 2_000
CARD = "4242424242424242"


def request(body: bytes, timestamp: bytes, signature: bytes) -> bytes:
    lines = (
        b"POST /slack/events HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Connection: close",
        b"Content-Type: application/x-www-form-urlencoded",
        b"X-Slack-Request-Timestamp: " + timestamp,
        b"X-Slack-Signature: " + signature,
        b"Content-Length: " + str(len(body)).encode(),
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def forged(body: bytes, chance: random.Random) -> bytes:  # noqa: PLR0911 - one line for each way to be wrong
    """A request that is almost one of Slack's: wrong in one way, or garbled anywhere."""
    now = str(int(time.time()))
    good = signed(body, now, SECRET.encode())
    match chance.randrange(8):
        case 0:
            return request(body, now.encode(), signed(body, now, b"another secret"))
        case 1:
            old = str(int(time.time()) - 301)
            return request(body, old.encode(), signed(body, old, SECRET.encode()))
        case 2:
            return request(body + b"&x=1", now.encode(), good)
        case 3:
            return request(body, chance.choice((b"abc", b"", b"-1", b"1e9", b"9" * 40, b"\xb2")), good)
        case 4:
            return request(
                body, now.encode(), chance.choice((b"", b"v0=", b"v1=" + good[3:], good.upper(), b"v0=\xe9" + good[4:]))
            )
        case 5:
            return request(b"\xff\xfe" + body, now.encode(), good)
        case 6:
            return request(body, now.encode(), good[:-1] + (b"0" if good[-1:] != b"0" else b"1"))
        case _:
            whole = bytearray(request(body, now.encode(), b"v0=" + b"0" * 64))
            for _ in range(chance.randrange(1, 20)):
                whole[chance.randrange(len(whole))] = chance.randrange(256)
            return bytes(whole)


def status(port: int, raw: bytes) -> int:
    """The status of the answer to these bytes; 0 where the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        try:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(64)
        except ConnectionError:
            return 0
    return int(answer.split()[1]) if answer else 0


def test_forged_requests_are_refused_in_silence(bot: Bot, people: People) -> None:
    """None of two thousand is taken, none is answered with a 5xx, and no card number of theirs is in the log."""
    chance = random.Random(11)
    body = people.command(f"checkout 1h {CARD}")
    raws = [forged(body, chance) for _ in range(REQUESTS)]
    with ThreadPoolExecutor(4) as senders:
        statuses = list(senders.map(lambda raw: status(bot.port, raw), raws))
    assert {code for code in statuses if code and not 400 <= code < 500} == set()
    assert statuses.count(0) < REQUESTS // 10  # garbled beyond an answer
    assert CARD not in bot.log()
    assert people.answers() == []


def test_what_slack_sent_is_taken_once(bot: Bot, people: People) -> None:
    """The same bytes a second time are refused, and the answer stands once."""
    body, now = people.command("checkout 1h"), str(int(time.time()))
    raw = request(body, now.encode(), signed(body, now, SECRET.encode()))
    assert [status(bot.port, raw), status(bot.port, raw)] == [200, 401]

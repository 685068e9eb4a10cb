"""The whole sandbox with the real bot: what a newcomer gets, checked against the company's ground truth."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.company import Company
from sandbox.workspace.cast import BOT, DANA, HOME, INCIDENT, RANDOM, SAM
from tests.sandbox.stub_bot import HTTP, plain

Json = dict[str, Any]
START = datetime(2026, 11, 22, 14, 0, 30, tzinfo=UTC)
PATIENCE_S = 20.0  # of a cold start of the renderers on a busy machine


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    started = Company(start_at=START, speed=0.001, latency_ms=0)
    started.start()
    yield started
    started.stop()


def do(company: Company, path: str, **body: Any) -> Json:
    told: Json = HTTP.request("POST", f"{company.url}/sandbox/{path}", json=body).json()
    return told


def seen(company: Company, channel: str = HOME.id, user: str = DANA.id) -> list[Json]:
    """What the bot has said in the channel, as far as the person sees it, newest last."""
    state = HTTP.request("GET", f"{company.url}/sandbox/state?user={user}").json()
    return [said for said in state["messages"] if said["channel"] == channel and said["user"] == BOT.id]


def awaited(company: Company, wanted: Callable[[Json], bool], channel: str = HOME.id) -> Json:
    """The first message of the bot in the channel that is wanted."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        for said in seen(company, channel):
            if wanted(said):
                return said
        time.sleep(0.05)
    raise AssertionError([plain(said) for said in seen(company, channel)])


def ask(company: Company, text: str, channel: str = HOME.id) -> set[str]:
    """Types a command; gives what stood there before."""
    before = {said["ts"] for said in seen(company, channel)}
    assert do(company, "say", user=DANA.id, channel=channel, text=text)["ok"]
    return before


def answered(company: Company, text: str, channel: str = HOME.id) -> Json:
    """Types a command and waits for its answer in the channel."""
    before = ask(company, text, channel)
    return awaited(company, lambda said: bool(said["blocks"]) and said["ts"] not in before, channel)


def part(message: Json, kind: str) -> Json:
    return next(block for block in message["blocks"] if block["type"] == kind)


def cells(message: Json) -> list[list[str]]:
    """The rows of the message's table, without their headings."""
    return [[str(cell.get("text", "")) for cell in row] for row in part(message, "table")["rows"][1:]]


def test_a_newcomers_first_question_is_answered(company: Company) -> None:
    """A private line at once, then one message with headline, picture, table and buttons, whose numbers are the company's own."""
    answer = answered(company, "/pay checkout 6h")
    private = [said for said in seen(company) if said["private_to"] == DANA.id]
    picture = HTTP.request("GET", company.url + part(answer, "image")["path"])
    end = START.replace(second=0)
    truth = company.world.truth.failures(end - timedelta(days=1), end)
    assert "Checking checkout" in plain(private[0])
    assert picture.data.startswith(b"\x89PNG")
    assert {row[0]: int(row[1].replace(",", "")) for row in cells(answer)} == dict(truth.most_common(10))
    assert "breach" in plain(answer)


def test_an_answers_links_stay_in_the_sandbox(company: Company) -> None:
    """Datadog and Kibana are pages of this server that say what would open there."""
    blocks = json.dumps(answered(company, "/pay checkout 4h")["blocks"])
    links = re.findall(rf'"{company.url}(/[^"?#]+)[?#]', blocks)
    assert links == ["/datadog/metric/explorer", "/kibana/app/discover"]
    assert [HTTP.request("GET", company.url + link).status for link in links] == [200, 200]


def test_a_press_edits_the_answer_in_place(company: Company) -> None:
    """ "vs last week" changes the message that holds the button, and adds none."""
    answer = answered(company, "/pay checkout 3h")
    buttons = part(answer, "actions")
    where = {"channel": HOME.id, "ts": answer["ts"], "block_id": buttons["block_id"]}
    assert do(company, "press", user=SAM.id, action_id="answer.compare", **where)["ok"]
    edited = awaited(company, lambda said: said["ts"] == answer["ts"] and said["edited"])
    assert "Without comparison" in str(part(edited, "actions"))


def test_one_dead_source_is_a_gap(company: Company) -> None:
    """With Elasticsearch down the rest of the answer is there, and what is missing is named."""
    do(company, "faults/elastic", kind="down")
    answer = answered(company, "/pay checkout 5h")
    do(company, "faults/elastic", kind="ok")
    assert part(answer, "image")["path"]
    assert "missing here: failure reasons" in str(answer["blocks"])


def test_a_mention_is_answered_in_its_thread(company: Company) -> None:
    """Where slash commands do not work a mention does."""
    asked = do(company, "say", user=DANA.id, channel=INCIDENT.id, text="@paybot checkout 1h")
    answer = awaited(company, lambda said: bool(said["blocks"]), INCIDENT.id)
    assert answer["thread_ts"] == asked["ts"]


def test_where_the_bot_is_no_member_the_asker_gets_a_link(company: Company) -> None:
    """The answer stands in the home channel; a private line says so where it was asked."""
    ask(company, "/pay checkout 2h", RANDOM.id)
    line = awaited(company, lambda said: any(span["kind"] == "link" for span in said["text"]), RANDOM.id)
    assert (line["private_to"], "not in this channel" in plain(line)) == (DANA.id, True)


def test_bad_input_is_told_to_the_asker_alone(company: Company) -> None:
    """An unknown section gets the nearest one, in the ack."""
    before = ask(company, "/pay chekout")
    line = awaited(company, lambda said: said["ts"] not in before)
    assert (line["private_to"], "Did you mean checkout?" in plain(line)) == (DANA.id, True)


def test_hostile_words_are_inert(company: Company) -> None:
    """What comes back of a hostile command notifies nobody and leads nowhere."""
    before = ask(company, "/pay <!channel> <https://evil.example|x>")
    line = awaited(company, lambda said: said["ts"] not in before)
    assert {span["kind"] for span in line["text"]} == {"text"}


def test_a_scenario_shows_in_the_answer(company: Company) -> None:
    """An outage that was started is a breach an hour later; its alert may come before the answer."""
    do(company, "scenarios/issuer-outage", on=True)
    do(company, "clock", jump_s=3600)
    before = ask(company, "/pay checkout 45m")
    awaited(company, lambda said: said["ts"] not in before and "below the 97\u00a0% target" in plain(said))
    do(company, "scenarios/issuer-outage", on=False)


def test_foreign_names_do_not_lead_here(company: Company) -> None:
    """A page that points its own name at this machine gets nothing."""
    assert HTTP.request("GET", f"{company.url}/sandbox/state", headers={"Host": "evil.example"}).status == 400


def sandbox(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)


def test_the_command_says_when_it_is_ready_and_stops_cleanly() -> None:
    """One line with the URL; after SIGTERM exit code 0 within seconds and nothing on stderr. Headless there is no page."""
    with sandbox("--port", "0", "--headless", "--start", "2026-11-22T14:00") as process:
        assert process.stdout
        url = process.stdout.readline().removeprefix("ready: ").strip()
        assert HTTP.request("GET", url).status == 404
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def test_a_taken_port_is_told_in_one_line() -> None:
    """Exit code 2, naming the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken, sandbox("--port", str(taken.getsockname()[1])) as process:
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors.count("\n"), "--port" in errors) == (2, 1, True)


@pytest.mark.parametrize(
    "words",
    [
        ["--port", "99999"],
        ["--speed", "fast"],
        ["--start", "noon"],
        ["--scenario", "flood"],
        ["--prot", "1"],
        ["--replicas", "3"],
    ],
)
def test_a_wrong_word_is_told_in_one_line(words: list[str]) -> None:
    """Exit code 2, naming what was wrong."""
    done = subprocess.run([sys.executable, "-m", "sandbox", *words], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr.count("\n"), words[0] in done.stderr) == (2, 1, True)

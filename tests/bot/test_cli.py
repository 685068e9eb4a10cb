"""The command line as real processes: exit codes, one line for each fault, a port that opens early, a clean stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

SLACK = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "PAYBOT_HOME_CHANNEL": "C0123ABCD"}
NOBODY = {**SLACK, "SLACK_API_URL": "http://127.0.0.1:1/api/"}  # nothing listens there
OURS = ("PAYBOT_", "SLACK_", "DD_", "DATADOG_", "ELASTICSEARCH_", "KIBANA_", "PAGERDUTY_", "OPSGENIE_", "DATABASE_URL")


def environment(settings: dict[str, str]) -> dict[str, str]:
    """This process's environment without settings of its own, and these."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | settings


def paybot(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(command, cwd=folder, env=environment(settings), check=False, capture_output=True, text=True, timeout=50)


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A running `paybot serve` and its port; killed afterwards if it still runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = environment({**settings, "PAYBOT_BIND": f"127.0.0.1:{port}"})
    command = [sys.executable, "-m", "bot", "serve"]
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, port
        finally:
            process.kill()


def status(port: int, path: str, wanted: int, within_s: float = 40) -> int:
    """The status at this path, asked until it is the one wanted or the time is over."""
    end = time.monotonic() + within_s
    while True:
        found = status_now(port, path)
        if found == wanted or time.monotonic() > end:
            return found
        time.sleep(0.02)


def status_now(port: int, path: str) -> int:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0


@pytest.mark.parametrize("words", [(), ("serve",), ("check",), ("ask",), ("rules",), ("rules", "list"), ("manifest",)])
def test_help_says_what_a_command_does_and_its_exit_codes(tmp_path: Path, words: tuple[str, ...]) -> None:
    """From any folder, with nothing set."""
    done = paybot(tmp_path, *words, "--help")
    assert done.returncode == 0
    assert "exit codes: 0 done, 1 a finding, 2 a usage or settings error" in " ".join(done.stdout.split())


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    """One line that a report of a fault can quote."""
    assert paybot(tmp_path, "--version").stdout.startswith("paybot 0.")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("sevre",),
        ("ask",),
        ("check", "--conect"),
        ("rules",),
        ("rules", "lst"),
        ("manifest", "--url", "http://x.example.com"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Exit 2, nothing on stdout."""
    done = paybot(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_wrong_settings_stop_every_command_with_all_faults(tmp_path: Path) -> None:
    """One line each, by name, exit 2, and no port is opened."""
    for words in (("serve",), ("ask", "checkout 6h")):
        done = paybot(tmp_path, *words, **SLACK, DD_SITE="datadog.eu", PAYBOT_BIND="3000")
        assert done.returncode == 2
        assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["PAYBOT_BIND", "DD_SITE"]


def test_check_lists_faults_and_fails(tmp_path: Path) -> None:
    """The list is what was asked for, so it stands on stdout."""
    done = paybot(tmp_path, "check", DD_SITE="datadog.eu", **SLACK)
    assert (done.returncode, done.stdout.split(":")[0]) == (1, "DD_SITE")
    assert paybot(tmp_path, "check", **SLACK).returncode == 0


def test_rules_are_listed_as_the_file_changes_them(tmp_path: Path) -> None:
    """One line each under a head, those that are switched off too."""
    (tmp_path / "paybot.toml").write_text(
        "[rules.webhook-lag]\nabove = 300\n[rules.window-expired]\nenabled = false", encoding="utf-8"
    )
    done = paybot(tmp_path, "rules", "list")
    head, *lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert head.split() == ["name", "fires", "when", "for", "severity", "routes", "owner", "source", "enabled"]
    assert [line.split()[0] for line in lines][:2] == ["checkout-success-rate", "webhook-lag"]
    assert "lag > 300 s" in lines[1]
    assert {line.split()[0]: line.split()[-1] for line in lines}["window-expired"] == "no"


def test_wrong_rules_stop_the_start_with_their_lines(tmp_path: Path) -> None:
    """Nothing is judged by rules that are half understood."""
    (tmp_path / "paybot.toml").write_text('[rules.webhook-lag]\nfor = "soon"\nroutes = ["pager"]', encoding="utf-8")
    for words in (("serve",), ("rules", "list")):
        done = paybot(tmp_path, *words, **SLACK)
        assert (done.returncode, done.stdout) == (2, "")
        assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["paybot.toml:2", "paybot.toml:3"]


def test_check_connect_shows_who_did_not_answer(tmp_path: Path) -> None:
    """A table with every part; exit 1 when one that is set cannot be reached."""
    done = paybot(tmp_path, "check", "--connect", **NOBODY, ELASTICSEARCH_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    states = {" ".join(line.split()[:2]) for line in done.stdout.splitlines()}
    assert {"Elasticsearch fault", "Slack fault", "Datadog not"} <= states


def test_an_ask_that_nobody_can_answer_fails_and_says_why(tmp_path: Path) -> None:
    """With no source configured each is named as missing, and programs can read it."""
    done = paybot(tmp_path, "ask", "checkout 6h", "--json")
    gaps = json.loads(done.stdout)["gaps"]
    assert done.returncode == 1
    assert {gap["said"] for gap in gaps} == {"is not configured"}


def test_a_wrong_question_is_answered_with_its_sentence(tmp_path: Path) -> None:
    """As in Slack: with the nearest right form."""
    done = paybot(tmp_path, "ask", "chekout 6h")
    assert (done.returncode, done.stdout) == (2, "")
    assert "checkout" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_manifest_is_written_checked_and_printed(tmp_path: Path) -> None:
    """Written fresh, stale once changed, on stdout with -."""
    url = ("--url", "https://paybot.example.com")
    assert paybot(tmp_path, "manifest", *url).returncode == 0
    assert paybot(tmp_path, "manifest", "--check").returncode == 0
    assert paybot(tmp_path, "manifest", "--check", "--url", "https://other.example.com").returncode == 1
    assert paybot(tmp_path, "manifest", *url, "--out", "-").stdout == (tmp_path / "manifest.yml").read_text(encoding="utf-8")
    assert paybot(tmp_path, "manifest", "--check", "--out", "absent.yml").returncode == 2


def test_serve_is_healthy_then_ready_and_stops_when_told(tmp_path: Path) -> None:
    """The port answers while the bot still loads; SIGTERM ends it cleanly within 10 s, with Slack away all the while."""
    with serving(tmp_path, **NOBODY) as (process, port):
        assert status(port, "/healthz", 200) == 200
        assert status(port, "/metrics", 200) == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr
        said = process.stderr.read().splitlines()
    lines = [json.loads(line)["message"] for line in said if line.startswith("{")]
    strays = [line for line in said if not line.startswith("{")]
    assert not strays or any("spawn_main" in line for line in strays)  # only a drawing child that is ended half started
    assert [line for line in lines if line in {"ready", "stopping"}] == ["ready", "stopping"]


def test_a_port_in_use_is_told_by_the_settings_name(tmp_path: Path) -> None:
    """Not as a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = paybot(tmp_path, "serve", **NOBODY, PAYBOT_BIND=f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 2
    assert done.stderr.startswith("PAYBOT_BIND: cannot listen on 127.0.0.1:")
    assert len(done.stderr.splitlines()) == 1

"""Alerts in real processes: the store's one owner, a drill through every hop, and readiness."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.promises.serving import Bot, until
from tests.stage import Stage, environment, free_port


def paybot(env: dict[str, str], folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(command, env={**os.environ, **env}, cwd=folder, capture_output=True, text=True, timeout=40, check=False)


def test_a_second_process_on_one_file_is_refused(stage: Stage, tmp_path: Path) -> None:
    """With one line that names the file and the other process; the first goes on."""
    from tests.promises.serving import served

    env = environment(stage.url)
    with served(stage.bot_port, env, tmp_path) as first:
        other = paybot({**env, "PAYBOT_BIND": f"127.0.0.1:{free_port()}"}, tmp_path, "serve")
        assert first.ready()
    assert other.returncode == 2
    (said,) = [line for line in other.stderr.splitlines() if line.startswith("DATABASE_URL")]
    assert f"process {first.process.pid}" in said


def test_the_store_is_a_part_of_being_ready(bot: Bot) -> None:
    """Nothing is judged or sent before it is open."""
    until(bot.ready, 10)
    assert "store" in bot.get("/readyz").text


def test_a_drill_goes_through_every_hop_and_closes_itself(stage: Stage, tmp_path: Path) -> None:
    """Marked as one everywhere, timed hop by hop."""
    done = paybot(environment(stage.url), tmp_path, "rules", "drill", "checkout-success-rate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" ms") == 5
    (incident,) = stage.incidents.all()
    assert incident.state == "resolved"
    assert "DRILL" in incident.title


def test_a_forged_webhook_changes_nothing(bot: Bot) -> None:
    """401, and never a 5xx."""
    until(bot.ready, 10)
    reply = bot._request("POST", "/webhooks/pagerduty", b"{}", {"X-PagerDuty-Signature": "v1=" + "0" * 64})
    assert reply.status == 401

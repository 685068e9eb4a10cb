"""Backing up and restoring, as docs/database.md says it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.store import alerts, audit, outbox
from bot.store.database import Database
from tests.store.values import NOW, an_episode, an_intent

PAGE = (Path(__file__).parents[2] / "docs/database.md").read_text(encoding="utf-8")


def command(heading: str) -> str:
    """What the page's section of that name tells the operator to run."""
    found = re.search(rf"^## {heading}$.*?^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def run(heading: str, folder: Path) -> str:
    root = Path(__file__).parents[2]
    env = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(root)}
    return subprocess.run(
        ["bash", "-ec", command(heading)], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def database(tmp_path: Path, opened: Callable[[str], Database]) -> Database:
    return opened(f"sqlite:///{tmp_path}/paybot.db")


def act(database: Database, number: int) -> None:
    with database.begin() as conn:
        alerts.add_episode(conn, an_episode(f"e{number}", number=number))
        outbox.add(conn, [an_intent(f"e{number}")])
        audit.note(conn, who="U1", what="snooze", episode=f"e{number}", outcome="done", why="", now=NOW)


def test_a_backup_of_a_running_store_is_complete(database: Database, tmp_path: Path, opened: Callable[[str], Database]) -> None:
    """Everything up to that moment; what came later is gone after a restore, and nothing else."""
    act(database, 1)
    run("Back up", tmp_path)
    act(database, 2)
    database.close()
    run("Restore", tmp_path)
    restored = opened(f"sqlite:///{tmp_path}/paybot.db")
    with restored.begin() as conn:
        assert alerts.open_episodes(conn) == (an_episode("e1", number=1),)
        assert [each.status for each in outbox.undone(conn, "e1", "slack")] == ["unknown"]  # it is looked for before it is sent
        assert audit.verify(conn) is None
    act(restored, 3)


def test_a_copy_is_set_aside_and_not_lost(database: Database, tmp_path: Path, opened: Callable[[str], Database]) -> None:
    """Whoever restored the wrong backup has the store from before."""
    run("Back up", tmp_path)
    act(database, 2)
    database.close()
    run("Restore", tmp_path)
    with opened(f"sqlite:///{tmp_path}/set-aside/paybot.db").begin() as conn:
        assert [each.id for each in alerts.open_episodes(conn)] == ["e2"]


def test_a_backup_does_not_replace_another(database: Database, tmp_path: Path) -> None:
    """It would be gone before the new one is complete."""
    run("Back up", tmp_path)
    before = (tmp_path / "paybot-backup.db").read_bytes()
    act(database, 1)
    with pytest.raises(subprocess.CalledProcessError):
        run("Back up", tmp_path)
    assert (tmp_path / "paybot-backup.db").read_bytes() == before


def test_the_audit_is_looked_at_as_the_page_says(database: Database, tmp_path: Path) -> None:
    """It says what holds."""
    act(database, 1)
    database.close()
    assert run("Look whether the audit holds", tmp_path) == "the first row that does not hold: None\n"

"""What is counted where people and PagerDuty act."""

from __future__ import annotations

from pathlib import Path

from bot.alerts.actions import Actions, Press
from bot.app import Bot
from bot.config import Config
from bot.observe import Metrics
from bot.slack.server import Reply
from tests.alerts_actions.making import DANA, ID, NOW, a_scene, episode
from tests.bot.test_status import samples

TEAM = "T0SHOP"


def test_presses_are_counted_by_what_came_of_them(tmp_path: Path) -> None:
    """Done, done already, refused, and not possible while the store is away."""
    metrics = Metrics()
    with a_scene(tmp_path) as scene:
        scene.has(episode())
        actions = Actions(scene.database, scene.roles, lambda: None, lambda: NOW, pages=False, pressed=metrics.alerts.press)
        for _ in range(2):
            actions.press("acknowledge", Press(ID, 1, DANA, TEAM))
        scene.roles.refused[DANA] = "Only responders may do that."
        actions.press("snooze", Press(ID, 2, DANA, TEAM))
        scene.roles.refused.clear()
        scene.database.close()
        actions.press("acknowledge", Press(ID, 2, DANA, TEAM))
    found = samples(metrics.text())
    assert {name: value for name, value in found.items() if name.startswith("paybot_presses_total")} == {
        "paybot_presses_total acknowledge done": 1,
        "paybot_presses_total acknowledge nothing": 1,
        "paybot_presses_total snooze refused": 1,
        "paybot_presses_total acknowledge away": 1,
    }


def test_webhooks_are_counted_by_their_answer() -> None:
    """Forged ones too: they are what one looks for."""
    bot = Bot(Config(), {}, None, None, lambda: NOW)
    handle = bot._counted(lambda body, headers: Reply(202 if body else 401, (), b""))
    for body in (b"{}", b"", b""):
        handle(body, {})
    bot.stop()
    found = samples(bot.metrics.text())
    assert (found["paybot_webhooks_total 202"], found["paybot_webhooks_total 401"]) == (1, 2)

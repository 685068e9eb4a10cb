"""Settings files as the tests write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.alerts.rule import Rule
from bot.alerts.rulebook import rules
from bot.config import ConfigError, read


def rules_of(folder: Path, text: str) -> dict[str, Rule]:
    """The rules where the settings file says this, by name."""
    (folder / "paybot.toml").write_text(text, encoding="utf-8")
    return {rule.name: rule for rule in rules(read({}, folder))}


def faults_of(folder: Path, text: str) -> tuple[str, ...]:
    """What is wrong with this settings file."""
    (folder / "paybot.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read({}, folder)
    return raised.value.faults
